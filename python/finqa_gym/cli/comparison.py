"""A comparison of two runs, as tables."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from finqa_gym.analysis import Difference
from finqa_gym.cli.screen import grid, section
from finqa_gym.evaluation.compare import Comparison
from finqa_gym.report import numbers

__all__ = ["print_comparison"]

SHOWN = 5


def print_comparison(console: Console, found: Comparison) -> None:
    """Differences with intervals, and on how many tasks which run is better."""
    table = grid("what", ">points", ">95 % interval", ">tasks better", ">tasks worse")
    rows: list[tuple[str, Difference | None]] = [("right", found.right), ("reward", found.reward)]
    # Of the checks only those whose difference is more than chance.
    rows += [(name, each) for name, each in found.checks.items() if each.is_clear]
    for name, each in rows:
        if each is not None:
            ends = numbers.interval(each.estimate)
            points = numbers.points(each.estimate.value)
            table.add_row(name, points, ends, f"{each.num_better:,}", f"{each.num_worse:,}")
    remark = "Checks of behaviour are listed where the interval leaves out 0."
    title = f"{found.run} less {found.baseline}, over {found.num_tasks:,} tasks that both played"
    console.print(section(title, table, remark))
    counts = grid("tasks", ">count", "such as")
    for what, count, tasks in (
        ("won", len(found.won), found.won),
        ("lost", len(found.lost), found.lost),
        ("both right", found.num_both, []),
        ("neither right", found.num_neither, []),
        ("alike, in some attempts", found.num_alike, []),
    ):
        counts.add_row(what, f"{count:,}", Text(_some(tasks)))
    console.print(section("Task by task", counts))
    left_out = found.num_only_run + found.num_only_baseline
    if left_out:
        console.print(
            f"left out: {found.num_only_run:,} tasks of {found.run} alone, "
            f"{found.num_only_baseline:,} of {found.baseline} alone",
            markup=False,
        )
    for line in found.different:
        console.print(f"played differently: {line}", markup=False, soft_wrap=True)


def _some(tasks: Sequence[str]) -> str:
    rest = len(tasks) - SHOWN
    return ", ".join(tasks[:SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")
