"""Measurements on held-out tasks, on the way and at the end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.rollout import Limits, RolloutBatch, Timing, rollout
from finqa_gym.train.sampling import Sampling, TransformersSampler
from finqa_gym.train.settings import EvalSettings
from finqa_gym.train.world import World
from finqa_gym.trajectories import Recording

__all__ = ["HeldOut", "Measured"]


@dataclass(frozen=True)
class Measured:
    """What a model came to on held-out tasks.

    Attributes:
        step: Of GRPO.
        single: pass@1 on tasks over one table; NaN if there are none.
        multi: On tasks over several.
        behaviour: Flags and checks, by name, over all.
        failures: Share of the episodes in each class of failure, by name; an episode has one class
            or none.
        timing: What took how long.
    """

    step: int
    single: float
    multi: float
    behaviour: dict[str, float]
    failures: dict[str, float]
    timing: Timing


class HeldOut:
    """Plays the same held-out tasks whenever it is asked, and records every episode.

    Args:
        world: What is played.
        settings: Split, number of tasks, temperature.
        limits: Tokens of an episode.
        record: Folder of the run; every measurement goes to it under its step.
        seed: Of the choice of tasks, and of sampling: the same draws at every step.
        max_rows: Chats of one forward pass.
    """

    def __init__(
        self,
        world: World,
        settings: EvalSettings,
        limits: Limits,
        record: Path | None,
        seed: int,
        max_rows: int = 256,
    ) -> None:
        """See the class."""
        self._world, self._settings, self._limits = world, settings, limits
        self._record, self._seed, self._max_rows = record, seed, max_rows
        self._tasks: list[str] = []
        self._is_multi: list[bool] = []
        for tables, is_multi in (("single", False), ("multi", True)):
            try:
                # As many different ones as there are: each task counts once.
                chosen = world.task_ids(settings.split, settings.tasks, tables=tables, seed=0)  # type: ignore[arg-type]
            except ValueError:
                continue
            chosen = list(dict.fromkeys(chosen))
            self._tasks += chosen
            self._is_multi += [is_multi] * len(chosen)
        if not self._tasks:
            raise ValueError(f"split {settings.split!r} of {world.corpus.name!r} has no tasks")
        self._env: Any = None

    @property
    def num_tasks(self) -> int:
        """Tasks of a measurement."""
        return len(self._tasks)

    def measure(self, model: Any, codec: ChatCodec, step: int, policy: str = "grpo") -> Measured:
        """Plays every task once with ``model``."""
        import torch

        if self._env is None:
            record = None
            if self._record is not None:
                append = (self._record / "run.json").is_file()
                record = Recording(self._record, policy=policy, policy_step=step, append=append)
            self._env = self._world.env(len(self._tasks), split=self._settings.split, record=record)
        self._env.policy, self._env.policy_step = policy, step
        generator = torch.Generator(device=model.device).manual_seed(self._seed)
        sampler = TransformersSampler(
            model,
            codec.stop_ids,
            Sampling(self._settings.temperature),
            max_rows=self._max_rows,
            generator=generator,
        )
        batch = rollout(self._env, codec, sampler, task_ids=self._tasks, limits=self._limits)
        return self._measured(batch, step)

    def close(self) -> None:
        """Ends the environment, and the recording."""
        if self._env is not None:
            self._env.close()
            self._env = None

    def _measured(self, batch: RolloutBatch, step: int) -> Measured:
        right = batch.infos["is_correct"].astype(float)
        right[[each.faulty for each in batch.rollouts]] = np.nan
        multi = np.array(self._is_multi)
        classes = batch.infos["failure"]
        return Measured(
            step,
            float(np.nanmean(right[~multi])) if (~multi).any() else float("nan"),
            float(np.nanmean(right[multi])) if multi.any() else float("nan"),
            batch.flag_means | batch.check_means,
            {
                name: float((classes == index).mean())
                for index, name in enumerate(batch.schema.failures)
            },
            batch.timing,
        )
