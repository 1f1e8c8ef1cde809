"""Runs, pages and a browser for the tests of reports."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


# Not longer than a module: playwright keeps an event loop running, and other tests want their own.
@pytest.fixture(scope="module")
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
