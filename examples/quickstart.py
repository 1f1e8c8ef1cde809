# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym"]
# ///
"""The loop of every trainer: messages in, observations and rewards out, for all slots at once.

Run: python examples/quickstart.py
"""

import finqa_gym

env = finqa_gym.VectorEnv(num_envs=8, split="train", seed=0)
policy = finqa_gym.ScriptedPolicy("gold", env)  # stands where your model will

observations, infos = env.reset()
policy.reset(infos["env_id"], infos["task_index"])
live = infos["env_id"]
while len(live):
    actions = policy.act(live, observations)  # list[str], one message a slot
    batch = env.step(actions, env_ids=live)
    live, observations = batch.running()
    over = batch.terminated | batch.truncated
    for env_id, reward in zip(batch.env_ids[over], batch.rewards[over], strict=True):
        print(f"slot {env_id}: reward {reward:.1f} ({env.messages(env_id)[-1]['content']})")

print("\nThe chat of slot 0:")
for message in env.messages(0):
    print(f"[{message['role']}] {message['content'][:160]}")
env.close()
