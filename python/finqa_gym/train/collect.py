"""Episodes of a model on training tasks, to learn the right ones from."""

from __future__ import annotations

import shutil
from pathlib import Path

from finqa_gym.train.grpo import task_rows
from finqa_gym.train.models import load_model
from finqa_gym.train.rollout import Limits, rollout
from finqa_gym.train.sampling import Sampling, TransformersSampler
from finqa_gym.train.settings import TrainSettings
from finqa_gym.train.world import World
from finqa_gym.trajectories import Recording, open_run

__all__ = ["collect"]


def collect(settings: TrainSettings, out: Path) -> Path:
    """Plays the episodes that GRPO would play, with the model as it is, and records them.

    Args:
        settings: The model, and GRPO's tasks, groups, limits and temperature.
        out: Folder of the run. A finished one is kept as it is.

    Returns:
        ``out``.
    """
    import torch

    grpo = settings.grpo
    wanted = grpo.steps * grpo.tasks_per_step * grpo.group_size
    if (out / "run.json").is_file():
        if open_run(out).num_episodes >= wanted:
            return out
        shutil.rmtree(out)
    world = World(settings.env)
    loaded = load_model(settings.model, world, seed=settings.seed)
    torch.manual_seed(settings.seed)
    rows = task_rows(world, grpo, settings.seed)
    sampler = TransformersSampler(
        loaded.model, loaded.codec.stop_ids, Sampling(grpo.temperature), max_rows=grpo.max_rows
    )
    slots = grpo.tasks_per_step * grpo.group_size
    with world.env(
        slots, group_size=grpo.group_size, split=settings.env.split, record=Recording(out)
    ) as env:
        for first in range(0, len(rows), grpo.tasks_per_step):
            rollout(
                env,
                loaded.codec,
                sampler,
                task_ids=rows[first : first + grpo.tasks_per_step],
                limits=Limits(grpo.message_tokens, grpo.episode_tokens),
            )
    return out
