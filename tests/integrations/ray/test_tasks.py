"""Tasks come in the order of one environment; groups, masks, seeds and states included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from finqa_gym import SynthConfig, VectorEnv, synthetic
from integrations.ray.rows_equal import assert_same_infos
from small_corpus import small_corpus

pytest.importorskip("ray", reason="the extra ray is not installed")

Pair = Callable[..., tuple[Any, VectorEnv]]


def test_every_kind_of_reset_gives_the_tasks_of_the_local_environment(pair: Pair) -> None:
    env, local = pair(12, group_size=2, split="train", seed=4)
    first = np.arange(12) < 2
    middle = (np.arange(12) >= 4) & (np.arange(12) < 8)  # the end of one shard and the next
    resets: list[dict[str, Any]] = [
        {},
        {"reset_mask": first},
        {"reset_mask": middle},
        {"task_ids": small_corpus().task_ids("train", 6)},
        {"task_ids": [3, 5], "reset_mask": middle},
        {},
        {"seed": 77, "reset_mask": first},  # starts the order of the other shard again, too
        {"reset_mask": ~first},
        {"seed": [*range(100, 106), *[None] * 6]},
        {"seed": [None] * 11 + [3]},
        {"reset_mask": middle},
        {"seed": 1},
        {},
    ]
    for how in resets:
        observations, infos = env.reset(**how)
        expected, expected_infos = local.reset(**how)
        assert observations == expected, how
        assert_same_infos(infos, expected_infos)
        assert env.state_dict() == local.state_dict()


def test_an_endless_split_is_sharded_without_being_listed(sharded: Callable[..., Any]) -> None:
    corpus = synthetic(2, SynthConfig.preset("tiny", train_companies=None))
    env = sharded(6, corpus=corpus, split="train", num_shards=3)
    local = VectorEnv(corpus, 6, split="train")
    for _ in range(2):
        assert env.reset()[0] == local.reset()[0]


def test_a_state_goes_on_in_either_kind_of_environment(pair: Pair) -> None:
    env, local = pair(8, group_size=2, seed=6)
    env.reset()
    env.reset(reset_mask=[True, True, *[False] * 6])
    state = env.state_dict()
    local.load_state_dict(state)
    expected = [env.reset()[0] for _ in range(3)]
    assert [local.reset()[0] for _ in range(3)] == expected
    env.load_state_dict(state)
    assert [env.reset()[0] for _ in range(3)] == expected


def test_a_state_of_another_environment_is_refused(plain: tuple[Any, VectorEnv]) -> None:
    env, _ = plain
    other = VectorEnv(small_corpus(), 4)
    with pytest.raises(ValueError, match="num_envs=4, this environment has num_envs=8"):
        env.load_state_dict(other.state_dict())


def test_a_group_may_not_lie_in_two_shards(cluster: Any) -> None:
    from finqa_gym.integrations.ray import ShardedVectorEnv

    assert cluster.is_initialized()
    with pytest.raises(ValueError, match="group_size is 4; it must divide the 6 slots of a shard"):
        ShardedVectorEnv(num_envs=12, num_shards=2, group_size=4)
    with pytest.raises(ValueError, match="num_envs is 9; it must be a multiple of num_shards"):
        ShardedVectorEnv(num_envs=9, num_shards=2)
