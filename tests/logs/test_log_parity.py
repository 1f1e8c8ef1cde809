"""Logs of the engine's own episodes, read as somebody else's, come to what the engine says.

Exceptions, each for a reason:

- Without the corpus the truth and the gold program are unknown, so checks and failures that compare
  with them are not applicable (``BY_GOLD``, ``BY_TRUTH``); what the log says of the outcome counts.
- Whether a right table was found after one that does not exist (``unknown_table``) needs the gold
  program, too: without it any table counts as right, so the log may show this failure less often.
- Without a truth nobody knows that a task has no answer: the flag ``unanswerable`` is never set.
- Whether a yes-or-no question or a report asks for numbers stands in the task, so what is said of
  invented numbers there differs without it: ``SAYS_NUMBERS`` are the units where it does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from finqa_gym.logs import load_map, score_logs
from finqa_gym.trajectories import open_run
from played_logs import MAP, RENAMES, Played, play, play_texts, rename_arguments

POLICIES = ("gold", "recovery", "guess", "spam_tables", "immediate", "random")
BY_GOLD = {"calculator_used", "budget", "table_access", "abstained_rightly"}
BY_TRUTH = {
    "answered_unanswerable", "gave_up", "wrong_table", "wrong_year", "wrong_base", "wrong_sign",
    "wrong_scale", "wrong_row", "rounding", "wrong_report", "other_wrong",
}  # fmt: skip
SAYS_NUMBERS = {"amount", "count", "percent", "ratio", "pp", "bps", "multiple", "per_share"}
WriteLog = Callable[..., Path]


def scored(log: Path, out: Path, **options: Any) -> list[dict[str, Any]]:
    score_logs(log, out=out, **options)
    return list(open_run(out))


def calls(episode: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (c["turn"], c["tool"], c["status"], c["error"], c["table"], c["rows"] or 0)
        for c in episode["calls"]
    ]


def own_calls(episode: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (c["turn"], c["tool"], c["status"], c["error"], c["table"], c["rows"])
        for c in episode["calls"]
    ]


def assert_same(own: dict[str, Any], told: dict[str, Any]) -> None:
    """Everything that the corpus lets us know."""
    assert calls(told) == own_calls(own)
    assert told["submission"] == own["submission"]
    assert told["is_correct"] == bool(own["is_correct"])
    assert told["flags"] == own["flags"]
    assert told["failures"] == own["failures"]
    assert told["failure"] == (own["failure"] or "")
    assert told["wrong_answer"] == own["wrong_answer"]
    assert told["outcome"] == pytest.approx(own["outcome"] or 0.0)
    for name, check in own["checks"].items():
        expected = None if check["score"] is None else pytest.approx(check["score"], abs=1e-6)
        assert told["checks"][name] == expected, name
    assert told["process"] == (
        None if own["process"] is None else pytest.approx(own["process"], abs=1e-6)
    )


@pytest.mark.parametrize("in_structure", [False, True], ids=["text", "structured"])
@pytest.mark.parametrize("profile", ["rllm", "openenv", "compact"])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_log_with_the_corpus_comes_to_what_the_engine_says(
    corpus: Any, write_log: WriteLog, tmp_path: Path, policy: str, profile: str, in_structure: bool
) -> None:
    played = play(corpus, policy, tool_profile=profile, in_structure=in_structure)
    log = write_log([{"task_id": own["task_id"], "messages": chat} for chat, own in played])
    told = scored(log, tmp_path / "run", corpus=corpus)
    assert len(told) == len(played)
    for (_, own), episode in zip(played, told, strict=True):
        assert_same(own, episode)


@pytest.mark.parametrize("policy", POLICIES)
def test_renamed_tools_and_arguments_make_no_difference(
    corpus: Any, write_log: WriteLog, tmp_path: Path, policy: str
) -> None:
    played = play(corpus, policy, in_structure=True, tool_names=RENAMES)
    records = [
        {"task_id": own["task_id"], "messages": rename_arguments(chat)} for chat, own in played
    ]
    told = scored(write_log(records), tmp_path / "run", corpus=corpus, names=load_map(MAP))
    for (_, own), episode in zip(played, told, strict=True):
        assert_same(own, episode)


def test_without_its_map_a_foreign_log_is_not_the_same(
    corpus: Any, write_log: WriteLog, tmp_path: Path
) -> None:
    played = play(corpus, "gold", in_structure=True, tool_names=RENAMES)
    log = write_log([{"task_id": own["task_id"], "messages": chat} for chat, own in played])
    summary = score_logs(log, corpus=corpus, out=tmp_path / "run")
    assert set(summary.strange_tools) == set(RENAMES.values())
    assert summary.num_correct == 0


@pytest.mark.parametrize("policy", POLICIES)
def test_a_log_without_the_corpus_shows_the_same_behaviour(
    corpus: Any, write_log: WriteLog, tmp_path: Path, policy: str
) -> None:
    played = play(corpus, policy, in_structure=True)
    records = [{"messages": chat, "reward": own["outcome"] or 0.0} for chat, own in played]
    told = scored(write_log(records), tmp_path / "run")
    for (_, own), episode in zip(played, told, strict=True):
        unanswerable = own["flags"].pop("unanswerable")
        assert not episode["flags"].pop("unanswerable")
        if unanswerable:
            continue  # what is an invention there depends on the truth
        unknown = set(BY_TRUTH)
        task = corpus.task(own["task_id"])
        if "rubric" in task or task["answer"]["unit"] not in SAYS_NUMBERS:
            unknown.add("hallucinated_after_failure")
            for told_of in (own, episode):
                del told_of["flags"]["hallucinated"], told_of["checks"]["no_hallucinated_answer"]
        assert episode["is_correct"] == bool(own["is_correct"])
        assert episode["flags"] == own["flags"]
        assert calls(episode) == own_calls(own)
        assert "unknown_table" in own["failures"] or "unknown_table" not in episode["failures"]
        unknown.add("unknown_table")
        known = [name for name in own["failures"] if name not in unknown]
        assert [name for name in episode["failures"] if name not in unknown] == known
        for name, check in own["checks"].items():
            score = None if name in BY_GOLD else check["score"]
            expected = None if score is None else pytest.approx(score, abs=1e-6)
            assert episode["checks"][name] == expected, name


def call(name: str, **arguments: Any) -> str:
    body = json.dumps({"name": name, "arguments": arguments})
    return f"<tool_call>\n{body}\n</tool_call>"


def every_mistake(task: dict[str, Any], tables: list[dict[str, Any]]) -> list[str]:
    """An episode in which everything goes wrong that can."""
    company, table = task["companies"][0], tables[0]["name"]
    column = tables[0]["columns"][0]

    def sql(text: str, name: str = table) -> str:
        return call("sql_query", company_name=company, table_name=name, query=text)

    def quoted(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    source = f"FROM {quoted(table)}"
    return [
        call("no_such_tool", x=1),
        call("get_table_info", company_name=company),
        "<tool_call>{broken</tool_call>",
        "<tool_call>{\"arguments\": {}}</tool_call>",
        "I think about it.",
        call("get_table_names", company_name="nobody"),
        call("get_table_info", company_name=company, table_name="no_such_table"),
        sql("SELECT a FROM b", "no_such_table"),
        sql(f"SELECT no_such_column {source} LIMIT 3"),
        sql(f"SELECT no_such_column {source} LIMIT 3"),
        sql(f"SELEC x {source}"),
        sql(f"SELECT * {source}"),
        sql(f"SELECT {quoted(column)} {source}"),
        sql("SELECT a FROM no_such_table_at_all WHERE a = 1"),
        sql(f"DELETE {source}"),
        sql(f"SELECT 1 {source} LIMIT 1; SELECT 2"),
        sql(f"SELECT no_such_function({quoted(column)}) {source} LIMIT 1"),
        sql(f"SELECT {quoted(column)} {source} WHERE {quoted(column)} = 'nothing of the kind'"),
        call("get_table_info", company_name=company, table_name=table),
        sql(f"SELECT COUNT(*) AS n, 1 + 1 AS two {source} LIMIT 1")
        + call("calculator", expression="1/0"),
        call("calculator", expression="2 +") + call("calculator", expression="sqrt(-1)"),
        call("calculator", expression="9**9**9") + call("calculator", expression="1 + 1"),
        "".join(call("calculator", expression=f"{i} + 1") for i in range(10)),
        sql(f"SELECT {quoted(column)} {source} LIMIT 2") + call("submit_answer", answer="12345")
        + call("calculator", expression="1"),
    ]  # fmt: skip


@pytest.mark.parametrize("in_structure", [False, True], ids=["text", "structured"])
@pytest.mark.parametrize("ends", [24, 23, 12, 5, 3, 2])
def test_every_mistake_is_told_apart_call_by_call(
    corpus: Any, write_log: WriteLog, tmp_path: Path, in_structure: bool, ends: int
) -> None:
    def texts(task: dict[str, Any], tables: list[dict[str, Any]]) -> list[Any]:
        from finqa_gym.tools import tool_specs
        from played_logs import structured

        plain = every_mistake(task, tables)[:ends]
        if not in_structure:
            return plain
        return [structured(text, tool_specs("rllm"), turn) for turn, text in enumerate(plain)]

    chat, own = play_texts(corpus, texts, max_turns=ends)
    log = write_log([{"task_id": own["task_id"], "messages": chat}])
    (told,) = scored(log, tmp_path / "run", corpus=corpus)
    assert_same(own, told)


def test_a_task_is_found_by_its_question(corpus: Any, write_log: WriteLog, tmp_path: Path) -> None:
    played: list[Played] = play(corpus, "gold")
    log = write_log([{"messages": chat} for chat, _ in played])
    summary = score_logs(log, corpus=corpus, out=tmp_path / "run")
    assert summary.matched_by == {"question": len(played)}
    assert summary.num_correct == sum(bool(own["is_correct"]) for _, own in played)


def test_an_expected_answer_in_the_log_is_a_truth(
    corpus: Any, write_log: WriteLog, tmp_path: Path
) -> None:
    played = play(corpus, "gold")
    records = [
        {"messages": chat, "question": task["question"], "ground_truth": task["truth"]}
        for chat, own in played
        if (task := corpus.task(own["task_id"]))["answer"]["unit"] not in ("absent", "text")
        and "rubric" not in task
    ]
    summary = score_logs(write_log(records), out=tmp_path / "run")
    assert summary.judged_by == {"truth": len(records)}
    # The unit that was asked for is guessed, so a few may be read otherwise.
    assert summary.num_correct >= 0.8 * len(records)


SAME_COLUMNS = (
    "task_id", "task_index", "split", "question_type", "level", "num_tables", "companies",
    "question", "truth", "status", "submission", "is_correct", "outcome", "answer_reason",
    "wrong_answer", "failure", "failures", "process", "num_turns", "num_calls", "num_errors",
    "dimensions", "checks", "flags", "criteria", "prompt",
)  # fmt: skip


@pytest.mark.parametrize("policy", ["gold", "recovery", "guess"])
def test_a_run_of_a_log_has_the_columns_of_the_run_that_the_engine_recorded(
    corpus: Any, write_log: WriteLog, tmp_path: Path, policy: str
) -> None:
    played = play(corpus, policy, in_structure=True, record=tmp_path / "recorded")
    log = write_log([{"task_id": own["task_id"], "messages": chat} for chat, own in played])
    told = scored(log, tmp_path / "run", corpus=corpus)
    recorded = {episode["task_id"]: episode for episode in open_run(tmp_path / "recorded")}
    for episode in told:
        own = recorded[episode["task_id"]]
        for column in SAME_COLUMNS:
            assert episode[column] == own[column], column
        for mine, engines in zip(episode["calls"], own["calls"], strict=True):
            assert mine | {"tool_ms": None, "company": None} == engines | {
                "tool_ms": None, "company": None, "rows": mine["rows"],
            }  # fmt: skip
