"""Serving an application with uvicorn, also to clients that mean no good."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from finqa_gym.integrations.limits import Limits

__all__ = ["guarded_protocol", "guarded_server", "listen", "serve"]

SHUTDOWN_S = 5
"""Time for open sockets to say goodbye."""
MAX_HEADER_BYTES = 16 * 1024


def serve(
    app: Any,
    limits: Limits,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    trusted_proxies: str = "127.0.0.1",
    log_level: str = "warning",
    listening: Callable[[str], object] | None = None,
) -> None:
    """Serves an application until it is interrupted.

    Args:
        app: An ASGI application, behind `LimitedApp` already.
        limits: The limits it was made with; connections are bounded by them, too.
        host: Address to listen at; "0.0.0.0" for every network.
        port: Port; 0 takes a free one.
        trusted_proxies: Addresses whose ``X-Forwarded-For`` is believed; "*" for all.
        log_level: Of uvicorn.
        listening: Called with the URL once clients may connect.

    Raises:
        OSError: The address cannot be listened at.
    """
    server = guarded_server(app, limits, trusted_proxies=trusted_proxies, log_level=log_level)
    with listen(host, port) as listener:
        if listening is not None:
            shown = f"[{host}]" if ":" in host else host
            listening(f"http://{shown}:{listener.getsockname()[1]}")
        server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Its protocol is named, since asyncio sends small answers at once only on sockets that are TCP by
    name: without it every plain request would wait 40 ms for the client's acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def guarded_server(
    app: Any, limits: Limits, *, trusted_proxies: str = "127.0.0.1", log_level: str = "warning"
) -> uvicorn.Server:
    """A server that does not run yet, for programs that stop it themselves."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=guarded_protocol(limits),
            ws_max_size=limits.max_message_bytes,
            # Compression costs a fifth of the time and 200 KiB a session, and unpacks bombs.
            ws_per_message_deflate=False,
            ws_ping_interval=20.0,
            ws_ping_timeout=20.0,  # a client whose machine is gone holds its session no longer
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=SHUTDOWN_S,
            proxy_headers=True,
            forwarded_allow_ips=trusted_proxies,
            log_level=log_level,
            access_log=False,
        )
    )


def guarded_protocol(limits: Limits) -> type[asyncio.Protocol]:
    """HTTP of uvicorn, without room for connections that ask for nothing.

    A connection beyond ``limits.max_connections`` is dropped, and so is one whose request has not
    arrived as a whole within ``limits.request_timeout_s``: uvicorn by itself would wait for ever.
    """

    class GuardedProtocol(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._seen: Any = None
            self._guard: asyncio.TimerHandle | None = None
            if len(self.connections) > limits.max_connections:
                transport.abort()
            else:
                self._guard = self.loop.call_later(limits.request_timeout_s, self._look)

        def connection_lost(self, exc: Exception | None) -> None:
            if self._guard is not None:
                self._guard.cancel()
            super().connection_lost(exc)

        def _look(self) -> None:
            if self.transport.get_protocol() is not self:
                return  # it has become a WebSocket, which has a timer of its own
            waits = self.cycle is None or self.cycle.response_complete
            if waits and self.cycle is self._seen:
                self.transport.abort()
                return
            # The first look may come when a request has just been answered; the second may not
            # find the connection as the first one did.
            self._seen = self.cycle if waits else object()
            self._guard = self.loop.call_later(limits.request_timeout_s, self._look)

    return GuardedProtocol
