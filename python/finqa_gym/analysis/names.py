"""The stable names that stand in records, and what each means in a sentence.

They come from the engine; those of tool errors are those of docs/spec/tools.md, and a test holds
the two together.
"""

from __future__ import annotations

from finqa_gym import _native

__all__ = [
    "CHECKS",
    "DIMENSIONS",
    "FAILURES",
    "FLAGS",
    "REASONS",
    "TOOL_ERRORS",
    "WRONG_ANSWERS",
    "meanings",
]

_NAMES = _native.score_names()
CHECKS: dict[str, str] = dict(_NAMES["checks"])
"""Checks of behaviour."""
FLAGS: dict[str, str] = dict(_NAMES["flags"])
"""Facts about an episode."""
FAILURES: dict[str, str] = dict(_NAMES["failures"])
"""Failure classes, in order of cause."""
WRONG_ANSWERS: dict[str, str] = dict(_NAMES["wrong_answers"])
"""Kinds of wrong answers."""
DIMENSIONS: dict[str, str] = dict(_NAMES["dimensions"])
"""Scored dimensions of a rubric."""
REASONS: dict[str, str] = dict(_NAMES["reasons"])
"""Why an answer or a criterion is right or wrong."""
TOOL_ERRORS: dict[str, str] = {
    "malformed_action": "A call could not be read, or the message was too long.",
    "truncated_action": "The message was cut by its token limit inside or before a call.",
    "unknown_tool": "No tool of that name.",
    "bad_arguments": "The arguments do not fit the tool's schema.",
    "unknown_company": "Not a company of the task.",
    "unknown_table": "The company has no such table.",
    "sql_guard": "The query breaks a rule of the tool profile: SELECT *, or no filter.",
    "sql_syntax": "SQLite cannot read the query.",
    "sql_no_such_column": "The query names a column that does not exist.",
    "sql_no_such_table": "The query names a table that does not exist.",
    "sql_not_readonly": "The query would write, or is no SELECT.",
    "sql_multiple_statements": "More than one statement.",
    "sql_not_allowed": "A function, table or feature that the sandbox refuses.",
    "sql_too_complex": "A limit on length, depth, columns or size of a value.",
    "sql_budget": "The operation budget was used up.",
    "sql_memory": "The memory cap was used up.",
    "sql_runtime": "Another error while the query ran.",
    "calc_syntax": "The calculator cannot read the expression.",
    "calc_division_by_zero": "Division by zero.",
    "calc_overflow": "A number too large.",
    "calc_domain": "A function outside its domain.",
    "too_many_calls": "More calls in one message than allowed; the surplus was not run.",
    "already_submitted": "A call behind a submission in the same message.",
    "no_action": "Neither a call nor a final answer.",
    "user_tool_failed": "A tool of one's own failed.",
}
"""What was wrong with a call."""


def meanings() -> dict[str, dict[str, str]]:
    """All names by kind, as the page and the terminal explain them."""
    return {
        "check": CHECKS,
        "flag": FLAGS,
        "failure": FAILURES,
        "wrong": WRONG_ANSWERS,
        "dimension": DIMENSIONS,
        "reason": REASONS,
        "error": TOOL_ERRORS,
    }
