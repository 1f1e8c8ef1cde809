"""SQL over runs from Python: results, limits, errors, and a build that has no DataFusion."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

fg = pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

from finqa_gym.policies import run_episodes  # noqa: E402

BUILT = "datafusion" in fg.build_info()["features"]
needs_datafusion = pytest.mark.skipif(
    not BUILT, reason="this build has no DataFusion; make build FEATURES=datafusion"
)
ENDLESS = "SELECT count(*) FROM episodes a, " + ", ".join(f"calls c{i}" for i in range(9))


def episode(task: str, right: bool) -> dict[str, Any]:
    call = {"turn": 1, "tool": "sql_query", "status": "ok", "rows": 3}
    return {
        "policy": "tiny",
        "task_id": task,
        "question_type": "lookup",
        "split": "test",
        "status": "terminated",
        "is_correct": right,
        "reward": float(right),
        "failure": "" if right else "wrong_scale",
        "failures": [] if right else ["wrong_scale"],
        "wrong_answer": "none" if right else "scale",
        "num_turns": 2,
        "num_calls": 1,
        "calls": [call, {**call, "error": "sql_syntax"}],
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    for name, right in (("base", [1, 0, 0, 0]), ("tuned", [1, 1, 1, 0])):
        records = [episode(f"q{i // 2}", bool(value)) for i, value in enumerate(right)]
        fg.write_run(folder / name, {"policy": "tiny"}, records)
    return [folder / "base", folder / "tuned"]


@needs_datafusion
def test_rows_come_as_dicts_and_as_lists(runs: list[Path]) -> None:
    result = fg.query("SELECT run, pass_at_1, num_tasks FROM pass_at_1 ORDER BY run", runs)
    assert result.column_names == ["run", "pass_at_1", "num_tasks"]
    assert result.num_rows == len(result) == 2
    assert result.to_pylist() == [
        {"run": "base", "pass_at_1": 0.25, "num_tasks": 2},
        {"run": "tuned", "pass_at_1": 0.75, "num_tasks": 2},
    ]
    assert result.to_dict() == {
        "run": ["base", "tuned"],
        "pass_at_1": [0.25, 0.75],
        "num_tasks": [2, 2],
    }


@needs_datafusion
def test_a_result_shows_itself_as_a_table(runs: list[Path]) -> None:
    shown = repr(fg.query("SELECT run, pass_at_1 FROM pass_at_1", runs))
    assert "pass_at_1" in shown
    assert "tuned" in shown
    assert "0.75" in shown
    assert shown.endswith("2 rows")
    assert repr(fg.query("SELECT 1 FROM episodes, calls", runs)).endswith("the first 20 shown")
    assert "[red]" in repr(fg.query("SELECT '[red]' AS \"[bold]\"", []))


@needs_datafusion
def test_runs_are_paths_open_runs_or_named(runs: list[Path]) -> None:
    count = "SELECT DISTINCT run FROM episodes ORDER BY run"

    def names(given: Any) -> list[str]:
        found: list[str] = fg.query(count, given).to_dict()["run"]
        return found

    assert names(runs[0]) == names(str(runs[0])) == names(fg.open_run(runs[0])) == ["base"]
    assert names({"a": runs[0], "b/c": runs[1]}) == ["a", "b/c"]
    assert fg.query("SELECT count(*) AS n FROM episodes", []).to_dict() == {"n": [0]}
    with pytest.raises(ValueError, match='another run is called "base"'):
        fg.query(count, [runs[0], runs[0]])


@needs_datafusion
def test_values_of_every_kind_become_python_objects() -> None:
    sql = """
        SELECT 1 AS i, 1.5 AS f, 'x' AS s, true AS b, NULL AS n, [1, NULL, 3] AS l, X'00ff' AS y,
               named_struct('a', 1, 'b', ['p', 'q']) AS st, DATE '2024-02-29' AS d,
               CAST(7 AS TINYINT UNSIGNED) AS u,
               CAST(2.5 AS DECIMAL(5, 2)) AS de, CAST(0.5 AS REAL) AS r
    """
    assert fg.query(sql, []).to_pylist() == [
        {
            "i": 1,
            "f": 1.5,
            "s": "x",
            "b": True,
            "n": None,
            "l": [1, None, 3],
            "y": b"\x00\xff",
            "st": {"a": 1, "b": ["p", "q"]},
            "d": "2024-02-29",
            "u": 7,
            "de": "2.50",
            "r": 0.5,
        }
    ]


@needs_datafusion
def test_arrow_takes_the_rows_without_a_copy(runs: list[Path]) -> None:
    pa = pytest.importorskip("pyarrow")
    result = fg.query(
        "SELECT run, task_id, reward, calls FROM episodes ORDER BY run, episode", runs
    )
    table = pa.table(result)
    assert table.to_pylist() == result.to_pylist()
    # The stream can be taken again, and the memory outlives the result.
    again = pa.table(result)
    first, second = (t.column("reward").chunk(0).buffers()[1].address for t in (table, again))
    assert first == second
    del result, table
    gc.collect()
    assert again.column("run").to_pylist()[0] == "base"
    empty = pa.table(fg.query("SELECT run, calls FROM episodes", []))
    assert empty.num_rows == 0
    assert empty.column_names == ["run", "calls"]


@needs_datafusion
def test_a_result_is_written_as_parquet(runs: list[Path], tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    result = fg.query("SELECT run, calls FROM episodes", runs)
    result.write_parquet(tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == result.to_pylist()
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
    with pytest.raises(FileNotFoundError):
        result.write_parquet(tmp_path / "no" / "out.parquet")


@needs_datafusion
@pytest.mark.parametrize(
    ("sql", "options", "code"),
    [
        ("SELEC 1", {}, "sql"),
        ("SELECT nosuch FROM episodes", {}, "sql"),
        ("DROP TABLE episodes", {}, "refused"),
        ("COPY episodes TO 'x.csv'", {}, "refused"),
        (ENDLESS, {"timeout_s": 0.2}, "timeout"),
        ("SELECT episode FROM episodes", {"max_rows": 3}, "too_many_rows"),
        (
            "SELECT a.task_id, b.task_id AS other FROM calls a, calls b",
            {"memory_limit_bytes": 1000},
            "memory",
        ),
    ],
)
def test_errors_have_a_code(runs: list[Path], sql: str, options: dict[str, Any], code: str) -> None:
    with pytest.raises(fg.QueryError) as raised:
        fg.query(sql, runs, **options)
    assert raised.value.code == code
    assert "\n" not in str(raised.value)


@needs_datafusion
def test_wrong_arguments_are_named(runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="timeout_s is -1"):
        fg.query("SELECT 1", runs, timeout_s=-1)
    with pytest.raises(ValueError, match="timeout_s is NaN"):
        fg.query("SELECT 1", runs, timeout_s=float("nan"))
    for number in (0, -1):
        with pytest.raises(ValueError, match=f"memory_limit_bytes is {number}"):
            fg.query("SELECT 1", runs, memory_limit_bytes=number)
    with pytest.raises(ValueError, match="max_rows is -1"):
        fg.query("SELECT 1", runs, max_rows=-1)
    with pytest.raises(ValueError, match=r"memory_limit_bytes is .*; it must be below"):
        fg.query("SELECT 1", runs, memory_limit_bytes=2**64)
    with pytest.raises(TypeError, match=r"max_rows is 2\.5"):
        fg.query("SELECT 1", runs, max_rows=2.5)
    with pytest.raises(TypeError, match="timeout_s is '1'"):
        fg.query("SELECT 1", runs, timeout_s="1")
    with pytest.raises(FileNotFoundError, match=r"nowhere"):
        fg.query("SELECT 1", tmp_path / "nowhere")


@needs_datafusion
def test_a_run_is_asked_while_it_is_recorded(tmp_path: Path) -> None:
    count = "SELECT count(*) AS n, sum(reward) AS r, min(num_turns) AS t FROM episodes"
    corpus = fg.synthetic().take("val", 2)
    record = fg.Recording(tmp_path / "run", policy="base")
    with fg.VectorEnv(corpus, 4, record=record, num_threads=1) as env:
        script = fg.ScriptedPolicy("gold", env, seed=0)
        assert fg.query(count, tmp_path / "run").to_dict()["n"] == [0]
        for played in (1, 2):
            run_episodes(env, script)
            found = fg.query(count, tmp_path / "run").to_pylist()[0]
            assert (found["n"], found["r"]) == (4 * played, 4.0 * played)
        assert list((tmp_path / "run" / "live").rglob("*.jsonl"))
        assert not list((tmp_path / "run").glob("*.parquet"))
        # What runs has no row yet; the texts of the log stand in the tables as they do in Parquet.
        env.reset()
        assert fg.open_run(tmp_path / "run").num_running == 4
        sql = "SELECT * FROM turns ORDER BY episode, turn"
        live = fg.query(sql, tmp_path / "run").to_pylist()
        calls = fg.query("SELECT * FROM calls ORDER BY episode, call", tmp_path / "run").to_pylist()
    assert {row["episode"] for row in live} == set(range(8))
    assert list((tmp_path / "run").glob("*.parquet"))
    assert fg.query(sql, tmp_path / "run").to_pylist() == live
    again = fg.query("SELECT * FROM calls ORDER BY episode, call", tmp_path / "run").to_pylist()
    assert again == calls
    # A session that goes on is read beside the one that was closed.
    more = fg.Recording(tmp_path / "run", policy="base", append=True)
    with fg.VectorEnv(corpus, 4, record=more, num_threads=1) as env:
        run_episodes(env, fg.ScriptedPolicy("guess", env, seed=0))
        assert fg.query(count, tmp_path / "run").to_dict()["n"] == [12]


@needs_datafusion
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_interrupt_ends_a_query(runs: list[Path]) -> None:
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        fg.query(ENDLESS, runs)
    assert time.monotonic() - start < 10
    assert fg.query("SELECT count(*) AS n FROM episodes", runs).to_dict() == {"n": [8]}


@needs_datafusion
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_can_ask_too(runs: list[Path]) -> None:
    script = f"""
import os, finqa_gym
ask = lambda: finqa_gym.query("SELECT count(*) AS n FROM episodes", {str(runs[0])!r}).to_dict()["n"]
assert ask() == [4]
if os.fork() == 0:
    os._exit(7 if ask() == [4] else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], timeout=60, check=False)
    assert done.returncode == 7


@needs_datafusion
def test_tables_and_views_are_listed_with_their_columns() -> None:
    found = {relation.name: relation for relation in fg.analytics.relations()}
    assert tuple(name for name, r in found.items() if r.is_table) == fg.analytics.TABLES
    assert tuple(name for name, r in found.items() if not r.is_table) == fg.analytics.VIEWS
    assert ("pass_at_1", "Float64") in found["pass_at_1"].columns
    assert all(relation.doc for relation in found.values())


@needs_datafusion
@pytest.mark.parametrize("view", fg.analytics.VIEWS)
def test_every_view_answers(runs: list[Path], view: str) -> None:
    rows = fg.query(f"SELECT * FROM {view}", runs).to_pylist()
    assert rows
    assert {"base", "tuned"} == {row.get("run", row.get("run_a")) for row in rows}


@pytest.mark.skipif(BUILT, reason="this build has DataFusion")
def test_a_build_without_datafusion_says_how_to_get_it(runs: list[Path]) -> None:
    for ask in (lambda: fg.query("SELECT 1", runs), fg.analytics.relations):
        with pytest.raises(fg.FeatureNotBuiltError, match="make build FEATURES=datafusion"):
            ask()
    assert issubclass(fg.FeatureNotBuiltError, fg.FinqaError)
    assert json.dumps(fg.build_info()["features"]) == "[]"
