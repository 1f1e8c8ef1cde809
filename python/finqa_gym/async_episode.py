"""An episode of an `AsyncEngine`, and what its turns bring."""

from __future__ import annotations

import warnings
from collections.abc import Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any

from finqa_gym.step_batch import StepBatch

if TYPE_CHECKING:
    from finqa_gym.async_engine import AsyncEngine
    from finqa_gym.vector import Action

__all__ = ["AsyncEpisode", "Turn"]


class Turn:
    """What one message of the policy brought: a row of a `StepBatch`.

    Cheap to make; its values are looked up when read.
    """

    __slots__ = ("_batch", "_row")

    def __init__(self, batch: StepBatch, row: int) -> None:
        """Row ``row`` of ``batch``."""
        self._batch = batch
        self._row = row

    @property
    def observation(self) -> str:
        """Tool results, joined by a line feed; only what is new."""
        return self._batch.observations[self._row]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The observation as chat messages: one ``tool`` message a call, with its id."""
        turns, index = self._batch._turns[self._row]
        return turns.messages(index)

    @property
    def reward(self) -> float:
        """0 until the episode ends."""
        return float(self._batch.rewards[self._row])

    @property
    def terminated(self) -> bool:
        """An answer was submitted."""
        return bool(self._batch.terminated[self._row])

    @property
    def truncated(self) -> bool:
        """The episode ended otherwise."""
        return bool(self._batch.truncated[self._row])

    @property
    def over(self) -> bool:
        """The episode ended in this turn."""
        return self.terminated or self.truncated

    @property
    def info(self) -> dict[str, Any]:
        """The row of ``StepBatch.infos``: numbers, and arrays for columns of several values."""
        return {name: column[self._row] for name, column in self._batch.infos.items()}

    def __repr__(self) -> str:
        """Observation, reward and how the episode stands."""
        state = "terminated" if self.terminated else "truncated" if self.truncated else "running"
        return f"Turn({self.observation!r}, reward={self.reward:g}, {state})"


class AsyncEpisode:
    """One episode, played by a coroutine. Made by ``await engine.start()``.

    Close it, or use ``async with``: its slot is free for another then. One that is forgotten frees
    its slot too, is counted in ``engine.num_leaked``, and warns.

    Attributes:
        prompt: The task as text; a chat opens with ``engine.system_prompt`` and this.
        task_index: Position of the task in the corpus.
        last_turn: What the last call brought, also one that was cancelled; None before the first.
        over: Terminated or truncated.
    """

    def __init__(self, engine: AsyncEngine, slot: int, task_index: int, prompt: str) -> None:
        """Use `AsyncEngine.start`."""
        self.engine = engine
        self.prompt = prompt
        self.task_index = task_index
        self.last_turn: Turn | None = None
        self.over = False
        self._slot = slot
        self._under_way: Any = None
        self._closed = self._given_back = False

    @property
    def task_id(self) -> str:
        """Id of the task in the corpus."""
        task_id: str = self.engine.corpus.task(self.task_index)["id"]
        return task_id

    @property
    def env_id(self) -> int:
        """Its slot."""
        return self._slot

    @property
    def closed(self) -> bool:
        """Its slot was given back."""
        return self._closed

    def call(
        self,
        action: Action,
        *,
        finish_reason: str | None = None,
        num_tokens: int | tuple[int | None, int | None] | None = None,
    ) -> Coroutine[Any, Any, Turn]:
        """Sends one message of the policy; see `AsyncEngine.call`."""
        return self.engine.call(self, action, finish_reason=finish_reason, num_tokens=num_tokens)

    def messages(self) -> list[dict[str, Any]]:
        """The chat so far: system, user, then assistant and tool messages."""
        self._refuse_closed()
        return self.engine.env.messages(self._slot)

    def result(self) -> dict[str, Any]:
        """What happened and what it came to; see `finqa_gym.VectorEnv.episode`."""
        self._refuse_closed()
        result = self.engine.env.episode(self._slot)
        assert result is not None, "its slot was reset before it was made"
        return result

    def truncate(self) -> Turn:
        """Ends a running episode, such as one whose tokens are used up; reason "token_limit".

        Raises:
            ResetNeededError: It is over.
            AlreadyPendingCallError: A call is under way.
        """
        self._refuse_closed()
        turn = Turn(self.engine.env.truncate([self._slot]), 0)
        self.last_turn, self.over = turn, True
        return turn

    def close(self) -> None:
        """Gives the slot back; may be called twice, and while a call is under way."""
        if not self._closed:
            self._closed = True
            self.engine._release(self)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise ValueError(
                f"episode of task {self.task_id!r} is closed: its slot plays another; read what "
                "you need before close()"
            )

    async def __aenter__(self) -> AsyncEpisode:
        """Returns itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes."""
        self.close()

    def __del__(self) -> None:
        """Gives a forgotten slot back."""
        if not getattr(self, "_closed", True):
            self._closed = True
            if self.engine._leaked(self):
                warnings.warn(
                    f"episode of task {self.task_id!r} was never closed; use `async with`",
                    ResourceWarning,
                    stacklevel=2,
                )
