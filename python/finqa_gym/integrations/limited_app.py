"""An ASGI application behind `Limits`: sockets, requests, sizes, times and rates.

A client that opens a connection and says nothing never gets this far:
`finqa_gym.integrations.serving` looks after it.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from finqa_gym.integrations.limits import Limits

__all__ = ["ASGIApp", "LimitedApp", "Receive", "Scope", "Send", "client_of_call", "socket_of_call"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

BURST_S = 2.0
"""A socket that was quiet may send so many seconds of its rate at once."""
RESPONSE_S = 60.0
"""Time to answer a request and for the client to take the answer. Every tool call is bounded by the
engine, so that what takes longer is a client that does not read."""
UNKNOWN_CLIENT = "unknown"


class Socket:
    """One WebSocket of a client, ended by a timer once nothing has happened on it for too long."""

    def __init__(self, task: asyncio.Task[Any], idle_timeout_s: float) -> None:
        """The timer runs from now."""
        self.expired = False
        self._task = task
        self._idle_timeout_s = idle_timeout_s
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._timer = self._loop.call_later(idle_timeout_s, self._look)

    def touch(self) -> None:
        """Something happened."""
        self._last = self._loop.time()

    def stop(self) -> None:
        """The socket is closed."""
        self._timer.cancel()

    def _look(self) -> None:
        left = self._last + self._idle_timeout_s - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
            return
        self.expired = True
        # The task may wait for the client's next message, for room to send, or for a place in the
        # engine: all of them end by this.
        self._task.cancel()


socket_of_call: contextvars.ContextVar[Socket | None] = contextvars.ContextVar(
    "finqa_socket_of_call", default=None
)
"""The socket whose message is being handled, for those who know what counts as activity."""
client_of_call: contextvars.ContextVar[str] = contextvars.ContextVar(
    "finqa_client_of_call", default=UNKNOWN_CLIENT
)
"""Address of the client whose message is being handled."""


class LimitedApp:
    """An ASGI application behind `Limits`.

    Args:
        app: The application.
        limits: The limits.

    What counts as activity on a socket the application knows: it calls
    ``socket_of_call.get().touch()``.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        """See the class."""
        self.app = app
        self.limits = limits
        self.num_sockets = 0
        self.num_requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a connection."""
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        client_of_call.set((scope.get("client") or (UNKNOWN_CLIENT,))[0])
        await (self._socket if kind == "websocket" else self._request)(scope, receive, send)

    # --- WebSockets ------------------------------------------------------------------------------

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.num_sockets >= self.limits.max_sockets:
            await send({"type": "websocket.close", "code": 1013, "reason": "too many sockets"})
            return
        task = asyncio.current_task()
        assert task is not None, "ASGI servers call applications from tasks"
        socket = Socket(task, self.limits.idle_timeout_s)
        socket_of_call.set(socket)
        allowance = _Allowance(self.limits.messages_per_s)
        closed = False

        async def limited_receive() -> Message:
            nonlocal closed
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            text = message.get("text")
            length = len(message.get("bytes") or b"") if text is None else len(text.encode())
            if length > self.limits.max_message_bytes:
                reason = f"messages have at most {self.limits.max_message_bytes} bytes"
                closed = True
                await send({"type": "websocket.close", "code": 1009, "reason": reason})
                return {"type": "websocket.disconnect", "code": 1009}
            if text is None:
                closed = True
                await send({"type": "websocket.close", "code": 1003, "reason": "text is needed"})
                return {"type": "websocket.disconnect", "code": 1003}
            await allowance.wait()
            return message

        async def limited_send(message: Message) -> None:
            nonlocal closed
            if closed:
                return  # the application talks to a client that is gone
            if message["type"] == "websocket.close":
                closed = True
                if socket.expired:
                    told = f"no call for {self.limits.idle_timeout_s:g} s"
                    message = {"type": "websocket.close", "code": 1001, "reason": told}
            # The client may be gone. The application finds out when it receives; told here it would
            # try to send that as an error, and fill the log with what that leads to.
            try:
                await send(message)
            except OSError:
                closed = True

        self.num_sockets += 1
        try:
            await self.app(scope, limited_receive, limited_send)
        except asyncio.CancelledError:
            if not socket.expired:
                raise
            _uncancel(task)
        finally:
            self.num_sockets -= 1
            socket.stop()

    # --- plain HTTP ------------------------------------------------------------------------------

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.num_requests >= self.limits.max_requests:
            await _refuse(send, 503, f"{self.num_requests} requests are being handled; try again")
            return
        body = _Body(self.limits, receive)
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            if body.refused is None:  # else the application tells of it in its own way
                started = True
                await send(message)

        self.num_requests += 1
        try:
            body.check_length(scope)
            await self.app(scope, body.receive, watched_send)
        except _RefusedError:
            pass
        except asyncio.CancelledError:
            if body.refused is None:
                raise
            body.uncancel()
        finally:
            self.num_requests -= 1
            body.stop()
        if body.refused is not None and not started:
            await _refuse(send, body.refused.status, str(body.refused))


class _RefusedError(Exception):
    """Ends the application's reading of a request body."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Body:
    """A request body that must come in time and not be too long, and the time for its answer."""

    def __init__(self, limits: Limits, receive: Receive) -> None:
        self.refused: _RefusedError | None = None
        self._limits = limits
        self._receive = receive
        self._size = 0
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        told = f"the request was not sent within {limits.request_timeout_s:g} s"
        self._timer = self._loop.call_later(limits.request_timeout_s, self._end, 408, told)

    def check_length(self, scope: Scope) -> None:
        """Refuses what says beforehand that it is too long."""
        told = dict(scope["headers"]).get(b"content-length", b"0")
        self._take(int(told) if told.isdigit() else 0)
        self._size = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._take(len(message.get("body", b"")))
        if not message.get("more_body", False):
            self._timer.cancel()
            told = f"not answered within {RESPONSE_S:g} s"
            self._timer = self._loop.call_later(RESPONSE_S, self._end, 504, told)
        return message

    def _take(self, num_bytes: int) -> None:
        self._size += num_bytes
        if self._size > self._limits.max_message_bytes:
            told = f"a request body has at most {self._limits.max_message_bytes} bytes"
            self.refused = _RefusedError(413, told)
            raise self.refused

    def stop(self) -> None:
        self._timer.cancel()

    def uncancel(self) -> None:
        assert self._task is not None
        _uncancel(self._task)

    def _end(self, status: int, text: str) -> None:
        self.refused = _RefusedError(status, text)
        assert self._task is not None
        self._task.cancel()


class _Allowance:
    """Messages that a socket may still send; grows with time."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._left = self._most = per_s * BURST_S
        self._time = asyncio.get_running_loop().time()

    async def wait(self) -> None:
        """Takes one message, waiting until there is one to take."""
        if not self._per_s:
            return
        now = asyncio.get_running_loop().time()
        self._left = min(self._most, self._left + (now - self._time) * self._per_s) - 1
        self._time = now
        if self._left < 0:
            await asyncio.sleep(-self._left / self._per_s)


def _uncancel(task: asyncio.Task[Any]) -> None:
    """A cancellation of ours was caught; Python 3.10 does not count them."""
    if hasattr(task, "uncancel"):
        task.uncancel()


async def _refuse(send: Send, status: int, text: str) -> None:
    body = json.dumps({"detail": text}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
