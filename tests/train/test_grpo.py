"""GRPO through TRL's own trainer: books that agree, exact resume, options that stay open."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl", reason="the extra train is not installed")

import torch

from finqa_gym.train.grpo import grpo_trainer, task_rows
from finqa_gym.train.models import LoadedModel, load_model, save_model
from finqa_gym.train.rollout import Limits, RolloutBatch
from finqa_gym.train.settings import EnvSettings, GrpoSettings, GrpoStage, ModelSettings
from finqa_gym.train.world import World

# TRL 1.16 uses names that transformers 5.23 calls old, and says so of itself.
pytestmark = [pytest.mark.filterwarnings("ignore::FutureWarning")]

ENV = EnvSettings(
    {"preset": "tiny", "multi_table_pct": 40, "train_companies": 40, "val_companies": 8},
    tool_profile="compact",
    task_prompt="{question}",
    system_prompt="",
    max_turns=3,
    # An untrained model is never right; that every episode earns something else makes it learn.
    reward={"mode": "shaped", "process_weight": 0.1},
)
GRPO = GrpoSettings(
    steps=4,
    tasks_per_step=2,
    group_size=4,
    message_tokens=8,
    episode_tokens=64,
    trainer={"learning_rate": 1e-3, "lr_scheduler_type": "constant"},
)


@pytest.fixture(scope="module")
def world() -> World:
    torch.set_num_threads(1)
    return World(ENV)


Train = Callable[..., tuple[Any, list[RolloutBatch], LoadedModel]]


@pytest.fixture
def train(world: World, tmp_path: Path) -> Train:
    """Trains a new model; returns the trainer and its batches."""

    def run(
        settings: GrpoSettings = GRPO,
        *,
        out: Path = tmp_path,
        resume: str | None = None,
        **model: Any,
    ) -> tuple[Any, list[RolloutBatch], LoadedModel]:
        torch.manual_seed(0)
        loaded = load_model(ModelSettings("small:1m", **model), world, seed=1)
        if settings.trainer.get("beta"):
            save_model(loaded, ENV, Limits(), out / "base")
        batches: list[RolloutBatch] = []
        trainer = grpo_trainer(
            world, loaded, settings, out, 7, on_batch=lambda batch, _: batches.append(batch)
        )
        trainer.train(resume_from_checkpoint=resume)
        trainer.rollout_func.close()
        return trainer, batches, loaded

    return run


def with_trainer(**options: Any) -> GrpoSettings:
    return dataclasses.replace(GRPO, trainer=GRPO.trainer | options)


def losses(trainer: Any) -> dict[int, float]:
    return {log["step"]: log["loss"] for log in trainer.state.log_history if "loss" in log}


def test_a_resumed_training_is_the_one_that_was_interrupted(train: Train, tmp_path: Path) -> None:
    settings = with_trainer(save_strategy="steps", save_steps=2)
    whole, batches, loaded = train(settings)
    resumed, rest, again = train(settings, resume=str(tmp_path / "checkpoint-2"))
    assert len(batches) == 4
    assert len(rest) == 2
    for one, other in zip(batches[2:], rest, strict=True):
        assert [r.task_index for r in one.rollouts] == [r.task_index for r in other.rollouts]
        assert [r.completion_ids for r in one.rollouts] == [
            r.completion_ids for r in other.rollouts
        ]
    for step in (3, 4):
        assert losses(resumed)[step] == pytest.approx(losses(whole)[step], abs=1e-6)
    for one, other in zip(loaded.model.parameters(), again.model.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_groups_share_a_task_and_the_order_is_that_of_the_stages(
    train: Train, world: World
) -> None:
    settings = dataclasses.replace(
        GRPO, steps=2, stages=(GrpoStage("multi", 1.0), GrpoStage("single", 1.0))
    )
    _, batches, _ = train(settings)
    rows = task_rows(world, settings, 7)
    for batch, wanted in zip(batches, (rows[:2], rows[2:]), strict=True):
        played = [world.corpus.task(r.task_index)["id"] for r in batch.rollouts]
        assert played == [task for task in wanted for _ in range(4)]
    kinds = [world.corpus.task(task)["question_type"].startswith("multi") for task in rows]
    assert kinds == [True, True, False, False]


def test_the_trainer_learns_what_was_sampled_and_nothing_else(world: World, tmp_path: Path) -> None:
    """What TRL computes of the ids is what the sampler drew them with; the rest is masked."""
    seen: list[dict[str, Any]] = []
    settings = dataclasses.replace(GRPO, steps=1)

    def spy(trainer: Any) -> None:
        inner = trainer._compute_loss

        def computed(model: Any, inputs: dict[str, Any]) -> Any:
            ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1)
            mask = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1)
            logprobs, *_ = trainer._get_per_token_logps_and_entropies(
                model, ids, mask, inputs["completion_ids"].shape[1], compute_entropy=False
            )
            seen.append({"logprobs": logprobs.detach(), "inputs": inputs})
            return inner(model, inputs)

        trainer._compute_loss = computed

    loaded = load_model(ModelSettings("small:1m"), world, seed=1)
    batches: list[RolloutBatch] = []
    trainer = grpo_trainer(
        world, loaded, settings, tmp_path, 7, on_batch=lambda b, _: batches.append(b)
    )
    spy(trainer)
    trainer.train()
    trainer.rollout_func.close()
    rollouts = {tuple(r.completion_ids): r for r in batches[0].rollouts}
    checked = 0
    for part in seen:
        inputs = part["inputs"]
        learned = inputs["tool_mask"] if "tool_mask" in inputs else inputs["completion_mask"]
        for row in range(len(inputs["completion_ids"])):
            length = int(inputs["completion_mask"][row].sum())
            each = rollouts[tuple(inputs["completion_ids"][row, :length].tolist())]
            assert learned[row, :length].tolist() == each.mask
            for place, (is_sampled, wanted) in enumerate(
                zip(each.mask, each.logprobs, strict=True)
            ):
                if is_sampled:
                    found = float(part["logprobs"][row, place])
                    assert found == pytest.approx(wanted, abs=1e-4)
                    checked += 1
    assert checked == sum(r.num_sampled for r in batches[0].rollouts)


@pytest.mark.parametrize("loss_type", ["grpo", "dr_grpo", "bnpo", "cispo"])
def test_losses_of_the_trainer_stay_open(train: Train, loss_type: str) -> None:
    settings = dataclasses.replace(with_trainer(loss_type=loss_type, beta=0.01), steps=1)
    trainer, _, _ = train(settings)
    assert trainer.args.loss_type == loss_type
    assert "kl" in next(log for log in trainer.state.log_history if "loss" in log)


def test_lora_trains_its_adapter_alone(train: Train, world: World) -> None:
    lora = {"r": 4, "target_modules": "all-linear"}
    trainer, _, _ = train(dataclasses.replace(GRPO, steps=1), lora=lora)
    trained = {name for name, p in trainer.model.named_parameters() if p.requires_grad}
    assert trained
    assert all("lora_" in name for name in trained)
    fresh = load_model(ModelSettings("small:1m"), world, seed=1).model.state_dict()
    kept = trainer.model.get_base_model().state_dict()
    name = "model.layers.0.self_attn.q_proj"
    assert torch.equal(kept[f"{name}.base_layer.weight"], fresh[f"{name}.weight"])


def test_shuffled_rewards_are_the_same_rewards(train: Train) -> None:
    settings = dataclasses.replace(GRPO, steps=2, shuffle_rewards=True)
    trainer, batches, _ = train(settings)
    for batch, log in zip(batches, trainer.state.log_history, strict=False):
        assert log["rewards/shuffled_reward/mean"] == pytest.approx(batch.rewards.mean(), abs=1e-5)
