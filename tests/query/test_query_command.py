"""``finqa-gym query``."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

fg = pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

pytestmark = pytest.mark.skipif(
    "datafusion" not in fg.build_info()["features"],
    reason="this build has no DataFusion; make build FEATURES=datafusion",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "base"
    records = [
        {"policy": "tiny", "task_id": f"q{i}", "is_correct": i < 3, "reward": float(i < 3)}
        for i in range(4)
    ]
    fg.write_run(folder, {}, records)
    return folder


def call(*arguments: object) -> Any:
    from finqa_gym.cli import app

    return CliRunner().invoke(app, ["query", *map(str, arguments)])


def test_sql_prints_a_table(run: Path) -> None:
    done = call("SELECT task_id, reward FROM episodes ORDER BY task_id", run)
    assert done.exit_code == 0, done.output
    assert "task_id" in done.output
    assert "4 rows" in done.output


def test_a_view_needs_no_sql(run: Path) -> None:
    done = call("--view", "pass_at_1", run, "--format", "json")
    assert json.loads(done.stdout)[0]["pass_at_1"] == 0.75


def test_csv_and_parquet_hold_all_rows(run: Path, tmp_path: Path) -> None:
    done = call("SELECT task_id, [1, 2] AS l FROM episodes ORDER BY 1", run, "--format", "csv")
    assert list(csv.reader(io.StringIO(done.stdout)))[:2] == [["task_id", "l"], ["q0", "[1, 2]"]]
    out = tmp_path / "rows.parquet"
    assert call("SELECT * FROM episodes", run, "--format", "parquet", "-o", out).exit_code == 0
    assert out.read_bytes()[:4] == b"PAR1"


def test_json_is_json_whatever_the_numbers(run: Path) -> None:
    sql = "SELECT 0.0 / 0.0 AS n, [1.0 / 0.0, 2.5] AS l, X'00ff' AS b FROM episodes LIMIT 1"
    done = call(sql, run, "--format", "json")
    assert done.exit_code == 0, done.output

    def no_json(name: str) -> None:
        raise AssertionError(name)

    assert json.loads(done.stdout, parse_constant=no_json) == [
        {"n": None, "l": [None, 2.5], "b": "00ff"}
    ]
    cells = call(sql, run, "--format", "csv").stdout.splitlines()[1]
    assert "[null, 2.5]" in cells


def test_the_list_names_views_and_columns() -> None:
    done = call("--list")
    assert done.exit_code == 0, done.output
    for name in fg.analytics.TABLES + fg.analytics.VIEWS:
        assert name in done.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "nothing to ask"),
        (("SELECT 1",), "no run given"),
        (("--view", "nosuch", "x"), "no view 'nosuch'"),
        (("SELECT 1", "x", "--format", "parquet"), "needs --out"),
        (("SELECT 1", "nowhere"), "nowhere"),
    ],
)
def test_what_is_missing_is_named(arguments: tuple[str, ...], says: str) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert says in done.output
