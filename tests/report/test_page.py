"""The page as a file: complete, closed, and without what it must not hold."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from finqa_gym.report import write_report
from finqa_gym.report.redact import Redaction
from report.pages import BLOCK, blocks, everything
from report.shaped_runs import (
    FOREIGN_TOOLS,
    HOSTILE,
    call,
    episode,
    reasoned,
    run_of,
    tagged,
    turn,
    wrong,
)
from small_corpus import small_corpus


def texts_of(record: dict[str, Any]) -> list[str]:
    found = [record["prompt"]]
    for made in record["turns"]:
        found += [made["action"], *(message["content"] for message in made["messages"])]
    return found


def test_every_episode_is_in_the_page_in_full(tmp_path: Path, played_runs: list[Any]) -> None:
    page = write_report(played_runs, tmp_path / "report.html")
    held = blocks(page.read_text("utf-8"))
    index = held["index"]
    pool = [text for name, block in held.items() if name.startswith("pool-") for text in block]
    recorded = [{record["episode"]: record for record in run} for run in played_runs]
    for row, (run, number) in enumerate(zip(index["run"], index["episode"], strict=True)):
        chunk = held[f"chunk-{index['chunk'][row]}"]
        packed = chunk["episodes"][index["slot"][row]]

        def text(at: int, own: list[str] = chunk["texts"]) -> str:
            return own[at] if at >= 0 else pool[-1 - at]

        record = recorded[run][number]
        turns = [[text(t[0]), *(text(message[2]) for message in t[5])] for t in packed[6]]
        assert [text(packed[5][0]), *chain.from_iterable(turns)] == texts_of(record)
        assert len(packed[4]) == len(record["calls"])
    assert len(index["run"]) == sum(run.num_episodes for run in played_runs)


def test_a_text_that_episodes_share_is_kept_once(tmp_path: Path) -> None:
    shared = "a prompt that a thousand episodes share, " * 50
    records = [episode(number, prompt=shared) for number in range(1_000)]
    page = write_report([run_of(tmp_path / "base", records)], tmp_path / "report.html")
    held = json.dumps(blocks(page.read_text("utf-8")))
    assert held.count(shared) == 1


def test_the_page_is_the_same_each_time(tmp_path: Path, played_runs: list[Any]) -> None:
    first = write_report(played_runs, tmp_path / "first.html").read_bytes()
    assert write_report(played_runs, tmp_path / "second.html").read_bytes() == first


def test_the_policy_of_the_page_allows_its_own_scripts_and_nothing_else(
    tmp_path: Path, played_runs: list[Any]
) -> None:
    page = write_report(played_runs, tmp_path / "report.html").read_text("utf-8")
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert found is not None
    policy = found[1]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert (len(scripts), len(styles)) == (2, 1)
    for text in [*scripts, *styles]:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not re.search(
        r"\sstyle=|\son\w+=",
        BLOCK.sub("", page).split("</style>")[1].split("<script>")[1].split("</script>")[1],
    )


def test_the_page_names_no_address_outside(tmp_path: Path, played_runs: list[Any]) -> None:
    page = BLOCK.sub("", write_report(played_runs, tmp_path / "report.html").read_text("utf-8"))
    assert not re.findall(r"https?://|\bsrc\s*=|url\(|@import|<link", page)


def test_what_a_model_or_a_run_is_called_stays_text(tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    records = [
        wrong(0, "no_schema", policy=HOSTILE, task_id=HOSTILE, question=HOSTILE, submission=HOSTILE,
              question_type=HOSTILE, split=HOSTILE,
              turns=[turn(tagged("sql_query", query=HOSTILE), HOSTILE, HOSTILE)]),
        episode(1, policy="other"),
    ]  # fmt: skip
    run = run_of(folder, records, run=HOSTILE, policy=HOSTILE)
    page = write_report([run], tmp_path / "report.html", title=HOSTILE).read_text("utf-8")
    assert HOSTILE not in page
    assert "<img" not in page
    assert len(re.findall(r"<script>", page)) == 2
    assert HOSTILE in blocks(page)["chunk-0"]["texts"]


def test_too_many_episodes_are_drawn_evenly_and_said(tmp_path: Path) -> None:
    runs = [
        run_of(tmp_path / name, [episode(number) for number in range(size)])
        for name, size in (("large", 300), ("small", 100))
    ]
    page = write_report(runs, tmp_path / "report.html", max_episodes=40).read_text("utf-8")
    index = blocks(page)["index"]
    assert (index["run"].count(0), index["run"].count(1)) == (30, 10)
    assert max(index["episode"]) > 150
    assert "The numbers are of all 400 episodes; 40 of them" in page


def test_a_redacted_page_holds_no_value_and_no_prompt(
    tmp_path: Path, played_runs: list[Any]
) -> None:
    page = write_report(played_runs[:3], tmp_path / "report.html", redact=True, title="shared")
    held = everything(page)
    secrets: set[str] = set()
    for run in played_runs[:3]:
        for record in run:
            secrets |= {record["question"], record["prompt"], record["task_id"]}
            secrets |= {record["truth"] or "", record["submission"] or "", *record["companies"]}
            secrets |= {name for made in record["calls"] for name in (made["table"],) if name}
            for text in texts_of(record):
                secrets |= values_in(text)
    secrets = {secret for secret in secrets if is_telling(secret)}
    assert len(secrets) > 500
    leaked = sorted(secret for secret in secrets if secret in held)
    assert leaked == []
    index = blocks(page.read_text("utf-8"))["index"]
    assert len(index["run"]) == sum(run.num_episodes for run in played_runs[:3])
    assert index["runs"][0]["system_prompt"] is None
    assert index["runs"][0]["has_chats"]


def values_in(text: str) -> set[str]:
    """Cells, labels and names that stand in a tool message or a call."""
    found = set(re.findall(r"-?[\d][\d,.]*\d", text))
    found |= {part.strip() for part in re.findall(r'"((?:[^"\\]|\\.)*)"', text)}
    return found


def is_telling(text: str) -> bool:
    """Long enough not to stand in the page by chance, and no word of its own vocabulary."""
    known = {"company_name", "table_name", "get_table_names", "get_table_info", "sql_query",
             "calculator", "submit_answer", "arguments", "expression", "query", "answer", "name",
             "column_names", "column_dtypes", "unique_vals_per_col", "description", "source",
             "financial_data", "not answerable"}  # fmt: skip
    return (
        len(text) >= 6 and text.lower() not in known and any(c.isdigit() or c in " _" for c in text)
    )


def test_a_redacted_query_keeps_its_shape(tmp_path: Path) -> None:
    run = run_of(tmp_path / "base", [episode(0)])
    held = everything(write_report([run], tmp_path / "report.html", redact=True))
    assert "SELECT ▪ FROM ▪ WHERE ▪ = ▪" in held
    assert "Senior notes" not in held


def test_structured_calls_are_redacted_by_name_and_arguments(tmp_path: Path) -> None:
    def made(name: str, arguments: Any) -> dict[str, Any]:
        return {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}

    structured = [
        made("sql_query", json.dumps({"query": "SELECT secret FROM safe", "table_name": "safe"})),
        made("their_own_tool", {"answer": "secret", "secret": "secret"}),
        made("sql_query", "secret, cut in the mid"),
    ]
    turns = [
        turn("secret thoughts", "secret", "sql_query") | {"tool_calls": json.dumps(structured)}
    ]
    calls = [call(1, "sql_query", rows=1), call(1, "user_tool"),
             call(1, "sql_query", "bad_arguments")]  # fmt: skip
    run = run_of(tmp_path / "base", [episode(0, turns=turns, calls=calls)])
    held = everything(write_report([run], tmp_path / "report.html", redact=True))
    for hidden in ("secret thoughts", "secret, cut", "safe"):
        assert hidden not in held
    [redacted] = Redaction().record(run.episodes(0, 1)[0])["turns"]
    written = re.findall(r"<tool_call>\n(.*)\n</tool_call>", redacted["action"])
    assert [json.loads(text) for text in written[:2]] == [
        {"name": "sql_query", "arguments": {"query": "SELECT ▪ FROM ▪", "table_name": "▪"}},
        {"name": "their_own_tool", "arguments": {"answer": "▪"}},
    ]
    assert written[2:] == ["(22 characters, redacted)"]


def test_a_redacted_call_keeps_its_place(tmp_path: Path) -> None:
    action = tagged("no_such_tool", answer="1") + tagged("calculator", expression="2*2")
    turns = [turn(action, "Error: no such tool", "no_such_tool")]
    turns[0]["messages"].append({"id": "c1", "name": "calculator", "content": "4"})
    calls = [call(1, "", "unknown_tool", status="unknown_tool"), call(1, "calculator")]
    [redacted] = Redaction().record(episode(0, turns=turns, calls=calls))["turns"]
    assert redacted["action"].count("<tool_call>") == 2
    assert redacted["action"].index("redacted)") < redacted["action"].index("calculator")
    [thinking] = reasoned(tmp_path / "run", small_corpus()).episodes(0, 1)
    first, second, _ = Redaction().record(thinking)["turns"]
    assert [message["name"] for message in first["messages"]] == ["calculator"]
    assert first["action"].count("<tool_call>") == 2
    assert second["messages"][0]["content"].startswith("no_action (")


def test_a_redacted_page_says_what_stays_and_hides_the_corpus(tmp_path: Path) -> None:
    corpus = {"name": "internal-ledgers", "content_hash": "0123456789abcdef"}
    run = run_of(tmp_path / "base", [episode(0)], corpus=corpus)
    held = everything(write_report([run], tmp_path / "report.html", redact=True))
    assert "internal-ledgers" not in held
    assert "names of runs, policies and tools, question types, splits" in held
    open_ = everything(write_report([run], tmp_path / "open.html"))
    assert "internal-ledgers" in open_


@pytest.mark.parametrize("tools", FOREIGN_TOOLS)
@pytest.mark.parametrize("redact", [False, True])
def test_tools_of_another_form_do_not_hide_the_episodes(
    tmp_path: Path, tools: Any, redact: bool
) -> None:
    action = 'So: [TOOL_CALLS] [{"name": "calculator", "arguments": {"expression": "2*2"}}]'
    turns = [turn(action, "4", "calculator")]
    record = episode(0, turns=turns, calls=[call(1, "calculator")])
    run = run_of(tmp_path / "logs", [record], tools=tools)
    page = write_report([run], tmp_path / "report.html", redact=redact).read_text("utf-8")
    [packed] = blocks(page)["chunk-0"]["episodes"]
    if redact:
        assert '"expression": "▪"' in "".join(blocks(page)["chunk-0"]["texts"])
    else:
        [[call_]] = packed[6][0][6:]
        assert (call_["name"], call_["start"]) == ("calculator", 4)


def test_an_unknown_baseline_writes_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path / "base", [episode(0)])
    with pytest.raises(ValueError, match="baseline is 'x'"):
        write_report([run], tmp_path / "report.html", baseline="x")
    assert not (tmp_path / "report.html").exists()
