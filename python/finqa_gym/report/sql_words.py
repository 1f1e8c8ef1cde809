"""Words of SQL: for laying queries out, and for taking names and literals out of them."""

from __future__ import annotations

import re

__all__ = ["FUNCTIONS", "KEYWORDS", "LINE_STARTS", "TOKEN", "layout"]

LINE_STARTS = frozenset(
    [
        "CROSS",
        "EXCEPT",
        "FROM",
        "GROUP",
        "HAVING",
        "INNER",
        "INTERSECT",
        "JOIN",
        "LEFT",
        "LIMIT",
        "NATURAL",
        "ORDER",
        "SELECT",
        "UNION",
        "VALUES",
        "WHERE",
        "WITH",
    ]
)
"""What begins a line of a query that was laid out."""
JOINS = frozenset(["CROSS", "INNER", "LEFT", "NATURAL", "OUTER"])
KEYWORDS = frozenset(
    [
        "ALL",
        "AND",
        "AS",
        "ASC",
        "BETWEEN",
        "BY",
        "CASE",
        "CAST",
        "COLLATE",
        "CROSS",
        "CURRENT",
        "DESC",
        "DISTINCT",
        "ELSE",
        "END",
        "ESCAPE",
        "EXCEPT",
        "EXISTS",
        "FILTER",
        "FIRST",
        "FOLLOWING",
        "FROM",
        "GLOB",
        "GROUP",
        "GROUPS",
        "HAVING",
        "IN",
        "INNER",
        "INTEGER",
        "INTERSECT",
        "IS",
        "ISNULL",
        "JOIN",
        "LAST",
        "LEFT",
        "LIKE",
        "LIMIT",
        "NATURAL",
        "NOCASE",
        "NOT",
        "NOTNULL",
        "NULL",
        "NULLS",
        "NUMERIC",
        "OFFSET",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "OVER",
        "PARTITION",
        "PRECEDING",
        "RANGE",
        "REAL",
        "REGEXP",
        "RIGHT",
        "ROW",
        "ROWS",
        "SELECT",
        "TEXT",
        "THEN",
        "TIES",
        "UNBOUNDED",
        "UNION",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WINDOW",
        "WITH",
    ]
)
FUNCTIONS = frozenset(
    [
        "ABS",
        "AVG",
        "CEIL",
        "COALESCE",
        "COUNT",
        "EXP",
        "FLOOR",
        "GROUP_CONCAT",
        "IFNULL",
        "IIF",
        "INSTR",
        "LAG",
        "LEAD",
        "LENGTH",
        "LN",
        "LOG",
        "LOWER",
        "LTRIM",
        "MAX",
        "MIN",
        "NULLIF",
        "POWER",
        "PRINTF",
        "RANK",
        "REPLACE",
        "ROUND",
        "ROW_NUMBER",
        "RTRIM",
        "SQRT",
        "SUBSTR",
        "SUBSTRING",
        "SUM",
        "TOTAL",
        "TRIM",
        "UPPER",
    ]
)
TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|\w+|\s+|[^\w\s]",
    re.DOTALL,
)


def layout(query: str) -> str:
    """A query with its clauses on lines of their own; nothing else is changed.

    Example:
        >>> print(layout("SELECT a FROM t WHERE b BETWEEN 1 AND 2 AND c = 'x and y'"))
        SELECT a
        FROM t
        WHERE b BETWEEN 1 AND 2
          AND c = 'x and y'
    """
    lines, line, depth, before, between = [], "", 0, "", False
    for token in TOKEN.findall(query):
        if token.isspace():
            line += " " if line.strip() else ""
            continue
        word = token.upper()
        depth = max(0, depth + (token == "(") - (token == ")"))
        between = between or word == "BETWEEN"
        indent: int | None = None
        if word in LINE_STARTS and not (word == "JOIN" and before in JOINS) and before != "(":
            indent = depth
        elif word in ("AND", "OR") and depth == 0:
            indent = None if between and word == "AND" else 1
            between = between and word != "AND"
        if indent is not None and line.strip():
            lines.append(line.rstrip())
            line = "  " * indent
        line += token
        before = word
        if token.startswith("--"):
            lines.append(line)
            line = ""
    return "\n".join([*lines, line.rstrip()])
