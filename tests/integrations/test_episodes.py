"""What adapters share: metrics of an episode, chats of coroutines, a loop for threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from finqa_gym import AsyncEngine
from finqa_gym.data import open_corpus
from finqa_gym.integrations.chat_rollout import ChatEnded, play_chat
from finqa_gym.integrations.loop_thread import run_in_loop
from finqa_gym.integrations.metrics import episode_metrics, metric_names

CALL = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "1 + 1"}}\n</tool_call>'


@pytest.fixture
def engine() -> Iterator[AsyncEngine]:
    with AsyncEngine(open_corpus("synthetic:7:tiny"), 4, reward="shaped", max_turns=3) as engine:
        yield engine


def replies(*texts: str) -> Any:
    """A server that says these in turn, and then that the chat is too long."""
    left = list(texts)
    seen: list[list[dict[str, Any]]] = []

    async def complete(messages: list[dict[str, Any]]) -> dict[str, Any]:
        seen.append([dict(message) for message in messages])
        if not left:
            raise ChatEnded("too long")
        message = {"role": "assistant", "content": left.pop(0)}
        return {"choices": [{"message": message, "finish_reason": "stop"}]}

    complete.seen = seen  # type: ignore[attr-defined]
    return complete


def test_metrics_are_those_of_the_episode(engine: AsyncEngine) -> None:
    async def play() -> tuple[dict[str, float], dict[str, Any]]:
        async with await engine.start(0) as episode:
            await episode.call("hm")
            await episode.call(CALL)
            await episode.call("FINAL ANSWER: 7")
            return episode_metrics(episode), episode.result()

    metrics, result = asyncio.run(play())
    assert metrics["num_turns"] == 3
    assert metrics["num_calls"] == len(result["calls"]) == 3
    assert metrics["num_errors"] == 1
    assert {n: metrics[f"flag/{n}"] for n in result["flags"]} == result["flags"]
    for name, check in result["checks"].items():
        assert metrics.get(f"check/{name}") == check["score"]
    assert set(metrics) <= set(metric_names(engine.env.rubric_schema))
    assert all(type(value) is float for value in metrics.values())


def test_a_running_episode_has_no_metrics(engine: AsyncEngine) -> None:
    async def play() -> None:
        async with await engine.start(0) as episode:
            with pytest.raises(ValueError, match="still runs"):
                episode_metrics(episode)
            await episode.call("hm")
            with pytest.raises(ValueError, match="still runs"):
                episode_metrics(episode)

    asyncio.run(play())


def test_a_chat_is_played_to_its_end(engine: AsyncEngine) -> None:
    complete = replies("hm", CALL, "FINAL ANSWER: 7")

    async def play() -> tuple[list[dict[str, Any]], bool, str]:
        async with await engine.start(0) as episode:
            chat = await play_chat(episode, complete)
            return chat, episode.over, episode.prompt

    chat, is_over, prompt = asyncio.run(play())
    assert is_over
    assert [message["role"] for message in chat] == [
        *("system", "user", "assistant", "user", "assistant", "user", "assistant")
    ]
    assert chat[0]["content"] == engine.system_prompt
    assert chat[1]["content"] == prompt
    assert chat[5]["content"] == "2"
    # Each question was the chat so far, unchanged.
    for asked in complete.seen:
        assert asked == chat[: len(asked)]


def test_prompts_can_be_changed_and_left_out(engine: AsyncEngine) -> None:
    complete = replies("FINAL ANSWER: 7")

    async def play() -> None:
        async with await engine.start(0) as episode:
            await play_chat(episode, complete, system_prompt="", prompt="other")

    asyncio.run(play())
    assert complete.seen == [[{"role": "user", "content": "other"}]]


def test_a_chat_that_cannot_go_on_is_truncated(engine: AsyncEngine) -> None:
    async def play() -> dict[str, Any]:
        async with await engine.start(0) as episode:
            await play_chat(episode, replies("hm"))
            return {**episode.result(), "metrics": episode_metrics(episode)}

    result = asyncio.run(play())
    assert result["status"] == "truncated"
    assert result["truncation_reason"] == "token_limit"
    assert result["metrics"]["truncated"] == 1.0
    assert result["metrics"]["is_correct"] == 0.0


def test_threads_share_a_loop_and_an_error_reaches_its_own(engine: AsyncEngine) -> None:
    async def where() -> int:
        await asyncio.sleep(0)
        return threading.get_ident()

    async def play(text: Any) -> float:
        async with await engine.start(0) as episode:
            return (await episode.call(text)).reward

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: run_in_loop(where()), range(8)))) == 1
        bad = pool.submit(run_in_loop, play(3))
        good = [pool.submit(run_in_loop, play("FINAL ANSWER: 7")) for _ in range(20)]
        assert all(0 <= each.result() <= 1 for each in good)
        with pytest.raises(TypeError):
            bad.result()
    assert engine.num_live == 0
