"""GRPO with TRL's GRPOTrainer over a vectorised environment.

TRL gives every rollout a slot object (`Slot`), which only takes down the row's task.
`GrpoRollouts`, the trainer's ``rollout_func``, then plays all slots together, and hands back ids,
log-probabilities and the mask of what the policy sampled. The reward comes from the environment.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from finqa_gym.train.models import LoadedModel
from finqa_gym.train.processes import share
from finqa_gym.train.rollout import Limits, RolloutBatch, Timing, rollout
from finqa_gym.train.sampling import Sampler, Sampling, TransformersSampler
from finqa_gym.train.settings import GrpoSettings
from finqa_gym.train.sft import defaults, lora_config
from finqa_gym.train.world import World
from finqa_gym.trajectories import Recording
from finqa_gym.vector import VectorEnv

__all__ = ["GrpoRollouts", "Slot", "grpo_trainer", "task_rows"]

OWN_SETTINGS = {
    "temperature": "temperature",
    "num_generations": "group_size",
    "max_completion_length": "episode_tokens",
    "max_steps": "steps",
}
"""Arguments of ``trl.GRPOConfig`` -> settings of ours that decide them."""


class Slot:
    """A rollout's place. Has no method but ``reset``: any other would be a tool to TRL."""

    def __init__(self) -> None:
        self.task_id = ""
        self.outcome: Any = None

    def reset(self, *, task_id: str, **_: Any) -> None:
        """Takes down the task of the row."""
        self.task_id = task_id
        self.outcome = None


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


class GrpoRollouts:
    """What ``GRPOTrainer(rollout_func=...)`` calls for the episodes of a generation batch.

    Args:
        world: What is played.
        loaded: The model's codec.
        settings: Limits and sampling.
        record: Folder in which every episode is written down; None for none.
        on_batch: Called with each batch and the trainer's step.
    """

    def __init__(
        self,
        world: World,
        loaded: LoadedModel,
        settings: GrpoSettings,
        *,
        record: Path | None = None,
        on_batch: Callable[[RolloutBatch, int], None] = lambda *_: None,
    ) -> None:
        """See the class."""
        self.world = world
        self.codec = loaded.codec
        self.settings = settings
        self.timing = Timing()
        self._limits = Limits(settings.message_tokens, settings.episode_tokens)
        self._record = record
        self._on_batch = on_batch
        self._env: VectorEnv | None = None

    def __call__(self, prompts: list[Any], trainer: Any) -> dict[str, list[Any]]:
        """Plays the slots of ``trainer.environments``, one for each prompt."""
        slots: list[Slot] = trainer.environments
        step = trainer.state.global_step
        env = self._env_of(len(prompts), step)
        with self._sampler(trainer) as sampler:
            batch = rollout(
                env,
                self.codec,
                sampler,
                task_ids=[slot.task_id for slot in slots],
                limits=self._limits,
            )
        self.timing = self.timing + batch.timing
        for row, slot in enumerate(slots):
            slot.outcome = (batch, row)
        self._on_batch(batch, step)
        return {
            "prompt_ids": [each.prompt_ids for each in batch.rollouts],
            "completion_ids": [each.completion_ids for each in batch.rollouts],
            "logprobs": [each.logprobs for each in batch.rollouts],
            "env_mask": [each.mask for each in batch.rollouts],
        }

    def close(self) -> None:
        """Ends the environment, and the recording."""
        if self._env is not None:
            self._env.close()
            self._env = None

    def _env_of(self, size: int, step: int) -> VectorEnv:
        if self._env is None or self._env.num_envs != size:
            self.close()
            record = None
            if self._record is not None:
                record = Recording(self._record, policy="grpo", policy_step=step)
            self._env = self.world.env(
                size,
                record=record,
                split=self.world.settings.split,
                keep_messages=record is not None,
            )
        if self._record is not None:
            self._env.policy_step = step
        return self._env

    def _sampler(self, trainer: Any) -> Any:
        if trainer.use_vllm:
            from finqa_gym.train.vllm_sampler import vllm_sampler

            return vllm_sampler(trainer, self.codec.stop_ids)
        return _transformers_sampler(trainer, self)


@contextmanager
def _transformers_sampler(trainer: Any, rollouts: GrpoRollouts) -> Iterator[Sampler]:
    """The trainer's model as it is now, out of its wrappers, as a sampler."""
    from trl.models import unwrap_model_for_generation

    with unwrap_model_for_generation(
        trainer.model_wrapped,
        trainer.accelerator,
        gather_deepspeed3_params=trainer.args.ds3_gather_for_generation,
    ) as model:
        yield TransformersSampler(
            model,
            rollouts.codec.stop_ids,
            Sampling(rollouts.settings.temperature),
            max_rows=rollouts.settings.max_rows,
        )


def env_reward(
    environments: Sequence[Slot], log_metric: Any = None, **_: Any
) -> list[float | None]:
    """Rewards of the slots; None where a fault of the machine ended an episode.

    Behaviour is logged beside it: every flag and check as ``behaviour/NAME``.
    """
    batch: RolloutBatch = environments[0].outcome[0]
    if log_metric is not None:
        for name, value in behaviour(batch).items():
            log_metric(name, value)
    outcomes = [slot.outcome[0].rollouts[slot.outcome[1]] for slot in environments]
    return [None if each.faulty else each.reward for each in outcomes]


def behaviour(batch: RolloutBatch) -> dict[str, float]:
    """Means over a batch, by the names under which they are logged."""
    rollouts = batch.rollouts
    logged = {
        "pass_at_1": float(batch.infos["is_correct"].mean()),
        "episode/turns": float(np.mean([each.num_turns for each in rollouts])),
        "episode/cut": float(np.mean([each.cut for each in rollouts])),
        "episode/errors": float(batch.infos["num_errors"].mean()),
        "time/env_share": batch.timing.env_share,
        "time/generation_s": batch.timing.generation_s,
        "time/rollout_s": batch.timing.total_s,
        "rate/env_steps_per_s": batch.timing.num_steps / batch.timing.total_s,
        "rate/sampled_tokens_per_s": batch.timing.num_sampled / batch.timing.total_s,
    }
    means = batch.flag_means | batch.check_means
    logged |= {f"behaviour/{name}": value for name, value in means.items()}
    return logged


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
        The trainer, a `TrimmedGRPOTrainer`; ``trainer.rollout_func`` is a `GrpoRollouts`, to be
        closed at the end.
    """
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    _refuse_split_settings(settings)
    from datasets import Dataset
    from trl import GRPOConfig

    from finqa_gym.train.trimmed import TrimmedGRPOTrainer

    rows = task_rows(world, settings, seed)
    system = world.settings.system_prompt
    with world.env(1) as sample:
        system = sample.system_prompt if system is None else system
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
    rollouts = GrpoRollouts(world, loaded, settings, record=record, on_batch=on_batch)
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
    for key in ("top_p", "top_k", "min_p", "repetition_penalty"):
        if key in settings.trainer and not settings.trainer.get("use_vllm"):
            raise ValueError(
                f"grpo.trainer.{key} is set, which only vLLM's sampler knows; leave it out, or set "
                "grpo.trainer.use_vllm"
            )


def _question(world: World, task_id: str) -> str:
    question: str = world.corpus.task(task_id)["question"]
    return question
