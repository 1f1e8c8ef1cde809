"""The commands, run for real on small corpora."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

from typer.testing import CliRunner

import finqa_gym
from finqa_gym.cli import app
from finqa_gym.trajectories import open_run
from small_corpus import small_corpus, small_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SMALL = small_path()


def run(arguments: Sequence[str], *, code: int = 0, typed: str | None = None) -> str:
    """Standard output of a command; fails with everything it wrote if it ends with another code."""
    result = CliRunner().invoke(app, list(arguments), input=typed)
    assert result.exit_code == code, result.output
    return result.stdout


def refused(arguments: Sequence[str], typed: str | None = None) -> str:
    """The one line that a command complains with."""
    result = CliRunner().invoke(app, list(arguments), input=typed)
    assert result.exit_code == 2, result.output
    complaints = [line for line in result.stderr.splitlines() if line.startswith("finqa-gym: ")]
    assert len(complaints) == 1, result.stderr
    assert "Traceback" not in result.stderr
    return complaints[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a user: one table, one question, no gold program."""
    root = tmp_path_factory.mktemp("corpus")
    (root / "acme").mkdir()
    (root / "acme" / "sales.csv").write_text("region,2024\nnorth [a],12\nsouth,30\n")
    (root / "tasks.csv").write_text("question,answer\nWhat were sales in the south in 2024?,30\n")
    return root


# --- demo ---------------------------------------------------------------------------------------


def rows(output: str, title: str = "") -> dict[str, list[str]]:
    """Cells of the tables behind a title by their first cell, those of the first table first."""
    shown = output[output.index(title) :].splitlines()
    lines = [line.strip("│ ").split("│") for line in shown if line.startswith("│")][::-1]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_demo_rewards_gold_and_not_guessing() -> None:
    command = ["demo", "--corpus", SMALL, "--num-envs", "48", "--rounds", "2"]
    output = run([*command, "--baseline-seconds", "0"])
    scores = rows(output)
    # Episodes, then pass@1 and mean reward of all tasks and of three splits.
    assert list(scores)[::-1] == list(finqa_gym.POLICIES)
    assert scores["gold"] == scores["recovery"] == ["96"] + ["1.000 / 1.000"] * 4
    for policy in ("guess", "random", "spam_tables", "immediate"):
        passed, _, reward = scores[policy][1].partition(" / ")
        assert float(passed) <= float(reward) < 0.1
    work = rows(output, "How they work")
    assert work["gold"][1:4] == ["0.00", "100%", "100%"]
    # One of its two courses lists the tables, and guesses the column.
    assert 25 < int(work["guess"][2].rstrip("%")) < 75
    assert work["guess"][3] == "0%"
    assert work["spam_tables"][2:4] == ["100%", "100%"]
    assert work["immediate"][0] == "1.00"
    assert "reward     1.0" in output
    assert "reward     0.0" in output
    assert "get_table_names(company_name=" in output
    assert "Engine and baselines" not in output


def test_demo_shows_the_baselines_of_the_same_run() -> None:
    pytest.importorskip("pandas", reason="the plain baseline runs on pandas")
    command = ["demo", "--corpus", SMALL, "--num-envs", "12", "--rounds", "1"]
    table = rows(run([*command, "--baseline-seconds", "0.02"]))
    [plain] = [cells for name, cells in table.items() if name.startswith("plain Python")]
    [bare] = [cells for name, cells in table.items() if name.startswith("bare sqlite3")]
    assert plain[3].endswith("x")
    assert bare[3].endswith("x")


def test_demo_writes_runs_and_a_report_again_and_again(tmp_path: Path) -> None:
    command = ["demo", "--corpus", SMALL, "--num-envs", "4", "--rounds", "1"]
    command += ["--baseline-seconds", "0", "--out", str(tmp_path / "demo")]
    for _ in range(2):
        assert "report.html" in run(command)
    assert (tmp_path / "demo/report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    gold, guess = (open_run(tmp_path / "demo" / name) for name in ("gold", "guess"))
    assert gold.num_episodes == guess.num_episodes > 0
    assert gold.columns(["is_correct"])["is_correct"].all()
    assert not guess.columns(["is_correct"])["is_correct"].any()


def test_demo_without_gold_programs_plays_the_others_and_says_so(folder: Path) -> None:
    output = run(["demo", "--corpus", str(folder), "--num-envs", "4", "--baseline-seconds", "0"])
    assert "1 of 1 tasks have no gold program" in output
    assert set(rows(output)) == {"guess", "random", "spam_tables", "immediate"}


def test_demo_without_pandas_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "pandas" else real(name, *rest),
    )
    command = ["demo", "--corpus", SMALL, "--num-envs", "12", "--baseline-seconds", "0.02"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "finqa-gym[bench]" in result.stderr
    assert "needs pandas" in result.stdout
    assert "bare sqlite3 loop" in result.stdout


# --- bench --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One small run of every measurement."""
    pytest.importorskip("pandas", reason="the plain baseline runs on pandas")
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    command = [
        "bench",
        "--corpus",
        SMALL,
        "--num-envs",
        "24",
        "--seconds",
        "0.02",
        "--repeats",
        "2",
    ]
    output = run([*command, "--memory-episodes", "200", "--import-time", "--json", str(path)])
    for part in ("Engine and baselines", "Latency", "Threads", "memory", "import finqa_gym"):
        assert part in output
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def test_bench_reports_the_promised_keys(figures: dict[str, Any]) -> None:
    for key in ("env_steps_per_s", "episodes_per_s", "plain_env_ratio", "bare_sqlite_ratio"):
        assert figures[key] > 0
    assert figures["env_steps_per_s"] == pytest.approx(6 * figures["episodes_per_s"])
    plain = sorted(rate["steps_per_s"] for rate in figures["plain_env"])
    ratio = figures["env_steps_per_s"] / (sum(plain) / 2)
    assert figures["plain_env_ratio"] == pytest.approx(ratio)
    assert figures["machine"]["cores"] >= 1
    assert figures["machine"]["build"]["version"] == finqa_gym.__version__
    assert figures["workload"]["distinct_sql_texts"] == 24 * 4 * 2


def test_bench_does_the_work_that_it_times(figures: dict[str, Any]) -> None:
    engine = figures["engine"]
    assert engine["correct_share"] == 1.0
    calls = engine["tool_calls"]
    share = calls["list_tables"]
    assert share > 0
    assert calls == {
        "list_tables": share,
        "table_info": share,
        "sql_query": 2 * share,
        "calculator": share,
        "submit_answer": share,
    }
    assert engine["tool_errors"] == {"sql_no_such_column": share}
    assert engine["cache_hit_rate"] is None
    assert 0 < figures["cached"]["cache_hit_rate"] <= 1
    assert figures["cached"]["correct_share"] == 1.0


def test_bench_measures_every_tool_thread_count_and_memory(figures: dict[str, Any]) -> None:
    assert set(figures["latency_us"]) == set(figures["engine"]["tool_calls"])
    for tool in figures["latency_us"].values():
        assert 0 < tool["p50"] <= tool["p99"]
    assert figures["threads"][0]["num_threads"] == 1
    memory = figures["memory"]
    assert (memory["episodes"], memory["turns"]) == (200, 5)
    assert memory["growth_bytes"] > 0
    assert len(figures["import_s"]) == 5


def test_bench_writes_nothing_but_json_to_standard_output() -> None:
    command = ["bench", "--corpus", SMALL, "--num-envs", "6", "--seconds", "0.01", "--repeats", "1"]
    figures = json.loads(run([*command, "--memory-episodes", "0", "--json", "-"]))
    assert figures["memory"] is None


# --- data ---------------------------------------------------------------------------------------


def test_inspect_counts_and_shows_a_task_with_its_table() -> None:
    corpus = small_corpus()
    output = run(["data", "inspect", SMALL])
    assert corpus.content_hash in output
    for title in ("Tasks by split", "Tasks by type", "Tasks by unit"):
        assert title in output
    assert int(rows(output)["train"][0]) == corpus.splits()["train"]
    assert "gold:" in output


def test_inspect_prints_cells_as_they_are(folder: Path) -> None:
    output = run(["data", "inspect", str(folder)])
    assert "acme / sales" in output
    assert "north [a]" in output


def test_inspect_counts_what_was_refused(shared_dir: Path) -> None:
    path = shared_dir / "data" / "tatqa_dataset_dev.json"
    if not path.exists():
        pytest.skip("no shared data: it has no data/tatqa_dataset_dev.json")
    corpus = finqa_gym.load(path)
    table = rows(run(["data", "inspect", str(path)]))
    for reason, count in corpus.refused.items():
        assert table[reason][0] == f"{count:,}"


@pytest.mark.parametrize("format_", ["parquet", "jsonl"])
def test_import_writes_what_was_read(tmp_path: Path, format_: str) -> None:
    out = tmp_path / "native"
    output = run(["data", "import", SMALL, "--out", str(out), "--format", format_])
    assert "read back with the same hash" in output
    assert finqa_gym.load(out).content_hash == small_corpus().content_hash
    seven = tmp_path / "seven"
    small_corpus(7, evaluation=False).save(seven)
    other = ["data", "import", str(seven), "--out", str(out), "--format", format_]
    assert str(out) in refused(other)
    run([*other, "--overwrite"])
    assert len(finqa_gym.load(out).companies) == 9


# --- play, info, errors --------------------------------------------------------------------------


def truth_of(task: int) -> str:
    truth: str = small_corpus().task(task)["truth"]
    return truth


def test_play_takes_commands_from_a_pipe() -> None:
    task = small_corpus().task(0)
    query = task["gold"]["queries"][0]
    lines = ["help", "list", f"info {query['table']}", query["sql"], "= 6 * 7"]
    typed = "\n".join([*lines, f"submit {task['truth']}", "list", ""])
    output = run(["play", "--corpus", SMALL, "--task", task["id"]], typed=typed)
    assert task["question"][:40] in output
    assert query["table"] in output
    assert "column_names" in output
    assert "\n42\n" in output
    assert "reward  1.0" in output
    assert "turns   5, tool errors 0" in output  # help takes none, list comes too late


def test_play_reads_a_final_answer_as_a_model_writes_it() -> None:
    typed = f"Surely that is it. FINAL ANSWER: {truth_of(0)}\n"
    assert "reward  1.0" in run(["play", "--corpus", SMALL, "--task", "0"], typed=typed)


@pytest.mark.parametrize("profile", ["openenv", "compact"])
def test_play_speaks_every_profile(profile: str) -> None:
    table = small_corpus().task(0)["gold"]["queries"][0]["table"]
    typed = f"list\ninfo {table}\nsubmit 1\n"
    output = run(["play", "--corpus", SMALL, "--task", "0", "--profile", profile], typed=typed)
    assert "turns   3, tool errors 0" in output


def test_play_ends_with_its_input() -> None:
    output = run(["play", "--corpus", SMALL], typed="list\n= \nsubmit\n")
    assert output.count("something is missing") == 2
    assert "left unfinished" in output


def test_info_names_versions() -> None:
    assert finqa_gym.__version__ in run(["info"])
    assert json.loads(run(["info", "--json"]))["packages"]["numpy"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["data", "inspect", "no/such/path"], "no/such/path"),
        (["data", "inspect", "synthetic", "--layout", "folder"], "'synthetic'"),
        (["data", "inspect", "synthetic:none"], "a seed from 0"),
        (["data", "inspect", SMALL, "--task", "nope"], '"nope"'),
        (["data", "validate", SMALL, "--profile", "nope"], "tool_profile"),
        (["data", "validate", SMALL, "--split", "nope"], "nope"),
        (["data", "export", SMALL, "out", "--layout", "rllm", "--policy", "gold"], "--policy"),
        (["data", "export", SMALL, "out", "--layout", "messages-jsonl", "--policy", "x"], "'x'"),
        (["demo", "--corpus", "no/such/path"], "no/such/path"),
        (["play", "--corpus", SMALL, "--profile", "nope"], "tool_profile"),
        (["play", "--corpus", SMALL, "--task", "99999"], "99999"),
    ],
)
def test_wrong_input_is_one_line(arguments: list[str], part: str) -> None:
    assert part in refused(arguments, typed="")


def test_debug_shows_the_traceback() -> None:
    result = CliRunner().invoke(app, ["--debug", "data", "inspect", "no/such/path"])
    assert isinstance(result.exception, FileNotFoundError)


def test_the_program_starts_without_optional_packages() -> None:
    help_ = subprocess.run(
        [sys.executable, "-m", "finqa_gym", "--help"], capture_output=True, text=True, check=True
    )
    for command in ("demo", "bench", "data", "play", "info"):
        assert command in help_.stdout
    code = (
        "import sys, finqa_gym.cli; "
        "print(sorted({'pandas', 'pyarrow', 'gymnasium', 'finqa_gym.bench'} & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
