"""What is on its way between event loops and an `AsyncEngine`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from finqa_gym.async_episode import AsyncEpisode, Turn
from finqa_gym.vector import Action

__all__ = ["Call", "Start", "Tick", "deliver", "fail", "tell"]

Start = tuple[int, "int | None", "asyncio.Future[AsyncEpisode]"]
"""Slot, task (None: the next one), and who waits for the episode."""


class Tick:
    """What the coroutines of one loop want, until its tick is over."""

    __slots__ = ("calls", "scheduled", "starts")

    def __init__(self) -> None:
        self.scheduled = False
        self.starts: list[Start] = []
        self.calls: list[Call] = []


class Call:
    """A message on its way."""

    __slots__ = ("abandoned", "action", "episode", "finish_reason", "future", "num_tokens", "sent")

    def __init__(
        self,
        episode: AsyncEpisode,
        action: Action,
        finish_reason: str | None,
        num_tokens: int | tuple[int | None, int | None] | None,
        future: asyncio.Future[Turn],
    ) -> None:
        self.episode = episode
        self.action = action
        self.finish_reason = finish_reason
        self.num_tokens = num_tokens
        self.future = future
        self.sent = False
        self.abandoned = False

    def abandon(self) -> None:
        """Whoever waited was cancelled: what is under way arrives for the next call to wait for."""
        if not self.sent:
            if self.episode._under_way is self:
                self.episode._under_way = None
            return
        # The receiver reads the future after it has taken the call off the episode, so that who
        # still finds the call there can rely on this one.
        self.future = self.future.get_loop().create_future()
        self.future.add_done_callback(_look_at)
        self.abandoned = True


def tell(loop: asyncio.AbstractEventLoop, what: Callable[[Any], None], about: Any) -> bool:
    """Calls ``what(about)`` in the thread of a loop; False if the loop is closed."""
    try:
        loop.call_soon_threadsafe(what, about)
    except RuntimeError:
        return False
    return True


def deliver(results: list[tuple[asyncio.Future[Any], Any]]) -> None:
    """Results to those who still wait; runs in the thread of their loop."""
    for future, result in results:
        if not future.done():
            future.set_result(result)


def fail(failed: list[tuple[asyncio.Future[Any], BaseException]]) -> None:
    """Errors to those who still wait; runs in the thread of their loop."""
    for future, error in failed:
        if not future.done():
            future.set_exception(error)


def _look_at(future: asyncio.Future[Any]) -> None:
    """So that nobody is told of an error that nobody waited for."""
    if not future.cancelled():
        future.exception()
