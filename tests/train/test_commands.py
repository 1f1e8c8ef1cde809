"""`finqa-gym init`, `train`, `experiment` and `diagnose`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("trl", reason="the extra train is not installed")

from finqa_gym.cli import app

# TRL 1.16 uses names that transformers 5.23 calls old, and says so of itself.
pytestmark = [pytest.mark.filterwarnings("ignore::FutureWarning")]

ACCELERATE = Path(__file__).resolve().parents[2] / "examples" / "accelerate"
SMALL = """
num_threads: 1
env:
  corpus: {preset: tiny, multi_table_pct: 40, train_companies: 40, val_companies: 8}
  tool_profile: compact
  task_prompt: "{question}"
  system_prompt: ""
  max_turns: 3
sft:
  batch_size: 8
  phases: [{steps: 3, mixture: {gold: 1}, tasks: 32}]
  trainer: {learning_rate: 1e-3}
grpo: {steps: 1, tasks_per_step: 2, group_size: 2, message_tokens: 8, episode_tokens: 40}
eval: {tasks: 3, every: 0}
"""


def finqa(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    return done.exit_code, re.sub(r"\s+", " ", done.output)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def trained(config: Path) -> tuple[Path, str]:
    out = config.parent / "run"
    code, shown = finqa("train", config, "--set", f"out={out}", "--price-per-hour", "2")
    assert code == 0, shown
    return out, shown


def test_init_writes_a_configuration_that_is_read(tmp_path: Path) -> None:
    from finqa_gym.train.settings import read_settings

    for template in ("demo", "tiny", "qwen3-4b"):
        path = tmp_path / f"{template}.yaml"
        assert finqa("init", path, "--template", template)[0] == 0
        assert read_settings(path).grpo.group_size == 8
        code, shown = finqa("init", path, "--template", template)
        assert code != 0
        assert "--overwrite replaces it" in shown
    code, shown = finqa("init", tmp_path / "x.yaml", "--template", "huge")
    assert code != 0
    assert "there are demo, qwen3-4b, tiny" in shown


def test_the_published_settings_are_those_of_the_template(tmp_path: Path) -> None:
    from finqa_gym.train.settings import read_settings

    finqa("init", tmp_path / "q.yaml", "--template", "qwen3-4b")
    made = read_settings(tmp_path / "q.yaml")
    assert made.model.lora is not None
    assert made.model.lora["r"] == 32
    assert made.grpo.trainer["learning_rate"] == 1e-6
    assert (made.grpo.trainer["epsilon"], made.grpo.trainer["epsilon_high"]) == (0.2, 0.28)
    assert (made.grpo.temperature, made.env.max_turns) == (0.6, 20)


def test_train_shows_what_was_learned_and_leaves_a_report(trained: tuple[Path, str]) -> None:
    out, shown = trained
    assert "Tool profile compact" in shown
    assert "pass@1, one table" in shown
    assert "episodes with an error" in shown
    assert re.search(r"Of \d+ s of rollouts \d+\.\d s went to the environment", shown)
    assert re.search(r"0\.00 h and 0\.00 in all", shown)
    assert (out / "report.html").stat().st_size > 10_000


def test_a_folder_in_use_and_a_missing_file_are_errors(
    trained: tuple[Path, str], config: Path
) -> None:
    code, shown = finqa("train", config, "--set", f"out={trained[0]}")
    assert code != 0
    assert "--resume" in shown
    code, shown = finqa("train", "nowhere.yaml")
    assert code != 0
    assert "there are demo, qwen3-4b, tiny" in shown
    code, shown = finqa("train", config, "--set", "grpo.step=4")
    assert code != 0
    assert "has no setting 'step'; there are steps, tasks_per_step" in shown


def test_diagnose_plays_what_the_model_was_trained_on(
    trained: tuple[Path, str], tmp_path: Path
) -> None:
    numbers = tmp_path / "numbers.json"
    code, shown = finqa(*("diagnose", trained[0] / "model", "--max-tasks", "6", "--json", numbers))
    assert code == 0, shown
    assert "the right queries made" in shown
    assert "Loading" not in shown
    found = json.loads(numbers.read_text())
    assert found["stages"] == ["nothing", "tables", "schema", "rows", "arithmetic"]
    assert found["num_tasks"] == 6


def test_shift_plays_the_same_tasks_in_other_worlds(
    trained: tuple[Path, str], tmp_path: Path
) -> None:
    numbers = tmp_path / "numbers.json"
    code, shown = finqa("shift", trained[0] / "model", "--max-tasks", "4", "--json", numbers)
    assert code == 0, shown
    found = {each["name"]: each for each in json.loads(numbers.read_text())}
    assert list(found)[:3] == ["as trained", "tools renamed", "tool profile rllm"]
    assert found["stored as files, tables renamed"]["num_tasks"] == 4


def test_renamed_tables_keep_questions_and_answers() -> None:
    import finqa_gym
    from finqa_gym.train.shift import renamed_tables

    corpus = finqa_gym.synthetic(0, finqa_gym.SynthConfig.preset("tiny"))
    made = renamed_tables(corpus, "val", 2, lambda name: name[::-1])
    names = {table["name"] for table in corpus.tables("val0")}
    assert {table["name"] for table in made.tables("val0")} == {name[::-1] for name in names}
    task_id = corpus.task_ids("val", 1)[0]
    assert made.task(task_id)["question"] == corpus.task(task_id)["question"]
    assert made.task(task_id)["truth"] == corpus.task(task_id)["truth"]


def test_an_experiment_is_a_table_of_arms(config: Path, tmp_path: Path) -> None:
    code, shown = finqa(
        *("experiment", "results", "--config", config, "--out", tmp_path / "results"),
        *("--base-seeds", "2", "--seeds", "1", "--arm", "grpo", "--arm", "gold-sft"),
    )
    assert code == 0, shown
    assert re.search(r"base │ 2 │ 0\.\d{3} ± ", shown)
    assert re.search(r"gold-sft │ 2 │", shown)
    cells = json.loads((tmp_path / "results" / "cells.json").read_text())
    assert [cell["arm"] for cell in cells].count("grpo") == 2
    assert (tmp_path / "results" / "report.html").is_file()


@pytest.mark.parametrize("path", sorted(ACCELERATE.glob("*.yaml")), ids=lambda path: path.stem)
def test_accelerate_reads_its_configurations(path: Path) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    loaded = load_config_from_file(str(path))
    assert loaded.num_processes > 1
