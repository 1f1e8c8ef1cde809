"""How the tools and fields of somebody's logs are called."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from finqa_gym import _native

__all__ = ["ARGUMENTS", "FIELDS", "KINDS", "LogMap", "load_map"]

KINDS = (
    "list_tables", "table_info", "sql_query", "calculator", "submit_answer", "other",
)  # fmt: skip
"""What a tool can do; ``other`` is any tool that the checks do not speak of."""
ARGUMENTS = ("company", "table", "sql", "expression", "answer")
"""What an argument can hold."""
FIELDS = (
    "id", "question", "truth", "model", "reward", "correct", "submission", "prompt_tokens",
    "completion_tokens", "step",
)  # fmt: skip
"""What a record can say besides its conversation."""

DEFAULT_TOOLS: dict[str, tuple[str, ...]] = {
    "list_tables": (
        "get_table_names", "get_descriptions", "list_tables", "list_table_names", "get_tables",
        "show_tables", "sql_db_list_tables",
    ),
    "table_info": (
        "get_table_info", "table_info", "describe_table", "describe", "get_schema",
        "get_table_schema", "sql_db_schema",
    ),
    "sql_query": (
        "sql_query", "run_sql", "execute_sql", "run_query", "execute_query", "query_database",
        "query", "sql", "sql_db_query",
    ),
    "calculator": ("calculator", "calculate", "calc"),
    "submit_answer": (
        "submit_answer", "submit", "final_answer", "finish", "give_answer", "answer",
    ),
    "other": (),
}  # fmt: skip
DEFAULT_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "company": ("company_name", "company", "ticker", "company_slug", "database", "db"),
    "table": ("table_name", "table", "table_names", "tables"),
    "sql": ("query", "sql", "sql_query", "statement", "sql_statement"),
    "expression": ("expression", "expr", "formula", "equation"),
    "answer": ("answer", "final_answer", "response", "result", "value"),
}
DEFAULT_ERRORS = (
    r"\A\s*\(?(?:\w+\.)*\w*(?:Error|Exception)\b(?!\s*[|,\t])",  # no heading of a column
    r"\A\s*(?:ERROR|error|FATAL|Failed|Failure)\b(?!\s*[|,\t])",
    r"Traceback \(most recent call last\)",
    r"\A\s*(?:[Nn]o such|[Uu]nknown) (?:table|column|function|company|tool)\b",
    r"\A\s*(?:Binder|Catalog|Parser|Conversion|Constraint|Invalid Input) Error\b",
    r"\A\s*near \".*\": syntax error",
    r"\A\s*(?:Invalid|Could not|Cannot|Unable to)\b",
)
DEFAULT_EMPTY = (
    r"\A\s*\Z",
    r"(?i)\A\s*(?:none|null|nil|n/a)\s*\Z",
    r"(?i)\A\W*(?:no|0|zero)\s+(?:matching\s+|data\s+)?"
    r"(?:rows?|results?|records?|matches|data|entries)\b[^\n]{0,60}\Z",
    r"(?i)\A\W*(?:the )?(?:query|result|result set)?\s*(?:returned|is|was)?\s*"
    r"(?:no rows|nothing|empty)\b[^\n]{0,60}\Z",
    r"(?i)\A\s*empty (?:dataframe|set|result)",
)
DEFAULT_FIELDS: dict[str, tuple[str, ...]] = {
    "id": (
        "task_id", "question_id", "sample_id", "example_id", "instance_id", "uid", "id",
        "extra_info.index", "info.id",
    ),
    "question": ("question", "user_query", "extra_info.question", "info.question"),
    "truth": (
        "truth", "ground_truth", "expected_answer", "reference_answer", "gold_answer", "expected",
        "gold", "reference", "target", "answer", "reward_model.ground_truth", "info.answer",
    ),
    "model": ("model", "model_name", "policy", "agent", "checkpoint"),
    "reward": ("reward", "score", "total_reward", "rewards"),
    "correct": ("is_correct", "correct", "success", "passed", "is_success"),
    "submission": ("submission", "final_answer", "prediction", "predicted_answer"),
    "prompt_tokens": ("num_prompt_tokens", "prompt_tokens", "usage.prompt_tokens", "input_tokens"),
    "completion_tokens": (
        "num_completion_tokens", "completion_tokens", "usage.completion_tokens", "output_tokens",
    ),
    "step": ("policy_step", "global_step", "step", "iteration", "training_step"),
}  # fmt: skip


@dataclass(frozen=True)
class LogMap:
    r"""How a log's tools, arguments, errors and fields are called.

    What is given takes the place of the defaults of the same entry; the defaults know this
    project's tool profiles and those that they copy. Regular expressions are Python's and are
    searched in the text.

    Attributes:
        tools: Kind of tool (`KINDS`) -> names.
        arguments: Role of an argument (`ARGUMENTS`) -> names.
        errors: Outputs that match are errors, besides JSON objects that say so.
        empty: Outputs of queries that match hold no rows, besides empty lists.
        answer_patterns: How a last message without a call writes the answer, which is the first
            group, or the whole match; none: ``FINAL ANSWER: …`` and ``\boxed{…}``.
        last_message: A last message without a call that fits no pattern is the answer as a whole.
        fields: What a record says (`FIELDS`) -> names of members, with dots for nested ones.
        correct_at: Smallest reward that means a right answer.
    """

    tools: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(DEFAULT_TOOLS))
    arguments: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: dict(DEFAULT_ARGUMENTS)
    )
    errors: tuple[str, ...] = DEFAULT_ERRORS
    empty: tuple[str, ...] = DEFAULT_EMPTY
    answer_patterns: tuple[str, ...] = ()
    last_message: bool = True
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(DEFAULT_FIELDS))
    correct_at: float = 1.0

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return {name.lower(): kind for kind, names in self.tools.items() for name in names}

    @cached_property
    def _patterns(self) -> dict[str, list[re.Pattern[str]]]:
        return {
            key: [re.compile(pattern) for pattern in patterns]
            for key, patterns in (
                ("errors", self.errors),
                ("empty", self.empty),
                ("answer", self.answer_patterns),
            )
        }

    def kind(self, tool: str) -> str | None:
        """What a tool does; None if the map does not name it.

        Example:
            >>> LogMap().kind("get_table_names"), LogMap().kind("web_search")
            ('list_tables', None)
        """
        return self._kinds.get(tool.lower())

    def argument(self, role: str, arguments: Mapping[str, Any]) -> str | None:
        """The argument that holds ``role``, as text; None if there is none.

        Example:
            >>> LogMap().argument("sql", {"company_name": "acme", "query": "SELECT 1"})
            'SELECT 1'
        """
        for name in self.arguments[role]:
            value = arguments.get(name)
            if value is not None:
                return _text(value)
        return None

    def is_error(self, output: str) -> bool:
        """Whether an output is an error text.

        Example:
            >>> LogMap().is_error('{"error": "no such table"}'), LogMap().is_error("[]")
            (True, False)
        """
        if output.lstrip()[:1] == "{" and _says_error(output):
            return True
        head = output[:2000]
        return any(pattern.search(head) for pattern in self._patterns["errors"])

    def is_empty(self, output: str) -> bool:
        """Whether the output of a query says that there are no rows."""
        head = output[:500]
        return any(pattern.search(head) for pattern in self._patterns["empty"])

    def answer(self, text: str) -> str | None:
        r"""The answer in a last message; None if no pattern fits.

        Example:
            >>> LogMap().answer("So we get\nFINAL ANSWER: 4.5%")
            '4.5%'
        """
        if not self.answer_patterns:
            return _native.final_answer(text)
        for pattern in self._patterns["answer"]:
            found = max(pattern.finditer(text), key=lambda match: match.start(), default=None)
            if found is not None:
                return (found[1] if pattern.groups else found[0]).strip()
        return None

    def get(self, name: str, record: Mapping[str, Any]) -> Any:
        """What a record says under ``name``; None if it says nothing.

        Example:
            >>> LogMap().get("truth", {"reward_model": {"ground_truth": "5"}})
            '5'
        """
        for path in self.fields[name]:
            value: Any = record
            for part in path.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            if value is not None:
                return value
        return None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        return _text(value[0])
    return json.dumps(value, ensure_ascii=False)


def _says_error(output: str) -> bool:
    try:
        value = json.loads(output)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict):
        return False
    if any(value.get(key) for key in ("error", "errors", "exception", "isError", "is_error")):
        return True
    status = value.get("status")
    failed = isinstance(status, str) and status.lower() in ("error", "failed", "failure")
    return failed or value.get("success") is False or value.get("ok") is False


_KEYS = (
    "version", "tools", "arguments", "errors", "empty", "answer", "fields", "correct_at",
)  # fmt: skip


def load_map(source: str | os.PathLike[str] | Mapping[str, Any]) -> LogMap:
    """Reads a map: a YAML or JSON file, or the object that such a file holds.

    Args:
        source: The file, or the object. Its schema is ``finqa_gym/logs/map.schema.json``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Something in it that cannot work; the text says where and what would be right.

    Example:
        >>> load_map({"tools": {"sql_query": ["ask_db"]}}).kind("ask_db")
        'sql_query'
    """
    if isinstance(source, Mapping):
        return _Reader("map").read(source)
    path = Path(source)
    try:
        value = _native.read_yaml(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text: {error.reason}") from None
    except ValueError as error:
        raise ValueError(f"{path} is neither YAML nor JSON: {error}") from None
    return _Reader(str(path)).read(value)


class _Reader:
    """Reads the members of a map and says where something is wrong."""

    def __init__(self, where: str) -> None:
        self.where = where

    def fail(self, place: str, problem: str) -> ValueError:
        return ValueError(f"{self.where}: {place} {problem}")

    def read(self, value: Any) -> LogMap:
        if not isinstance(value, Mapping):
            raise self.fail("the map", f"is {value!r}; an object is needed")
        self._known("", value, _KEYS)
        version = value.get("version", 1)
        if version != 1 or isinstance(version, bool):
            raise self.fail("version", f"is {version!r}; this release reads version 1")
        base = LogMap()
        tools = self._names("tools", value, KINDS)
        self._once(tools)
        answer = self._object("answer", value, ("patterns", "last_message"))
        last = answer.get("last_message", base.last_message)
        if not isinstance(last, bool):
            raise self.fail("answer.last_message", f"is {last!r}; it must be true or false")
        correct_at = value.get("correct_at", base.correct_at)
        if isinstance(correct_at, bool) or not isinstance(correct_at, (int, float)):
            raise self.fail("correct_at", f"is {correct_at!r}; a number is needed")
        given = {name.lower() for names in tools.values() for name in names}
        kept = {
            kind: tuple(name for name in names if name not in given)
            for kind, names in base.tools.items()
        }
        return replace(
            base,
            tools={**kept, **tools},
            arguments={**base.arguments, **self._names("arguments", value, ARGUMENTS)},
            errors=self._patterns("errors", value, base.errors),
            empty=self._patterns("empty", value, base.empty),
            answer_patterns=self._patterns("patterns", answer, (), "answer.patterns"),
            last_message=last,
            fields={**base.fields, **self._names("fields", value, FIELDS)},
            correct_at=float(correct_at),
        )

    def _known(self, place: str, value: Mapping[str, Any], keys: Iterable[str]) -> None:
        keys = tuple(keys)
        for key in value:
            if key not in keys:
                prefix = f"{place}." if place else ""
                raise self.fail(
                    f"{prefix}{key}", f"is unknown; it must be one of {', '.join(keys)}"
                )

    def _object(
        self, name: str, value: Mapping[str, Any], keys: Iterable[str]
    ) -> Mapping[str, Any]:
        held = value.get(name)
        if held is None:
            return {}
        if not isinstance(held, Mapping):
            raise self.fail(name, f"is {held!r}; an object is needed")
        self._known(name, held, keys)
        return held

    def _names(
        self, name: str, value: Mapping[str, Any], keys: Iterable[str]
    ) -> dict[str, tuple[str, ...]]:
        held = self._object(name, value, keys)
        return {key: self._list(f"{name}.{key}", names) for key, names in held.items()}

    def _list(self, place: str, value: Any) -> tuple[str, ...]:
        if value is None:
            return ()
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
            raise self.fail(place, f"is {value!r}; a name or a list of names is needed")
        return tuple(names)

    def _patterns(
        self, name: str, value: Mapping[str, Any], default: tuple[str, ...], place: str = ""
    ) -> tuple[str, ...]:
        if value.get(name) is None:
            return default
        place = place or name
        patterns = self._list(place, value[name])
        for pattern in patterns:
            if problem := _not_a_pattern(pattern):
                raise self.fail(
                    place, f"holds {pattern!r}, which is no regular expression: {problem}"
                )
        return patterns

    def _once(self, tools: Mapping[str, tuple[str, ...]]) -> None:
        seen: dict[str, str] = {}
        for kind, names in tools.items():
            for name in names:
                other = seen.setdefault(name.lower(), kind)
                if other != kind:
                    raise self.fail(
                        f"tools.{kind}",
                        f"names {name!r}, which tools.{other} names too; once is right",
                    )


def _not_a_pattern(pattern: str) -> str | None:
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return None
