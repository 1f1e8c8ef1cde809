"""Shared by the tests of trajectories: a small corpus, environments that record, a way to play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Record = Callable[..., Any]
Play = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def corpus(finqa_gym: Any) -> Any:
    """Companies of train and val: single answers, reports, and questions without an answer."""
    del finqa_gym
    from small_corpus import small_corpus

    return small_corpus(6, evaluation=False)


@pytest.fixture
def record(finqa_gym: Any, corpus: Any, tmp_path: Path) -> Iterator[Record]:
    """Builds environments over the small corpus that record into ``tmp_path / "run"``."""
    made: list[Any] = []

    def build(num_envs: int = 1, **options: Any) -> Any:
        options.setdefault("num_threads", 2)
        options.setdefault("record", tmp_path / "run")
        env = finqa_gym.VectorEnv(corpus, num_envs, **options)
        made.append(env)
        return env

    yield build
    for env in made:
        env.close()


@pytest.fixture
def play(finqa_gym: Any) -> Play:
    """Plays one episode in every slot with a scripted policy: what the caller saw, slot by slot."""

    def run(env: Any, policy: str = "gold", seed: int = 3) -> list[dict[str, Any]]:
        script = finqa_gym.ScriptedPolicy(policy, env, seed=seed)
        prompts, infos = env.reset(seed=seed)
        script.reset(infos["env_id"], infos["task_index"])
        seen = [
            {
                "task_id": env.corpus.task(int(index))["id"],
                "prompt": prompt,
                "actions": [],
                "messages": [],
                "reward": 0.0,
            }
            for index, prompt in zip(infos["task_index"], prompts, strict=True)
        ]
        env_ids, observations = infos["env_id"], prompts
        while len(env_ids):
            actions = script.act(env_ids, observations)
            batch = env.step(actions, env_ids=env_ids)
            for row, slot in enumerate(batch.env_ids.tolist()):
                seen[slot]["actions"].append(actions[row])
                seen[slot]["messages"].append(batch.messages[row])
                seen[slot]["reward"] += float(batch.rewards[row])
            env_ids, observations = batch.running()
        return seen

    return run
