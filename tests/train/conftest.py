"""The small world, a tokenizer that knows its words, and a model that knows nothing."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import finqa_gym
from finqa_gym import Corpus, ScriptedPolicy, SynthConfig, VectorEnv

PLAIN = {"tool_profile": "compact", "task_prompt": "{question}", "system_prompt": ""}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Two threads of one small model lose more by waiting for each other than they gain."""
    torch = pytest.importorskip("torch", reason="the extra train is not installed")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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
def model(tokenizer: Any) -> Any:
    from finqa_gym.train.small_model import make_model

    return make_model(tokenizer, "1m")


@pytest.fixture(scope="session")
def talker_of(corpus: Corpus) -> Callable[[Any, Any], Any]:
    """Teaches a model, given a codec and its tokenizer."""
    return lambda codec, tokenizer: _teach(corpus, codec, tokenizer)


@pytest.fixture(scope="session")
def _talker(talker_of: Callable[[Any, Any], Any], codec: Any, tokenizer: Any) -> Any:
    return talker_of(codec, tokenizer)


def _teach(corpus: Corpus, codec: Any, tokenizer: Any) -> Any:
    """A model that has learned to call tools, and hardly ever to be right."""
    import torch

    from finqa_gym.train.demonstrate import demonstrate
    from finqa_gym.train.small_model import SmallModelSize, make_model

    model = make_model(tokenizer, SmallModelSize(64, 2, 2, 128))
    with VectorEnv(corpus, 32, split="train", **PLAIN) as env:  # type: ignore[arg-type]
        policy = ScriptedPolicy("gold", env, seed=0)
        shown = list(demonstrate(env, codec, policy, corpus.task_ids("train", 32)))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(25):
        batch = [shown[(12 * step + row) % 32] for row in range(12)]
        width = max(len(each.ids) for each in batch)
        ids = torch.zeros((12, width), dtype=torch.long)
        labels = torch.full((12, width), -100)
        for row, each in enumerate(batch):
            ids[row, : len(each.ids)] = torch.tensor(each.ids)
            learned = torch.tensor(each.mask) == 1
            labels[row, : len(each.ids)][learned] = torch.tensor(each.ids)[learned]
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


@pytest.fixture
def talker(_talker: Any) -> Any:
    """A model that has learned to call tools, and hardly ever to be right: episodes have turns."""
    return copy.deepcopy(_talker)
