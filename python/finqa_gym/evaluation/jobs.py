"""The episodes of an evaluation that are still to be played, and the slots that get them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from finqa_gym.analysis.runs import leave_out_faults
from finqa_gym.evaluation.policy import Fresh
from finqa_gym.trajectories import Run
from finqa_gym.vector import VectorEnv

__all__ = ["Job", "Jobs", "count_played", "missing_jobs"]

Job = tuple[str, int]
"""A task, and how often it was played before."""


def count_played(run: Run) -> Counter[str]:
    """Episodes of each task that say something about the policy."""
    columns = dict(run.columns(["task_id", "flag_infra_fault", "is_correct"]))
    leave_out_faults(columns)
    graded = np.isfinite(np.asarray(columns["is_correct"], dtype=np.float64))
    return Counter(
        task
        for task, is_graded in zip(columns["task_id"], graded.tolist(), strict=True)
        if is_graded
    )


def missing_jobs(tasks: Sequence[str], attempts: int, played: Counter[str]) -> list[Job]:
    """What is left to play: every task once, then every task again.

    So whatever ends an evaluation early, the tasks are played about equally often.

    Example:
        >>> missing_jobs(["a", "b"], 2, Counter({"a": 1}))
        [('b', 0), ('a', 1), ('b', 1)]
    """
    return [(task, n) for n in range(attempts) for task in tasks if played[task] <= n]


class Jobs:
    """Hands episodes out to slots.

    Args:
        env: The environment.
        jobs: What is to be played, in order.
        on_ended: Called with the number of episodes that ended, whenever some have.
    """

    def __init__(
        self, env: VectorEnv, jobs: Sequence[Job], on_ended: Callable[[int], object]
    ) -> None:
        self._env = env
        self._left = list(reversed(jobs))
        self._on_ended = on_ended
        self._playing: set[int] = set()
        self.num_ended = 0
        self.num_left_out = 0

    def begin(self, slots: Sequence[int]) -> Fresh:
        """New episodes for ``slots``, which are done with, as many as there are left."""
        self.finish(slots)
        given = sorted(slots)[: len(self._left)]
        if not given:
            return np.zeros(0, dtype=np.int32), [], {}
        jobs = [self._left.pop() for _ in given]
        mask = np.zeros(self._env.num_envs, dtype=bool)
        mask[given] = True
        prompts, infos = self._env.reset([task for task, _ in jobs], reset_mask=mask)
        infos["attempt"] = np.array([attempt for _, attempt in jobs], dtype=np.int32)
        self._playing.update(given)
        return infos["env_id"], prompts, infos

    def finish(self, slots: Sequence[int]) -> None:
        """Counts the episodes in ``slots`` that ended, and those that were left running."""
        before = self.num_ended
        for slot in self._playing.intersection(slots):
            episode = self._env.episode(slot)
            if episode is not None and episode["status"] == "running":
                self.num_left_out += 1
            else:
                self.num_ended += 1
        self._playing.difference_update(slots)
        if self.num_ended > before:
            self._on_ended(self.num_ended)
