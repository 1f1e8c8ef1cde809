"""Settings for all tests: hypothesis profiles, the shared data folder, and what was skipped for its
absence.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parent
REPOSITORY = TESTS.parent
NO_SHARED = "no shared data"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Shells start background jobs so (`make test &`), and tests press Ctrl-C. Children inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

if str(TESTS) not in sys.path:
    # `reference` is a package of the tests, not of finqa_gym.
    sys.path.insert(0, str(TESTS))

try:
    from hypothesis import HealthCheck, settings
except ImportError:  # the tests that need it skip themselves
    pass
else:
    # derandomize: the same examples everywhere, so a red run is red for everybody; no database, for
    # the same reason.
    _COMMON: dict[str, Any] = {
        "deadline": None,
        "database": None,
        "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    }
    settings.register_profile("ci", max_examples=300, derandomize=True, **_COMMON)
    settings.register_profile("quick", max_examples=50, derandomize=True, **_COMMON)
    settings.register_profile("explore", max_examples=5000, derandomize=False, **_COMMON)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Objects of a JSONL file, blank lines passed over."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def find_shared() -> Path | None:
    """The shared data folder: ``$FINQA_SHARED`` or ``shared`` beside the repository."""
    named = os.environ.get("FINQA_SHARED")
    folder = Path(named) if named else REPOSITORY.parent / "shared"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The shared data folder; skips where there is none."""
    folder = find_shared()
    if folder is None:
        pytest.skip(
            f"{NO_SHARED}: $FINQA_SHARED is not set and no 'shared' lies beside the repository"
        )
    return folder


@pytest.fixture(scope="session")
def shared_answer_cases(shared_dir: Path) -> list[dict[str, Any]]:
    """The labelled answer cases of the shared data."""
    path = shared_dir / "answers" / "answer_cases.jsonl"
    if not path.is_file():
        pytest.skip(f"{NO_SHARED}: it has no answers/answer_cases.jsonl")
    return read_jsonl(path)


def catalogue(name: str) -> list[dict[str, Any]]:
    """A committed catalogue of cases of the core crate; skips where it is not there."""
    path = REPOSITORY / "crates" / "finqa-core" / "tests" / "data" / name
    if not path.is_file():
        pytest.skip(f"no catalogue {path.relative_to(REPOSITORY)}")
    return read_jsonl(path)


@pytest.fixture(scope="session")
def committed_answer_cases() -> list[dict[str, Any]]:
    """The project's own answer cases."""
    return catalogue("answer_cases.jsonl")


@pytest.fixture(scope="session")
def committed_action_cases() -> list[dict[str, Any]]:
    """The project's own action cases."""
    return catalogue("action_cases.jsonl")


@pytest.fixture(scope="session")
def finqa_gym() -> Any:
    """The package with its native module; skips where it is not built."""
    return pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the documentation examples of `finqa_gym.train` where its libraries are missing."""
    if importlib.util.find_spec("trl") is not None:
        return
    skip = pytest.mark.skip(reason="the extra train is not installed")
    for item in items:
        if isinstance(item, pytest.DoctestItem) and "finqa_gym.train." in item.name:
            item.add_marker(skip)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says how many tests were skipped because the shared data is absent: a skip must not look like
    a pass.
    """
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(NO_SHARED in str(report.longrepr) for report in skipped)
    where = find_shared()
    state = "found" if where is not None else "absent"
    terminalreporter.write_line(
        f"shared data {state}: {count} tests skipped for missing shared data"
    )
