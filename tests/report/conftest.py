"""Runs, pages and a browser for the tests of reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

from headless import headless_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with headless_chromium() as started:
        yield started


@pytest.fixture(scope="session")
def played_runs(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """guess, recovery and gold on the same tasks, and a training from guess to gold."""
    from finqa_gym.policies import PolicyName
    from report.shaped_runs import played
    from small_corpus import small_corpus

    names: list[PolicyName] = ["guess", "recovery", "gold"]
    folder = tmp_path_factory.mktemp("runs")
    corpus = small_corpus()
    runs = [played(folder / name, corpus, [name, name], num_envs=24) for name in names]
    course: list[PolicyName] = ["guess", "guess", "guess", "recovery", "recovery", "gold", "gold"]
    trained = played(folder / "train", corpus, course, num_envs=8)
    return [*runs, trained]
