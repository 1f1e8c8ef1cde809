"""Means with intervals, of episodes that have a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym import statistics

__all__ = ["Difference", "Estimate", "difference", "estimate", "mean_of", "pass_at_k"]


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval.

    Attributes:
        value: The mean; NaN if no episode has a value.
        low: Lower end of the interval; NaN if there is none (a single task, or not asked for).
        high: Upper end.
        n: Episodes that have a value.

    Example:
        >>> Estimate(0.5, 0.4, 0.6, 100).has_interval
        True
    """

    value: float
    low: float
    high: float
    n: int

    @property
    def has_interval(self) -> bool:
        """Whether there were tasks enough for an interval."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


@dataclass(frozen=True)
class Difference:
    """A series less the baseline, over the tasks that both played.

    Attributes:
        estimate: Mean difference of the tasks' means; its ``n`` counts tasks.
        num_better: Tasks on which the series is better.
        num_worse: Tasks on which it is worse.
    """

    estimate: Estimate
    num_better: int
    num_worse: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        e = self.estimate
        return e.has_interval and (e.low > 0 or e.high < 0)


def estimate(values: NDArray[np.float64], tasks: NDArray[np.int64]) -> Estimate:
    """The mean of ``values`` that are not NaN; whole tasks are resampled for the interval."""
    known = np.isfinite(values)
    n = int(known.sum())
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    found = statistics.bootstrap_interval(values[known], tasks[known].tolist())
    return Estimate(found.mean, found.low, found.high, n)


def mean_of(values: NDArray[Any]) -> Estimate:
    """The mean of ``values`` that are not NaN, without an interval."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    value = float(known.mean()) if len(known) else np.nan
    return Estimate(value, np.nan, np.nan, len(known))


def pass_at_k(is_correct: NDArray[np.float64], tasks: NDArray[np.int64], k: int) -> Estimate:
    """Unbiased pass@k over the tasks with at least ``k`` graded episodes."""
    known = np.isfinite(is_correct)
    if not known.any():
        return Estimate(np.nan, np.nan, np.nan, 0)
    _, ids = np.unique(tasks[known], return_inverse=True)
    played = np.bincount(ids)
    right = np.bincount(ids, weights=is_correct[known]).astype(np.int64)
    enough = played >= k
    if not enough.any():
        return Estimate(np.nan, np.nan, np.nan, 0)
    values = statistics.pass_at_k(played[enough], right[enough], k)
    found = statistics.bootstrap_interval(values)
    return Estimate(found.mean, found.low, found.high, int(played[enough].sum()))


def difference(
    base: tuple[NDArray[np.float64], NDArray[np.int64]],
    other: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> Difference | None:
    """``other`` less ``base``, each values and tasks; None if no task was played by both."""
    parts = []
    for values, tasks in (base, other):
        known = np.isfinite(values)
        parts.append((values[known], tasks[known]))
    (a, tasks_a), (b, tasks_b) = parts
    shared = np.intersect1d(tasks_a, tasks_b)
    if not len(shared):
        return None
    found = statistics.paired_difference(a, tasks_a.tolist(), b, tasks_b.tolist())
    ends = found.difference
    value = Estimate(ends.mean, ends.low, ends.high, len(shared))
    return Difference(value, found.num_better, found.num_worse)
