"""The engine on the benchmark's workload, through ``VectorEnv.step`` from Python.

Slot ``i`` starts at action ``i % 6`` of its episode, so every step holds the six kinds of action in
equal shares. All texts exist before the clock starts. What is timed is ``step``, and ``reset`` of
the slots whose episode ended: nothing else happens in the loop.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from finqa_gym.bench.workload import BenchEpisode, BenchTable, BenchTask, distinct_episodes
from finqa_gym.vector import VectorEnv

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from finqa_gym.data import Corpus

__all__ = [
    "COMPANIES",
    "EngineRun",
    "EngineSpeed",
    "Workload",
    "finite",
    "make_workload",
    "tables_of",
    "tasks_of",
]

ACTIONS = 6
"""Actions of an episode; see `finqa_gym.bench.workload`."""

COMPANIES = 512
"""Companies of an endless split that are measured."""


def finite(corpus: Corpus) -> Corpus:
    """The corpus, or the first companies of its endless split: the same in every measurement.

    Example:
        >>> from finqa_gym import SynthConfig, synthetic
        >>> endless = synthetic(config=SynthConfig.preset("tiny", train_companies=None))
        >>> len(finite(endless).companies) == COMPANIES
        True
    """
    for split, size in corpus.splits().items():
        if size is None:
            return corpus.take(split, COMPANIES)
    return corpus


def tables_of(corpus: Corpus) -> list[BenchTable]:
    """Every table of a corpus, for the baselines and the workload."""
    return [
        BenchTable(company, table["name"], table["columns"], table["rows"])
        for company in corpus.companies
        for table in corpus.tables(company)
    ]


def tasks_of(corpus: Corpus) -> dict[str, list[BenchTask]]:
    """The tasks about exactly one company, by company."""
    tasks: dict[str, list[BenchTask]] = {}
    for index, task in enumerate(corpus):
        if len(task["companies"]) == 1:
            [company] = task["companies"]
            bench_task = BenchTask(company, task["user_query"], task["truth"], index)
            tasks.setdefault(company, []).append(bench_task)
    return tasks


@dataclass(frozen=True)
class Workload:
    """The texts of every step, ready to be handed over.

    Attributes:
        corpus: What they ask.
        tables: Its tables.
        episodes: The episodes, `rounds` a slot: slot ``i`` plays ``i``, ``i + num_envs``, ….
        num_envs: Slots.
        rounds: Episodes of a slot before its texts come again.
        steps: Per step one text a slot; step ``t`` follows step ``t - 1``, the first the last.
        resets: Per step the slots whose episode it ends, and their next tasks.
    """

    corpus: Corpus
    tables: list[BenchTable]
    episodes: list[BenchEpisode]
    num_envs: int
    rounds: int
    steps: list[list[str]]
    resets: list[tuple[NDArray[np.bool_], list[int]]]

    @property
    def num_companies(self) -> int:
        """Companies asked."""
        return len({episode.task.company for episode in self.episodes})

    @property
    def num_queries(self) -> int:
        """Different SQL texts."""
        return len({text for episode in self.episodes for text in episode.actions[2:4]})

    def start(self, env: VectorEnv) -> None:
        """Reset every slot and play slot ``i`` up to action ``i % 6``."""
        first = self.episodes[: self.num_envs]
        env.reset(task_ids=[_index(episode) for episode in first])
        for action in range(ACTIONS - 1):
            slots = [slot for slot in range(self.num_envs) if slot % ACTIONS > action]
            if slots:
                env.step([first[slot].actions[action] for slot in slots], env_ids=slots)


def make_workload(
    corpus: Corpus,
    *,
    num_envs: int = 4096,
    rounds: int = 4,
    seed: int = 0,
    tables: list[BenchTable] | None = None,
) -> Workload:
    """Write the texts of ``num_envs * rounds`` episodes, no SQL text twice.

    Args:
        corpus: What to ask.
        num_envs: Slots.
        rounds: Episodes of a slot before its texts come again.
        seed: Seed of cells and order.
        tables: `tables_of` the corpus, if at hand.

    Raises:
        ValueError: ``num_envs`` or ``rounds`` below 1, or the corpus has nothing to ask.

    Example:
        >>> from finqa_gym import synthetic
        >>> workload = make_workload(synthetic().take("val", 3), num_envs=12, rounds=2)
        >>> len(workload.steps), len(workload.steps[0]), workload.num_queries
        (12, 12, 48)
    """
    if num_envs < 1 or rounds < 1:
        msg = f"num_envs and rounds must be at least 1, got {num_envs} and {rounds}"
        raise ValueError(msg)
    tables = tables_of(corpus) if tables is None else tables
    episodes = distinct_episodes(tables, tasks_of(corpus), num_envs * rounds, seed=seed)
    steps: list[list[str]] = []
    resets: list[tuple[NDArray[np.bool_], list[int]]] = []
    for step in range(ACTIONS * rounds):
        texts, mask, tasks = [], np.zeros(num_envs, dtype=np.bool_), []
        for slot in range(num_envs):
            number, action = divmod(step + slot % ACTIONS, ACTIONS)
            texts.append(episodes[number % rounds * num_envs + slot].actions[action])
            if action == ACTIONS - 1:
                mask[slot] = True
                tasks.append(_index(episodes[(number + 1) % rounds * num_envs + slot]))
        steps.append(texts)
        resets.append((mask, tasks))
    return Workload(corpus, tables, episodes, num_envs, rounds, steps, resets)


def _index(episode: BenchEpisode) -> int:
    if episode.task.task_index is None:
        msg = f"the episode about {episode.task.company!r} plays no task of a corpus"
        raise ValueError(msg)
    return episode.task.task_index


@dataclass(frozen=True)
class EngineSpeed:
    """Speed of one configuration, and proof that the work was done.

    Attributes:
        steps_per_s: Steps a second, one figure a repeat.
        episodes_per_s: Episodes that ended with an answer a second, one figure a repeat.
        cores_busy: Cores that the process used on average, Python's own work included; on a machine
            that others use too it stays below what is there.
        cpu_us_per_step: CPU time of a step over all threads, in microseconds.
        num_threads: Worker threads.
        correct_share: Share of the ended episodes that earned 1.0; the workload submits the truth.
        calls: Tool calls by tool, in the timed part.
        errors: Mistakes by code, in the timed part.
        cache_hit_rate: Hits of the result cache a query, in the timed part; None if it was off.
        latency_us: Tool -> (p50, p99) in microseconds; empty unless measured.
    """

    steps_per_s: list[float]
    episodes_per_s: list[float]
    cores_busy: float
    cpu_us_per_step: float
    num_threads: int
    correct_share: float
    calls: dict[str, int]
    errors: dict[str, int]
    cache_hit_rate: float | None
    latency_us: dict[str, tuple[float, float]]

    @property
    def median_steps_per_s(self) -> float:
        """Median of the repeats."""
        return median(self.steps_per_s)


class EngineRun:
    """An environment that plays a workload; use as a context manager.

    Args:
        workload: What to play.
        num_threads: Worker threads; 0 is all cores.
        cache: Whether the SQL result cache is on, at its default size.
        measure_latency: Measure every call; two clock reads a call are then part of the time.
        record: Record every episode into this folder.

    Example:
        >>> from finqa_gym import synthetic
        >>> with EngineRun(make_workload(synthetic().take("val", 3), num_envs=12)) as run:
        ...     run.measure(0.01)
        ...     speed = run.speed()
        >>> speed.correct_share, sorted(speed.errors)
        (1.0, ['sql_no_such_column'])
    """

    def __init__(
        self,
        workload: Workload,
        *,
        num_threads: int = 0,
        cache: bool = False,
        measure_latency: bool = False,
        record: Path | None = None,
    ) -> None:
        self.workload = workload
        self._env = VectorEnv(
            workload.corpus,
            workload.num_envs,
            num_threads=num_threads,
            measure_latency=measure_latency,
            cache_bytes=None if cache else 0,
            record=record,
        )
        self._cache = cache
        self._next = 0
        self._rates: list[tuple[float, float]] = []
        self._wall_s = self._cpu_s = 0.0
        self._steps = 0
        workload.start(self._env)
        # Images and connections are made when a company is first asked.
        for _ in range(2 * ACTIONS):
            self._step()
        self._before = self._env.stats()

    def _step(self) -> int:
        step = self._next
        self._env.step(self.workload.steps[step])
        mask, tasks = self.workload.resets[step]
        if tasks:
            self._env.reset(task_ids=tasks, reset_mask=mask)
        self._next = (step + 1) % len(self.workload.steps)
        return len(tasks)

    def measure(self, seconds: float) -> None:
        """Play for ``seconds`` of wall time, in whole rounds of six steps, and note the rates."""
        rounds = episodes = 0
        start, cpu_start = time.perf_counter(), time.process_time()
        while (elapsed := time.perf_counter() - start) < seconds:
            episodes += sum(self._step() for _ in range(ACTIONS))
            rounds += 1
        steps = rounds * ACTIONS * self.workload.num_envs
        self._cpu_s += time.process_time() - cpu_start
        self._wall_s += elapsed
        self._steps += steps
        self._rates.append((steps / elapsed, episodes / elapsed))

    def speed(self) -> EngineSpeed:
        """The rates so far and what was done for them; `measure` comes first."""
        before, after = self._before, self._env.stats()
        terminated = after["episodes_terminated"] - before["episodes_terminated"]
        correct = after["episodes_correct"] - before["episodes_correct"]
        hits = after["cache_hits"] - before["cache_hits"]
        queries = hits + after["cache_misses"] - before["cache_misses"]
        return EngineSpeed(
            steps_per_s=[steps for steps, _ in self._rates],
            episodes_per_s=[episodes for _, episodes in self._rates],
            cores_busy=self._cpu_s / self._wall_s,
            cpu_us_per_step=self._cpu_s / self._steps * 1e6,
            num_threads=self._env.num_threads,
            correct_share=correct / terminated if terminated else float("nan"),
            calls=_grown(_calls(before), _calls(after)),
            errors=_grown(before["tool_errors"], after["tool_errors"]),
            cache_hit_rate=hits / queries if self._cache and queries else None,
            latency_us={
                tool: (entry["p50_us"], entry["p99_us"])
                for tool, entry in after["tools"].items()
                if entry["p50_us"] is not None
            },
        )

    def close(self) -> None:
        """End the threads."""
        self._env.close()

    def __enter__(self) -> EngineRun:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _calls(stats: dict[str, Any]) -> dict[str, int]:
    return {tool: entry["calls"] for tool, entry in stats["tools"].items()}


def _grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    grown = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in grown.items() if count}
