"""Parity of ``finqa_gym.tools.parse_action`` with the reference parser.

The domain: one to three calls in one wire form, with plain text around them and perhaps reasoning
before them, each call well-formed or damaged in one of the listed ways.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reference.actions import DEFAULT_TOOLS, parse_action

hypothesis = pytest.importorskip("hypothesis")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
LEVELS = st.sampled_from(["strict", "repair"])
RUNS = {"ok", "repaired"}
PROSE = st.sampled_from(
    ["", "", "I will look it up.", "First,\nthe table.", "Result: 12.5% — “fine” €5"]
)
# Neither markers nor what single quotes or Python literals would confuse.
PLAIN = st.text(alphabet="abz XYZ019_.,;()=<>*+%-€—é", min_size=0, max_size=24)
ANY_TEXT = st.one_of(
    PLAIN, st.sampled_from(['say "hi"', "it's", "a\\b", "line\nline", "{x}", "[1]", "</tool_call>"])
)


@dataclass(frozen=True)
class Call:
    """A call as the model means it."""

    name: str
    arguments: dict[str, Any]


@st.composite
def calls(draw: st.DrawFn, values: st.SearchStrategy[str] = ANY_TEXT) -> Call:
    """A call of a known tool; now and then of another one, or with arguments that do not fit."""
    name = draw(st.sampled_from(sorted(DEFAULT_TOOLS)))
    arguments: dict[str, Any] = {key: draw(values) for key in DEFAULT_TOOLS[name]}
    change = draw(
        st.sampled_from(["", "", "", "", "unknown", "missing", "extra", "number", "list"])
    )
    first = next(iter(arguments))
    if change == "unknown":
        return Call(draw(st.sampled_from(["search", "sqlquery", "SQL_QUERY"])), arguments)
    if change == "missing":
        del arguments[first]
    elif change == "extra":
        arguments["limit"] = "5"
    elif change == "number":
        arguments[first] = draw(st.integers(-(10**6), 10**6))
    elif change == "list":
        arguments[first] = [1]
    return Call(name, arguments)


def as_object(call: Call, key: str = "arguments") -> str:
    """``{"name": …, "arguments": …}``."""
    return json.dumps({"name": call.name, key: call.arguments}, ensure_ascii=False)


# --- damage to a JSON object: each takes the whole text and gives the damaged one -----------------


def _single_quoted(text: str) -> str:
    return text.replace('"', "'")


DAMAGE: dict[str, Callable[[str], str]] = {
    "none": lambda text: text,
    "trailing_comma": lambda text: text[:-1] + ",}",
    "single_quotes": _single_quoted,
    "python_literal": lambda text: re.sub(r": \"[^\"]*\"\}\}$", ": True}}", text),
    "missing_brace": lambda text: text[:-1],
    "code_fence": lambda text: f"```json\n{text}\n```",
    "plain_fence": lambda text: f"```\n{text}\n```",
    "raw_newline": lambda text: text.replace(" XYZ", "\nXYZ"),
    "parameters": lambda text: text.replace('"arguments"', '"parameters"'),
    "no_arguments": lambda text: re.sub(r', "arguments".*$', "}", text, flags=re.DOTALL),
    "null_arguments": lambda text: re.sub(
        r'"arguments".*$', '"arguments": null}', text, flags=re.DOTALL
    ),
    "no_name": lambda text: re.sub(r'"name": "\w+", ', "", text),
    "empty_name": lambda text: re.sub(r'"name": "\w+"', '"name": ""', text),
    "tight": lambda text: json.dumps(json.loads(text), separators=(",", ":")),
    "indented": lambda text: json.dumps(json.loads(text), indent=2, ensure_ascii=False),
    "ascii": lambda text: json.dumps(json.loads(text), ensure_ascii=True),
}


def _stringified(text: str) -> str:
    call = json.loads(text)
    call["arguments"] = json.dumps(call["arguments"], ensure_ascii=False)
    return json.dumps(call, ensure_ascii=False)


DAMAGE["arguments_as_string"] = _stringified
# These keep the brackets and quotes of the object in place, so its end can be found without a
# closing tag.
SOUND = [
    "none",
    "parameters",
    "no_arguments",
    "null_arguments",
    "no_name",
    "tight",
    "indented",
    "ascii",
]


@st.composite
def objects(draw: st.DrawFn) -> str:
    """A call object, damaged in one of the listed ways."""
    damage = draw(st.sampled_from(sorted(DAMAGE)))
    values = ANY_TEXT if damage in {*SOUND, "arguments_as_string"} else PLAIN
    return DAMAGE[damage](as_object(draw(calls(values))))


@st.composite
def around(draw: st.DrawFn, body: st.SearchStrategy[str]) -> str:
    """Text before a body, perhaps with reasoning."""
    before = draw(PROSE)
    thought = draw(
        st.sampled_from(
            ["", "", "<think>short</think>\n", "<think>\n\n</think>\n\n", "so it is\n</think>\n"]
        )
    )
    return thought + before + ("\n" if before else "") + draw(body)


@st.composite
def hermes_messages(draw: st.DrawFn) -> str:
    """Blocks with text between them."""
    blocks = draw(st.lists(objects(), min_size=1, max_size=3))
    texts = []
    for block in blocks:
        opening, closing = draw(st.sampled_from([("\n", "\n"), ("", ""), (" ", " ")]))
        texts.append(f"<tool_call>{opening}{block}{closing}</tool_call>{draw(PROSE)}")
    return "\n".join(texts)


@st.composite
def unclosed_messages(draw: st.DrawFn) -> str:
    """A last block without its closing tag: whole, without its brace, or cut anywhere inside the
    object.
    """
    text = as_object(draw(calls(PLAIN)))
    cut = draw(st.one_of(st.just(len(text)), st.just(len(text) - 1), st.integers(1, len(text))))
    before = draw(st.sampled_from(["", f"<tool_call>\n{text}\n</tool_call>\n"]))
    return f"{before}<tool_call>\n{text[:cut]}"


@st.composite
def reasoning_messages(draw: st.DrawFn) -> str:
    """Calls inside reasoning, closed or not, opened or not, before calls outside."""
    inner = "\n".join(
        f"<tool_call>\n{as_object(c)}\n</tool_call>"
        for c in draw(st.lists(calls(PLAIN), max_size=2))
    )
    close = draw(st.sampled_from(["</think>", "</think>", ""]))
    opening = draw(st.sampled_from(["<think>", "<think>", ""]))
    return f"{opening}Let me see.\n{inner}{close}\n{draw(hermes_messages())}"


@st.composite
def xml_messages(draw: st.DrawFn) -> str:
    """Blocks of ``<function=…>``; values are text as it stands."""
    values = PLAIN.filter(lambda text: "<" not in text and text == text.strip())
    texts = []
    for call in draw(st.lists(calls(values), min_size=1, max_size=3)):
        inner = "".join(
            f"<parameter={key}>\n{value}\n</parameter>\n"
            for key, value in call.arguments.items()
            if isinstance(value, str)
        )
        texts.append(f"<tool_call>\n<function={call.name}>\n{inner}</function>\n</tool_call>")
    message = "\n".join(texts)
    return message if draw(st.booleans()) else message.removesuffix("\n</tool_call>")


@st.composite
def llama_messages(draw: st.DrawFn) -> str:
    """Objects, several split by semicolons, the tag optional."""
    key = draw(st.sampled_from(["parameters", "arguments"]))
    texts = [as_object(call, key) for call in draw(st.lists(calls(), min_size=1, max_size=3))]
    return draw(st.sampled_from(["", "<|python_tag|>"])) + draw(st.sampled_from(["; ", ";"])).join(
        texts
    )


@st.composite
def pythonic_messages(draw: st.DrawFn) -> str:
    """A list of calls in Python's spelling; some with a positional argument, some cut."""
    values = PLAIN.filter(str.isascii)
    texts = []
    for call in draw(st.lists(calls(values), min_size=1, max_size=3)):
        pairs = [f"{key}={value!r}" for key, value in call.arguments.items()]
        if draw(st.integers(0, 5)) == 0:
            pairs.insert(0, "'x'")
        texts.append(f"{call.name}({', '.join(pairs)})")
    return f"[{', '.join(texts)}]"


@st.composite
def mistral_messages(draw: st.DrawFn) -> str:
    """The list of older tokenizers or the named objects of newer ones."""
    made = draw(st.lists(calls(), min_size=1, max_size=3))
    if draw(st.booleans()):
        return f"[TOOL_CALLS][{', '.join(as_object(call) for call in made)}]"
    infix = draw(st.sampled_from(["", "[ARGS]"]))
    bodies = (f"{c.name}{infix}{json.dumps(c.arguments, ensure_ascii=False)}" for c in made)
    return "".join(f"[TOOL_CALLS]{body}" for body in bodies)


@st.composite
def harmony_messages(draw: st.DrawFn) -> str:
    """Reasoning, perhaps a preamble, then one call with the recipient in either place."""
    call = draw(calls(ANY_TEXT.filter(lambda text: "<" not in text)))
    body = json.dumps(call.arguments, ensure_ascii=False)
    analysis = draw(
        st.sampled_from(["", "<|channel|>analysis<|message|>I look.<|end|><|start|>assistant"])
    )
    close = draw(st.sampled_from(["<|call|>", ""]))
    form = draw(
        st.sampled_from(
            [
                "<|channel|>commentary to=functions.{} <|constrain|>json<|message|>{}{}",
                " to=functions.{}<|channel|>commentary <|constrain|>json<|message|>{}{}",
                "<|channel|>commentary to=functions.{} json<|message|>{}{}",
            ]
        )
    )
    if not analysis and form.startswith(" "):
        analysis = "<|start|>assistant"
    return analysis + form.format(call.name, body, close)


def simple(parsed: Any) -> list[tuple[str, str | None, dict[str, Any] | None]]:
    """Status of each attempt, and name and arguments of those that run."""
    return [
        (a.status, a.name, a.arguments) if a.status in RUNS else (a.status, None, None)
        for a in parsed.attempts
    ]


def squeezed(text: str) -> str:
    """Text without its blanks: how many stay between two calls is no rule."""
    return "".join(text.split())


def check(
    finqa_gym: Any, text: str, form: str, level: str, *, length_limited: bool = False
) -> None:
    """Same attempts, same text, in the named form and with the form detected."""
    for given_form in (form, "auto"):
        options: dict[str, Any] = {
            "format": given_form,
            "level": level,
            "length_limited": length_limited,
        }
        expected = parse_action(text, **options)
        found = finqa_gym.tools.parse_action(text, **options)
        assert simple(found) == simple(expected)
        assert squeezed(found.text) == squeezed(expected.text)
        for attempt in found.attempts:
            # The policy learns what is wrong exactly when nothing runs.
            assert bool(attempt.feedback) == (attempt.status not in RUNS)


@given(around(hermes_messages()), LEVELS)
def test_hermes(finqa_gym: Any, text: str, level: str) -> None:
    check(finqa_gym, text, "hermes", level)


@given(unclosed_messages(), LEVELS, st.booleans())
def test_hermes_unclosed(finqa_gym: Any, text: str, level: str, length_limited: bool) -> None:
    check(finqa_gym, text, "hermes", level, length_limited=length_limited)


@given(reasoning_messages(), LEVELS)
def test_calls_inside_reasoning_do_not_run(finqa_gym: Any, text: str, level: str) -> None:
    check(finqa_gym, text, "hermes", level)


@given(around(xml_messages()), LEVELS)
def test_qwen_xml(finqa_gym: Any, text: str, level: str) -> None:
    check(finqa_gym, text, "qwen_xml", level)


@given(llama_messages(), LEVELS)
def test_llama_json(finqa_gym: Any, text: str, level: str) -> None:
    check(finqa_gym, text, "llama_json", level)


@given(pythonic_messages(), LEVELS)
def test_pythonic(finqa_gym: Any, text: str, level: str) -> None:
    check(finqa_gym, text, "pythonic", level)


@given(mistral_messages(), LEVELS)
def test_mistral(finqa_gym: Any, text: str, level: str) -> None:
    check(finqa_gym, text, "mistral", level)


@given(harmony_messages(), LEVELS)
def test_harmony(finqa_gym: Any, text: str, level: str) -> None:
    check(finqa_gym, text, "harmony", level)


@given(PROSE)
def test_prose_has_no_attempts(finqa_gym: Any, text: str) -> None:
    parsed = finqa_gym.tools.parse_action(text)
    assert parsed.attempts == []
    assert parsed.text == text.strip()


FRAGMENTS = [
    "<tool_call>",
    "</tool_call>",
    "<think>",
    "</think>",
    "<function=calculator>",
    "</function>",
    "<parameter=expression>",
    "</parameter>",
    "[TOOL_CALLS]",
    "[ARGS]",
    "<|python_tag|>",
    "<|channel|>",
    "<|message|>",
    "<|call|>",
    "<|start|>assistant",
    "commentary to=functions.calculator ",
    "analysis",
    '{"name": "calculator", "arguments": {"expression": "1+1"}}',
    '{"name"',
    '"',
    "'",
    "{",
    "}",
    "[",
    "]",
    "[calculator(expression='1')]",
    "calculator(",
    ")",
    ",",
    ":",
    "\\",
    "\n",
    "```json\n",
    "```",
    "é€",
    "text ",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join), LEVELS, st.booleans())
def test_no_message_breaks_the_parser(
    finqa_gym: Any, text: str, level: str, length_limited: bool
) -> None:
    """Outside of the domain: no exception, and a call that runs fits its tool."""
    for form in ("auto", "hermes", "qwen_xml", "llama_json", "pythonic", "mistral", "harmony"):
        parsed = finqa_gym.tools.parse_action(
            text, format=form, level=level, length_limited=length_limited
        )
        for attempt in parsed.attempts:
            if attempt.status in RUNS:
                assert set(attempt.arguments) == set(DEFAULT_TOOLS[attempt.name])
                assert level == "repair" or attempt.status == "ok"


def test_committed_cases(finqa_gym: Any, committed_action_cases: list[dict[str, Any]]) -> None:
    """Package and reference give what the catalogue says, statuses, calls and text."""
    # Structured calls are no text, and the default profile has no tools of a user.
    path = REPOSITORY / "crates/finqa-core/tests/data/action_tools.json"
    names = [tool["name"] for tool in json.loads(path.read_text())["user_tools"]]
    cases = [
        case
        for case in committed_action_cases
        if case["format"] != "structured" and not any(name in case["text"] for name in names)
    ]
    assert cases
    for case in cases:
        options: dict[str, Any] = {
            "format": case["format"],
            "level": case["level"],
            "length_limited": case["length_limited"],
        }
        wanted = [
            (a["status"], a["name"], a["arguments"])
            if a["status"] in RUNS
            else (a["status"], None, None)
            for a in case["attempts"]
        ]
        found = finqa_gym.tools.parse_action(case["text"], **options)
        assert simple(found) == wanted, case["name"]
        assert found.text == case["text_out"], case["name"]
        expected = parse_action(case["text"], **options)
        assert simple(expected) == wanted, (case["name"], "reference")
        assert expected.text == case["text_out"], (case["name"], "reference")
