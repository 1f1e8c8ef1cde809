"""Calls by tool, and their mistakes by tool and by code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from finqa_gym.analysis.runs import RunData
from finqa_gym.analysis.series import Series

__all__ = ["ToolTable", "count_tools"]

BLOCK = 1_000
UNREADABLE = "unreadable"
"""Stands for the tool of a call that could not be read."""


@dataclass(frozen=True)
class ToolTable:
    """Calls and mistakes of each series.

    Attributes:
        calls: tool -> calls of each series, most frequent tool first.
        errors: tool -> calls of each series that failed.
        codes: error code -> calls of each series that failed with it, most frequent first.
    """

    calls: dict[str, list[int]] = field(default_factory=dict)
    errors: dict[str, list[int]] = field(default_factory=dict)
    codes: dict[str, list[int]] = field(default_factory=dict)


def count_tools(runs: Sequence[RunData], series: Sequence[Series]) -> ToolTable:
    """Counts the calls of all episodes, reading them a block at a time."""
    calls: list[Counter[str]] = [Counter() for _ in series]
    errors: list[Counter[str]] = [Counter() for _ in series]
    codes: list[Counter[str]] = [Counter() for _ in series]
    for index, run in enumerate(runs):
        owners: list[list[int]] = [[] for _ in range(run.num_episodes)]
        for place, each in enumerate(series):
            if each.run == index:
                for row in each.rows.tolist():
                    owners[row].append(place)
        for start in range(0, run.num_episodes, BLOCK):
            for row, episode in enumerate(run.episodes(start, start + BLOCK), start):
                for call in episode["calls"]:
                    tool = call["tool"] or UNREADABLE
                    for place in owners[row]:
                        calls[place][tool] += 1
                        if call["error"]:
                            errors[place][tool] += 1
                            codes[place][call["error"]] += 1
    return ToolTable(_table(calls), _table(errors), _table(codes))


def _table(counters: Sequence[Counter[str]]) -> dict[str, list[int]]:
    total: Counter[str] = sum(counters, Counter())
    return {name: [int(c[name]) for c in counters] for name, _ in total.most_common()}
