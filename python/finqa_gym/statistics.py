"""pass@k and intervals of graded episodes, with whole questions resampled.

Deterministic: the same values give the same numbers, whatever their order and the machine.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from finqa_gym import _native

__all__ = [
    "Interval",
    "PairedDifference",
    "bootstrap_interval",
    "paired_difference",
    "pass_at_k",
    "pass_at_k_interval",
]


class Interval(NamedTuple):
    """A mean, and where it could as well have come out.

    Attributes:
        mean: Mean of all values.
        low: Lower end; NaN with fewer than two clusters, which say nothing about the spread.
        high: Upper end; NaN likewise.
        num_clusters: How many clusters (questions) there are.
    """

    mean: float
    low: float
    high: float
    num_clusters: int


class PairedDifference(NamedTuple):
    """Two runs on the questions that both answered.

    Attributes:
        difference: Mean over the shared questions of b's mean minus a's; above 0, b is better.
        mean_a: Mean over the shared questions of a's mean.
        mean_b: The same for b.
        num_better: Shared questions on which b is better.
        num_worse: Shared questions on which b is worse.
        num_only_a: Questions of a alone, left out.
        num_only_b: Questions of b alone, left out.
    """

    difference: Interval
    mean_a: float
    mean_b: float
    num_better: int
    num_worse: int
    num_only_a: int
    num_only_b: int


def pass_at_k(num_episodes: ArrayLike, num_correct: ArrayLike, k: int) -> NDArray[np.float64]:
    """The unbiased estimate that one of ``k`` episodes is right: ``1 - C(n-c, k) / C(n, k)``.

    Args:
        num_episodes: Episodes of each question, shape (n,).
        num_correct: How many of them were right, shape (n,).
        k: Tries.

    Returns:
        float64 (n,); NaN where it cannot be estimated (``k`` above ``num_episodes``).

    Example:
        >>> pass_at_k([4, 4], [1, 4], k=2).tolist()
        [0.5, 1.0]
    """
    return _native.pass_at_k(
        np.ascontiguousarray(np.atleast_1d(num_episodes), dtype=np.int64),
        np.ascontiguousarray(np.atleast_1d(num_correct), dtype=np.int64),
        k,
    )


def pass_at_k_interval(
    is_correct: ArrayLike,
    tasks: Sequence[Hashable],
    k: int,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """pass@k averaged over questions, with an interval; each question counts the same.

    Args:
        is_correct: Whether each episode is right, shape (n,).
        tasks: The question of each episode, n of them.
        k: Tries; at most the episodes of the question with the fewest.
        resamples: How often all questions are drawn anew.
        level: Share of the resampled means that the interval holds.
        seed: Seed of the draws.

    Raises:
        ValueError: If a question has fewer than ``k`` episodes, or there is no episode.

    Example:
        >>> pass_at_k_interval([True, False, False, False], ["q1", "q1", "q2", "q2"], k=2).mean
        0.5
    """
    right = np.asarray(is_correct, dtype=bool).reshape(-1)
    ids = _numbered(tasks)
    if right.size != ids.size:
        raise ValueError(f"{right.size} values of is_correct for {ids.size} tasks")
    num_episodes = np.bincount(ids)
    if num_episodes.size and k > num_episodes.min():
        raise ValueError(
            f"k is {k}, but a question has {num_episodes.min()} episodes; "
            "k can be at most the fewest of any question"
        )
    values = pass_at_k(num_episodes, np.bincount(ids, weights=right), k)
    return bootstrap_interval(values, resamples=resamples, level=level, seed=seed)


def bootstrap_interval(
    values: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Mean of values with a percentile bootstrap interval.

    Args:
        values: Numbers, shape (n,); leave out what is not known.
        clusters: What belongs together, n of them: for episodes, their questions. Whole clusters
            are resampled, so eight episodes of a question do not pass for eight questions.
            ``None``: each value by itself.
        resamples: How often all clusters are drawn anew.
        level: Share of the resampled means that the interval holds.
        seed: Seed of the draws.

    Raises:
        ValueError: If there is no value, one is not finite, lengths differ or an option is out of
            range.

    Example:
        >>> interval = bootstrap_interval([1, 1, 0, 0], ["q1", "q1", "q2", "q2"])
        >>> interval.mean, interval.low, interval.high, interval.num_clusters
        (0.5, 0.0, 1.0, 2)
    """
    ids = None if clusters is None else _numbered(clusters)
    return Interval(
        *_native.bootstrap_interval(_floats(values), ids, resamples, level, seed),
    )


def paired_difference(
    a: ArrayLike,
    tasks_a: Sequence[Hashable],
    b: ArrayLike,
    tasks_b: Sequence[Hashable],
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> PairedDifference:
    """The difference of two runs, question by question, which leaves out how hard questions are.

    Args:
        a: A number for each episode of the first run (right or not, reward), shape (n,).
        tasks_a: Its question, n of them.
        b: The same for the second run, shape (m,).
        tasks_b: Its question, m of them.
        resamples: How often all shared questions are drawn anew.
        level: Share of the resampled differences that the interval holds.
        seed: Seed of the draws.

    Raises:
        ValueError: If the runs share no question, a value is not finite, or lengths differ.

    Example:
        >>> d = paired_difference([0, 1], ["q1", "q2"], [1, 1], ["q1", "q2"])
        >>> d.difference.mean, d.num_better, d.num_worse
        (0.5, 1, 0)
    """
    names: dict[Hashable, int] = {}
    found = _native.paired_difference(
        _floats(a),
        _numbered(tasks_a, names),
        _floats(b),
        _numbered(tasks_b, names),
        resamples,
        level,
        seed,
    )
    return PairedDifference(Interval(*found[0]), *found[1:])


def _floats(values: ArrayLike) -> NDArray[np.float64]:
    return np.ascontiguousarray(np.asarray(values, dtype=np.float64).reshape(-1))


def _numbered(
    names: Iterable[Hashable], known: dict[Hashable, int] | None = None
) -> NDArray[np.int64]:
    """Numbers in place of names, equal where the names are."""
    known = {} if known is None else known
    return np.fromiter((known.setdefault(name, len(known)) for name in names), dtype=np.int64)
