"""JSON of logs: texts that UTF-8 can hold, and values one by one out of a long text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

__all__ = ["Problem", "json_values", "read_json", "without_surrogates"]

CHUNK_CHARS = 1 << 20
CUT_CHARS = 16
"""So near to the end of what was read an error may come from the cut: ``fals``, ``\\u00``."""
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_BETWEEN = re.compile(r"[ \t\r\n,]*")


class Problem(NamedTuple):
    """Why no further value can be read."""

    reason: str


def read_json(text: str | bytes) -> Any:
    r"""``json.loads``, with U+FFFD for halves of characters: neither UTF-8 nor a run can hold one.

    Raises:
        ValueError: It is no JSON, or bytes that are no UTF-8.
        RecursionError: It is nested too deeply.

    Example:
        >>> read_json(r'["\ud83d", "\ud83d\ude00"]') == ["\ufffd", "\U0001f600"]
        True
    """
    value = json.loads(text)
    if isinstance(text, bytes):
        # json lets the bytes of half a character pass, too, which begin with 0xED.
        may_hold = b"\xed" in text or b"\\ud" in text.lower()
    else:
        may_hold = _SURROGATE.search(text) is not None
    return without_surrogates(value) if may_hold else value


def without_surrogates(value: Any) -> Any:
    """A JSON value with U+FFFD for every half of a character in its texts and names."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return value
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(name): without_surrogates(v) for name, v in value.items()}
    return value


def json_values(start: str, read: Callable[[int], str]) -> Iterator[Any]:
    """The values of a JSON array, or JSON values one after another, while they are read.

    Holds what was read last and a value that has begun, however long the text. What has been
    decoded is cut off when more is read, not after each value: that would copy the rest every time.

    Args:
        start: The beginning of the text.
        read: Gives about as many further characters as it is asked for; none at the end.

    Yields:
        Values; a `Problem` in the end if the text does not end where it should.

    Example:
        >>> rest = iter(['2, {"a"', ": 3}]", ""])
        >>> list(json_values("[1, ", lambda _: next(rest)))
        [1, 2, {'a': 3}]
    """
    decoder, buffer, at_end, wanted = json.JSONDecoder(), start, False, CHUNK_CHARS
    place = _BETWEEN.match(buffer).end()  # type: ignore[union-attr]  # it matches nothing, too
    in_array = buffer.startswith("[", place)
    place += in_array
    while True:
        place = _BETWEEN.match(buffer, place).end()  # type: ignore[union-attr]
        if in_array and buffer.startswith("]", place):
            if buffer[place + 1 :].strip() or read(CHUNK_CHARS).strip():
                yield Problem(
                    "stands behind the end of the array; the rest of the file is not read"
                )
            return
        end, problem = place, "the file ends inside a record"
        if place < len(buffer):
            try:
                value, end = decoder.raw_decode(buffer, place)
            except json.JSONDecodeError as error:
                problem = f"is no JSON: {error.msg}"
                is_cut = len(buffer) - error.pos < CUT_CHARS
                # A text without its end is told by where it begins.
                at_end = at_end or not (is_cut or error.msg.startswith("Unterminated string"))
            except ValueError as error:  # a number with more digits than Python reads
                at_end, problem = True, f"cannot be read: {error}"
            except RecursionError:
                at_end, problem = True, "is nested too deeply"
        # A number at the end of what was read may go on.
        if end > place and (end < len(buffer) or at_end or isinstance(value, (dict, list))):
            has_halves = _SURROGATE.search(buffer, place, end) is not None
            yield without_surrogates(value) if has_halves else value
            place, wanted = end, CHUNK_CHARS
            continue
        if at_end:
            if in_array or place < len(buffer):
                yield Problem(f"{problem}; the rest of the file is not read")
            return
        more = read(wanted)
        # Twice as much each time: a large record is not decoded from its start again and again.
        wanted *= 2
        at_end = not more
        buffer, place = buffer[place:] + more, 0
