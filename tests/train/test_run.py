"""A whole training, small: what it leaves, how it goes on, and what it refuses."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl", reason="the extra train is not installed")

from finqa_gym import DataError, open_run
from finqa_gym.train.experiment import run_experiment, spread
from finqa_gym.train.models import saved_settings
from finqa_gym.train.policy import CheckpointPolicy
from finqa_gym.train.run import Trained, train
from finqa_gym.train.settings import (
    EnvSettings,
    EvalSettings,
    GrpoSettings,
    SftPhase,
    SftSettings,
    TrainSettings,
)
from finqa_gym.train.world import World

# TRL 1.16 uses names that transformers 5.23 calls old, and says so of itself.
pytestmark = [pytest.mark.filterwarnings("ignore::FutureWarning")]


def settings(out: Path, **changes: Any) -> TrainSettings:
    made = TrainSettings(
        out=str(out),
        num_threads=1,
        env=EnvSettings(
            {"preset": "tiny", "multi_table_pct": 40, "train_companies": 40, "val_companies": 8},
            tool_profile="compact",
            task_prompt="{question}",
            system_prompt="",
            max_turns=4,
        ),
        sft=SftSettings((SftPhase(4, {"gold": 1.0, "hasty": 1.0}, tasks=64),), batch_size=8),
        grpo=GrpoSettings(
            steps=2,
            tasks_per_step=2,
            group_size=2,
            message_tokens=8,
            episode_tokens=48,
            trainer={"save_strategy": "steps", "save_steps": 1},
        ),
        eval=EvalSettings(tasks=4, every=1),
    )
    return dataclasses.replace(made, **changes)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(settings(tmp_path_factory.mktemp("train") / "run"), record_rollouts=True)


def test_a_training_leaves_models_runs_and_numbers(trained: Trained) -> None:
    out = trained.out
    assert [each.step for each in trained.measured] == [0, 1, 2]
    result = json.loads((out / "result.json").read_text())
    assert [each["step"] for each in result["measured"]] == [0, 1, 2]
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    logged = [line for line in lines if line["stage"] == "grpo" and "pass_at_1" in line]
    assert [line["step"] for line in logged] == [1, 2]
    assert all(0 <= line["time/env_share"] <= 1 for line in logged)
    assert {"behaviour/listed", "behaviour/had_error", "reward", "entropy"} <= logged[0].keys()


def test_every_episode_is_recorded_under_its_step(trained: Trained) -> None:
    held_out = open_run(trained.out / "held-out")
    steps = list(held_out.columns(["policy_step"])["policy_step"])
    assert sorted(steps) == [0] * 8 + [1] * 8 + [2] * 8
    # 2 steps of 2 tasks, each tried twice.
    assert open_run(trained.out / "rollouts").num_episodes == 8


def test_a_checkpoint_says_how_it_plays(trained: Trained) -> None:
    saved = saved_settings(trained.out / "model")
    assert saved is not None
    assert saved.env_options == {
        "tool_profile": "compact",
        "task_prompt": "{question}",
        "system_prompt": "",
        "max_turns": 4,
    }
    assert saved.limits.message_tokens == 8
    policy = CheckpointPolicy(str(trained.out / "model"), temperature=1.0)
    world = World(saved.env)
    with policy.env(world.corpus, 4, split="val") as env:
        observations, infos = env.reset()
        used = policy.play(env, infos["env_id"], observations, infos)
        ended = [env.episode(slot) for slot in range(4)]
    assert used.sampled_tokens >= 4
    assert all(episode is not None and episode["status"] != "running" for episode in ended)


def test_a_folder_in_use_is_not_replaced_by_accident(trained: Trained) -> None:
    with pytest.raises(DataError, match="holds a training already"):
        train(settings(trained.out))
    grpo = dataclasses.replace(settings(trained.out).grpo, steps=9)
    with pytest.raises(DataError, match=r"other settings: grpo\.steps was 2 and is 9"):
        train(settings(trained.out, grpo=grpo), resume=True)


def test_an_evaluation_split_is_no_training_data(tmp_path: Path) -> None:
    env = dataclasses.replace(settings(tmp_path).env, split="eval290")
    with pytest.raises(ValueError, match="--allow-eval-split"):
        train(settings(tmp_path / "run", env=env))
    same = dataclasses.replace(settings(tmp_path).env, split="val")
    with pytest.raises(ValueError, match=r"env\.split and eval\.split are both 'val'"):
        train(settings(tmp_path / "run", env=same))


def test_a_demonstrator_that_there_is_not_is_named(tmp_path: Path) -> None:
    sft = SftSettings((SftPhase(2, {"golden": 1.0}, tasks=8),), batch_size=2)
    with pytest.raises(ValueError, match=r"names 'golden'; it must be one of gold, recovery"):
        train(settings(tmp_path / "run", sft=sft))


def test_an_experiment_goes_on_where_it_was(tmp_path: Path) -> None:
    grpo = dataclasses.replace(settings(tmp_path).grpo, steps=1, trainer={})
    made = settings(tmp_path, grpo=grpo, eval=EvalSettings(tasks=2, every=0))
    first = run_experiment("regimes", made, base_seeds=1, seeds=1, only=["single"])
    assert [cell.arm for cell in first] == ["base", "single"]
    greedy = open_run(tmp_path / "single-0-0" / "held-out-greedy").columns(["reward"])["reward"]
    assert (first[1].greedy_single + first[1].greedy_multi) / 2 == pytest.approx(greedy.mean())
    assert 0 < sum(first[1].failures.values()) <= 1
    kept = (tmp_path / "single-0-0" / "result.json").stat().st_mtime_ns
    both = run_experiment("regimes", made, base_seeds=1, seeds=1, only=["single", "mixed"])
    assert [cell.arm for cell in both] == ["base", "single", "mixed"]
    assert both[:2] == first
    assert (tmp_path / "single-0-0" / "result.json").stat().st_mtime_ns == kept
    with pytest.raises(ValueError, match="has no arm 'singel': single, mixed, curriculum"):
        run_experiment("regimes", made, only=["singel"])


def test_the_larger_model_goes_on_from_its_own_demonstrations(tmp_path: Path) -> None:
    grpo = dataclasses.replace(settings(tmp_path).grpo, steps=1, trainer={})
    made = settings(tmp_path, grpo=grpo, eval=EvalSettings(tasks=2, every=0))
    with pytest.raises(ValueError, match=r"'8m\+grpo' starts from '8m': choose both"):
        run_experiment("size", made, base_seeds=1, seeds=1, only=["8m+grpo"])
    arms = ["8m", "8m+grpo"]
    cells = run_experiment("size", made, base_seeds=1, seeds=1, only=arms)
    assert [cell.arm for cell in cells] == ["base", *arms]
    kept = {arm: json.loads((tmp_path / f"{arm}-0-0/settings.json").read_text()) for arm in arms}
    assert kept["8m"]["grpo"]["steps"] == 0
    assert kept["8m+grpo"]["sft"]["phases"] == []
    assert kept["8m+grpo"]["model"]["name"] == str(tmp_path / "8m-0-0/base")
    # Adam's rate goes with 1 / width: 128 of 320.
    assert kept["8m+grpo"]["grpo"]["trainer"]["learning_rate"] == pytest.approx(4e-5)
    weights = tmp_path / "8m+grpo-0-0" / "model" / "model.safetensors"
    assert weights.stat().st_size > 25e6


def test_an_interval_over_seeds_is_students() -> None:
    # Three values with deviation 0.1: 4.303 * 0.1 / sqrt(3).
    assert spread([0.4, 0.5, 0.6]) == pytest.approx((0.5, 0.24843), abs=1e-4)
    mean, half = spread([0.4])
    assert mean == 0.4
    assert half != half
