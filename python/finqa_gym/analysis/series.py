"""What stands side by side: policies, or the first and last steps of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finqa_gym.analysis.runs import Columns

__all__ = ["Series", "find_series"]

ENDS = 0.1
"""Share of a training's steps that counts as its first or last ones."""


@dataclass(frozen=True)
class Series:
    """Episodes of one policy that are summed up together.

    Attributes:
        label: What tables call it.
        run: Index of its run.
        policy: Who acted.
        steps: First and last training step, if the run is a training; else None.
        rows: Its episodes in the run, ``(episodes,)``.
    """

    label: str
    run: int
    policy: str
    steps: tuple[int, int] | None
    rows: NDArray[np.intp]


def find_series(runs: Sequence[Columns], names: Sequence[str]) -> list[Series]:
    """The series of ``runs``: one for each policy, two (first, last steps) for a training.

    Args:
        runs: The columns of each run.
        names: The names of the runs.
    """
    found: list[Series] = []
    for run, (columns, name) in enumerate(zip(runs, names, strict=True)):
        policies = sorted(set(columns["policy"].tolist()))
        for policy in policies:
            rows = np.flatnonzero(columns["policy"] == policy)
            label = name if len(policies) == 1 else f"{name} · {policy or 'unnamed'}"
            steps = columns["policy_step"][rows]
            distinct = np.unique(steps[np.isfinite(steps)])
            if len(distinct) < 2:
                found.append(Series(label, run, policy, None, rows))
                continue
            size = max(1, round(ENDS * len(distinct)))
            for part in (distinct[:size], distinct[-size:]):
                first, last = int(part[0]), int(part[-1])
                span = f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"
                inside = rows[(steps >= first) & (steps <= last)]
                found.append(Series(f"{label} · {span}", run, policy, (first, last), inside))
    return found
