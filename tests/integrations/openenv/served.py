"""A real server of this process in a thread, and clients that say what OpenEnv's would not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from finqa_gym.data import Corpus
from finqa_gym.integrations.limits import Limits
from finqa_gym.integrations.openenv import create_app
from finqa_gym.integrations.serving import guarded_server, listen

__all__ = ["FREE", "Served", "ask", "call", "eventually", "served"]

FREE = Limits(max_sessions=128, messages_per_s=0)


@dataclass
class Served:
    """Where a server listens, and what it holds."""

    url: str
    port: int
    app: Any

    @property
    def ws(self) -> str:
        return self.url.replace("http", "ws") + "/ws"

    @property
    def engine(self) -> Any:
        return self.app.state.source.engine

    @property
    def num_sessions(self) -> int:
        return int(self.app.state.sessions.active_sessions)


@contextlib.contextmanager
def served(corpus: Corpus, limits: Limits = FREE, **options: Any) -> Iterator[Served]:
    """Serves a corpus while the block runs."""
    app = create_app(corpus, limits=limits, **options)
    server = guarded_server(app, limits)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        port = listener.getsockname()[1]
        try:
            eventually(lambda: server.started)
            yield Served(f"http://127.0.0.1:{port}", port, app)
        finally:
            server.should_exit = True
            thread.join(20)
            app.state.source.engine.close()
    assert not thread.is_alive(), "the server did not end"


def eventually(holds: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Waits for something that another thread brings about."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.01)


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """An action of OpenEnv."""
    return {"type": "call_tool", "tool_name": tool, "arguments": arguments}


async def ask(ws: Any, kind: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """One message over a bare WebSocket, and its answer."""
    await ws.send(json.dumps({"type": kind} | ({} if data is None else {"data": data})))
    answer: dict[str, Any] = json.loads(await asyncio.wait_for(ws.recv(), 20))
    return answer
