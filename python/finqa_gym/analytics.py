"""SQL over recorded runs: tables of episodes, calls, turns and criteria, and views on them.

Needs a build with DataFusion (``finqa_gym.build_info()["features"]``): the released wheels, or
``make build FEATURES=datafusion``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any, NamedTuple

from finqa_gym import _native, arguments
from finqa_gym.trajectories import Run

__all__ = ["TABLES", "VIEWS", "QueryResult", "Relation", "query", "relations"]

TABLES = ("episodes", "calls", "turns", "criteria", "runs", "meanings")
"""What was recorded, over all runs of a query."""

VIEWS = (
    "by_task",
    "pass_at_1",
    "pass_at_k",
    "by_question_type",
    "by_split",
    "by_level",
    "by_num_tables",
    "learning_curve",
    "paired",
    "tool_errors",
    "behaviour",
    "failures",
    "wrong_answers",
    "dimensions",
    "cost",
)
"""What is worked out of it, by run, policy and policy_step; `relations` says what each means."""

DEFAULT_MEMORY_LIMIT_BYTES = 2 << 30
_SHOWN_ROWS = 20
_SHOWN_CHARACTERS = 40

RunPath = str | os.PathLike[str] | Run


class Relation(NamedTuple):
    """A table or view that SQL can name.

    Attributes:
        name: Its name.
        is_table: Whether it holds what was recorded; otherwise it is worked out.
        doc: What a row is, and how the numbers are to be read.
        sql: Its definition; empty for tables that stand in no file.
        columns: Names and Arrow types.
    """

    name: str
    is_table: bool
    doc: str
    sql: str
    columns: list[tuple[str, str]]


class QueryResult:
    """Rows of a query, in Arrow's memory layout.

    Whatever takes Arrow data takes it without a copy: ``pyarrow.table(result)``,
    ``polars.DataFrame(result)``, ``duckdb.sql("FROM result")`` after ``pyarrow.table``. Without
    any of them, `to_pylist` and `to_dict` give plain Python.
    """

    def __init__(self, native: _native.QueryResult) -> None:
        """Wraps a native result; use `query`."""
        self._native = native

    @property
    def num_rows(self) -> int:
        """Rows."""
        return self._native.num_rows

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, in order."""
        return [name for name, _ in self._native.columns]

    @property
    def column_types(self) -> list[str]:
        """Arrow types of the columns, in order."""
        return [kind for _, kind in self._native.columns]

    def to_pylist(self) -> list[dict[str, Any]]:
        """A dict for each row. Times and decimals come as text."""
        return self._native.rows(0, self.num_rows)

    def to_dict(self) -> dict[str, list[Any]]:
        """A list for each column."""
        return self._native.to_dict()

    def write_parquet(self, path: str | os.PathLike[str]) -> None:
        """Writes the rows to a Parquet file, which appears as a whole or not at all."""
        self._native.write_parquet(os.fspath(path))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows over Arrow's C stream interface, sharing their memory."""
        return self._native.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        """Rows."""
        return self.num_rows

    def __repr__(self) -> str:
        """The first rows as a table."""
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        rows = self._native.rows(0, min(self.num_rows, _SHOWN_ROWS))
        table = Table(box=box.SIMPLE_HEAD)
        numbers = ("Int", "UInt", "Float")
        for name, kind in self._native.columns:
            right = "right" if kind.startswith(numbers) else "left"
            table.add_column(Text(name), justify=right, no_wrap=True)  # type: ignore[arg-type]
        for row in rows:
            table.add_row(*(Text(_shown(row[name])) for name in self.column_names))
        out = StringIO()
        # As wide as the table: a result is scrolled, not wrapped.
        Console(file=out, width=10_000, color_system=None).print(table)
        lines = [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]
        hidden = self.num_rows - len(rows)
        tail = f"{self.num_rows:,} rows" + (f", the first {len(rows)} shown" if hidden else "")
        return "\n".join([*lines, tail])


def query(
    sql: str,
    runs: RunPath | Sequence[RunPath] | Mapping[str, RunPath],
    *,
    memory_limit_bytes: int = DEFAULT_MEMORY_LIMIT_BYTES,
    timeout_s: float | None = None,
    max_rows: int | None = None,
) -> QueryResult:
    """Runs one SQL query over the episodes of one or many runs.

    The SQL is DataFusion's (close to PostgreSQL's), with ``pass_at_k(num_episodes, num_correct,
    k)`` and ``bootstrap_interval(value [, cluster])`` added. It can only read: everything but
    SELECT, WITH and EXPLAIN is refused, and no file but those of the runs exists for it.

    Args:
        sql: The query. `TABLES` and `VIEWS` name what it can select from.
        runs: Folders that ``VectorEnv(record=…)`` or ``finqa-gym score`` wrote, or what
            `open_run` returned; a mapping gives each its name in the column ``run``, which is
            else that of its ``run.json``. A run that is being recorded is read as far as it got.
        memory_limit_bytes: Most that joins, sorts, groups, windows and the result take together.
            Nothing is spilled to disk.
        timeout_s: Longest time in seconds.
        max_rows: Most rows of the result.

    Raises:
        QueryError: If the SQL is wrong or not allowed, or a limit was reached; ``error.code`` is
            ``"sql"``, ``"refused"``, ``"memory"``, ``"timeout"``, ``"too_many_rows"`` or
            ``"stopped"``.
        FileNotFoundError: If there is no such folder.
        DataError: If a folder is no run.
        ValueError: If two runs have one name, or a limit is out of range.
        TypeError: If a limit is no number.
        FeatureNotBuiltError: If this build has no DataFusion.
    """
    memory = arguments.integer("memory_limit_bytes", memory_limit_bytes, least=1)
    seconds = None if timeout_s is None else arguments.number("timeout_s", timeout_s)
    rows = None if max_rows is None else arguments.integer("max_rows", max_rows)
    named: list[tuple[str | None, str]]
    if isinstance(runs, Mapping):
        named = [(name, _folder(run)) for name, run in runs.items()]
    else:
        listed = [runs] if isinstance(runs, str | os.PathLike | Run) else runs
        named = [(None, _folder(run)) for run in listed]
    return QueryResult(_native.run_query(sql, named, memory, seconds, rows))


def _folder(run: RunPath) -> str:
    return os.fspath(run.path if isinstance(run, Run) else run)


def relations() -> list[Relation]:
    """Every table and view, with its meaning and columns.

    Raises:
        FeatureNotBuiltError: If this build has no DataFusion.
    """
    return [Relation(*row) for row in _native.query_relations()]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:,.0f}"
    text = " ".join(str(value).split())
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
