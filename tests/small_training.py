"""What tests and the processes that they start have in common: a training as small as can be."""

from __future__ import annotations

from finqa_gym.train.rollout import RolloutBatch
from finqa_gym.train.settings import EnvSettings

__all__ = ["ENV", "LEARN", "score"]

ENV = EnvSettings(
    {"preset": "tiny", "train_companies": 40, "val_companies": 8},
    tool_profile="compact",
    task_prompt="{question}",
    system_prompt="",
    max_turns=6,
)
LEARN = {"learning_rate": 0.1, "optim": "sgd", "lr_scheduler_type": "constant"}
"""Steps whose size says something about the gradient."""


def score(batch: RolloutBatch) -> None:
    """Who is never right earns nothing, and learns nothing: rewards that differ."""
    for each in batch.rollouts:
        each.reward = float(sum(each.completion_ids) % 97)
