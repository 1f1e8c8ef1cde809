"""Adds verified drafts to the tasks file of a source."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path

from finqa_gym._native import DataError
from finqa_gym.author.verify import Authored

__all__ = ["add_to_tasks_file", "tasks_file_of"]


def tasks_file_of(source: str | os.PathLike[str]) -> Path:
    """The tasks file of a folder or database; ``.jsonl`` where there is none yet.

    Raises:
        DataError: Its tasks lie in Parquet, which is not written here.

    Example:
        >>> tasks_file_of("shop.db").name
        'shop.tasks.jsonl'
    """
    path = Path(source)
    stem = path / "tasks" if path.is_dir() else path.with_name(f"{path.stem}.tasks")
    for ending in (".csv", ".jsonl"):
        if stem.with_name(stem.name + ending).exists():
            return stem.with_name(stem.name + ending)
    parquet = stem.with_name(stem.name + ".parquet")
    if parquet.exists():
        raise DataError(f"{parquet}: tasks are added to .csv and .jsonl; convert it first")
    return stem.with_name(stem.name + ".jsonl")


def add_to_tasks_file(path: Path, authored: Sequence[Authored]) -> int:
    """Adds the results that are `Authored.ok` and not there yet. All or nothing.

    Returns:
        How many were added.

    Raises:
        DataError: The file is broken.
    """
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    is_csv = path.suffix == ".csv"
    rows: list[dict[str, str]]
    try:
        rows = (
            list(csv.DictReader(io.StringIO(text)))
            if is_csv
            else [json.loads(line) for line in text.splitlines() if line.strip()]
        )
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: {error}") from None
    there = {str(row.get("id", "")) for row in rows}
    new = [a.draft.row(a.answer) for a in authored if a.ok and a.draft.id not in there]
    if not new:
        return 0
    if is_csv:
        columns = list(dict.fromkeys(key for row in [*rows, *new] for key in row))
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, *new])
        written = out.getvalue()
    else:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in new)
        written = text + ("\n" if text and not text.endswith("\n") else "") + lines
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(written)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return len(new)
