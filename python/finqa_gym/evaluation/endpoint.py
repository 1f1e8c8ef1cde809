"""A model behind an OpenAI-compatible endpoint as policy."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from finqa_gym import arguments
from finqa_gym.chat_endpoint import ChatEndpoint, EndpointError
from finqa_gym.evaluation.policy import More, Usage
from finqa_gym.evaluation.slots import Answer, Slots
from finqa_gym.vector import VectorEnv

__all__ = ["EndpointPolicy"]

OWN_KEYS = ("messages", "model", "n", "stream", "tools")
"""Members of a request that are not the caller's to set."""
MOST_WAIT_S = 60.0
"""Longest pause before a request is asked again, unless the server names one."""
MOST_RETRY_AFTER_S = 300.0
"""Longest pause that a server can ask for."""


class EndpointPolicy:
    """Plays with a model behind ``/v1/chat/completions``.

    Every slot goes on by itself: nobody waits for the slowest. The model gets the tools of the
    environment; calls that its server parsed go to the environment as they are, any other message
    as the text that it is, in which the environment finds calls. What the model said stays in its
    chat as the server returned it.

    A request is asked again, with growing pauses or when the server says (``Retry-After``), after
    429, 5xx, timeouts, lost connections and replies that cannot be read. An episode whose request
    fails for good is left out and counted (`Usage.faults`); a chat that outgrows the context of the
    model ends as truncated, "token_limit", which is the model's own failure.

    Args:
        base_url: Of the endpoint, up to and with ``/v1``.
        model: Name of the model.
        api_key: Sent as bearer token; None sends none. It is never part of a text.
        temperature: None leaves it to the server, for models that refuse one.
        max_tokens: Of one message; None leaves it to the server.
        concurrency: Episodes that are played at the same time.
        timeout_s: Seconds for one request, from connecting to the last byte.
        max_retries: How often a request is asked again.
        backoff_s: First pause before that; it doubles, up to a minute.
        extra_body: More members of each request, such as ``top_p``.
        text_results: Role of results of calls that stand in the text of a message: "user" is taken
            by every server, "tool" is what templates of models with calls in text render.
        name: For the records; None is the model's.

    Raises:
        ValueError: A value that cannot work; the key is never shown.

    Example:
        >>> policy = EndpointPolicy("http://localhost:8000/v1", "a-model", concurrency=8)
        >>> policy.name, policy.settings["temperature"]
        ('a-model', 0.0)
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str | None = None,
        *,
        temperature: float | None = 0.0,
        max_tokens: int | None = 1024,
        concurrency: int = 16,
        timeout_s: float = 300.0,
        max_retries: int = 5,
        backoff_s: float = 1.0,
        extra_body: Mapping[str, Any] | None = None,
        text_results: Literal["user", "tool"] = "user",
        name: str | None = None,
    ) -> None:
        self._endpoint = ChatEndpoint(base_url, api_key, timeout_s)
        self.model = arguments.text("model", model)
        self.name = self.model if name is None else name
        self.concurrency = arguments.integer("concurrency", concurrency, least=1)
        self.max_retries = arguments.integer("max_retries", max_retries)
        self.backoff_s = arguments.number("backoff_s", backoff_s)
        if not 0 <= self.backoff_s <= MOST_WAIT_S:
            raise ValueError(f"backoff_s is {backoff_s}; it must be from 0 to {MOST_WAIT_S:g}")
        if text_results not in ("user", "tool"):
            raise ValueError(f'text_results is {text_results!r}; it must be "user" or "tool"')
        self.text_results: Literal["user", "tool"] = text_results
        self._body: dict[str, Any] = {"model": self.model}
        if temperature is not None:
            self._body["temperature"] = arguments.number("temperature", temperature)
        if max_tokens is not None:
            self._body["max_tokens"] = arguments.integer("max_tokens", max_tokens, least=1)
        extra = dict(extra_body or {})
        own = [key for key in OWN_KEYS if key in extra]
        if own:
            raise ValueError(f"extra_body holds {own[0]!r}, which is not the caller's to set")
        self._body |= extra
        self.settings: Mapping[str, Any] = {
            "endpoint": base_url,
            "model": self.model,
            "temperature": temperature,
            "max_tokens": max_tokens,
            "extra_body": extra,
            "text_results": text_results,
        }
        self._was_answered = False

    def play(
        self,
        env: VectorEnv,
        env_ids: NDArray[np.int32],
        observations: list[str],
        infos: dict[str, Any],
        more: More | None = None,
    ) -> Usage:
        """See `finqa_gym.evaluation.policy.RefillingPolicy`.

        Raises:
            ConnectionError: The endpoint refuses everybody, or answers nobody any more. What was
                played is recorded.
        """
        del infos
        slots = Slots(
            env,
            self._endpoint.url,
            self._ask,
            concurrency=self.concurrency,
            text_results=self.text_results,
            was_answered=self._was_answered,
            more=more,
        )
        try:
            slots.play(list(zip(env_ids.tolist(), observations, strict=True)))
        finally:
            # Also after Ctrl-C: nobody waits for requests whose answers nobody wants.
            self._endpoint.cut()
            self._was_answered = slots.was_answered
        return slots.usage

    def _ask(
        self,
        tools: list[dict[str, Any]],
        messages: list[dict[str, Any]],
        over: threading.Event,
    ) -> Answer:
        try:
            body = json.dumps({**self._body, "tools": tools, "messages": messages}).encode()
        except RecursionError:  # of a message that the server itself has sent
            error = EndpointError("unreadable", "a message is nested too deeply to be sent back")
            return Answer(None, error, 0.0, 0.0, 0)
        began = time.perf_counter()
        for retry in range(self.max_retries + 1):
            if over.is_set():
                return Answer(
                    None, EndpointError("stopped", "nobody waits for it"), 0.0, 0.0, retry
                )
            start = time.perf_counter()
            try:
                reply = self._endpoint.reply(body)
            except EndpointError as error:
                is_last = retry == self.max_retries or not _may_pass(error.kind)
                # Told to stop, it does so in the pause.
                if is_last or over.wait(self._pause(retry, error.retry_after_s)):
                    waited = time.perf_counter() - began
                    return Answer(None, error, 0.0, waited, retry)
            else:
                now = time.perf_counter()
                return Answer(reply, None, now - start, now - began, retry)
        raise AssertionError("the last try returns")

    def _pause(self, retry: int, retry_after_s: float | None) -> float:
        if retry_after_s is not None:
            return min(retry_after_s, MOST_RETRY_AFTER_S)
        # At random, or all slots would come back at the same moment.
        pause: float = min(self.backoff_s * 2**retry, MOST_WAIT_S)
        return pause * random.uniform(0.5, 1.0)


def _may_pass(kind: str) -> bool:
    """Whether the same request may be answered another time."""
    if not kind.startswith("http_"):
        return kind != "too_long"
    status = int(kind.removeprefix("http_"))
    return status in (408, 409, 425, 429) or status >= 500
