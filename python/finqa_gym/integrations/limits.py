"""Limits of a server that strangers may call."""

from __future__ import annotations

from dataclasses import dataclass, fields

from finqa_gym import arguments

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """What a server grants its clients.

    Args:
        max_sessions: Sessions at the same time, each with an episode.
        max_sessions_per_client: Of one address; None is ``max_sessions``. Behind a proxy all
            clients have its address unless it is trusted (``--trusted-proxies``).
        idle_timeout_s: A session without a call for so long is closed, and its place is free.
        max_requests: Plain HTTP requests at the same time; the next is answered with 503.
        max_message_bytes: Longest message or request body.
        request_timeout_s: Time for a client to send a request, headers and body.
        messages_per_s: Messages a second of one socket; faster ones wait. 0 is no limit.

    Raises:
        ValueError: A number that cannot work.

    Example:
        >>> Limits(max_sessions=64).max_sockets
        128
    """

    max_sessions: int = 256
    max_sessions_per_client: int | None = None
    idle_timeout_s: float = 900.0
    max_requests: int = 64
    max_message_bytes: int = 128 * 1024
    request_timeout_s: float = 20.0
    messages_per_s: float = 200.0

    def __post_init__(self) -> None:
        """Checks all of them."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "messages_per_s":
                if not 0 <= arguments.number(field.name, value) < float("inf"):
                    raise ValueError(f"{field.name} is {value}; it must be 0 (no limit) or more")
            elif field.name.endswith("_s"):
                if not 0 < arguments.number(field.name, value) < float("inf"):
                    raise ValueError(f"{field.name} is {value}; it must be above 0")
            elif value is not None:
                arguments.integer(field.name, value, least=1)

    @property
    def max_sockets(self) -> int:
        """Open WebSockets: more than sessions, so that one too many is told what is the matter."""
        return self.max_sessions + 64

    @property
    def max_connections(self) -> int:
        """Open connections of any kind."""
        return self.max_sockets + self.max_requests + 256
