"""Two arms of an experiment against each other: the same starts, the same held-out questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from finqa_gym.statistics import Interval, bootstrap_interval
from finqa_gym.train.experiment import Cell, spread
from finqa_gym.trajectories import open_run

__all__ = ["Paired", "paired"]

MEASURES = {
    "single": ("held-out", False),
    "multi": ("held-out", True),
    "greedy_single": ("held-out-greedy", False),
    "greedy_multi": ("held-out-greedy", True),
}
"""Measures of a `Cell` -> folder of the episodes, and whether they need several tables."""


@dataclass(frozen=True)
class Paired:
    """A mean difference, and how far other starts or other companies might have moved it.

    Attributes:
        starts: Supervised starts that both arms have.
        over_starts: Mean over them, whose trainings are averaged, and half the width of its 95 %
            interval (Student's t; NaN for one start).
        over_companies: The same difference with held-out companies drawn anew, from the recorded
            episodes; None if the episodes are gone.
    """

    starts: int
    over_starts: tuple[float, float]
    over_companies: Interval | None


def paired(arm: Sequence[Cell], other: Sequence[Cell], what: str) -> Paired | None:
    """``arm`` less ``other``, start by start.

    Args:
        arm: Cells of an arm.
        other: Of the one that it is compared with.
        what: "single", "multi", "greedy_single" or "greedy_multi".

    Returns:
        The difference; None if they share no start.

    Example:
        >>> def cell(arm, start, single):
        ...     return Cell(arm, start, 0, single, 0.1, single, 0.1, {}, {}, "no-such-run")
        >>> grpo = [cell("grpo", 0, 0.75), cell("grpo", 1, 1.0)]
        >>> paired(grpo, [cell("base", 0, 0.25), cell("base", 1, 0.5)], "single").over_starts
        (0.5, 0.0)
    """
    starts = sorted({cell.base_seed for cell in arm} & {cell.base_seed for cell in other})
    if not starts:
        return None
    differences = [_mean(arm, start, what) - _mean(other, start, what) for start in starts]
    mean, half = spread(differences)
    return Paired(len(starts), (mean, half), _over_companies(arm, other, starts, what))


def _mean(cells: Sequence[Cell], start: int, what: str) -> float:
    values = [float(getattr(cell, what)) for cell in cells if cell.base_seed == start]
    return sum(values) / len(values)


def _over_companies(
    arm: Sequence[Cell], other: Sequence[Cell], starts: Sequence[int], what: str
) -> Interval | None:
    """The difference of each question, with all questions of a company drawn together."""
    name, several = MEASURES[what]
    cells = [cell for cell in (*arm, *other) if cell.base_seed in starts]
    if not all((_folder(cell, name) / "run.json").is_file() for cell in cells):
        return None
    companies = _companies(_folder(cells[0], name), several)
    differences = []
    for start in starts:
        ours, theirs = _right(arm, start, name), _right(other, start, name)
        differences.append([ours.get(t, np.nan) - theirs.get(t, np.nan) for t in companies])
    values = np.mean(differences, axis=0)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return None
    clusters = list(companies.values())
    return bootstrap_interval(values[known], [clusters[row] for row in known])


def _folder(cell: Cell, name: str) -> Path:
    return Path(cell.run).with_name(name)


def _right(cells: Sequence[Cell], start: int, name: str) -> dict[str, float]:
    """Task id -> how often it was answered rightly, over the trainings of a start."""
    played = [_read(_folder(cell, name)) for cell in cells if cell.base_seed == start]
    return {
        task: sum(each.get(task, np.nan) for each in played) / len(played) for task in played[0]
    }


@lru_cache(maxsize=1024)
def _read(folder: Path) -> dict[str, float]:
    """Task id -> 1.0 or 0.0 in the last measurement of a run; NaN where the machine failed."""
    columns = open_run(folder).columns(["task_id", "is_correct", "policy_step", "flag_infra_fault"])
    last = columns["policy_step"].max()
    right = np.where(columns["flag_infra_fault"], np.nan, columns["is_correct"].astype(float))
    rows = np.flatnonzero(columns["policy_step"] == last)
    return {columns["task_id"][row]: float(right[row]) for row in rows}


@lru_cache(maxsize=1024)
def _companies(folder: Path, several: bool) -> dict[str, tuple[str, ...]]:
    """Task id -> companies, of the tasks over several tables or over one."""
    return {
        each["task_id"]: tuple(sorted(each["companies"]))
        for each in open_run(folder)
        if (each["num_tables"] > 1) == several
    }
