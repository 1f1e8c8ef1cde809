"""Shared by the tests of scores: a small corpus, a factory of environments, a way to play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

MakeEnv = Callable[..., Any]
Play = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def corpus(finqa_gym: Any) -> Any:
    """Companies of train and val: single answers, reports, and questions without an answer."""
    del finqa_gym
    from small_corpus import small_corpus

    return small_corpus(14, evaluation=False)


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


@pytest.fixture
def play(finqa_gym: Any) -> Play:
    """Plays one episode in every slot: the columns of the rows that ended, in slot order."""

    def run(env: Any, policy: str, seed: int = 3) -> dict[str, Any]:
        import numpy as np

        from finqa_gym.policies import run_episodes

        script = finqa_gym.ScriptedPolicy(policy, env, seed=seed)
        rewards, batches = run_episodes(env, script)
        slots: list[int] = []
        parts: dict[str, list[Any]] = {}
        for batch in batches:
            ended = batch.terminated | batch.truncated
            slots += batch.env_ids[ended].tolist()
            for name, values in batch.infos.items():
                parts.setdefault(name, []).append(values[ended])
        order = np.argsort(slots)
        columns = {name: np.concatenate(values)[order] for name, values in parts.items()}
        return columns | {"reward": rewards}

    return run
