"""The stable names that stand in records, and what each means in a sentence.

Names of behaviour come from the engine. Those of reasons and tool errors are those of
docs/spec/rewards.md and docs/spec/tools.md; a test holds them together.
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

_NAMES = _native.behaviour_names()
CHECKS: dict[str, str] = dict(_NAMES["checks"])
"""Checks of behaviour."""
FLAGS: dict[str, str] = dict(_NAMES["flags"])
"""Facts about an episode."""
FAILURES: dict[str, str] = dict(_NAMES["failures"])
"""Failure classes, in order of cause."""
WRONG_ANSWERS: dict[str, str] = dict(_NAMES["wrong_answers"])
"""Kinds of wrong answers."""
DIMENSIONS: dict[str, str] = {
    "primary": "Values that stand in the tables.",
    "derived": "Values worked out from others.",
    "reasoning": "Conclusions that follow from the numbers.",
    "consistency": "Numbers that agree with each other.",
    "completeness": "All slots are filled.",
    "structure": "The form of the report.",
}
"""Scored dimensions of a rubric."""
REASONS: dict[str, str] = {
    "equal": "Same value, label, or yes/no.",
    "rounded": "A correct rounding of the truth, or the truth is one of it.",
    "within_tolerance": "Within OpenEnv's tolerances (mode openenv).",
    "off_value": "A readable value, and another one.",
    "wrong_sign": "The truth with the other sign.",
    "wrong_scale": "The truth times a power of ten: 100 (a rate) or 1000, 1000000 (an amount).",
    "too_few_digits": "A rounding of the truth to fewer than three significant digits.",
    "wrong_unit": "An explicit unit, scale word or currency that the question does not take.",
    "no_number": "No number where one is asked for.",
    "malformed_number": "Something like a number that the grammar does not take.",
    "number_too_long": "More digits or a larger exponent than any answer needs.",
    "several_numbers": "More than one number, or a range.",
    "several_boxes": "More than one boxed part for a single-valued question.",
    "wrong_count": "Fewer or more values than the truth has.",
    "wrong_keys": "Keys that are repeated, missing for some values, or not the truth's.",
    "off_text": "Not the label nor one of its aliases.",
    "no_yes_or_no": "The first word is neither yes nor no.",
    "both_yes_and_no": "Both yes and no.",
    "other_yes_no": "Yes for no, or no for yes.",
    "invented_number": "A number where the tables hold no answer (unit absent).",
    "declined": "A statement that there is no answer, where there is one.",
    "rubric_passed": "The report of a task with a rubric passes.",
    "rubric_failed": (
        "The report of a task with a rubric does not pass; its score is at most 0.8."
    ),
    "unreadable_truth": "The truth itself has no reading under the question's rules.",
    "error": "OpenEnv's function would raise an exception (mode openenv).",
    "not_applicable": "About the tool calls or for a judge: not looked at here.",
    "missing": "The report has no such slot.",
    "unfilled": "The slot still has its placeholder, or a text like N/A.",
    "consistent": "Not the true value, and the one that follows from the report's own numbers.",
    "no_right_input": "It follows from the report's own numbers, of which none is right.",
    "equal_inputs": "It follows from numbers that are all the same.",
    "zero_inputs": "It follows from zeros.",
    "invented_inputs": "It follows from a wrong number that no tool returned.",
    "true_choice": "The choice that follows from the report's numbers, and the true one.",
    "self_consistent": "The choice that follows from the report's numbers, but not the true one.",
    "contradiction": "Another choice than the report's numbers call for.",
    "missing_input": "A number that it depends on is missing or cannot be read.",
    "agree": "The numbers agree.",
    "disagree": "The numbers do not agree.",
    "complete": "All slots are filled; all headings are there in order.",
    "incomplete": "Some slots are not filled; some headings are missing or out of order.",
    "crowded": "A line holds more than one value.",
}
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
