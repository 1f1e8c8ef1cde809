"""What stands out, a sentence for each series."""

from __future__ import annotations

from dataclasses import dataclass

from finqa_gym.analysis import Summary
from finqa_gym.report import numbers

__all__ = ["Finding", "findings"]

WEAK = 0.9
"""A check with a mean below it is worth a word."""
FEW = 10
"""A check that applies to fewer episodes says little."""


@dataclass(frozen=True)
class Finding:
    """A sentence about a series.

    Attributes:
        series: Index of the series.
        parts: Plain text, and (kind, name) where a stable name stands.
    """

    series: int
    parts: list[str | tuple[str, str]]


def findings(summary: Summary) -> list[Finding]:
    """One finding for each series: how much is right, why it fails, what it does worst."""
    return [Finding(i, _about(summary, i)) for i in range(len(summary.series))]


def _about(summary: Summary, index: int) -> list[str | tuple[str, str]]:
    line = summary.headlines[index]
    if line.pass_at_1.n == 0:
        parts: list[str | tuple[str, str]] = ["no episode is graded"]
    else:
        parts = [f"{numbers.share(line.pass_at_1.value)} % right"]
    gap = summary.pass_differences[index]
    if gap is not None:
        said = f"{numbers.points(gap.estimate.value)} points to the baseline"
        parts.append(f", {said}" if gap.is_clear else f", no clear difference ({said})")
    failed = [(row.counts[index], row.name) for row in summary.failures if row.counts[index]]
    if failed:
        most, name = max(failed)
        parts += [
            "; fails mostly by ",
            ("failure", name),
            f" ({numbers.share(most / sum(n for n, _ in failed))} % of its failures)",
        ]
    told = [
        (row.values[index].value, -row.values[index].n, row.name)
        for row in summary.checks
        if row.values[index].n >= max(FEW, line.episodes / 20)
    ]
    weak = [entry for entry in told if entry[0] < WEAK]
    if weak:
        value, _, name = min(weak)
        parts += ["; weakest check ", ("check", name), f" ({numbers.share(value)} %)"]
    elif told:
        is_all = len(told) == sum(row.values[index].n > 0 for row in summary.checks)
        which = "check" if is_all else "check that applies often enough"
        parts.append(f"; every {which} above 90 %")
    parts.append(".")
    return parts
