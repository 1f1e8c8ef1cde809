"""What a training tells on its way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from finqa_gym.train.rollout import RolloutBatch

__all__ = ["MetricsFile", "TellProgress", "Told"]

Told = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and a line about the last one."""


class MetricsFile(TrainerCallback):
    """Appends what a trainer logs to a file, a JSON object a line."""

    def __init__(self, path: Path, stage: str) -> None:
        self._path, self._stage = path, stage

    def on_log(self, _args: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
        """Writes the logged values with step and stage."""
        if not state.is_world_process_zero:
            return
        record = {"stage": self._stage, "step": state.global_step, "time": time.time(), **logs}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


class TellProgress(TrainerCallback):
    """Tells after each step what it came to, how long is left, and what that will cost.

    Args:
        told: Who is told.
        price_per_hour: Of the machine.
        every: Steps between measurements of ``measure``; 0 measures never.
        measure: Called with the step; may take long.
    """

    def __init__(
        self,
        told: Told,
        price_per_hour: float | None = None,
        every: int = 0,
        measure: Callable[[int], str] | None = None,
    ) -> None:
        self._told, self._price = told, price_per_hour
        self._every, self._measure = every, measure
        self._started, self._first = 0.0, 0
        self._line = self._batch = self._measured = ""

    def note_batch(self, batch: RolloutBatch, _step: int) -> None:
        """Takes down what a batch of rollouts came to."""
        right = float(batch.infos["is_correct"].mean())
        means = batch.flag_means
        self._batch = (
            f"pass@1 {right:.3f}, listed {means['listed']:.2f}, schema {means['read_schema']:.2f}, "
            f"environment {batch.timing.env_share:.1%} of rollouts"
        )

    def on_train_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Starts the clock."""
        self._started, self._first = time.monotonic(), state.global_step

    def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        """Measures if it is time to; tells, unless there is something logged to wait for."""
        done, total = state.global_step, state.max_steps
        self._measured = ""
        if self._measure is not None and self._every and done % self._every == 0 and done < total:
            self._measured = self._measure(done)
        if not control.should_log:
            self._tell(done, total)

    def on_log(self, _args: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
        """Tells with what was logged."""
        names = ("loss", "entropy", "frac_reward_zero_std")
        shown = [f"{name} {float(logs[name]):.3f}" for name in names if name in logs]
        if shown:  # the summary at the end has none of these
            self._line = ", ".join(shown)
            self._tell(state.global_step, state.max_steps)

    def _tell(self, done: int, total: int) -> None:
        elapsed = time.monotonic() - self._started
        left_s = elapsed / max(1, done - self._first) * (total - done)
        parts = [self._batch, self._line, self._measured, f"about {_duration(left_s)} left"]
        if self._price is not None:
            all_h = (elapsed + left_s) / 3600
            parts.append(f"{all_h:.2f} h and {all_h * self._price:.2f} in all")
        self._told(done, total, "; ".join(part for part in parts if part))


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
