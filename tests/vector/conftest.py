"""Shared by the tests of the vectorised environment: a small corpus, a factory, calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

MakeEnv = Callable[..., Any]
Call = Callable[..., str]


@pytest.fixture(scope="session")
def corpus(finqa_gym: Any) -> Any:
    """Companies of every split: enough for every question."""
    del finqa_gym
    from small_corpus import small_corpus

    return small_corpus()


@pytest.fixture
def make(finqa_gym: Any, corpus: Any) -> Iterator[MakeEnv]:
    """Builds environments over the small corpus and closes them."""
    made: list[Any] = []

    def build(num_envs: int = 1, **options: Any) -> Any:
        options.setdefault("num_threads", 2)
        env = finqa_gym.VectorEnv(corpus, num_envs, **options)
        made.append(env)
        return env

    yield build
    for env in made:
        env.close()


@pytest.fixture(scope="session")
def call() -> Call:
    """A call in the Hermes form."""

    def write(name: str, **arguments: Any) -> str:
        body = json.dumps({"name": name, "arguments": arguments})
        return f"<tool_call>\n{body}\n</tool_call>"

    return write
