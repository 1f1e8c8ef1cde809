"""`finqa-gym data export` and `validate`, run for real on small corpora."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

from typer.testing import CliRunner

import finqa_gym
from finqa_gym.cli import app
from small_corpus import small_corpus, small_path

if TYPE_CHECKING:
    from pathlib import Path

SMALL = small_path()
SOUTH = "SELECT \"2024\" FROM sales WHERE region = 'south'"


def run(*arguments: object, code: int = 0) -> str:
    """Standard output of a command; fails with everything it wrote if it ends otherwise."""
    result = CliRunner().invoke(app, ["data", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.stdout


def complaint(*arguments: object) -> str:
    """The one line that a command complains with."""
    result = CliRunner().invoke(app, ["data", *map(str, arguments)])
    assert result.exit_code == 2, result.output
    [line] = [line for line in result.stderr.splitlines() if line.startswith("finqa-gym: ")]
    return line


def write_sales(folder: Path, *tasks: dict[str, str]) -> Path:
    """A corpus of one table and these tasks, whose gold program finds 30."""
    (folder / "acme").mkdir(parents=True)
    (folder / "acme" / "sales.csv").write_text("region,2024\nnorth,12\nsouth,30\n")
    common = {"tables": "sales", "gold_sql": SOUTH}
    lines = [json.dumps(common | task) for task in tasks]
    (folder / "tasks.jsonl").write_text("\n".join(lines) + "\n")
    return folder


# --- validate -----------------------------------------------------------------------------------


def test_validate_passes_a_sound_corpus_and_writes_both_reports(tmp_path: Path) -> None:
    reports = [tmp_path / "report.json", tmp_path / "report.md"]
    output = run("validate", SMALL, "--report", reports[0], "--report", reports[1])
    tasks = len(small_corpus())
    assert f"{tasks} of {tasks} tasks have a gold program" in output
    assert f"{tasks} tasks: 0 failed" in output
    report = json.loads(reports[0].read_text())
    assert report["format"] == "finqa-gym-validation"
    assert report["outcomes"] == {"ok": tasks}
    assert report["known_wrong_answers"]["strict"]["accepted"] == 0
    assert report["known_wrong_answers"]["strict"]["tried"] > tasks
    assert reports[1].read_text().startswith("# Validation of synthetic-v1-s0")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "report.md"]


def test_validate_fails_where_a_gold_program_does(tmp_path: Path) -> None:
    folder = write_sales(
        tmp_path / "data",
        {"id": "right", "question": "Sales in the south in 2024?", "answer": "30"},
        {"id": "off", "question": "South in 2024?", "answer": "31.5"},
        {"id": "broken", "question": "Where?", "answer": "30", "gold_sql": "SELECT y FROM sales"},
    )
    report = tmp_path / "report.json"
    output = run("validate", folder, "--json", report, code=1)
    assert "wrong_answer: off" in output
    assert "tool_error: broken" in output
    assert "3 tasks: 2 failed" in output
    written = json.loads(report.read_text())
    assert written["outcomes"] == {"ok": 1, "tool_error": 1, "wrong_answer": 1}
    assert [task["submission"] for task in written["tasks"]] == ["30", "30", ""]
    run("validate", folder, "--allow-failures")
    assert "1 tasks: 0 failed" in run("validate", folder, "--max-tasks", 1)


def test_validate_passes_over_tasks_without_gold(tmp_path: Path) -> None:
    task = {"question": "Sales in the south in 2024?", "answer": "30", "gold_sql": ""}
    output = run("validate", write_sales(tmp_path / "data", task))
    assert "0 of 1 tasks have a gold program" in output


def test_validate_reports_on_standard_output() -> None:
    output = run("validate", SMALL, "--split", "train", "--report", "-")
    assert json.loads(output)["split"] == "train"


def test_validate_finds_what_is_wrong_with_a_benchmark_file(shared_dir: Path) -> None:
    path = shared_dir / "data" / "tatqa_dataset_dev.json"
    if not path.exists():
        pytest.skip("no shared data: it has no data/tatqa_dataset_dev.json")
    output = run("validate", path, "--show", 1, code=1)
    assert "1,228 tasks: 2 failed" in output
    assert "duplicate_question" in output
    assert "known wrong answers accepted: strict 0 of" in output


# --- export -------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["openenv", "rllm", "native"])
def test_export_writes_a_corpus_that_loads_again(tmp_path: Path, layout: str) -> None:
    out = tmp_path / "out"
    output = run("export", SMALL, out, "--layout", layout)
    corpus = small_corpus()
    assert f"{len(corpus)} tasks" in output
    again = finqa_gym.load(out)
    assert again.layout == ("synthetic" if layout == "native" else layout)
    # One of the layouts has a file for each split, which changes the order.
    for of in ("truth", "user_query"):
        assert sorted(task[of] for task in again) == sorted(task[of] for task in corpus)
    assert ("gold" in output) == (layout != "native")
    if layout != "native":
        assert "set overwrite" in complaint("export", SMALL, out, "--layout", layout)
    run("export", SMALL, out, "--layout", layout, "--overwrite", "--max-tasks", 2)
    assert len(finqa_gym.load(out)) == 2


def test_export_says_what_a_layout_cannot_hold(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for company in ("acme", "globex"):
        (folder / company).mkdir(parents=True)
        (folder / company / "sales.csv").write_text("region,2024\nnorth,12\n")
    record = {"question": "Both?", "answer": "24", "company": ["acme", "globex"]}
    (folder / "tasks.jsonl").write_text(json.dumps(record) + "\n")
    out = tmp_path / "out"
    output = run("export", folder, out, "--layout", "openenv")
    assert "several_companies" in output
    assert json.loads((out / "export.json").read_text())["left_out"] == {"several_companies": 1}


def test_export_writes_demonstrations_as_json_lines(tmp_path: Path) -> None:
    out = tmp_path / "demos.jsonl"
    command = ["export", SMALL, out, "--layout", "messages-jsonl", "--arguments", "object"]
    command += ["--split", "train"]
    policies = ["--policy", "gold", "--policy", "recovery", "--policy", "guess"]
    output = run(*command, *policies, "--max-tasks", 4)
    assert "12 demonstrations" in output
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["policy"] for line in lines] == ["gold", "recovery", "guess"] * 4
    for line in lines:
        assert (line["reward"] == 1.0) == (line["policy"] != "guess")
        check_chat(line["messages"])
    call = lines[0]["messages"][2]["tool_calls"][0]["function"]
    assert isinstance(call["arguments"], dict)


def test_export_writes_parquet_that_pyarrow_reads(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "demos.parquet"
    command = ["export", SMALL, out, "--layout", "messages-parquet", "--split", "train"]
    run(*command, "--policy", "recovery")
    table = parquet.read_table(out)
    assert table.num_rows == small_corpus().splits()["train"]
    played = finqa_gym.demonstrations(small_corpus(), "recovery", split="train")
    for row, demo in zip(table.to_pylist(), played, strict=True):
        messages = [
            {key: value for key, value in message.items() if value is not None}
            for message in row["messages"]
        ]
        assert messages == demo["messages"]
        assert json.loads(row["tools"]) == demo["tools"]
        for key in set(row) - {"messages", "tools"}:
            assert row[key] == demo[key], key


def check_chat(messages: list[dict[str, Any]]) -> None:
    """Roles in order, every call answered by its id and in its place."""
    assert [message["role"] for message in messages[:2]] == ["system", "user"]
    waiting: list[str] = []
    for message in messages[2:]:
        if message["role"] == "assistant":
            assert not waiting
            waiting = [call["id"] for call in message["tool_calls"]]
            assert waiting
        else:
            assert message["role"] == "tool"
            assert message["tool_call_id"] == waiting.pop(0)
    assert not waiting


def test_export_keeps_evaluation_tasks_out_of_training_data(tmp_path: Path) -> None:
    out = tmp_path / "demos.jsonl"
    command = ["export", SMALL, out, "--layout", "messages-jsonl"]
    assert "split eval290, reason79 of corpus" in complaint(*command)
    assert "--allow-eval-split" in complaint(*command, "--split", "eval290")
    assert not out.exists()
    run(*command, "--split", "train")
    run(*command, "--split", "eval290", "--allow-eval-split", "--overwrite")
    splits = {json.loads(line)["split"] for line in out.read_text().splitlines()}
    assert splits == {"eval290"}
