"""Two processes train one model: a group is split between them, its baseline is not."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from two_ranks import run_two_ranks

pytest.importorskip("trl", reason="the extra train is not installed")

# TRL 1.16 uses names that transformers 5.23 calls old, and says so of itself.
pytestmark = [pytest.mark.filterwarnings("ignore::FutureWarning")]

SCRIPT = Path(__file__).parent / "two_processes.py"
Ranks = list[dict[str, Any]]


@pytest.fixture(scope="module")
def folder(_talker: Any, tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model to begin with."""
    out = tmp_path_factory.mktemp("model")
    _talker.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return out


@pytest.fixture(scope="module")
def ranks(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Ranks:
    out = tmp_path_factory.mktemp("ranks")
    run_two_ranks(SCRIPT, [str(folder), str(out)], out)
    return [json.loads((out / f"rank-{rank}.json").read_text()) for rank in (0, 1)]


def column(ranks: Ranks, step: int, name: str) -> list[list[Any]]:
    """A value of the episodes of each process."""
    return [[each[name] for each in rank["steps"][step]] for rank in ranks]


def test_the_group_in_the_middle_is_shared(ranks: Ranks) -> None:
    for step in range(2):
        first, second = column(ranks, step, "task")
        whole, middle = first[0], first[4]
        assert first == [whole] * 4 + [middle] * 2
        assert second == [middle] * 2 + [second[2]] * 4
        assert len({whole, middle, second[2]}) == 3


def test_no_process_draws_what_another_drew(ranks: Ranks) -> None:
    for step in range(2):
        first, second = column(ranks, step, "completion_ids")
        drawn = {tuple(ids) for ids in first[4:] + second[:2]}
        assert len(drawn) == 4, "four tries of one task"
        assert any(0 in mask for mask in column(ranks, step, "env_mask")[0]), "tools answered"


def test_advantages_are_of_whole_groups(ranks: Ranks) -> None:
    for step in range(2):
        tasks = np.concatenate(column(ranks, step, "task"))
        rewards = np.concatenate(column(ranks, step, "reward"))
        found = np.concatenate([rank["advantages"][step] for rank in ranks])
        for task in np.unique(tasks):
            group = rewards[tasks == task]
            wanted = (group - group.mean()) / (group.std(ddof=1) + 1e-4)
            assert found[tasks == task] == pytest.approx(wanted, abs=1e-3)
        assert np.abs(found).max() > 0.1, "rewards differ, or this test says nothing"


def test_two_learn_what_one_would_learn(ranks: Ranks, folder: Path, tmp_path: Path) -> None:
    """The same episodes again, in one process."""
    assert ranks[0]["weights"] == pytest.approx(ranks[1]["weights"], abs=1e-9)
    spec = importlib.util.spec_from_file_location("two_processes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    trainer, _ = script.scored_trainer(folder, tmp_path)
    before = script.weights_of(trainer.model)
    steps = [ranks[0]["steps"][step] + ranks[1]["steps"][step] for step in range(2)]

    def replayed(prompts: list[Any], trainer: Any) -> dict[str, list[Any]]:
        played = steps[trainer.state.global_step]
        assert len(prompts) == len(played)
        names = ("prompt_ids", "completion_ids", "logprobs", "env_mask")
        return {name: [each[name] for each in played] for name in names}

    def recorded(trainer_state: Any, **_: Any) -> list[float]:
        return [each["reward"] for each in steps[trainer_state.global_step]]

    trainer.rollout_func, trainer.reward_funcs = replayed, [recorded]
    trainer.train()
    found = np.array(script.weights_of(trainer.model))
    assert found == pytest.approx(np.array(ranks[0]["weights"]), abs=1e-6)
    assert np.abs(found - before).max() > 1e-4, "there was something to learn"
