"""The small world, a tokenizer that knows its words, and a model that knows nothing."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

import finqa_gym
from finqa_gym import Corpus, SynthConfig, VectorEnv

PLAIN = {"tool_profile": "compact", "task_prompt": "{question}", "system_prompt": ""}


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    config = dataclasses.replace(
        SynthConfig.preset("tiny"), multi_table_pct=40, train_companies=200, val_companies=50
    )
    return finqa_gym.synthetic(0, config)


@pytest.fixture(scope="session")
def texts(corpus: Corpus) -> list[str]:
    """What is said in the small world."""
    chats = finqa_gym.demonstrations(
        corpus,
        ["gold", "recovery", "guess"],
        tool_profile="compact",
        format="text",
        split="train",
        max_tasks=100,
    )
    messages = itertools.chain.from_iterable(chat["messages"] for chat in chats)
    return [message["content"] for message in messages]


@pytest.fixture(scope="session")
def tokenizer(corpus: Corpus, texts: list[str]) -> Any:
    pytest.importorskip("transformers", reason="the extra train is not installed")
    from finqa_gym.train.small_model import boilerplate, make_tokenizer

    env = VectorEnv(corpus, 1, tool_profile="compact")
    return make_tokenizer(texts, boilerplate(tool["function"]["name"] for tool in env.tools))


@pytest.fixture(scope="session")
def codec(tokenizer: Any) -> Any:
    from finqa_gym.train.codec import ChatCodec

    return ChatCodec(tokenizer)


@pytest.fixture(scope="session")
def model(tokenizer: Any) -> Iterator[Any]:
    torch = pytest.importorskip("torch", reason="the extra train is not installed")
    from finqa_gym.train.small_model import make_model

    # Two threads of one small model lose more by waiting for each other than they gain.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield make_model(tokenizer, "1m")
    torch.set_num_threads(before)
