"""The summary as rich tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from finqa_gym.analysis import CountRow, Estimate, Row, Summary
from finqa_gym.report import numbers

__all__ = ["show_summary"]

HUES = ("blue", "dark_orange", "cyan", "medium_purple", "magenta", "yellow", "grey62", "tan")
BAR = 10


def hue(series: int) -> str:
    """Colour of a series."""
    return HUES[series % len(HUES)]


def show_summary(summary: Summary) -> RenderableType:
    """All tables of ``summary``, one below the other."""
    parts: list[RenderableType] = [_headline(summary)]
    if summary.checks:
        parts.append(_rows(summary, "Behaviour, % where it applies", summary.checks))
    if summary.flags:
        parts.append(_rows(summary, "Flags, % of episodes", summary.flags))
    if summary.failures:
        parts.append(_counts(summary, "Failure class, % of episodes", summary.failures))
    if summary.wrong_answers:
        parts.append(_counts(summary, "Wrong answer, % of episodes", summary.wrong_answers))
    if summary.dimensions:
        parts.append(_rows(summary, "Rubric dimension, %", summary.dimensions))
    for name, rows in summary.groups.items():
        if rows:
            title = f"pass@1 by {name.replace('_', ' ')}, %"
            parts.append(_rows(summary, title, rows))
    if summary.tools.calls:
        parts.append(_tools(summary))
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in parts))


def _table(summary: Summary, title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False,
                  padding=(0, 2, 0, 0), header_style="dim")  # fmt: skip
    table.add_column("", no_wrap=True)
    for i, each in enumerate(summary.series):
        table.add_column(Text(each.label, style=hue(i)), justify="right", min_width=8)
    return table


def _headline(summary: Summary) -> Table:
    table = _table(summary, "Headline")

    def line(name: str, cells: Sequence[str | Text]) -> None:
        if any(str(cell) != numbers.NOTHING for cell in cells):
            table.add_row(Text(name), *cells)

    heads = summary.headlines
    line("pass@1, %", [_estimate(h.pass_at_1, bold=True) for h in heads])
    if len(heads) > 1:
        base = summary.series[summary.baseline].label
        line(f"points vs {base}", [_difference(summary, i) for i in range(len(heads))])
    if summary.k > 1:
        line(
            f"pass@{summary.k}, %",
            [_estimate(h.pass_at_k) if h.pass_at_k else numbers.NOTHING for h in heads],
        )
    line("reward", [numbers.amount(h.reward.value, 3) for h in heads])
    line("process", [numbers.amount(h.process.value, 3) for h in heads])
    line("turns", [numbers.amount(h.turns) for h in heads])
    line("calls", [numbers.amount(h.calls) for h in heads])
    line("failed calls", [numbers.amount(h.errors) for h in heads])
    line("prompt tokens", [numbers.amount(h.prompt_tokens, 0) for h in heads])
    line("completion tokens", [numbers.amount(h.completion_tokens, 0) for h in heads])
    line("cost an episode", [numbers.amount(h.cost, 5) for h in heads])
    line("median time", [numbers.seconds(h.duration_ms[0]) for h in heads])
    line("tasks", [numbers.count(h.tasks) for h in heads])
    line("episodes", [numbers.count(h.episodes) for h in heads])
    return table


def _difference(summary: Summary, index: int) -> Text:
    found = summary.pass_differences[index]
    if found is None:
        return Text("baseline" if index == summary.baseline else "no shared task", style="dim")
    style = "dim"
    if found.is_clear:
        style = "green" if found.estimate.value > 0 else "red"
    text = Text(numbers.points(found.estimate.value), style=style)
    ends = numbers.interval(found.estimate)
    return text.append(f"  {ends}", style="dim") if ends else text


def _estimate(value: Estimate, *, bold: bool = False) -> Text:
    text = Text(numbers.share(value.value), style="bold" if bold else "")
    ends = numbers.interval(value, decimals=0)
    return text.append(f"  {ends}", style="dim") if ends else text


def _rows(summary: Summary, title: str, rows: Sequence[Row]) -> Table:
    table = _table(summary, title)
    for row in rows:
        cells = []
        for i, value in enumerate(row.values):
            if not math.isfinite(value.value):
                cells.append(Text(numbers.NOTHING, style="dim"))
                continue
            cells.append(_bar(value.value, i).append(f" {numbers.share(value.value):>5}"))
        table.add_row(Text(row.name.replace("_", " ")), *cells)
    return table


def _counts(summary: Summary, title: str, rows: Sequence[CountRow]) -> Table:
    table = _table(summary, title)
    for row in rows:
        cells = [
            Text("0", style="dim") if not count
            else _bar(share, i).append(f" {numbers.share(share):>5}")
            for i, (count, share) in enumerate(zip(row.counts, row.shares, strict=True))
        ]  # fmt: skip
        table.add_row(Text(row.name.replace("_", " ")), *cells)
    return table


def _tools(summary: Summary) -> Table:
    table = _table(summary, "Failed calls, % of calls")
    for tool, calls in summary.tools.calls.items():
        errors = summary.tools.errors.get(tool, [0] * len(calls))
        cells = [
            numbers.share(failed / made) if made else numbers.NOTHING
            for made, failed in zip(calls, errors, strict=True)
        ]
        table.add_row(Text(tool), *cells)
    return table


def _bar(share: float, series: int) -> Text:
    full = round(share * BAR)
    return Text("━" * full, style=hue(series)).append("─" * (BAR - full), style="grey37")
