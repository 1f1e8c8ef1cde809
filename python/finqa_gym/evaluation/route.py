"""A cascade: a small model answers, and what looks doubtful goes to a bigger one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from finqa_gym.analysis import Estimate, Prices
from finqa_gym.analysis.estimates import estimate, mean_of
from finqa_gym.analysis.runs import leave_out_faults
from finqa_gym.evaluation.result import as_json
from finqa_gym.evaluation.signals import SIGNALS, TaskSignals, checked_weights, read_signals
from finqa_gym.trajectories import Run

__all__ = ["Point", "Routing", "SignalRow", "frontier", "hard_tasks", "route"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """What a threshold comes to.

    Attributes:
        who: "small" answers everything, "cascade", or "big" answers everything and the small model
            is not asked.
        threshold: Tasks with this score or more are sent on; infinite where none is, NaN for "big".
        share: Of the tasks, those that the big model answers.
        accuracy: Share of right answers.
        cost: Of a task, that of the small model included; NaN if it is not known.
        is_efficient: No other point is as accurate for less, or more accurate for as much. Where
            costs are not known, ``share`` stands for them.
    """

    who: Literal["small", "cascade", "big"]
    threshold: float
    share: float
    accuracy: Estimate
    cost: float
    is_efficient: bool = False


@dataclass(frozen=True)
class SignalRow:
    """What a signal says about the small model's answers; for reading, no threshold uses it.

    Attributes:
        name: The signal.
        share: Of the tasks, those that show it.
        right_with: Share of right answers of the small model where it is shown.
        right_without: The same where it is not.
    """

    name: str
    share: float
    right_with: float
    right_without: float


@dataclass(frozen=True)
class Routing:
    """The frontier of a cascade.

    Attributes:
        points: From everything answered by the small model to everything by the big one.
        signals: What each signal says, those that some task shows.
        num_tasks: Tasks that count.
        num_left_out: Tasks that only one of the models has a graded episode of.
        attempts: Most attempts of the small model at a task.
        weights: Of signals, where they are not 1.
    """

    points: list[Point]
    signals: list[SignalRow]
    num_tasks: int
    num_left_out: int
    attempts: int
    weights: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; null for what is not known, and for thresholds that are none."""
        made: dict[str, Any] = as_json(
            {
                **vars(self),
                "points": [vars(point) for point in self.points],
                "signals": [vars(row) for row in self.signals],
            }
        )
        return made


def hard_tasks(
    found: Sequence[TaskSignals], threshold: float, weights: Mapping[str, float] | None = None
) -> list[str]:
    """Ids of the tasks whose score is ``threshold`` or more.

    Example:
        >>> found = [TaskSignals("a", 0, (0,), {"declined": 1.0}), TaskSignals("b", 1, (1,), {})]
        >>> hard_tasks(found, 1)
        ['a']
    """
    known = checked_weights(weights)
    return [each.task_id for each in found if each.score(known) >= threshold]


def route(
    small: Run,
    big: Run,
    *,
    weights: Mapping[str, float] | None = None,
    small_prices: Prices | None = None,
    big_prices: Prices | None = None,
    floor: float | None = None,
) -> Routing:
    """The accuracy and the cost of sending on, for every threshold.

    A task's score is the weighted number of signals (`finqa_gym.evaluation.signals.SIGNALS`) that
    the small model's own work shows. Neither the truth nor what depends on it takes part.

    Args:
        small: Episodes of the small model.
        big: Those of the big one. Of several attempts at a task the mean counts.
        weights: Of signals; those that are not named count 1.
        small_prices: What tokens of the small model cost; of all attempts at a task.
        big_prices: What those of the big one cost; of one attempt.
        floor: The big model has played only tasks with this score or more: thresholds below are
            left out. None: it has played all.

    Raises:
        ValueError: The models share no graded task, or a weight is none.

    Source: the frontier of cascades as in L. Chen, M. Zaharia, J. Zou, "FrugalGPT: How to Use Large
    Language Models While Reducing Cost and Improving Performance", arXiv:2305.05176.
    """
    known = checked_weights(weights)
    found = read_signals(small)
    small_right, small_cost = _by_episode(small, small_prices)
    big_right, big_cost = _by_task(big, big_prices)
    scores = {each.task_id: each.score(known) for each in found}
    counted = [
        each
        for each in found
        if math.isfinite(small_right[each.answer])
        and (each.task_id in big_right or (floor is not None and scores[each.task_id] < floor))
    ]
    if not counted:
        raise ValueError(
            f"{small.path} and {big.path} share no task with graded episodes; play both on the "
            "same tasks"
        )
    right = np.array([small_right[each.answer] for each in counted])
    points = frontier(
        np.array([scores[each.task_id] for each in counted]),
        right,
        np.array([big_right.get(each.task_id, np.nan) for each in counted]),
        np.array([sum(small_cost[place] for place in each.episodes) for each in counted]),
        np.array([big_cost.get(each.task_id, np.nan) for each in counted]),
        floor=floor,
    )
    return Routing(
        points=points,
        signals=_signal_rows(counted, right),
        num_tasks=len(counted),
        num_left_out=len(found) - len(counted) + len(big_right.keys() - scores.keys()),
        attempts=max(len(each.episodes) for each in counted),
        weights=known,
    )


def frontier(
    scores: Floats,
    small_right: Floats,
    big_right: Floats,
    small_cost: Floats,
    big_cost: Floats,
    *,
    floor: float | None = None,
) -> list[Point]:
    """The points of a cascade.

    Args:
        scores: How doubtful the small model's answer is, ``(tasks,)``.
        small_right: Whether it is right, ``(tasks,)``.
        big_right: Whether the big model's is, or how often; NaN where it did not play.
        small_cost: What the small model's work costs; NaN if not known.
        big_cost: What the big model's costs.
        floor: As for `route`.

    Returns:
        One for each score that occurs, with "small" before and, without a floor, "big" behind.

    Example:
        >>> points = frontier(
        ...     np.array([2.0, 0.0]), np.array([0.0, 1.0]), np.array([1.0, 1.0]),
        ...     np.array([1.0, 1.0]), np.array([10.0, 10.0]),
        ... )
        >>> [(p.who, p.share, p.accuracy.value, p.cost, p.is_efficient) for p in points]
        [('small', 0.0, 0.5, 1.0, True), ('cascade', 0.5, 1.0, 6.0, True),
         ('cascade', 1.0, 1.0, 11.0, False), ('big', 1.0, 1.0, 10.0, False)]
    """
    least = -math.inf if floor is None else floor
    thresholds = [math.inf, *sorted({s for s in scores.tolist() if s >= least}, reverse=True)]
    tasks = np.arange(len(scores))
    points = []
    for threshold in thresholds:
        sent = scores >= threshold
        right = np.where(sent, big_right, small_right)
        cost = small_cost + np.where(sent, big_cost, 0.0)
        who: Literal["small", "cascade"] = "cascade" if threshold < math.inf else "small"
        share = float(sent.mean())
        points.append(Point(who, threshold, share, estimate(right, tasks), float(cost.mean())))
    if floor is None:
        accuracy = estimate(big_right, tasks)
        points.append(Point("big", math.nan, 1.0, accuracy, float(big_cost.mean())))
    return [_marked(point, points) for point in points]


def _marked(point: Point, points: Sequence[Point]) -> Point:
    knows_cost = all(math.isfinite(each.cost) for each in points)

    def is_beaten_by(other: Point) -> bool:
        dearer = (
            point.cost - other.cost if knows_cost else point.share - other.share,
            other.accuracy.value - point.accuracy.value,
        )
        return min(dearer) >= 0 and max(dearer) > 0

    is_efficient = not any(is_beaten_by(other) for other in points)
    return Point(**{**vars(point), "is_efficient": is_efficient})


def _by_episode(run: Run, prices: Prices | None) -> tuple[list[float], list[float]]:
    """Whether each episode is right, and what it cost; NaN if not known."""
    names = ["is_correct", "flag_infra_fault", "num_prompt_tokens", "num_completion_tokens"]
    columns = dict(run.columns(names))
    leave_out_faults(columns)
    right, _, prompt, completion = (np.asarray(columns[n], dtype=np.float64) for n in names)
    if prices is None:
        return right.tolist(), [math.nan] * len(right)
    return right.tolist(), (
        (prompt * prices.prompt + completion * prices.completion) / 1e6
    ).tolist()


def _by_task(run: Run, prices: Prices | None) -> tuple[dict[str, float], dict[str, float]]:
    """Means over the graded episodes of each task."""
    right, cost = _by_episode(run, prices)
    told: dict[str, list[tuple[float, float]]] = {}
    for task, is_right, paid in zip(run.columns(["task_id"])["task_id"], right, cost, strict=True):
        if math.isfinite(is_right):
            told.setdefault(task, []).append((is_right, paid))
    means = {task: np.array(values).mean(axis=0).tolist() for task, values in told.items()}
    return {t: m[0] for t, m in means.items()}, {t: m[1] for t, m in means.items()}


def _signal_rows(found: Sequence[TaskSignals], right: Floats) -> list[SignalRow]:
    rows = []
    for name in SIGNALS:
        shown = np.array([each.signals.get(name, 0.0) > 0 for each in found])
        if shown.any():
            with_it, without = mean_of(right[shown]).value, mean_of(right[~shown]).value
            rows.append(SignalRow(name, float(shown.mean()), with_it, without))
    return rows
