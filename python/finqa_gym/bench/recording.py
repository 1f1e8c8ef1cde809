"""What recording costs: the same workload with and without it, by turns in one process."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from finqa_gym.bench.engine import EngineRun, Workload
from finqa_gym.trajectories import open_run

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RecordingCost", "measure_recording"]


@dataclass(frozen=True)
class RecordingCost:
    """Speed with and without recording.

    Attributes:
        without: Steps a second without recording, one figure a repeat.
        recording: The same while every episode is recorded.
        cpu_us_without: CPU time of a step in microseconds, over all threads, without recording.
        cpu_us_recording: The same while recording.
        num_episodes: Episodes that were recorded; all of them were read back.
        bytes_per_episode: Of the live log.
        parquet_bytes_per_episode: Of the Parquet that ``close`` made of it.
    """

    without: list[float]
    recording: list[float]
    cpu_us_without: float
    cpu_us_recording: float
    num_episodes: int
    bytes_per_episode: float
    parquet_bytes_per_episode: float

    @property
    def slowdown(self) -> float:
        """Share of the steps a second that recording costs: the median over pairs of repeats."""
        pairs = zip(self.without, self.recording, strict=True)
        return median(1.0 - recording / without for without, recording in pairs)

    @property
    def cpu_overhead(self) -> float:
        """What recording adds to the CPU time of a step, as a share; steadier on a busy machine."""
        return self.cpu_us_recording / self.cpu_us_without - 1.0


def measure_recording(
    workload: Workload,
    *,
    seconds: float = 3.0,
    repeats: int = 3,
    num_threads: int = 0,
    on_stage: Callable[[str], None] = lambda _: None,
) -> RecordingCost:
    """Plays ``workload`` by turns without and with recording, so that both see the same machine.

    Args:
        workload: What to play.
        seconds: Wall time of one measurement.
        repeats: Measurements of each.
        num_threads: Worker threads; 0 is all cores.
        on_stage: Called with what is being done.

    Example:
        >>> from finqa_gym import synthetic
        >>> from finqa_gym.bench.engine import make_workload
        >>> workload = make_workload(synthetic().take("val", 3), num_envs=12)
        >>> cost = measure_recording(workload, seconds=0.01, repeats=1)
        >>> cost.num_episodes > 0
        True
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        with (
            EngineRun(workload, num_threads=num_threads) as plain,
            EngineRun(workload, num_threads=num_threads, record=path) as recording,
        ):
            for number in range(repeats):
                on_stage(f"recording off and on, {number + 1} of {repeats}")
                plain.measure(seconds)
                recording.measure(seconds)
            speeds = plain.speed(), recording.speed()
            logs = sum(file.stat().st_size for file in (path / "live").rglob("*.log"))
        on_stage("reading what was recorded")
        run = open_run(path)
        parquet = sum(file.stat().st_size for file in run.files)
        count = run.num_episodes
    return RecordingCost(
        without=speeds[0].steps_per_s,
        recording=speeds[1].steps_per_s,
        cpu_us_without=speeds[0].cpu_us_per_step,
        cpu_us_recording=speeds[1].cpu_us_per_step,
        num_episodes=count,
        bytes_per_episode=logs / max(count, 1),
        parquet_bytes_per_episode=parquet / max(count, 1),
    )
