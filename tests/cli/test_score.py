"""``finqa-gym score``: what it prints, writes and refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from finqa_gym.cli import app
from finqa_gym.logs import load_map
from played_logs import MAP, RENAMES, play, rename_arguments
from small_corpus import small_corpus, small_path


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Guesses and gold, of an agent with tools of its own."""
    path = tmp_path_factory.mktemp("score") / "agent.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for policy in ("guess", "gold"):
            played = play(small_corpus(), policy, in_structure=True, tool_names=RENAMES)
            for chat, own in played:
                record = {
                    "task_id": own["task_id"],
                    "messages": rename_arguments(chat),
                    "model": policy,
                }
                file.write(json.dumps(record) + "\n")
        file.write("broken\n")
    path.with_name("map.json").write_text(json.dumps(MAP), encoding="utf-8")
    return path


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["score", *map(os.fspath, map(str, arguments))])
    return result.exit_code, result.stdout, result.stderr


def test_the_tables_say_what_training_could_fix(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    code, screen, notes = run(
        log, "--map", log.with_name("map.json"), "--corpus", small_path(), "--out", out
    )
    assert code == 0, notes
    assert "50.0 % (24 of 48 judged)" in screen
    assert "48 episodes matched (id 48)" in screen
    assert "models" in screen
    assert "gold 24" in screen
    assert "guess 24" in screen
    for name in ("listed_before_query", "no_hallucinated_answer", "gave_up"):
        assert name in screen
    assert "24 of 24 failures (100 %) are behaviour." in screen
    assert f"finqa-gym report {out}" in screen.replace("\n", "")
    assert "1 records could not be used" in notes
    assert "line 49: is no JSON" in notes
    assert (out / "run.json").exists()
    assert json.loads((out / "run.json").read_text())["source"] == "logs"


def test_names_of_files_models_and_tasks_are_no_markup(tmp_path: Path) -> None:
    path = tmp_path / "log[bold].jsonl"
    messages = [
        {"role": "user", "content": "How much?"},
        {"role": "assistant", "content": "I do not know."},
    ]
    record = {"task_id": "q[/x]", "model": "m[/y]", "messages": messages, "reward": 0}
    path.write_text(json.dumps(record), encoding="utf-8")
    code, screen, notes = run(path)
    assert code == 0, notes
    whole = "".join(screen.split())
    for name in ("log[bold].jsonl", "q[/x]", "m[/y]"):
        assert name in whole, name


def test_json_says_the_same_as_the_screen(log: Path) -> None:
    code, text, _ = run(log, "--map", log.with_name("map.json"), "--corpus", small_path(), "--json")
    told: dict[str, Any] = json.loads(text)
    assert code == 0
    assert (told["num_episodes"], told["num_correct"], told["num_bad"]) == (48, 24, 1)
    assert sum(told["failures"].values()) == told["num_wrong"] == 24
    assert told["checks"]["listed_before_query"]["episodes"] == 48
    assert all(len(ids) <= 3 for ids in told["examples"].values())


def test_without_map_and_corpus_it_says_what_is_missing(log: Path) -> None:
    code, screen, notes = run(log)
    assert code == 0
    assert "no kind is known" in notes
    assert "ask_db" in notes
    assert "--print-map" in notes
    assert "answers cannot be judged" in notes or "no episode hands in an answer" in notes
    assert "Behaviour of 48 episodes" in screen


def test_a_map_is_proposed_and_can_be_read(log: Path, tmp_path: Path) -> None:
    code, text, _ = run(log, "--print-map")
    assert code == 0
    path = tmp_path / "map.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_map(path).kind("ask_db") == "sql_query"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["missing.jsonl"], "No such file"),
        (["{log}", "--mode", "loose"], "--mode is 'loose'; it must be"),
        (["{log}", "--map", "missing.yaml"], "No such file"),
        (["{log}", "--name", "x", "--corpus", "missing"], "missing"),
    ],
)
def test_wrong_arguments_are_one_line(log: Path, arguments: list[str], problem: str) -> None:
    code, _, notes = run(*(argument.format(log=log) for argument in arguments))
    assert code == 2
    assert problem in notes
    assert "Traceback" not in notes
