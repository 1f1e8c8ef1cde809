"""How scores become rewards, and what cannot be asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

MakeEnv = Callable[..., Any]
Play = Callable[..., dict[str, Any]]
POLICIES = ("gold", "recovery", "guess", "spam_tables", "immediate")


def test_the_outcome_is_the_default(make: MakeEnv, play: Play) -> None:
    for policy in POLICIES:
        columns = play(make(48, seed=2), policy)
        np.testing.assert_array_equal(columns["reward"], columns["outcome"])


def test_binary_counts_right_answers(make: MakeEnv, play: Play) -> None:
    for policy in POLICIES:
        columns = play(make(48, seed=2, reward="binary"), policy)
        np.testing.assert_array_equal(columns["reward"], columns["is_correct"].astype(np.float32))


def test_shaped_adds_a_little_and_never_turns_the_order(
    make: MakeEnv, play: Play, finqa_gym: Any
) -> None:
    reward = finqa_gym.RewardConfig("shaped", process_weight=0.08, wrong_share=0.25)
    right, wrong = [], []
    for policy in POLICIES:
        columns = play(make(48, seed=2, reward=reward), policy)
        outcome = columns["outcome"].astype(np.float64)
        process = np.nan_to_num(columns["process"])
        is_correct = columns["is_correct"]
        more = columns["reward"] - outcome
        assert (more >= -1e-6).all()
        np.testing.assert_allclose(more[is_correct], 0.08 * process[is_correct], atol=1e-6)
        share = 0.25 * 0.08
        assert (more[~is_correct] <= share * process[~is_correct] + 1e-6).all()
        right += columns["reward"][is_correct].tolist()
        wrong += columns["reward"][~is_correct].tolist()
    assert right
    assert wrong
    assert max(wrong) < min(right)
    assert max(right) > 1.0


def test_an_episode_without_an_answer_earns_nothing(make: MakeEnv) -> None:
    env = make(4, reward="shaped", max_turns=1)
    env.reset()
    batch = env.step(["hello"] * 4)
    assert batch.truncated.all()
    assert (batch.rewards == 0).all()


def test_the_score_is_the_outcome_in_every_mode(make: MakeEnv, play: Play) -> None:
    for mode in ("outcome", "binary", "shaped"):
        columns = play(make(32, reward=mode), "guess")
        submitted = ~np.isnan(columns["score"])
        np.testing.assert_array_equal(columns["score"][submitted], columns["outcome"][submitted])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"process_weight": 0.11}, r"process_weight is 0\.11; it must be from 0 to 0\.1"),
        ({"wrong_share": 0.6}, r"wrong_share is 0\.6; it must be from 0 to 0\.5"),
        ({"cascade_credit": -0.1}, r"cascade_credit is -0\.1; it must be from 0 to 1"),
        ({"mode": "dense"}, "dense"),
        ({"checks": {"no_such_check": 1.0}}, "no_such_check"),
        ({"checks": {"budget": -1.0}}, "budget"),
        ({"checks": {}}, "no check has a weight"),
    ],
)
def test_a_reward_out_of_range_is_refused(
    finqa_gym: Any, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        finqa_gym.RewardConfig(**options)


@pytest.mark.parametrize("value", ["0.1", True, None])
def test_a_reward_of_another_type_is_refused(finqa_gym: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=r"process_weight is .*a number is needed"):
        finqa_gym.RewardConfig(process_weight=value)


def test_an_environment_takes_a_mode_or_a_configuration(make: MakeEnv) -> None:
    with pytest.raises(TypeError, match=r'reward is 0\.5 .*"shaped" is needed'):
        make(1, reward=0.5)
    with pytest.raises(ValueError, match="dense"):
        make(1, reward="dense")


def test_checks_weigh_what_they_are_told(make: MakeEnv, play: Play, finqa_gym: Any) -> None:
    reward = finqa_gym.RewardConfig("shaped", checks={"listed_before_query": 1.0})
    env = make(48, seed=2, reward=reward)
    place = env.rubric_schema.checks.index("listed_before_query")
    columns = play(env, "guess")
    single = np.array([not env.corpus.task(int(i)).get("rubric") for i in columns["task_index"]])
    assert single.any()
    np.testing.assert_array_equal(columns["process"][single], columns["check_score"][single, place])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reward.json", '{"mode": "shaped", "wrong_share": 0.25, "checks": {"budget": 2}}'),
        ("reward.yaml", "mode: shaped\nwrong_share: 0.25\nchecks: {budget: 2}\n"),
        ("reward.yml", "mode: shaped\nwrong_share: 0.25\nchecks:\n  budget: 2\n"),
    ],
)
def test_a_reward_is_read_from_a_file(finqa_gym: Any, tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    reward = finqa_gym.RewardConfig.load(path)
    assert reward == finqa_gym.RewardConfig("shaped", wrong_share=0.25, checks={"budget": 2.0})


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("reward.json", '{"mode": "shaped", "bonus": 1}', r"reward\.json: .*bonus"),
        ("reward.yaml", "process_weight: 0.5", r"reward\.yaml: .*process_weight is 0\.5"),
        ("reward.yaml", "mode: [", r"reward\.yaml: "),
        ("reward.toml", "", r"ends in '\.toml'; \.json, \.yaml or \.yml is needed"),
    ],
)
def test_a_file_that_is_no_reward_says_where(
    finqa_gym: Any, tmp_path: Path, name: str, text: str, problem: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=problem):
        finqa_gym.RewardConfig.load(path)
    with pytest.raises(FileNotFoundError):
        finqa_gym.RewardConfig.load(tmp_path / "none.json")
