"""Arguments that cannot work: the error names the argument, the value and what is right."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import finqa_gym
from small_corpus import small_corpus

CORPUS = small_corpus(2)


def make(**options: Any) -> finqa_gym.VectorEnv:
    return finqa_gym.VectorEnv(CORPUS, **{"num_envs": 4, "group_size": 2, **options})


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"num_envs": 2.0}, TypeError, "num_envs is 2.0 (float); an int is needed"),
        ({"num_envs": None}, TypeError, "num_envs is None (NoneType)"),
        ({"num_envs": -1}, ValueError, "num_envs is -1; it must be at least 1"),
        ({"seed": 2**64}, ValueError, "it must be below 18446744073709551616"),
        ({"max_turns": "7"}, TypeError, "max_turns is '7' (str); an int is needed"),
        ({"shuffle": 1}, TypeError, "shuffle is 1 (int); True or False is needed"),
        ({"answer_mode": None}, TypeError, "answer_mode is None (NoneType); a str is needed"),
        ({"tools": [len]}, TypeError, "a UserTool is needed"),
        ({"tool_names": ["a"]}, TypeError, "a dict from old to new names, or None is needed"),
    ],
)
def test_an_option_that_cannot_work_is_named(
    options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind) as caught:
        make(**options)
    assert text in str(caught.value)


def test_a_path_is_no_corpus() -> None:
    with pytest.raises(TypeError, match=r"corpus is 'synthetic' \(str\); a Corpus"):
        finqa_gym.VectorEnv("synthetic")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda e: e.step(["a"], env_ids=[1.0]), TypeError, "env_ids[0] is 1.0 (float)"),
        (lambda e: e.step(["a"], env_ids=3), TypeError, "env_ids is 3 (int); a sequence of ints"),
        (lambda e: e.step(["a"] * 4, env_ids=np.ones(4, bool)), TypeError, "np.flatnonzero"),
        (lambda e: e.step(["a", "b"], env_ids=[1, 1]), ValueError, "env_ids holds 1 twice"),
        (lambda e: e.send(["a", "b"], env_ids=[1, 1]), ValueError, "env_ids holds 1 twice"),
        (lambda e: e.recv("3"), TypeError, "batch_size is '3' (str)"),
        (lambda e: e.reset(task_ids=[0.5, 1]), TypeError, "task_ids[0] is 0.5 (float)"),
        (lambda e: e.reset(task_ids="ab"), TypeError, "a sequence with a task for each group"),
        (lambda e: e.reset(seed=[1, "a", 3, 4]), TypeError, "seed[1] is 'a' (str)"),
        (lambda e: e.reset(reset_mask=[2, 3, 0, 0]), TypeError, "one bool for each slot"),
        (lambda e: e.episode(-1), ValueError, "env_id is -1"),
        (lambda e: e.load_state_dict(None), TypeError, "as state_dict() returns it"),
    ],
)
def test_an_argument_that_cannot_work_is_named_and_nothing_is_started(
    call: Callable[[finqa_gym.VectorEnv], object], kind: type[Exception], text: str
) -> None:
    with make() as env:
        env.reset()
        with pytest.raises(kind) as caught:
            call(env)
        assert text in str(caught.value)
        assert env.num_pending == 0
        assert env.step(["a"] * 4).infos["turn"].tolist() == [1] * 4


def test_numpy_values_and_iterables_are_taken() -> None:
    with make(num_envs=np.int64(4), seed=np.uint64(3), shuffle=np.bool_(True)) as env:
        env.reset(task_ids=np.array([0, 1]), reset_mask=np.array([True] * 4))  # type: ignore[arg-type]
        for ids in (np.array([3, 1]), [np.int64(3), 1], range(1, 4, 2), (i for i in (3, 1))):
            batch = env.step(iter(["a", "b"]), env_ids=ids)  # type: ignore[arg-type]
            assert sorted(batch.env_ids.tolist()) == [1, 3]


def test_a_batch_can_be_pickled_and_an_environment_says_why_not() -> None:
    with make() as env:
        env.reset()
        batch = env.step(["a"] * 4)
        again = pickle.loads(pickle.dumps(batch))
        assert again.messages == batch.messages
        assert again.observations == batch.observations
        assert again.env_ids.tolist() == batch.env_ids.tolist()
        for refused in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="make it in the process that uses it"):
                refused(env)
    assert copy.deepcopy(CORPUS) is CORPUS
    with pytest.raises(TypeError, match="load it in the process that uses it"):
        pickle.dumps(CORPUS)


def test_a_tool_that_cannot_work_is_refused_when_it_is_made() -> None:
    with pytest.raises(TypeError, match="which cannot be called"):
        finqa_gym.UserTool(3, name="a", description="", parameters={})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no JSON schema"):
        finqa_gym.UserTool(list, name="a", description="", parameters={"x": object()})  # type: ignore[arg-type]
