"""Maps of tools and fields: what they say, what is wrong with some, the one that is proposed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from finqa_gym.logs import LogMap, load_map, propose_map, score_logs, survey_logs
from finqa_gym.logs.defaults import ARGUMENTS, FIELDS, KINDS
from finqa_gym.logs.map_file import KEYS
from finqa_gym.tools import tool_specs
from played_logs import MAP, RENAMES, play, rename_arguments

WriteLog = Callable[..., Path]
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "spec" / "log_map.schema.json"


@pytest.mark.parametrize("profile", ["rllm", "openenv", "compact"])
def test_the_tools_of_every_profile_need_no_map(profile: Any) -> None:
    names = LogMap()
    roles = {"company_name": "company", "table_name": "table", "query": "sql"}
    for tool in tool_specs(profile):
        function = tool["function"]
        assert names.kind(function["name"]) not in (None, "other")
        for argument in function["parameters"]["properties"]:
            role = roles.get(argument, argument)
            assert names.argument(role, {argument: "x"}) == "x"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([], r"the map is \[\]; an object is needed"),
        ({"tool": {}}, "tool is unknown; it must be one of version, tools"),
        ({"version": 2}, "version is 2; this release reads version 1"),
        ({"tools": []}, r"tools is \[\]; an object is needed"),
        ({"tools": {"sql": ["x"]}}, "tools.sql is unknown; it must be one of list_tables"),
        ({"tools": {"other": [1]}}, r"tools.other is \[1\]; a name or a list of names is needed"),
        ({"tools": {"other": ["x"], "calculator": "X"}}, "which tools.[a-z]* names too"),
        ({"arguments": {"query": ["x"]}}, "arguments.query is unknown"),
        ({"errors": ["("]}, r"errors holds '\(', which is no regular expression: .*position 0"),
        ({"answer": {"pattern": "x"}}, "answer.pattern is unknown; it must be one of patterns"),
        ({"answer": {"last_message": "yes"}}, "answer.last_message is 'yes'; it must be true or"),
        ({"fields": {"gold": "x"}}, "fields.gold is unknown"),
        ({"correct_at": "1"}, "correct_at is '1'; a number is needed"),
        ({"correct_at": True}, "correct_at is True; a number is needed"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_work_says_where(given: Any, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    with pytest.raises(ValueError, match=problem) as raised:
        load_map(path)
    assert str(path) in str(raised.value)


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    plain = tmp_path / "map.yaml"
    plain.write_text(
        "# ours\nversion: 1\ntools:\n  sql_query: [ask_db]\n  submit_answer: hand_in\n"
        "answer:\n  patterns:\n    - 'Result: (.+)'\n  last_message: false\ncorrect_at: 0.9\n",
        encoding="utf-8",
    )
    names = load_map(plain)
    assert names == load_map(
        {
            "tools": {"sql_query": ["ask_db"], "submit_answer": ["hand_in"]},
            "answer": {"patterns": ["Result: (.+)"], "last_message": False},
            "correct_at": 0.9,
        }
    )
    assert names.answer("x\nResult: 5\nResult: 6") == "6"
    # A name that is given to a kind is no longer a default of another; the other kinds stay.
    assert names.kind("get_table_names") == "list_tables"
    assert load_map({"tools": {"other": ["query"]}}).kind("query") == "other"
    plain.write_text("tools: [", encoding="utf-8")
    with pytest.raises(ValueError, match="neither YAML nor JSON"):
        load_map(plain)
    with pytest.raises(FileNotFoundError):
        load_map(tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("output", "is_error"),
    [
        ("Error: table \"x\" not found", True),
        ("sqlite3.OperationalError: no such column: x", True),
        ("(sqlite3.OperationalError) near \"x\": syntax error", True),
        ("Traceback (most recent call last):\n  File …", True),
        ("no such table: x", True),
        ('{"error": "boom"}', True),
        ('{"status": "error", "detail": "x"}', True),
        ('{"success": false}', True),
        ("Catalog Error: Table with name x does not exist!", True),
        ("Invalid expression", True),
        ('{"error": null, "rows": [1]}', False),
        ('[{"item": "Error correction", "2024": "5"}]', False),
        ('{"description": "Errors in prior periods"}', False),
        (" Error | 2024\n Rounding | 5", False),
        ("12.5", False),
        ("", False),
    ],
)  # fmt: skip
def test_error_texts_are_told_from_data(output: str, is_error: bool) -> None:
    assert LogMap().is_error(output) == is_error


@pytest.mark.parametrize(
    ("output", "is_empty"),
    [
        ("", True), (" \n", True), ("None", True), ("No rows found.", True), ("0 rows", True),
        ("The query returned no rows", True), ("Empty DataFrame\nColumns: [a]", True),
        ("No results for this query", True), ("Nothing", True), ("0", False), ("No", False),
        ("None of the above | 5", False), ('[{"a": "no rows"}]', False),
    ],
)  # fmt: skip
def test_empty_results_are_told_from_data(output: str, is_empty: bool) -> None:
    assert LogMap().is_empty(output) == is_empty


def test_the_schema_names_what_the_reader_knows() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    properties = schema["properties"]
    assert tuple(properties) == KEYS
    assert tuple(properties["tools"]["properties"]) == KINDS
    assert tuple(properties["arguments"]["properties"]) == ARGUMENTS
    assert tuple(properties["fields"]["properties"]) == FIELDS
    for part in (
        schema,
        *(properties[name] for name in ("tools", "arguments", "answer", "fields")),
    ):
        assert part["additionalProperties"] is False


def test_the_proposed_map_is_the_right_one(
    corpus: Any, write_log: WriteLog, tmp_path: Path
) -> None:
    played = play(corpus, "recovery", in_structure=True, tool_names=RENAMES)
    records = [{"qid": own["task_id"], "messages": rename_arguments(chat)} for chat, own in played]
    log = write_log(records)
    path = tmp_path / "map.yaml"
    path.write_text(propose_map(survey_logs([log], LogMap()), LogMap()), encoding="utf-8")
    proposed, right = load_map(path), load_map(MAP)
    for name in RENAMES.values():
        # Names that say nothing and arguments of one text leave two kinds to guess.
        assert proposed.kind(name) in (right.kind(name), "other"), name
    assert proposed.kind("ask_db") == "sql_query"
    assert proposed.kind("abacus") == "calculator"
    assert proposed.arguments["sql"] == ("statement",)
    assert "qid" in path.read_text("utf-8")


def test_fields_of_other_trainers_are_found(write_log: WriteLog, tmp_path: Path) -> None:
    from finqa_gym.trajectories import open_run

    chat = [
        {"role": "user", "content": "What?"},
        {"role": "assistant", "content": "FINAL ANSWER: 5"},
    ]
    verl = {
        "messages": chat, "reward_model": {"ground_truth": "5"}, "extra_info": {"index": 3},
        "usage": {"prompt_tokens": 7, "completion_tokens": 2}, "global_step": 40, "model": "m-1",
    }  # fmt: skip
    rows = [verl, {"messages": chat, "reward": 0.25}, {"messages": chat, "correct": True}]
    summary = score_logs(write_log(rows), out=tmp_path / "run")
    first, second, third = open_run(tmp_path / "run")
    assert (first["task_id"], first["truth"], first["is_correct"]) == ("3", "5", True)
    assert (first["policy"], first["policy_step"]) == ("m-1", 40)
    assert (first["num_prompt_tokens"], first["num_completion_tokens"]) == (7, 2)
    assert (second["policy"], second["task_id"]) == ("log", "log.jsonl:2")
    assert (second["is_correct"], second["reward"]) == (False, 0.25)
    assert (third["is_correct"], third["failure"]) == (True, "")
    assert summary.judged_by == {"truth": 1, "log": 2}


def test_the_rules_overrule_the_log_when_asked(write_log: WriteLog) -> None:
    chat = [
        {"role": "user", "content": "What?"},
        {"role": "assistant", "content": "FINAL ANSWER: 5"},
    ]
    log = write_log([{"messages": chat, "answer": "5", "reward": 0.0}])
    told = score_logs(log)
    assert (told.num_correct, told.num_disagreements) == (0, 1)
    asked = score_logs(log, mode="strict")
    assert (asked.num_correct, asked.judged_by) == (1, {"truth": 1})


def test_an_outcome_that_nothing_tells_stays_unknown(write_log: WriteLog, tmp_path: Path) -> None:
    from finqa_gym.trajectories import open_run

    answer = {"role": "assistant", "content": "FINAL ANSWER: 5"}
    user = {"role": "user", "content": "What?"}
    silent = {"role": "assistant", "content": ""}
    log = write_log([{"messages": [user, answer]}, {"messages": [user, silent]}])
    summary = score_logs(log, out=tmp_path / "run")
    unknown, without = open_run(tmp_path / "run")
    assert (unknown["is_correct"], unknown["outcome"], unknown["failure"]) == (None, None, "")
    assert unknown["flags"]["hallucinated"]
    assert (without["is_correct"], without["failure"]) == (False, "out_of_turns")
    assert (summary.num_unknown, summary.num_wrong, summary.num_unanswered) == (1, 1, 1)
