"""The proof without weights holds for a small model, and fails where it should."""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl", reason="the extra train is not installed")
pytest.importorskip("resource", reason="there is none on Windows")

from finqa_gym.train import world as worlds
from finqa_gym.train.demonstrate import encode_chat
from finqa_gym.train.trimmed import TrimmedGRPOTrainer
from finqa_gym.train.world import World

# TRL 1.16 uses names that transformers 5.23 calls old, and says so of itself.
pytestmark = [pytest.mark.filterwarnings("ignore::FutureWarning")]

BENCHES = Path(__file__).parents[2] / "benches"
Prove = Callable[[Path], tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def script() -> Iterator[Any]:
    """The script, with less to do: two layers, and a look at few tasks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHES)
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setattr(worlds, "LOOKED_AT", 100)
        script = importlib.import_module("systems_proof")
        tiny = script.SHAPES["tiny"]
        small = dataclasses.replace(tiny, config=tiny.config | {"num_hidden_layers": 2})
        patch.setitem(script.SHAPES, "tiny", small)
        yield script


@pytest.fixture(scope="module")
def prove(script: Any) -> Prove:
    def run(out: Path) -> tuple[int, dict[str, Any]]:
        told = out / "found.json"
        size = ["--steps", "2", "--tasks-per-step", "1", "--group-size", "2"]
        status = script.main([*size, "--device", "cpu", "--json", str(told)])
        return status, json.loads(told.read_text())

    return run


def test_a_small_model_is_proved(
    prove: Prove, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = prove(tmp_path)
    assert status == 0
    assert found["spans"] > 2 * 2 * 2, "episodes have turns"
    assert found["wrong"] == 0
    assert found["gap"]["tokens"] == sum(s["sampled_tokens"] for s in found["each_step"])
    assert 0 < found["gap"]["max"] < 1e-3
    assert 0 < found["env_share"] < 1
    assert found["differing_groups"] == 1.0
    assert min(found["logged"]["grad_norm"].values()) > 0
    resumed = found["resume"]
    assert resumed["same_tasks"]
    assert resumed["steps"] == [2]
    assert max(resumed[name] for name in ("loss", "reward", "entropy", "grad_norm")) <= 1e-6
    assert "0 wrong" in capsys.readouterr().out


def test_a_training_that_forgot_its_weights_is_noticed(
    prove: Prove, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrimmedGRPOTrainer, "_load_from_checkpoint", lambda *_: None)
    status, found = prove(tmp_path)
    assert status == 1
    assert found["resume"]["same_tasks"]
    assert found["resume"]["grad_norm"] > 1e-6


def test_a_shifted_mask_is_found(script: Any) -> None:
    forced = importlib.import_module("forced_rollouts")
    world = World(script.TEMPLATE.env)
    tokenizer = script.tokenizer_of(world)
    codec = script.load(script.SHAPES["tiny"], tokenizer, "cpu", 0).codec
    chats = forced.played(world, world.corpus.task_ids("train", 2) * 2, 0)
    for chat in chats:
        last = max(i for i, message in enumerate(chat) if message["role"] == "assistant")
        ids, mask = encode_chat(codec, chat[: last + 1])
        assert forced.wrong_parts(codec, chat, ids, mask) == 0
        for shifted in ([0, *mask[:-1]], [*mask[1:], 0], [0] * len(mask)):
            assert forced.wrong_parts(codec, chat, ids, shifted) > len(forced.said_in(chat))


def test_the_large_shape_is_that_of_qwen3_4b(script: Any) -> None:
    import torch

    model = script.make_model(script.SHAPES["qwen3-4b"], "meta")
    assert sum(weight.numel() for weight in model.parameters()) == 4_022_468_096
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    assert model.lm_head.weight is model.model.embed_tokens.weight
