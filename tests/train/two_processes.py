"""What `test_processes` runs in each of two processes: two steps of GRPO, and what came of them."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import torch

from finqa_gym.train.grpo import grpo_trainer
from finqa_gym.train.models import load_model
from finqa_gym.train.processes import process_state
from finqa_gym.train.rollout import RolloutBatch
from finqa_gym.train.settings import GrpoSettings, ModelSettings
from finqa_gym.train.world import World
from small_training import ENV, LEARN, score

__all__ = ["scored_trainer", "weights_of"]

SHORT = dataclasses.replace(ENV, max_turns=3)
# Twelve episodes: each process plays a group of its own, and half of the one in the middle.
GRPO = GrpoSettings(
    steps=2,
    tasks_per_step=3,
    group_size=4,
    message_tokens=24,
    episode_tokens=96,
    trainer=LEARN,
)


def scored_trainer(model: Path, out: Path) -> tuple[Any, list[RolloutBatch]]:
    """The trainer, and what will be its batches; rewards differ, though nobody is ever right."""
    torch.set_num_threads(1)
    world = World(SHORT)
    loaded = load_model(ModelSettings(str(model)), world)
    batches: list[RolloutBatch] = []

    def on_batch(batch: RolloutBatch, _step: int) -> None:
        score(batch)
        batches.append(batch)

    return grpo_trainer(world, loaded, GRPO, out, 7, on_batch=on_batch), batches


def weights_of(model: Any) -> list[float]:
    """Some weights of every matrix."""
    return [float(x) for p in model.parameters() for x in p.detach().flatten()[:50]]


def main(model: Path, out: Path) -> None:
    """Trains, and writes down episodes, advantages and weights."""
    trainer, batches = scored_trainer(model, out)
    advantages: list[list[float]] = []
    inner = trainer._generate_and_score_completions

    def noted(inputs: object) -> object:
        made = inner(inputs)
        advantages.append(made["advantages"].tolist())
        return made

    trainer._generate_and_score_completions = noted
    trainer.train()
    trainer.rollout_func.close()
    steps = [
        [
            {
                "task": each.task_index,
                "reward": each.reward,
                "prompt_ids": each.prompt_ids,
                "completion_ids": each.completion_ids,
                "logprobs": each.logprobs,
                "env_mask": each.mask,
            }
            for each in batch.rollouts
        ]
        for batch in batches
    ]
    written = {"steps": steps, "advantages": advantages, "weights": weights_of(trainer.model)}
    rank = process_state().process_index
    (out / f"rank-{rank}.json").write_text(json.dumps(written))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
