"""What `test_processes` runs in each of two processes: two steps of GRPO, and what came of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

from finqa_gym.train.grpo import Slot, grpo_trainer
from finqa_gym.train.models import load_model
from finqa_gym.train.processes import process_state
from finqa_gym.train.rollout import RolloutBatch
from finqa_gym.train.settings import EnvSettings, GrpoSettings, ModelSettings
from finqa_gym.train.world import World

ENV = EnvSettings(
    {"preset": "tiny", "train_companies": 40, "val_companies": 8},
    tool_profile="compact",
    task_prompt="{question}",
    system_prompt="",
    max_turns=3,
)
GRPO = GrpoSettings(
    steps=2,
    tasks_per_step=2,
    group_size=6,
    message_tokens=8,
    episode_tokens=64,
    trainer={"learning_rate": 1e-3},
)


def by_length(environments: list[Slot], **_: Any) -> list[float]:
    """A reward that differs, put where the environment's will be read."""
    rewards = []
    for slot in environments:
        batch, row = slot.outcome
        batch.rollouts[row].reward = float(sum(batch.rollouts[row].completion_ids) % 97)
        rewards.append(batch.rollouts[row].reward)
    return rewards


def main() -> None:
    """Trains, and writes down tasks, rewards, advantages and a sum of the weights."""
    torch.set_num_threads(1)
    world = World(ENV)
    loaded = load_model(ModelSettings("small:1m"), world, seed=1)
    batches: list[RolloutBatch] = []
    trainer = grpo_trainer(
        world, loaded, GRPO, Path(sys.argv[1]), 7, on_batch=lambda batch, _: batches.append(batch)
    )
    # A model that knows nothing earns nothing; lengths differ.
    trainer.reward_funcs[0] = by_length
    advantages: list[list[float]] = []
    inner = trainer._generate_and_score_completions

    def scored(inputs: object) -> object:
        made = inner(inputs)
        advantages.append(made["advantages"].tolist())
        return made

    trainer._generate_and_score_completions = scored
    trainer.train()
    trainer.rollout_func.close()
    rank = process_state().process_index
    tasks = [[r.task_index for r in batch.rollouts] for batch in batches]
    rewards = [[r.reward for r in batch.rollouts] for batch in batches]
    weights = sum(float(p.detach().double().sum()) for p in trainer.model.parameters())
    written = {"tasks": tasks, "rewards": rewards, "advantages": advantages, "weights": weights}
    (Path(sys.argv[1]) / f"rank-{rank}.json").write_text(json.dumps(written))


if __name__ == "__main__":
    main()
