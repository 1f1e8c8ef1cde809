"""Episodes that their caller ends: scored, recorded and replayed like those without turns left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

CALC = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "1 + 1"}}\n</tool_call>'
SUBMIT = '<tool_call>\n{"name": "submit_answer", "arguments": {"answer": "nothing"}}\n</tool_call>'

MakeEnv = Callable[..., Any]


def reasons(env: Any, batch: Any) -> list[str]:
    return [env.truncation_reasons[reason] for reason in batch.infos["truncation_reason"]]


# --- rows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", [[4, 1], np.array([4, 1], dtype=np.int32)])
def test_rows_are_those_of_a_step_in_slot_order(make: MakeEnv, ids: Any) -> None:
    env = make(5, reward="shaped")
    env.reset()
    stepped = env.step([CALC] * 5)
    batch = env.truncate(ids)
    assert batch.env_ids.tolist() == batch.infos["env_id"].tolist() == [1, 4]
    assert batch.observations == ["", ""]
    assert batch.messages == [[], []]
    assert batch.rewards.tolist() == [0.0, 0.0]
    assert batch.truncated.tolist() == [True, True]
    assert batch.terminated.tolist() == [False, False]
    assert reasons(env, batch) == ["token_limit"] * 2
    assert batch.infos["turn"].tolist() == [1, 1]
    assert batch.infos["num_calls"].tolist() == [0, 0]
    assert np.isnan(batch.infos["score"]).all()
    failures = [env.rubric_schema.failures[code] for code in batch.infos["failure"]]
    assert failures == ["out_of_turns"] * 2
    assert batch.running()[0].tolist() == []
    assert batch.infos.keys() == stepped.infos.keys()
    for key, column in batch.infos.items():
        assert (column.dtype, column.shape[1:]) == (
            stepped.infos[key].dtype,
            stepped.infos[key].shape[1:],
        )


def test_reasons_of_before_keep_their_numbers(make: MakeEnv) -> None:
    names = ["", "max_turns", "malformed_action", "infra_timeout", "infra_backend", "worker_panic"]
    assert make(1).truncation_reasons == [*names, "token_limit"]


def test_siblings_of_a_group_go_on(make: MakeEnv) -> None:
    env = make(8, group_size=4)
    env.reset()
    env.step([CALC] * 8)
    env.truncate([1, 6])
    others = [0, 2, 3, 4, 5, 7]
    truths = [env.corpus.task(env.episode(slot)["task_index"])["truth"] for slot in others]
    batch = env.step([f"FINAL ANSWER: {truth}" for truth in truths], env_ids=others)
    assert batch.terminated.all()
    assert batch.infos["turn"].tolist() == [2] * 6
    assert batch.infos["is_correct"].all()
    statuses = [env.episode(slot)["status"] for slot in range(8)]
    assert [slot for slot, status in enumerate(statuses) if status == "truncated"] == [1, 6]
    # The whole group begins again, and so does the order of tasks behind it.
    assert env.reset(reset_mask=[True] * 4 + [False] * 4)[1]["was_reset"].tolist() == [True] * 4


def test_it_is_what_the_turn_limit_comes_to(make: MakeEnv) -> None:
    limited, free = make(4, max_turns=1), make(4)
    for env in (limited, free):
        env.reset(seed=5)
    by_turns = limited.step([CALC] * 4)
    free.step([CALC] * 4)
    by_tokens = free.truncate(range(4))
    assert reasons(limited, by_turns) == ["max_turns"] * 4
    same = set(by_turns.infos) - {"truncation_reason", "num_calls"}
    for key in same:
        np.testing.assert_array_equal(by_tokens.infos[key], by_turns.infos[key], err_msg=key)
    for slot in range(4):
        one, other = free.episode(slot), limited.episode(slot)
        assert one.pop("truncation_reason") == "token_limit"
        assert other.pop("truncation_reason") == "max_turns"
        assert one == other


def test_it_is_counted_as_truncated_and_costs_no_step(make: MakeEnv) -> None:
    env = make(3)
    env.reset()
    env.step([CALC, CALC, SUBMIT])
    env.truncate([0])
    stats = env.stats()
    assert (stats["steps"], stats["episodes_truncated"], stats["episodes_terminated"]) == (3, 1, 1)
    assert stats["infra_faults"] == stats["worker_panics"] == 0
    assert stats["tool_errors"] == {}


def test_nothing_to_end_is_an_empty_batch(make: MakeEnv) -> None:
    env = make(2)
    env.reset()
    assert len(env.truncate([])) == 0
    assert env.episode(0)["status"] == "running"


# --- errors -------------------------------------------------------------------------------------


def test_slots_that_do_not_run_are_refused_and_nothing_ends(finqa_gym: Any, make: MakeEnv) -> None:
    env = make(4)
    with pytest.raises(finqa_gym.ResetNeededError, match="env 1 was never reset"):
        env.truncate([1])
    env.reset()
    env.step([CALC, CALC, CALC, SUBMIT])
    with pytest.raises(finqa_gym.ResetNeededError, match=r"env 3 is over.*reset_mask"):
        env.truncate([0, 3])
    with pytest.raises(ValueError, match="env_ids holds 0 twice"):
        env.truncate([0, 0])
    with pytest.raises(ValueError, match="env id 4 does not exist; there are 4 envs"):
        env.truncate([0, 4])
    with pytest.raises(ValueError, match="env id -1 does not exist"):
        env.truncate([0, -1])
    with pytest.raises(TypeError, match="bool"):
        env.truncate(np.array([True, False, False, False]))
    assert [env.episode(slot)["status"] for slot in range(3)] == ["running"] * 3
    env.truncate([0])
    with pytest.raises(finqa_gym.ResetNeededError, match="env 0 is over"):
        env.truncate([0])
    with pytest.raises(finqa_gym.ResetNeededError, match="env 0 is over"):
        env.step([CALC], env_ids=[0])
    env.close()
    with pytest.raises(finqa_gym.ClosedEnvError):
        env.truncate([1])


def test_a_slot_with_an_action_under_way_is_refused_and_one_at_rest_is_not(
    finqa_gym: Any, make: MakeEnv
) -> None:
    env = make(3)
    env.reset()
    env.send([CALC] * 2, env_ids=[0, 2])
    with pytest.raises(finqa_gym.AlreadyPendingCallError, match="env 2"):
        env.truncate([1, 2])
    assert env.truncate([1]).env_ids.tolist() == [1]
    assert env.num_pending == 2
    batch = env.recv(2)
    assert sorted(batch.env_ids.tolist()) == [0, 2]
    assert not batch.truncated.any()


# --- autoreset ----------------------------------------------------------------------------------


def test_same_step_brings_the_next_episode_with_the_end(make: MakeEnv) -> None:
    env = make(3, autoreset_mode="same_step")
    env.reset()
    env.step([CALC] * 3)
    batch = env.truncate([2])
    assert batch.truncated.tolist() == [True]
    assert batch.infos["was_reset"].tolist() == [True]
    assert batch.infos["truncation_reason"].tolist() == [0]
    final = batch.infos["final_info"]["truncation_reason"][0]
    assert env.truncation_reasons[final] == "token_limit"
    assert batch.infos["final_obs"] == [""]
    assert batch.observations[0].startswith("For company")
    assert env.step([CALC] * 3).infos["turn"].tolist() == [2, 2, 1]


def test_next_step_starts_anew_with_the_next_action(finqa_gym: Any, make: MakeEnv) -> None:
    env = make(3, autoreset_mode="next_step")
    env.reset()
    assert env.truncate([1]).observations == [""]
    with pytest.raises(finqa_gym.ResetNeededError, match="env 1 is over"):
        env.truncate([1])
    batch = env.step([CALC] * 3)
    assert batch.infos["was_reset"].tolist() == [False, True, False]
    assert batch.infos["turn"].tolist() == [1, 0, 1]


# --- criteria and records -----------------------------------------------------------------------


def test_criteria_are_asked_once_about_all_that_was_ended(finqa_gym: Any, make: MakeEnv) -> None:
    asked: list[list[int]] = []

    def brief(episodes: list[dict[str, Any]]) -> list[float]:
        asked.append([episode["env_id"] for episode in episodes])
        assert all(len(episode["messages"]) == 4 for episode in episodes)
        return [0.5] * len(episodes)

    env = make(4, criteria=[finqa_gym.PythonCriterion("brief", brief)])
    env.reset()
    env.step([CALC] * 4)
    batch = env.truncate([3, 0])
    assert asked == [[0, 3]]
    assert batch.infos["custom_score"].tolist() == [[0.5], [0.5]]
    assert env.episode(3)["custom"] == {"brief": 0.5}


def recorded(finqa_gym: Any, make: MakeEnv, path: Path, **options: Any) -> Any:
    """A run: slot 0 ended before its first turn, 1 after one, 2 after two; 3 answered."""
    env = make(5, record=path, reward="shaped", **options)
    env.reset()
    env.truncate([0])
    env.step([CALC] * 4, env_ids=[1, 2, 3, 4])
    env.truncate([1])
    env.step([CALC, SUBMIT], env_ids=[2, 3])
    env.truncate([2])
    # What a call returned is on disk, and slot 4 still runs.
    live = finqa_gym.open_run(path)
    assert (live.num_episodes, live.num_running) == (4, 1)
    env.close()
    return finqa_gym.open_run(path)


def test_records_say_why_and_are_replayed(finqa_gym: Any, make: MakeEnv, tmp_path: Path) -> None:
    from finqa_gym.replay import replay

    run = recorded(finqa_gym, make, tmp_path / "run")
    assert (run.num_episodes, run.num_abandoned, run.num_lost) == (4, 1, 0)
    episodes = sorted(run, key=lambda episode: episode["env_id"])
    ends = [(e["status"], e["truncation_reason"]) for e in episodes]
    assert ends == [("truncated", "token_limit")] * 3 + [("terminated", "")]
    assert [len(e["turns"]) for e in episodes] == [0, 1, 2, 2]
    assert [e["num_turns"] for e in episodes] == [0, 1, 2, 2]
    for episode in episodes[:3]:
        assert (episode["submission"], episode["reward"]) == (None, 0.0)
        assert (episode["failure"], episode["is_correct"]) == ("out_of_turns", False)
    report = replay(run)
    assert (report.num_episodes, report.num_faults, report.differences) == (4, 0, [])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"truncation_reason": "max_turns"}, "status"),
        ({"reward": 0.25}, "reward"),
        ({"failure": "gave_up"}, "failure"),
    ],
)
def test_a_replay_finds_another_end(
    finqa_gym: Any, make: MakeEnv, tmp_path: Path, change: dict[str, Any], what: str
) -> None:
    from finqa_gym.replay import replay

    run = recorded(finqa_gym, make, tmp_path / "run")

    def records() -> Any:
        for episode in run:
            yield episode | change if episode["env_id"] < 3 else episode

    report = replay(finqa_gym.write_run(tmp_path / "other", run.info, records()))
    assert [difference.what for difference in report.differences] == [what] * 3
    assert report.num_episodes == 4


def test_scores_of_criteria_are_in_the_record(
    finqa_gym: Any, make: MakeEnv, tmp_path: Path
) -> None:
    criterion = finqa_gym.PythonCriterion("brief", lambda episodes: [0.5] * len(episodes))
    run = recorded(finqa_gym, make, tmp_path / "run", criteria=[criterion])
    for episode in run:
        custom = [c["score"] for c in episode["criteria"] if c["dim"] == "custom"]
        assert custom == [0.5]
