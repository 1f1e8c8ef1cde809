"""What cannot work is refused as `VectorEnv` refuses it, before a shard starts anything."""

from __future__ import annotations

import copy
import os
import pickle
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from finqa_gym import ClosedEnvError, Corpus, DataError, UserTool, VectorEnv, load
from small_corpus import small_corpus

pytest.importorskip("ray", reason="the extra ray is not installed")

Make = Callable[..., Any]

REFUSED: dict[str, Callable[[Any], Any]] = {
    "one str": lambda env: env.step("FINAL ANSWER: 1"),
    "too few actions": lambda env: env.step(["x"]),
    "too many actions": lambda env: env.step(["x", "x"], env_ids=[3]),
    "no action": lambda env: env.step(["x", "x", "x", 4]),
    "bad content": lambda env: env.step([{"content": 4}], env_ids=[3]),
    "bad calls": lambda env: env.step([{"tool_calls": [object()]}], env_ids=[3]),
    "bad reason": lambda env: env.step(["x"], [4], env_ids=[3]),
    "one reason": lambda env: env.step(["x"] * 4, "stop"),
    "reasons": lambda env: env.step(["x"] * 4, ["stop"] * 3),
    "bad tokens": lambda env: env.step(["x"], env_ids=[3], num_tokens=["many"]),
    "tokens": lambda env: env.step(["x"], env_ids=[3], num_tokens=[1, 2]),
    "no such slot": lambda env: env.step(["x"], env_ids=[4]),
    "negative slot": lambda env: env.step(["x"], env_ids=[-1]),
    "mask as ids": lambda env: env.step(["x"], env_ids=[True]),
    "never reset": lambda env: env.step(["x", "x"], env_ids=[3, 0]),
    "twice": lambda env: env.step(["x", "x"], env_ids=[3, 3]),
    "recv too many": lambda env: env.recv(1),
    "recv a text": lambda env: env.recv("1"),
    "truncate never reset": lambda env: env.truncate([3, 0]),
    "one task": lambda env: env.reset(task_ids="x"),
    "tasks": lambda env: env.reset(task_ids=[1, 2, 3]),
    "no such task": lambda env: env.reset(task_ids=["nothing"] * 4),
    "no task number": lambda env: env.reset(task_ids=[10**6] * 4),
    "mask": lambda env: env.reset(reset_mask=[True]),
    "mask of texts": lambda env: env.reset(reset_mask=["x"] * 4),
    "seeds": lambda env: env.reset(seed=[1, 2]),
    "seed": lambda env: env.reset(seed="x"),
    "messages": lambda env: env.messages(4),
    "episode": lambda env: env.episode(-1),
    "state": lambda env: env.load_state_dict([]),
    "policy": lambda env: setattr(env, "policy", 3),
}


def test_wrong_arguments_raise_what_the_local_environment_raises(sharded: Make) -> None:
    env, local = sharded(4), VectorEnv(small_corpus(), 4)
    mask = [False, True, True, True]
    env.reset(reset_mask=mask)
    local.reset(reset_mask=mask)
    for name, call in REFUSED.items():
        with pytest.raises(Exception) as expected:  # noqa: PT011 - compared below
            call(local)
        with pytest.raises(Exception) as raised:  # noqa: PT011
            call(env)
        assert type(raised.value) is type(expected.value), name
        assert str(raised.value) == str(expected.value), name
    assert env.num_pending == 0
    assert env.step(["x"] * 3, env_ids=[1, 2, 3]).infos["turn"].tolist() == [1, 1, 1]


def test_a_slot_with_an_action_under_way_takes_no_other(sharded: Make) -> None:
    env, local = sharded(4), VectorEnv(small_corpus(), 4)
    calls: list[Callable[[Any], Any]] = [
        lambda e: e.send(["y"], [2]),
        lambda e: e.step(["y"], env_ids=[1]),
        lambda e: e.truncate([2]),
        lambda e: e.reset(),
        lambda e: e.episode(2),
        lambda e: e.messages(2),
    ]
    for each in (env, local):
        each.reset()
        each.send(["x"], [2])
    for call in calls:
        texts = []
        for each in (env, local):
            with pytest.raises(Exception, match="under way") as raised:
                call(each)
            texts.append(f"{type(raised.value)} {raised.value}")
        assert texts[0] == texts[1]
    others = [True, True, False, True]
    assert env.reset(reset_mask=others)[0] == local.reset(reset_mask=others)[0]
    assert len(env.recv(1)) == 1


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"autoreset_mode": "same_step"}, ValueError, '"disabled" and "next_step"'),
        ({"num_shards": 0}, ValueError, "num_shards is 0"),
        ({"num_threads": 0}, ValueError, "num_threads is 0; it must be at least 1"),
        ({"timeout_s": 0}, ValueError, "timeout_s is 0"),
        ({"on_timeout": "wait"}, ValueError, '"raise" or "rebuild" is needed'),
        ({"max_rebuilds": -1}, ValueError, "max_rebuilds is -1"),
        ({"split": "nowhere"}, Exception, "nowhere"),
        ({"max_turns": 0}, ValueError, "max_turns is 0"),
        ({"no_such_option": 1}, TypeError, "no_such_option"),
    ],
)
def test_options_that_cannot_work_are_refused(
    sharded: Make, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        sharded(4, **options)


def test_a_tool_that_cannot_be_sent_is_named(sharded: Make) -> None:
    lock = threading.Lock()

    def locked(calls: list[dict[str, Any]]) -> list[str]:
        with lock:
            return ["" for _ in calls]

    parameters: dict[str, Any] = {"type": "object", "properties": {}}
    tool = UserTool(locked, name="locked", description="Locks.", parameters=parameters)
    with pytest.raises(TypeError, match=r"tools\[0\] \('locked'\) cannot be sent to the shards"):
        sharded(4, tools=[tool])


def test_a_corpus_of_unknown_origin_is_refused(sharded: Make) -> None:
    corpus = Corpus(small_corpus()._native)
    with pytest.raises(ValueError, match=r"save\(\) it and load\(\) it"):
        sharded(4, corpus=corpus)


def test_another_corpus_in_the_shards_is_refused(sharded: Make, tmp_path: Path) -> None:
    corpus = small_corpus()
    corpus.save(tmp_path / "corpus")
    loaded = load(tmp_path / "corpus")
    corpus.select(range(10)).save(tmp_path / "corpus", overwrite=True)
    with pytest.raises(DataError, match=r"content hash .* on the driver"):
        sharded(4, corpus=loaded)


def test_a_cluster_that_is_too_small_is_named(sharded: Make) -> None:
    with pytest.raises(TimeoutError, match=r"'num_cpus': 64.*'CPU': 4\.0"):
        sharded(4, num_threads=64, start_timeout_s=1)


def test_close_ends_the_processes_and_may_be_called_twice(sharded: Make) -> None:
    with sharded(4) as env:
        env.reset()
        pids = env.process_ids
        env.send(["x"] * 4)
    env.close()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/stat").exists() for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for call in (env.reset, env.stats, lambda: env.step(["x"] * 4), lambda: env.recv(1)):
        with pytest.raises(ClosedEnvError, match="closed"):
            call()
    assert os.getpid() not in pids


def test_an_environment_is_neither_pickled_nor_copied(plain: tuple[Any, VectorEnv]) -> None:
    env, _ = plain
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="make it in the process that uses it"):
            attempt(env)
    assert repr(env).startswith("ShardedVectorEnv('synthetic-")


def test_a_batch_can_be_pickled_with_its_messages(plain: tuple[Any, VectorEnv]) -> None:
    env, _ = plain
    env.reset(seed=0)
    batch = env.step(["hm"] * 8)
    again = pickle.loads(pickle.dumps(batch))
    assert again.messages == batch.messages
    assert again.messages[0][0]["role"] == "tool"
