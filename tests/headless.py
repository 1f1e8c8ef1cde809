"""A browser without a window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

__all__ = ["headless_chromium"]

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def headless_chromium() -> Iterator[Any]:
    """An installed Chromium; FINQA_CHROMIUM names one that is not on the path.

    For fixtures of a module, not of a session: playwright keeps an event loop running meanwhile,
    and other tests want their own.
    """
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
