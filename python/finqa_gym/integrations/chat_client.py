"""Asking an OpenAI-compatible server from coroutines. Needs httpx."""

from __future__ import annotations

import asyncio
import itertools
import json
import ssl
import uuid
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from finqa_gym.integrations.chat_rollout import ChatEnded, Complete, is_too_long

__all__ = ["chat_completion"]

MAY_PASS = (408, 409, 425, 429)
"""Refusals, besides 5xx, after which the same request may be answered another time."""
MOST_WAIT_S = 60.0

CLIENTS = 64
"""Clients of a loop, taken in turn. httpx looks through all connections of a client for each
request, so that one client for a thousand rollouts would do little else."""

_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[httpx.AsyncClient]]
_clients = weakref.WeakKeyDictionary()
_turn = itertools.count()


def chat_completion(
    base_url: str,
    api_key: str,
    body: Mapping[str, Any],
    *,
    max_retries: int = 4,
    backoff_s: float = 0.5,
    has_ended: Callable[[], bool] = lambda: False,
) -> Complete:
    """How `finqa_gym.integrations.chat_rollout.play_chat` asks a server.

    Args:
        base_url: Up to and with ``/v1``.
        api_key: Bearer token.
        body: Members of each request besides ``messages``: model, tools, sampling.
        max_retries: How often a request is asked again that may be answered another time.
        backoff_s: Seconds before that; they double, up to a minute.
        has_ended: Asked after a refusal: whether it came because the rollout is over for whoever
            stands between us and the model.

    Returns:
        A function that raises `ChatEnded` if the rollout has ended or its chat has grown too long,
        and ConnectionError if there is no answer.
    """
    url = f"{base_url.rstrip('/')}/chat/completions"
    turn = next(_turn)

    async def complete(messages: list[dict[str, Any]]) -> dict[str, Any]:
        content = json.dumps({**body, "messages": messages})
        headers = {
            "Authorization": f"Bearer {api_key}",
            "Content-Type": "application/json",
            # Asked again after its answer was lost, the question is not put to the model twice.
            "Idempotency-Key": uuid.uuid4().hex,
        }
        told = ""
        for retry in range(max_retries + 1):
            if retry:
                await asyncio.sleep(min(backoff_s * 2 ** (retry - 1), MOST_WAIT_S))
            try:
                response = await _client(turn).post(url, content=content, headers=headers)
            except httpx.TransportError as error:
                told = f"{type(error).__name__}: {error}"
                continue
            status = response.status_code
            if status == 200:
                reply: dict[str, Any] = response.json()
                return reply
            told = f"{status}: {response.text[:500]}"
            if has_ended() or is_too_long(status, response.text, messages):
                raise ChatEnded(told)
            if status < 500 and status not in MAY_PASS:
                break
        raise ConnectionError(f"{url} gave no answer, the last time {told}")

    return complete


def _client(turn: int) -> httpx.AsyncClient:
    """A client of the running loop: one for each rollout would cost more than the rollout."""
    loop = asyncio.get_running_loop()
    clients = _clients.get(loop)
    if clients is None:
        trusted = ssl.create_default_context()
        clients = _clients[loop] = [
            httpx.AsyncClient(
                verify=trusted,
                # A completion takes as long as it takes; frameworks have timeouts of their own.
                timeout=httpx.Timeout(None, connect=10.0),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
                # Gateways of frameworks are on this machine or in its cluster: no proxy between.
                trust_env=False,
            )
            for _ in range(CLIENTS)
        ]
    return clients[turn % CLIENTS]
