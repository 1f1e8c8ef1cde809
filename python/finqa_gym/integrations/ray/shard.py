"""What runs inside of an actor: one environment, of which the shard plays a range of slots."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym.data import corpus_from_source
from finqa_gym.exceptions import DataError
from finqa_gym.integrations.ray import pieces
from finqa_gym.integrations.ray.actions import Actions
from finqa_gym.integrations.ray.rows import Rows, Turns
from finqa_gym.step_batch import StepBatch
from finqa_gym.trajectories import Recording
from finqa_gym.vector import VectorEnv

__all__ = ["Plan", "Shard"]


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a shard makes its environment.

    Attributes:
        source: How to make the corpus again (`Corpus.source`).
        content_hash: What the corpus must be then.
        num_envs: Slots of all shards.
        options: Further arguments of `VectorEnv`.
        record: Where the run of all shards is recorded, an absolute path; each has a folder in it.
    """

    source: dict[str, Any]
    content_hash: str
    num_envs: int
    options: dict[str, Any]
    record: Recording | None = None

    def recording(self, name: str) -> Recording | None:
        """The run of the shard ``name``."""
        if self.record is None:
            return None
        folder = Path(self.record.path)
        run = f"{self.record.run or folder.name}/{name}"
        return dataclasses.replace(self.record, path=folder / name, run=run)


class Shard:
    """The slots ``first`` to ``stop`` of an environment.

    The environment has all slots, of which those of other shards are never reset: an empty slot
    takes some 200 bytes. So slots have one number everywhere, and each draws the task that it would
    draw in one environment.
    """

    def __init__(self) -> None:
        # Nothing that can fail: what a constructor raises reaches the driver as a dead actor.
        self._env: VectorEnv | None = None
        self._num_calls = 0
        self._turns: dict[int, Sequence[tuple[Any, int]]] = {}

    def open(
        self, plan: Plan, name: str, state: dict[str, Any] | None, policy: tuple[str, int | None]
    ) -> int:
        """Makes the environment, at ``state`` of the order of tasks.

        Returns:
            The process id.

        Raises:
            DataError: The corpus is another one here than on the driver.
        """
        corpus = corpus_from_source(plan.source)
        if corpus.content_hash != plan.content_hash:
            msg = (
                f"corpus {corpus.name!r} has the content hash {corpus.content_hash[:12]}… in "
                f"{name} and {plan.content_hash[:12]}… on the driver; every node needs the same "
                "files and the same version of finqa_gym"
            )
            raise DataError(msg)
        env = VectorEnv(corpus, plan.num_envs, record=plan.recording(name), **plan.options)
        if state is not None:
            env.load_state_dict(state)
        self._env = env
        if plan.record is not None:
            self.set_policy(*policy)
        self._newest = np.full(plan.num_envs, -1, np.int64)  # call that each slot's last row is of
        return os.getpid()

    @property
    def env(self) -> VectorEnv:
        """The environment."""
        if self._env is None:
            raise RuntimeError("the shard was not opened")
        return self._env

    def rows(self, method: str, num_pieces: int, *split: Any) -> Any:
        """Calls `step`, `truncate` or `reset`, of which arguments and answer are in pieces."""
        arguments = pieces.join(split)
        answer = pieces.split(getattr(self, method)(*arguments), num_pieces)
        return answer[0] if num_pieces == 1 else answer

    def step(self, slots: NDArray[np.int32], packed: tuple[Any, ...]) -> tuple[int, Any]:
        """Acts in ``slots``.

        Returns:
            The number of the call, for `turn_messages`, and the rows, packed.
        """
        sent = Actions.unpack(packed)
        fresh = self._newest[slots] < 0
        if self.env.autoreset_mode == "disabled" or not fresh.any():
            actions, reasons, tokens = sent.for_engine()
            batch = self.env.step(actions, reasons, env_ids=slots, num_tokens=tokens)
            return self._answer(batch, slots)
        # With autoreset "next_step", slots that were over in a shard that died: the action starts
        # the next episode, which here is the first one.
        rows = np.flatnonzero(~fresh)
        parts = [self._reset(slots[fresh], None, None)]
        if len(rows):
            actions, reasons, tokens = sent.take(rows).for_engine()
            parts.append(self.env.step(actions, reasons, env_ids=slots[rows], num_tokens=tokens))
        number = self._keep([turn for part in parts for turn in part._turns], slots)
        return number, Rows.join([Rows.of(part) for part in parts]).pack()

    def truncate(self, slots: NDArray[np.int32]) -> tuple[int, Any]:
        """Ends the episodes of ``slots``; returns as `step`."""
        return self._answer(self.env.truncate(slots), slots)

    def reset(
        self,
        slots: NDArray[np.int32],
        tasks: list[int] | None,
        seed: int | Sequence[int | None] | None,
    ) -> tuple[int, Any]:
        """Starts episodes in ``slots``; returns as `step`."""
        return self._answer(self._reset(slots, tasks, seed), slots)

    def _reset(
        self,
        slots: NDArray[np.int32],
        tasks: list[int] | None,
        seed: int | Sequence[int | None] | None,
    ) -> StepBatch:
        mask = np.zeros(self.env.num_envs, np.bool_)
        mask[slots] = True
        texts, infos = self.env.reset(tasks, seed, mask)
        n = len(texts)
        nothing = np.zeros(n, np.bool_)
        turns: Any = [(Turns(lambda: [[]] * n), place) for place in range(n)]
        return StepBatch(
            texts, np.zeros(n, np.float32), nothing, nothing, infos, infos["env_id"], turns
        )

    def _answer(self, batch: StepBatch, slots: NDArray[np.int32]) -> tuple[int, Any]:
        return self._keep(batch._turns, slots), Rows.of(batch).pack()

    def _keep(self, turns: Sequence[tuple[Any, int]], slots: NDArray[np.int32]) -> int:
        """Keeps messages until every slot of their call was acted on again."""
        self._num_calls += 1
        earlier = set(np.unique(self._newest[slots]).tolist())
        self._newest[slots] = self._num_calls
        self._turns[self._num_calls] = turns
        for number in earlier:
            if number >= 0 and not (self._newest == number).any():
                del self._turns[number]
        return self._num_calls

    def turn_messages(self, number: int) -> list[list[dict[str, Any]]] | None:
        """The tool messages of the rows of a call; None if they are not kept any more."""
        turns = self._turns.get(number)
        return None if turns is None else [of.messages(row) for of, row in turns]

    def over(self, slots: NDArray[np.int32]) -> NDArray[np.bool_]:
        """``bool (n,)``, whether the episodes of ``slots`` ended. For steps that raised."""
        episodes = map(self.env.episode, slots.tolist())
        return np.array([e is not None and e["status"] != "running" for e in episodes])

    def messages(self, env_id: int) -> list[dict[str, Any]]:
        """As `VectorEnv.messages`."""
        return self.env.messages(env_id)

    def episode(self, env_id: int) -> dict[str, Any] | None:
        """As `VectorEnv.episode`."""
        return self.env.episode(env_id)

    def stats(self) -> dict[str, Any]:
        """As `VectorEnv.stats`."""
        return self.env.stats()

    def load_state(self, state: dict[str, Any]) -> None:
        """As `VectorEnv.load_state_dict`."""
        self.env.load_state_dict(state)

    def set_policy(self, name: str, step: int | None) -> None:
        """As the setters of `VectorEnv`."""
        self.env.policy = name
        self.env.policy_step = step

    def close(self) -> None:
        """As `VectorEnv.close`: a recording becomes Parquet."""
        if self._env is not None:
            self._env.close()
