"""The actors: calls to them in order, answers as they come, new actors for those that died."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import ray
import ray.exceptions
from numpy.typing import NDArray

from finqa_gym.exceptions import ClosedEnvError, EnvError
from finqa_gym.integrations.ray import pieces
from finqa_gym.integrations.ray.shard import Plan, Shard

__all__ = ["Call", "ShardLostError", "ShardPool", "ShardTimeoutError"]

_ROWS = ("step", "truncate", "reset")
"""Methods whose arguments and answers are large, so that they go in pieces."""


class ShardLostError(EnvError):
    """A shard died and could not be, or may not be, made again."""


class ShardTimeoutError(EnvError, TimeoutError):
    """A shard did not answer in ``timeout_s``."""


@dataclass(eq=False)
class Call:
    """A call of a method of a shard.

    Attributes:
        shard: Number of the shard.
        method: Name of the method of `Shard`.
        arguments: Its arguments.
        slots: Slots whose rows it brings; their episodes are lost if the shard dies before.
        futures: What Ray answers with: pieces of the answer.
        since: When the shard began to owe the answer, as far as is known here.
        is_done: The answer is here.
        value: The answer.
        error: What the method raised instead.
        lost: Why there is no answer: (truncation reason, text).
        generation: How often the shard had been made again when it answered.
    """

    shard: int
    method: str
    arguments: tuple[Any, ...]
    slots: NDArray[np.int32] | None
    futures: list[Any] = field(default_factory=list)
    since: float = 0.0
    is_done: bool = False
    value: Any = None
    error: Exception | None = None
    lost: tuple[str, str] | None = None
    generation: int = 0


@dataclass(eq=False)
class _Actor:
    """One shard's actor.

    Attributes:
        handle: Ray's.
        num_rebuilds: How often it was made again.
        pid: Its process; None while it is being made.
        calls: Calls that were not answered, in order.
    """

    handle: Any = None
    num_rebuilds: int = 0
    pid: int | None = None
    calls: deque[Call] = field(default_factory=deque)


class ShardPool:
    """K actors. An actor runs one call at a time, in the order in which they were made.

    Args:
        plan: How each shard makes its environment.
        num_shards: K.
        actor_options: Arguments of ``.options`` of a Ray actor class.
        timeout_s: How long a shard may take for a call.
        start_timeout_s: How long it may take to start.
        on_timeout: "raise", or "rebuild": take the shard for dead.
        max_rebuilds: Shards that are made again at most, over the life of the pool.
        state: Gives the place in the order of tasks at which a new shard starts.
        on_lost: Told of a shard that died.

    Attributes:
        num_shards: K.
        num_rebuilds: Shards that were made again.
        policy: Name and step of the policy, for the records of shards that are made from now on.
    """

    def __init__(
        self,
        plan: Plan,
        num_shards: int,
        *,
        actor_options: dict[str, Any],
        timeout_s: float,
        start_timeout_s: float,
        on_timeout: Literal["raise", "rebuild"],
        max_rebuilds: int,
        state: Callable[[], dict[str, Any]],
        on_lost: Callable[[int], object],
    ) -> None:
        self._plan = plan
        self._actor_options = actor_options
        self._actor_class = ray.remote(Shard).options(**actor_options)
        self._timeout_s = timeout_s
        self._start_timeout_s = start_timeout_s
        self._on_timeout = on_timeout
        self._max_rebuilds = max_rebuilds
        self._state = state
        record = plan.record
        self.policy: tuple[str, int | None] = (
            ("", None) if record is None else (record.policy, record.policy_step)
        )
        self.num_shards = num_shards
        self._on_lost = on_lost
        self._failure: ShardLostError | None = None
        self._is_closed = False
        self.num_rebuilds = 0
        self._actors = [_Actor() for _ in range(num_shards)]
        try:
            for shard in range(num_shards):
                self._start(shard)
            while any(actor.calls for actor in self._actors):
                self.advance()
        except BaseException:
            self.close(gracefully=False)
            raise

    @property
    def process_ids(self) -> list[int | None]:
        """Process of each shard; None of one that is being made."""
        return [actor.pid for actor in self._actors]

    def generation(self, shard: int) -> int:
        """How often the shard was made again."""
        return self._actors[shard].num_rebuilds

    def check_open(self) -> None:
        """Refuses a pool that cannot work any more.

        Raises:
            ClosedEnvError: It was closed, or Ray was shut down.
            ShardLostError: A shard was lost for good.
        """
        if self._is_closed:
            raise ClosedEnvError("the environment is closed")
        # Without this, the next call would start a new Ray of its own.
        if not ray.is_initialized():
            raise ClosedEnvError("Ray was shut down, and the shards of this environment with it")
        if self._failure is not None:
            raise self._failure

    def call(
        self,
        shard: int,
        method: str,
        *arguments: Any,
        slots: NDArray[np.int32] | None = None,
    ) -> Call:
        """Makes a call; `advance` takes its answer."""
        self.check_open()
        call = Call(shard, method, arguments, slots)
        self._submit(call)
        return call

    def answers(self, calls: Sequence[Call]) -> list[Any]:
        """Waits for ``calls``; answers of others that come meanwhile stay with their calls.

        Raises:
            Exception: What a method raised, once all have answered.
        """
        while not all(call.is_done for call in calls):
            self.advance()
        for call in calls:
            if call.error is not None:
                raise call.error
        return [call.value for call in calls]

    def advance(self) -> None:
        """Waits until a shard answers, and takes every answer that is there.

        Raises:
            ShardTimeoutError: None answered in time. Nothing is lost; waiting can go on.
            ShardLostError: A shard was lost for good.
        """
        self.check_open()
        heads = [actor.calls[0] for actor in self._actors if actor.calls]
        if not heads:
            return
        now = time.monotonic()
        wait_s = max(0.0, min(head.since + self._allowed_s(head) for head in heads) - now)
        # The pieces of an answer come together.
        futures = [head.futures[-1] for head in heads]
        ready, _ = ray.wait(futures, num_returns=1, timeout=wait_s)
        if ready and len(heads) > 1:  # those that became ready in the meantime, too
            ready, _ = ray.wait(futures, num_returns=len(heads), timeout=0)
        for head, future in zip(heads, futures, strict=True):
            if future in ready:
                self._take(head)
        now = time.monotonic()
        late = [h for h in heads if not h.is_done and now >= h.since + self._allowed_s(h)]
        for head in late:
            # Its actor may have been replaced above.
            if self._actors[head.shard].calls and self._actors[head.shard].calls[0] is head:
                self._late(head, others_answered=bool(ready))

    def _allowed_s(self, call: Call) -> float:
        return self._start_timeout_s if call.method == "open" else self._timeout_s

    def _take(self, call: Call) -> None:
        """Takes the answer to the first call of a shard."""
        actor = self._actors[call.shard]
        try:
            answer = ray.get(call.futures)
        except ray.exceptions.RayTaskError as error:
            call.error = _raised(error)
        except ray.exceptions.RayError as error:
            # The actor, its node, or the memory that held the answer: gone in any case.
            self._lost(call.shard, "infra_backend", _first_line(error))
            return
        else:
            if call.method in _ROWS:
                call.value = pieces.join(answer)
            else:
                [call.value] = answer
        actor.calls.popleft()
        call.is_done, call.generation = True, actor.num_rebuilds
        if actor.calls:
            actor.calls[0].since = time.monotonic()
        if call.method == "open":
            if call.error is not None:
                self._fail(call)
            actor.pid = call.value

    def _late(self, head: Call, *, others_answered: bool) -> None:
        waited = (
            f"{_name(head.shard)} has not answered {head.method}() for {self._allowed_s(head):g} s"
        )
        if head.method == "open" and not self._actors[head.shard].num_rebuilds:
            raise ShardTimeoutError(
                f"{waited}: it asks Ray for {self._actor_options}, of {ray.cluster_resources()} "
                f"there are {ray.available_resources()} free"
            )
        if self._on_timeout == "rebuild":
            self._lost(head.shard, "infra_timeout", waited)
        elif not others_answered:
            head.since = time.monotonic()  # whoever waits again waits as long again
            raise ShardTimeoutError(
                f"{waited}; its results are still under way: recv() waits again, and "
                'on_timeout="rebuild" would replace the shard'
            )

    def _submit(self, call: Call) -> None:
        actor = self._actors[call.shard]
        if call.method in _ROWS:
            count = pieces.answer_pieces(len(call.arguments[0]))
            method = actor.handle.rows.options(num_returns=count)
            answer = method.remote(call.method, count, *pieces.split(call.arguments))
        else:
            answer = getattr(actor.handle, call.method).remote(*call.arguments)
        call.futures = answer if isinstance(answer, list) else [answer]
        call.since = time.monotonic()
        actor.calls.append(call)

    def _start(self, shard: int) -> None:
        """Makes the actor of a shard; it opens its environment as its first call."""
        actor = self._actors[shard]
        actor.handle = self._actor_class.remote()
        name = f"shard-{shard}"
        if actor.num_rebuilds:
            # A new run beside that of the dead one, which another process may still hold.
            name += f"-rebuilt-{actor.num_rebuilds}"
        arguments = (self._plan, name, self._state(), self.policy)
        self._submit(Call(shard, "open", arguments, None))

    def _lost(self, shard: int, reason: str, what: str) -> None:
        """A shard is gone: its calls with rows have none, the others are made again."""
        actor = self._actors[shard]
        calls = [call for call in actor.calls if call.method != "open"]
        actor.calls.clear()
        actor.pid = None
        with contextlib.suppress(ray.exceptions.RayError):
            ray.kill(actor.handle, no_restart=True)
        if self.num_rebuilds == self._max_rebuilds:
            self._failure = ShardLostError(
                f"{_name(shard)} died ({what}), and max_rebuilds={self._max_rebuilds} shards were "
                "made again before; find out why they die, or raise max_rebuilds"
            )
            raise self._failure
        self.num_rebuilds += 1
        actor.num_rebuilds += 1
        again = []
        for call in calls:
            if call.slots is None:
                again.append(call)
            else:
                call.lost, call.is_done = (reason, f"{_name(shard)} died: {what}"), True
        self._on_lost(shard)
        self._start(shard)
        for call in again:
            self._submit(call)

    def _fail(self, call: Call) -> None:
        """A shard could not make its environment: the cause itself at the start."""
        error = call.error
        if self._actors[call.shard].num_rebuilds == 0 and error is not None:
            raise error
        text = f"{_name(call.shard)} could not be made again: {type(error).__name__}: {error}"
        self._failure = ShardLostError(text)
        raise self._failure from error

    def close(self, *, gracefully: bool = True) -> None:
        """Ends the actors; ``gracefully``, each closes its environment before.

        Raises:
            Exception: What closing an environment raised; the actors are gone all the same.
        """
        if self._is_closed:
            return
        error: Exception | None = None
        try:
            # Only a recording has something to finish; else no step under way is waited for.
            records = self._plan.record is not None and self._failure is None
            if gracefully and records and ray.is_initialized():
                self.answers([self.call(k, "close") for k in range(len(self._actors))])
        except Exception as raised:
            error = raised
        finally:
            self._is_closed = True
            for actor in self._actors:
                if actor.handle is not None and ray.is_initialized():
                    with contextlib.suppress(ray.exceptions.RayError):
                        ray.kill(actor.handle, no_restart=True)
                actor.calls.clear()
                actor.handle = actor.pid = None
        if error is not None:
            raise error


def _name(shard: int) -> str:
    return f"shard {shard}"


def _first_line(error: Exception) -> str:
    # Ray writes a "None" where it knows no more.
    line = str(error).strip().partition("\n")[0].removesuffix(" None")
    return f"{type(error).__name__}: {line}"


def _raised(error: ray.exceptions.RayTaskError) -> Exception:
    """What the method raised, as it would have been raised here."""
    cause: Any = error.cause
    if not isinstance(cause, Exception):
        return error  # type: ignore[no-any-return]
    # The text of Ray's error holds the traceback of the shard.
    cause.__cause__ = error
    return cause
