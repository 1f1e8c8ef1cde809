"""Runs, pages and a browser for the tests of reports."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))  # shaped_runs and pages are modules of these tests

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """An installed Chromium, headless; FINQA_CHROMIUM names one that is not on the path."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    named = os.environ.get("FINQA_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        pytest.skip(
            "no Chromium is installed (apt-get install chromium), nor named by FINQA_CHROMIUM"
        )
    with api.sync_playwright() as playwright:
        # Containers run as root, where Chromium's sandbox cannot start.
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def played_runs(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """guess, recovery and gold on the same tasks, and a training from guess to gold."""
    from shaped_runs import played

    from small_corpus import small_corpus

    folder = tmp_path_factory.mktemp("runs")
    corpus = small_corpus()
    runs = [
        played(folder / name, corpus, name, num_envs=24, rounds=2)
        for name in ("guess", "recovery", "gold")
    ]
    course = ["guess"] * 4 + ["recovery"] * 3 + ["gold"] * 3
    trained = played(
        folder / "train", corpus, lambda at: course[at], num_envs=8, rounds=len(course)
    )  # type: ignore[arg-type,return-value]
    return [*runs, trained]
