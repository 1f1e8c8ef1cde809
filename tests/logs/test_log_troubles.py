"""Records and files that are not as they should be: told, counted, and the rest is scored."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from finqa_gym import DataError, open_run
from finqa_gym.chats import export_chats, to_messages
from finqa_gym.logs import LogMap, score_logs, survey_logs
from finqa_gym.logs.json_text import CHUNK_CHARS, json_values
from finqa_gym.logs.reading import BadRecord, _json, read_records
from finqa_gym.tools import parse_action

WriteLog = Callable[..., Path]
USER = {"role": "user", "content": "How many?"}
LAST = {"role": "assistant", "content": "FINAL ANSWER: 2"}
GOOD: dict[str, Any] = {"task_id": "good", "messages": [USER, LAST]}


def asking(arguments: Any, **output: Any) -> list[dict[str, Any]]:
    call = {"id": "c", "function": {"name": "run_sql", "arguments": arguments}}
    return [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "1", **output},
        LAST,
    ]


HALF = "\ud83d"  # json.dumps writes it as an escape, as other programs do
USABLE: dict[str, dict[str, Any]] = {
    "half of a character in a text": {"messages": [USER, LAST | {"content": f"{HALF} it is 2"}]},
    "half of a character in a call": {"messages": asking(json.dumps({"sql": HALF}))},
    "half of a character in an id": {"messages": [USER, LAST], "task_id": HALF},
    "NaN in arguments": {"messages": asking('{"x": NaN}')},
    "infinite argument in the structure": {"messages": asking({"x": float("inf")})},
    "is_error as text": {"messages": asking("{}", is_error="true")},
    "is_error as number": {"messages": asking("{}", is_error=1)},
    "tools by name": {"messages": [USER, LAST], "tools": [{"function": "run_sql"}, "calc", 5]},
    "a step that is none": {"messages": [USER, LAST], "step": 1e300},
    "a negative step": {"messages": [USER, LAST], "step": -1},
    "a reward of 400 digits": {"messages": [USER, LAST], "reward": 10**400},
    "a reward beyond single precision": {"messages": [USER, LAST], "reward": 1e300},
    "a reward that is none": {"messages": [USER, LAST], "reward": float("nan")},
    "an expected answer that is none": {"messages": [USER, LAST], "truth": float("nan")},
}


@pytest.mark.parametrize("name", USABLE)
def test_odd_values_do_not_make_a_record_useless(
    write_log: WriteLog, tmp_path: Path, name: str
) -> None:
    log = write_log([GOOD, USABLE[name], GOOD])
    summary = score_logs(log, out=tmp_path / "run")
    assert (summary.num_episodes, summary.bad) == (3, [])
    run = open_run(tmp_path / "run")
    _, odd, _ = run
    assert (odd["policy_step"], odd["is_correct"], odd["truth"]) == (None, None, None)
    if "half" in name:
        assert "\ufffd" in json.dumps(odd, ensure_ascii=False) or "\\ud83d" in str(odd["turns"])
    for call in odd["calls"]:
        if "argument" in name:
            assert call["status"] == ("bad_arguments" if call["tool"] == "sql_query" else "ok")
    if "is_error" in name:
        assert odd["calls"][0]["error"]


def test_what_nobody_thought_of_costs_one_record(write_log: WriteLog, tmp_path: Path) -> None:
    huge = {"x": 10**400}  # JSON without a limit, but no number of the engine
    odd = [{"messages": asking(huge)}, {"messages": [USER, LAST | {"tool_calls": {1: []}}]}]
    log = write_log([GOOD, *odd, GOOD])
    summary = score_logs(log, out=tmp_path / "run")
    assert (summary.num_episodes, summary.num_bad) == (3, 1)
    assert f"{log}, line 2: holds something that cannot be read: " in summary.bad[0]
    assert open_run(tmp_path / "run").num_episodes == 3


def test_a_record_that_fails_late_is_counted_nowhere(corpus: Any, write_log: WriteLog) -> None:
    task = corpus.task(0)
    log = write_log(
        [
            {"task_id": task["id"], "messages": asking({"x": 10**400})},
            {"task_id": "of no task", "messages": asking({"x": 10**400})},
            {"task_id": task["id"], "messages": [USER, LAST]},
        ]
    )
    summary = score_logs(log, corpus=corpus)
    assert (summary.num_episodes, summary.num_bad, summary.num_matched) == (1, 2, 1)
    assert (summary.unmatched, sum(summary.forms.values())) == ([], 1)


def test_a_scoring_that_breaks_leaves_its_folder_free(write_log: WriteLog, tmp_path: Path) -> None:
    log = write_log([GOOD] * 5)

    def stop(done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_logs(log, out=tmp_path / "run", progress=stop)
    assert not (tmp_path / "run").exists()
    assert score_logs(log, out=tmp_path / "run").num_episodes == 5


@pytest.mark.parametrize("keep", [0.6, 0.99])
def test_a_gzip_file_is_read_up_to_where_it_breaks(tmp_path: Path, keep: float) -> None:
    records = [GOOD | {"task_id": f"t{n}", "note": f"{n * 7919 % 1009}"} for n in range(3000)]
    packed = gzip.compress("".join(json.dumps(r) + "\n" for r in records).encode())
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(packed[: int(len(packed) * keep)])
    summary = score_logs(path, out=tmp_path / "run")
    assert 0 < summary.num_episodes < 3000
    assert summary.num_bad == 1
    assert f"line {summary.num_episodes + 1}: the gzip file is cut off or damaged" in summary.bad[0]


def test_only_tools_that_can_be_called_are_kept(write_log: WriteLog, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"sql": {"type": "string"}}}
    usual = {"type": "function", "function": {"name": "run_sql", "parameters": schema}}
    tools = [
        usual,
        {"name": "describe", "description": "Columns.", "input_schema": schema},
        {"type": "function", "name": "flat", "parameters": schema},
        {"type": "web_search"},
        {"function": {"name": "db.run_sql"}},
        {"function": "run_sql"},
        {"function": {"name": "odd", "parameters": {"x": float("nan")}}},
        usual,
        "calc",
    ]
    log = write_log([{"messages": [USER, LAST], "tools": tools}])
    score_logs(log, out=tmp_path / "run")
    kept = open_run(tmp_path / "run").info["tools"]
    assert [spec["function"]["name"] for spec in kept] == ["run_sql", "describe", "flat"]
    assert all(spec["function"]["parameters"] == schema for spec in kept)
    assert kept[0] == usual
    call = '<tool_call>{"name": "describe", "arguments": {"sql": "x"}}</tool_call>'
    assert parse_action(call, kept).attempts[0].status == "ok"
    assert survey_logs([log], LogMap()).offered >= {"describe", "db.run_sql", "calc"}


def test_chats_of_logs_are_not_made_up(write_log: WriteLog, tmp_path: Path) -> None:
    more = [USER, {"role": "assistant", "content": "Of what?"}, USER, LAST]
    prompts = [{"role": "system", "content": f"You are {n}."} for n in range(2)]
    log = write_log([{"messages": [prompt, *more]} for prompt in prompts])
    score_logs(log, out=tmp_path / "run")
    run = open_run(tmp_path / "run")
    with pytest.raises(DataError, match=r"'run' was made of logs .*use log\.jsonl instead"):
        to_messages(run.episodes()[0], run.info)
    for form in ("openai", "sharegpt"):
        with pytest.raises(DataError, match="was made of logs"):
            export_chats(run, tmp_path / "chats.jsonl", form)
    assert not (tmp_path / "chats.jsonl").exists()


class Counted(io.BytesIO):
    """A file that knows how much of it was read."""

    def peek(self, size: int) -> bytes:
        return self.getvalue()[self.tell() : self.tell() + size]


@pytest.mark.parametrize("indent", [None, 0])
def test_an_array_is_read_as_its_records_are_taken(indent: int | None) -> None:
    records = [GOOD | {"note": "é" * 1000} for _ in range(4000)]
    file = Counted(json.dumps(records, indent=indent, ensure_ascii=False).encode())
    size = len(file.getvalue())
    assert size > 7 * CHUNK_CHARS
    taken = 0
    for taken, record in enumerate(_json(Path("log.json"), file), start=1):
        assert record == (("log.json", "record", taken), records[0])
        assert file.tell() < taken / 4000 * size + 3 * CHUNK_CHARS
    assert taken == 4000


class Copied(str):
    """A text that counts the characters that are cut out of it."""

    copied = 0

    def __getitem__(self, key: Any) -> Copied:
        part = super().__getitem__(key)
        Copied.copied += len(part)
        return Copied(part)

    def __add__(self, other: str) -> Copied:
        return Copied(super().__add__(other))

    def lstrip(self, chars: str | None = None) -> Copied:
        return self[len(self) - len(super().lstrip(chars)) :]


def test_a_record_costs_no_copy_of_what_follows_it() -> None:
    text = json.dumps([{"n": n} for n in range(20_000)])
    parts = [text[start : start + 50_000] for start in range(50_000, len(text), 50_000)]
    Copied.copied = 0
    found = list(json_values(Copied(text[:50_000]), lambda _: parts.pop(0) if parts else ""))
    assert [value["n"] for value in found] == list(range(20_000))
    assert Copied.copied < len(text)


@pytest.mark.parametrize(
    ("text", "count", "problem"),
    [
        ('[{"a": 1} {"a": 2} {"a" 3}, {"a": 4}]', 2, "is no JSON: Expecting ':' delimiter"),
        ('[{"a": 1}]\n[{"a": 2}]', 1, "stands behind the end of the array"),
        ('[{"a": ' + "1" * 5000 + "}]", 0, "cannot be read: Exceeds the limit"),
        ('[{"a": 1}, {"a": "', 1, "is no JSON: Unterminated string"),
    ],
)
def test_an_array_is_told_up_to_what_is_wrong(
    tmp_path: Path, text: str, count: int, problem: str
) -> None:
    path = tmp_path / "log.json"
    path.write_text(text, encoding="utf-8")
    *good, bad = read_records(path)
    assert (len(good), isinstance(bad, BadRecord)) == (count, True)
    assert problem in bad[1]


def test_an_error_in_a_long_array_does_not_read_it_to_its_end() -> None:
    asked = []

    def read(size: int) -> str:
        asked.append(size)
        return '{"a": 1}, ' * 100

    *values, problem = json_values('[{"a": 1}, {"a" 1}, ' + '{"a": 1}, ' * 10, read)
    assert (len(values), asked) == (1, [])
    assert "Expecting ':' delimiter" in problem.reason
