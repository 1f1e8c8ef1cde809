"""The tasks that a server hands out: by seed, by id, in order, and as lists without answers."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from finqa_gym import arguments, is_evaluation_split
from finqa_gym.async_engine import AsyncEngine
from finqa_gym.async_episode import AsyncEpisode
from finqa_gym.vector import VectorEnv

__all__ = ["TaskSource"]

MAX_LISTED = 1_000
"""Tasks of one answer; more are asked for in ranges."""
SHOWN = ("id", "split", "companies", "question", "question_type", "unit_hint", "user_query")
"""What is told of a task. The list says what may go out, so that nothing new does by accident."""


class TaskSource:
    """An engine and the tasks that its episodes play.

    Its list methods are those of OpenEnv's task API, whose server awaits them.

    Args:
        engine: Where episodes are played, and in whose order without a seed.
        split: Split of tasks that are drawn with a seed; None as for `VectorEnv`.
        reveal_truth: Tell the right answer once an episode is over.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        split: str | None = None,
        *,
        reveal_truth: bool = False,
    ) -> None:
        """See the class."""
        self.engine = engine
        self.corpus = engine.corpus
        self.reveal_truth = reveal_truth
        # It plays nothing, but draws, starting again with every client's seed.
        self._by_seed = VectorEnv(self.corpus, 1, split=split, num_threads=1)
        # Draws take turns, and may have to make a company: in a thread, but never in several.
        self._drawing = ThreadPoolExecutor(1, thread_name_prefix="finqa-draw")
        self._lock = threading.Lock()
        self._positions: dict[str, list[int] | range] = {}

    async def start(self, seed: int | None, task: str | int | None) -> AsyncEpisode:
        """A new episode: of ``task``, else of the task of ``seed``, else of the next in order."""
        if task is None and seed is not None:
            loop = asyncio.get_running_loop()
            task = await loop.run_in_executor(self._drawing, self.task_of_seed, seed)
        return await self.engine.start(task)

    def task_of_seed(self, seed: int) -> int:
        """Position of the first task of `VectorEnv` with this seed.

        Raises:
            TypeError: It is no int.
            ValueError: It is no seed.
        """
        seed = arguments.integer("seed", seed)
        with self._lock:
            _, infos = self._by_seed.reset(seed=seed)
        return int(infos["task_index"][0])

    def list_splits(self) -> list[dict[str, str]]:
        """Name and type (train, validation, test) of every split."""
        return [{"name": name, "type": _kind(name)} for name in self.corpus.splits()]

    def num_tasks(self, split: str) -> int:
        """Tasks of a split; of an endless one, those that have a position."""
        return len(self._positions_of(split))

    async def list_tasks(self, split: str) -> list[dict[str, Any]]:
        """The first `MAX_LISTED` tasks of a split."""
        return await self.get_task_range(split, 0, MAX_LISTED)

    async def get_task(self, split: str, index: int) -> dict[str, Any]:
        """Task number ``index`` of a split.

        Raises:
            IndexError: There is none.
        """
        if index < 0:
            raise IndexError(f"index is {index}; the first task is 0")
        return await asyncio.to_thread(self._shown, self._positions_of(split)[index])

    async def get_task_range(
        self, split: str, start: int | None, stop: int | None
    ) -> list[dict[str, Any]]:
        """Tasks ``start`` to ``stop`` of a split, at most `MAX_LISTED` of them."""
        first = max(0, start or 0)
        last = first + MAX_LISTED if stop is None else min(max(0, stop), first + MAX_LISTED)
        chosen = self._positions_of(split)[first:last]
        return await asyncio.to_thread(lambda: [self._shown(position) for position in chosen])

    def _positions_of(self, split: str) -> list[int] | range:
        with self._lock:
            if split not in self._positions:
                self._positions[split] = self._find_positions(split)
            return self._positions[split]

    def _find_positions(self, split: str) -> list[int] | range:
        sizes = self.corpus.splits()
        if split not in sizes:
            raise IndexError(f"no split {split!r}; there are {', '.join(sizes)}")
        if not self.corpus.is_endless:
            return self.corpus._native.task_indices(split)
        # Splits of a corpus that makes its companies follow each other, the endless one last.
        first = 0
        for name, size in sizes.items():
            if name == split:
                return range(first, self.corpus._native.num_tasks if size is None else first + size)
            first += size or 0
        raise AssertionError("a split of the corpus is not among its splits")

    def _shown(self, position: int) -> dict[str, Any]:
        task = self.corpus.task(position)
        shown: dict[str, Any] = {key: task[key] for key in SHOWN if key in task}
        return {"task_id": shown.pop("id"), **shown}


def _kind(split: str) -> str:
    if split in ("val", "dev", "valid", "validation"):
        return "validation"
    return "test" if is_evaluation_split(split) else "train"
