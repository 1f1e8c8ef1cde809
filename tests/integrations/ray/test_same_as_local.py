"""The same actions give the same rows as in one `VectorEnv`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from finqa_gym import PythonCriterion, ScriptedPolicy, StepBatch, UserTool, VectorEnv
from integrations.ray.rows_equal import assert_same, assert_same_infos

pytest.importorskip("ray", reason="the extra ray is not installed")

Pair = Callable[..., tuple[Any, VectorEnv]]


def reset_both(env: Any, local: VectorEnv, **how: Any) -> tuple[list[str], dict[str, Any]]:
    observations, infos = env.reset(**how)
    expected, expected_infos = local.reset(**how)
    assert observations == expected
    assert_same_infos(infos, expected_infos)
    return observations, infos


def by_slot(batches: Sequence[StepBatch]) -> dict[int, tuple[str, float, int]]:
    return {
        int(slot): (text, float(reward), int(turn))
        for b in batches
        for slot, text, reward, turn in zip(
            b.env_ids, b.observations, b.rewards, b.infos["turn"], strict=True
        )
    }


@pytest.mark.parametrize("profile", ["rllm", "openenv"])
def test_whole_episodes_are_those_of_the_local_environment(pair: Pair, profile: str) -> None:
    env, local = pair(12, group_size=3, split="train", seed=5, tool_profile=profile)
    rewards = np.zeros(12)
    for name in ("recovery", "guess"):
        policy = ScriptedPolicy(name, local)
        live, texts = (infos := reset_both(env, local)[1])["env_id"], [""] * 12
        policy.reset(live, infos["task_index"])
        while len(live):
            actions = policy.act(live, texts)
            batch = env.step(actions, env_ids=live)
            assert_same(batch, local.step(actions, env_ids=live))
            rewards[batch.env_ids] += batch.rewards
            live, texts = batch.running()
    assert rewards.max() == 1.0, "some are scored right"
    assert env.stats()["episodes_terminated"] == local.stats()["episodes_terminated"] > 0
    assert env.stats()["tool_errors"] == local.stats()["tool_errors"]


def test_the_interface_is_that_of_the_local_environment(plain: tuple[Any, VectorEnv]) -> None:
    env, local = plain
    names = {name for name in dir(local) if not name.startswith("_")}
    assert names - set(dir(env)) == set()
    for name in names:
        value = getattr(local, name)
        if callable(value):
            mine = inspect.signature(getattr(env, name)).parameters
            theirs = inspect.signature(value).parameters
            assert list(mine.values()) == list(theirs.values()), name
        elif name not in ("num_threads", "corpus"):
            assert getattr(env, name) == value, name
    assert env.corpus.content_hash == local.corpus.content_hash


def test_a_scripted_policy_takes_the_sharded_environment(plain: tuple[Any, VectorEnv]) -> None:
    env, local = plain
    _, infos = reset_both(env, local, seed=1)
    mine, theirs = ScriptedPolicy("gold", env), ScriptedPolicy("gold", local)
    for policy in (mine, theirs):
        policy.reset(infos["env_id"], infos["task_index"])
    texts = [""] * 8
    assert mine.act(range(8), texts) == theirs.act(range(8), texts)


ODD = [
    "FINAL ANSWER: 5 € \u2013 6 £",
    '<tool_call>{"name": "calculator", "arguments": {"expression": "1+1"}}</tool_call>',
    "\ud800 a lone surrogate \U0001f600",
    "",
    {"content": None, "tool_calls": []},
    {"role": "assistant", "content": "FINAL ANSWER: ü"},
    {
        "content": "I look.",
        "tool_calls": [
            {"id": "c1", "function": {"name": "calculator", "arguments": '{"expression": "2*3"}'}},
            {"id": "c2", "function": {"name": "nonsense", "arguments": "{"}},
        ],
    },
    {"content": "\ud83d", "tool_calls": [{"function": {"name": "calculator", "arguments": None}}]},
    {"tool_calls": "not a list"},
    {
        "tool_calls": [
            {"function": {"name": "calculator", "arguments": {"expression": float("nan")}}}
        ]
    },
    '<tool_call>{"name": "calculator", "argum',
    "a\x00b\r\n\u2028",
]


@pytest.mark.parametrize("nested", [10, 500, 100_000])
def test_odd_actions_arrive_as_they_are(pair: Pair, nested: int) -> None:
    env, local = pair(16)
    reset_both(env, local)
    deep: Any = "x"
    for _ in range(nested):
        deep = [deep]
    actions: list[Any] = [*ODD, {"tool_calls": deep}, "x" * 70_000, "", "last"]
    reasons = [None, "stop", "length", None] * 4
    tokens: list[Any] = [None, 3, (1, 2), (None, 7)] * 4
    assert_same(
        env.step(actions, reasons, num_tokens=tokens),
        local.step(actions, reasons, num_tokens=tokens),
    )


def test_send_and_recv_bring_the_same_rows_in_any_order(
    plain: tuple[Any, VectorEnv],
) -> None:
    env, local = plain
    reset_both(env, local, seed=2)
    actions = [f"FINAL ANSWER: {slot}" if slot % 2 else "hello" for slot in range(8)]
    env.send(actions)
    assert env.num_pending == 8
    batches = [env.recv(3), env.recv(1), env.recv(4)]
    assert [len(batch) for batch in batches] == [3, 1, 4]
    expected = local.step(actions)
    assert by_slot(batches) == by_slot([expected])
    for batch in batches:
        assert batch.messages == [expected.messages[slot] for slot in batch.env_ids]
    env.send(["again", "and again"], [6, 0])
    rows = len(env.recv(1, or_more=True))
    assert len(env.recv(2 - rows)) == 2 - rows


def test_slots_of_one_shard_can_have_several_calls_under_way(
    plain: tuple[Any, VectorEnv],
) -> None:
    env, local = plain
    reset_both(env, local, seed=3)
    for slot in (2, 0, 3, 1):
        env.send([f"message for {slot}"], [slot])
    batch = env.recv(4)
    assert batch.env_ids.tolist() == [2, 0, 3, 1], "in the order in which they were sent"
    assert by_slot([batch]) == by_slot(
        [local.step([f"message for {s}" for s in range(4)], env_ids=range(4))]
    )


def test_next_step_autoreset_draws_the_same_tasks(pair: Pair) -> None:
    env, local = pair(8, group_size=2, autoreset_mode="next_step", split="train", max_turns=3)
    reset_both(env, local, seed=9)
    ended = 0
    for turn in range(9):
        actions = ["FINAL ANSWER: 1" if (slot + turn) % 3 == 0 else "hm" for slot in range(8)]
        batch = env.step(actions)
        assert_same(batch, local.step(actions))
        ended += int(batch.terminated.sum())
        assert env.state_dict() == local.state_dict()
    assert ended > 8


def test_truncate_ends_and_scores_episodes(
    plain: tuple[Any, VectorEnv],
) -> None:
    env, local = plain
    reset_both(env, local, seed=4)
    assert_same(env.step(["hello"] * 8), local.step(["hello"] * 8))
    assert_same(env.truncate([6, 1]), local.truncate([6, 1]))
    assert env.episode(6) == local.episode(6)
    assert env.messages(3) == local.messages(3)
    assert len(env.messages(3)) == 4


def test_tools_and_criteria_of_the_user_run_in_the_shards(pair: Pair) -> None:
    def shout(calls: list[dict[str, Any]]) -> list[str]:
        return [str(call["text"]).upper() for call in calls]

    def short(episodes: list[dict[str, Any]]) -> list[float]:
        return [1.0 / len(episode["messages"]) for episode in episodes]

    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    tool = UserTool(shout, name="shout", description="Shouts.", parameters=schema)
    env, local = pair(6, tools=[tool], criteria=[PythonCriterion("short", short)], reward="shaped")
    reset_both(env, local)
    call = '<tool_call>{"name": "shout", "arguments": {"text": "no"}}</tool_call>'
    batch = env.step([call, "x", call, call, "x", "FINAL ANSWER: 3"])
    assert batch.observations[3] == "NO"
    assert_same(batch, local.step([call, "x", call, call, "x", "FINAL ANSWER: 3"]))
    assert batch.infos["custom_score"][5, 0] == np.float32(1 / 3), "system, user, assistant"
    assert env.rubric_schema == local.rubric_schema


def test_what_a_tool_raises_is_raised_here_and_the_rest_goes_on(
    sharded: Callable[..., Any],
) -> None:
    def picky(calls: list[dict[str, Any]]) -> list[str]:
        raise ZeroDivisionError(f"{len(calls)} calls")

    schema: dict[str, Any] = {"type": "object", "properties": {}}
    tool = UserTool(picky, name="picky", description="Raises.", parameters=schema)
    env = sharded(4, tools=[tool])
    env.reset()
    call = '<tool_call>{"name": "picky", "arguments": {}}</tool_call>'
    with pytest.raises(ZeroDivisionError, match="1 calls"):
        env.step(["x", call, "FINAL ANSWER: 1", "x"])
    assert env.num_pending == 0
    assert env.episode(2)["status"] == "terminated", "the step of the other shard was made"
    assert env.step(["x", "y", "z"], env_ids=[0, 1, 3]).infos["turn"].tolist() == [2, 2, 2]
    env.send([call, "x"], [1, 3])
    outcomes: list[Any] = []
    while env.num_pending:
        try:
            outcomes.append(env.recv(1).env_ids.tolist())
        except ZeroDivisionError:  # noqa: PERF203 - once
            outcomes.append("raised")
    assert sorted(outcomes, key=str) == [[3], "raised"], "the row of the other shard is not lost"
