"""What `test_vllm_sampler` runs in each of two processes: two steps of GRPO behind one server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from finqa_gym.train.grpo import grpo_trainer
from finqa_gym.train.models import load_model
from finqa_gym.train.processes import process_state
from finqa_gym.train.rollout import RolloutBatch
from finqa_gym.train.settings import GrpoSettings, ModelSettings
from finqa_gym.train.world import World
from small_training import ENV, LEARN, score
from vllm_server import reach_without_vllm


def main(model: Path, out: Path, url: str) -> None:
    """Trains, and writes down how long episodes were and how far probabilities are apart."""
    torch.set_num_threads(1)
    world = World(ENV)
    loaded = load_model(ModelSettings(str(model)), world)
    settings = GrpoSettings(
        steps=2,
        tasks_per_step=3,
        group_size=4,
        message_tokens=24,
        episode_tokens=160,
        trainer={
            "use_vllm": True,
            "vllm_mode": "server",
            "vllm_server_base_url": url,
            **LEARN,
        },
    )
    batches: list[RolloutBatch] = []

    def on_batch(batch: RolloutBatch, _step: int) -> None:
        score(batch)
        batches.append(batch)

    with reach_without_vllm():
        trainer = grpo_trainer(world, loaded, settings, out, 7, on_batch=on_batch)
        gaps: list[float] = []
        inner = trainer._generate_and_score_completions

        def noted(inputs: object) -> object:
            made = inner(inputs)
            apart = (made["old_per_token_logps"] - made["sampling_per_token_logps"]).abs()
            gaps.append(float((apart * made["completion_mask"] * made["tool_mask"]).max()))
            return made

        trainer._generate_and_score_completions = noted
        trainer.train()
    trainer.rollout_func.close()
    written = {
        "gaps": gaps,
        "turns": [[each.num_turns for each in batch.rollouts] for batch in batches],
        "completions": [[each.completion_ids for each in batch.rollouts] for batch in batches],
    }
    (out / f"rank-{process_state().process_index}.json").write_text(json.dumps(written))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
