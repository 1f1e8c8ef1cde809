"""A session of OpenEnv: an episode after the other, all in one engine."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.mcp_types import (
    CallToolAction,
    ListToolsAction,
    ListToolsObservation,
    Tool,
)
from openenv.core.env_server.types import EnvironmentMetadata, Observation

import finqa_gym
from finqa_gym.async_episode import AsyncEpisode
from finqa_gym.integrations.limited_app import socket_of_call
from finqa_gym.integrations.openenv.messages import (
    FinqaState,
    final_observation,
    refusal,
    task_observation,
    tool_observation,
)
from finqa_gym.integrations.openenv.tasks import TaskSource

__all__ = ["FinqaEnvironment"]

MAX_EPISODE_ID = 255
"""As OpenEnv allows over HTTP; over a WebSocket nobody else looks."""


class FinqaEnvironment(Environment):
    """One session. Cheap to make: the engine behind it is everybody's.

    Args:
        source: Engine and tasks.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True
    # Nothing here is bound to a thread. Said all the same, because OpenEnv otherwise starts a
    # thread of its own for every session, to make and to close it.
    REQUIRES_SINGLE_THREAD_EXECUTOR = True

    def __init__(self, source: TaskSource) -> None:
        """See the class."""
        super().__init__()
        self.source = source
        self._episode: AsyncEpisode | None = None
        self._state = FinqaState(max_turns=source.engine.env.max_turns)
        self._socket: Any = None
        self._closed = False
        # A session may be called over its socket and over HTTP at the same time.
        self._turn = asyncio.Lock()

    async def reset_async(
        self,
        seed: int | None = None,
        episode_id: str | None = None,
        task_id: str | int | None = None,
        **_: Any,
    ) -> Observation:
        """Starts an episode, giving up the one that ran.

        Args:
            seed: The same seed brings the same task.
            episode_id: A name of the caller's, at most 255 characters; made up if not given.
            task_id: Id or position of a task; goes before ``seed``.

        Raises:
            NotFoundError: There is no such task.
            ValueError: A seed or episode_id that cannot be one.
        """
        named: object = episode_id
        if named is not None and not (isinstance(named, str) and len(named) <= MAX_EPISODE_ID):
            raise ValueError(f"episode_id must be a text of at most {MAX_EPISODE_ID} characters")
        async with self._turn:
            self._touch()
            self._refuse_closed()
            self._give_up()
            episode = await self.source.start(seed, task_id)
            if self._closed:  # meanwhile, from another thread
                episode.close()
                self._refuse_closed()
            self._episode = episode
            task = self.source.corpus.task(episode.task_id)
            names = [tool["function"]["name"] for tool in episode.engine.tools]
            told = task_observation(episode, task, names)
            self._state = FinqaState(
                episode_id=uuid.uuid4().hex if episode_id is None else episode_id,
                step_count=0,
                task_id=told.task_id,
                split=told.split,
                question=told.question,
                company=told.company,
                max_turns=told.max_turns,
            )
            return told

    async def step_async(
        self,
        action: Any,
        timeout_s: float | None = None,  # noqa: ARG002
        **_: Any,
    ) -> Observation:
        """Calls a tool, or lists them.

        Args:
            action: `CallToolAction` or `ListToolsAction`.
            timeout_s: Not needed: the engine bounds every call by its own limits.
        """
        async with self._turn:
            self._touch()
            self._refuse_closed()
            self._state.step_count += 1  # as OpenEnv counts: every step, whatever it was
            if isinstance(action, ListToolsAction):
                return ListToolsObservation(tools=self._tools(), reward=0.0)
            return await self._call(action)

    async def _call(self, action: CallToolAction) -> Observation:
        # A name with half of a surrogate pair could not be sent back.
        name = action.tool_name.encode("utf-8", "replace").decode()
        episode = self._episode
        if episode is None:
            return refusal(name, "no episode runs; call reset first", done=False)
        if episode.over:
            return refusal(name, "the episode is over; call reset for another", done=True)
        # As text, so that what is no JSON (NaN, depth without end) is found by the engine's parser,
        # which answers with what was wrong.
        function = {"name": name, "arguments": json.dumps(action.arguments)}
        message = {"role": "assistant", "content": None, "tool_calls": [{"function": function}]}
        turn = await episode.call(message)
        self._state.done = turn.over
        if not turn.over:
            code = int(turn.info["error_code"])
            error = self.source.engine.env.error_codes[code] if code >= 0 else None
            return tool_observation(name, turn, error)
        task = self.source.corpus.task(episode.task_id) if self.source.reveal_truth else {}
        return final_observation(name, turn, episode, task.get("truth"))

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, **kw: Any
    ) -> Observation:
        """`reset_async` for callers without an event loop."""
        return asyncio.run(self.reset_async(seed, episode_id, **kw))

    def step(self, action: Any, timeout_s: float | None = None, **kw: Any) -> Observation:
        """`step_async` for callers without an event loop."""
        return asyncio.run(self.step_async(action, timeout_s, **kw))

    @property
    def state(self) -> FinqaState:
        """Which task is played, and how far."""
        return self._state

    def get_metadata(self) -> EnvironmentMetadata:
        """Name, description and version."""
        return EnvironmentMetadata(
            name="finqa",
            description="Questions about the tables of companies' annual reports, answered by "
            "calling tools: list the tables, read one's columns, query it in SQL, submit.",
            version=finqa_gym.__version__,
            author="The finqa-gym authors",
            documentation_url="https://github.com/finqa-gym/finqa-gym",
        )

    def close(self) -> None:
        """Gives the place in the engine back; may be called twice."""
        self._closed = True
        self._give_up()

    # --- OpenEnv's task API: see TaskSource -------------------------------------------------------

    def list_splits(self) -> list[dict[str, str]]:
        """Name and type of every split."""
        return self.source.list_splits()

    def num_tasks(self, split: str) -> int:
        """Tasks of a split."""
        return self.source.num_tasks(split)

    async def list_tasks(self, split: str) -> list[dict[str, Any]]:
        """The first tasks of a split, without answers."""
        return await self.source.list_tasks(split)

    async def get_task(self, split: str, index: int) -> dict[str, Any]:
        """One task, without its answer."""
        return await self.source.get_task(split, index)

    async def get_task_range(
        self, split: str, start: int | None = None, stop: int | None = None
    ) -> list[dict[str, Any]]:
        """Some tasks, without answers."""
        return await self.source.get_task_range(split, start, stop)

    # ---------------------------------------------------------------------------------------------

    def _tools(self) -> list[Tool]:
        functions = [tool["function"] for tool in self.source.engine.tools]
        return [
            Tool(name=f["name"], description=f["description"], input_schema=f["parameters"])
            for f in functions
        ]

    def _give_up(self) -> None:
        episode, self._episode = self._episode, None
        if episode is not None:
            episode.close()

    def _touch(self) -> None:
        """A reset or a call is activity; asking for the state is none.

        Calls over HTTP keep the socket of their session alive, too.
        """
        self._socket = socket_of_call.get() or self._socket
        if self._socket is not None:
            self._socket.touch()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise RuntimeError("the session was closed, as idle ones are; connect again")
