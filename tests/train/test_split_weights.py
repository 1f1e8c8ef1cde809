"""FSDP 2 and ZeRO 3: processes that hold a part of the weights each play at their own pace."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from two_ranks import run_two_ranks

pytest.importorskip("trl", reason="the extra train is not installed")

# TRL 1.16 uses names that transformers 5.23 calls old, and says so of itself.
pytestmark = [pytest.mark.filterwarnings("ignore::FutureWarning")]

HERE = Path(__file__).parent
WAYS = [
    "fsdp2",
    pytest.param(
        "zero3",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("deepspeed") is None, reason="deepspeed is not installed"
        ),
    ),
]


@pytest.fixture(scope="module")
def start(_talker: Any, tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model to begin with."""
    out = tmp_path_factory.mktemp("talker")
    _talker.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return out


def trained(start: Path, out: Path, how: str) -> Path:
    """The folder of a training by two processes."""
    run_two_ranks(HERE / "split_processes.py", [str(start), str(out), how], out)
    return out


@pytest.fixture(scope="module")
def whole(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(start, tmp_path_factory.mktemp("whole"), "whole")


@pytest.fixture(scope="module", params=WAYS)
def split(request: Any, start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(start, tmp_path_factory.mktemp(request.param), request.param)


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = load_file(folder / "model.safetensors")
    return found


def test_split_weights_learn_what_whole_ones_learn(split: Path, whole: Path, start: Path) -> None:
    before = weights(start)
    for stage in ("base", "model"):
        found, wanted = weights(split / stage), weights(whole / stage)
        assert found.keys() == wanted.keys()
        for name in wanted:
            assert found[name].shape == wanted[name].shape
            assert (found[name] - wanted[name]).abs().max() < 1e-4, name
        moved = max(float((wanted[name] - before[name]).abs().max()) for name in wanted)
        assert moved > 1e-3, "there was something to learn"
        before = wanted


def test_measurements_are_those_of_whole_weights(split: Path, whole: Path) -> None:
    found, wanted = (json.loads((each / "result.json").read_text()) for each in (split, whole))
    assert [each["step"] for each in found["measured"]] == [0, 1, 2]
    for a, b in zip(
        [*found["measured"], found["greedy"]], [*wanted["measured"], wanted["greedy"]], strict=True
    ):
        assert (a["single"], a["multi"], a["behaviour"]) == (
            b["single"],
            b["multi"],
            b["behaviour"],
        )


def test_processes_played_different_numbers_of_turns(split: Path) -> None:
    """Else nothing would have hung without whole weights, and these tests say little."""
    turns = [json.loads((split / f"turns-{rank}.json").read_text()) for rank in (0, 1)]
    assert turns[0] != turns[1]


def test_the_first_version_is_refused() -> None:
    import torch
    from torch.distributed.fsdp import FullyShardedDataParallel

    from finqa_gym.train.split_weights import whole_weights

    wrapped = FullyShardedDataParallel.__new__(FullyShardedDataParallel)
    torch.nn.Module.__init__(wrapped)
    with pytest.raises(ValueError, match="fsdp_version: 2"), whole_weights(wrapped):
        pass
