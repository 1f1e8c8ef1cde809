"""One small Ray for all tests of shards, and environments that are closed after their test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from finqa_gym import VectorEnv
from small_corpus import small_corpus


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """A local Ray. Four CPUs by name: two shards of a test that failed may still be there."""
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    # Ray's workers give way to everything else (niceness 15), so that on a busy machine tests would
    # wait for minutes.
    os.environ.setdefault("RAY_worker_niceness", "0")
    ray.init(
        num_cpus=4,
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        log_to_driver=False,
        logging_level="error",
    )
    yield ray
    ray.shutdown()


@pytest.fixture
def sharded(cluster: Any) -> Iterator[Callable[..., Any]]:
    """Makes a `ShardedVectorEnv` of two shards over the small corpus."""
    from finqa_gym.integrations.ray import ShardedVectorEnv

    made: list[ShardedVectorEnv] = []

    def make(num_envs: int = 8, **options: Any) -> ShardedVectorEnv:
        corpus = options.pop("corpus", None) or small_corpus()
        env = ShardedVectorEnv(corpus, num_envs, **({"num_shards": 2} | options))
        made.append(env)
        return env

    assert cluster.is_initialized()
    yield make
    for env in made:
        env.close()


@pytest.fixture
def pair(sharded: Callable[..., Any]) -> Callable[..., tuple[Any, VectorEnv]]:
    """A sharded and a local environment with the same options."""

    def make(num_envs: int = 8, **options: Any) -> tuple[Any, VectorEnv]:
        return sharded(num_envs, **options), VectorEnv(small_corpus(), num_envs, **options)

    return make


@pytest.fixture(scope="module")
def plain(cluster: Any) -> Iterator[tuple[Any, VectorEnv]]:
    """One pair for all tests of a file that leave it whole; they begin with a reset and a seed."""
    from finqa_gym.integrations.ray import ShardedVectorEnv

    assert cluster.is_initialized()
    with ShardedVectorEnv(small_corpus(), 8, num_shards=2) as env:
        yield env, VectorEnv(small_corpus(), 8)
