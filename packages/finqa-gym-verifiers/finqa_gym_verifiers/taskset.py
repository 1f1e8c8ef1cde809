"""The tasks of a corpus for verifiers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import verifiers.v1 as vf
from pydantic import Field

from finqa_gym import Corpus, VectorEnv
from finqa_gym.integrations.engines import shared_corpus
from finqa_gym_verifiers.task import FinqaData, FinqaTask, FinqaTaskConfig

__all__ = ["FinqaTaskset", "FinqaTasksetConfig"]

CHUNK = 256
"""Tasks whose prompts are made together."""


class FinqaTasksetConfig(vf.TasksetConfig):
    """Which tasks: ``--env.taskset.*``. What they are played by stands in ``task``."""

    split: str = "train"
    num_tasks: int | None = Field(None, ge=1)
    """Only the first so many of the split; None is all of it."""
    task: FinqaTaskConfig = FinqaTaskConfig()


class FinqaTaskset(vf.Taskset[FinqaTask, FinqaTasksetConfig]):
    """The tasks of a split, in the order of the corpus.

    Raises:
        NotFoundError: The corpus has no such split.
        ValueError: A corpus that cannot be opened.

    Example:
        >>> taskset = FinqaTaskset(FinqaTasksetConfig(split="val", num_tasks=2))
        >>> [task.data.split for task in taskset]
        ['val', 'val']
    """

    def __init__(self, config: FinqaTasksetConfig) -> None:
        """See the class."""
        super().__init__(config)
        self.corpus: Corpus = shared_corpus(config.task.corpus)
        self.corpus.known_split(config.split)
        # verifiers reads this where a view would list tasks, which an endless split cannot.
        self.INFINITE = config.num_tasks is None and self.corpus.splits()[config.split] is None

    def load(self) -> Iterator[FinqaTask]:
        """Yields the tasks; their prompts are those of the engine."""
        config = self.config.task
        with VectorEnv(self.corpus, CHUNK, num_threads=1, **self._options()) as env:
            for ids in self._chunks():
                prompts, _ = env.reset(
                    task_ids=ids, reset_mask=[slot < len(ids) for slot in range(CHUNK)]
                )
                for task_id, prompt in zip(ids, prompts, strict=True):
                    task = self.corpus.task(task_id)
                    data = FinqaData(
                        id=task_id,
                        name=task_id,
                        prompt=prompt,
                        system_prompt=env.system_prompt or None,
                        split=task["split"],
                        question_type=task["question_type"],
                    )
                    yield FinqaTask(data, config)

    def _options(self) -> dict[str, Any]:
        # Only prompts are made here, so what a reward comes from does not matter.
        return {**self.config.task.options(), "reward": "outcome"}

    def _chunks(self) -> Iterator[list[str]]:
        size = self.corpus.splits()[self.config.split]
        limits = [n for n in (size, self.config.num_tasks) if n is not None]
        stop = min(limits) if limits else None
        done, known = 0, CHUNK
        while stop is None or done < stop:
            # Listing makes companies, and starts at the first task: as far as needed, and twice as
            # far each time, costs little.
            known = known if stop is None else min(known, stop)
            ids = self.corpus.task_ids(self.config.split, known)
            while done < len(ids):
                yield ids[done : done + CHUNK]
                done = min(done + CHUNK, len(ids))
            known *= 2
