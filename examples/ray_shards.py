# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym[ray]"]
# ///
"""One environment over two actors of Ray, one of which is killed on the way.

pip install "finqa-gym[ray]"
python examples/ray_shards.py
"""

from __future__ import annotations

import os
import signal

import numpy as np
import ray

import finqa_gym
from finqa_gym.integrations.ray import ShardedVectorEnv

# On a cluster: ray.init(address="auto"), or nothing at all, since the environment then calls it.
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")

with ShardedVectorEnv(num_envs=64, num_shards=2, group_size=8, split="train", seed=0) as env:
    policy = finqa_gym.ScriptedPolicy("gold", env)  # stands where your model would

    def play(infos: dict[str, np.ndarray], *, kill_at: int | None = None) -> np.ndarray:
        """Plays the episodes that just began; rewards by slot."""
        policy.reset(infos["env_id"], infos["task_index"])
        rewards = np.zeros(env.num_envs, np.float32)
        live, observations, turn = infos["env_id"], [""] * len(infos["env_id"]), 0
        while len(live):
            if turn == kill_at:
                os.kill(env.process_ids[1], signal.SIGKILL)
            # One call for each shard. With send() and recv(), a shard steps while your model acts
            # for the other: docs/guides/ray.md.
            batch = env.step(policy.act(live, observations), env_ids=live)
            rewards[batch.env_ids] += batch.rewards
            for reason in np.unique(batch.infos["truncation_reason"][batch.truncated]):
                count = int((batch.infos["truncation_reason"] == reason).sum())
                print(f"turn {turn}: {count} episodes {env.truncation_reasons[reason]}")
                lost[batch.env_ids[batch.truncated]] = True
            live, observations = batch.running()
            turn += 1
        return rewards

    lost = np.zeros(env.num_envs, np.bool_)
    _, infos = env.reset()
    print(f"mean reward {play(infos).mean():.3f} over {env.num_shards} shards")

    _, infos = env.reset()
    rewards = play(infos, kill_at=2)
    print(f"mean reward {rewards[~lost].mean():.3f} where no shard died")

    # The shard was made again; its slots start like any other that is over.
    _, infos = env.reset(reset_mask=lost)
    rewards = play(infos)
    print(f"mean reward {rewards[lost].mean():.3f} in the new shard")
    print(f"{env.stats()['num_rebuilt_shards']} shard made again")
