"""``finqa-gym query``: SQL over recorded runs."""

# No postponed annotations: typer reads them when the command is called.
import csv
import json
import math
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from finqa_gym.analytics import (
    DEFAULT_MEMORY_LIMIT_BYTES,
    VIEWS,
    QueryResult,
    Relation,
    relations,
)
from finqa_gym.analytics import query as run_query
from finqa_gym.cli.screen import grid, results, section

__all__ = ["query"]

SHOWN_ROWS = 200
ORDERS = {
    name: f"run, policy, policy_step, num_episodes DESC, {name[:-1]}"
    for name in ("failures", "wrong_answers")
}
"""Order of rows where it is not that of the first columns."""
MIB = 1 << 20


class Format(str, Enum):
    """What is written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def query(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar='"SQL" RUN...',
            help="The query, then folders of runs; after --view, folders.",
        ),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option("--view", metavar="NAME", help="Show a ready-made view instead of SQL."),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.table,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write there; --format parquet needs it."),
    ] = None,
    timeout_s: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="Longest time.")
    ] = None,
    memory_mib: Annotated[
        int, typer.Option("--memory", metavar="MIB", min=1, help="Most memory.")
    ] = DEFAULT_MEMORY_LIMIT_BYTES // MIB,
    listing: Annotated[
        bool, typer.Option("--list", help="List tables, views and their columns.")
    ] = False,
) -> None:
    """Ask recorded runs in SQL, or show a ready-made view."""
    if listing:
        _print_relations(relations(), format)
        return
    given = list(arguments or [])
    if view is not None:
        if view not in VIEWS:
            raise ValueError(f"no view {view!r}; there are {', '.join(VIEWS)}")
        sql = f"SELECT * FROM {view} ORDER BY {ORDERS.get(view, '1, 2, 3, 4, 5')}"
    elif given:
        sql = given.pop(0)
    else:
        raise ValueError(
            'nothing to ask: give "SQL" or --view NAME, or --list to see what there is'
        )
    if not given:
        raise ValueError("no run given: name the folders of one or more runs after the query")
    if format is Format.parquet and out is None:
        raise ValueError("--format parquet needs --out FILE")
    result = run_query(sql, given, memory_limit_bytes=memory_mib * MIB, timeout_s=timeout_s)
    if format is Format.parquet:
        assert out is not None
        result.write_parquet(out)
    elif out is None:
        _write(result, format, sys.stdout)
    else:
        with out.open("w", encoding="utf-8", newline="") as file:
            _write(result, format, file)


def _write(result: QueryResult, format: Format, file: Any) -> None:
    if format is Format.json:
        rows = [_as_json(row) for row in result.to_pylist()]
        json.dump(rows, file, indent=1, ensure_ascii=False, allow_nan=False)
        file.write("\n")
    elif format is Format.csv:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(result.column_names)
        writer.writerows([_plain(value) for value in row.values()] for row in result.to_pylist())
    elif file is sys.stdout:
        _print_table(result)
    else:
        file.write(f"{result!r}\n")


def _plain(value: Any) -> Any:
    if not isinstance(value, list | dict):
        return value
    return json.dumps(_as_json(value), ensure_ascii=False, allow_nan=False)


def _as_json(value: Any) -> Any:
    """A value as JSON has it: null for NaN and infinite numbers, digits in pairs for bytes."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    if isinstance(value, dict):
        return {name: _as_json(item) for name, item in value.items()}
    return value


def _print_table(result: QueryResult) -> None:
    numbers = ("Int", "UInt", "Float")
    kinds = zip(result.column_names, result.column_types, strict=True)
    table = grid(*(f">{name}" if kind.startswith(numbers) else name for name, kind in kinds))
    for row in result.to_pylist()[:SHOWN_ROWS]:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    hidden = result.num_rows - SHOWN_ROWS
    remark = f", the first {SHOWN_ROWS} shown; --format csv writes all" if hidden > 0 else ""
    results().print(section("", table, f"{result.num_rows:,} rows{remark}"))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())


def _print_relations(found: list[Relation], format: Format) -> None:
    if format is Format.json:
        sys.stdout.write(json.dumps([relation._asdict() for relation in found], indent=1) + "\n")
        return
    console = results()
    for title, is_table in (("Tables", True), ("Views", False)):
        table = grid("name", "what a row is", "columns")
        for relation in found:
            if relation.is_table is is_table:
                names = ", ".join(name for name, _ in relation.columns)
                table.add_row(Text(relation.name, style="bold"), Text(relation.doc), Text(names))
                table.add_section()
        console.print(section(title, table))
