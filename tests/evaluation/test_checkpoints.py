"""Checkpoints in evaluations: a small model that has learnt nothing, saved as trainings do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)
pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from typer.testing import CliRunner

from finqa_gym.cli import app
from finqa_gym.evaluation import evaluate, open_policy
from finqa_gym.exceptions import DataError
from finqa_gym.trajectories import open_run

CORPUS: dict[str, Any] = {"preset": "tiny", "seed": 3}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Threads of torch that wait for each other on busy cores take sixty times as long."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from finqa_gym.train.models import load_model, save_model
    from finqa_gym.train.rollout import Limits
    from finqa_gym.train.settings import EnvSettings, ModelSettings
    from finqa_gym.train.world import World

    folder = tmp_path_factory.mktemp("checkpoints") / "untrained"
    env = EnvSettings(corpus=CORPUS, tool_profile="compact", max_turns=4)
    save_model(load_model(ModelSettings(), World(env)), env, Limits(12, 60), folder)
    return folder


def test_a_checkpoint_plays_as_it_was_trained(checkpoint: Path, tmp_path: Path) -> None:
    from finqa_gym.train.world import open_world_corpus

    policy = open_policy(str(checkpoint), temperature=1.0, seed=5)
    corpus = open_world_corpus(CORPUS)
    options: dict[str, Any] = {"split": "val", "max_tasks": 6, "attempts": 2, "num_envs": 5}
    found = evaluate(policy, corpus, out=tmp_path / "run", **options)
    assert found.run.num_episodes == found.num_played == 12
    assert found.num_left_out == found.num_missing == 0
    assert found.run.info["env"]["tool_profile"] == "compact"
    assert found.run.info["env"]["max_turns"] == 4
    assert found.run.info["policy"] == "untrained"
    assert found.usage.sampled_tokens > 0
    assert evaluate(policy, corpus, out=tmp_path / "run", **options).num_played == 0
    # What it was trained with gives way to what is asked for, and sampling is a setting.
    with pytest.raises(DataError, match=r'env\.tool_profile "compact", and "rllm"'):
        evaluate(policy, corpus, out=tmp_path / "run", tool_profile="rllm", **options)
    greedy = open_policy(str(checkpoint))
    with pytest.raises(DataError, match=r"policy\.temperature 1\.0, and 0\.0"):
        evaluate(greedy, corpus, out=tmp_path / "run", **options)


def test_the_command_finds_out_corpus_and_profile(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["eval", str(checkpoint), "--max-tasks", "4"])
    assert result.exit_code == 0, result.output
    run = open_run(tmp_path / "runs" / "eval-untrained")
    assert run.num_episodes == 4
    assert run.info["corpus"]["name"] == "synthetic-tiny-v1-s3"
    assert run.info["env"]["tool_profile"] == "compact"
    assert set(run.columns(["split"])["split"]) == {"val"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--concurrency", "4"], "concurrency is given, but policy"),
        (["--temperature", "server"], "temperature is left to the server, but policy"),
        (["--model", "m"], "model is given, but policy"),
    ],
)
def test_options_of_endpoints_are_refused(
    checkpoint: Path, tmp_path: Path, options: list[str], problem: str
) -> None:
    command = ["eval", str(checkpoint), "--out", str(tmp_path / "run"), *options]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert problem in result.stderr
