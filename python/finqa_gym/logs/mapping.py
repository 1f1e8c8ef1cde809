"""How the tools and fields of somebody's logs are called."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from finqa_gym import _native
from finqa_gym.logs.defaults import (
    DEFAULT_ARGUMENTS,
    DEFAULT_EMPTY,
    DEFAULT_ERRORS,
    DEFAULT_FIELDS,
    DEFAULT_TOOLS,
)

__all__ = ["LogMap"]


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
                return (found[1] if pattern.groups and found[1] is not None else found[0]).strip()
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
