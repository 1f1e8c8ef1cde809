"""What reset, step, send and recv promise."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")

CALC = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "1 + 1"}}\n</tool_call>'
SUBMIT = '<tool_call>\n{"name": "submit_answer", "arguments": {"answer": "nothing"}}\n</tool_call>'

MakeEnv = Callable[..., Any]
Call = Callable[..., str]


def truth_call(call: Call, env: Any, row: int = 0) -> str:
    """Submits the truth of the task in slot ``row``."""
    task = env.corpus.task(env.episode(row)["task_index"])
    return call("submit_answer", answer=task["truth"])


# --- reset --------------------------------------------------------------------------------------


def test_groups_share_their_task(make: MakeEnv) -> None:
    env = make(12, group_size=4)
    observations, infos = env.reset()
    groups = infos["task_index"].reshape(3, 4)
    assert (groups == groups[:, :1]).all()
    assert len(set(groups[:, 0].tolist())) == 3
    assert len(set(observations)) == 3
    assert infos["env_id"].tolist() == list(range(12))
    assert infos["was_reset"].all()


def test_an_epoch_holds_every_task_once(make: MakeEnv, corpus: Any) -> None:
    env = make(16, split="train")
    train = len(corpus.task_ids("train"))
    assert train % 16 == 0
    drawn = [t for _ in range(train // 16) for t in env.reset()[1]["task_index"].tolist()]
    assert sorted(corpus.task(t)["id"] for t in drawn) == sorted(corpus.task_ids("train"))


def test_unshuffled_tasks_come_in_corpus_order(make: MakeEnv) -> None:
    env = make(4, shuffle=False)
    assert env.reset()[1]["task_index"].tolist() == [0, 1, 2, 3]
    assert env.reset()[1]["task_index"].tolist() == [4, 5, 6, 7]


def test_task_ids_are_ids_or_positions_one_a_group(make: MakeEnv, corpus: Any) -> None:
    env = make(6, group_size=2)
    ids = corpus.task_ids()
    _, infos = env.reset(task_ids=[ids[5], 3, np.int64(9)])
    assert infos["task_index"].tolist() == [5, 5, 3, 3, 9, 9]
    assert env.episode(0)["task_id"] == ids[5]


@pytest.mark.parametrize("count", [0, 2, 6])
def test_a_wrong_number_of_task_ids_is_refused(make: MakeEnv, count: int) -> None:
    env = make(6, group_size=2)
    with pytest.raises(ValueError, match=rf"task_ids has {count} entries.*3 groups"):
        env.reset(task_ids=[0] * count)


@pytest.mark.parametrize("task", ["no/such/task", 10**6, -1])
def test_an_unknown_task_is_not_found(finqa_gym: Any, make: MakeEnv, task: Any) -> None:
    env = make(2)
    with pytest.raises(finqa_gym.NotFoundError, match=str(task)):
        env.reset(task_ids=[0, task])
    with pytest.raises(finqa_gym.ResetNeededError):
        env.step([CALC] * 2)


def test_a_mask_resets_its_slots_only(make: MakeEnv) -> None:
    env = make(4)
    env.reset()
    env.step([CALC] * 4)
    before = [env.episode(slot)["task_index"] for slot in range(4)]
    observations, infos = env.reset(reset_mask=np.array([False, True, False, True]))
    assert len(observations) == 2
    assert infos["env_id"].tolist() == [1, 3]
    assert [env.episode(slot)["turn"] for slot in range(4)] == [1, 0, 1, 0]
    assert [env.episode(slot)["task_index"] for slot in (0, 2)] == [before[0], before[2]]


def test_task_ids_with_a_mask_count_the_touched_groups(make: MakeEnv) -> None:
    env = make(6, group_size=2)
    env.reset()
    mask = [False, False, True, False, True, True]
    _, infos = env.reset(task_ids=[7, 8], reset_mask=mask)
    assert infos["env_id"].tolist() == [2, 4, 5]
    assert infos["task_index"].tolist() == [7, 8, 8]
    with pytest.raises(ValueError, match="2 groups"):
        env.reset(task_ids=[7, 8, 9], reset_mask=mask)


@pytest.mark.parametrize("length", [0, 3, 5])
def test_masks_and_seed_lists_need_one_entry_a_slot(make: MakeEnv, length: int) -> None:
    env = make(4)
    with pytest.raises(ValueError, match=rf"reset_mask has {length} entries; 4"):
        env.reset(reset_mask=[True] * length)
    with pytest.raises(ValueError, match=rf"seed has {length} entries; 4"):
        env.reset(seed=[1] * length)


def test_an_int_seed_starts_the_order_again(make: MakeEnv) -> None:
    env = make(4)
    first = [env.reset(seed=3)[0], env.reset()[0]]
    assert first[0] != first[1]
    assert [env.reset(seed=3)[0], env.reset()[0]] == first
    assert env.reset(seed=4)[0] != first[0]
    assert make(4, seed=3).reset()[0] == first[0]


def test_a_seed_list_gives_slots_streams_of_their_own(make: MakeEnv) -> None:
    env = make(3)
    first = env.reset(seed=[5, 6, 5])[0]
    second = env.reset()[0]
    assert first[0] == first[2]
    assert second[0] == second[2]
    env.reset(seed=[5, 6, 5])
    mixed = env.reset(seed=[5, None, 9])[0]
    assert mixed[0] == first[0], "slot 0 starts again"
    assert mixed[1] == second[1], "slot 1 goes on"


@pytest.mark.parametrize("seed", [-1, 2**64, [0, -1]])
def test_a_seed_out_of_range_is_a_value_error(make: MakeEnv, seed: Any) -> None:
    with pytest.raises(ValueError, match="seed"):
        make(2).reset(seed=seed)


# --- configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"num_envs": 10, "group_size": 4}, r"num_envs \(10\) is not divisible by group_size \(4"),
        ({"num_envs": 0}, "num_envs is 0"),
        ({"num_envs": -1}, "num_envs"),
        ({"group_size": 0}, "group_size is 0"),
        ({"max_turns": 0}, "max_turns is 0"),
        ({"max_turns": 70_000}, "max_turns is 70000"),
        ({"max_calls_per_turn": 0}, "max_calls_per_turn is 0"),
        ({"max_action_bytes": 0}, "max_action_bytes is 0"),
        ({"max_observation_chars": 10}, "max_observation_chars is 10"),
        ({"split": "holdout"}, r"holdout.*train \(64\)"),
        ({"tool_profile": "rlm"}, "rlm.*compact"),
        ({"answer_mode": "exact"}, "exact"),
        ({"autoreset_mode": "sometimes"}, "sometimes.*same_step"),
        ({"action_format": "xml"}, "xml"),
        ({"parse_level": "lax"}, "lax"),
        ({"on_no_call": "ignore"}, "ignore.*feedback"),
        ({"on_malformed": "submit"}, "submit.*terminate"),
        ({"tool_names": {"calc": "c"}}, "calc.*calculator"),
        ({"tool_names": {"calculator": "a b"}}, "a b"),
        ({"tool_names": {"calculator": "sql_query"}}, "sql_query"),
    ],
)
def test_options_that_cannot_work_are_named(
    make: MakeEnv, options: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        make(**options)


# --- step ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_envs", [1, 7])
def test_shapes_and_dtypes(make: MakeEnv, num_envs: int) -> None:
    from finqa_gym.step_batch import EPISODE_COLUMNS

    env = make(num_envs)
    env.reset()
    batch = env.step([CALC] * num_envs)
    assert len(batch) == num_envs
    assert batch.observations == ["2"] * num_envs
    assert all(type(text) is str for text in batch.observations)
    expected = {
        "env_id": np.int32,
        "task_index": np.int32,
        "turn": np.int32,
        "num_calls": np.int32,
        "num_errors": np.int32,
        "error_code": np.int8,
        "truncation_reason": np.uint8,
        "score": np.float32,
        "was_reset": np.bool_,
    }
    assert set(batch.infos) == set(expected) | set(EPISODE_COLUMNS) - {"custom_score"}
    for name, dtype in expected.items():
        assert batch.infos[name].dtype == dtype, name
        assert batch.infos[name].shape == (num_envs,), name
    for array, dtype in (
        (batch.rewards, np.float32),
        (batch.terminated, np.bool_),
        (batch.truncated, np.bool_),
        (batch.env_ids, np.int32),
    ):
        assert array.dtype == dtype
        assert array.shape == (num_envs,)
        assert array.flags.writeable


def test_batches_unpack_like_gymnasium(make: MakeEnv) -> None:
    env = make(2)
    env.reset()
    batch = env.step([CALC, SUBMIT])
    observations, rewards, terminated, truncated, infos = batch
    assert observations is batch.observations
    assert rewards is batch.rewards
    assert terminated.tolist() == [False, True]
    assert truncated.tolist() == [False, False]
    assert math.isnan(infos["score"][0])
    assert infos["score"][1] == 0.0


def test_the_truth_is_worth_one(make: MakeEnv, call: Call) -> None:
    env = make(8)
    env.reset()
    batch = env.step([truth_call(call, env, slot) for slot in range(8)])
    assert batch.rewards.tolist() == [1.0] * 8
    assert batch.infos["score"].tolist() == [1.0] * 8
    assert env.stats()["episodes_correct"] == 8


def test_a_subset_steps_alone_and_comes_back_in_slot_order(make: MakeEnv, call: Call) -> None:
    env = make(6)
    env.reset()
    ids = [4, 1, 3]
    actions = [call("calculator", expression=str(slot)) for slot in ids]
    batch = env.step(actions, env_ids=np.array(ids, dtype=np.int32))
    assert batch.env_ids.tolist() == [1, 3, 4]
    assert batch.observations == ["1", "3", "4"]
    assert [env.episode(slot)["turn"] for slot in range(6)] == [0, 1, 0, 1, 1, 0]


def test_an_empty_step_is_fine(make: MakeEnv) -> None:
    env = make(2)
    env.reset()
    assert len(env.step([], env_ids=[])) == 0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_one_action_a_slot(make: MakeEnv, count: int) -> None:
    env = make(2)
    env.reset()
    with pytest.raises(ValueError, match=rf"{count} actions for 2 envs"):
        env.step([CALC] * count)
    assert env.step([CALC] * 2).observations == ["2", "2"]


def test_finish_reasons_are_texts_one_an_action(make: MakeEnv) -> None:
    env = make(2)
    env.reset()
    with pytest.raises(ValueError, match="finish_reasons has 1 entries, actions has 2"):
        env.step([CALC] * 2, ["stop"])
    # EnvPool takes env ids in second place: they must not pass for reasons.
    with pytest.raises(TypeError, match="finish_reasons holds a int"):
        env.step([CALC] * 2, [1, 0])
    assert env.episode(0)["turn"] == 0


def test_a_lone_text_is_no_batch(make: MakeEnv) -> None:
    env = make(1)
    env.reset()
    with pytest.raises(TypeError, match=r"\[text\]"):
        env.step(CALC)
    with pytest.raises(TypeError, match=r"actions\[0\] is of type int"):
        env.step([7])


@pytest.mark.parametrize("ids", [[0, 9], [-1, 0], [1, 1], [0, 2**40]])
def test_bad_env_ids_change_nothing(finqa_gym: Any, make: MakeEnv, ids: list[int]) -> None:
    env = make(3)
    env.reset()
    for start in (env.step, env.send):
        with pytest.raises((ValueError, finqa_gym.AlreadyPendingCallError)):
            start([CALC] * 2, env_ids=ids)
    assert env.num_pending == 0
    assert env.step([CALC] * 3).infos["turn"].tolist() == [1, 1, 1]


def test_a_partly_impossible_step_runs_nothing(finqa_gym: Any, make: MakeEnv) -> None:
    env = make(4)
    env.reset()
    env.step([SUBMIT, CALC, CALC, SUBMIT])
    with pytest.raises(finqa_gym.ResetNeededError, match="env 3 is over"):
        env.step([CALC] * 3, env_ids=[1, 2, 3])
    assert [env.episode(slot)["turn"] for slot in range(4)] == [1, 1, 1, 1]
    assert env.step([CALC] * 2, env_ids=[1, 2]).infos["turn"].tolist() == [2, 2]
    env.reset(reset_mask=[True, False, False, True])
    assert env.step([CALC] * 4).infos["turn"].tolist() == [1, 3, 3, 1]


def test_turn_limit_and_finish_reason(make: MakeEnv) -> None:
    env = make(3, max_turns=2)
    env.reset()
    cut = '<tool_call>\n{"name": "calculator", "arguments": {"expr'
    batch = env.step([cut, cut, "let me think"], ["length", "stop", "length"])
    codes = [env.error_codes[code] for code in batch.infos["error_code"]]
    assert codes == ["truncated_action", "malformed_action", "truncated_action"]
    assert batch.infos["num_calls"].tolist() == [0, 0, 0]
    batch = env.step([CALC] * 3)
    assert batch.truncated.all()
    assert not batch.terminated.any()
    reasons = [env.truncation_reasons[reason] for reason in batch.infos["truncation_reason"]]
    assert reasons == ["max_turns"] * 3


def test_a_length_limited_call_is_not_malformed(make: MakeEnv) -> None:
    env = make(2, on_malformed="terminate")
    env.reset()
    cut = '<tool_call>\n{"name": "calculator", "arguments": {"expr'
    batch = env.step([cut, cut], ["length", "stop"])
    assert batch.truncated.tolist() == [False, True]


# --- autoreset ----------------------------------------------------------------------------------


def test_without_autoreset_an_episode_that_is_over_needs_a_reset(
    finqa_gym: Any, make: MakeEnv
) -> None:
    env = make(2)
    env.reset()
    assert env.step([SUBMIT, CALC]).terminated.tolist() == [True, False]
    for start in (env.step, env.send):
        with pytest.raises(finqa_gym.ResetNeededError, match=r"env 0 is over.*reset_mask"):
            start([CALC] * 2)
    env.reset(reset_mask=[True, False])
    assert env.step([CALC] * 2).infos["turn"].tolist() == [1, 2]


@pytest.mark.parametrize("num_envs", [2, 5])  # on the calling thread, and on workers
def test_next_step_ignores_the_action_and_starts_anew(make: MakeEnv, num_envs: int) -> None:
    env = make(num_envs, autoreset_mode="next_step")
    env.reset()
    env.step([SUBMIT] + [CALC] * (num_envs - 1))
    batch = env.step([SUBMIT] * num_envs)
    assert batch.terminated.tolist() == [False] + [True] * (num_envs - 1)
    assert batch.infos["was_reset"].tolist() == [True] + [False] * (num_envs - 1)
    assert batch.infos["turn"][0] == 0
    assert batch.observations[0].startswith("For company")
    assert batch.rewards[0] == 0.0
    assert batch.messages[0] == []
    assert env.messages(0)[-1]["content"] == batch.observations[0]


def test_same_step_returns_both_episodes(make: MakeEnv, call: Call) -> None:
    env = make(4, autoreset_mode="same_step")
    env.reset()
    batch = env.step([truth_call(call, env), CALC, CALC, SUBMIT])
    assert batch.terminated.tolist() == [True, False, False, True]
    assert batch.rewards.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert batch.infos["was_reset"].tolist() == [True, False, False, True]
    assert batch.infos["turn"].tolist() == [0, 1, 1, 0]
    final = batch.infos["final_obs"]
    assert final[0].startswith("Answer submitted")
    assert final[1:3] == [None, None]
    assert batch.infos["final_info"]["turn"].tolist() == [1, 1, 1, 1]
    assert batch.infos["final_info"]["score"][[0, 3]].tolist() == [1.0, 0.0]
    assert batch.observations[0].startswith("For company")
    assert env.step([CALC] * 4).infos["turn"].tolist() == [1, 2, 2, 1]


@pytest.mark.parametrize("mode", ["next_step", "same_step"])
def test_autoreset_goes_on_in_the_seeded_order(make: MakeEnv, mode: str) -> None:
    plain = make(4)
    plain.reset()
    expected = plain.reset()[0]
    env = make(4, autoreset_mode=mode)
    env.reset()
    batch = env.step([SUBMIT] * 4)
    if mode == "next_step":
        env.send([CALC] * 4)
        batch = env.recv(4)
    assert batch.observations == expected


# --- send and recv ------------------------------------------------------------------------------


def test_step_is_send_and_recv_sorted(make: MakeEnv, call: Call) -> None:
    actions = [call("calculator", expression=str(slot)) for slot in range(40)]
    one, two = make(40), make(40)
    one.reset()
    two.reset()
    stepped = one.step(actions)
    two.send(actions)
    parts = [two.recv(size) for size in (1, 7, 32)]
    rows = sorted(
        (slot, text)
        for part in parts
        for slot, text in zip(part.env_ids.tolist(), part.observations, strict=True)
    )
    assert rows == list(enumerate(stepped.observations))
    assert two.num_pending == 0


def test_recv_is_in_order_of_completion(make: MakeEnv, call: Call) -> None:
    env = make(2, cache_bytes=0, max_calls_per_turn=60, max_action_bytes=1 << 20)
    env.reset(task_ids=[0, 0])
    company = env.corpus.task(0)["companies"][0]
    table = max(env.corpus.tables(company), key=lambda t: len(t["rows"]))["name"]
    joined = ", ".join(f'"{table}" AS t{i}' for i in range(12))
    long = f"SELECT COUNT(*) FROM {joined} WHERE t0.rowid + t11.rowid < 0"
    slow = call("sql_query", company_name=company, table_name=table, query=long)
    env.send([slow * 60], env_ids=[0])
    env.send([CALC], env_ids=[1])
    first, second = env.recv(1), env.recv(1)
    assert (first.env_ids.tolist(), second.env_ids.tolist()) == ([1], [0])
    assert first.observations == ["2"]
    assert env.error_codes[second.infos["error_code"][0]] == "sql_budget"


def test_recv_or_more_takes_what_has_finished_and_waits_for_no_more(
    make: MakeEnv, call: Call
) -> None:
    env = make(40)
    env.reset()
    env.send([call("calculator", expression=str(slot)) for slot in range(40)])
    rows: dict[int, str] = {}
    while env.num_pending:
        batch = env.recv(1, or_more=True)
        assert len(batch) >= 1
        rows |= zip(batch.env_ids.tolist(), batch.observations, strict=True)
    assert rows == {slot: str(slot) for slot in range(40)}
    env.send([CALC], env_ids=[3])
    while len(env.recv(0, or_more=True)) == 0:
        assert env.num_pending == 1


def test_misuse_of_send_and_recv_is_refused_and_harmless(finqa_gym: Any, make: MakeEnv) -> None:
    env = make(4)
    with pytest.raises(finqa_gym.ResetNeededError, match="never reset"):
        env.send([CALC] * 4)
    env.reset()
    with pytest.raises(ValueError, match=r"recv\(1\).*\(0\)"):
        env.recv(1)
    with pytest.raises(ValueError, match="batch_size is -1"):
        env.recv(-1)
    env.send([CALC] * 2, env_ids=[0, 1])
    assert env.num_pending == 2
    with pytest.raises(ValueError, match=r"recv\(4\).*\(2\)"):
        env.recv()
    with pytest.raises(finqa_gym.AlreadyPendingCallError, match="env 1"):
        env.send([CALC] * 2, env_ids=[2, 1])
    uses: list[Callable[[], Any]] = [
        lambda: env.reset(),
        lambda: env.step([CALC] * 4),
        lambda: env.step([CALC], env_ids=[3]),
        lambda: env.episode(0),
        lambda: env.messages(0),
    ]
    for busy in uses:
        with pytest.raises(finqa_gym.AlreadyPendingCallError):
            busy()
    # Slots at rest may be reset meanwhile, and slot 2 was not taken by the send that failed.
    env.reset(reset_mask=[False, False, True, True])
    env.send([CALC], env_ids=[2])
    assert sorted(env.recv(3).env_ids.tolist()) == [0, 1, 2]
    assert len(env.recv(0)) == 0
    assert env.step([CALC] * 4).infos["turn"].tolist() == [2, 2, 2, 1]


def test_two_receivers_do_not_wait_for_one_result(make: MakeEnv) -> None:
    env = make(2, cache_bytes=0)
    env.reset()
    for _ in range(20):
        env.send([CALC], env_ids=[0])
        seen: list[Any] = []

        def receive(seen: list[Any] = seen) -> None:
            try:
                seen.append(env.recv(1).observations)
            except ValueError:
                seen.append("refused")

        threads = [threading.Thread(target=receive, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
            assert not thread.is_alive(), "a receiver waits for a result that another one took"
        assert sorted(map(str, seen)) == ["['2']", "refused"]
        env.reset()


# --- end ----------------------------------------------------------------------------------------


def test_close_twice_and_use_afterwards(finqa_gym: Any, make: MakeEnv) -> None:
    env = make(4)
    env.reset()
    env.send([CALC] * 4)
    env.close()
    env.close()
    uses: list[Callable[[], Any]] = [
        lambda: env.reset(),
        lambda: env.step([CALC] * 4),
        lambda: env.step([CALC], env_ids=[0]),
        lambda: env.send([CALC] * 4),
        lambda: env.recv(1),
        lambda: env.messages(0),
    ]
    for use in uses:
        with pytest.raises(finqa_gym.ClosedEnvError, match="closed"):
            use()


def test_context_manager_closes(finqa_gym: Any, corpus: Any) -> None:
    with finqa_gym.VectorEnv(corpus, 2) as env:
        env.reset()
    with pytest.raises(finqa_gym.ClosedEnvError):
        env.reset()


def run_script(script: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="fork() is used on Linux")
def test_use_after_fork_is_detected(finqa_gym: Any) -> None:
    del finqa_gym
    done = run_script("""
        import os, warnings
        warnings.simplefilter("ignore")
        import finqa_gym
        env = finqa_gym.VectorEnv(finqa_gym.synthetic().take("train", 2), 4, num_threads=2)
        env.reset()
        child = os.fork()
        if child == 0:
            uses = [lambda: env.step(["x"] * 4), lambda: env.step(["x"], env_ids=[0]),
                    lambda: env.reset(), lambda: env.recv(1), lambda: env.messages(0)]
            raised = 0
            for use in uses:
                try:
                    use()
                except finqa_gym.ForkedProcessError as error:
                    raised += str(os.getpid()) in str(error) and "spawn" in str(error)
            env.close()
            del env
            fresh = finqa_gym.VectorEnv(finqa_gym.synthetic().take("train", 2), 4, num_threads=2)
            fresh.reset()
            works = len(fresh.step(["x"] * 4)) == 4
            os._exit(0 if raised == len(uses) and works else 10 + raised)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0, os.waitstatus_to_exitcode(status)
        print(len(env.step(["x"] * 4)))
    """)
    assert (done.returncode, done.stdout.strip()) == (0, "4"), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to a child on Windows")
def test_ctrl_c_ends_a_long_recv_and_loses_nothing(finqa_gym: Any) -> None:
    del finqa_gym
    # Results trickle in all the time, which must not keep the wait from looking for signals.
    script = textwrap.dedent("""
        import json, signal
        import finqa_gym
        # A shell's background jobs inherit an ignored SIGINT.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        corpus = finqa_gym.synthetic().take("train", 2)
        n = 4096
        env = finqa_gym.VectorEnv(corpus, n, num_threads=1, cache_bytes=0)
        env.reset(task_ids=[0] * n)
        company = corpus.task(0)["companies"][0]
        table = max(corpus.tables(company), key=lambda t: len(t["rows"]))["name"]
        def act(i):
            joined = ", ".join(f'"{table}" AS t{i}' for i in range(12))
            query = f"SELECT COUNT(*) + {i} FROM {joined} WHERE t0.rowid + t11.rowid < 0"
            arguments = {"company_name": company, "table_name": table, "query": query}
            call = {"name": "sql_query", "arguments": arguments}
            return "<tool_call>" + json.dumps(call) + "</tool_call>"
        env.send([act(i) for i in range(n)])
        print("waiting", flush=True)
        try:
            env.recv(n)
            print("finished without an interrupt", flush=True)
        except KeyboardInterrupt:
            pending = env.num_pending
            batch = env.recv(3)
            print("interrupted", pending, len(batch), env.num_pending, flush=True)
        import os
        os._exit(0)
    """)
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "waiting\n"
    time.sleep(0.5)
    start = time.monotonic()
    os.kill(child.pid, signal.SIGINT)
    line = child.stdout.readline()
    waited = time.monotonic() - start
    child.wait(timeout=30)
    child.stdout.close()
    assert line == "interrupted 4096 3 4093\n"
    assert waited < 2.0


# --- records ------------------------------------------------------------------------------------


def test_a_saved_state_resumes_exactly(finqa_gym: Any, make: MakeEnv) -> None:
    for seed in (None, [4, 5, 6, 7]):
        env = make(4, seed=11, group_size=2)
        env.reset(seed=seed)
        env.reset(reset_mask=[True, True, True, False])
        state = env.state_dict()
        expected = [env.reset()[0] for _ in range(5)]
        other = make(4, seed=99, group_size=2)
        other.load_state_dict(state)
        assert [other.reset()[0] for _ in range(5)] == expected
        assert json.loads(json.dumps(state)) == state
    for wrong in (make(8, group_size=2), make(4), make(4, group_size=2, shuffle=False)):
        with pytest.raises(ValueError, match="state was taken"):
            wrong.load_state_dict(state)
    foreign = finqa_gym.VectorEnv(finqa_gym.synthetic().take("train", 3), 4, group_size=2)
    with pytest.raises(ValueError, match="corpus"):
        foreign.load_state_dict(state)
    foreign.close()
    with pytest.raises(ValueError, match="state"):
        env.load_state_dict({"nonsense": 1})


def test_stats_add_up(make: MakeEnv, call: Call) -> None:
    env = make(4, max_turns=3, max_calls_per_turn=2, measure_latency=True)
    env.reset()
    company = env.corpus.task(env.episode(0)["task_index"])["companies"][0]
    rounds = [
        [CALC + CALC + CALC, "hm", call("calculator", wrong="1"), SUBMIT + CALC],
        [call("get_table_names", company_name=company), CALC, call("nonsense")],
        [SUBMIT, CALC, CALC],
    ]
    ids = [[0, 1, 2, 3], [0, 1, 2], [0, 1, 2]]
    calls = errors = 0
    for actions, slots in zip(rounds, ids, strict=True):
        batch = env.step(actions, env_ids=slots)
        calls += int(batch.infos["num_calls"].sum())
        errors += int(batch.infos["num_errors"].sum())
    stats = env.stats()
    assert stats["steps"] == 10
    assert stats["episodes_terminated"] == 2
    assert stats["episodes_truncated"] == 2
    assert stats["infra_faults"] == stats["worker_panics"] == 0
    by_tool = {name: tool["calls"] for name, tool in stats["tools"].items()}
    # Refused calls (the third in a message, one behind a submission, bad arguments) did not run.
    assert by_tool == {
        "list_tables": 1,
        "table_info": 0,
        "sql_query": 0,
        "calculator": 5,
        "submit_answer": 2,
        "user_tool": 0,
    }
    assert sum(by_tool.values()) == calls
    assert sum(stats["tool_errors"].values()) == errors
    assert stats["tool_errors"] == {
        "bad_arguments": 1,
        "unknown_tool": 1,
        "too_many_calls": 1,
        "already_submitted": 1,
        "no_action": 1,
    }
    timed = stats["tools"]["calculator"]
    assert 0 < timed["p50_us"] <= timed["p99_us"]
    assert make(1).stats()["tools"]["calculator"]["p50_us"] is None


def test_messages_are_what_was_sent_and_seen(make: MakeEnv) -> None:
    env = make(1)
    prompts, _ = env.reset()
    structured = {
        "role": "assistant",
        "content": "  two calls \u00e9\n",
        "tool_calls": [
            {
                "id": f"abc-{i}",
                "type": "function",
                "function": {"name": "calculator", "arguments": f'{{"expression":  "{i}+1"}}'},
            }
            for i in range(2)
        ],
    }
    sent: list[Any] = ["  <think>a</think>\n" + CALC + "\n\n", structured, "no call \u2028", SUBMIT]
    expected: list[dict[str, Any]] = [
        {"role": "system", "content": env.system_prompt},
        {"role": "user", "content": prompts[0]},
    ]
    for turn, action in enumerate(sent, start=1):
        batch = env.step([action])
        assert "\n".join(m["content"] for m in batch.messages[0]) == batch.observations[0]
        if isinstance(action, str):
            expected.append({"role": "assistant", "content": action})
            assert [m["tool_call_id"] for m in batch.messages[0]] == [f"call_{turn}_0"]
        else:
            expected.append(action)
            assert [m["tool_call_id"] for m in batch.messages[0]] == ["abc-0", "abc-1"]
        expected.extend(batch.messages[0])
        # The past is never rewritten: a trainer masks tokens by position.
        assert env.messages(0) == expected
    assert {m["name"] for m in expected if m["role"] == "tool"} == {
        "calculator",
        "submit_answer",
        "",
    }
    with pytest.raises(ValueError, match="env 1 does not exist"):
        env.messages(1)


def test_without_keep_messages_there_is_no_chat_to_show(make: MakeEnv) -> None:
    env = make(1, keep_messages=False)
    env.reset()
    batch = env.step([CALC])
    assert batch.messages[0][0]["content"] == "2"
    with pytest.raises(ValueError, match="keep_messages=False"):
        env.messages(0)


def test_messages_before_the_first_reset_are_empty(make: MakeEnv) -> None:
    env = make(1)
    assert env.messages(0) == []
    assert env.episode(0) is None


def test_an_episode_lists_its_calls(make: MakeEnv, call: Call) -> None:
    env = make(1)
    env.reset(task_ids=[0])
    company = env.corpus.task(0)["companies"][0]
    table = env.corpus.tables(company)[0]
    query = f'SELECT "{table["columns"][0]}" FROM "{table["name"]}" LIMIT 2'
    env.step([call("sql_query", company_name=company, table_name=table["name"], query=query)])
    env.step([SUBMIT])
    episode = env.episode(0)
    assert [c["tool"] for c in episode["calls"]] == ["sql_query", "submit_answer"]
    assert episode["calls"][0]["rows"] == 2
    assert (episode["calls"][0]["company"], episode["calls"][0]["table"]) == (
        company,
        table["name"],
    )
    assert episode["status"] == "terminated"
    assert episode["submission"] == "nothing"
    assert episode["score"] == 0.0
