"""FSDP's second version: processes that hold a part of the weights each play at their own pace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from two_ranks import run_two_ranks

pytest.importorskip("trl", reason="the extra train is not installed")

# TRL 1.16 uses names that transformers 5.23 calls old, and says so of itself.
pytestmark = [pytest.mark.filterwarnings("ignore::FutureWarning")]

HERE = Path(__file__).parent
HOW = ("split", "whole")


@pytest.fixture(scope="module")
def trained(_talker: Any, tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of the same training by two processes, with split and with whole weights."""
    out = tmp_path_factory.mktemp("split")
    _talker.save_pretrained(out / "talker")
    tokenizer.save_pretrained(out / "talker")
    for how in HOW:
        (out / how).mkdir()
        arguments = [str(out / "talker"), str(out / how), how]
        run_two_ranks(HERE / "split_processes.py", arguments, out / how)
    return out


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = load_file(folder / "model.safetensors")
    return found


@pytest.mark.parametrize("stage", ["base", "model"])
def test_split_weights_learn_what_whole_ones_learn(trained: Path, stage: str) -> None:
    split, whole = (weights(trained / how / stage) for how in HOW)
    before = weights(trained / "talker")
    assert split.keys() == whole.keys()
    for name in whole:
        assert split[name].shape == whole[name].shape
        assert (split[name] - whole[name]).abs().max() < 1e-4, name
    moved = max(float((whole[name] - before[name]).abs().max()) for name in whole)
    assert moved > 1e-3, "there was something to learn"


def test_measurements_are_those_of_whole_weights(trained: Path) -> None:
    split, whole = (json.loads((trained / how / "result.json").read_text()) for how in HOW)
    assert [each["step"] for each in split["measured"]] == [0, 1, 2]
    for a, b in zip(
        [*split["measured"], split["greedy"]], [*whole["measured"], whole["greedy"]], strict=True
    ):
        assert (a["single"], a["multi"], a["behaviour"]) == (
            b["single"],
            b["multi"],
            b["behaviour"],
        )


def test_processes_played_different_numbers_of_turns(trained: Path) -> None:
    """Else nothing would have hung without whole weights, and these tests say little."""
    turns = [json.loads((trained / "split" / f"turns-{rank}.json").read_text()) for rank in (0, 1)]
    assert turns[0] != turns[1]


def test_the_first_version_is_refused() -> None:
    import torch
    from torch.distributed.fsdp import FullyShardedDataParallel

    from finqa_gym.train.split_weights import whole_weights

    wrapped = FullyShardedDataParallel.__new__(FullyShardedDataParallel)
    torch.nn.Module.__init__(wrapped)
    with pytest.raises(ValueError, match="fsdp_version: 2"), whole_weights(wrapped):
        pass
