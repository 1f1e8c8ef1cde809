"""The slots of an environment, each in its own chat with an endpoint."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Literal

from finqa_gym.chat_endpoint import EndpointError
from finqa_gym.evaluation.chat import Chat, action_of
from finqa_gym.evaluation.policy import More, Usage
from finqa_gym.step_batch import StepBatch
from finqa_gym.vector import VectorEnv

__all__ = ["Answer", "Slots", "token_counts"]

WRONG_ADDRESS = ("http_401", "http_403", "http_404")
"""Refusals that every other request would meet, too."""
TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|context (length|size|window)", re.IGNORECASE
)
"""How servers say that a chat does not fit into the model's context."""
FAULTS_AT_FIRST, FAULTS_IN_A_ROW = 3, 16
"""So many episodes without an answer in between, and the endpoint is taken for down."""


@dataclass
class Answer:
    """What came of a request: a reply, or why there is none.

    Attributes:
        reply: As the server returned it.
        error: Why there is none.
        latency_s: Seconds of the try that was answered.
        wait_s: Seconds of all tries and the pauses between them.
        retries: Tries but the first.
    """

    reply: dict[str, Any] | None
    error: EndpointError | None
    latency_s: float
    wait_s: float
    retries: int


Ask = Callable[[list[dict[str, Any]], list[dict[str, Any]], threading.Event], Answer]
"""Asks for the next message, given tools and messages; gives up soon after the event is set."""


class Slots:
    """Plays slots, as many at the same time as there are threads.

    Args:
        env: The environment.
        url: Of the endpoint, for errors.
        ask: Called in threads of the pool.
        concurrency: Threads.
        text_results: As for `Chat`.
        was_answered: The endpoint has answered before.
        more: As for `finqa_gym.evaluation.policy.RefillingPolicy`.
    """

    def __init__(
        self,
        env: VectorEnv,
        url: str,
        ask: Ask,
        *,
        concurrency: int,
        text_results: Literal["user", "tool"],
        was_answered: bool,
        more: More | None,
    ) -> None:
        self.env, self.url, self.more = env, url, more
        self.concurrency, self.text_results = concurrency, text_results
        self.was_answered = was_answered
        self.usage = Usage()
        self.over = threading.Event()
        self._ask = ask
        self._waiting: deque[tuple[int, str]] = deque()
        self._chats: dict[int, Chat] = {}
        self._under_way: dict[Future[Answer], int] = {}
        self._faults_in_a_row = 0

    def play(self, prompts: list[tuple[int, str]]) -> None:
        """Plays (slot, prompt) and what ``more`` adds, to the end.

        Raises:
            ConnectionError: The endpoint refuses everybody, or answers nobody any more.
        """
        self._waiting.extend(prompts)
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="finqa-endpoint")
        try:
            while self._waiting or self._under_way:
                self._begin(pool)
                done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
                answers = {self._under_way.pop(future): future.result() for future in done}
                self._go_on(pool, dict(sorted(answers.items())))
        finally:
            self.over.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        """Starts episodes; those that run go first, so that as many as possible are finished."""
        while self._waiting and len(self._under_way) < self.concurrency:
            slot, prompt = self._waiting.popleft()
            self._chats[slot] = Chat(self.env.system_prompt, prompt, self.text_results)
            self._submit(pool, slot)

    def _submit(self, pool: ThreadPoolExecutor, slot: int) -> None:
        messages = self._chats[slot].messages
        self._under_way[pool.submit(self._ask, self.env.tools, messages, self.over)] = slot

    def _go_on(self, pool: ThreadPoolExecutor, answers: dict[int, Answer]) -> None:
        replies: dict[int, dict[str, Any]] = {}
        ended: list[int] = []
        for slot, answer in answers.items():
            self.usage.requests += 1 + answer.retries
            self.usage.retries += answer.retries
            self.usage.wait_s += answer.wait_s
            if answer.reply is not None:
                self.usage.latencies.append(answer.latency_s)
                replies[slot] = answer.reply
                self.was_answered, self._faults_in_a_row = True, 0
        if replies:
            batch = self._send(replies)
            over = batch.terminated | batch.truncated
            for row, slot in enumerate(batch.env_ids.tolist()):
                if over[row]:
                    ended.append(slot)
                else:
                    self._chats[slot].add_results(batch.messages[row])
                    self._submit(pool, slot)
        # Behind the replies: if the endpoint is given up here, what they ended is recorded.
        for slot, answer in answers.items():
            if answer.error is not None:
                self._give_up(slot, answer.error)
                ended.append(slot)
        for slot in ended:
            del self._chats[slot]
        if ended and self.more is not None:
            slots, prompts, _ = self.more(sorted(ended))
            self._waiting.extend(zip(slots.tolist(), prompts, strict=True))

    def _send(self, replies: dict[int, dict[str, Any]]) -> StepBatch:
        """The messages of the model, to the environment; it is much faster than any endpoint."""
        actions, reasons, tokens = [], [], []
        for slot, reply in replies.items():
            choice = reply["choices"][0]
            self._chats[slot].add_message(choice["message"])
            actions.append(action_of(choice["message"]))
            reason = choice.get("finish_reason")
            reasons.append(reason if isinstance(reason, str) else None)
            prompt, sampled = token_counts(reply.get("usage"))
            tokens.append((prompt, sampled))
            self.usage.prompt_tokens += prompt or 0
            self.usage.sampled_tokens += sampled or 0
        self.env.send(actions, list(replies), finish_reasons=reasons, num_tokens=tokens)
        return self.env.recv(len(replies))

    def _give_up(self, slot: int, error: EndpointError) -> None:
        """Ends an episode that cannot go on.

        A chat that the model has made too long is its own failure; a prompt that is too long is
        none, and neither is anything else that goes wrong.
        """
        is_refused = error.kind.startswith("http_4")
        if is_refused and TOO_LONG.search(error.detail) and self._chats[slot].was_answered:
            self.env.truncate([slot])
            return
        told = f"{error.kind}: {error.detail or error}"
        self.usage.faults[error.kind] += 1
        self.usage.last_fault = told
        self._faults_in_a_row += 1
        if error.kind in WRONG_ADDRESS and not self.was_answered:
            raise ConnectionError(f"{self.url} refuses every request ({told})")
        most = FAULTS_IN_A_ROW if self.was_answered else FAULTS_AT_FIRST
        if self._faults_in_a_row >= most:
            raise ConnectionError(
                f"{self.url} gave no answer to {most} episodes in a row, the last time {told}; "
                "what was played is kept, and the same command goes on from there"
            )


def token_counts(usage: Any) -> tuple[int | None, int | None]:
    """Tokens of the prompt and of the message; None where the server does not say."""
    told = usage if isinstance(usage, dict) else {}
    return _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32
    return value if is_count else None
