"""Reference for ``parse_action``: regular expressions, ``json`` and ``ast``.

It reads well-formed calls in the six wire forms and the listed classes of malformed ones (see
``docs/spec/actions.md``); on other garbage it may differ from the scanner in the core. Messages
inside the domain are generated in ``tests/parity/test_actions.py``.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
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

_BLANKS = " \t\n\r"
_DECODER = json.JSONDecoder()
_TOKEN = re.compile(
    r"""(?P<double>"(?:\\.|[^"\\])*")|(?P<single>'(?:\\.|[^'\\])*')|(?P<punctuation>[{}\[\]:,])
      | (?P<word>[-+.\w]+) | (?P<blank>[ \t\r\n]+)""",
    re.VERBOSE | re.DOTALL,
)
_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}


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


# --- one JSON value -------------------------------------------------------------------------------


class UnreadableError(Exception):
    """No value here; ``at_end`` says that the text ended where more was needed."""

    def __init__(self, *, at_end: bool) -> None:
        super().__init__(at_end)
        self.at_end = at_end


def _unquote(token: str) -> str:
    """A quoted token as JSON writes it."""
    body = token[1:-1].replace("\\'", "'")
    if token[0] == "'":
        body = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', body)
    return f'"{body}"'


def _tokens(text: str) -> tuple[list[str], bool]:
    """Tokens in JSON's spelling without blanks, and whether the text ended inside a string."""
    tokens: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return tokens, text[position] in "\"'"
        token, position = match[0], match.end()
        if match["double"] or match["single"]:
            tokens.append(_unquote(token))
        elif match["word"]:
            tokens.append(_PYTHON_WORDS.get(token, token))
        elif match["punctuation"]:
            if token in "}]" and tokens and tokens[-1] == ",":
                tokens.pop()
            tokens.append(token)
    return tokens, False


def _mend(text: str, *, supply_brace: bool) -> Any:
    """The value that ``text`` holds after mending what leaves no doubt."""
    fenced = re.fullmatch(r"```[\w+-]*\s*(.*?)\s*(?:```)?", text.strip(_BLANKS), re.DOTALL)
    tokens, cut = _tokens(fenced[1] if fenced else text)
    if cut:
        raise UnreadableError(at_end=True)
    source = " ".join(tokens)
    missing = sum((t in "{[") - (t in "}]") for t in tokens if len(t) == 1)
    if missing == 1 and supply_brace:
        source += "}"
    elif missing != 0:
        raise UnreadableError(at_end=missing > 0)
    try:
        return json.loads(source, strict=False)
    except ValueError:
        raise UnreadableError(at_end=missing > 0) from None


def _is_prefix(text: str) -> bool:
    """Whether ``text`` could be continued to valid JSON, as far as brackets and strings tell."""
    tokens, cut = _tokens(text)
    depth = sum((t in "{[") - (t in "}]") for t in tokens if len(t) == 1)
    damaged = "'" in re.sub(r'"(?:\\.|[^"\\])*"?', "", text) or re.search(r",\s*[}\]]", text)
    return (cut or depth > 0 or not tokens) and not damaged


def read_value(
    text: str, at: int, region: int, options: Options, *, closed: bool
) -> tuple[Any, int]:
    """The JSON object or list at ``at`` and where it ends; ``region`` is where the call should end.

    Raises:
        UnreadableError: There is none.
    """
    at += len(text[at:]) - len(text[at:].lstrip(_BLANKS))
    if text[at : at + 1] in {"{", "["}:
        try:
            return _DECODER.raw_decode(text, at)
        except ValueError:
            pass
    inside = text[at:region]
    if options.repair:
        complete = inside.rstrip(_BLANKS).removesuffix("```").rstrip(_BLANKS)
        whole = not options.length_limited and complete.endswith(("}", "]", '"', "'"))
        try:
            return _mend(inside, supply_brace=closed or whole), region
        except UnreadableError:
            pass
    raise UnreadableError(at_end=_is_prefix(inside))


# --- from a read call to an attempt ---------------------------------------------------------------


def judge(name: Any, arguments: Any, options: Options, *, repaired: bool) -> Attempt:
    """Compares a call with the tools."""
    if not isinstance(name, str) or not name:
        return Attempt("missing_name")
    if name not in options.tools:
        return Attempt("unknown_tool")
    if isinstance(arguments, str):
        if not arguments.strip(_BLANKS):
            arguments = {}
        else:
            try:
                arguments = json.loads(arguments)
            except ValueError:
                if not options.repair:
                    return Attempt("bad_arguments")
                try:
                    arguments, repaired = _mend(arguments, supply_brace=True), True
                except UnreadableError:
                    return Attempt("bad_arguments")
    arguments = {} if arguments is None else arguments
    wanted = options.tools[name]
    if not isinstance(arguments, dict) or set(arguments) != set(wanted):
        return Attempt("bad_arguments")
    values = {k: str(v) if type(v) is int else v for k, v in arguments.items()}
    if not all(isinstance(value, str) for value in values.values()):
        return Attempt("bad_arguments")
    return Attempt("repaired" if repaired else "ok", name, values)


def judge_object(value: Any, options: Options, *, repaired: bool) -> Attempt:
    """The same for ``{"name": …, "arguments" or "parameters": …}``."""
    if not isinstance(value, dict):
        return Attempt("missing_name")
    arguments = value["arguments"] if "arguments" in value else value.get("parameters")
    return judge(value.get("name"), arguments, options, repaired=repaired)


def _failed(error: UnreadableError, options: Options, *, closed: bool, to_end: bool) -> Attempt:
    if not closed and to_end and options.length_limited:
        return Attempt("truncated")
    return Attempt("unclosed" if not closed and error.at_end else "invalid_json")


def _was_mended(text: str, start: int, end: int) -> bool:
    """Whether the piece is no JSON as it stands."""
    try:
        return _DECODER.raw_decode(text, start)[1] > end
    except ValueError:
        return True


# --- the wire forms: each takes the text from a marker on and gives attempts and the rest ---------


def _tagged(text: str, at: int, options: Options) -> tuple[list[Attempt], int]:
    """``<tool_call>…</tool_call>`` with JSON or with ``<function=…>`` in it."""
    opening = re.compile(r"<tool_call>\s*").match(text, at)
    start = opening.end() if opening else at
    if text.startswith("<function=", start):
        return _xml(text, start, options)
    end = re.compile(r"</tool_call>|<tool_call>").search(text, start)
    closed = bool(end and end[0].startswith("</"))
    region = end.start() if end else len(text)
    try:
        value, stop = read_value(text, start, region, options, closed=closed)
    except UnreadableError as error:
        resume = end.end() if end and closed else region
        return [_failed(error, options, closed=closed, to_end=end is None)], resume
    attempt = judge_object(value, options, repaired=_was_mended(text, start, stop))
    tail = re.compile(r"\s*</tool_call>").match(text, stop)
    return [attempt], tail.end() if tail else stop


def _xml(text: str, at: int, options: Options) -> tuple[list[Attempt], int]:
    """``<function=NAME><parameter=K>V</parameter></function>``."""
    pattern = r"<function=([^>]*)>(.*?)</function>(?:\s*</tool_call>)?"
    match = re.compile(pattern, re.DOTALL).match(text, at)
    if match is None:
        return [_failed(UnreadableError(at_end=True), options, closed=False, to_end=True)], len(
            text
        )
    parameter = r"\s*<parameter=([^>]*)>\n?(.*?)\n?</parameter>\s*"
    if re.fullmatch(f"(?:{parameter})*\\s*", match[2], re.DOTALL) is None:
        return [Attempt("invalid_json")], match.end()
    pairs = re.findall(parameter, match[2], re.DOTALL)
    arguments = {key.strip(_BLANKS): value for key, value in pairs}
    return [judge(match[1].strip(_BLANKS), arguments, options, repaired=False)], match.end()


def _llama(text: str, at: int, options: Options) -> tuple[list[Attempt], int]:
    """``<|python_tag|>{…}; {…}``."""
    attempts: list[Attempt] = []
    position = at + len("<|python_tag|>") if text.startswith("<|python_tag|>", at) else at
    while True:
        region = len(text)
        try:
            value, stop = read_value(text, position, region, options, closed=False)
        except UnreadableError as error:
            return [*attempts, _failed(error, options, closed=False, to_end=True)], region
        start = position + len(text[position:]) - len(text[position:].lstrip(_BLANKS))
        mended = _was_mended(text, start, stop)
        attempts.append(judge_object(value, options, repaired=mended))
        following = re.compile(r"\s*;\s*(?=\{)").match(text, stop)
        if following is None:
            return attempts, stop
        position = following.end()


def _pythonic(text: str, at: int, options: Options) -> tuple[list[Attempt], int]:
    """``[f(a='x'), g()]``: the shortest piece up to a ``]`` that Python reads as a list."""
    for match in re.finditer(r"\]", text[at:]):
        end = at + match.end()
        try:
            tree = ast.parse(text[at:end], mode="eval").body
        except (SyntaxError, ValueError):
            continue
        if not isinstance(tree, ast.List):
            break
        return [_python_call(item, options) for item in tree.elts], end
    return [_failed(UnreadableError(at_end=True), options, closed=False, to_end=True)], len(text)


def _python_call(node: ast.expr, options: Options) -> Attempt:
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
    return judge(name, arguments, options, repaired=False)


def _mistral(text: str, at: int, options: Options) -> tuple[list[Attempt], int]:
    """``[TOOL_CALLS][{…}, {…}]`` or ``[TOOL_CALLS]name{…}`` or ``[TOOL_CALLS]name[ARGS]{…}``."""
    start = at + len("[TOOL_CALLS]")
    start += len(text[start:]) - len(text[start:].lstrip(_BLANKS))
    following = text.find("[TOOL_CALLS]", start)
    region = following if following >= 0 else len(text)
    named = re.compile(r"([\w.-]+)(?:\[ARGS\])?\s*(?=\{|$)").match(text, start)
    try:
        value, stop = read_value(
            text, named.end() if named else start, region, options, closed=following >= 0
        )
    except UnreadableError as error:
        return [_failed(error, options, closed=False, to_end=following < 0)], region
    mended = _was_mended(text, named.end() if named else start, stop)
    if named:
        return [judge(named[1], value, options, repaired=mended)], stop
    items = value if isinstance(value, list) else [value]
    return [judge_object(item, options, repaired=mended) for item in items], stop


_HARMONY = re.compile(
    r"""(?:<\|start\|>)? (?P<before>[^<]*) <\|channel\|> (?P<channel>\w+) (?P<after>[^<]*)
        (?:<\|constrain\|>\w+)? <\|message\|> (?P<body>.*?)
        (?P<close><\|call\|>|<\|end\|>|<\|return\|>|(?=<\|start\|>)|$)""",
    re.VERBOSE | re.DOTALL,
)


def _harmony(text: str, options: Options) -> Parsed:
    """Channels: analysis is reasoning, a recipient makes a call, everything else is text."""
    parsed = Parsed()
    visible: list[str] = []
    for match in _HARMONY.finditer(text):
        recipient = re.search(r"to=(?:functions\.)?([\w.-]*)", match["before"] + match["after"])
        if recipient is None:
            if match["channel"] != "analysis":
                visible.append(match["body"])
            continue
        closed = bool(match["close"])
        try:
            value, stop = read_value(match["body"], 0, len(match["body"]), options, closed=closed)
        except UnreadableError as error:
            parsed.attempts.append(_failed(error, options, closed=closed, to_end=not closed))
            continue
        mended = _was_mended(match["body"].lstrip(_BLANKS), 0, stop)
        parsed.attempts.append(judge(recipient[1], value, options, repaired=mended))
    parsed.text = "".join(visible).strip(_BLANKS)
    return parsed


# --- the message ----------------------------------------------------------------------------------

_MARKERS = {
    "hermes": r"<tool_call>",
    "qwen_xml": r"<tool_call>|<function=",
    "llama_json": r"<\|python_tag\|>",
    "mistral": r"\[TOOL_CALLS\]",
    "pythonic": r"\[(?=\s*[A-Za-z_][\w.]*\()",
}
_READERS = {
    "hermes": _tagged,
    "qwen_xml": _tagged,
    "llama_json": _llama,
    "mistral": _mistral,
    "pythonic": _pythonic,
}


def detect(text: str) -> str | None:
    """The wire form that the markers of a message name."""
    if re.search(r"<\|channel\|>|<\|message\|>", text):
        return "harmony"
    for name in ("qwen_xml", "mistral", "llama_json"):
        if re.search(_MARKERS[name], text):
            return name
    visible = re.sub(r"^.*?</think>", "", text, flags=re.DOTALL).strip(_BLANKS)
    if re.match(r"\{\s*[\"']", visible):
        return "llama_json"
    return "pythonic" if re.match(_MARKERS["pythonic"], visible) else None


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
    form = detect(text) if format == "auto" else format
    if form == "harmony":
        return _harmony(text, options)
    parsed = Parsed()
    marker = _MARKERS.get(form or "", r"(?!)")
    if form == "llama_json":
        # Without its tag the object must open the visible message.
        marker += r"|(?:(?<=</think>)|\A)\s*\{(?=\s*[\"'])"
    pattern = re.compile(rf"<think>|</think>|{marker}")
    visible: list[str] = []
    position = 0
    while match := pattern.search(text, position):
        if match[0] == "<think>":
            visible.append(text[position : match.start()])
            end = text.find("</think>", match.end())
            inside = text[match.end() : end if end >= 0 else len(text)]
            calls = len(re.findall(marker.replace(r"\A", r"(?!)"), inside))
            if form in {"qwen_xml", "hermes"}:
                calls -= len(re.findall(r"<tool_call>\s*<function=", inside))
            parsed.attempts.extend(Attempt("in_reasoning") for _ in range(calls))
            position = end + len("</think>") if end >= 0 else len(text)
        elif match[0] == "</think>":
            visible.clear()
            parsed.attempts = [Attempt("in_reasoning") for _ in parsed.attempts]
            position = match.end()
        else:
            start = match.end() - 1 if match[0].endswith("{") else match.start()
            visible.append(text[position:start])
            attempts, position = _READERS[form or ""](text, start, options)
            parsed.attempts.extend(attempts)
    visible.append(text[position:])
    parsed.text = "".join(visible).strip(_BLANKS)
    return parsed
