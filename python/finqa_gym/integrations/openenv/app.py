"""The application: OpenEnv's routes on one engine, its limits, and a page for people."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from openenv.core.env_server.exceptions import SessionCapacityError
from openenv.core.env_server.http_server import HTTPEnvServer
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.mcp_types import CallToolAction
from openenv.core.env_server.types import ConcurrencyConfig, ServerMode

import finqa_gym
from finqa_gym.async_engine import AsyncEngine
from finqa_gym.data import Corpus, open_corpus
from finqa_gym.integrations.limited_app import LimitedApp, client_of_call
from finqa_gym.integrations.limits import Limits
from finqa_gym.integrations.openenv.environment import FinqaEnvironment
from finqa_gym.integrations.openenv.messages import FinqaState, StepObservation, TaskObservation
from finqa_gym.integrations.openenv.tasks import TaskSource

__all__ = ["Sessions", "create_app"]

ENV_NAME = "finqa"
PAGE = Path(__file__).with_name("page.html")
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def create_app(
    corpus: Corpus | str | None = None,
    *,
    split: str | None = None,
    limits: Limits | None = None,
    seed: int = 0,
    reveal_truth: bool = False,
    mode: str = "simulation",
    **options: Any,
) -> FastAPI:
    """An application that plays episodes of a corpus with OpenEnv's clients.

    Args:
        corpus: A corpus, or what `open_corpus` opens; None is the synthetic one.
        split: Split of the tasks that ``reset`` draws; None as for `VectorEnv`.
        limits: Sessions, sizes, times.
        seed: Seed of the order in which sessions get tasks.
        reveal_truth: Tell the right answer with the last observation of an episode. Whoever may
            play a task twice can then copy it, so leave it off where scores count.
        mode: OpenEnv's: "production" leaves out ``/reset``, ``/step`` and ``/state`` over HTTP.
        **options: Options of `VectorEnv`; tool_profile is "openenv" if not given.

    Returns:
        The application. ``app.state.source`` has engine and tasks, and ``app.state.sessions`` is
        OpenEnv's server, whose ``get_capacity_status()`` says how many sessions there are.

    Example:
        >>> app = create_app("synthetic:0:tiny", split="train", limits=Limits(max_sessions=4))
        >>> app.state.sessions.max_concurrent_envs
        4
        >>> app.state.source.engine.close()
    """
    limits = Limits() if limits is None else limits
    opened = open_corpus(corpus) if isinstance(corpus, str) else corpus
    # HTTP requests that make an environment of their own must not wait for a session to end.
    engine = AsyncEngine(
        opened,
        limits.max_sessions + limits.max_requests,
        **{
            "split": split,
            "seed": seed,
            "tool_profile": "openenv",
            "keep_messages": False,
            **options,
        },
    )
    source = TaskSource(engine, split, reveal_truth=reveal_truth)
    sessions = Sessions(
        functools.partial(FinqaEnvironment, source),
        CallToolAction,  # exactly this class: a subclass of it cannot list tools
        StepObservation,
        concurrency_config=ConcurrencyConfig(
            max_concurrent_envs=limits.max_sessions, session_timeout=limits.idle_timeout_s
        ),
        env_name=ENV_NAME,
        state_cls=FinqaState,
        reset_observation_cls=TaskObservation,
        max_sessions_per_client=limits.max_sessions_per_client,
    )
    app = FastAPI(title="finqa-gym", version="1.0.0", description="OpenEnv's protocol, version 1.")
    app.state.source, app.state.sessions = source, sessions
    sessions.register_routes(app, mode=ServerMode(mode))
    for path in ("/", "/web"):
        app.add_api_route(path, _page, include_in_schema=False, response_class=HTMLResponse)
    app.add_middleware(LimitedApp, limits=limits)
    return app


class Sessions(HTTPEnvServer):
    """OpenEnv's sessions, of which one client gets a part only.

    OpenEnv caps all sessions together. Where a session is made is the one place that sockets and
    HTTP share, and it is private: requirements/openenv.txt has the version that this was read in.

    Args:
        max_sessions_per_client: Of one address; None is no limit.
    """

    def __init__(self, *args: Any, max_sessions_per_client: int | None, **kw: Any) -> None:
        """See the class."""
        super().__init__(*args, **kw)
        self.max_sessions_per_client = max_sessions_per_client
        self._owners: dict[str, str] = {}
        self._opening: Counter[str] = Counter()

    async def _create_session(self) -> tuple[str, Environment]:
        client, most = client_of_call.get(), self.max_sessions_per_client
        if most is None:
            created: tuple[str, Environment] = await super()._create_session()
            return created
        for gone in self._owners.keys() - self._sessions.keys():
            del self._owners[gone]
        held = sum(owner == client for owner in self._owners.values()) + self._opening[client]
        if held >= most:
            told = f"Server at capacity: this client has {held}/{most} sessions."
            raise SessionCapacityError(held, most, told)
        self._opening[client] += 1
        try:
            created = await super()._create_session()
        finally:
            self._opening[client] -= 1
            self._opening += Counter()  # drops the zeros: addresses must not pile up
        self._owners[created[0]] = client
        return created


async def _page() -> HTMLResponse:
    return HTMLResponse(_page_text(), headers=PAGE_HEADERS)


@functools.cache
def _page_text() -> str:
    return PAGE.read_text("utf-8").replace("{version}", finqa_gym.__version__)
