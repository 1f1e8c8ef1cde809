"""Criteria of the user: asked once a step, off the engine's path, and bounded in the reward."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

MakeEnv = Callable[..., Any]
HELLO, ANSWER = "hello", "FINAL ANSWER: 1"


class Asked:
    """A criterion's function that remembers what it was asked."""

    def __init__(self, *scores: Any) -> None:
        self.scores = scores
        self.batches: list[list[dict[str, Any]]] = []

    def __call__(self, episodes: list[dict[str, Any]]) -> list[Any]:
        self.batches.append(episodes)
        return [self.scores[i % len(self.scores)] for i in range(len(episodes))]


@pytest.fixture
def criterion(finqa_gym: Any) -> Callable[..., Any]:
    def build(function: Any, name: str = "mine", weight: float = 1.0) -> Any:
        return finqa_gym.PythonCriterion(name, function, weight=weight)

    return build


def test_one_call_for_all_rows_that_ended(make: MakeEnv, criterion: Any) -> None:
    asked = Asked(0.25, None, 1)
    env = make(6, criteria=[criterion(asked)])
    _, infos = env.reset()
    assert infos["custom_score"].shape == (6, 1)
    assert np.isnan(infos["custom_score"]).all()
    batch = env.step([HELLO] * 6)
    assert asked.batches == []
    batch = env.step([ANSWER, HELLO, ANSWER, ANSWER, HELLO, HELLO])
    assert [[e["env_id"] for e in episodes] for episodes in asked.batches] == [[0, 2, 3]]
    column = batch.infos["custom_score"]
    assert column.dtype == np.float32
    np.testing.assert_array_equal(column[:, 0], [0.25, np.nan, np.nan, 1, np.nan, np.nan])
    assert env.rubric_schema.custom == ("mine",)


def test_an_episode_comes_with_task_chat_and_calls(make: MakeEnv, criterion: Any) -> None:
    asked = Asked(1.0)
    env = make(2, criteria=[criterion(asked)])
    env.reset()
    env.step(
        ['<tool_call>{"name": "calculator", "arguments": {"expression": "1+1"}}</tool_call>'] * 2
    )
    env.step([ANSWER, ANSWER])
    [episodes] = asked.batches
    for env_id, episode in enumerate(episodes):
        assert episode["task"] == env.corpus.task(episode["task_index"])
        assert episode["messages"] == env.messages(env_id)
        assert [call["tool"] for call in episode["calls"]] == ["calculator", "submit_answer"]
        assert (episode["submission"], episode["status"]) == ("1", "terminated")
        assert "score" in episode


def test_send_and_recv_ask_for_each_batch(make: MakeEnv, criterion: Any) -> None:
    asked = Asked(0.5)
    env = make(4, criteria=[criterion(asked)])
    env.reset()
    env.send([ANSWER] * 4)
    assert (env.recv(3).infos["custom_score"] == 0.5).all()
    assert (env.recv(1).infos["custom_score"] == 0.5).all()
    assert [len(episodes) for episodes in asked.batches] == [3, 1]


def test_next_step_autoreset_asks_about_the_episode_that_ended(
    make: MakeEnv, criterion: Any
) -> None:
    asked = Asked(0.5)
    env = make(2, criteria=[criterion(asked)], autoreset_mode="next_step")
    env.reset()
    first = env.step([ANSWER, HELLO]).infos
    second = env.step([ANSWER, ANSWER]).infos
    assert [[e["env_id"] for e in episodes] for episodes in asked.batches] == [[0], [1]]
    np.testing.assert_array_equal(first["custom_score"][:, 0], [0.5, np.nan])
    np.testing.assert_array_equal(second["custom_score"][:, 0], [np.nan, 0.5])


@pytest.mark.parametrize("mode", ["outcome", "binary"])
def test_other_rewards_are_left_alone(make: MakeEnv, criterion: Any, mode: str) -> None:
    env = make(8, criteria=[criterion(Asked(1.0))], reward=mode)
    plain = make(8, reward=mode)
    for each in (env, plain):
        each.reset()
    np.testing.assert_array_equal(env.step([ANSWER] * 8).rewards, plain.step([ANSWER] * 8).rewards)


def test_shaped_rewards_take_them_in_by_weight(make: MakeEnv, criterion: Any) -> None:
    low, high = criterion(Asked(0.0), "low", 2.0), criterion(Asked(1.0), "high", 0.5)
    env = make(8, criteria=[low, high, criterion(Asked(None), "never")], reward="shaped")
    env.reset()
    batch = env.step([ANSWER] * 8)
    wrong = ~batch.infos["is_correct"]
    single = batch.infos["outcome"] == 0
    process = (np.nan_to_num(batch.infos["process"]) * 1 + 0 * 2.0 + 1 * 0.5) / (1 + 2.5)
    rows = wrong & single
    assert rows.any()
    np.testing.assert_allclose(batch.rewards[rows], 0.1 * 0.5 * process[rows], atol=1e-6)
    for slot in range(8):
        episode = env.episode(slot)
        assert episode["reward"] == pytest.approx(float(batch.rewards[slot]), abs=1e-6)
        assert episode["custom"] == {"low": 0.0, "high": 1.0, "never": None}
    env.reset()
    assert env.episode(0)["custom"] == {}


def test_no_weight_lets_a_wrong_answer_reach_a_right_one(
    make: MakeEnv, criterion: Any, finqa_gym: Any
) -> None:
    from finqa_gym.policies import run_episodes

    def flatter(episodes: list[dict[str, Any]]) -> list[float]:
        return [0.0 if episode["is_correct"] else 1.0 for episode in episodes]

    right: list[float] = []
    wrong: list[float] = []
    for policy in ("gold", "guess"):
        env = make(48, criteria=[criterion(flatter, weight=1000.0)], reward="shaped")
        rewards, _ = run_episodes(env, finqa_gym.ScriptedPolicy(policy, env))
        for slot, reward in enumerate(rewards.tolist()):
            (right if env.episode(slot)["is_correct"] else wrong).append(reward)
    assert right
    assert wrong
    assert max(wrong) < min(right)


def test_without_a_submission_nothing_is_earned(make: MakeEnv, criterion: Any) -> None:
    env = make(3, criteria=[criterion(Asked(1.0))], reward="shaped", max_turns=1)
    env.reset()
    batch = env.step([HELLO] * 3)
    assert (batch.infos["custom_score"] == 1).all()
    assert (batch.rewards == 0).all()


def test_what_a_criterion_raises_comes_out_and_leaves_the_slots_at_rest(
    make: MakeEnv, criterion: Any
) -> None:
    def broken(episodes: list[dict[str, Any]]) -> list[float]:
        raise RuntimeError(f"no score for {len(episodes)}")

    env = make(3, criteria=[criterion(broken)])
    env.reset()
    with pytest.raises(RuntimeError, match="no score for 2"):
        env.step([ANSWER, HELLO, ANSWER])
    assert env.num_pending == 0
    assert env.episode(0)["status"] == "terminated"
    assert env.episode(0)["outcome"] is not None
    assert env.step([HELLO], env_ids=[1]).infos["turn"].tolist() == [2]


def test_what_a_criterion_raises_names_it_and_the_tasks(
    make: MakeEnv, criterion: Any, finqa_gym: Any, tmp_path: Path
) -> None:
    fails = True

    def sometimes(episodes: list[dict[str, Any]]) -> list[float]:
        if fails:
            raise ZeroDivisionError("division by zero")
        return [1.0] * len(episodes)

    others = finqa_gym.PythonCriterion("other", Asked(0.5))
    env = make(8, criteria=[others, criterion(sometimes)], record=tmp_path / "run")
    _, infos = env.reset()
    tasks = [env.corpus.task(int(index))["id"] for index in infos["task_index"]]
    with pytest.raises(ZeroDivisionError, match="division by zero") as raised:
        env.step([HELLO] + [ANSWER] * 7)
    (note,) = getattr(raised.value, "__notes__", [])
    assert note.startswith(f"raised by criterion 'mine', asked about {tasks[1]} (env 1), ")
    assert note.endswith(f"{tasks[5]} (env 5) and 2 more")
    assert env.messages(0)[-1]["role"] == "tool"
    # The same environment goes on, and its record has every episode once.
    fails = False
    assert env.step([ANSWER], env_ids=[0]).infos["custom_score"].tolist() == [[0.5, 1.0]]
    env.reset()
    assert (env.step([ANSWER] * 8).infos["custom_score"] == [0.5, 1.0]).all()
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    assert (run.num_episodes, run.num_abandoned) == (16, 0)
    custom = [[c["score"] for c in e["criteria"] if c["dim"] == "custom"] for e in run]
    assert sum(scores == [0.5, 1.0] for scores in custom) == 9


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        ([0.5], "returned 1 scores for 2 episodes"),
        ("ab", "returned str; a list"),
        (None, "returned NoneType; a list"),
        ([0.5, 1.5], r"returned the score 1\.5; it must be from 0 to 1"),
        ([0.5, float("nan")], "returned the score nan"),
        ([0.5, "high"], "a score of criterion 'mine' is 'high'"),
        ([0.5, True], "a score of criterion 'mine' is True"),
    ],
)
def test_scores_that_are_none_say_so(
    make: MakeEnv, criterion: Any, returned: Any, problem: str
) -> None:
    env = make(2, criteria=[criterion(lambda _: returned)])
    env.reset()
    with pytest.raises((TypeError, ValueError), match=problem):
        env.step([ANSWER, ANSWER])


def test_what_cannot_be_asked_is_refused(make: MakeEnv, criterion: Any, finqa_gym: Any) -> None:
    one = criterion(Asked(1.0))
    for mode in ("same_step", "SameStep"):
        with pytest.raises(ValueError, match='autoreset_mode "same_step" has put the next'):
            make(2, criteria=[one], autoreset_mode=mode)
    with pytest.raises(ValueError, match="two criteria are called 'mine'"):
        make(2, criteria=[one, criterion(Asked(0.0))])
    with pytest.raises(ValueError, match="keep_messages must be True"):
        make(2, criteria=[one], keep_messages=False)
    with pytest.raises(TypeError, match=r"criteria\[0\] is .*a PythonCriterion is needed"):
        make(2, criteria=[lambda episodes: [1.0] * len(episodes)])
    with pytest.raises(ValueError, match="weight is 0; it must be above 0"):
        finqa_gym.PythonCriterion("mine", Asked(1.0), weight=0)
    with pytest.raises(TypeError, match="a callable that takes a list of episodes is needed"):
        finqa_gym.PythonCriterion("mine", 0.5)


def test_criteria_and_user_tools_work_in_one_step(
    make: MakeEnv, criterion: Any, finqa_gym: Any
) -> None:
    schema = {"type": "object", "properties": {}}
    tool = finqa_gym.UserTool(
        lambda calls: ["42"] * len(calls), name="oracle", description="Knows.", parameters=schema
    )
    asked = Asked(0.75)
    env = make(4, tools=[tool], criteria=[criterion(asked)])
    env.reset()
    ask = '<tool_call>{"name": "oracle", "arguments": {}}</tool_call>'
    end = '<tool_call>{"name": "submit_answer", "arguments": {"answer": "1"}}</tool_call>'
    batch = env.step([ANSWER, ask, ask + end, ask])
    assert [[e["env_id"] for e in episodes] for episodes in asked.batches] == [[0, 2]]
    np.testing.assert_array_equal(batch.infos["custom_score"][:, 0], [0.75, np.nan, 0.75, np.nan])
