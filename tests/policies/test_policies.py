"""The scripted policies through the Python environment, and demonstrations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

import finqa_gym
from finqa_gym.policies import run_episodes
from small_corpus import small_corpus

if TYPE_CHECKING:
    from pathlib import Path

    from finqa_gym.policies import PolicyName

Profile = Literal["rllm", "openenv", "compact"]
PROFILES: tuple[Profile, ...] = ("rllm", "openenv", "compact")


@pytest.fixture(scope="module")
def corpus() -> finqa_gym.Corpus:
    return small_corpus(14, evaluation=False)


def rewards_of(corpus: finqa_gym.Corpus, policy: PolicyName, profile: Profile) -> Any:
    env = finqa_gym.VectorEnv(corpus, num_envs=64, tool_profile=profile, seed=1)
    rewards, _ = run_episodes(env, finqa_gym.ScriptedPolicy(policy, env, seed=3))
    env.close()
    return rewards


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("policy", finqa_gym.POLICIES)
def test_what_each_policy_is_worth(
    corpus: finqa_gym.Corpus, policy: PolicyName, profile: Profile
) -> None:
    rewards = rewards_of(corpus, policy, profile)
    if policy in ("gold", "recovery"):
        assert rewards.min() == 1.0
    else:
        assert rewards.mean() < 0.02


def test_variants_say_which_course_a_slot_takes(corpus: finqa_gym.Corpus) -> None:
    env = finqa_gym.VectorEnv(corpus, num_envs=64)
    policy = finqa_gym.ScriptedPolicy("recovery", env)
    _, infos = env.reset()
    with pytest.raises(ValueError, match="never reset"):
        policy.variants([0])
    policy.reset(infos["env_id"], infos["task_index"])
    variants = policy.variants(infos["env_id"])
    assert set(variants) == {"wrong_table", "wrong_column", "wrong_label", "missing_argument"}
    policy.reset(infos["env_id"], infos["task_index"])
    assert policy.variants(infos["env_id"]) != variants
    env.close()


def test_demonstrations_are_the_same_every_time(corpus: finqa_gym.Corpus) -> None:
    def play(**options: Any) -> list[dict[str, Any]]:
        return list(finqa_gym.demonstrations(corpus, "guess", max_tasks=20, **options))

    assert play(seed=1) == play(seed=1)
    assert play(seed=1) != play(seed=2)


def test_text_demonstrations_hold_calls_in_the_content(corpus: finqa_gym.Corpus) -> None:
    [demo] = finqa_gym.demonstrations(corpus, "gold", format="text", max_tasks=1)
    assistant = [message for message in demo["messages"] if message["role"] == "assistant"]
    for message in assistant:
        assert "tool_calls" not in message
        body = message["content"].removeprefix("<tool_call>\n").removesuffix("\n</tool_call>")
        assert set(json.loads(body)) == {"name", "arguments"}


def test_demonstrations_are_written_by_the_ending_of_the_file(
    corpus: finqa_gym.Corpus, tmp_path: Path
) -> None:
    played = finqa_gym.demonstrations(corpus, ["gold", "immediate"], max_tasks=3, min_reward=1.0)
    first = next(played)
    assert played.write(tmp_path / "rest.jsonl") == 2
    assert (played.num_episodes, played.num_left_out) == (6, 3)
    lines = [json.loads(line) for line in (tmp_path / "rest.jsonl").read_text().splitlines()]
    assert first["task_id"] not in [line["task_id"] for line in lines]
    with pytest.raises(ValueError, match="format"):
        played.write(tmp_path / "rest.csv")
    with pytest.raises(finqa_gym.DataError, match="overwrite"):
        played.write(tmp_path / "rest.jsonl")


def test_an_interrupted_file_leaves_nothing(corpus: finqa_gym.Corpus, tmp_path: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    played = finqa_gym.demonstrations(corpus, ["gold", "guess"])
    with pytest.raises(KeyboardInterrupt):
        played.write(tmp_path / "demos.parquet", progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_wrong_names_are_refused(corpus: finqa_gym.Corpus) -> None:
    with pytest.raises(ValueError, match="recovery"):
        finqa_gym.demonstrations(corpus, "best")  # type: ignore[arg-type]
    with pytest.raises(finqa_gym.NotFoundError, match="nowhere"):
        finqa_gym.demonstrations(corpus, split="nowhere")
    with pytest.raises(ValueError, match="max_tasks"):
        finqa_gym.demonstrations(corpus, max_tasks=0)
    with pytest.raises(ValueError, match="arguments"):
        finqa_gym.demonstrations(corpus, arguments="dict")  # type: ignore[arg-type]


def test_evaluation_tasks_are_no_training_data() -> None:
    corpus = small_corpus()
    for chosen in ({}, {"split": "eval290"}, {"split": "reason79", "max_tasks": 1}):
        with pytest.raises(ValueError, match=r"is for evaluation; .*allow_eval_split"):
            finqa_gym.demonstrations(corpus, **chosen)
    for split in ("train", "val"):
        assert next(finqa_gym.demonstrations(corpus, split=split))["split"] == split
    allowed = finqa_gym.demonstrations(corpus, split="eval290", allow_eval_split=True)
    assert next(allowed)["split"] == "eval290"
    names = {"test", "Test_gold", "eval", "eval290", "reason79", "EVAL", "reasoning"}
    others = {"train", "val", "dev", "all", "latest", "retrieval"}
    assert {name for name in names | others if finqa_gym.is_evaluation_split(name)} == names


def test_an_audit_is_a_report(corpus: finqa_gym.Corpus, tmp_path: Path) -> None:
    report = corpus.audit(max_tasks=5)
    assert (report.num_tasks, report.num_failed) == (5, 0)
    assert str(report) == report.to_markdown()
    report.save(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text()) == report.to_dict()
    with pytest.raises(finqa_gym.NotFoundError):
        corpus.audit(split="nowhere")


def test_an_export_says_what_it_wrote(corpus: finqa_gym.Corpus, tmp_path: Path) -> None:
    report = corpus.export(tmp_path / "out", "rllm", split="val")
    assert report.num_tasks == corpus.splits()["val"]
    assert report.left_out == {}
    again = finqa_gym.load(tmp_path / "out")
    assert again.splits() == {"val": report.num_tasks}
    with pytest.raises(finqa_gym.DataError, match="overwrite"):
        corpus.export(tmp_path / "out", "openenv")
    with pytest.raises(ValueError, match="openenv, rllm, native"):
        corpus.export(tmp_path / "x", "csv")  # type: ignore[arg-type]
