"""The report: one HTML page that holds the numbers of runs and their episodes, and loads nothing.

`finqa_gym.analysis` does the sums; here they become a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from finqa_gym.analysis import Prices, RunData, summarise
from finqa_gym.report.page import render_page
from finqa_gym.report.payload import make_payload
from finqa_gym.report.redact import Redaction

__all__ = ["MAX_EPISODES", "write_report"]

MAX_EPISODES = 20_000
"""Episodes that a page holds unless told otherwise."""


def write_report(
    runs: Sequence[RunData],
    path: str | Path,
    *,
    title: str | None = None,
    redact: bool = False,
    prices: Prices | None = None,
    baseline: str | None = None,
    max_episodes: int = MAX_EPISODES,
) -> Path:
    """Writes a page about ``runs`` that anybody can open: one file, no network.

    Args:
        runs: Recorded runs, side by side, as `finqa_gym.trajectories.open_run` returns them.
        path: The file to write.
        title: Heading; None names the runs.
        redact: Take out prompts, questions, answers, names of the corpus, of companies and tables,
            and all values; names of runs, policies and tools, question types and splits stay.
        prices: What tokens cost.
        baseline: What others are compared with: a run, policy or series; None is the first.
        max_episodes: Of more, so many can be opened in the page; the numbers are of all.

    Returns:
        The path.

    Raises:
        ValueError: There is no episode, or no such baseline.
        OSError: The file cannot be written.
    """
    if max_episodes < 1:
        raise ValueError(f"max_episodes is {max_episodes}; it must be at least 1")
    summary = summarise(runs, baseline=baseline, prices=prices)
    redaction = Redaction() if redact else None
    payload = make_payload(runs, summary, max_episodes=max_episodes, redaction=redaction)
    heading = title if title is not None else " · ".join(summary.run_names)
    page = render_page(summary, runs, payload, title=heading, redacted=redact)
    target = Path(path)
    target.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    return target
