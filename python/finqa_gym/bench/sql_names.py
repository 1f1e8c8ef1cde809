"""All companies' tables in one connection: names that do not clash, and queries that use them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from finqa_gym.bench.workload import BenchTable

__all__ = ["load_tables", "rename_table"]


def load_tables(
    connection: sqlite3.Connection, tables: Iterable[BenchTable]
) -> dict[tuple[str, str], str]:
    """Create and fill every table as ``<company>_<table>`` and return the names given.

    Args:
        connection: Where to create them.
        tables: The tables; every column gets the affinity TEXT.

    Returns:
        SQL name by (company, table name).

    Raises:
        ValueError: Two tables would get the same SQL name.
    """
    sql_names: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for table in tables:
        sql_name = re.sub(r"\W", "_", f"{table.company}_{table.name}")
        if sql_name.lower() in taken:
            msg = f"table {table.name!r} of {table.company!r}: SQL name {sql_name!r} is taken"
            raise ValueError(msg)
        taken.add(sql_name.lower())
        columns = ", ".join('"' + c.replace('"', '""') + '" TEXT' for c in table.columns)
        marks = ", ".join("?" * len(table.columns))
        connection.execute(f'CREATE TABLE "{sql_name}" ({columns})')
        connection.executemany(f'INSERT INTO "{sql_name}" VALUES ({marks})', table.rows)
        sql_names[table.company, table.name] = sql_name
    connection.commit()
    return sql_names


def rename_table(query: str, table_name: str, sql_name: str) -> str:
    """Put a table's SQL name where a query says ``FROM`` or ``JOIN`` the table.

    Example:
        >>> rename_table('select "2019" from "sales" where 1', "sales", "acme_sales")
        'select "2019" FROM "acme_sales" where 1'
    """
    quoted = '"' + table_name.replace('"', '""') + '"'
    pattern = rf"\b(FROM|JOIN)\s+(?:{re.escape(quoted)}|`?{re.escape(table_name)}`?)(?!\w)"
    return re.sub(pattern, lambda m: f'{m[1].upper()} "{sql_name}"', query, flags=re.IGNORECASE)
