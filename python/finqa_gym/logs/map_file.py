"""Reading maps, strictly: whatever cannot work is refused with its place."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from finqa_gym import _native
from finqa_gym.logs.defaults import ARGUMENTS, FIELDS, KINDS
from finqa_gym.logs.mapping import LogMap

__all__ = ["KEYS", "load_map"]

KEYS = (
    "version", "tools", "arguments", "errors", "empty", "answer", "fields", "correct_at",
)  # fmt: skip


def load_map(source: str | os.PathLike[str] | Mapping[str, Any]) -> LogMap:
    """Reads a map: a YAML or JSON file, or the object that such a file holds.

    Args:
        source: The file, or the object. Its schema is docs/spec/log_map.schema.json.

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
        self._known("", value, KEYS)
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
