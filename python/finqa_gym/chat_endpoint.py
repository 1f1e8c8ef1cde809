"""Chat completions over HTTP, with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
from typing import Any

from finqa_gym import arguments
from finqa_gym.deadline_http import Deadline, DeadlineRequest, http_opener

__all__ = ["ChatEndpoint", "EndpointError"]

MAX_REPLY = 1 << 20
"""Bytes of a reply that are read."""


class EndpointError(Exception):
    """A question that got no usable answer.

    Attributes:
        kind: ``"timeout"``, ``"connection"``, ``"http_<status>"``, ``"too_long"`` or
            ``"unreadable"``.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class ChatEndpoint:
    """An OpenAI-compatible endpoint.

    Args:
        base_url: Up to and with ``/v1``.
        api_key: Sent as bearer token, without blanks around it; None sends none.
        timeout_s: Seconds for one completion, from connecting to the last byte.

    Raises:
        ValueError: A URL that is none, a key that no header can hold, a time out of range. The key
            is never part of the text.
    """

    def __init__(self, base_url: str, api_key: str | None, timeout_s: float) -> None:
        parts = urllib.parse.urlsplit(arguments.text("base_url", base_url))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            msg = f"base_url is {base_url!r}; an http or https URL is needed"
            raise ValueError(msg)
        key = None if api_key is None else _checked_key(api_key)
        self.url = f"{base_url.rstrip('/')}/chat/completions"
        self.timeout_s = arguments.number("timeout_s", timeout_s)
        if not 0 < self.timeout_s <= 3_600:
            msg = f"timeout_s is {timeout_s}; it must be above 0 and at most 3600"
            raise ValueError(msg)
        self._headers = {"Content-Type": "application/json"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._opener = http_opener()

    def complete(self, body: bytes) -> str:
        """The text of the completion that the request ``body`` gets.

        Raises:
            EndpointError: There is none.
        """
        request = DeadlineRequest(self.url, body, self._headers, method="POST")
        with Deadline(self.timeout_s) as request.deadline:
            try:
                return _completion(self._reply(request))
            except EndpointError:
                # A connection that was cut off looks like one that the server has closed.
                if request.deadline.is_over:
                    raise EndpointError("timeout", "no complete reply came in time") from None
                raise

    def _reply(self, request: DeadlineRequest) -> bytes:
        try:
            with self._opener.open(request, timeout=self.timeout_s) as response:
                return _read(response)
        except urllib.error.HTTPError as error:
            with error:
                raise EndpointError(f"http_{error.code}", str(error.reason)) from None
        except TimeoutError as error:
            raise EndpointError("timeout", str(error)) from None
        except urllib.error.URLError as error:
            kind = "timeout" if isinstance(error.reason, TimeoutError) else "connection"
            raise EndpointError(kind, str(error.reason)) from None
        except (OSError, http.client.HTTPException) as error:
            raise EndpointError("connection", str(error) or type(error).__name__) from None

    def __repr__(self) -> str:
        """The URL; never the key."""
        return f"ChatEndpoint({self.url!r})"


def _checked_key(api_key: object) -> str:
    """A key as a header can hold it; no error shows it, since errors end up in logs."""
    if not isinstance(api_key, str):
        msg = f"api_key is a {type(api_key).__name__}; a str, or None, is needed"
        raise TypeError(msg)
    key = api_key.strip()
    if not (key and key.isascii() and key.isprintable()):
        seen = "is empty" if not key else "holds control characters or others that are not ASCII"
        raise ValueError(f"api_key {seen}; printable ASCII, or None, is needed")
    return key


def _read(response: Any) -> bytes:
    """The whole reply."""
    parts: list[bytes] = []
    length = 0
    while part := response.read1(1 << 16):
        parts.append(part)
        length += len(part)
        if length > MAX_REPLY:
            raise EndpointError("too_long", f"the reply has more than {MAX_REPLY} bytes")
    return b"".join(parts)


def _completion(reply: bytes) -> str:
    try:
        content = json.loads(reply)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        content = None
    if not isinstance(content, str):
        shown = reply[:80].decode("utf-8", "replace")
        raise EndpointError("unreadable", f"the endpoint answered {shown!r}")
    return content.strip()
