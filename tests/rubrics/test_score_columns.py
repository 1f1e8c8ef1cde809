"""The columns of scores in infos: shapes, dtypes, and what stands in rows without an end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")

MakeEnv = Callable[..., Any]
Play = Callable[..., dict[str, Any]]

HELLO, ANSWER = "hello", "FINAL ANSWER: 1"


def expected(env: Any, rows: int) -> dict[str, tuple[str, tuple[int, ...], Any]]:
    """Column -> dtype, shape, and the value where no episode ended."""
    schema = env.rubric_schema
    checks, criteria = (rows, len(schema.checks)), (rows, schema.max_criteria)
    return {
        "outcome": ("float32", (rows,), np.nan),
        "is_correct": ("bool", (rows,), False),
        "process": ("float32", (rows,), np.nan),
        "failure": ("int8", (rows,), -1),
        "wrong_answer": ("int8", (rows,), -1),
        "flags": ("bool", (rows, len(schema.flags)), False),
        "failures": ("bool", (rows, len(schema.failures)), False),
        "dimension_score": ("float32", (rows, 6), np.nan),
        "check_score": ("float32", checks, np.nan),
        "check_applicable": ("bool", checks, False),
        "check_reason": ("int16", checks, -1),
        "criterion_score": ("float32", criteria, np.nan),
        "criterion_applicable": ("bool", criteria, False),
        "criterion_reason": ("int16", criteria, -1),
    }


def assert_columns(env: Any, infos: dict[str, Any], ended: list[bool]) -> None:
    over = np.array(ended)
    for name, (dtype, shape, none) in expected(env, len(ended)).items():
        values = infos[name]
        assert values.dtype == dtype, name
        assert values.shape == shape, name
        assert np.array_equal(
            values[~over], np.full_like(values[~over], none), equal_nan=values.dtype.kind == "f"
        ), name
    assert np.array_equal(~np.isnan(infos["outcome"]), over)
    assert np.array_equal(infos["wrong_answer"] >= 0, over)
    assert np.array_equal(infos["flags"].any(axis=1), over)
    for kind in ("check", "criterion"):
        applies = infos[f"{kind}_applicable"]
        assert np.array_equal(~np.isnan(infos[f"{kind}_score"]), applies)
        assert (infos[f"{kind}_reason"][applies] >= 0).all()
    assert (infos["check_reason"][over] >= 0).all(), "every check says why, or why not"


@pytest.mark.parametrize("num_envs", [1, 2, 7])
@pytest.mark.parametrize("profile", ["rllm", "openenv", "compact"])
def test_columns_are_there_in_every_step(make: MakeEnv, num_envs: int, profile: str) -> None:
    env = make(num_envs, tool_profile=profile, on_no_call="feedback", max_turns=2)
    _, infos = env.reset()
    assert_columns(env, infos, [False] * num_envs)
    batch = env.step([HELLO] * num_envs)
    assert_columns(env, batch.infos, [False] * num_envs)
    batch = env.step([HELLO] * num_envs)
    assert batch.truncated.all()
    assert_columns(env, batch.infos, [True] * num_envs)
    assert (batch.infos["outcome"] == 0).all()
    names = [env.rubric_schema.failures[code] for code in batch.infos["failure"]]
    assert set(names) <= {"out_of_turns", "malformed_call"}


def test_only_rows_that_ended_are_filled(make: MakeEnv) -> None:
    env = make(4)
    env.reset()
    batch = env.step([HELLO, ANSWER, HELLO, ANSWER])
    assert_columns(env, batch.infos, [False, True, False, True])
    batch = env.step([HELLO, ANSWER], env_ids=[0, 2])
    assert_columns(env, batch.infos, [False, True])


def test_next_step_gives_the_row_of_the_new_episode_nothing(make: MakeEnv) -> None:
    env = make(3, autoreset_mode="next_step")
    env.reset()
    batch = env.step([ANSWER, HELLO, ANSWER])
    assert_columns(env, batch.infos, [True, False, True])
    batch = env.step([ANSWER] * 3)
    assert batch.infos["was_reset"].tolist() == [True, False, True]
    assert_columns(env, batch.infos, [False, True, False])


def test_same_step_keeps_the_columns_beside_the_new_episode(make: MakeEnv) -> None:
    env = make(3, autoreset_mode="same_step")
    env.reset()
    batch = env.step([ANSWER, HELLO, ANSWER])
    ended = [True, False, True]
    assert batch.infos["was_reset"].tolist() == ended
    assert_columns(env, batch.infos, ended)
    assert_columns(env, batch.infos["final_info"], ended)
    for name in expected(env, 3):
        final = batch.infos["final_info"][name]
        np.testing.assert_array_equal(final, batch.infos[name], err_msg=name)


def test_send_and_recv_bring_the_same_columns(make: MakeEnv) -> None:
    env = make(6)
    env.reset()
    env.send([ANSWER, HELLO] * 3)
    for part in (env.recv(2), env.recv(4)):
        assert_columns(env, part.infos, [env_id % 2 == 0 for env_id in part.env_ids])


def test_columns_go_through_turns_with_user_tools(make: MakeEnv, finqa_gym: Any) -> None:
    schema = {"type": "object", "properties": {}}
    tool = finqa_gym.UserTool(
        lambda calls: ["42"] * len(calls), name="oracle", description="Knows.", parameters=schema
    )
    env = make(4, tools=[tool])
    env.reset()
    ask = '<tool_call>{"name": "oracle", "arguments": {}}</tool_call>'
    batch = env.step([ANSWER, ask, ANSWER, ask])
    assert batch.env_ids.tolist() == [0, 1, 2, 3]
    assert_columns(env, batch.infos, [True, False, True, False])


def test_an_episode_says_the_same_as_the_columns(make: MakeEnv, play: Play) -> None:
    env = make(32, seed=5)
    schema = env.rubric_schema
    for policy in ("gold", "guess", "spam_tables"):
        columns = play(env, policy)
        for slot in range(env.num_envs):
            episode = env.episode(slot)
            assert episode["reward"] == pytest.approx(float(columns["reward"][slot]))
            assert episode["outcome"] == pytest.approx(float(columns["outcome"][slot]))
            assert episode["flags"] == dict(
                zip(schema.flags, columns["flags"][slot].tolist(), strict=True)
            )
            failures = np.flatnonzero(columns["failures"][slot])
            assert episode["failures"] == [schema.failures[code] for code in failures]
            code = int(columns["failure"][slot])
            assert episode["failure"] == (schema.failures[code] if code >= 0 else None)
            wrong = schema.wrong_answers[columns["wrong_answer"][slot]]
            assert episode["wrong_answer"] == wrong
            assert list(episode["checks"]) == list(schema.checks)
            entries = [*episode["checks"].values()]
            assert_entries(entries, "check", columns, slot, schema)
            criteria = schema.criteria(episode["task_index"])
            assert list(episode["criteria"]) == [criterion.id for criterion in criteria]
            assert [entry["dim"] for entry in episode["criteria"].values()] == [
                criterion.dim for criterion in criteria
            ]
            assert_entries([*episode["criteria"].values()], "criterion", columns, slot, schema)


def assert_entries(
    entries: list[dict[str, Any]], kind: str, columns: dict[str, Any], slot: int, schema: Any
) -> None:
    scores = columns[f"{kind}_score"][slot]
    applies = columns[f"{kind}_applicable"][slot]
    reasons = columns[f"{kind}_reason"][slot]
    assert not applies[len(entries) :].any()
    for place, entry in enumerate(entries):
        assert (entry["score"] is not None) == applies[place]
        assert schema.reasons[reasons[place]] == entry["reason"]
        if applies[place]:
            assert entry["score"] == pytest.approx(float(scores[place]))


def test_a_running_episode_has_come_to_nothing(make: MakeEnv) -> None:
    env = make(1)
    env.reset()
    env.step([HELLO])
    episode = env.episode(0)
    assert [episode[key] for key in ("outcome", "reward", "process", "failure")] == [None] * 4
    assert [episode[key] for key in ("failures", "flags", "checks", "criteria")] == [[], {}, {}, {}]


def test_columns_can_be_pickled(make: MakeEnv) -> None:
    import pickle

    env = make(2)
    env.reset()
    batch = env.step([ANSWER, HELLO])
    copy = pickle.loads(pickle.dumps(batch))
    for name in expected(env, 2):
        np.testing.assert_array_equal(copy.infos[name], batch.infos[name], err_msg=name)
