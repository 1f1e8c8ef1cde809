"""HTTP requests that are over by a deadline, whatever the server does."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
import urllib.request
from typing import Any

__all__ = ["Deadline", "DeadlineRequest", "http_opener"]


class Deadline:
    """Cuts a connection off when the time is up.

    The timeout of a socket is for one read: a server that sends a byte now and then would never
    run into it. Resolving the server's name is up to the system alone.

    Args:
        seconds: From now on.

    Example:
        >>> with Deadline(30.0) as deadline:
        ...     deadline.is_over
        False
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._end

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: None.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("timed out")
        return seconds

    def connect(self, address: tuple[str, int], *_more: Any) -> socket.socket:
        """A connection to the first address of a host that can be reached.

        `socket.create_connection`, whose place it takes, gives each address the whole time.
        """
        host, port = address
        problem: OSError = OSError(f"{host} has no address")
        for _, _, _, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                return self._watched(socket.create_connection((str(where[0]), port), self.left()))
            except OSError as error:  # noqa: PERF203 - the next address may do
                problem = error
        raise problem

    def _watched(self, made: socket.socket) -> socket.socket:
        try:
            made.settimeout(self.left())
            self._watch(made)
        except OSError:
            made.close()
            raise
        return made

    def _watch(self, made: socket.socket) -> None:
        self.close()
        # A second handle of the connection: TLS takes the first one over.
        self._socket = made.dup()
        self._timer = threading.Timer(self.left(), self.cut)
        self._timer.daemon = True
        self._timer.start()

    def cut(self) -> None:
        """Cuts the connection off; the time is up from now on."""
        self._end = min(self._end, time.monotonic())
        with self._lock, contextlib.suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Lets the connection go."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = None

    def __enter__(self) -> Deadline:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes."""
        self.close()


class DeadlineRequest(urllib.request.Request):
    """A request with its deadline; for `http_opener`."""

    deadline: Deadline


class _Plain(http.client.HTTPConnection):
    def __init__(self, host: str, *, deadline: Deadline, **options: Any) -> None:
        super().__init__(host, **options)
        self._create_connection = deadline.connect


class _Tls(http.client.HTTPSConnection):
    def __init__(self, host: str, *, deadline: Deadline, **options: Any) -> None:
        super().__init__(host, **options)
        self._create_connection = deadline.connect


class _PlainHandler(urllib.request.HTTPHandler):
    def http_open(self, request: Any) -> http.client.HTTPResponse:
        kind: Any = _Plain  # it takes one argument more than do_open is declared to hand over
        return self.do_open(kind, request, deadline=request.deadline)


class _TlsHandler(urllib.request.HTTPSHandler):
    def __init__(self) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(context=self._tls)

    def https_open(self, request: Any) -> http.client.HTTPResponse:
        kind: Any = _Tls
        return self.do_open(kind, request, deadline=request.deadline, context=self._tls)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


def http_opener() -> urllib.request.OpenerDirector:
    """Opens a `DeadlineRequest`: through the proxies of the system, without following redirects."""
    return urllib.request.build_opener(_NoRedirect, _PlainHandler, _TlsHandler())
