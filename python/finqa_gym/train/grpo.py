"""GRPO with TRL's GRPOTrainer, made from settings. See `finqa_gym.train.tool_rollout`."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from finqa_gym.train.models import LoadedModel
from finqa_gym.train.processes import share
from finqa_gym.train.rollout import RolloutBatch
from finqa_gym.train.settings import GrpoSettings
from finqa_gym.train.sft import defaults, lora_config
from finqa_gym.train.tool_rollout import UNKNOWN_SAMPLING, Slot, ToolRollout, env_reward
from finqa_gym.train.world import World

__all__ = ["ShuffledReward", "grpo_trainer", "task_rows"]

OWN_SETTINGS = {
    "temperature": "temperature",
    "num_generations": "group_size",
    "max_completion_length": "episode_tokens",
    "max_steps": "steps",
}
"""Arguments of ``trl.GRPOConfig`` -> settings of ours that decide them."""


def task_rows(world: World, settings: GrpoSettings, seed: int) -> list[str]:
    """Task ids in the order of training, stage after stage: ``steps * tasks_per_step`` of them."""
    total = sum(stage.share for stage in settings.stages)
    rows: list[str] = []
    reached = 0.0
    for index, stage in enumerate(settings.stages):
        reached += stage.share / total * settings.steps
        count = round(reached) * settings.tasks_per_step - len(rows)
        rows += world.task_ids(
            world.settings.split, count, tables=stage.tables, seed=seed * 1000 + index
        )
    return rows


class ShuffledReward:
    """`env_reward` with the rewards of a batch handed out at random: a control.

    Args:
        seed: Of the order.
    """

    __name__ = "shuffled_reward"

    def __init__(self, seed: int) -> None:
        """See the class."""
        self._seed = seed

    def __call__(self, trainer_state: Any = None, **kwargs: Any) -> list[float | None]:
        """Shuffled rewards."""
        rewards = env_reward(**kwargs)
        step = getattr(trainer_state, "global_step", 0)
        random.Random(f"{self._seed} {step}").shuffle(rewards)
        return rewards


def grpo_trainer(
    world: World,
    loaded: LoadedModel,
    settings: GrpoSettings,
    out: Path,
    seed: int,
    *,
    record: Path | None = None,
    callbacks: Sequence[Any] = (),
    on_batch: Callable[[RolloutBatch, int], None] = lambda *_: None,
) -> Any:
    """A ``trl.GRPOTrainer`` whose rollouts are played here.

    Args:
        world: What is played.
        loaded: The model.
        settings: Steps, groups and limits, and arguments of ``trl.GRPOConfig``.
        out: Folder of its checkpoints.
        seed: Of tasks and sampling.
        record: Folder in which every episode is written down.
        callbacks: Of the trainer.
        on_batch: Called with each batch of rollouts.

    Returns:
        The trainer, a `TrimmedGRPOTrainer`; ``trainer.rollout_func`` is a `ToolRollout`, to be
        closed at the end.
    """
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    _refuse_split_settings(settings)
    from datasets import Dataset
    from trl import GRPOConfig

    from finqa_gym.train.trimmed import TrimmedGRPOTrainer

    rows = task_rows(world, settings, seed)
    dataset = Dataset.from_dict(
        {
            # For the trainer's own logs; the ids of prompts come from the rollouts.
            "prompt": [[{"role": "user", "content": _question(world, task)}] for task in rows],
            "task_id": rows,
        }
    )
    options = defaults(loaded) | {
        "max_steps": settings.steps,
        "per_device_train_batch_size": share(
            settings.tasks_per_step * settings.group_size, "grpo.tasks_per_step * group_size"
        ),
        "num_generations": settings.group_size,
        "max_completion_length": settings.episode_tokens,
        "temperature": settings.temperature,
        # The order of tasks is that of the stages.
        "shuffle_dataset": False,
        "save_strategy": "no",
        "logging_steps": 1,
        "seed": seed,
    }
    rollouts = ToolRollout(
        world.corpus,
        loaded.codec,
        message_tokens=settings.message_tokens,
        max_rows=settings.max_rows,
        record=record,
        on_batch=on_batch,
        split=world.settings.split,
        **world.env_options,
    )
    return TrimmedGRPOTrainer(
        model=loaded.model,
        reward_funcs=ShuffledReward(seed) if settings.shuffle_rewards else env_reward,
        args=GRPOConfig(output_dir=str(out), **(options | settings.trainer)),
        train_dataset=dataset,
        processing_class=loaded.tokenizer,
        peft_config=lora_config(loaded),
        environment_factory=Slot,
        rollout_func=rollouts,
        callbacks=list(callbacks),
    )


def _refuse_split_settings(settings: GrpoSettings) -> None:
    """Settings that rollouts and trainer must agree on stand in one place."""
    for key, ours in OWN_SETTINGS.items():
        if key in settings.trainer:
            raise ValueError(f"grpo.trainer.{key} is set; set grpo.{ours}, which rollouts read")
    for key in UNKNOWN_SAMPLING:
        if key in settings.trainer and not settings.trainer.get("use_vllm"):
            raise ValueError(
                f"grpo.trainer.{key} is set, which only vLLM's sampler knows; leave it out, or set "
                "grpo.trainer.use_vllm"
            )


def _question(world: World, task_id: str) -> str:
    question: str = world.corpus.task(task_id)["question"]
    return question
