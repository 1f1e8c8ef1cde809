"""Two runs held against each other: numbers that can be worked out by hand, and real runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

from finqa_gym import write_run
from finqa_gym.evaluation import ScriptedEvaluation
from finqa_gym.evaluation.compare import compare
from finqa_gym.statistics import paired_difference

Made = Callable[..., Any]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A run of hand-made episodes: task -> outcome of each attempt."""
    number = 0

    def make(right: dict[str, Any], info: dict[str, Any] | None = None, **more: Any) -> Any:
        nonlocal number
        number += 1
        episodes = [
            {
                "task_id": task,
                "is_correct": value,
                "reward": None if value is None else float(value),
            }
            | {name: each.get(task) for name, each in more.items()}
            for task, values in right.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        return write_run(tmp_path / f"run{number}", info or {}, episodes)

    return make


def test_won_lost_and_both_of_single_attempts(made: Made) -> None:
    names = "abcdefghij"
    ours = dict(zip(names, [1, 1, 1, 1, 1, 0, 0, 0, 1, 1], strict=True))
    theirs = dict(zip(names, [1, 1, 0, 0, 0, 1, 0, 0, 1, 1], strict=True))
    found = compare(*(made({t: bool(v) for t, v in each.items()}) for each in (ours, theirs)))
    assert found.won == ["c", "d", "e"]
    assert found.lost == ["f"]
    assert (found.num_both, found.num_neither, found.num_alike) == (4, 2, 0)
    assert found.num_tasks == 10
    assert found.right.estimate.value == pytest.approx(0.2)
    assert (found.right.num_better, found.right.num_worse) == (3, 1)
    known = paired_difference(
        list(theirs.values()), list(names), list(ours.values()), list(names)
    ).difference
    assert (found.right.estimate.low, found.right.estimate.high) == (known.low, known.high)
    assert not found.right.is_clear
    assert found.reward is not None
    assert found.reward.estimate.value == pytest.approx(0.2)


def test_several_attempts_count_by_their_mean(made: Made) -> None:
    ours = made({"a": [True, True], "b": [True, False], "c": [False, False], "d": [True, False]})
    theirs = made({"a": [True, False], "b": [False, True], "c": [False], "d": [True, True, True]})
    found = compare(ours, theirs)
    assert (found.won, found.lost) == (["a"], ["d"])
    assert (found.num_both, found.num_neither, found.num_alike) == (0, 1, 1)
    assert found.right.estimate.value == pytest.approx((0.5 + 0 + 0 - 0.5) / 4)


def test_only_what_both_played_and_nobody_broke_counts(made: Made) -> None:
    faults = {"flags": {"b": {"infra_fault": True}}}
    ours = made({"a": True, "b": False, "c": True, "x": True}, **faults)
    theirs = made({"a": False, "b": True, "c": None, "y": True, "z": True})
    found = compare(ours, theirs)
    assert (found.num_tasks, found.won) == (1, ["a"])
    assert (found.num_only_run, found.num_only_baseline) == (2, 3)
    assert found.right.estimate.value == 1.0
    assert not found.right.estimate.has_interval
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["right"]["difference"] == {
        "value": 1.0,
        "low": None,
        "high": None,
        "n": 1,
    }


def test_nothing_in_common_is_an_error(made: Made) -> None:
    with pytest.raises(ValueError, match="share no task with a graded episode"):
        compare(made({"a": True}), made({"b": True}))
    with pytest.raises(ValueError, match="share no task"):
        compare(made({"a": None}), made({"a": True}))


def test_tasks_that_only_share_their_id_are_refused(made: Made) -> None:
    ours = made({"q1": True}, question={"q1": "What was revenue?"})
    theirs = made({"q1": True}, question={"q1": "What was debt?"})
    with pytest.raises(ValueError, match=r"task 'q1' asks 'What was revenue\?' in"):
        compare(ours, theirs)


def test_what_else_differs_is_said(made: Made) -> None:
    info = {
        "env": {"tool_profile": "rllm", "answer_mode": "strict", "max_turns": None},
        "versions": {"scoring": 1, "sqlite": "3.50"},
    }
    other = {
        "env": {"tool_profile": "compact", "answer_mode": "strict", "max_turns": 5},
        "versions": {"scoring": 2, "sqlite": "3.50"},
    }
    found = compare(made({"a": True}, info), made({"a": True}, other))
    assert found.different == [
        "tool_profile: rllm, the baseline compact",
        "max_turns: None, the baseline 5",
        "version of scoring: 1, the baseline 2",
    ]
    # A run from logs does not know its environment.
    assert compare(made({"a": True}), made({"a": True}, other)).different == []


def test_checks_are_compared_where_both_apply(made: Made) -> None:
    def checks(**scores: float) -> dict[str, Any]:
        return {task: {"budget": score} for task, score in scores.items()}

    right = dict.fromkeys("abc", True)
    found = compare(
        made(right, checks=checks(a=1.0, b=1.0)), made(right, checks=checks(a=0.5, c=0.0))
    )
    assert list(found.checks) == ["budget"]
    assert found.checks["budget"].estimate.value == 0.5
    assert found.checks["budget"].estimate.n == 1


def test_real_runs(play: Made, tasks: list[str]) -> None:
    gold, recovery, guess = (
        play(ScriptedEvaluation(name), name, attempts=2).run
        for name in ("gold", "recovery", "guess")
    )
    found = compare(guess, gold)
    assert found.lost == tasks
    assert found.right.estimate.value == -1.0
    assert found.right.is_clear
    same = compare(recovery, gold)
    assert (same.num_both, same.won, same.lost) == (len(tasks), [], [])
    assert same.right.estimate.value == 0
    assert not same.right.is_clear
    assert same.checks["listed_before_query"].estimate.value < 0
    assert (found.run, found.baseline, found.different) == ("guess", "gold", [])
