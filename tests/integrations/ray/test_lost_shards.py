"""A shard that dies or hangs costs its running episodes and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from finqa_gym import ScriptedPolicy, StepBatch, UserTool, VectorEnv, load, open_run
from integrations.ray.rows_equal import assert_same
from small_corpus import small_corpus

pytest.importorskip("ray", reason="the extra ray is not installed")

Make = Callable[..., Any]
Pair = Callable[..., tuple[Any, VectorEnv]]
NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}


def kill(env: Any, shard: int) -> None:
    """Kills the process of a shard, and waits until it is gone."""
    pid = env.process_ids[shard]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and Path(f"/proc/{pid}/stat").exists():
        time.sleep(0.01)


def reasons(env: Any, batch: StepBatch) -> list[str]:
    return [env.truncation_reasons[code] for code in batch.infos["truncation_reason"]]


def play(env: Any, policy: ScriptedPolicy, infos: dict[str, Any]) -> dict[int, float]:
    """Rewards by slot of the episodes that just began."""
    policy.reset(infos["env_id"], infos["task_index"])
    live, texts = infos["env_id"], [""] * len(infos["env_id"])
    rewards = dict.fromkeys(live.tolist(), 0.0)
    while len(live):
        batch = env.step(policy.act(live, texts), env_ids=live)
        for slot, reward in zip(batch.env_ids.tolist(), batch.rewards.tolist(), strict=True):
            rewards[slot] += reward
        live, texts = batch.running()
    return rewards


def test_episodes_of_a_killed_shard_are_truncated_and_the_others_go_on(pair: Pair) -> None:
    env, local = pair(8, group_size=2, split="train", seed=1)
    _, infos = env.reset()
    local.reset()
    assert_same(env.step(["hm"] * 8), local.step(["hm"] * 8))
    kill(env, 0)
    batch, expected = env.step(["hm"] * 8), local.step(["hm"] * 8)
    assert batch.env_ids.tolist() == list(range(8))
    assert batch.truncated.tolist() == [True] * 4 + [False] * 4
    assert not batch.terminated.any()
    assert not batch.rewards.any()
    assert reasons(env, batch) == ["infra_backend"] * 4 + [""] * 4
    assert batch.infos["task_index"].tolist() == infos["task_index"].tolist()
    assert batch.infos["turn"].tolist() == [1] * 4 + [2] * 4
    assert batch.observations == [""] * 4 + expected.observations[4:]
    assert batch.messages == [[]] * 4 + expected.messages[4:]
    for name, column in expected.infos.items():
        assert (batch.infos[name].dtype, batch.infos[name].shape) == (column.dtype, column.shape)
        np.testing.assert_array_equal(batch.infos[name][4:], column[4:], err_msg=name)
    schema = env.rubric_schema
    assert [schema.failures[code] for code in batch.infos["failure"][:4]] == ["infra_fault"] * 4
    assert batch.infos["flags"][0].tolist() == [flag == "infra_fault" for flag in schema.flags]
    assert not batch.infos["is_correct"].any()
    assert "shard 0 died" in batch.infos["infra_error"][0]
    assert batch.infos["infra_error"][7] is None
    # The tasks that come next are those that would have come, and are played to a score.
    mask = batch.truncated
    observations, infos = env.reset(reset_mask=mask)
    again, _ = local.reset(reset_mask=mask)
    assert observations == again
    assert play(env, ScriptedPolicy("gold", env), infos) == dict.fromkeys(range(4), 1.0)
    stats = env.stats()
    assert (stats["num_rebuilt_shards"], stats["num_lost_episodes"]) == (1, 4)
    assert stats["infra_faults"] == 4


def test_every_lost_episode_is_reported_when_its_slot_is_next_acted_on(sharded: Make) -> None:
    env = sharded(8)
    env.reset()
    kill(env, 1)
    batch = env.step(["hm", "hm"], env_ids=[0, 5])
    assert batch.truncated.tolist() == [False, True]
    batch = env.step(["hm", "hm", "hm"], env_ids=[7, 1, 4])
    assert batch.env_ids.tolist() == [1, 4, 7]
    assert batch.truncated.tolist() == [False, True, True]
    assert env.truncate([6, 2]).infos["truncation_reason"].tolist() == [
        env.truncation_reasons.index("token_limit"),
        env.truncation_reasons.index("infra_backend"),
    ]
    with pytest.raises(Exception, match="the episode of env 5 is over"):
        env.step(["hm"], env_ids=[5])
    assert env.episode(5) is None
    assert env.messages(5) == []


@pytest.mark.parametrize("noticed", ["while receiving", "before"])
def test_a_shard_that_dies_with_work_under_way_answers_all_of_it(
    sharded: Make, noticed: str
) -> None:
    def fall(calls: list[dict[str, Any]]) -> list[str]:
        os.kill(os.getpid(), signal.SIGKILL)
        return ["" for _ in calls]

    tool = UserTool(fall, name="fall", description="Kills.", parameters=NO_ARGUMENTS)
    env = sharded(8, tools=[tool])
    env.reset()
    env.send(["a", "b"], [0, 1])
    env.stats()  # a shard answers in order: what was sent before is answered now
    env.send(['<tool_call>{"name": "fall", "arguments": {}}</tool_call>'], [2])
    env.send(["c"], [3])
    env.send(["d"] * 4, [4, 5, 6, 7])
    if noticed == "before":
        env.stats()
    batches = [env.recv(4), env.recv(4)]
    rows = {
        int(slot): bool(over)
        for batch in batches
        for slot, over in zip(batch.env_ids, batch.truncated, strict=True)
    }
    # 0 and 1 had their answer before; their episodes are reported by their next action.
    assert rows == {0: False, 1: False, 2: True, 3: True, 4: False, 5: False, 6: False, 7: False}
    assert env.num_pending == 0
    assert env.step(["e"] * 3, env_ids=[0, 1, 4]).truncated.tolist() == [True, True, False]


def test_a_reset_that_meets_a_dead_shard_is_made_in_the_new_one(pair: Pair) -> None:
    env, local = pair(8, group_size=2, split="train", seed=8)
    assert env.reset()[0] == local.reset()[0]
    kill(env, 0)
    kill(env, 1)
    assert env.reset()[0] == local.reset()[0]
    assert_same(env.step(["hm"] * 8), local.step(["hm"] * 8))
    assert env.state_dict() == local.state_dict()


def test_next_step_autoreset_goes_on_after_a_death(pair: Pair) -> None:
    env, local = pair(4, autoreset_mode="next_step", split="train")
    env.reset()
    local.reset()
    actions = ["FINAL ANSWER: 1", "hm", "FINAL ANSWER: 1", "hm"]
    assert_same(env.step(actions), local.step(actions))
    kill(env, 0)
    kill(env, 1)
    env.stats()  # the deaths are noticed here, before slots 0 and 2 start again
    batch = env.step(["hm"] * 4)
    assert batch.infos["was_reset"].tolist() == [True, False, True, False]
    assert batch.truncated.tolist() == [False, True, False, True]
    expected = local.step(["hm"] * 4)
    assert [batch.observations[0], batch.observations[2]] == [
        expected.observations[0],
        expected.observations[2],
    ]
    assert env.step(["hm"] * 4).infos["was_reset"].tolist() == [False, True, False, True]


def test_a_death_while_the_shard_is_made_again_is_one_more_death(
    sharded: Make, tmp_path: Path
) -> None:
    def spring(folder: str) -> Callable[[list[dict[str, Any]]], list[str]]:
        for file in Path(folder).iterdir():
            file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return lambda calls: ["" for _ in calls]

    class Sprung:
        def __call__(self, calls: list[dict[str, Any]]) -> list[str]:
            return ["" for _ in calls]

        def __reduce__(self) -> Any:
            return spring, (str(tmp_path),)

    tool = UserTool(Sprung(), name="none", description="None.", parameters=NO_ARGUMENTS)
    env = sharded(4, tools=[tool])
    env.reset()
    (tmp_path / "once").touch()
    (tmp_path / "twice").touch()
    kill(env, 1)
    assert env.step(["hm"] * 4).truncated.tolist() == [False, False, True, True]
    env.reset()
    assert env.stats()["num_rebuilt_shards"] == 3
    assert not env.step(["hm"] * 4).truncated.any()


def test_too_many_deaths_are_an_error_that_says_so(sharded: Make) -> None:
    from finqa_gym.integrations.ray import ShardLostError

    env = sharded(4, max_rebuilds=1)
    env.reset()
    kill(env, 0)
    assert env.step(["hm"] * 4).truncated.tolist() == [True, True, False, False]
    env.stats()  # waits for the new shard
    kill(env, 0)
    for _ in range(2):
        with pytest.raises(ShardLostError, match=r"shard 0 died .*max_rebuilds=1"):
            env.reset()
    env.close()


def test_a_shard_that_cannot_be_made_again_is_an_error_with_its_cause(
    sharded: Make, tmp_path: Path
) -> None:
    from finqa_gym.integrations.ray import ShardLostError

    small_corpus().save(tmp_path / "corpus")
    env = sharded(4, corpus=load(tmp_path / "corpus"))
    env.reset()
    shutil.rmtree(tmp_path / "corpus")
    kill(env, 1)
    with pytest.raises(ShardLostError, match="shard 1 could not be made again: FileNotFoundError"):
        env.reset()


def slow_tool(seconds: float) -> UserTool:
    def wait(calls: list[dict[str, Any]]) -> list[str]:
        time.sleep(seconds)
        return ["waited" for _ in calls]

    return UserTool(wait, name="wait", description="Waits.", parameters=NO_ARGUMENTS)


WAIT = '<tool_call>{"name": "wait", "arguments": {}}</tool_call>'


def test_a_slow_shard_does_not_hold_up_the_others(sharded: Make) -> None:
    env = sharded(4, tools=[slow_tool(1.5)])
    env.reset()
    env.send([WAIT, "hm", "hm", "hm"])
    began = time.monotonic()
    for turn in range(1, 4):
        batch = env.recv(2)
        assert batch.env_ids.tolist() == [2, 3]
        assert batch.infos["turn"].tolist() == [turn, turn]
        env.send(["hm"] * 2, batch.env_ids)
    assert time.monotonic() - began < 1.4
    slots = [slot for _ in range(2) for slot in env.recv(2).env_ids.tolist()]
    assert sorted(slots) == [0, 1, 2, 3]


def test_a_shard_that_takes_too_long_is_reported_and_can_be_waited_for(sharded: Make) -> None:
    from finqa_gym.integrations.ray import ShardTimeoutError

    env = sharded(4, tools=[slow_tool(1.0)], timeout_s=0.3)
    env.reset()
    with pytest.raises(ShardTimeoutError, match=r"shard 0 has not answered step\(\) for 0.3 s"):
        env.step([WAIT, "hm", "hm", "hm"])
    assert env.num_pending == 4
    batches = []
    deadline = time.monotonic() + 20
    while env.num_pending:
        assert time.monotonic() < deadline
        try:
            batches.append(env.recv(1))
        except TimeoutError:
            continue
    assert sorted(int(batch.env_ids[0]) for batch in batches) == [0, 1, 2, 3]
    assert not any(batch.truncated.any() for batch in batches)


def test_rows_of_a_step_that_was_interrupted_are_received_later(sharded: Make) -> None:
    env = sharded(4, tools=[slow_tool(1.0)])
    env.reset()
    interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        env.step([WAIT, "hm", "hm", "hm"])
    interrupt.join()
    batch = env.recv(env.num_pending)
    assert sorted(batch.env_ids.tolist()) == [0, 1, 2, 3]
    assert not batch.truncated.any()


def test_a_shard_that_takes_too_long_can_be_made_again(sharded: Make) -> None:
    env = sharded(4, tools=[slow_tool(60)], timeout_s=0.5, on_timeout="rebuild")
    env.reset()
    batch = env.step([WAIT, "hm", "hm", "hm"])
    assert reasons(env, batch) == ["infra_timeout", "infra_timeout", "", ""]
    assert "has not answered step() for 0.5 s" in batch.infos["infra_error"][1]
    env.reset()
    assert not env.step(["hm"] * 4).truncated.any()


def test_messages_of_an_earlier_batch_are_gone_and_say_so(sharded: Make) -> None:
    env = sharded(4)
    env.reset()
    first, second = env.step(["hm"] * 4), env.step(["hm"] * 4)
    with pytest.raises(LookupError, match="read them before that"):
        _ = first.messages
    kill(env, 0)
    with pytest.raises(LookupError, match="or it dies"):
        _ = second.messages


def test_a_recording_survives_a_death(sharded: Make, tmp_path: Path) -> None:
    env = sharded(4, record=tmp_path / "run")
    env.reset()
    env.policy = "mine"
    env.step(["FINAL ANSWER: 1"] * 3, env_ids=[0, 2, 3])
    kill(env, 0)
    env.reset()
    env.policy_step = 7
    env.step(["FINAL ANSWER: 2"] * 4)
    env.close()
    runs = {path.name: open_run(path) for path in (tmp_path / "run").iterdir()}
    assert {name: run.num_episodes for name, run in runs.items()} == {
        "shard-0": 1,
        "shard-1": 4,
        "shard-0-rebuilt-1": 2,
    }
    assert runs["shard-0"].num_lost == 1
    assert runs["shard-1"].name == "run/shard-1"
    episodes = list(runs["shard-0-rebuilt-1"])
    assert [(e["policy"], e["policy_step"]) for e in episodes] == [("mine", 7)] * 2
