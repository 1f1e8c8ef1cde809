"""`finqa-gym data generate`, run for real on a few companies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

from typer.testing import CliRunner

import finqa_gym
from finqa_gym import SynthConfig, synthetic
from finqa_gym.cli import app

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["data", "generate", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_what_is_written_is_the_corpus_of_the_seed(tmp_path: Path) -> None:
    out = tmp_path / "made"
    output = run(out, "--seed", 7, "--preset", 2, "--split", "train=2", "--split", "reason79=1")
    expected = synthetic(7, SynthConfig.preset(2)).take({"train": 2, "reason79": 1})
    written = finqa_gym.load(out)
    assert written.content_hash == expected.content_hash
    assert list(written) == list(expected)
    assert "every gold program right in profiles rllm and openenv" in output
    assert "companies/s" in output
    assert "tables/s" in output
    for task in expected:
        assert task["question_type"] in output
    again = run(out, "--seed", 8, "--split", "val=1", code=2)
    assert "overwrite" in again
    run(out, "--seed", 8, "--split", "val=1", "--overwrite", "--format", "jsonl", "--no-execute")
    assert finqa_gym.load(out).splits() == {"val": 16}


def test_a_config_file_sets_knobs_otherwise(tmp_path: Path) -> None:
    config = tmp_path / "knobs.json"
    config.write_text(json.dumps({"val_companies": 2, "train_companies": 3}))
    out = tmp_path / "made"
    run(out, "--preset", "tiny", "--config", config, "--no-execute")
    made = synthetic(0, SynthConfig.preset("tiny", val_companies=2, train_companies=3))
    assert finqa_gym.load(out).splits() == made.splits()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--split", "train"], "endless: give a number of companies, as in --split train=200"),
        (["--split", "val=0"], "a number of companies from 1"),
        (["--split", "val=1", "--split", "val"], "--split val is given twice"),
        (["--split", "dev"], "no split 'dev'"),
        (["--preset", "6"], 'preset "6" is unknown'),
        (["--config", "broken.json"], "broken.json: "),
        (["--config", "list.json"], "a JSON object is needed"),
        (["--config", "unknown.json"], "has no field 'tables'"),
    ],
)
def test_what_cannot_be_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "unknown.json").write_text('{"tables": 3}')
    assert told in run("out", *arguments, code=2)
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_where_a_gold_program_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "sales.csv").write_text("region,2024\nnorth,12\n")
    north = 'SELECT ""2024"" FROM sales WHERE region = \'north\''
    (tmp_path / "tasks.csv").write_text(
        "id,question,answer,tables,gold_sql\n"
        f'right,Sales in the north in 2024?,12,sales,"{north}"\n'
        f'off,And in 2023?,13,sales,"{north}"\n'
    )
    # The generator has no such task, so a corpus of somebody else's stands in for what it made.
    broken = finqa_gym.load(tmp_path, "folder")
    monkeypatch.setattr("finqa_gym.data.Corpus.take", lambda *_: broken)
    output = run(tmp_path / "out", code=1)
    assert "Profile rllm: 1 of 2 tasks fail" in output
    assert "Profile openenv: 1 of 2 tasks fail" in output
    assert "wrong_answer" in output
    assert not (tmp_path / "out").exists()
