# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym"]
# ///
"""Group rollouts as GRPO wants them: one task a group, its slots differ in what the policy does.

Half of every group plays well here and half does not, so that there is something to learn from. The
mask of the slots that still run shrinks from turn to turn; finished slots cost nothing.

Run: python examples/vector_rollout.py
"""

import numpy as np

import finqa_gym

NUM_GROUPS, GROUP_SIZE = 8, 8

env = finqa_gym.VectorEnv(
    num_envs=NUM_GROUPS * GROUP_SIZE,
    group_size=GROUP_SIZE,
    split="train",
    seed=1,
    max_turns=12,
    measure_latency=True,
)
good = finqa_gym.ScriptedPolicy("gold", env)
bad = finqa_gym.ScriptedPolicy("guess", env, seed=3)

observations, infos = env.reset()
texts = np.array(observations, dtype=object)  # the last observation of every slot
assert len(set(texts[:GROUP_SIZE])) == 1, "a group has one prompt"
for policy in (good, bad):
    policy.reset(infos["env_id"], infos["task_index"])

plays_well = np.arange(env.num_envs) % 2 == 0
rewards = np.zeros(env.num_envs, dtype=np.float32)
running = np.ones(env.num_envs, dtype=bool)
turn = 0
while running.any():
    turn += 1
    actions = np.empty(env.num_envs, dtype=object)
    for policy, mine in ((good, running & plays_well), (bad, running & ~plays_well)):
        slots = np.flatnonzero(mine)
        actions[slots] = policy.act(slots.tolist(), texts[slots].tolist())
    live = np.flatnonzero(running)
    batch = env.step(actions[live].tolist(), env_ids=live.tolist())
    rewards[batch.env_ids] += batch.rewards
    texts[batch.env_ids] = batch.observations
    running[batch.env_ids] = ~(batch.terminated | batch.truncated)
    mask = "".join("#" if runs else "." for runs in running[: 4 * GROUP_SIZE])
    errors = int(batch.infos["num_errors"].sum())
    print(f"turn {turn:2}: {len(live):2} slots stepped, {errors:2} mistakes, live {mask}…")

groups = rewards.reshape(NUM_GROUPS, GROUP_SIZE)
advantages = (groups - groups.mean(1, keepdims=True)) / (groups.std(1, keepdims=True) + 1e-6)
print(f"\nmean reward {rewards.mean():.3f}; by group {groups.mean(1).round(2).tolist()}")
print(f"advantages of group 0: {advantages[0].round(2).tolist()}")

stats = env.stats()
print(f"{stats['steps']} steps, {stats['episodes_correct']} right answers")
for name, tool in stats["tools"].items():
    if tool["calls"] and tool["p50_us"] is not None:
        print(f"  {name:14} {tool['calls']:4} calls, p50 {tool['p50_us']:.1f} us")
print(f"mistakes by code: {stats['tool_errors']}")
env.close()
