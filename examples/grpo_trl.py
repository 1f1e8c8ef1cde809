# /// script
# requires-python = ">=3.11"
# dependencies = ["finqa-gym[train]"]
# ///
"""GRPO with TRL's own trainer: any Hugging Face model, episodes played in batches in Rust.

    python examples/grpo_trl.py                                         # a small model, made here
    python examples/grpo_trl.py --model Qwen/Qwen3-0.6B --profile rllm  # yours; wants a GPU

`finqa-gym train` does the same from a YAML file, with a supervised start, measurements, a report.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from finqa_gym.train.grpo import grpo_trainer
from finqa_gym.train.models import load_model, save_model
from finqa_gym.train.rollout import Limits
from finqa_gym.train.settings import EnvSettings, GrpoSettings, ModelSettings
from finqa_gym.train.world import World


def main() -> None:
    """Trains for some steps, and saves the model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", default="small:1m")
    parser.add_argument("--corpus", default="synthetic:0:tiny")
    parser.add_argument("--profile", default="compact", choices=["rllm", "openenv", "compact"])
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("runs/grpo-trl"))
    options = parser.parse_args()

    small = options.model.startswith("small:")
    world = World(EnvSettings(corpus=options.corpus, tool_profile=options.profile))
    loaded = load_model(ModelSettings(options.model, tools_in_prompt=not small), world)
    settings = GrpoSettings(
        steps=options.steps,
        tasks_per_step=2,
        group_size=4,
        message_tokens=32 if small else 512,
        episode_tokens=128 if small else 4096,
        # Whatever trl.GRPOConfig takes: loss_type, beta, use_vllm, save_steps, report_to, ...
        trainer={"learning_rate": 1e-5, "loss_type": "dapo", "log_completions": False},
    )
    trainer = grpo_trainer(world, loaded, settings, options.out, seed=0)
    trainer.train()
    for logs in trainer.state.log_history:
        if "pass_at_1" in logs:
            print(
                f"step {logs['step']}: pass@1 {logs['pass_at_1']:.3f}, "
                f"environment {logs['time/env_share']:.1%} of rollout time"
            )
    timing = trainer.rollout_func.timing
    print(f"{timing.num_steps} steps, {timing.num_sampled} tokens in {timing.total_s:.1f} s")
    trainer.rollout_func.close()
    limits = Limits(settings.message_tokens, settings.episode_tokens)
    save_model(loaded, world.settings, limits, options.out / "model")
    print(f"saved {options.out / 'model'}; `finqa-gym eval` plays it")


if __name__ == "__main__":
    main()
