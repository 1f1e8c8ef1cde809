"""Records of log files: JSON Lines, JSON, Parquet; what cannot be read is told and passed over."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from finqa_gym import _native

__all__ = ["BadRecord", "Place", "RawRecord", "log_files", "read_records"]

SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet", ".jsonl.gz", ".ndjson.gz", ".json.gz")
CHUNK_CHARS = 1 << 20
HOLDERS = (
    "data", "records", "rows", "traces", "trajectories", "episodes", "samples", "results",
    "rollouts", "conversations",
)  # fmt: skip
"""Members of a JSON object that hold the records of a file."""


class Place(NamedTuple):
    """Where a record stands.

    Example:
        >>> str(Place("logs.jsonl", "line", 7))
        'logs.jsonl, line 7'
    """

    path: str
    unit: str
    number: int

    def __str__(self) -> str:
        """For people."""
        return f"{self.path}, {self.unit} {self.number}"


class RawRecord(NamedTuple):
    """A record as the file has it: an object, or a bare list of messages."""

    place: Place
    data: dict[str, Any] | list[Any]


class BadRecord(NamedTuple):
    """What could not be used, and why."""

    place: Place
    reason: str


def log_files(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The files that are meant: a folder stands for the log files in it.

    Raises:
        FileNotFoundError: There is no such file, or a folder has no log in it.
        ValueError: A folder is a run already, or no path is given.
    """
    files: list[Path] = []
    for name in paths:
        path = Path(name)
        if not path.is_dir():
            if not path.exists():
                raise FileNotFoundError(2, "No such file or folder", str(path))
            files.append(path)
            continue
        if (path / "run.json").exists():
            raise ValueError(
                f"{path} is a run of finqa-gym, whose episodes are scored already; "
                f"look at it with: finqa-gym report {path}"
            )
        inside = sorted(p for p in path.iterdir() if p.name.lower().endswith(SUFFIXES))
        if not inside:
            raise FileNotFoundError(2, f"No log in this folder ({', '.join(SUFFIXES)})", str(path))
        files.extend(inside)
    if not files:
        raise ValueError("no log file is given")
    return files


def read_records(path: Path) -> Iterator[RawRecord | BadRecord]:
    """The records of a file in their order. Holds one record at a time, however large the file.

    The form is found out by looking: Parquet, one JSON value a line, a JSON array of records, or
    one JSON object that holds records or is one.
    """
    with path.open("rb") as head:
        magic = head.read(4)
    if magic == b"PAR1":
        yield from _parquet(path)
        return
    if magic[:2] == b"\x1f\x8b":
        with gzip.open(path, "rb") as unpacked:
            yield from _json(path, unpacked)
        return
    with path.open("rb") as file:
        yield from _json(path, file)


def _parquet(path: Path) -> Iterator[RawRecord | BadRecord]:
    number = 0
    try:
        rows = _native.ParquetRecords(os.fspath(path))
        for number, row in enumerate(rows, start=1):
            yield RawRecord(Place(str(path), "row", number), row)
    except _native.DataError as error:
        yield BadRecord(Place(str(path), "row", number + 1), f"{error}; the rest is not read")


def _json(path: Path, file: IO[bytes] | gzip.GzipFile) -> Iterator[RawRecord | BadRecord]:
    first, number = b"", 0
    for first in file:
        number += 1
        if first.strip().removeprefix(b"\xef\xbb\xbf"):
            break
    first = first.strip().removeprefix(b"\xef\xbb\xbf")
    if not first:
        return
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        value = None
    is_lines = isinstance(value, dict) or _is_chat(value)
    if not is_lines and first[:1] in b"[{" and not _looks_like_lines(first):
        text = io.TextIOWrapper(file, encoding="utf-8", errors="replace")
        yield from _values(path, first.decode("utf-8", "replace") + "\n", text)
        text.detach()
        return
    if isinstance(value, dict) and (held := _held(value)) is not None and not file.peek(1).strip():  # type: ignore[union-attr]
        for at, item in enumerate(held, start=1):
            yield _checked(Place(str(path), "record", at), item)
        return
    yield _line(Place(str(path), "line", number), first)
    for at, line in enumerate(file, start=number + 1):
        if line.strip():
            yield _line(Place(str(path), "line", at), line)


def _is_chat(value: object) -> bool:
    """Whether a list is one conversation, not a list of records."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(m, dict) and ("role" in m or "from" in m) for m in value)
    )


def _looks_like_lines(first: bytes) -> bool:
    """Whether a broken first line is one of many: it closes what it opens."""
    return first[:1] == b"{" and first[-1:] == b"}" and len(first) > 2


def _held(value: dict[str, Any]) -> list[Any] | None:
    """The records that an object holds, if it is no record itself."""
    if any(key in value for key in ("messages", "prompt", "completion", "trajectory")):
        return None
    for key in HOLDERS:
        held = value.get(key)
        if isinstance(held, list) and held and isinstance(held[0], dict) and not _is_chat(held):
            return held
    return None


def _line(place: Place, line: bytes) -> RawRecord | BadRecord:
    try:
        value = json.loads(line)
    except UnicodeDecodeError as error:
        return BadRecord(place, f"is no UTF-8 text: {error.reason} at byte {error.start}")
    except json.JSONDecodeError as error:
        return BadRecord(place, f"is no JSON: {error.msg} at character {error.pos + 1}")
    except RecursionError:
        return BadRecord(place, "is nested too deeply")
    return _checked(place, value)


def _checked(place: Place, value: object) -> RawRecord | BadRecord:
    if isinstance(value, (dict, list)):
        return RawRecord(place, value)
    kind = "null" if value is None else type(value).__name__
    return BadRecord(place, f"is a JSON {kind}; a record is an object or a list of messages")


def _values(path: Path, start: str, file: IO[str]) -> Iterator[RawRecord | BadRecord]:
    """Values of a JSON array, or JSON objects one after another over many lines."""
    decoder, buffer, at_end = json.JSONDecoder(), start, False
    in_array = buffer.lstrip().startswith("[")
    if in_array:
        buffer = buffer.lstrip()[1:]
    number, wanted, chat = 0, CHUNK_CHARS, []
    while True:
        buffer = buffer.lstrip(" \t\r\n,")
        if in_array and buffer.startswith("]"):
            break
        value, end, problem = None, 0, "the file ends inside a record"
        if buffer:
            try:
                value, end = decoder.raw_decode(buffer)
            except json.JSONDecodeError as error:
                problem = f"is no JSON: {error.msg}"
            except RecursionError:
                at_end, problem = True, "is nested too deeply"
            # A number at the end of what was read may go on.
            if end == len(buffer) and not at_end and not isinstance(value, (dict, list)):
                end = 0
        if not end:
            if at_end:
                if buffer or in_array:
                    place = Place(str(path), "record", number + 1)
                    yield BadRecord(place, f"{problem}; the rest of the file is not read")
                break
            more = file.read(wanted)
            # Twice as much each time: a large record is not decoded from its start again and again.
            wanted *= 2
            at_end = not more
            buffer += more
            continue
        buffer, wanted = buffer[end:], CHUNK_CHARS
        number += 1
        if in_array and isinstance(value, dict) and ("role" in value or "from" in value):
            chat.append(value)
            continue
        held = None if in_array or not isinstance(value, dict) else _held(value)
        for item in [value] if held is None else held:
            yield _checked(Place(str(path), "record", number), item)
            number += held is not None
    if chat:
        yield RawRecord(Place(str(path), "record", 1), chat)
