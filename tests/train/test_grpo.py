"""GRPO through TRL's own trainer: books that agree, exact resume, options that stay open."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl", reason="the extra train is not installed")

import torch
from transformers import TrainerState

from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.grpo import ShuffledReward, grpo_trainer, task_rows
from finqa_gym.train.models import LoadedModel, load_model, save_model
from finqa_gym.train.rollout import Limits, RolloutBatch
from finqa_gym.train.settings import EnvSettings, GrpoSettings, GrpoStage, ModelSettings
from finqa_gym.train.sft import defaults
from finqa_gym.train.tool_rollout import Slot, env_reward
from finqa_gym.train.world import World

# TRL 1.16 uses names that transformers 5.23 calls old, and says so of itself.
pytestmark = [pytest.mark.filterwarnings("ignore::FutureWarning")]

ENV = EnvSettings(
    {"preset": "tiny", "multi_table_pct": 40, "train_companies": 40, "val_companies": 8},
    tool_profile="compact",
    task_prompt="{question}",
    system_prompt="",
    max_turns=3,
)
GRPO = GrpoSettings(
    steps=4,
    tasks_per_step=2,
    group_size=4,
    message_tokens=24,
    episode_tokens=96,
    trainer={"learning_rate": 1e-3, "lr_scheduler_type": "constant"},
)


@pytest.fixture(scope="module")
def world() -> World:
    torch.set_num_threads(1)
    return World(ENV)


def score(batch: RolloutBatch) -> None:
    """Who is never right earns nothing, and learns nothing: rewards that differ."""
    for each in batch.rollouts:
        each.reward = float(sum(each.completion_ids) % 97)


Train = Callable[..., tuple[Any, list[RolloutBatch], LoadedModel]]


@pytest.fixture
def fresh(tokenizer: Any, talker: Any) -> Callable[..., LoadedModel]:
    """The same model every time."""

    def made(**settings: Any) -> LoadedModel:
        torch.manual_seed(0)
        model = ModelSettings("small:1m", **settings)
        return LoadedModel(copy.deepcopy(talker), tokenizer, ChatCodec(tokenizer), model)

    return made


@pytest.fixture
def train(world: World, fresh: Callable[..., LoadedModel], tmp_path: Path) -> Train:
    """Trains a model; returns the trainer and its batches."""

    def run(
        settings: GrpoSettings = GRPO,
        *,
        out: Path = tmp_path,
        resume: str | None = None,
        **model: Any,
    ) -> tuple[Any, list[RolloutBatch], LoadedModel]:
        loaded = fresh(**model)
        if settings.trainer.get("beta"):
            save_model(loaded, ENV, Limits(), out / "base")
        batches: list[RolloutBatch] = []

        def on_batch(batch: RolloutBatch, _step: int) -> None:
            score(batch)
            batches.append(batch)

        trainer = grpo_trainer(world, loaded, settings, out, 7, on_batch=on_batch)
        trainer.train(resume_from_checkpoint=resume)
        trainer.rollout_func.close()
        return trainer, batches, loaded

    return run


def with_trainer(**options: Any) -> GrpoSettings:
    return dataclasses.replace(GRPO, trainer=GRPO.trainer | options)


def logged(trainer: Any, name: str) -> dict[int, float]:
    return {log["step"]: log[name] for log in trainer.state.log_history if name in log}


def weights(model: Any) -> Any:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_a_resumed_training_is_the_one_that_was_interrupted(train: Train, tmp_path: Path) -> None:
    settings = with_trainer(save_strategy="steps", save_steps=2)
    whole, batches, loaded = train(settings)
    resumed, rest, again = train(settings, resume=str(tmp_path / "checkpoint-2"))
    assert len(batches) == 4
    assert max(r.num_turns for batch in batches for r in batch.rollouts) > 1
    assert len(rest) == 2
    for one, other in zip(batches[2:], rest, strict=True):
        assert [r.task_index for r in one.rollouts] == [r.task_index for r in other.rollouts]
        assert [r.completion_ids for r in one.rollouts] == [
            r.completion_ids for r in other.rollouts
        ]
    for name in ("loss", "grad_norm", "reward", "entropy", "learning_rate"):
        for step in (3, 4):
            wanted = logged(whole, name)[step]
            assert logged(resumed, name)[step] == pytest.approx(wanted, abs=1e-6), (name, step)
    assert min(logged(whole, "grad_norm").values()) > 0.1, "there was something to learn"
    assert torch.allclose(weights(loaded.model), weights(again.model), atol=1e-6)


def test_a_batch_can_be_learned_in_parts(train: Train) -> None:
    plain = {"optim": "sgd", "learning_rate": 0.1}
    whole, batches, loaded = train(dataclasses.replace(with_trainer(**plain), steps=2))
    parts = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 4}
    settings = dataclasses.replace(with_trainer(**plain, **parts), steps=2)
    parted, others, again = train(settings)
    for one, other in zip(batches, others, strict=True):
        assert [r.completion_ids for r in one.rollouts] == [
            r.completion_ids for r in other.rollouts
        ]
    assert logged(parted, "grad_norm") == pytest.approx(logged(whole, "grad_norm"), rel=1e-4)
    assert torch.allclose(weights(loaded.model), weights(again.model), atol=1e-6)
    assert min(logged(whole, "grad_norm").values()) > 0.1


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


def test_the_trainer_learns_what_was_sampled_and_nothing_else(
    world: World, fresh: Callable[..., LoadedModel], tmp_path: Path
) -> None:
    """What TRL computes of the ids is what the sampler drew them with; the rest is masked."""
    seen: list[dict[str, Any]] = []
    settings = dataclasses.replace(GRPO, steps=1, temperature=0.7)

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

    loaded = fresh()
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
    assert all(0 in r.mask for r in batches[0].rollouts), "every episode has tool results"


@pytest.mark.parametrize("loss_type", ["grpo", "dr_grpo", "bnpo", "cispo"])
def test_losses_of_the_trainer_stay_open(train: Train, loss_type: str) -> None:
    settings = dataclasses.replace(with_trainer(loss_type=loss_type, beta=0.01), steps=1)
    trainer, _, _ = train(settings)
    assert trainer.args.loss_type == loss_type
    assert list(logged(trainer, "kl")) == [1]
    assert logged(trainer, "grad_norm")[1] > 0


def test_lora_trains_its_adapter_alone(train: Train, talker: Any) -> None:
    lora = {"r": 4, "target_modules": "all-linear"}
    trainer, _, _ = train(dataclasses.replace(GRPO, steps=1), lora=lora)
    trained = {name for name, p in trainer.model.named_parameters() if p.requires_grad}
    assert trained
    assert all("lora_" in name for name in trained)
    kept = trainer.model.get_base_model().state_dict()
    name = "model.layers.0.self_attn.q_proj.{}weight"
    assert torch.equal(kept[name.format("base_layer.")], talker.state_dict()[name.format("")])
    moved = [n for n, p in trainer.model.named_parameters() if "lora_B" in n and bool(p.any())]
    assert len(moved) == 2 * 7, "two layers of seven matrices; B begins with zeros"


def test_a_saved_adapter_is_trained_on(
    world: World, talker: Any, tokenizer: Any, tmp_path: Path
) -> None:
    talker.save_pretrained(tmp_path / "talker")
    tokenizer.save_pretrained(tmp_path / "talker")
    lora = {"r": 4, "target_modules": "all-linear"}
    settings = ModelSettings(str(tmp_path / "talker"), lora=lora)
    loaded = load_model(settings, world)
    steps = dataclasses.replace(GRPO, steps=1)

    def trained(loaded: LoadedModel, out: Path) -> dict[str, Any]:
        trainer = grpo_trainer(world, loaded, steps, out, 7, on_batch=lambda b, _: score(b))
        trainer.train()
        trainer.rollout_func.close()
        loaded.model = trainer.model
        kept = {n: p.detach().clone() for n, p in loaded.model.named_parameters()}
        return {name: weight for name, weight in kept.items() if "lora_B" in name}

    first = trained(loaded, tmp_path / "first")
    save_model(loaded, ENV, Limits(), tmp_path / "base")
    again = load_model(dataclasses.replace(settings, name=str(tmp_path / "base")), world)
    found = dict(again.model.named_parameters())
    assert all(torch.equal(found[name], weight) for name, weight in first.items())
    second = trained(again, tmp_path / "second")
    assert all(not torch.equal(second[name], weight) for name, weight in first.items())


@pytest.mark.parametrize(
    ("dtype", "deepspeed", "bf16"),
    [("float32", False, True), ("bfloat16", False, False), ("bfloat16", True, True)],
)
def test_trainer_and_engine_agree_on_the_precision(
    fresh: Callable[..., LoadedModel],
    monkeypatch: pytest.MonkeyPatch,
    dtype: str,
    deepspeed: bool,
    bf16: bool,
) -> None:
    """Weights that are bfloat16 need no autocast; DeepSpeed is told of it anyway."""
    loaded = fresh()
    loaded.model.to(getattr(torch, dtype))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    if deepspeed:
        monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    assert defaults(loaded)["bf16"] is bf16


def test_shuffled_rewards_are_the_same_rewards(train: Train) -> None:
    settings = dataclasses.replace(GRPO, steps=2, shuffle_rewards=True)
    trainer, batches, _ = train(settings)
    assert len(batches) == 2
    for step, batch in enumerate(batches, start=1):
        mean = logged(trainer, "rewards/shuffled_reward/mean")[step]
        assert mean == pytest.approx(batch.rewards.mean(), abs=1e-4)
        assert mean > 0


def slots_of(batch: RolloutBatch) -> list[Slot]:
    slots = []
    for row in range(len(batch.rollouts)):
        slots.append(Slot())
        slots[-1].outcome = (batch, row)
    return slots


def test_shuffled_rewards_are_other_episodes(train: Train) -> None:
    _, [batch], _ = train(dataclasses.replace(GRPO, steps=1))
    slots, shuffled = slots_of(batch), ShuffledReward(3)
    wanted = batch.rewards.tolist()
    assert env_reward(slots) == wanted
    orders = [shuffled(TrainerState(global_step=step), environments=slots) for step in (0, 1, 0)]
    assert all(sorted(filter(None, order)) == sorted(filter(None, wanted)) for order in orders)
    assert wanted != orders[0] != orders[1]
    assert orders[2] == orders[0], "a resumed control goes on as it was"
    assert shuffled(None, environments=slots) == orders[0]


def test_a_fault_of_the_machine_is_no_reward(train: Train) -> None:
    _, [batch], _ = train(dataclasses.replace(GRPO, steps=1))
    batch.rollouts[2].faulty = True
    rewards = env_reward(slots_of(batch))
    assert rewards[2] is None
    assert None not in rewards[:2] + rewards[3:]


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"temperature": 0.5}, r"grpo\.trainer\.temperature is set; set grpo\.temperature"),
        ({"num_generations": 4}, r"set grpo\.group_size"),
        ({"top_p": 0.9}, "only vLLM's sampler knows"),
    ],
)
def test_what_sampler_and_trainer_must_agree_on_stands_in_one_place(
    world: World, tmp_path: Path, option: dict[str, Any], told: str
) -> None:
    loaded = load_model(ModelSettings("small:1m"), world, seed=1)
    settings = dataclasses.replace(GRPO, trainer=option)
    with pytest.raises(ValueError, match=told):
        grpo_trainer(world, loaded, settings, tmp_path, 7)
