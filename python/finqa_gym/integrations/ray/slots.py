"""What the driver knows of its slots: where each stands, and which task comes next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym.exceptions import AlreadyPendingCallError, ResetNeededError
from finqa_gym.integrations.ray.rows import Records, Rows, Turns, blank
from finqa_gym.vector import VectorEnv

__all__ = ["LOST", "NEVER", "OVER", "PENDING", "READY", "Slots", "TaskOrder"]

NEVER, READY, PENDING, OVER, LOST = range(5)
"""Never reset; runs; has an action under way; is over; ran in a shard that is gone and was not yet
reported."""


class TaskOrder:
    """The order of tasks of one `VectorEnv` with all slots, kept for shards that may die.

    Every shard has a sampler for all slots and draws for its own; a task follows from seed, slot
    and the number of draws, so the draws of all slots are all there is to know.

    Args:
        template: An environment with all slots that plays nothing: its sampler holds the seeds.
    """

    def __init__(self, template: VectorEnv) -> None:
        self._template = template
        self._draws = np.zeros(template.num_envs, np.int64)

    def reseed(self, seeds: int | list[int | None] | None) -> None:
        """What a reset with these seeds does to the order."""
        if seeds is None:
            return
        nothing = np.zeros(self._template.num_envs, np.bool_)
        self._template.reset(seed=seeds, reset_mask=nothing)
        if isinstance(seeds, int):
            self._draws[:] = 0
        else:
            self._draws[[seed is not None for seed in seeds]] = 0

    def drawn(self, slots: NDArray[np.int32]) -> None:
        """Each of ``slots`` took its next task."""
        self._draws[slots] += 1

    def state(self) -> dict[str, Any]:
        """As `VectorEnv.state_dict`."""
        return self._template.state_dict() | {"draws": self._draws.tolist()}

    def load(self, state: dict[str, Any]) -> None:
        """As `VectorEnv.load_state_dict`."""
        self._template.load_state_dict(state)
        self._draws[:] = state["draws"]


class Slots:
    """Phase, task and turn of every slot.

    Args:
        num_envs: Slots of all shards.
        per_shard: Slots of a shard.
        restarts: Slots that are over take an action, which starts the next episode.
    """

    def __init__(self, num_envs: int, per_shard: int, *, restarts: bool) -> None:
        self.phase = np.full(num_envs, NEVER, np.uint8)
        self._task = np.zeros(num_envs, np.int32)
        self._turn = np.zeros(num_envs, np.int32)
        self._generation = np.zeros(num_envs, np.int32)
        self._per_shard = per_shard
        self._restarts = restarts

    @property
    def num_pending(self) -> int:
        """Slots with an action under way."""
        return int((self.phase == PENDING).sum())

    def shards_of(self, slots: NDArray[np.int32]) -> NDArray[np.int32]:
        """The shard of each slot."""
        shards: NDArray[np.int32] = slots // self._per_shard
        return shards

    def check_ids(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """Refuses slots that do not exist or are named twice.

        Raises:
            ValueError: Such a slot.
        """
        num_envs = len(self.phase)
        wrong = ids[(ids < 0) | (ids >= num_envs)]
        if len(wrong):
            msg = f"env id {wrong[0]} does not exist; there are {num_envs} envs"
            raise ValueError(msg)
        values, counts = np.unique(ids, return_counts=True)
        if len(values) < len(ids):
            twice = values[counts > 1][0]
            msg = f"env_ids holds {twice} twice; a slot takes one action at a time"
            raise ValueError(msg)
        return ids.astype(np.int32)

    def check_rest(self, slots: NDArray[np.int32]) -> None:
        """Refuses slots with an action under way.

        Raises:
            AlreadyPendingCallError: A slot has one.
        """
        pending = slots[self.phase[slots] == PENDING]
        if len(pending):
            msg = f"env {pending[0]} still has an action under way; call recv() first"
            raise AlreadyPendingCallError(msg)

    def check_act(self, slots: NDArray[np.int32], *, may_restart: bool = True) -> None:
        """Refuses slots that take no action.

        Raises:
            AlreadyPendingCallError: A slot has an action under way.
            ResetNeededError: A slot was never reset, or is over.
        """
        self.check_rest(slots)
        phase = self.phase[slots]
        never = slots[phase == NEVER]
        if len(never):
            raise ResetNeededError(f"env {never[0]} was never reset; call reset() first")
        over = slots[phase == OVER]
        if len(over) and not (self._restarts and may_restart):
            msg = (
                f"the episode of env {over[0]} is over; "
                "call reset(reset_mask=...) for finished slots first"
            )
            raise ResetNeededError(msg)

    def deliver(self, rows: Rows) -> None:
        """Takes down where the slots of ``rows`` stand now that the caller gets them."""
        env_ids = rows.records["env_id"]
        # The shard may have died since it answered.
        running = np.where(rows.generations == self._generation[env_ids], READY, LOST)
        self.phase[env_ids] = np.where(rows.over, OVER, running)
        self._task[env_ids] = rows.records["task_index"]
        self._turn[env_ids] = rows.records["turn"]

    def settle(self, slots: NDArray[np.int32], over: NDArray[np.bool_], generation: int) -> None:
        """Brings to rest slots of a step that raised in their shard.

        Args:
            slots: The slots.
            over: ``bool (n,)``, their episodes ended.
            generation: That of the shard when it raised.
        """
        running = np.where(self._generation[slots] == generation, READY, LOST)
        self.phase[slots] = np.where(over, OVER, running)

    def lose(self, shard: int) -> None:
        """Marks the running episodes of a shard that is gone.

        Those with an action under way are lost once its row is delivered.
        """
        own = slice(shard * self._per_shard, (shard + 1) * self._per_shard)
        self._generation[own] += 1
        phase = self.phase[own]
        phase[phase == READY] = LOST

    def lost_rows(
        self, slots: NDArray[np.int32], like: Rows, template: VectorEnv, reason: str, text: str
    ) -> Rows:
        """Truncated rows of episodes whose shard is gone.

        Args:
            slots: Their slots.
            like: Any rows of this environment; its columns are taken.
            template: Knows the names behind the codes.
            reason: One of ``truncation_reasons``.
            text: What happened, for ``infos["infra_error"]``.
        """
        schema = template.rubric_schema
        records = np.zeros(len(slots), like.records.dtype)
        records["env_id"] = slots
        records["truncated"] = True
        records["task_index"] = self._task[slots]
        records["turn"] = self._turn[slots]
        records["error_code"] = -1
        records["score"] = np.nan
        records["truncation_reason"] = template.truncation_reasons.index(reason)
        ended = _blank_records(like.ended.dtype, len(slots))
        # As the engine scores an episode that a fault of the machine ended, as far as that can be
        # known here: the calls of the episode went with the shard.
        ended["outcome"] = 0.0
        ended["failure"] = schema.failures.index("infra_fault")
        ended["wrong_answer"] = schema.wrong_answers.index("none")
        ended["flags"][:, schema.flags.index("infra_fault")] = True
        ended["failures"][:, schema.failures.index("infra_fault")] = True
        nothing = Turns(lambda: [[] for _ in slots])
        return Rows(
            records,
            ended,
            [""] * len(slots),
            {"infra_error": [text] * len(slots)},
            [(nothing, place) for place in range(len(slots))],
            self._generation[slots],
        )


def _blank_records(dtype: np.dtype[Any], length: int) -> Records:
    records = np.empty(length, dtype)
    for name in dtype.names or ():
        records[name] = blank(dtype[name].base, 1)[0]
    return records
