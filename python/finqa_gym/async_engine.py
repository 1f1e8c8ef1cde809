"""Episodes for coroutines: what they send within one tick of their loop becomes one batch.

A trainer that writes a rollout as a coroutine would pay a thread hop for every tool call, several
times the call itself. Here a call only joins a list. Once the loop has run everybody who is ready,
the list goes to the engine's threads as one batch; a thread of this module takes whatever has
finished, and wakes each loop once for all of its results.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import weakref
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import numpy as np

from finqa_gym import arguments
from finqa_gym._native import (
    AlreadyPendingCallError,
    ClosedEnvError,
    ResetNeededError,
)
from finqa_gym.async_calls import Call, Start, Tick, deliver, fail, tell
from finqa_gym.async_episode import AsyncEpisode, Turn
from finqa_gym.data import Corpus
from finqa_gym.vector import Action, VectorEnv

__all__ = ["AsyncEngine"]

IDLE_S = 1.0
"""After so many seconds without a call the thread that takes results ends; the next starts it."""
REFUSED = ("num_envs", "group_size", "autoreset_mode")
"""Options of `VectorEnv` that mean nothing here."""


class AsyncEngine:
    """Runs episodes for coroutines, of one event loop or of many.

    Args:
        corpus: As for `VectorEnv`.
        max_episodes: Episodes that live at the same time; ``start`` waits for a place.
        **options: Options of `VectorEnv`, but num_envs, group_size and autoreset_mode.

    Attributes:
        env: The environment behind it. Read its attributes; its slots belong to the engine.

    Example:
        >>> import asyncio
        >>> from finqa_gym import AsyncEngine
        >>> async def play(engine, task_id):
        ...     async with await engine.start(task_id) as episode:
        ...         turn = await episode.call("FINAL ANSWER: 42")
        ...         return turn.over, turn.reward
        >>> async def main():
        ...     with AsyncEngine(max_episodes=8) as engine:
        ...         return await asyncio.gather(*(play(engine, task) for task in range(100)))
        >>> len(asyncio.run(main()))
        100
    """

    def __init__(
        self, corpus: Corpus | None = None, max_episodes: int = 1024, **options: Any
    ) -> None:
        """See the class."""
        for name in REFUSED:
            if name in options:
                raise TypeError(f"AsyncEngine takes no {name}: every episode is started by itself")
        self.max_episodes = arguments.integer("max_episodes", max_episodes, least=1)
        self.env = VectorEnv(corpus, self.max_episodes, **options)
        # Slots have orders of their own, and are used again by whoever comes: one slot keeps the
        # order of all episodes.
        order = {name: options[name] for name in ("split", "seed", "shuffle") if name in options}
        self._order = VectorEnv(self.env.corpus, 1, num_threads=1, keep_messages=False, **order)
        self.corpus = self.env.corpus
        self.system_prompt = self.env.system_prompt
        self.tools = self.env.tools
        self.num_leaked = 0
        """Episodes that nobody closed."""
        # Reentrant: the end of a forgotten episode may come at any moment, also inside of it.
        self._lock = threading.RLock()
        self._free = list(range(self.max_episodes - 1, -1, -1))
        self._queue: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[int]]] = deque()
        self._ticks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Tick]
        self._ticks = weakref.WeakKeyDictionary()
        # Nearly always there is one loop; a tuple, since other threads may replace it meanwhile.
        self._last_tick: tuple[weakref.ref[asyncio.AbstractEventLoop] | None, Tick]
        self._last_tick = (None, Tick())
        self._calls: list[Call | None] = [None] * self.max_episodes
        self._sent = threading.Event()
        self._receiving = False
        self._closed = False
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="finqa-start")

    async def start(self, task: str | int | None = None) -> AsyncEpisode:
        """A new episode; waits while ``max_episodes`` live.

        Args:
            task: Id or position of the task; None takes the next one in the order of the seed.

        Raises:
            NotFoundError: There is no such task.
            ClosedEnvError: The engine is closed.
        """
        index = None if task is None else self.env._task_index(0, task)
        slot = await self._take_slot()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[AsyncEpisode] = loop.create_future()
        self._tick(loop).starts.append((slot, index, future))
        # Not to be cancelled: the slot would be lost with the episode.
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(_close_started)
            raise

    async def call(
        self,
        episode: AsyncEpisode,
        action: Action,
        *,
        finish_reason: str | None = None,
        num_tokens: int | tuple[int | None, int | None] | None = None,
    ) -> Turn:
        """Sends one message of the policy and waits for what it brings.

        A call that is cancelled (or timed out) before the tick ends was never made. Later, its turn
        still happens, and is found in ``episode.last_turn``; the next call waits for it.

        Args:
            episode: Of this engine.
            action: Raw assistant text, or a message with OpenAI ``tool_calls``.
            finish_reason: Why generation ended; "length" marks a message cut by its token limit.
            num_tokens: Tokens of the message, or a pair: those of its prompt and its own.

        Raises:
            ResetNeededError: The episode is over.
            AlreadyPendingCallError: Another call of it is under way.
            ClosedEnvError: The engine is closed.
        """
        # Again and again: others may wait for the same abandoned call, and be first.
        while (under_way := episode._under_way) is not None:
            if not under_way.abandoned:
                raise AlreadyPendingCallError(
                    f"episode of task {episode.task_id!r} has a call under way; await it first"
                )
            # What it raised is nobody's any more; and who gives up here does not cancel it.
            await asyncio.wait([under_way.future])
        if episode.over:
            raise ResetNeededError(
                f"episode of task {episode.task_id!r} is over; start another with engine.start()"
            )
        episode._refuse_closed()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Turn] = loop.create_future()
        call = Call(episode, action, finish_reason, num_tokens, future)
        episode._under_way = call
        self._tick(loop).calls.append(call)
        try:
            return await future
        except asyncio.CancelledError:
            call.abandon()
            raise

    @property
    def num_live(self) -> int:
        """Episodes that are not closed."""
        return self.max_episodes - len(self._free)

    @property
    def num_waiting(self) -> int:
        """Starts that wait for a place."""
        return len(self._queue)

    def stats(self) -> dict[str, Any]:
        """Counters of the environment, and num_live, num_waiting, num_leaked."""
        own = {name: getattr(self, name) for name in ("num_live", "num_waiting", "num_leaked")}
        return self.env.stats() | own

    @classmethod
    def shared(
        cls, corpus: Corpus | None = None, max_episodes: int = 1024, **options: Any
    ) -> AsyncEngine:
        """The engine of this process for these arguments: made once, never closed.

        For frameworks that make an object of ours for each rollout: all of them play in it. A
        forked process gets one of its own.

        Example:
            >>> AsyncEngine.shared(max_episodes=4) is AsyncEngine.shared(max_episodes=4)
            True
        """
        content = None if corpus is None else corpus.content_hash
        told = json.dumps([content, max_episodes, options], sort_keys=True, default=repr)
        with _shared_lock:
            engine = _shared.get((os.getpid(), told))
            if engine is None or engine._closed:
                engine = _shared[os.getpid(), told] = cls(corpus, max_episodes, **options)
            return engine

    def close(self) -> None:
        """Ends threads and environment; calls that wait raise `ClosedEnvError`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            waiting = list(self._queue)
            self._queue.clear()
        self._starter.shutdown()
        error = ClosedEnvError("the engine was closed")
        for loop, place in waiting:
            tell(loop, fail, [(place, error)])
        self.env.close()
        self._order.close()
        self._fail_all(error)

    def __enter__(self) -> AsyncEngine:
        """Returns itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes."""
        self.close()

    # --- slots -----------------------------------------------------------------------------------

    async def _take_slot(self) -> int:
        with self._lock:
            if self._closed:
                raise ClosedEnvError("the engine is closed")
            if self._free:
                return self._free.pop()
            loop = asyncio.get_running_loop()
            place: asyncio.Future[int] = loop.create_future()
            self._queue.append((loop, place))
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._give_slot(place.result())
            raise

    def _give_slot(self, slot: int) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._free.append(slot)
                    return
                loop, place = self._queue.popleft()
            if tell(loop, self._hand_over, (place, slot)):
                return

    def _hand_over(self, handed: tuple[asyncio.Future[int], int]) -> None:
        place, slot = handed
        if place.done():
            self._give_slot(slot)
        else:
            place.set_result(slot)

    def _release(self, episode: AsyncEpisode) -> None:
        """Gives the slot of a closed episode back, once: at the end of a call that is under way."""
        call = episode._under_way
        with self._lock:
            if episode._given_back or (call is not None and call.sent):
                return
            episode._given_back = True
        self._give_slot(episode._slot)

    def _leaked(self, episode: AsyncEpisode) -> bool:
        if not self._closed:
            self.num_leaked += 1
            self._release(episode)
        return not self._closed

    # --- from loops to the engine ----------------------------------------------------------------

    def _tick(self, loop: asyncio.AbstractEventLoop) -> Tick:
        last, tick = self._last_tick
        if last is None or last() is not loop:
            if self._closed:
                raise ClosedEnvError("the engine is closed")
            tick = self._ticks.get(loop) or Tick()
            self._ticks[loop] = tick
            self._last_tick = (weakref.ref(loop), tick)
        if not tick.scheduled:
            tick.scheduled = True
            loop.call_soon(self._flush, loop, tick)
        return tick

    def _flush(self, loop: asyncio.AbstractEventLoop, tick: Tick) -> None:
        tick.scheduled = False
        starts, tick.starts = tick.starts, []
        calls, tick.calls = tick.calls, []
        if starts:
            try:
                self._starter.submit(self._start, loop, starts)
            except RuntimeError:
                fail([(future, ClosedEnvError("the engine was closed")) for *_, future in starts])
        live = []
        for call in calls:
            if call.episode._closed and not call.future.done():
                call.future.set_exception(
                    ValueError("the episode was closed before its call began")
                )
            if not call.future.done():
                live.append(call)
            elif call.episode._under_way is call:
                call.episode._under_way = None
        if live:
            self._send(live)

    def _send(self, calls: list[Call]) -> None:
        for call in calls:
            call.sent = True
            self._calls[call.episode._slot] = call
        finish_reasons = [call.finish_reason for call in calls]
        num_tokens = [call.num_tokens for call in calls]
        try:
            self.env._native.send(
                [call.action for call in calls],
                [call.episode._slot for call in calls],
                finish_reasons if any(finish_reasons) else None,
                num_tokens if any(n is not None for n in num_tokens) else None,
            )
        except Exception as error:
            self._send_one_by_one(calls, error)
        else:
            self._wake_receiver()

    def _send_one_by_one(self, calls: list[Call], error: Exception) -> None:
        """One of them is refused, such as an action that is no text: the others must not suffer."""
        if len(calls) > 1:
            for call in calls:
                self._send([call])
            return
        [call] = calls
        call.sent = False
        call.episode._under_way = self._calls[call.episode._slot] = None
        if not call.future.done():
            call.future.set_exception(error)

    def _start(
        self,
        loop: asyncio.AbstractEventLoop,
        starts: list[Start],
    ) -> None:
        """Resets slots; runs in the thread for that, since companies may have to be made."""
        begun: list[tuple[asyncio.Future[AsyncEpisode], AsyncEpisode]] = []
        failed: list[tuple[asyncio.Future[Any], BaseException]] = []
        try:
            # In the order of arrival, and once, also if the reset has to be tried again.
            starts = [(slot, self._next() if task is None else task, f) for slot, task, f in starts]
            begun = self._reset(starts)
        except Exception as error:
            if len(starts) > 1:
                for each in starts:
                    self._start(loop, [each])
            else:
                failed = [(starts[0][2], error)]
                self._give_slot(starts[0][0])
        if not tell(loop, deliver, begun):
            for _, episode in begun:
                episode.close()
        tell(loop, fail, failed)

    def _reset(
        self, starts: list[Start]
    ) -> list[tuple[asyncio.Future[AsyncEpisode], AsyncEpisode]]:
        starts = sorted(starts, key=lambda each: each[0])  # the order in which rows come back
        mask = np.zeros(self.max_episodes, dtype=bool)
        mask[[slot for slot, _, _ in starts]] = True
        drawn = [task for _, task, _ in starts if task is not None]  # all of them are, by now
        prompts, infos = self.env.reset(task_ids=drawn, reset_mask=mask)
        tasks = infos["task_index"].tolist()
        return [
            (future, AsyncEpisode(self, slot, task, prompt))
            for (slot, _, future), task, prompt in zip(starts, tasks, prompts, strict=True)
        ]

    def _next(self) -> int:
        """The next task in the order of the seed."""
        return int(self._order.reset()[1]["task_index"][0])

    # --- and back --------------------------------------------------------------------------------

    def _wake_receiver(self) -> None:
        with self._lock:
            self._sent.set()
            if self._receiving:
                return
            self._receiving = True
        threading.Thread(target=self._receive, name="finqa-receive", daemon=True).start()

    def _receive(self) -> None:
        while True:
            if not self._sent.wait(IDLE_S):
                with self._lock:
                    if not self._sent.is_set():
                        self._receiving = False
                        return
            self._sent.clear()
            try:
                while self.env.num_pending:
                    self._take()
            except BaseException as error:
                self._receiving = False
                self._fail_all(error)
                if isinstance(error, ClosedEnvError):
                    return
                raise

    def _take(self) -> None:
        batch, failure = self.env._recv_any()
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
        over = (batch.terminated | batch.truncated).tolist()
        for row, slot in enumerate(batch.env_ids.tolist()):
            call = self._calls[slot]
            assert call is not None, "a row of a slot that nobody called"
            self._calls[slot] = None
            episode = call.episode
            turn = episode.last_turn = Turn(batch, row)
            episode.over = over[row]
            # In this order: see `Call.abandon` and `_release`, which other threads run.
            episode._under_way = None
            future = call.future
            if episode._closed:
                self._release(episode)
            by_loop.setdefault(future.get_loop(), []).append((future, turn))
        for loop, results in by_loop.items():
            if failure is None:
                tell(loop, deliver, results)
            else:
                tell(loop, fail, [(future, failure) for future, _ in results])

    def _fail_all(self, error: BaseException) -> None:
        for call in self._calls:
            if call is not None:
                tell(call.future.get_loop(), fail, [(call.future, error)])


_shared: dict[tuple[int, str], AsyncEngine] = {}
_shared_lock = threading.Lock()


def _close_started(future: asyncio.Future[AsyncEpisode]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().close()
