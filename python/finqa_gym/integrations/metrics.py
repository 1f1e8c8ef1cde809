"""What an episode came to, as the flat numbers that a trainer logs."""

from __future__ import annotations

import math

from finqa_gym.async_episode import AsyncEpisode
from finqa_gym.rubrics import RubricSchema

__all__ = ["episode_metrics", "metric_names"]

PLAIN = (
    "is_correct",
    "outcome",
    "process",
    "num_turns",
    "num_calls",
    "num_errors",
    "truncated",
)


def episode_metrics(episode: AsyncEpisode) -> dict[str, float]:
    """Plain floats by name; what does not apply is left out, so that means are right.

    ``is_correct`` (0 without a submission), ``outcome`` and ``process`` (0 to 1: the answer, and
    the way to it), ``num_turns``, ``num_calls``, ``num_errors``, ``truncated``, and
    ``dimension/NAME``, ``check/NAME`` (0 to 1) and ``flag/NAME`` (0 or 1) for the names of
    `finqa_gym.RubricSchema`. The reward is not among them.

    Args:
        episode: One that is over and not closed.

    Raises:
        ValueError: It still runs, or is closed.

    Example:
        >>> import asyncio
        >>> from finqa_gym import AsyncEngine
        >>> async def play():
        ...     with AsyncEngine(max_episodes=1) as engine:
        ...         async with await engine.start(0) as episode:
        ...             await episode.call("FINAL ANSWER: 42")
        ...             return episode_metrics(episode)
        >>> metrics = asyncio.run(play())
        >>> metrics["num_turns"], metrics["truncated"], metrics["flag/queried"]
        (1.0, 0.0, 0.0)
    """
    result = episode.result()
    turn = episode.last_turn
    if not episode.over or turn is None:
        raise ValueError(
            f"episode of task {episode.task_id!r} still runs; it is scored when it is over"
        )
    calls = result["calls"]
    metrics = {
        "is_correct": float(result["is_correct"] or 0),
        "outcome": float(result["outcome"]),
        "process": float(result["process"]),
        "num_turns": float(result["turn"]),
        "num_calls": float(len(calls)),
        "num_errors": float(sum(call["error"] is not None for call in calls)),
        "truncated": float(turn.truncated),
    }
    schema = episode.engine.env.rubric_schema
    scores = turn.info["dimension_score"].tolist()
    metrics |= {
        f"dimension/{name}": score
        for name, score in zip(schema.dimensions, scores, strict=True)
        if not math.isnan(score)
    }
    metrics |= {
        f"check/{name}": float(check["score"])
        for name, check in result["checks"].items()
        if check["score"] is not None
    }
    return metrics | {f"flag/{name}": float(flag) for name, flag in result["flags"].items()}


def metric_names(schema: RubricSchema) -> list[str]:
    """All names that `episode_metrics` may use, for who needs the same ones for each episode.

    Example:
        >>> from finqa_gym import VectorEnv
        >>> metric_names(VectorEnv().rubric_schema)[:2]
        ['is_correct', 'outcome']
    """
    groups = {"dimension": schema.dimensions, "check": schema.checks, "flag": schema.flags}
    return [*PLAIN, *(f"{group}/{name}" for group, names in groups.items() for name in names)]
