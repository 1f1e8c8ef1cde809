"""JSON values of tool calls for the reference parser: reading, mending, comparing with a tool."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

COMPANY = "company_name"
DEFAULT_TOOLS: dict[str, tuple[str, ...]] = {
    "get_table_names": (COMPANY,),
    "get_table_info": (COMPANY, "table_name"),
    "sql_query": (COMPANY, "table_name", "query"),
    "calculator": ("expression",),
    "submit_answer": ("answer",),
}
"""Tools of the default profile with their parameters, all required strings."""

BLANKS = " \t\n\r"
_TOKEN = re.compile(
    r"""(?P<double>"(?:\\.|[^"\\])*")|(?P<single>'(?:\\.|[^'\\])*')|(?P<punctuation>[{}\[\]:,])
      | (?P<word>[-+.\w]+) | (?P<blank>[ \t\r\n]+)""",
    re.VERBOSE | re.DOTALL,
)
_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}
_FENCE = re.compile(r"```[\w+-]*[ \t\r\n]*")
# What may complete a text that ends too early, before its brackets are closed.
_ENDINGS = ["", '"', '": 0', ": 0", "0", '"k": 0']


@dataclass
class Attempt:
    """One attempt to call a tool; name and arguments only if it runs."""

    status: str
    name: str | None = None
    arguments: dict[str, Any] | None = None


@dataclass
class Parsed:
    """The attempts of a message in order, and what is left of it as text."""

    attempts: list[Attempt] = field(default_factory=list)
    text: str = ""


@dataclass
class Options:
    """How to parse, and the tools there are."""

    tools: dict[str, tuple[str, ...]]
    repair: bool
    length_limited: bool


class UnreadableError(Exception):
    """No value here; ``at_end`` says that the text ended where more was needed."""

    def __init__(self, *, at_end: bool) -> None:
        super().__init__(at_end)
        self.at_end = at_end


def skip_blanks(text: str, at: int) -> int:
    """Where the first character that is no blank stands."""
    return len(text) - len(text[at:].lstrip(BLANKS))


# --- whole JSON -----------------------------------------------------------------------------------


def _float(digits: str) -> float:
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        raise ValueError("beyond a double")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_float=_float, parse_constant=_constant)
_LENIENT = json.JSONDecoder(parse_float=_float, parse_constant=_constant, strict=False)


def whole_json(text: str, at: int = 0, *, lenient: bool = False) -> tuple[Any, int]:
    """The JSON value at ``at`` and where it ends.

    Raises:
        ValueError: There is none.
    """
    value, end = (_LENIENT if lenient else _DECODER).raw_decode(text, at)
    # Half a surrogate pair cannot be encoded.
    json.dumps(value, ensure_ascii=False).encode()
    return value, end


# --- mending --------------------------------------------------------------------------------------


def _unquote(token: str) -> str:
    """A quoted token as JSON writes it."""
    body = token[1:-1].replace("\\'", "'")
    if token[0] == "'":
        body = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', body)
    return f'"{body}"'


@dataclass
class Tokens:
    """Tokens of one value in JSON's spelling, up to ``end``; what is still open there."""

    found: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    end: int = 0
    cut: bool = False
    """The text ends inside a string."""


def tokenize(text: str, at: int) -> Tokens:
    """Reads tokens until the first bracket is closed, or until there are no more."""
    tokens = Tokens(end=at)
    while tokens.end < len(text):
        match = _TOKEN.match(text, tokens.end)
        if match is None:
            tokens.cut = text[tokens.end] in "\"'"
            return tokens
        token, tokens.end = match[0], match.end()
        if match["double"] or match["single"]:
            tokens.found.append(_unquote(token))
        elif match["word"]:
            tokens.found.append(_PYTHON_WORDS.get(token, token))
        elif match["punctuation"]:
            if token in "{[":
                tokens.open.append("}" if token == "{" else "]")
            elif token in "}]":
                if tokens.found[-1:] == [","]:
                    tokens.found.pop()
                if not tokens.open or tokens.open.pop() != token:
                    return tokens
            tokens.found.append(token)
        if tokens.found and not tokens.open:
            return tokens
    return tokens


def mend(text: str, at: int, *, supply_brace: bool) -> tuple[Any, int]:
    """The value at ``at`` after mending what leaves no doubt, and where it ends.

    Raises:
        UnreadableError: There is none.
    """
    fence = _FENCE.match(text, at)
    tokens = tokenize(text, fence.end() if fence else at)
    source = " ".join(tokens.found)
    if tokens.open == ["}"] and supply_brace and not tokens.cut and tokens.found[-1] != "{":
        # Closing backticks are passed over, anything else is a wrong character.
        if text[tokens.end :].strip(BLANKS) not in {"", "```"}:
            raise UnreadableError(at_end=False)
        source += "}"
        tokens.end = len(text)
    elif tokens.open or tokens.cut:
        raise UnreadableError(at_end=True)
    try:
        value, end = whole_json(source, lenient=True)
    except ValueError:
        raise UnreadableError(at_end=False) from None
    if end != len(source):
        raise UnreadableError(at_end=False)
    if fence:
        closing = re.compile(r"[ \t\r\n]*```").match(text, tokens.end)
        tokens.end = closing.end() if closing else tokens.end
    return value, tokens.end


def is_prefix(text: str, options: Options) -> bool:
    """Whether something can be put behind ``text`` so that it is a value: the ways are tried."""
    text = text.strip(BLANKS)
    tokens = tokenize(text, 0)
    if not tokens.open:
        return not text
    rest = text[tokens.end :]
    if tokens.cut and options.repair and rest[0] == "'":
        rest = '"' + rest[1:].replace('"', "")
    if tokens.cut:
        rest = re.sub(r"\\(?:u[0-9a-fA-F]{0,3})?$", "", rest)
    elif rest:
        return False
    source = " ".join(tokens.found) + rest if options.repair else text[: tokens.end] + rest
    # A literal or number that is cut off is as good as one that is whole.
    source = re.sub(r"(?<=[:,\[ ])(?:[-+.eE0-9]+|t|tr|tru|f|fa|fal|fals|n|nu|nul)$", "0", source)
    closers = "".join(reversed(tokens.open))
    for ending in _ENDINGS:
        try:
            whole_json(source + ending + closers, lenient=options.repair)
        except ValueError:
            continue
        return True
    return False


@dataclass
class Region:
    """Where a call should end, and whether a closing tag ends it there."""

    end: int
    closing: str = ""

    @staticmethod
    def find(text: str, at: int, closing: str, others: str) -> Region:
        """The stretch from ``at`` to the next of the tags (regular expressions)."""
        found = re.compile(f"(?P<closing>{closing})|{others}" if closing else others).search(
            text, at
        )
        if found is None:
            return Region(len(text))
        return Region(found.start(), (found["closing"] or "") if closing else "")


def read_value(
    text: str, at: int, region: Region, options: Options, first: str = "{"
) -> tuple[Any, int, bool]:
    """The value at ``at``, where it ends, and whether it was mended.

    Raises:
        UnreadableError: There is none.
    """
    at = skip_blanks(text, at)
    if text[at : at + 1] and text[at] in first:
        try:
            return *whole_json(text, at), False
        except ValueError:
            pass
    if options.repair:
        inside = text[: region.end]
        complete = inside.rstrip(BLANKS).removesuffix("```").rstrip(BLANKS)
        whole = not options.length_limited and complete.endswith(("}", "]", '"', "'"))
        supply = region.end < len(text) or whole
        for source, brace in ((inside, supply), (text, False)):
            try:
                value, end = mend(source, at, supply_brace=brace)
            except UnreadableError:
                continue
            if isinstance(value, dict) or (isinstance(value, str) and '"' in first):
                return value, end, True
    inside = text[at : region.end]
    begins = not inside.strip(BLANKS) or inside[0] in first
    raise UnreadableError(at_end=begins and is_prefix(inside, options))


def failed(text: str, region: Region, options: Options, error: UnreadableError) -> Attempt:
    """The attempt that has no value, by how its region ends."""
    if not region.closing:
        if options.length_limited and not text[region.end :].strip(BLANKS):
            return Attempt("truncated")
        if error.at_end:
            return Attempt("unclosed")
    return Attempt("invalid_json")


# --- from a value to an attempt -------------------------------------------------------------------


def _as_text(value: Any) -> Any:
    """A number for a string parameter becomes its text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, int) and -(2**63) <= value < 2**64:
        return str(value)
    text = format(Decimal(repr(float(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _arguments(arguments: Any, options: Options) -> tuple[Any, bool]:
    """Arguments as an object where they can be, and whether they were mended."""
    if arguments is None:
        return {}, False
    if not isinstance(arguments, str):
        return arguments, False
    if not arguments.strip(BLANKS):
        return {}, False
    region = Region(len(arguments))
    try:
        value, end, mended = read_value(
            arguments, 0, region, Options(options.tools, options.repair, length_limited=False)
        )
    except UnreadableError:
        return None, False
    return (None if arguments[end:].strip(BLANKS) else value), mended


def judge(name: Any, arguments: Any, options: Options, *, repaired: bool = False) -> Attempt:
    """Compares a call with the tools."""
    if not isinstance(name, str) or not name:
        return Attempt("missing_name")
    if name not in options.tools:
        return Attempt("unknown_tool")
    arguments, mended = _arguments(arguments, options)
    wanted = options.tools[name]
    if not isinstance(arguments, dict) or set(arguments) != set(wanted):
        return Attempt("bad_arguments")
    values = {key: _as_text(value) for key, value in arguments.items()}
    if not all(isinstance(value, str) for value in values.values()):
        return Attempt("bad_arguments")
    return Attempt("repaired" if repaired or mended else "ok", name, values)


def judge_object(value: Any, options: Options, *, repaired: bool = False) -> Attempt:
    """The same for ``{"name": …, "arguments" or "parameters": …}``."""
    arguments = value["arguments"] if "arguments" in value else value.get("parameters")
    return judge(value.get("name"), arguments, options, repaired=repaired)
