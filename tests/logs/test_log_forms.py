"""The forms in which logs hold conversations, and what is wrong with some."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from finqa_gym import demonstrations
from finqa_gym.logs import score_logs
from finqa_gym.logs.chats import find_chat
from finqa_gym.logs.mapping import LogMap
from finqa_gym.logs.messages import NoChatError
from finqa_gym.logs.reading import BadRecord, RawRecord, log_files, read_records
from finqa_gym.logs.traces import make_trace

WriteLog = Callable[..., Path]
QUERY = {"company_name": "acme", "table_name": "sales", "query": "SELECT a FROM sales WHERE a = 1"}
ROWS = '[{"a": 1}, {"a": 1}]'
LIST = {"company_name": "acme"}


def call(id: str, name: str, arguments: Any) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def hermes(name: str, arguments: dict[str, Any]) -> str:
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments})}</tool_call>"


USER = {"role": "user", "content": "How many?"}
LAST = {"role": "assistant", "content": "FINAL ANSWER: 2"}
ASK, LOOK = json.dumps(QUERY), json.dumps(LIST)
NAMED = {
    name: json.dumps({"name": name, "arguments": arguments})
    for name, arguments in (("sql_query", QUERY), ("get_table_names", LIST))
}
BOTH = hermes("sql_query", QUERY) + hermes("get_table_names", LIST)
FORMS: dict[str, list[dict[str, Any]]] = {
    "tool_calls": [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [
            call("b", "sql_query", ASK), call("a", "get_table_names", LIST)]},
        {"role": "tool", "tool_call_id": "a", "content": '["sales"]'},
        {"role": "tool", "tool_call_id": "b", "content": ROWS},
        LAST,
    ],
    "order": [
        USER,
        {"role": "assistant", "content": "", "tool_calls": [
            {"function": {"name": "sql_query", "arguments": QUERY}},
            {"function": {"name": "get_table_names", "arguments": LIST}}]},
        {"role": "tool", "content": [{"type": "text", "text": ROWS}]},
        {"role": "tool", "content": '["sales"]'},
        LAST,
    ],
    "function_call": [
        USER,
        {"role": "assistant", "content": None,
         "function_call": {"name": "sql_query", "arguments": ASK}},
        {"role": "function", "name": "sql_query", "content": ROWS},
        {"role": "assistant", "content": None,
         "function_call": {"name": "get_table_names", "arguments": LOOK}},
        {"role": "function", "name": "get_table_names", "content": '["sales"]'},
        LAST,
    ],
    "text": [
        USER,
        {"role": "assistant", "content": BOTH},
        {"role": "tool", "content": ROWS},
        {"role": "tool", "content": '["sales"]'},
        LAST,
    ],
    "text, answered by the user": [
        USER,
        {"role": "assistant", "content": BOTH},
        {"role": "user", "content": f"<tool_response>\n{ROWS}\n</tool_response>\n"
                                    "<tool_response>\n[\"sales\"]\n</tool_response>"},
        LAST,
    ],
    "sharegpt": [
        {"from": "human", "value": "How many?"},
        {"from": "function_call", "value": NAMED["sql_query"]},
        {"from": "observation", "value": ROWS},
        {"from": "function_call", "value": NAMED["get_table_names"]},
        {"from": "observation", "value": '["sales"]'},
        {"from": "gpt", "value": "FINAL ANSWER: 2"},
    ],
    "anthropic": [
        USER,
        {"role": "assistant", "content": [
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "x", "name": "sql_query", "input": QUERY},
            {"type": "tool_use", "id": "y", "name": "get_table_names", "input": LIST}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "y", "content": '["sales"]'},
            {"type": "tool_result", "tool_use_id": "x",
             "content": [{"type": "text", "text": ROWS}]}]},
        LAST,
    ],
    "responses": [
        USER,
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "call_id": "1", "name": "sql_query", "arguments": ASK},
        {"type": "function_call", "call_id": "2", "name": "get_table_names", "arguments": LOOK},
        {"type": "function_call_output", "call_id": "1", "output": ROWS},
        {"type": "function_call_output", "call_id": "2", "output": '["sales"]'},
        {"type": "message", "role": "assistant",
         "content": [{"type": "output_text", "text": "FINAL ANSWER: 2"}]},
    ],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_holds_the_same_calls(form: str) -> None:
    trace = make_trace(find_chat({"messages": FORMS[form]}), LogMap())
    made = [(c["kind"], c.get("arguments"), c["output"]) for c in trace.calls]
    assert made[0] == ("sql_query", QUERY, ROWS)
    assert made[1] == ("list_tables", LIST, '["sales"]')
    assert made[2][0] == "submit_answer"
    assert (trace.submission, trace.prompt, trace.num_unanswered) == ("2", "How many?", 0)
    assert not trace.whole_message


@pytest.mark.parametrize(
    "record",
    [
        {"conversations": FORMS["sharegpt"]},
        {"trajectory": FORMS["text"]},
        {"trajectory": {"messages": FORMS["text"]}},
        {"messages": json.dumps(FORMS["tool_calls"])},
        {"prompt": FORMS["text"][:1], "completion": FORMS["text"][1:], "answer": "2"},
        {"prompt": "How many?", "completion": FORMS["text"][1:]},
        {"steps": [{"chat_completions": FORMS["text"][:2]}, {"chat_completions": FORMS["text"]}]},
        {"input": FORMS["responses"][:1], "output": FORMS["responses"][1:]},
        {"request": {"messages": FORMS["text"][:-1]}, "response": {"choices": [{"message": LAST}]}},
        FORMS["text"],
    ],
    ids=lambda record: "list" if isinstance(record, list) else next(iter(record)),
)
def test_conversations_are_found_where_logs_keep_them(record: Any) -> None:
    trace = make_trace(find_chat(record), LogMap())
    assert [c["kind"] for c in trace.calls] == ["sql_query", "list_tables", "submit_answer"]
    assert trace.submission == "2"


def test_a_rendered_completion_is_taken_apart() -> None:
    prompt = "<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n"
    completion = (
        f"{BOTH}<|im_end|>\n<|im_start|>user\n<tool_response>\n{ROWS}\n</tool_response>\n"
        '<tool_response>\n["sales"]\n</tool_response><|im_end|>\n'
        "<|im_start|>assistant\nFINAL ANSWER: 2<|im_end|>"
    )
    trace = make_trace(find_chat({"prompt": prompt, "completion": completion}), LogMap())
    assert [c["kind"] for c in trace.calls] == ["sql_query", "list_tables", "submit_answer"]
    assert [c["output"] for c in trace.calls] == [ROWS, '["sales"]', None]
    assert (trace.submission, trace.prompt) == ("2", "How many?")


def test_several_conversations_of_one_record_are_several_episodes(write_log: WriteLog) -> None:
    step = {"steps": [{"chat_completions": FORMS["text"]}]}
    log = write_log(
        [
            {"prompt": "How many?", "completions": ["FINAL ANSWER: 2", "3"], "rewards": [1.0, 0.0]},
            {"task_id": "t", "trajectories": [step | {"reward": 1.0}, step | {"reward": 0.0}]},
        ]
    )
    summary = score_logs(log)
    assert (summary.num_episodes, summary.num_correct, summary.num_wrong) == (4, 2, 2)


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({}, "it has nothing"),
        ({"id": 1, "text": "x"}, "it has id, text"),
        ({"messages": []}, "no conversation in it"),
        ({"messages": "hello"}, "no conversation in it"),
        ({"messages": [1, 2]}, "no conversation in it"),
        ({"messages": [USER]}, "no message of an assistant"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "message 1 has the role 'wizard'"),
        ({"messages": [{"content": "x"}]}, "message 1 has the role None"),
        ([USER, "x"], "message 2 is a str"),
    ],
)
def test_a_record_without_a_conversation_says_what_is_missing(record: Any, problem: str) -> None:
    with pytest.raises(NoChatError, match=problem):
        find_chat(record)


@pytest.mark.parametrize(
    ("message", "status", "kind"),
    [
        ({"tool_calls": [call("a", "sql_query", "{broken")]}, "bad_arguments", "sql_query"),
        ({"tool_calls": [call("a", "sql_query", "[1]")]}, "bad_arguments", "sql_query"),
        ({"tool_calls": [{"id": "a"}]}, "missing_name", None),
        ({"tool_calls": ["x"]}, "missing_name", None),
        ({"content": "<tool_call>{broken</tool_call>"}, "invalid_json", None),
        ({"content": "<tool_call>{\"name\": \"sql_query\""}, "unclosed", None),
    ],
)  # fmt: skip
def test_a_call_that_cannot_be_read_is_kept_as_such(
    message: dict[str, Any], status: str, kind: str | None
) -> None:
    chat = [USER, {"role": "assistant", "content": "", **message}, {"role": "tool", "content": "?"}]
    trace = make_trace(find_chat(chat), LogMap())
    assert [(c["status"], c["kind"]) for c in trace.calls] == [(status, kind)]
    assert trace.submission is None


def test_a_last_message_without_a_pattern_is_the_answer_unless_the_map_says_no() -> None:
    chat = find_chat([USER, {"role": "assistant", "content": "It is 2, I believe."}])
    trace = make_trace(chat, LogMap())
    assert (trace.submission, trace.whole_message) == ("It is 2, I believe.", True)
    assert make_trace(chat, LogMap(last_message=False)).submission is None
    cut = make_trace(chat, LogMap(answer_patterns=(r"It is (\d+)",)))
    assert (cut.submission, cut.whole_message) == ("2", False)


def records_of(path: Path) -> tuple[list[Any], list[str]]:
    found = list(read_records(path))
    good = [record.data for record in found if isinstance(record, RawRecord)]
    return good, [f"{r.place.unit} {r.place.number}" for r in found if isinstance(r, BadRecord)]


MANY = [{"messages": FORMS["text"], "id": i} for i in range(5)]


@pytest.mark.parametrize(
    ("text", "count", "bad"),
    [
        ("".join(json.dumps(r) + "\n" for r in MANY), 5, []),
        ("\n\n" + "\r\n".join(json.dumps(r) for r in MANY), 5, []),
        ("\ufeff" + json.dumps(MANY[0]), 1, []),
        (json.dumps(MANY), 5, []),
        (json.dumps(MANY, indent=2), 5, []),
        (json.dumps({"data": MANY}), 5, []),
        (json.dumps({"version": 1, "rows": MANY}, indent=1), 5, []),
        (json.dumps(MANY[0], indent=2), 1, []),
        (json.dumps(FORMS["text"], indent=2), 1, []),
        ("".join(json.dumps(FORMS["text"]) + "\n" for _ in range(3)), 3, []),
        (json.dumps(MANY[0]) + "\n{broken\nnull\n7\n" + json.dumps(MANY[1]), 2,
         ["line 2", "line 3", "line 4"]),
        ("{broken}\n" + json.dumps(MANY[1]), 1, ["line 1"]),
        (json.dumps(MANY[0]) + "\n" + "[" * 100_000, 1, ["line 2"]),
        (json.dumps(MANY)[:-400], 4, ["record 5"]),
        ("[1, \"x\", " + json.dumps(MANY[0]) + "]", 1, ["record 1", "record 2"]),
        ("", 0, []),
        ("\n \n", 0, []),
        ("[]", 0, []),
        ("not json at all\n", 0, ["line 1"]),
    ],
)  # fmt: skip
def test_files_are_read_as_far_as_they_can_be(
    tmp_path: Path, text: str, count: int, bad: list[str]
) -> None:
    path = tmp_path / "log.json"
    path.write_text(text, encoding="utf-8")
    good, wrong = records_of(path)
    assert (len(good), wrong) == (count, bad)
    packed = tmp_path / "log.json.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert records_of(packed) == (good, wrong)


def test_bytes_that_are_no_text_are_one_bad_record(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    good = json.dumps(MANY[0]).encode()
    path.write_bytes(good + b'\n{"a": "\xff"}\n' + good + b"\n")
    assert records_of(path) == ([MANY[0], MANY[0]], ["line 2"])


def test_a_large_array_is_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    filler = {"messages": FORMS["text"], "note": "x" * 400_000}
    path.write_text(json.dumps([filler] * 12, indent=1), encoding="utf-8")
    assert len(records_of(path)[0]) == 12


def test_bad_records_are_told_and_the_rest_is_scored(
    finqa_gym: Any, write_log: WriteLog, tmp_path: Path
) -> None:
    del finqa_gym
    log = write_log([MANY[0], {"id": 1}, MANY[1], [1]])
    summary = score_logs(log, out=tmp_path / "run")
    assert (summary.num_episodes, summary.num_bad) == (2, 2)
    assert "line 2: no conversation in it" in summary.bad[0]


def test_a_log_without_a_usable_record_is_an_error_and_leaves_no_run(
    write_log: WriteLog, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"none of 2 .*line 1: no conversation"):
        score_logs(write_log([{}, {}]), out=tmp_path / "run")
    with pytest.raises(ValueError, match="there is no record in it"):
        score_logs(write_log([]), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_folders_stand_for_the_logs_in_them(write_log: WriteLog, tmp_path: Path) -> None:
    write_log(MANY, "b.jsonl")
    write_log(MANY, "a.json")
    (tmp_path / "notes.txt").write_text("no log")
    assert [path.name for path in log_files([tmp_path])] == ["a.json", "b.jsonl"]
    with pytest.raises(FileNotFoundError):
        log_files([tmp_path / "missing.jsonl"])
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="No log in this folder"):
        log_files([empty])
    (empty / "run.json").write_text("{}")
    with pytest.raises(ValueError, match="is a run of finqa-gym"):
        log_files([empty])


@pytest.mark.parametrize("form", ["structured", "text"])
@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_demonstrations_are_read_back_from_both_kinds_of_files(
    corpus: Any, tmp_path: Path, suffix: str, form: Any
) -> None:
    demos = demonstrations(corpus, ["gold", "recovery"], split="train", max_tasks=12, format=form)
    path = tmp_path / f"demos.{suffix}"
    written = demos.write(path)
    summary = score_logs(path, corpus=corpus, out=tmp_path / "run")
    assert (summary.num_episodes, summary.num_bad) == (written, 0)
    assert (summary.num_matched, summary.num_correct) == (written, written)
    assert set(summary.policies) == {"gold", "recovery"}
    # What the demonstrations say of themselves agrees with the rules.
    alone = score_logs(path)
    assert alone.judged_by == {"log": written}
    assert (alone.num_correct, alone.num_disagreements) == (written, 0)


def test_parquet_with_lists_and_structs_is_read(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "log.parquet"
    rows = [
        {"id": i, "messages": FORMS["function_call"], "reward": 0.0, "usage": {"prompt_tokens": 9}}
        for i in range(300)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path, compression="zstd")
    summary = score_logs(path, out=tmp_path / "run")
    assert (summary.num_episodes, summary.num_wrong, summary.num_bad) == (300, 300, 0)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(path.read_bytes()[:-200] + b"PAR1")
    with pytest.raises(ValueError, match=r"none of 1 .*broken.parquet, row 1"):
        score_logs(broken)
    assert score_logs([broken, path]).num_episodes == 300
