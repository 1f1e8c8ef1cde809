"""What an environment writes down: every finished episode, as the caller saw it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def test_every_episode_stands_in_the_run_as_the_caller_saw_it(
    finqa_gym: Any, record: Any, play: Any, tmp_path: Path
) -> None:
    env = record(24, group_size=2)
    seen = play(env, "recovery")
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    episodes = {episode["env_id"]: episode for episode in run}
    assert len(episodes) == len(run) == 24
    assert run.num_lost == run.num_running == run.num_abandoned == 0
    for slot, shown in enumerate(seen):
        episode = episodes[slot]
        assert episode["task_id"] == shown["task_id"]
        assert episode["prompt"] == shown["prompt"]
        assert [turn["action"] for turn in episode["turns"]] == shown["actions"]
        assert [
            [(m["id"], m["name"], m["content"]) for m in turn["messages"]]
            for turn in episode["turns"]
        ] == [
            [(m["tool_call_id"], m["name"], m["content"]) for m in messages]
            for messages in shown["messages"]
        ]
        assert episode["reward"] == pytest.approx(shown["reward"])
        assert episode["turns"][-1]["reward"] == episode["reward"]
        assert episode["group"] == slot // 2
    assert sorted(e["episode"] for e in episodes.values()) == list(range(24))
    assert not (tmp_path / "run" / "live").exists()


def test_a_record_says_what_the_environment_says_of_the_episode(
    finqa_gym: Any, record: Any, play: Any, tmp_path: Path
) -> None:
    env = record(16, measure_latency=True, reward="shaped")
    play(env, "guess")
    views = [env.episode(slot) for slot in range(16)]
    env.close()
    for episode in finqa_gym.open_run(tmp_path / "run"):
        view = views[episode["env_id"]]
        for name in ("task_id", "status", "submission", "is_correct", "failure", "wrong_answer"):
            assert (episode[name] or None) == (view[name] or None), name
        assert episode["answer_reason"] == (view["answer_reason"] or "")
        assert episode["failures"] == view["failures"]
        assert episode["flags"] == view["flags"]
        assert episode["reward"] == pytest.approx(view["reward"])
        for name, check in view["checks"].items():
            expected = check["score"]
            if expected is None:
                assert episode["checks"][name] is None
            else:
                assert episode["checks"][name] == pytest.approx(expected)
        assert [c["id"] for c in episode["criteria"]] == list(view["criteria"])
        assert len(episode["calls"]) == len(view["calls"]) == episode["num_calls"]
        for recorded, call in zip(episode["calls"], view["calls"], strict=True):
            for name in ("turn", "tool", "status", "error", "company", "table"):
                assert recorded[name] == call[name], name
        assert episode["tool_ms"] is None or 0 < episode["tool_ms"] <= episode["duration_ms"]


def test_policy_and_step_are_those_at_the_end_of_the_episode(
    finqa_gym: Any, record: Any, tmp_path: Path
) -> None:
    env = record(2, record=finqa_gym.Recording(tmp_path / "run", policy="base", policy_step=0))
    for step in range(3):
        env.reset()
        env.policy_step = step * 10
        env.step(["FINAL ANSWER: 1"] * 2)
    env.policy, env.policy_step = "other", None
    env.reset()
    env.step(["FINAL ANSWER: 1"] * 2)
    assert (env.policy, env.policy_step) == ("other", None)
    env.close()
    columns = finqa_gym.open_run(tmp_path / "run").columns(["policy", "policy_step"])
    assert columns["policy"] == ["base"] * 6 + ["other"] * 2
    assert columns["policy_step"][:6].tolist() == [0, 0, 10, 10, 20, 20]
    assert np.isnan(columns["policy_step"][6:]).all()


def test_truncated_and_length_limited_messages_are_recorded(
    finqa_gym: Any, record: Any, tmp_path: Path
) -> None:
    env = record(1, max_turns=2)
    env.reset()
    env.step(["hello"], ["length"], num_tokens=[7])
    env.step(["again"], [None], num_tokens=[(100, 5)])
    env.close()
    [episode] = finqa_gym.open_run(tmp_path / "run")
    assert (episode["status"], episode["truncation_reason"]) == ("truncated", "max_turns")
    assert [turn["length_limited"] for turn in episode["turns"]] == [True, False]
    assert [turn["num_tokens"] for turn in episode["turns"]] == [7, 5]
    assert (episode["num_prompt_tokens"], episode["num_completion_tokens"]) == (100, 12)
    assert episode["submission"] is None


def test_tokens_of_another_length_or_type_are_refused(record: Any) -> None:
    env = record(2)
    env.reset()
    with pytest.raises(ValueError, match="num_tokens has 1 entries, actions has 2"):
        env.step(["a", "b"], num_tokens=[1])
    with pytest.raises(TypeError, match=r"num_tokens\[1\] is 'many'"):
        env.step(["a", "b"], num_tokens=[1, "many"])


@pytest.mark.parametrize("mode", ["disabled", "next_step", "same_step"])
def test_every_way_to_reset_counts_each_episode_once(
    finqa_gym: Any, record: Any, tmp_path: Path, mode: str
) -> None:
    env = record(4, autoreset_mode=mode)
    env.reset()
    ended = 0
    for step in range(12):
        text = f"FINAL ANSWER: {step}" if step % 2 else "hello"
        batch = env.step([text] * 4)
        ended += int(batch.terminated.sum())
        if mode == "disabled" and batch.terminated.any():
            env.reset(reset_mask=batch.terminated)
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    assert run.num_episodes == ended > 0
    assert run.num_lost == 0
    numbers = run.columns(["episode"])["episode"].tolist()
    assert len(set(numbers)) == ended


def test_episodes_that_the_caller_gives_up_are_counted_and_not_recorded(
    finqa_gym: Any, record: Any, tmp_path: Path
) -> None:
    env = record(3)
    env.reset()
    env.step(["hello"] * 3)
    env.reset()
    env.step(["FINAL ANSWER: 1", "hello", "hello"])
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    assert (run.num_episodes, run.num_abandoned, run.num_lost) == (1, 5, 0)


def test_a_run_under_way_can_be_read(finqa_gym: Any, record: Any, tmp_path: Path) -> None:
    env = record(3)
    env.reset()
    env.step(["FINAL ANSWER: 1", "hello", "FINAL ANSWER: 2"])
    run = finqa_gym.open_run(tmp_path / "run")
    assert (run.num_episodes, run.num_running, run.num_lost) == (2, 1, 0)
    assert sorted(e["submission"] for e in run) == ["1", "2"]
    assert run.files == []
    assert run.columns(["status"])["status"] == ["terminated"] * 2
    env.step(["FINAL ANSWER: 3"], env_ids=[1])
    assert finqa_gym.open_run(tmp_path / "run").num_episodes == 3
    env.close()
    assert len(finqa_gym.open_run(tmp_path / "run").files) == 1


def test_an_existing_run_needs_append_and_the_same_options(
    finqa_gym: Any, record: Any, tmp_path: Path
) -> None:
    env = record(2)
    with pytest.raises(finqa_gym.DataError, match="append"):
        record(2)
    again = finqa_gym.Recording(tmp_path / "run", append=True)
    with pytest.raises(finqa_gym.DataError, match="another environment is recording"):
        record(2, record=again)
    env.reset()
    env.step(["FINAL ANSWER: 1"] * 2)
    env.close()
    with pytest.raises(finqa_gym.DataError, match=r"env\.max_turns was null, is 3"):
        record(2, record=again, max_turns=3)
    env = record(4, record=again, num_threads=1)
    env.reset()
    env.step(["FINAL ANSWER: 1"] * 4)
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    assert sorted(run.columns(["episode"])["episode"].tolist()) == [0, 1, 2, 3, 4, 5]


def test_run_json_says_how_the_episodes_were_made(
    finqa_gym: Any, record: Any, corpus: Any, tmp_path: Path
) -> None:
    record(2, record=finqa_gym.Recording(tmp_path / "run", policy="p", run="r1"), max_turns=7)
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (info["format"], info["run"], info["policy"], info["source"]) == (1, "r1", "p", "engine")
    assert info["corpus"]["content_hash"] == corpus.content_hash
    assert info["corpus"]["source"] == corpus.source
    assert info["env"]["max_turns"] == 7
    assert info["env"]["reward"]["mode"] == "outcome"
    assert info["versions"]["scoring"] >= 1
    assert next(tool["function"]["name"] for tool in info["tools"]) == "get_table_names"


def test_criteria_in_python_stand_in_the_record(
    finqa_gym: Any, record: Any, play: Any, tmp_path: Path
) -> None:
    brief = finqa_gym.PythonCriterion("brief", lambda es: [len(e["calls"]) / 100 for e in es], 2.0)
    never = finqa_gym.PythonCriterion("never", lambda es: [None] * len(es))
    env = record(6, criteria=[brief, never], reward="shaped")
    seen = play(env)
    env.close()
    for episode in finqa_gym.open_run(tmp_path / "run"):
        custom = {c["id"]: c for c in episode["criteria"] if c["dim"] == "custom"}
        assert custom["brief"]["score"] == pytest.approx(episode["num_calls"] / 100)
        assert (custom["brief"]["weight"], custom["never"]["applicable"]) == (2.0, False)
        assert episode["reward"] == pytest.approx(seen[episode["env_id"]]["reward"])


def test_structured_calls_and_own_tools_are_recorded(
    finqa_gym: Any, record: Any, tmp_path: Path
) -> None:
    tool = finqa_gym.UserTool(
        lambda calls: [f"{call['n']} doubled" for call in calls],
        name="double",
        description="Doubles.",
        parameters={"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    )
    env = record(1, tools=[tool])
    env.reset()
    calls = [
        {"id": "c1", "type": "function", "function": {"name": "double", "arguments": '{"n": 4}'}}
    ]
    env.step([{"role": "assistant", "content": "so", "tool_calls": calls}])
    env.step(["FINAL ANSWER: 8"])
    env.close()
    [episode] = finqa_gym.open_run(tmp_path / "run")
    first = episode["turns"][0]
    assert first["action"] == "so"
    assert json.loads(first["tool_calls"]) == calls
    assert first["messages"] == [{"id": "c1", "name": "double", "content": "4 doubled"}]
    assert episode["calls"][0]["tool"] == "user_tool"


def test_without_close_the_run_is_still_whole(finqa_gym: Any, tmp_path: Path) -> None:
    env = finqa_gym.VectorEnv(finqa_gym.synthetic(), 2, record=tmp_path / "run")
    env.reset()
    env.step(["FINAL ANSWER: 1"] * 2)
    del env
    run = finqa_gym.open_run(tmp_path / "run")
    assert (run.num_episodes, len(run.files)) == (2, 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork() here")
def test_a_forked_child_leaves_the_recording_alone(
    finqa_gym: Any, record: Any, tmp_path: Path
) -> None:
    env = record(2)
    env.reset()
    env.step(["FINAL ANSWER: 1", "hello"])
    child = os.fork()
    if child == 0:
        try:
            env.close()
            del env
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    run = finqa_gym.open_run(tmp_path / "run")
    assert (run.num_episodes, run.num_running) == (1, 1)
    env.step(["FINAL ANSWER: 2"], env_ids=[1])
    env.close()
    assert finqa_gym.open_run(tmp_path / "run").num_episodes == 2


@contextlib.contextmanager
def full_disk(num_bytes: int) -> Iterator[None]:
    """Files cannot grow beyond so many bytes: a write fails, perhaps after a part of it."""
    import resource
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def num_started(run: Path) -> int:
    """Episodes that the closed sessions of a run started, by their own count."""
    sessions = [json.loads(path.read_text()) for path in (run / "sessions").glob("*.json")]
    return sum(int(session["num_started"]) for session in sessions)


needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")


@needs_limits
def test_a_full_disk_is_told_and_nothing_is_lost(
    finqa_gym: Any, record: Any, tmp_path: Path
) -> None:
    env = record(4)
    env.reset()
    with full_disk(100):
        batch = env.step(["FINAL ANSWER: 1"] * 4)
        assert batch.terminated.all()
        with pytest.raises(OSError, match="recording failed"):
            env.reset()
    env.reset()
    env.step(["FINAL ANSWER: 2"] * 4)
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    assert run.num_episodes == num_started(tmp_path / "run") == 8
    assert run.num_lost == 0
    assert run.warnings == []


@needs_limits
@pytest.mark.parametrize("num_bytes", [0, 10])
def test_a_start_that_cannot_be_logged_is_counted_once(
    finqa_gym: Any, record: Any, tmp_path: Path, num_bytes: int
) -> None:
    env = record(4)
    with full_disk(num_bytes):
        for _ in range(2):
            with contextlib.suppress(OSError):
                env.reset()
    env.reset()
    env.step(["FINAL ANSWER: 1"] * 4)
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    assert run.num_episodes == 4
    assert num_started(tmp_path / "run") == 4 + run.num_abandoned
    assert run.num_lost == 0


@needs_limits
def test_same_step_numbers_its_episodes_on_a_full_disk_too(
    finqa_gym: Any, record: Any, tmp_path: Path
) -> None:
    env = record(4, autoreset_mode="same_step")
    env.reset()
    with full_disk(10):
        assert env.step(["FINAL ANSWER: 1"] * 4).terminated.all()
        with contextlib.suppress(OSError):
            env.step(["FINAL ANSWER: 1"] * 4)
    env.step(["FINAL ANSWER: 2"] * 4)
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    numbers = [episode["episode"] for episode in run]
    assert len(numbers) >= 8
    assert len(set(numbers)) == len(numbers)
    assert num_started(tmp_path / "run") == run.num_episodes + run.num_abandoned
    assert all(episode["started_ms"] for episode in run)


@needs_limits
def test_a_close_that_fails_can_be_tried_again(finqa_gym: Any, record: Any, tmp_path: Path) -> None:
    env = record(4)
    env.reset()
    with full_disk(100):
        env.step(["FINAL ANSWER: 1"] * 4)
        with pytest.raises(OSError, match="recording failed"):
            env.close()
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    assert run.num_episodes == num_started(tmp_path / "run") == 4
    assert not (tmp_path / "run" / "live").exists()
