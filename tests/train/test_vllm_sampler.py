"""Rollouts through TRL's vLLM client and generation, alone and by two processes of one server."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trl", reason="the extra train is not installed")
pytest.importorskip("requests", reason="TRL's client of vLLM needs requests")

import torch
from transformers import AutoModelForCausalLM

from finqa_gym.train.grpo import grpo_trainer
from finqa_gym.train.models import load_model
from finqa_gym.train.rollout import RolloutBatch
from finqa_gym.train.settings import GrpoSettings, ModelSettings
from finqa_gym.train.vllm_sampler import VllmSampler, awake
from finqa_gym.train.world import World
from small_training import ENV, LEARN, score
from two_ranks import run_two_ranks
from vllm_server import VllmServer, reach_without_vllm

# TRL 1.16 uses names that transformers 5.23 calls old, and says so of itself.
pytestmark = [pytest.mark.filterwarnings("ignore::FutureWarning")]

HERE = Path(__file__).parent
GRPO = GrpoSettings(steps=2, tasks_per_step=2, group_size=4, message_tokens=24, episode_tokens=160)


@pytest.fixture
def folder(talker: Any, tokenizer: Any, tmp_path: Path) -> Path:
    out = tmp_path / "talker"
    talker.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return out


@pytest.fixture
def server(talker: Any, codec: Any) -> Iterator[VllmServer]:
    with VllmServer(copy.deepcopy(talker), codec.stop_ids) as server:
        yield server


def through(server: VllmServer) -> dict[str, Any]:
    return {
        "use_vllm": True,
        "vllm_mode": "server",
        "vllm_server_base_url": server.url,
        **LEARN,
    }


def test_a_training_through_a_server(folder: Path, server: VllmServer, tmp_path: Path) -> None:
    batches: list[RolloutBatch] = []

    def on_batch(batch: RolloutBatch, _step: int) -> None:
        score(batch)
        batches.append(batch)

    world = World(ENV)
    loaded = load_model(ModelSettings(str(folder)), world)
    settings = dataclasses.replace(GRPO, trainer=through(server))
    with reach_without_vllm():
        trainer = grpo_trainer(world, loaded, settings, tmp_path, 7, on_batch=on_batch)
        trainer.train()
    trainer.rollout_func.close()
    assert server.num_updates == 2, "the weights of each step"
    gaps = [row for row in trainer.state.log_history if "loss" in row]
    assert len(gaps) == 2
    for row in gaps:
        # The server sampled with the weights of the step, and its probabilities arrived in place.
        assert row["sampling/sampling_logp_difference/max"] < 1e-3
    first = AutoModelForCausalLM.from_pretrained(folder)
    for each in batches[0].rollouts:
        ids = torch.tensor([each.prompt_ids + each.completion_ids])
        with torch.no_grad():
            logprobs = first(ids).logits.log_softmax(-1)[0, len(each.prompt_ids) - 1 : -1]
        found = logprobs.gather(1, ids[0, len(each.prompt_ids) :, None])[:, 0]
        sampled = torch.tensor(each.mask) == 1
        wanted = torch.tensor(each.logprobs)
        assert (found - wanted)[sampled].abs().max() < 1e-3
        assert each.num_tokens <= GRPO.episode_tokens
    assert max(each.num_turns for each in batches[0].rollouts) > 1
    moved = [
        (a - b).abs().max()
        for a, b in zip(first.parameters(), trainer.model.parameters(), strict=True)
    ]
    assert max(moved) > 1e-4, "there was something to learn"


def test_two_processes_share_a_server(folder: Path, server: VllmServer, tmp_path: Path) -> None:
    run_two_ranks(HERE / "vllm_processes.py", [str(folder), str(tmp_path), server.url], tmp_path)
    ranks = [json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    turns = [[max(batch) for batch in rank["turns"]] for rank in ranks]
    assert turns[0] != turns[1], "one had to wait for the other, or this test says little"
    assert server.num_updates == 2
    # One request for the chats of both processes, as many as the longest of the batches has turns.
    assert len(server.asked) == sum(max(pair) for pair in zip(*turns, strict=True))
    live = [
        sum(count > turn for rank in ranks for count in rank["turns"][step])
        for step in range(2)
        for turn in range(max(max(rank["turns"][step]) for rank in ranks))
    ]
    assert server.asked == [-(-count // 2) * 2 for count in live], "at most one is asked twice"
    for rank in ranks:
        assert max(rank["gaps"]) < 1e-3, "everyone got the answers to its own chats"
    assert ranks[0]["completions"] != ranks[1]["completions"]


class Llm:
    """Notes what TRL does with vLLM's engine."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def wake_up(self, tags: list[str]) -> None:
        self.done.append(f"wake {tags[0]}")

    def sleep(self, level: int) -> None:
        self.done.append(f"sleep {level}")


@pytest.mark.parametrize("weights_sleep", [False, True])
def test_an_engine_that_sleeps_stays_awake_for_an_episode(weights_sleep: bool) -> None:
    llm = Llm()
    generation = SimpleNamespace(
        mode="colocate",
        llm=llm,
        enable_sleep_mode=True,
        _llm_weights_sleeping=weights_sleep,
        sync_weights=lambda: llm.done.append("weights"),
    )
    with awake(generation):
        assert not generation.enable_sleep_mode, "or TRL puts it to sleep after every turn"
    assert llm.done == ["weights"] * weights_sleep + ["wake kv_cache", "sleep 2"]
    assert generation.enable_sleep_mode
    assert generation._llm_weights_sleeping


def test_what_could_not_be_scored_is_nan() -> None:
    generation = SimpleNamespace(
        mode="colocate",
        tensor_parallel_size=1,
        max_completion_length=99,
        generate=lambda **_: (None, [[5, 6, 7]], [[[-0.5], [None], [-0.25]]], None),
    )
    sampler = VllmSampler(generation, {7})
    (said,) = sampler.turn([0], [[1, 2]], [3])
    assert said.ids == [5, 6, 7]
    assert said.stopped
    assert said.logprobs[0] == -0.5
    assert math.isnan(said.logprobs[1])
    assert generation.max_completion_length == 99
