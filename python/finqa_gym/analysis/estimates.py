"""Means with intervals, of episodes that have a value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym import statistics

__all__ = [
    "Difference",
    "Estimate",
    "difference",
    "estimate",
    "estimate_tasks",
    "mean_of",
    "pass_at_k",
    "task_means",
    "wilson_interval",
]

Z = 1.959963984540054
"""Quantile 0.975 of the normal distribution."""
SAME = 1e-12
"""Resampled means that are closer differ by rounding only."""


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


NOTHING = Estimate(np.nan, np.nan, np.nan, 0)


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
    """The mean over episodes of shares or scores from 0 to 1, with an interval.

    Args:
        values: One an episode; NaN where none is known, ``(episodes,)``.
        tasks: Task of each episode; whole tasks are resampled.
    """
    known = np.isfinite(values)
    n = int(known.sum())
    if n == 0:
        return NOTHING
    found = statistics.bootstrap_interval(values[known], tasks[known].tolist())
    return _of_share(found, n)


def estimate_tasks(values: NDArray[np.float64], tasks: NDArray[np.int64]) -> Estimate:
    """The mean over tasks of each task's mean, with an interval: each task counts once.

    Args:
        values: One an episode, of any size; NaN where none is known, ``(episodes,)``.
        tasks: Task of each episode.
    """
    means = task_means(values, tasks)
    if not len(means):
        return NOTHING
    found = statistics.bootstrap_interval(means)
    return Estimate(found.mean, found.low, found.high, int(np.isfinite(values).sum()))


def task_means(values: NDArray[np.float64], tasks: NDArray[Any]) -> NDArray[np.float64]:
    """Mean of the ``values`` of each task that has some, ``(tasks,)``, in order of ``tasks``.

    Args:
        values: One an episode; NaN where none is known, ``(episodes,)``.
        tasks: Task of each episode, a number or a name.

    Example:
        >>> task_means(np.array([1.0, 1.0, 0.0, np.nan]), np.array([7, 7, 8, 9])).tolist()
        [1.0, 0.0]
    """
    known = np.isfinite(values)
    _, ids = np.unique(tasks[known], return_inverse=True)
    means: NDArray[np.float64] = np.bincount(ids, weights=values[known]) / np.bincount(ids)
    return means


def mean_of(values: NDArray[Any]) -> Estimate:
    """The mean of ``values`` that are not NaN, without an interval."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    value = float(known.mean()) if len(known) else np.nan
    return Estimate(value, np.nan, np.nan, len(known))


def pass_at_k(is_correct: NDArray[np.float64], tasks: NDArray[np.int64], k: int) -> Estimate:
    """Unbiased pass@k averaged over tasks, each counting once; with 1 as ``k``, pass@1.

    Args:
        is_correct: One an episode; NaN where not known, ``(episodes,)``.
        tasks: Task of each episode.
        k: Tries, at most the known episodes of the task with the fewest.
    """
    known = np.isfinite(is_correct)
    if not known.any():
        return NOTHING
    _, ids = np.unique(tasks[known], return_inverse=True)
    right = np.bincount(ids, weights=is_correct[known]).astype(np.int64)
    values = statistics.pass_at_k(np.bincount(ids), right, k)
    return _of_share(statistics.bootstrap_interval(values), int(known.sum()))


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of ``n`` independent tries, one that has a width at 0 and 1 too.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), pages 209 to 212.

    Example:
        >>> [round(end, 3) for end in wilson_interval(1.0, 5)]
        [0.566, 1.0]
    """
    square = Z * Z / n
    middle = (share + square / 2) / (1 + square)
    reach = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _of_share(found: statistics.Interval, n: int) -> Estimate:
    """An estimate of something from 0 to 1.

    Where no two tasks differ, as at 0 % and 100 %, all resampled means are the same. Their interval
    without a width would pass for certainty, however few tasks there are: there it is Wilson's,
    which is wide enough for values between 0 and 1 as well, since these vary less.
    """
    low, high = found.low, found.high
    if high - low < SAME:
        low, high = wilson_interval(found.mean, found.num_clusters)
    return Estimate(found.mean, low, high, n)


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
