"""Reference for ``parse_action``: regular expressions, ``json`` and ``ast``.

It reads the six wire forms and the listed classes of malformed calls (``docs/spec/actions.md``).
Messages inside the domain are generated in ``tests/parity/test_actions.py``.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable

from reference.action_tagged import THINK, Read, given_up, read_hermes, read_tagged, read_xml
from reference.action_values import (
    BLANKS,
    DEFAULT_TOOLS,
    Attempt,
    Options,
    Parsed,
    Region,
    UnreadableError,
    failed,
    judge,
    judge_object,
    read_value,
    skip_blanks,
)

__all__ = ["DEFAULT_TOOLS", "Attempt", "Parsed", "parse_action"]

_END_TOKENS = (
    r"(?:\s|<\|im_end\|>|<\|eot_id\|>|<\|eom_id\|>|<\|endoftext\|>|<\|end_of_text\|>|</s>)*\Z"
)

# --- Llama JSON -----------------------------------------------------------------------------------


def _llama(text: str, at: int, options: Options) -> Read:
    """``<|python_tag|>{…}; {…}``."""
    attempts: list[Attempt] = []
    position = at + len("<|python_tag|>")
    while True:
        region = Region.find(text, position, "", rf"<\|python_tag\|>|{THINK}")
        try:
            value, stop, mended = read_value(text, position, region, options)
        except UnreadableError as error:
            return [*attempts, failed(text, region, options, error)], region.end
        attempts.append(judge_object(value, options, repaired=mended))
        position = _behind_semicolon(text, stop)
        if not text.startswith("{", position):
            return attempts, position if ";" in text[stop:position] else stop


def _behind_semicolon(text: str, at: int) -> int:
    match = re.compile(r"[ \t\r\n]*;?[ \t\r\n]*").match(text, at)
    return match.end() if match else at


def _unfenced(piece: str, options: Options) -> tuple[str, bool]:
    fenced = re.fullmatch(r"```[\w+-]*\s*(.*?)\s*(?:```)?", piece, re.DOTALL)
    return (fenced[1], True) if fenced and options.repair else (piece, False)


def _bare_llama(piece: str, options: Options, *, auto: bool) -> list[Attempt] | None:
    """A message that is nothing but objects; ``None`` where it is text."""
    piece, fenced = _unfenced(piece, options)
    if not piece.startswith("{"):
        return None
    attempts: list[Attempt] = []
    position = 0
    region = Region(len(piece))
    while position < len(piece):
        try:
            value, position, mended = read_value(piece, position, region, options)
        except UnreadableError as error:
            key = re.match(r"\{\s*(['\"])(name|arguments|parameters|type)\1", piece)
            if not attempts and auto and key is None:
                return None
            return [*attempts, failed(piece, region, options, error)]
        if not attempts and auto and not {"name", "arguments", "parameters"} & set(value):
            return None
        attempts.append(judge_object(value, options, repaired=mended or fenced))
        position = _behind_semicolon(piece, position)
        if position < len(piece) and piece[position] != "{":
            return None
    return attempts


# --- pythonic -------------------------------------------------------------------------------------

_STRING = re.compile(r"'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_LITERALS = {"true": "True", "false": "False", "null": "None"}


def _mended_python(source: str) -> str:
    """Line breaks inside of strings escaped, JSON's literals as Python's."""

    def escaped(match: re.Match[str]) -> str:
        return match[0].replace("\n", "\\n") if match[0][:3] not in {"'''", '"""'} else match[0]

    parts: list[str] = []
    position = 0
    for match in [*_STRING.finditer(source), None]:
        outside = source[position : match.start() if match else len(source)]
        parts.append(re.sub(r"\b(?:true|false|null)\b", lambda m: _LITERALS[m[0]], outside))
        if match:
            parts.append(escaped(match))
            position = match.end()
    return "".join(parts)


def _as_list(source: str) -> list[ast.expr] | None:
    try:
        with warnings.catch_warnings():
            # An unknown escape stays as written, which Python warns of.
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return tree.elts if isinstance(tree, ast.List) else None


def _python_list(text: str, at: int, region: Region, options: Options) -> Read:
    """The list at ``at``, or its whole calls and one attempt for the rest."""
    ends = [at + m.end() for m in re.finditer(r"[\])]", text[at : region.end])]
    for mended in (False, True) if options.repair else (False,):
        fix: Callable[[str], str] = _mended_python if mended else str
        for end in ends:
            items = _as_list(fix(text[at:end])) if text[end - 1] == "]" else None
            if items is not None:
                return [_python_call(i, options, repaired=mended) for i in items], end
        for end in reversed(ends):
            items = _as_list(fix(text[at:end]) + "]") if text[end - 1] == ")" else None
            if items and all(isinstance(item, ast.Call) for item in items):
                attempts = [_python_call(i, options, repaired=mended) for i in items]
                if not text[end : region.end].strip(BLANKS):
                    return attempts, region.end
                error = UnreadableError(at_end=_python_runs_out(text[end : region.end], options))
                return [*attempts, failed(text, region, options, error)], region.end
    error = UnreadableError(at_end=_python_runs_out(text[at : region.end], options))
    return [failed(text, region, options, error)], region.end + len(region.closing)


def _python_runs_out(rest: str, options: Options) -> bool:
    """Whether nothing wrong was met before the end: no line break in a string, no list closed."""
    outside = _STRING.sub("", rest)
    broken = any("\n" in m[0] and m[0][:3] not in {"'''", '"""'} for m in _STRING.finditer(rest))
    return (options.repair or not broken) and not outside.rstrip(BLANKS).endswith("]")


def _python_call(node: ast.expr, options: Options, *, repaired: bool) -> Attempt:
    if not isinstance(node, ast.Call):
        return Attempt("invalid_json")
    name = ast.unparse(node.func)
    if name not in options.tools:
        return Attempt("unknown_tool")
    if node.args or any(keyword.arg is None for keyword in node.keywords):
        return Attempt("bad_arguments")
    try:
        arguments = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords}
    except ValueError:
        return Attempt("invalid_json")
    return judge(name, arguments, options, repaired=repaired)


_PYTHON_END = r"<\|python_end\|>|<\|tool_call_end\|>"


def _pythonic(text: str, at: int, options: Options) -> Read:
    """``<|python_start|>[…]<|python_end|>``."""
    start = skip_blanks(text, text.index(">", at) + 1)
    others = rf"<\|python_start\|>|<\|tool_call_start\|>|{THINK}"
    region = Region.find(text, start, _PYTHON_END, others)
    attempts, stop = _python_list(text, start, region, options)
    tail = re.compile(rf"[ \t\r\n]*(?:{_PYTHON_END})").match(text, stop)
    return attempts, tail.end() if tail else stop


def _bare_pythonic(piece: str, options: Options, *, auto: bool) -> list[Attempt] | None:
    """A message that is nothing but a list of calls; ``None`` where it is text."""
    piece, fenced = _unfenced(piece, options)
    first = re.match(r"\[\s*([A-Za-z_][\w.-]*)\s*\(", piece)
    if first is None:
        return None
    attempts, stop = _python_list(piece, 0, Region(len(piece)), options)
    unread = bool(attempts) and attempts[-1].status in {"invalid_json", "unclosed", "truncated"}
    if unread and auto and first[1] not in options.tools:
        return None
    if stop != len(piece):
        return None
    if fenced:
        attempts = [Attempt("repaired", a.name, a.arguments) if a.name else a for a in attempts]
    return attempts


# --- Mistral --------------------------------------------------------------------------------------

_NAMED = re.compile(
    r"(?P<name>[\w.-]*)(?P<id>\[CALL_ID\][\w.-]*)?(?P<args>\[ARGS\])?(?P<blanks>[ \t\r\n]*)"
)


def _mistral(text: str, at: int, options: Options) -> Read:
    """``[TOOL_CALLS][{…}, {…}]``, ``[TOOL_CALLS]{…}`` or ``[TOOL_CALLS]name[ARGS]{…}``."""
    start = skip_blanks(text, at + len("[TOOL_CALLS]"))
    region = Region.find(text, start, "", rf"\[TOOL_CALLS\]|{THINK}")
    if re.compile(r"\[(?!ARGS\]|CALL_ID\])").match(text, start):
        return _mistral_list(text, start + 1, region, options)
    if text.startswith("{", start):
        try:
            value, stop, mended = read_value(text, start, region, options)
        except UnreadableError as error:
            return given_up(text, region, options, error)
        return [judge_object(value, options, repaired=mended)], stop
    attempts: list[Attempt] = []
    while True:
        named = _NAMED.match(text, start)
        if named is None or not (named["name"] or named["args"] or named["id"]):
            nothing = UnreadableError(at_end=not text[start : region.end].strip(BLANKS))
            return [*attempts, failed(text, region, options, nothing)], region.end
        rest = text[named.end() :]
        tags = ("[ARGS]", "[CALL_ID]")
        try:
            if rest and any(tag.startswith(rest) for tag in tags):
                raise UnreadableError(at_end=True)
            value, stop, mended = read_value(text, named.end(), region, options)
        except UnreadableError as error:
            return [*attempts, failed(text, region, options, error)], region.end
        attempts.append(judge(named["name"], value, options, repaired=mended))
        following = re.compile(
            r"[ \t\r\n]*,?[ \t\r\n]*(?=[\w.-]+(?:\{|\[ARGS\]|\[CALL_ID\]))"
        ).match(text, stop)
        if following is None:
            return attempts, stop
        start = following.end()


def _mistral_list(text: str, at: int, region: Region, options: Options) -> Read:
    attempts: list[Attempt] = []
    position = skip_blanks(text, at)
    while True:
        if text.startswith("]", position) and (not attempts or options.repair):
            return attempts, position + 1
        try:
            value, stop, mended = read_value(text, position, region, options)
        except UnreadableError as error:
            attempt = failed(text, region, options, error)
            bracket = attempts and text.startswith("]", position)
            return [*attempts, attempt], position + 1 if bracket else region.end
        attempts.append(judge_object(value, options, repaired=mended))
        position = skip_blanks(text, stop)
        if text.startswith("]", position):
            return attempts, position + 1
        if position >= len(text):
            return attempts, position
        if not text.startswith(",", position):
            wrong = UnreadableError(at_end=False)
            return [*attempts, failed(text, region, options, wrong)], region.end
        position = skip_blanks(text, position + 1)


# --- Harmony --------------------------------------------------------------------------------------

_BOUNDARY = r"<\|call\|>|<\|end\|>|<\|return\|>|<\|start\|>"
_HARMONY_CLOSE = r"<\|call\|>|<\|end\|>|<\|return\|>"


def _recipient(header: str) -> str | None:
    found = re.search(r"(?:^|(?<=[ \t\r\n>]))to=(?:functions\.)?([^ \t\r\n<]*)", header)
    return found[1] if found else None


def _harmony(text: str, options: Options) -> Parsed:
    """Channels: analysis is reasoning, a recipient makes a call, everything else is text."""
    parsed = Parsed()
    visible: list[str] = []
    position = 0
    while True:
        tag = re.compile(rf"<\|message\|>|{THINK}").search(text, position)
        if tag is None:
            break
        if tag[0] == "<think>":
            visible.append(text[position : tag.start()])
            end = text.find("</think>", tag.end())
            position = end + len("</think>") if end >= 0 else len(text)
            inside = text[tag.end() : position]
            found = inside.split("<|message|>")[:-1]
            parsed.attempts.extend(
                Attempt("in_reasoning") for header in found if _recipient(header) is not None
            )
            continue
        if tag[0] == "</think>":
            visible.clear()
            parsed.attempts = [Attempt("in_reasoning") for _ in parsed.attempts]
            position = tag.end()
            continue
        stretch = text[position : tag.start()]
        boundaries = list(re.finditer(_BOUNDARY, stretch))
        visible.append(stretch[: boundaries[0].start()] if boundaries else "")
        header = stretch[boundaries[-1].end() :] if boundaries else stretch
        position = tag.end()
        recipient = _recipient(header)
        if recipient is not None:
            attempt, position = _harmony_call(text, position, recipient, options)
            parsed.attempts.append(attempt)
            continue
        channel = re.findall(r"<\|channel\|>\s*(\w*)", header)
        ending = _BOUNDARY if channel[-1:] == ["analysis"] else rf"{_BOUNDARY}|<\|channel\|>"
        end_match = re.compile(ending).search(text, position)
        end = end_match.start() if end_match else len(text)
        if channel[-1:] != ["analysis"]:
            visible.append(text[position:end])
        position = end
    rest = text[position:]
    boundaries = list(re.finditer(_BOUNDARY, rest))
    header = rest[boundaries[-1].end() :] if boundaries else rest
    is_header = bool(boundaries) or "<|channel|>" in rest
    if is_header and _recipient(header) is not None:
        error = UnreadableError(at_end=True)
        parsed.attempts.append(failed(text, Region(len(text)), options, error))
        rest = rest[: boundaries[0].start()] if boundaries else ""
    elif is_header:
        rest = rest[: boundaries[0].start()] if boundaries else rest.split("<|channel|>")[0]
    visible.append(rest)
    parsed.text = "".join(visible).strip(BLANKS)
    return parsed


def _harmony_call(text: str, at: int, recipient: str, options: Options) -> tuple[Attempt, int]:
    others = rf"<\|start\|>|<\|channel\|>|<\|message\|>|{THINK}"
    region = Region.find(text, at, _HARMONY_CLOSE, others)
    if region.closing and not text[at : region.end].strip(BLANKS):
        return judge(recipient, {}, options), region.end + len(region.closing)
    try:
        value, stop, mended = read_value(text, at, region, options, '{"')
    except UnreadableError as error:
        attempts, end = given_up(text, region, options, error)
        return attempts[0], end
    behind = Region.find(text, stop, _HARMONY_CLOSE, others)
    if not behind.closing:
        return judge(recipient, value, options, repaired=mended), stop
    end = behind.end + len(behind.closing)
    if text[stop : behind.end].strip(BLANKS):
        return Attempt("invalid_json"), end
    return judge(recipient, value, options, repaired=mended), end


# --- the message ----------------------------------------------------------------------------------

_MARKERS = {
    "tagged": r"<tool_call>|<function=",
    "hermes": r"<tool_call>",
    "qwen_xml": r"<tool_call>|<function=",
    "llama_json": r"<\|python_tag\|>",
    "mistral": r"\[TOOL_CALLS\]",
    "pythonic": r"<\|python_start\|>|<\|tool_call_start\|>",
    "harmony": r"<\|channel\|>|<\|start\|>|<\|message\|>",
}
_READERS = {
    "tagged": read_tagged,
    "hermes": read_hermes,
    "qwen_xml": read_xml,
    "llama_json": _llama,
    "mistral": _mistral,
    "pythonic": _pythonic,
}


def detect(text: str) -> tuple[str | None, bool]:
    """The wire form that the first marker names, and whether it stands outside of reasoning."""
    outside = re.sub(
        r"<think>.*?(?:</think>|\Z)", lambda m: "\0" * len(m[0]), text, flags=re.DOTALL
    )
    unopened = outside.rfind("</think>")
    outside = "\0" * unopened + outside[unopened:] if unopened >= 0 else outside
    for searched in (outside, text):
        firsts = {
            name: match.start()
            for name, marker in _MARKERS.items()
            if name not in {"hermes", "qwen_xml"} and (match := re.search(marker, searched))
        }
        if firsts:
            return min(firsts, key=lambda name: firsts[name]), searched is outside
    return None, False


def parse_action(
    text: str,
    tools: dict[str, tuple[str, ...]] | None = None,
    format: str = "auto",
    level: str = "strict",
    *,
    length_limited: bool = False,
) -> Parsed:
    """Finds the tool calls in a message.

    Args:
        text: What the model wrote.
        tools: Parameters (all required strings) by tool name.
        format: A wire form or "auto".
        level: strict or repair.
        length_limited: The message was cut by its token limit.
    """
    options = Options(tools or DEFAULT_TOOLS, level == "repair", length_limited)
    text = re.sub(_END_TOKENS, "", text)
    auto = format == "auto"
    form, outside = detect(text) if auto else (format, False)
    if form == "harmony":
        return _harmony(text, options)
    parsed, pieces = _walk(text, form, options)
    parsed.text = "".join(pieces).strip(BLANKS)
    may_be_bare = form in {"llama_json", "pythonic"} if not auto else not outside
    filled = [piece.strip(BLANKS) for piece in pieces if piece.strip(BLANKS)]
    if (
        may_be_bare
        and len(filled) == 1
        and all(attempt.status == "in_reasoning" for attempt in parsed.attempts)
    ):
        found = None
        if auto or form == "llama_json":
            found = _bare_llama(filled[0], options, auto=auto)
        if found is None and (auto or form == "pythonic"):
            found = _bare_pythonic(filled[0], options, auto=auto)
        if found is not None:
            parsed.attempts.extend(found)
            parsed.text = ""
    return parsed


def _walk(text: str, form: str | None, options: Options) -> tuple[Parsed, list[str]]:
    """Attempts behind markers, and the pieces of text between them."""
    parsed = Parsed()
    marker = _MARKERS.get(form or "", r"(?!)")
    pattern = re.compile(rf"{THINK}|{marker}")
    pieces: list[str] = []
    position = 0
    while match := pattern.search(text, position):
        pieces.append(text[position : match.start()])
        if match[0] == "<think>":
            end = text.find("</think>", match.end())
            inside = text[match.end() : end if end >= 0 else len(text)]
            # A function right behind its tag is the same call.
            inside = re.sub(r"<tool_call>[ \t\r\n]*<function=", "<tool_call>", inside)
            parsed.attempts.extend(Attempt("in_reasoning") for _ in re.findall(marker, inside))
            position = end + len("</think>") if end >= 0 else len(text)
        elif match[0] == "</think>":
            pieces.clear()
            parsed.attempts = [Attempt("in_reasoning") for _ in parsed.attempts]
            position = match.end()
        else:
            attempts, position = _READERS[form or ""](text, match.start(), options)
            parsed.attempts.extend(attempts)
    pieces.append(text[position:])
    return parsed, pieces
