"""Actions to shards, rows back: what is under way, what arrived, what was lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym import arguments
from finqa_gym.integrations.ray.actions import Actions
from finqa_gym.integrations.ray.pool import Call, ShardPool
from finqa_gym.integrations.ray.rows import Rows, Turns
from finqa_gym.integrations.ray.slots import LOST, NEVER, OVER, PENDING, Slots, TaskOrder
from finqa_gym.step_batch import StepBatch
from finqa_gym.vector import VectorEnv

__all__ = ["Traffic"]


class Traffic:
    """The slots of a sharded environment at work. Every action is answered by one row.

    Attributes:
        pool: The shards.
        slots: Where each slot stands.
        num_lost: Episodes that were reported as lost.
    """

    def __init__(
        self, pool: ShardPool, slots: Slots, order: TaskOrder, template: VectorEnv
    ) -> None:
        self.pool = pool
        self.slots = slots
        self.num_lost = 0
        self._order = order
        self._template = template
        self._columns: Rows | None = None
        """Rows without a row; known since the first reset."""
        self._sent: deque[Call] = deque()
        """Calls of ``send`` whose rows were not looked at."""
        self._arrived: deque[Rows] = deque()
        """Rows for ``recv``."""

    def reset(
        self,
        chosen: NDArray[np.int32],
        tasks: list[int] | None,
        seeds: int | list[int | None] | None,
    ) -> StepBatch:
        """Starts episodes in the slots ``chosen``, of ``tasks`` (one a group) or of those next."""
        self.slots.check_rest(chosen)
        self._order.reseed(seeds)
        group_size = self._template.group_size
        groups = np.unique(chosen // group_size)
        calls = []
        # Seeds start the order of all slots again, also of a shard that has none to reset.
        for shard, rows in self._by_shard(chosen, every=seeds is not None):
            mine, named = chosen[rows], None
            if tasks is not None:
                is_mine = np.isin(groups, mine // group_size)
                named = [task for task, is_own in zip(tasks, is_mine, strict=True) if is_own]
            calls.append(self.pool.call(shard, "reset", mine, named, seeds))
        waiting = calls
        while waiting:
            self.pool.advance()
            if tasks is None:
                # At once: a shard that dies later starts behind these draws. Also if it raised: the
                # tasks were drawn.
                for call in waiting:
                    if call.is_done:
                        self._order.drawn(call.arguments[0])
            waiting = [call for call in waiting if not call.is_done]
        if any(call.error is not None for call in calls):
            # Some shards may have started episodes that the caller never hears of.
            self.slots.phase[chosen] = NEVER
            self.pool.answers(calls)  # raises
        rows_of_all = Rows.join([self._unpack(call) for call in calls])
        self._columns = rows_of_all.take(np.arange(0))
        self.slots.deliver(rows_of_all)
        return rows_of_all.batch()

    def send(self, actions: Any, env_ids: Any, finish_reasons: Any, num_tokens: Any) -> None:
        """As `VectorEnv.send`."""
        calls, lost = self.act(actions, env_ids, finish_reasons, num_tokens)
        self._sent.extend(calls)
        if lost is not None:
            self._arrived.append(lost)

    def recv(self, wanted: int, *, or_more: bool) -> StepBatch:
        """As `VectorEnv.recv`."""
        under_way = self.slots.num_pending
        if wanted > under_way:
            msg = (
                f"recv({wanted}) asks for more results than are under way ({under_way}); "
                "send() first"
            )
            raise ValueError(msg)
        self._collect()
        while sum(map(len, self._arrived)) < wanted:
            self.pool.advance()
            self._collect()
        parts, taken = [], 0
        while self._arrived and (taken < wanted or or_more):
            part = self._arrived.popleft()
            if not or_more and taken + len(part) > wanted:
                places = np.arange(len(part))
                self._arrived.appendleft(part.take(places[wanted - taken :]))
                part = part.take(places[: wanted - taken])
            parts.append(part)
            taken += len(part)
        return self._deliver(parts)

    def truncate(self, env_ids: Any) -> StepBatch:
        """As `VectorEnv.truncate`."""
        slots = self.ids(env_ids)
        self.slots.check_act(slots, may_restart=False)
        lost = self._take_lost(slots)
        alive = slots if lost is None else slots[self.slots.phase[slots] != LOST]
        self.slots.phase[slots] = PENDING
        calls = []
        for shard, rows in self._by_shard(alive):
            mine = alive[rows]
            calls.append(self.pool.call(shard, "truncate", mine, slots=mine))
        return self.rows_of(calls, lost)

    def act(
        self, actions: Any, env_ids: Any, finish_reasons: Any, num_tokens: Any
    ) -> tuple[list[Call], Rows | None]:
        """Starts actions.

        Returns:
            The calls to shards, and the rows of slots whose episode had been lost before.
        """
        slots = self.ids(env_ids)
        checked = Actions.checked(actions, finish_reasons, num_tokens, num_slots=len(slots))
        self.slots.check_act(slots)
        lost = self._take_lost(slots)
        if lost is not None:
            alive = np.flatnonzero(self.slots.phase[slots] != LOST)
            slots_alive, checked = slots[alive], checked.take(alive)
        else:
            slots_alive = slots
        # With autoreset "next_step", this is when a task is drawn.
        self._order.drawn(slots_alive[self.slots.phase[slots_alive] == OVER])
        self.slots.phase[slots] = PENDING
        calls = []
        for shard, rows in self._by_shard(slots_alive):
            mine = slots_alive[rows]
            packed = (checked if len(rows) == len(slots_alive) else checked.take(rows)).pack()
            calls.append(self.pool.call(shard, "step", mine, packed, slots=mine))
        return calls, lost

    def ids(self, env_ids: Any) -> NDArray[np.int32]:
        """Slots that a caller names; None is all."""
        if env_ids is None:
            return np.arange(len(self.slots.phase), dtype=np.int32)
        ids = np.array(arguments.integers("env_ids", env_ids), np.int64)
        return self.slots.check_ids(ids)

    def _by_shard(
        self, slots: NDArray[np.int32], *, every: bool = False
    ) -> list[tuple[int, NDArray[np.intp]]]:
        """Shards with the places of their slots in ``slots``; without ``every`` those with some."""
        shards = self.slots.shards_of(slots)
        parts = [(k, np.flatnonzero(shards == k)) for k in range(self.pool.num_shards)]
        return [(k, rows) for k, rows in parts if every or len(rows)]

    def rows_of(self, calls: Sequence[Call], lost: Rows | None) -> StepBatch:
        """Waits for ``calls`` alone and takes their rows, in slot order."""
        # If waiting is broken off (Ctrl-C, a timeout), they are there for recv().
        self._sent.extend(calls)
        if lost is not None:
            self._arrived.append(lost)
        unpacked: dict[Call, Rows] = {}
        while not all(call.is_done for call in calls):
            self.pool.advance()
            for call in calls:  # while the other shards are still at it
                if call.value is not None and call not in unpacked:
                    unpacked[call] = self._unpack(call)
        for call in calls:
            self._sent.remove(call)
        parts = []
        if lost is not None:
            self._arrived.remove(lost)
            parts.append(lost)
        failed = [call for call in calls if call.error is not None]
        parts += list(unpacked.values())
        parts += [self._result(call) for call in calls if call.lost is not None]
        if failed:
            # The rows of this step are lost to the caller, as with `VectorEnv`; the slots go on.
            for part in parts:
                self.slots.deliver(part)
            for call in failed[1:]:
                self._settle(call)
            self._result(failed[0])  # raises
        return self._deliver(parts, in_order=True)

    def _collect(self) -> None:
        """Moves what calls of ``send`` brought to the rows for ``recv``."""
        for call in [call for call in self._sent if call.is_done]:
            self._sent.remove(call)
            self._arrived.append(self._result(call))

    def _result(self, call: Call) -> Rows:
        """The rows of a call with slots.

        Raises:
            Exception: What the shard raised; its slots are at rest then.
        """
        if call.lost is not None and call.slots is not None:
            return self._report_lost(call.slots, *call.lost)
        if call.error is not None:
            self._settle(call)
            raise call.error
        return self._unpack(call)

    def _settle(self, call: Call) -> None:
        """Brings the slots of a call that raised to rest."""
        if call.slots is not None:
            [over] = self.pool.answers([self.pool.call(call.shard, "over", call.slots)])
            self.slots.settle(call.slots, over, call.generation)

    def _unpack(self, call: Call) -> Rows:
        number, packed = call.value
        turns = Turns(self._fetch(call.shard, call.generation, number))
        return Rows.unpack(packed, turns, call.generation)

    def _fetch(
        self, shard: int, generation: int, number: int
    ) -> Callable[[], list[list[dict[str, Any]]]]:
        """What reads the tool messages of a call: they stay in the shard until then."""

        def fetch() -> list[list[dict[str, Any]]]:
            messages: list[list[dict[str, Any]]] | None = None
            call = self.pool.call(shard, "turn_messages", number)
            [found] = self.pool.answers([call])
            if call.generation == generation:
                messages = found
            if messages is None:
                msg = (
                    "the messages of this batch are gone: a shard keeps them until all slots of "
                    "the batch were acted on again, or it dies; read them before that"
                )
                raise LookupError(msg)
            return messages

        return fetch

    def _deliver(self, parts: Sequence[Rows], *, in_order: bool = False) -> StepBatch:
        """Hands rows to the caller; their slots take actions again."""
        if not parts:
            parts = [self._no_rows()]
        rows = Rows.join(parts)
        if in_order:
            rows = rows.sorted()
        self.slots.deliver(rows)
        return rows.batch()

    def _no_rows(self) -> Rows:
        if self._columns is None:  # nothing was reset yet
            call = self.pool.call(0, "reset", np.array([], np.int32), None, None)
            self.pool.answers([call])
            self._columns = self._unpack(call)
        return self._columns

    def _take_lost(self, slots: NDArray[np.int32]) -> Rows | None:
        """Rows of those of ``slots`` whose episode was lost while they had no action under way."""
        lost = slots[self.slots.phase[slots] == LOST]
        if not len(lost):
            return None
        return self._report_lost(lost, "infra_backend", "the shard of this episode died")

    def _report_lost(self, slots: NDArray[np.int32], reason: str, text: str) -> Rows:
        self.num_lost += len(slots)
        return self.slots.lost_rows(slots, self._no_rows(), self._template, reason, text)
