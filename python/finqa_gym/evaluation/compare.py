"""Two recorded runs held against each other, question by question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym.analysis import CHECKS, Difference
from finqa_gym.analysis.estimates import difference
from finqa_gym.analysis.runs import leave_out_faults
from finqa_gym.evaluation.result import as_json
from finqa_gym.trajectories import Run

__all__ = ["Comparison", "compare"]

SETTINGS = ("tool_profile", "answer_mode", "max_turns", "reward", "system_prompt", "task_prompt")
"""Options of environments without which scores cannot be compared."""


@dataclass(frozen=True)
class Comparison:
    """A run less a baseline, over the tasks that both played.

    A task with several attempts is better or worse by the mean of its attempts.

    Attributes:
        run: Name of the run.
        baseline: Name of the baseline.
        num_tasks: Tasks that both played.
        right: Difference of pass@1.
        reward: Difference of the reward; None if it is not known.
        checks: Difference of each check that applies in both, by name.
        won: Ids of the tasks on which the run is right more often.
        lost: Ids of those on which it is right less often.
        num_both: Tasks that both got right in every attempt.
        num_neither: Tasks that neither ever got right.
        num_alike: Tasks that both got right equally often, in some attempts.
        num_only_run: Tasks of the run alone, left out.
        num_only_baseline: Tasks of the baseline alone, left out.
        different: What else differs between the runs, in words: then the difference is not the
            policies' alone.
    """

    run: str
    baseline: str
    num_tasks: int
    right: Difference
    reward: Difference | None
    checks: dict[str, Difference]
    won: list[str]
    lost: list[str]
    num_both: int
    num_neither: int
    num_alike: int
    num_only_run: int
    num_only_baseline: int
    different: list[str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; null for what is not known."""
        told = dict(vars(self))
        told["right"] = _told(self.right)
        told["reward"] = None if self.reward is None else _told(self.reward)
        told["checks"] = {name: _told(found) for name, found in self.checks.items()}
        made: dict[str, Any] = as_json(told)
        return made


def compare(run: Run, baseline: Run) -> Comparison:
    """Holds ``run`` against ``baseline``.

    Args:
        run: Recorded episodes.
        baseline: Those that they are compared with.

    Raises:
        ValueError: The runs share no graded task, or a task of the same id asks something else.

    Example:
        >>> import tempfile
        >>> from finqa_gym import write_run
        >>> def made(*right):
        ...     episodes = [
        ...         {"task_id": f"t{i}", "is_correct": r, "reward": float(r)}
        ...         for i, r in enumerate(right)
        ...     ]
        ...     return write_run(tempfile.mkdtemp(), {}, episodes)
        >>> found = compare(made(True, True, False), made(True, False, False))
        >>> found.won, found.lost, found.num_both, found.num_neither
        (['t1'], [], 1, 1)
        >>> round(found.right.estimate.value, 3)
        0.333
    """
    ours, theirs = _columns(run), _columns(baseline)
    _check_questions(run, ours, baseline, theirs)
    right = _difference("is_correct", ours, theirs)
    if right is None:
        raise ValueError(
            f"{run.path} and {baseline.path} share no task with a graded episode; evaluate both on "
            "the same tasks"
        )
    found = {name: _difference(f"check_{name}", ours, theirs) for name in CHECKS}
    a, b = _means(theirs), _means(ours)
    shared = [task for task in b if task in a]
    alike = [task for task in shared if a[task] == b[task]]
    both = sum(b[task] == 1 for task in alike)
    neither = sum(b[task] == 0 for task in alike)
    return Comparison(
        run=run.name,
        baseline=baseline.name,
        num_tasks=len(shared),
        right=right,
        reward=_difference("reward", ours, theirs),
        checks={name: each for name, each in found.items() if each is not None},
        won=[task for task in shared if b[task] > a[task]],
        lost=[task for task in shared if b[task] < a[task]],
        num_both=both,
        num_neither=neither,
        num_alike=len(alike) - both - neither,
        num_only_run=len(b) - len(shared),
        num_only_baseline=len(a) - len(shared),
        different=_different(run.info, baseline.info),
    )


def _columns(run: Run) -> dict[str, Any]:
    checks = [f"check_{name}" for name in CHECKS]
    names = ["task_id", "question", "is_correct", "reward", "flag_infra_fault", *checks]
    columns = dict(run.columns(names))
    leave_out_faults(columns)
    return columns


def _difference(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> Difference | None:
    """Ours less theirs; None if nobody knows."""
    numbering: dict[str, int] = {}

    def part(columns: dict[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        tasks = [numbering.setdefault(task, len(numbering)) for task in columns["task_id"]]
        return np.asarray(columns[name], dtype=np.float64), np.array(tasks, dtype=np.int64)

    base, other = part(theirs), part(ours)
    return difference(base, other)


def _means(columns: dict[str, Any]) -> dict[str, float]:
    """Share of right answers by task, of those that have graded episodes."""
    told: dict[str, list[float]] = {}
    values = np.asarray(columns["is_correct"], dtype=np.float64).tolist()
    for task, value in zip(columns["task_id"], values, strict=True):
        if np.isfinite(value):
            told.setdefault(task, []).append(value)
    return {task: sum(values) / len(values) for task, values in told.items()}


def _check_questions(run: Run, ours: dict[str, Any], baseline: Run, theirs: dict[str, Any]) -> None:
    """Two corpora may give different tasks the same id: "q1"."""
    asked = dict(zip(theirs["task_id"], theirs["question"], strict=True))
    for task, question in zip(ours["task_id"], ours["question"], strict=True):
        other = asked.get(task)
        if question and other and question != other:
            raise ValueError(
                f"task {task!r} asks {question!r} in {run.path} and {other!r} in {baseline.path}; "
                "runs over the same tasks are needed"
            )


def _different(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Settings that differ, as far as both runs know them."""
    told = []
    for name in SETTINGS:
        if not all(name in info.get("env", {}) for info in (ours, theirs)):
            continue
        now, before = ours["env"][name], theirs["env"][name]
        if now != before:
            told.append(f"{name}: {_short(now)}, the baseline {_short(before)}")
    for name in ("scoring", "sqlite"):
        now, before = (info.get("versions", {}).get(name) for info in (ours, theirs))
        if None not in (now, before) and now != before:
            told.append(f"version of {name}: {_short(now)}, the baseline {_short(before)}")
    return told


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _told(found: Difference) -> dict[str, Any]:
    return {
        "difference": found.estimate,
        "better": found.num_better,
        "worse": found.num_worse,
    }
