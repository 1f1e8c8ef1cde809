"""Log-probabilities in pieces of like length are those of the whole batch."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl", reason="the extra train is not installed")

import torch
from trl import GRPOTrainer

from finqa_gym.train.grpo import grpo_trainer
from finqa_gym.train.models import LoadedModel
from finqa_gym.train.settings import EnvSettings, GrpoSettings, ModelSettings
from finqa_gym.train.trimmed import TrimmedGRPOTrainer, pieces_of
from finqa_gym.train.world import World

pytestmark = [pytest.mark.filterwarnings("ignore::FutureWarning")]

PROMPTS = (3, 9, 5, 9, 2, 7, 4, 6, 9, 3, 8, 1)
COMPLETIONS = (4, 40, 7, 0, 33, 12, 1, 8, 21, 40, 2, 5)


@pytest.fixture
def trainer(model: Any, tokenizer: Any, codec: Any, tmp_path: Path) -> TrimmedGRPOTrainer:
    env = EnvSettings({"preset": "tiny"}, tool_profile="compact", max_turns=3)
    loaded = LoadedModel(copy.deepcopy(model), tokenizer, codec, ModelSettings("small:1m"))
    settings = GrpoSettings(
        steps=1, tasks_per_step=1, group_size=4, message_tokens=20, episode_tokens=40
    )
    made = grpo_trainer(World(env), loaded, settings, tmp_path, 0)
    assert isinstance(made, TrimmedGRPOTrainer)
    return made


def padded() -> tuple[torch.Tensor, torch.Tensor]:
    """Prompts padded on their left, completions on their right."""
    width, length = max(PROMPTS), max(COMPLETIONS)
    ids = torch.randint(5, 200, (len(PROMPTS), width + length))
    mask = torch.zeros_like(ids)
    for row, (before, after) in enumerate(zip(PROMPTS, COMPLETIONS, strict=True)):
        mask[row, width - before : width + after] = 1
    return ids * mask, mask


def test_values_and_gradients_are_those_of_the_whole_batch(trainer: Any) -> None:
    torch.manual_seed(0)
    ids, mask = padded()
    completion = mask[:, -max(COMPLETIONS) :]
    found = {}
    for kind in (GRPOTrainer, TrimmedGRPOTrainer):
        trainer.model.zero_grad()
        logps, entropies, _ = kind._get_per_token_logps_and_entropies(
            trainer, trainer.model, ids, mask, max(COMPLETIONS), compute_entropy=True
        )
        assert entropies is not None
        assert logps.shape == entropies.shape == completion.shape
        ((logps + entropies) * completion).sum().backward()
        gradient = torch.cat([each.grad.flatten() for each in trainer.model.parameters()])
        found[kind] = (logps * completion, entropies * completion, gradient)
    for whole, trimmed in zip(found[GRPOTrainer], found[TrimmedGRPOTrainer], strict=True):
        assert whole.abs().max() > 0
        torch.testing.assert_close(trimmed, whole, rtol=1e-4, atol=1e-4)


def test_pieces_hold_every_row_once_and_are_of_like_length() -> None:
    _, mask = padded()
    pieces = pieces_of(mask)
    assert sorted(torch.cat(pieces).tolist()) == list(range(len(PROMPTS)))
    lengths = [mask[rows].sum(1) for rows in pieces]
    for shorter, longer in itertools.pairwise(lengths):
        assert shorter.max() <= longer.min()
    assert max(len(rows) for rows in pieces_of(mask, 2)) == 2


def test_a_small_batch_is_one_piece() -> None:
    assert len(pieces_of(torch.ones(7, 5))) == 1
