"""A question with the way to its answer, before the answer is known."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from finqa_gym._native import DataError

__all__ = ["Draft", "read_drafts", "write_drafts"]

_LISTS = ("tables", "gold_sql")


@dataclass(frozen=True)
class Draft:
    r"""One question and how its answer is found.

    The fields are columns of a tasks file (docs/spec/corpus.md, "Tasks file"); the answer is left
    to the engine.

    Attributes:
        question: The question.
        tables: Tables that the queries ask: one for all of them, or one each.
        gold_sql: Queries.
        gold_expression: Expression over their results; "{0}" is the first cell of the first.
        unit: amount, count, percent, ratio, pp, bps, multiple, per_share, year, text.
        scale: thousand, million, billion, or "".
        decimals: Digits after the point of a quotient's answer.
        company: Company, where the source has several.
        unit_hint: Words added to the prompt, so that the unit asked for can be known.
        question_type: Label.
        split: Split.
        answer: What the author expects; compared with what the engine finds. "" for no opinion.
        id: Id in the tasks file; "" to have one made.

    Example:
        >>> draft = Draft(
        ...     question="How much did the north sell in 2024?",
        ...     tables=("sales",),
        ...     gold_sql=("SELECT \"2024\" FROM sales WHERE region = 'north'",),
        ...     unit="amount",
        ... )
        >>> draft.gold_expression
        '{0}'
    """

    question: str
    tables: tuple[str, ...]
    gold_sql: tuple[str, ...]
    gold_expression: str = "{0}"
    unit: str = "amount"
    scale: str = ""
    decimals: int = 2
    company: str = ""
    unit_hint: str = ""
    question_type: str = ""
    split: str = "all"
    answer: str = ""
    id: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, Any], where: str) -> Draft:
        """Reads a record of a drafts or tasks file.

        Raises:
            DataError: A required column is missing or a value cannot be read; ``where`` is named.
        """
        values: dict[str, Any] = {}
        known = {field.name for field in fields(cls)}
        for key, value in row.items():
            if key not in known or value is None or value == "":
                continue
            if key in _LISTS:
                values[key] = _strings(value, where, key)
            elif key == "decimals":
                if not str(value).isdecimal() or int(value) > 12:
                    raise DataError(f"{where}: decimals is {value!r}; it must be from 0 to 12")
                values[key] = int(value)
            else:
                values[key] = str(value)
        for needed in ("question", "tables", "gold_sql"):
            if not values.get(needed):
                raise DataError(
                    f"{where}: {needed!r} is missing; a draft has a question and how it is found"
                )
        return cls(**values)

    def row(self, answer: str) -> dict[str, str]:
        """The record of a tasks file, with ``answer`` as its truth; no empty columns."""
        row = {
            "id": self.id,
            "question": self.question,
            "answer": answer,
            "company": self.company,
            "unit": self.unit,
            "scale": self.scale,
            "op": "derived" if self.is_derived() else "exact",
            "unit_hint": self.unit_hint,
            "split": self.split,
            "question_type": self.question_type,
            "tables": json.dumps(list(self.tables), ensure_ascii=False),
            "gold_sql": json.dumps(list(self.gold_sql), ensure_ascii=False),
            "gold_expression": self.gold_expression,
        }
        return {key: value for key, value in row.items() if value != ""}

    def is_derived(self) -> bool:
        """Whether the answer is a rounded quotient rather than an exact value."""
        if self.unit in ("percent", "ratio", "pp", "bps", "multiple"):
            return True
        sql = " ".join(self.gold_sql).upper()
        return "/" in self.gold_expression or "AVG(" in sql or "ROUND(" in sql


def read_drafts(path: str | os.PathLike[str]) -> list[Draft]:
    """Reads drafts from CSV or JSONL.

    Raises:
        FileNotFoundError: There is no such file.
        DataError: A record cannot be read; path and line are named.
    """
    path = Path(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix.lower() == ".jsonl":
            return [
                Draft.from_row(_record(line, f"{path}: line {number}"), f"{path}: line {number}")
                for number, line in enumerate(file, 1)
                if line.strip()
            ]
        if path.suffix.lower() != ".csv":
            raise DataError(f"{path}: drafts are read from .csv or .jsonl, not {path.suffix!r}")
        return [
            Draft.from_row(row, f"{path}: record {number}")
            for number, row in enumerate(csv.DictReader(file), 1)
        ]


def write_drafts(path: str | os.PathLike[str], drafts: Iterable[Draft]) -> None:
    """Writes drafts as JSONL, one a line, to be edited and read again."""
    lines = []
    for draft in drafts:
        values = {field.name: getattr(draft, field.name) for field in fields(draft)}
        kept = {key: value for key, value in values.items() if value not in ("", ())}
        lines.append(json.dumps(kept, ensure_ascii=False))
    Path(path).write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def _record(line: str, where: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: {error}") from None
    if not isinstance(value, dict):
        raise DataError(f"{where}: a draft is a JSON object, not {type(value).__name__}")
    return value


def _strings(value: Any, where: str, key: str) -> tuple[str, ...]:
    """A list of strings, or one string; CSV cells may hold a JSON list."""
    if isinstance(value, str):
        if not value.lstrip().startswith("["):
            return (value,)
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return (value,)
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise DataError(f"{where}: {key} is {value!r}; it must be a string or a list of strings")
    return tuple(value)
