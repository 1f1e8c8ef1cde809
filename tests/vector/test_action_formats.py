"""Every wire form of a call gives the same observation, and nothing that a model writes raises."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("numpy")

MakeEnv = Callable[..., Any]
Call = Callable[..., str]
Arguments = dict[str, str]
Wire = Callable[[str, Arguments], Any]


def structured(name: str, arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call-7", "type": "function", "function": function}],
    }


def qwen_xml(name: str, arguments: Arguments) -> str:
    body = "".join(f"<parameter={k}>\n{v}\n</parameter>\n" for k, v in arguments.items())
    return f"<tool_call>\n<function={name}>\n{body}</function>\n</tool_call>"


def pythonic(name: str, arguments: Arguments) -> str:
    return f"[{name}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})]"


def body(name: str, arguments: Arguments) -> str:
    return json.dumps({"name": name, "arguments": arguments})


WIRES: dict[str, Wire] = {
    "hermes": lambda n, a: f"<tool_call>\n{body(n, a)}\n</tool_call>",
    "qwen_xml": qwen_xml,
    "llama_json": lambda n, a: json.dumps({"name": n, "parameters": a}),
    "llama_json/tag": lambda n, a: f"<|python_tag|>{json.dumps({'name': n, 'parameters': a})}",
    "pythonic": pythonic,
    "pythonic/llama4": lambda n, a: f"<|python_start|>{pythonic(n, a)}<|python_end|>",
    "pythonic/lfm2": lambda n, a: f"<|tool_call_start|>{pythonic(n, a)}<|tool_call_end|>",
    "mistral": lambda n, a: f"[TOOL_CALLS] [{body(n, a)}]",
    "mistral/args": lambda n, a: f"[TOOL_CALLS]{n}[ARGS]{json.dumps(a)}",
    "harmony": lambda n, a: (
        f"<|channel|>commentary to=functions.{n} <|constrain|>json<|message|>"
        f"{json.dumps(a)}<|call|>"
    ),
    "structured": structured,
    "structured/text": lambda n, a: structured(n, json.dumps(a)),
    # A server without a tool parser leaves the call in the content.
    "content": lambda n, a: {"content": WIRES["hermes"](n, a), "tool_calls": []},
}


@pytest.mark.parametrize("wire", WIRES)
def test_the_wire_form_does_not_matter(make: MakeEnv, corpus: Any, wire: str) -> None:
    company = corpus.task(0)["companies"][0]
    table = corpus.tables(company)[0]
    query = f'SELECT "{table["columns"][0]}" FROM "{table["name"]}" WHERE "{table["columns"][0]}" '
    calls: list[tuple[str, Arguments]] = [
        ("get_table_names", {"company_name": company}),
        ("get_table_info", {"company_name": company, "table_name": table["name"]}),
        (
            "sql_query",
            {
                "company_name": company,
                "table_name": table["name"],
                "query": query + "LIKE '%a%' AND 1 < 2 LIMIT 3",
            },
        ),
        ("calculator", {"expression": "(1 + 2) * 3 / 4"}),
        ("submit_answer", {"answer": corpus.task(0)["truth"]}),
    ]
    formats = {"auto", wire.split("/")[0]} - {"structured", "content"}
    expected: list[str] = []
    for form in ["expected", *sorted(formats)]:
        env = make(1, action_format="hermes" if form == "expected" else form)
        env.reset(task_ids=[0])
        seen = []
        for name, arguments in calls:
            action = WIRES["hermes" if form == "expected" else wire](name, arguments)
            batch = env.step([action])
            assert batch.infos["error_code"][0] == -1, (action, batch.observations[0])
            assert batch.infos["num_calls"][0] == 1
            assert batch.messages[0][0]["name"] == name
            if wire.startswith("structured") and form != "expected":
                assert batch.messages[0][0]["tool_call_id"] == "call-7"
            seen.append(batch.observations[0])
        assert batch.terminated[0]
        assert batch.rewards[0] == 1.0
        expected = expected or seen
        assert seen == expected


DEEP: list[Any] = []
for _ in range(2000):
    DEEP = [DEEP]

HOSTILE: dict[str, Any] = {
    "empty": "",
    "nul": "\0" * 100,
    "nul in a call": WIRES["hermes"]("calculator", {"expression": "1\0+1"}),
    "lone surrogate": "\ud800\udfff \udc00",
    "lone surrogate in a call": WIRES["qwen_xml"]("calculator", {"expression": "1 + \ud800"}),
    "control characters": "".join(map(chr, range(32))) + "\x7f\x80\u2028\ufeff\uffff",
    "right to left": "\u202e" + WIRES["hermes"]("calculator", {"expression": "1"}),
    "one megabyte": "a" * 1_000_000,
    "one megabyte of tags": "<tool_call>" * 90_000,
    "many calls": WIRES["hermes"]("calculator", {"expression": "1"}) * 600,
    "open braces": "<tool_call>" + "{" * 60_000,
    "open brackets": '<tool_call>{"name": "calculator", "arguments": ' + "[" * 60_000,
    "parentheses": WIRES["hermes"]("calculator", {"expression": "(" * 20_000}),
    "minus signs": WIRES["hermes"]("calculator", {"expression": "-" * 20_000 + "1"}),
    "powers": WIRES["hermes"]("calculator", {"expression": "9**9**9**9**9"}),
    "pythonic depth": "[f(a=" + "(" * 30_000,
    "sql depth": WIRES["hermes"]("sql_query", {"query": "SELECT " + "(" * 30_000}),
    "special tokens": "<|im_end|><|endoftext|><|start|><|message|><|call|><think><think></think>",
    "number arguments": '<tool_call>{"name": 5, "arguments": 7}</tool_call>',
    "huge number": '<tool_call>{"name": "calculator", "arguments": {"expression": 1e999}}',
    "dict without keys": {},
    "dict with null": {"content": None, "tool_calls": None},
    "dict with a lone surrogate": {"content": "\ud800"},
    "structured lone surrogate": structured("calculator", {"expression": "\ud800"}),
    "structured nan": structured("calculator", {"expression": float("nan")}),
    "structured bad json": structured("calculator", '{"expression": '),
    "structured depth": structured("calculator", {"expression": DEEP}),
    "structured nonsense": {"content": "", "tool_calls": [1, "x", None, [], {}, {"function": 3}]},
    "structured object": {"content": "", "tool_calls": {"name": "calculator"}},
    "structured text": {"content": "", "tool_calls": "calculator"},
    "structured big number": structured("calculator", {"expression": 10**400}),
    "structured megabyte": structured("calculator", {"expression": "1" * 1_000_000}),
}


@pytest.mark.parametrize("profile", ["rllm", "openenv", "compact"])
@pytest.mark.parametrize("level", ["strict", "repair"])
def test_hostile_texts_become_observations(make: MakeEnv, profile: str, level: str) -> None:
    env = make(len(HOSTILE), tool_profile=profile, parse_level=level, on_no_call="feedback")
    env.reset()
    batch = env.step(list(HOSTILE.values()))
    for row, name in enumerate(HOSTILE):
        text = batch.observations[row]
        text.encode()
        # 64 attempts a message, each with at most a result's worth of text.
        assert len(text) <= 64 * 8_001, name
        assert text, name
        json.dumps(env.messages(row))
    assert env.stats()["worker_panics"] == 0
    assert env.stats()["infra_faults"] == 0
    assert not batch.truncated.any()
    ran = {name for row, name in enumerate(HOSTILE) if batch.infos["num_errors"][row] == 0}
    assert ran <= {"right to left", "special tokens"}


@pytest.mark.parametrize("text", ["think \ud800 then ", "\ud83d"])
def test_a_lone_surrogate_does_not_hide_the_call_beside_it(
    make: MakeEnv, call: Call, text: str
) -> None:
    env = make(1)
    env.reset()
    action = text + call("calculator", expression="6 * 7")
    assert env.step([action]).observations == ["42"]
    assert env.messages(0)[2]["content"] == action.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    "value", [float("nan"), float("-inf"), DEEP], ids=["nan", "infinity", "depth"]
)
def test_arguments_that_json_cannot_hold_are_their_calls_mistake(make: MakeEnv, value: Any) -> None:
    env = make(1)
    env.reset()
    action = structured("calculator", {"expression": value})
    action["tool_calls"] += structured("calculator", {"expression": "6 * 7"})["tool_calls"]
    batch = env.step([action])
    bad, good = [message["content"] for message in batch.messages[0]]
    assert "calculator" in bad
    assert "JSON" in bad
    assert "no tool name" not in bad
    assert good == "42"
    assert batch.infos["num_errors"].tolist() == [1]


def test_what_json_cannot_write_is_the_callers_mistake(make: MakeEnv) -> None:
    env = make(1)
    env.reset()
    with pytest.raises(TypeError, match=r"actions\[0\]\['tool_calls'\].*object"):
        env.step([structured("calculator", object())])
    with pytest.raises(TypeError, match=r"actions\[0\]\['content'\]"):
        env.step([{"content": 5}])
    assert env.episode(0)["turn"] == 0


def test_tool_results_say_what_messages_say(make: MakeEnv, call: Call) -> None:
    two = structured("calculator", {"expression": "1 + 1"})
    two["tool_calls"] += two["tool_calls"]
    env = make(4, on_no_call="feedback")
    env.reset()
    batch = env.step([call("calculator", expression="6 * 7"), two, "hello", call("nothing", x="1")])
    for read in (batch, pickle.loads(pickle.dumps(batch))):
        results = read.tool_results([0, 1, 2, 3])
        assert results[0] == ("calculator", "42")
        assert results[1] is None
        for row in (0, 2, 3):
            [message] = read.messages[row]
            assert results[row] == (message["name"], message["content"])
        assert read.tool_results([3, 0]) == [results[3], results[0]]
