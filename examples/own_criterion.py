# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym"]
# ///
"""A criterion of your own beside the built-in ones, a shaped reward, and what an episode came to.

Run: python examples/own_criterion.py
"""

from typing import Any

import numpy as np

import finqa_gym
from finqa_gym.policies import run_episodes


def tidy_sql(episodes: list[dict[str, Any]]) -> list[float | None]:
    """Share of the queries that worked at the first try; None (not applicable) without queries."""
    print(f"    tidy_sql() runs once for {len(episodes)} episodes")
    scores: list[float | None] = []
    for episode in episodes:
        queries = [call for call in episode["calls"] if call["tool"] == "sql_query"]
        worked = sum(call["error"] is None for call in queries)
        scores.append(worked / len(queries) if queries else None)
    return scores


# A judge is such a criterion, too; it needs an OpenAI-compatible endpoint:
#     from finqa_gym.judge import OpenAIJudge
#     OpenAIJudge("http://localhost:8000/v1", "my-judge", weight=0.1)
env = finqa_gym.VectorEnv(
    num_envs=16,
    split="val",
    reward=finqa_gym.RewardConfig("shaped", process_weight=0.1),
    criteria=[finqa_gym.PythonCriterion("tidy_sql", tidy_sql, weight=0.5)],
)
schema = env.rubric_schema
print("checks:", ", ".join(schema.checks))
print("own criteria:", ", ".join(schema.custom))

for name in ("gold", "recovery", "guess"):
    print(f"{name}:")
    rewards, _ = run_episodes(env, finqa_gym.ScriptedPolicy(name, env, seed=1))
    episodes = [env.episode(env_id) for env_id in range(env.num_envs)]
    finished = [episode for episode in episodes if episode is not None]
    own = [episode["custom"]["tidy_sql"] for episode in finished]
    listed = np.mean([episode["flags"]["listed"] for episode in finished])
    failures = sorted({episode["failure"] for episode in finished if episode["failure"]})
    print(f"    mean reward {rewards.mean():.3f}, tidy_sql {np.mean(own):.2f}, listed {listed:.0%}")
    print(f"    failure classes: {', '.join(failures) or 'none'}")
env.close()
