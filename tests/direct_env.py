"""The direct way: a `VectorEnv` that is sent the same messages."""

from __future__ import annotations

from typing import Any

from finqa_gym import Corpus, VectorEnv


def direct_results(
    corpus: Corpus, said: dict[str, list[Any]], **options: Any
) -> dict[str, dict[str, Any]]:
    """Episodes (`VectorEnv.episode`) by task id, after the messages ``said`` by task id.

    An episode whose messages run out before it is over is truncated.
    """
    results = {}
    with VectorEnv(corpus, 1, **options) as env:
        for task_id, actions in said.items():
            env.reset(task_ids=[task_id])
            is_over = False
            for action in actions:
                if not is_over:
                    batch = env.step([action])
                    is_over = bool(batch.terminated[0] or batch.truncated[0])
            if not is_over:
                env.truncate([0])
            result = env.episode(0)
            assert result is not None
            results[task_id] = result
    return results
