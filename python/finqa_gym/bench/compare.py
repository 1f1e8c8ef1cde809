"""The engine and its two baselines, in turn, on the same tables and texts.

They take turns repeat by repeat, so that whatever else the machine does hits all of them. The
ratios divide medians of this one run.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from finqa_gym.bench import bare_sqlite, plain_env
from finqa_gym.bench.bare_sqlite import BareSqlite
from finqa_gym.bench.engine import EngineRun, EngineSpeed, Workload
from finqa_gym.bench.plain_env import PlainEnv

if TYPE_CHECKING:
    from collections.abc import Callable

    from finqa_gym.bench.workload import Rates

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison:
    """What three contenders came to in one run.

    Attributes:
        engine: The engine, result cache off.
        plain: The plain Python environment, one entry a repeat; None without pandas.
        bare: The bare ``sqlite3`` loop, one entry a repeat; its steps are queries only.
    """

    engine: EngineSpeed
    plain: list[Rates] | None
    bare: list[Rates] = field(default_factory=list)

    @property
    def plain_env_ratio(self) -> float | None:
        """Steps a second of the engine over those of the plain environment."""
        if self.plain is None:
            return None
        return self.engine.median_steps_per_s / _median_steps(self.plain)

    @property
    def bare_sqlite_ratio(self) -> float:
        """Steps a second of the engine over queries a second of the bare loop."""
        return self.engine.median_steps_per_s / _median_steps(self.bare)


def _median_steps(rates: list[Rates]) -> float:
    return median(rate["steps_per_s"] for rate in rates)


def compare(
    workload: Workload,
    *,
    seconds: float,
    repeats: int = 1,
    num_threads: int = 0,
    on_stage: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Measure all three.

    Args:
        workload: Tables and texts. The plain environment plays its episodes one by one; the bare
            loop runs their queries.
        seconds: Wall time of one measurement.
        repeats: Measurements of each.
        num_threads: Worker threads of the engine; 0 is all cores. The baselines have one: a global
            lock lets more of them only wait.
        on_stage: Told what is measured next.
    """
    on_stage("loading the tables into the baselines")
    plain = PlainEnv(workload.tables) if importlib.util.find_spec("pandas") else None
    bare = BareSqlite(workload.tables, workload.episodes)
    plain_rates: list[Rates] = []
    bare_rates: list[Rates] = []
    on_stage("warming the engine up")
    with EngineRun(workload, num_threads=num_threads) as engine:
        for repeat in range(1, repeats + 1):
            part = f" ({repeat} of {repeats})" if repeats > 1 else ""
            on_stage(f"engine{part}")
            engine.measure(seconds)
            if plain is not None:
                on_stage(f"plain Python environment{part}")
                plain_rates.append(plain_env.measure(plain, workload.episodes, seconds=seconds))
            on_stage(f"bare sqlite3 loop{part}")
            bare_rates.append(bare_sqlite.measure(bare, seconds=seconds))
        speed = engine.speed()
    return Comparison(speed, plain_rates if plain is not None else None, bare_rates)
