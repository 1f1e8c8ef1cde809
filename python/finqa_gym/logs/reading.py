"""Records of log files: JSON Lines, JSON, Parquet; what cannot be read is told and passed over."""

from __future__ import annotations

import codecs
import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from finqa_gym import _native
from finqa_gym.logs.json_text import Problem, json_values, read_json

__all__ = ["BadRecord", "Place", "RawRecord", "log_files", "read_records"]

SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet", ".jsonl.gz", ".ndjson.gz", ".json.gz")
CHUNK_BYTES = 1 << 20
BOM = b"\xef\xbb\xbf"
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
    one JSON object that holds records or is one; an object that holds records is held as a whole.
    """
    with path.open("rb") as head:
        magic = head.read(4)
    if magic == b"PAR1":
        yield from _parquet(path)
    elif magic[:2] == b"\x1f\x8b":
        yield from _packed(path)
    else:
        with path.open("rb") as file:
            yield from _json(path, file)


def _packed(path: Path) -> Iterator[RawRecord | BadRecord]:
    """What a gzip file holds up to its end, or to where it is broken, which is told."""
    place = Place(str(path), "record", 0)
    try:
        with gzip.open(path, "rb") as unpacked:
            for record in _json(path, unpacked):
                place = record.place
                yield record
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = f"the gzip file is cut off or damaged here ({error}); the rest is not read"
        yield BadRecord(place._replace(number=place.number + 1), reason)


def _parquet(path: Path) -> Iterator[RawRecord | BadRecord]:
    number = 0
    try:
        rows = _native.ParquetRecords(os.fspath(path))
        for number, row in enumerate(rows, start=1):
            yield RawRecord(Place(str(path), "row", number), row)
    except _native.DataError as error:
        yield BadRecord(Place(str(path), "row", number + 1), f"{error}; the rest is not read")


def _json(path: Path, file: IO[bytes] | gzip.GzipFile) -> Iterator[RawRecord | BadRecord]:
    head, number = b"", 1
    # Not a line as such: that of an array is as long as the file.
    while part := file.readline(CHUNK_BYTES):
        head = part.removeprefix(BOM).lstrip()
        if head:
            break
        number += part.endswith(b"\n")
    if not head:
        return
    if head[:1] == b"[":
        head, is_line = _chat_line(head, file)
        if not is_line:
            yield from _values(path, head, file)
            return
    else:
        head += b"" if head.endswith(b"\n") else file.readline()
    try:
        value = read_json(head)
    except (ValueError, RecursionError):
        value = None
    is_line = isinstance(value, dict) or _is_chat(value)
    if not is_line and head[:1] == b"{" and not _looks_like_lines(head.strip()):
        yield from _values(path, head, file)
        return
    if isinstance(value, dict) and (held := _held(value)) is not None and not file.peek(1).strip():  # type: ignore[union-attr]
        for at, item in enumerate(held, start=1):
            yield _checked(Place(str(path), "record", at), item)
        return
    yield _line(Place(str(path), "line", number), head)
    for at, line in enumerate(file, start=number + 1):
        if line.strip():
            yield _line(Place(str(path), "line", at), line)


def _chat_line(head: bytes, file: IO[bytes] | gzip.GzipFile) -> tuple[bytes, bool]:
    """What was read of a line that begins with a list, and whether the line is a conversation.

    Only as much is read as its first member takes, unless that is a message.
    """
    first = None
    while True:
        try:
            text = head.decode("utf-8", "replace")
            first, _ = json.JSONDecoder().raw_decode(text, len(text) - len(text[1:].lstrip()))
            break
        except (ValueError, RecursionError):
            more = b"" if head.endswith(b"\n") else file.readline(len(head))
            if not more:
                break
            head += more
    if not _is_chat([first]):
        return head, False
    head += b"" if head.endswith(b"\n") else file.readline()
    try:
        return head, _is_chat(read_json(head))
    except (ValueError, RecursionError):
        return head, False


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
        value = read_json(line)
    except UnicodeDecodeError as error:
        return BadRecord(place, f"is no UTF-8 text: {error.reason} at byte {error.start}")
    except json.JSONDecodeError as error:
        return BadRecord(place, f"is no JSON: {error.msg} at character {error.pos + 1}")
    except ValueError as error:  # a number with more digits than Python reads
        return BadRecord(place, f"cannot be read: {error}")
    except RecursionError:
        return BadRecord(place, "is nested too deeply")
    return _checked(place, value)


def _checked(place: Place, value: object) -> RawRecord | BadRecord:
    if isinstance(value, (dict, list)):
        return RawRecord(place, value)
    kind = "null" if value is None else type(value).__name__
    return BadRecord(place, f"is a JSON {kind}; a record is an object or a list of messages")


def _values(
    path: Path, head: bytes, file: IO[bytes] | gzip.GzipFile
) -> Iterator[RawRecord | BadRecord]:
    """Values of a JSON array, or JSON objects one after another over many lines."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    read: Callable[[int], str] = lambda size: _text(decoder, file, size)  # noqa: E731
    in_array = head.startswith(b"[")
    number, chat = 0, []
    for value in json_values(decoder.decode(head), read):
        number += 1
        place = Place(str(path), "record", number)
        if isinstance(value, Problem):
            yield BadRecord(place, value.reason)
        elif in_array and isinstance(value, dict) and ("role" in value or "from" in value):
            chat.append(value)
        elif in_array or not isinstance(value, dict) or (held := _held(value)) is None:
            yield _checked(place, value)
        else:
            for at, item in enumerate(held):
                yield _checked(place._replace(number=number + at), item)
            number += len(held) - 1
    if chat:
        yield RawRecord(Place(str(path), "record", 1), chat)


def _text(decoder: codecs.IncrementalDecoder, file: IO[bytes] | gzip.GzipFile, size: int) -> str:
    """At least one further character; none at the end of the file."""
    while True:
        part = file.read(size)
        text = decoder.decode(part, final=not part)
        if text or not part:
            return text
