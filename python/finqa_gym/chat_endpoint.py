"""Chat completions over HTTP, with nothing but the standard library."""

from __future__ import annotations

import datetime
import email.utils
import http.client
import json
import threading
import urllib.error
import urllib.parse
from collections.abc import Callable
from typing import Any, TypeVar

from finqa_gym import arguments
from finqa_gym.deadline_http import Deadline, DeadlineRequest, http_opener

__all__ = ["ChatEndpoint", "EndpointError"]

MAX_REPLY = 1 << 20
"""Bytes of a reply that are read."""
MAX_DETAIL = 300
"""Characters that are kept of what a server says about a request that it refuses."""
LEAST_SECRET = 8
"""Shorter keys are words that stand for none ("EMPTY"); taking them out would garble texts."""

_T = TypeVar("_T")


class EndpointError(Exception):
    """A question that got no usable answer.

    Attributes:
        kind: ``"timeout"``, ``"connection"``, ``"http_<status>"``, ``"too_long"`` or
            ``"unreadable"``.
        detail: What the server says about a request that it refuses; empty if nothing.
        retry_after_s: Seconds after which it wants to be asked again; None if it does not say.
    """

    def __init__(
        self, kind: str, text: str, *, detail: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(text)
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s


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
        if "@" in parts.netloc or parts.query:
            # What stands there is a secret more often than not, so it is not shown.
            raise ValueError(
                "base_url holds a user, a password or a query; api_key is where a key belongs"
            )
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
        self._key = key
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._opener = http_opener()
        self._under_way: set[Deadline] = set()
        self._lock = threading.Lock()

    def complete(self, body: bytes) -> str:
        """The text of the completion that the request ``body`` gets.

        Raises:
            EndpointError: There is none.
        """
        return self._ask(body, self._completion)

    def reply(self, body: bytes) -> dict[str, Any]:
        """The whole reply to the request ``body``: an object whose first choice has a message.

        Raises:
            EndpointError: There is none.
        """
        return self._ask(body, self._with_message)

    def cut(self) -> None:
        """Cuts off the requests that are under way in other threads; they raise `EndpointError`."""
        with self._lock:
            for deadline in self._under_way:
                deadline.cut()

    def _ask(self, body: bytes, read: Callable[[bytes], _T]) -> _T:
        request = DeadlineRequest(self.url, body, self._headers, method="POST")
        with Deadline(self.timeout_s) as request.deadline:
            with self._lock:
                self._under_way.add(request.deadline)
            try:
                return read(self._reply(request))
            except EndpointError:
                # A connection that was cut off looks like one that the server has closed.
                if request.deadline.is_over:
                    raise EndpointError("timeout", "no complete reply came in time") from None
                raise
            finally:
                with self._lock:
                    self._under_way.discard(request.deadline)

    def _reply(self, request: DeadlineRequest) -> bytes:
        try:
            with self._opener.open(request, timeout=self.timeout_s) as response:
                return _read(response)
        except urllib.error.HTTPError as error:
            with error:
                raise EndpointError(
                    f"http_{error.code}",
                    self._shown(str(error.reason)),
                    detail=self._detail(error),
                    retry_after_s=_seconds(error.headers.get("Retry-After")),
                ) from None
        except TimeoutError as error:
            raise EndpointError("timeout", str(error)) from None
        except urllib.error.URLError as error:
            kind = "timeout" if isinstance(error.reason, TimeoutError) else "connection"
            raise EndpointError(kind, str(error.reason)) from None
        except (OSError, http.client.HTTPException) as error:
            raise EndpointError("connection", str(error) or type(error).__name__) from None

    def _completion(self, reply: bytes) -> str:
        content = self._with_message(reply)["choices"][0]["message"].get("content")
        if not isinstance(content, str):
            raise self._unreadable(reply)
        return content.strip()

    def _with_message(self, reply: bytes) -> dict[str, Any]:
        try:
            told = json.loads(reply)
            message = told["choices"][0]["message"]
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise self._unreadable(reply)
        whole: dict[str, Any] = told
        return whole

    def _unreadable(self, reply: bytes) -> EndpointError:
        shown = self._shown(reply.decode("utf-8", "replace"))[:80]
        return EndpointError("unreadable", f"the endpoint answered {shown!r}")

    def _detail(self, error: urllib.error.HTTPError) -> str:
        """What a server says about a request that it refuses, in the forms in which servers do."""
        try:
            text = _read(error).decode("utf-8", "replace")
        except (EndpointError, OSError, http.client.HTTPException):
            return ""
        text = " ".join(self._shown(_said(text)).split())
        return text if len(text) <= MAX_DETAIL else f"{text[: MAX_DETAIL - 3]}..."

    def _shown(self, text: str) -> str:
        """A text of the server without the key: some servers repeat what they were sent."""
        if self._key is None or len(self._key) < LEAST_SECRET:
            return text
        return text.replace(self._key, "***")

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


def _seconds(retry_after: str | None) -> float | None:
    """``Retry-After`` in seconds from now; it may name a moment.

    Example:
        >>> _seconds("2"), _seconds("soon"), _seconds("Thu, 01 Jan 2015 00:00:00 GMT")
        (2.0, None, 0.0)
    """
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    now = datetime.datetime.now(datetime.timezone.utc)
    return max(0.0, (moment - now).total_seconds())


def _said(text: str) -> str:
    """Code, type and message of an error; the text itself if it has no such form."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(told, dict) and isinstance(told.get("error"), (dict, str)):
        told = told["error"]
    if isinstance(told, dict):
        parts = [told.get(name) for name in ("code", "type", "message")]
        return ": ".join(part for part in parts if isinstance(part, str) and part) or text
    return told if isinstance(told, str) else text
