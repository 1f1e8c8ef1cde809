# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym[gym]"]
# ///
"""The same episodes through Gymnasium's own functions, with its autoreset rules.

Run: python examples/gymnasium_loop.py
"""

import gymnasium
import numpy as np

# The part before the colon is the module that Gymnasium imports; it registers the id.
envs = gymnasium.make_vec("finqa_gym:FinQA-v0", num_envs=4, split="train", max_turns=3)
print("autoreset:", envs.metadata["autoreset_mode"].name)
print("actions:  ", envs.single_action_space)

observations, infos = envs.reset(seed=0)
print("prompt:   ", observations[0][:100], "…\n")
ended = 0
for step in range(8):
    # Samples are well-formed calls of random tools; slot 3 answers at once, so it ends alone.
    actions = [*envs.action_space.sample()[:3], "FINAL ANSWER: 0"]
    observations, rewards, terminated, truncated, infos = envs.step(actions)
    ended += int(np.sum(terminated | truncated))
    print(
        f"step {step}: turn {infos['turn'].tolist()}, new episode {infos['was_reset'].tolist()}, "
        f"terminated {terminated.tolist()}, truncated {truncated.tolist()}"
    )
print(f"\n{ended} episodes ended")
envs.close()
