"""The three tool profiles, end to end on the small corpus."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("numpy")

MakeEnv = Callable[..., Any]
Call = Callable[..., str]
PROFILES = ["rllm", "openenv", "compact"]


@dataclass
class Bench:
    """One slot on task 0, and short ways to call its tools."""

    env: Any
    profile: str
    write: Call
    company: str
    table: dict[str, Any]

    def call(self, tool: str, **arguments: str) -> str:
        """A call with company (and table of a query) filled in where the profile wants them."""
        if self.profile != "compact" and tool in ("list", "info", "sql_query"):
            arguments.setdefault("company_name", self.company)
            if tool == "sql_query":
                arguments.setdefault("table_name", self.table["name"])
        names = {
            "list": "get_descriptions" if self.profile == "openenv" else "get_table_names",
            "info": "get_table_info",
        }
        return self.write(names.get(tool, tool), **arguments)

    def step(self, action: Any) -> str:
        """The observation; the last batch stays readable."""
        self.batch = self.env.step([action])
        return str(self.batch.observations[0])

    def code(self) -> str | None:
        """The mistake of the last step."""
        code = int(self.batch.infos["error_code"][0])
        return None if code < 0 else str(self.env.error_codes[code])

    def restart(self) -> None:
        self.env.reset(task_ids=[0])


@pytest.fixture
def bench(make: MakeEnv, call: Call, corpus: Any) -> Callable[..., Bench]:
    """A bench on a profile."""

    def build(profile: str = "rllm", **options: Any) -> Bench:
        env = make(1, tool_profile=profile, **options)
        env.reset(task_ids=[0])
        company = corpus.task(0)["companies"][0]
        table = max(corpus.tables(company), key=lambda table: len(table["rows"]))
        return Bench(env, profile, call, company, table)

    return build


# --- names and arguments ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "tools"),
    [
        (
            "rllm",
            {
                "get_table_names": ["company_name"],
                "get_table_info": ["company_name", "table_name"],
                "sql_query": ["company_name", "table_name", "query"],
                "calculator": ["expression"],
                "submit_answer": ["answer"],
            },
        ),
        (
            "openenv",
            {
                "get_descriptions": ["company_name"],
                "get_table_info": ["company_name", "table_name"],
                "sql_query": ["company_name", "table_name", "query"],
                "submit_answer": ["answer"],
            },
        ),
        (
            "compact",
            {
                "get_table_names": [],
                "get_table_info": ["table_name"],
                "sql_query": ["query"],
                "calculator": ["expression"],
                "submit_answer": ["answer"],
            },
        ),
    ],
)
def test_names_and_arguments(
    finqa_gym: Any, bench: Callable[..., Bench], profile: str, tools: dict[str, list[str]]
) -> None:
    b = bench(profile)
    assert b.env.tools == finqa_gym.tools.tool_specs(profile)
    functions = [tool["function"] for tool in b.env.tools]
    assert {f["name"]: list(f["parameters"]["properties"]) for f in functions} == tools
    assert all(f["parameters"]["required"] == tools[f["name"]] for f in functions)
    assert all(f["description"] for f in functions)
    if profile == "openenv":
        assert "calculator" in b.step(b.write("calculator", expression="1 + 1"))
        assert b.code() == "unknown_tool"
    assert all(name in b.env.system_prompt for name in tools)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_tools_say_what_the_corpus_holds(bench: Callable[..., Bench], profile: str) -> None:
    b = bench(profile)
    listed = b.step(b.call("list"))
    for table in b.env.corpus.tables(b.company):
        assert table["name"] in listed
    info = b.step(b.call("info", table_name=b.table["name"]))
    assert all(column in info for column in b.table["columns"])
    # As in rLLM, case and a `.json` suffix do not matter.
    assert b.step(b.call("info", table_name=f" {b.table['name'].upper()}.json ")) == info
    column = b.table["columns"][0]
    query = f'SELECT "{column}" FROM "{b.table["name"]}" WHERE rowid <= 3'
    result = b.step(b.call("sql_query", query=query))
    cells = [row[0] for row in b.table["rows"][:3]]
    if profile == "compact":
        assert [line.strip() for line in result.splitlines()] == [column, *cells]
    else:
        assert json.loads(result) == [{column: cell} for cell in cells]
    assert b.code() is None


# --- guards and names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "refused_in"),
    [
        ('SELECT * FROM "{t}" LIMIT 5', {"rllm", "openenv"}),
        ('SELECT  "{c}", * FROM "{t}" WHERE 1', {"rllm", "openenv"}),
        ('SELECT "{c}" FROM "{t}"', {"rllm", "openenv"}),
        ('SELECT "{c}" FROM "{t}" -- WHERE', {"rllm", "openenv"}),
        ('SELECT "{c}" FROM "{t}" LIMIT 5', {"openenv"}),
        ('SELECT COUNT("{c}") FROM "{t}"', {"openenv"}),
        ("SELECT 1 WHERE 1", {"rllm"}),
        ('SELECT "{c}" FROM "{t}" WHERE "{c}" LIKE \'%a%\'', set()),
    ],
)
@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_has_its_guard(
    bench: Callable[..., Bench], profile: str, query: str, refused_in: set[str]
) -> None:
    b = bench(profile)
    sql = query.format(t=b.table["name"], c=b.table["columns"][0])
    text = b.step(b.call("sql_query", query=sql))
    assert b.code() == ("sql_guard" if profile in refused_in else None), text
    assert text.startswith("Error") == (profile in refused_in)
    assert b.env.episode(0)["status"] == "running"


@pytest.mark.parametrize("profile", PROFILES)
def test_an_unknown_table_names_the_nearest(bench: Callable[..., Bench], profile: str) -> None:
    b = bench(profile)
    wrong = b.table["name"][:-3] + "xyz"
    text = b.step(b.call("info", table_name=wrong))
    assert b.code() == "unknown_table"
    assert wrong in text
    assert b.table["name"] in text
    if profile != "compact":
        query = f'SELECT 1 FROM "{b.table["name"]}" WHERE 1'
        assert b.table["name"] in b.step(b.call("sql_query", table_name=wrong, query=query))
        assert b.code() == "unknown_table"


@pytest.mark.parametrize("profile", PROFILES)
def test_names_inside_the_query_are_explained(bench: Callable[..., Bench], profile: str) -> None:
    b = bench(profile)
    text = b.step(b.call("sql_query", query=f'SELECT nope FROM "{b.table["name"]}" WHERE 1'))
    assert b.code() == "sql_no_such_column"
    assert "nope" in text
    assert all(column in text for column in b.table["columns"])
    wrong = b.table["name"] + "x"
    text = b.step(b.call("sql_query", query=f'SELECT 1 FROM "{wrong}" WHERE 1'))
    assert b.code() == "sql_no_such_table"
    assert b.table["name"] in text


@pytest.mark.parametrize("profile", PROFILES)
def test_another_company_is_out_of_reach(bench: Callable[..., Bench], profile: str) -> None:
    b = bench(profile)
    mine = {table["name"] for table in b.env.corpus.tables(b.company)}
    other, name = next(
        (company, table["name"])
        for company in b.env.corpus.companies
        if company != b.company
        for table in b.env.corpus.tables(company)
        if table["name"] not in mine
    )
    if profile == "compact":
        b.step(b.call("list", company_name=other))
        assert b.code() == "bad_arguments"
    else:
        for action in (
            b.call("list", company_name=other),
            b.call("info", company_name=other, table_name=name),
            b.call("sql_query", company_name=other, query=f'SELECT 1 FROM "{name}" WHERE 1'),
            b.call("list", company_name="no_such_company"),
        ):
            text = b.step(action)
            assert b.code() == "unknown_company"
            assert b.company in text
        assert b.step(b.call("list", company_name=f" `{b.company.upper()}` ")).startswith("[")
    b.step(b.call("info", table_name=name))
    assert b.code() == "unknown_table"
    for reference in (f'"{name}"', f'main."{name}"', f'{other}."{name}"', f'"{other}"."{name}"'):
        b.step(b.call("sql_query", query=f"SELECT 1 FROM {reference} WHERE 1"))
        assert b.code() in {"sql_no_such_table", "sql_syntax", "sql_not_allowed"}, reference


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "text", "submitted"),
    [
        ("rllm", "The ratio.\nFINAL ANSWER: 0.5", "0.5"),
        ("rllm", "about 0.5", None),
        ("openenv", "FINAL ANSWER: 0.5", None),
        ("compact", "FINAL ANSWER: 0.5", "0.5"),
        ("compact", "  0.5 \n", "0.5"),
        ("rllm", "<think>FINAL ANSWER: 0.5</think> hm", None),
        ("rllm", {"role": "assistant", "content": "FINAL ANSWER: 0.5"}, "0.5"),
        ("rllm", {"content": "<think>FINAL ANSWER: 0.5</think> hm"}, None),
        ("rllm", {"content": None, "tool_calls": None}, None),
        ("compact", "<think>a long way</think>0.5", "0.5"),
    ],
)
def test_answers_in_plain_text(
    bench: Callable[..., Bench], profile: str, text: Any, submitted: str | None
) -> None:
    b = bench(profile)
    observation = b.step(text)
    assert b.env.episode(0)["submission"] == submitted
    assert bool(b.batch.terminated[0]) == (submitted is not None)
    if submitted is None:
        assert b.code() == "no_action"
        assert "submit_answer" in observation
        assert ("FINAL ANSWER" in observation) == (profile == "rllm")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_truth_scores_in_every_profile(bench: Callable[..., Bench], profile: str) -> None:
    b = bench(profile)
    truth = b.env.corpus.task(0)["truth"]
    text = b.step(b.call("submit_answer", answer=truth))
    assert truth in text
    assert b.batch.rewards[0] == 1.0
    assert b.batch.terminated[0]


def test_on_no_call_overrides_the_profile(bench: Callable[..., Bench]) -> None:
    b = bench("rllm", on_no_call="submit")
    b.step("forty-two")
    assert b.env.episode(0)["submission"] == "forty-two"
    b = bench("compact", on_no_call="feedback")
    b.step("forty-two")
    assert b.env.episode(0)["submission"] is None
    assert b.code() == "no_action"
    # A message that was cut by its token limit is no answer.
    b = bench("compact")
    b.batch = b.env.step(["the answer is"], ["length"])
    assert b.code() == "truncated_action"
    assert b.env.episode(0)["submission"] is None


BROKEN = '<tool_call>\n{"name": "calculator", "arguments": {"expression": \n</tool_call>'


def test_on_malformed(bench: Callable[..., Bench]) -> None:
    b = bench()
    good = b.call("calculator", expression="2 + 3")
    text = b.step(BROKEN + good)
    assert text.splitlines()[-1] == "5", "a call that cannot be read does not stop the next one"
    assert b.code() == "malformed_action"
    assert b.batch.infos["num_calls"][0] == 1
    assert b.batch.infos["num_errors"][0] == 1
    b = bench(on_malformed="ignore")
    assert b.step(BROKEN + good) == "5"
    b.step(BROKEN)
    assert b.code() == "no_action"
    b = bench(on_malformed="terminate")
    assert b.step(good) == "5"
    b.step(BROKEN + b.call("submit_answer", answer="1"))
    assert b.batch.truncated[0]
    assert b.batch.rewards[0] == 0.0
    assert b.env.episode(0)["submission"] is None
    assert b.env.episode(0)["truncation_reason"] == "malformed_action"


# --- several calls, long messages ---------------------------------------------------------------


def test_several_calls_run_in_order(bench: Callable[..., Bench]) -> None:
    b = bench()
    text = "".join(b.call("calculator", expression=f"{i} * 10") for i in (3, 1, 2))
    assert b.step("First, " + text) == "30\n10\n20"
    assert [m["content"] for m in b.batch.messages[0]] == ["30", "10", "20"]
    assert [m["tool_call_id"] for m in b.batch.messages[0]] == ["call_1_0", "call_1_1", "call_1_2"]
    # A mistake that could be read does not stop the others.
    bad = b.write("calculator", expr="1")
    text = b.step(bad + b.call("calculator", expression="7"))
    assert text.splitlines()[-1] == "7"
    assert b.batch.infos["num_calls"][0] == 1
    assert b.batch.infos["num_errors"][0] == 1


def test_calls_behind_a_submission_are_not_run(bench: Callable[..., Bench]) -> None:
    b = bench()
    first = b.call("submit_answer", answer="1")
    text = b.step(
        first + b.call("calculator", expression="7") + b.call("submit_answer", answer="2")
    )
    assert b.env.episode(0)["submission"] == "1"
    assert b.code() == "already_submitted"
    assert b.batch.infos["num_calls"][0] == 1
    assert text.count("already submitted") == 2
    assert not any(line == "7" for line in text.splitlines())


def test_surplus_calls_are_refused(bench: Callable[..., Bench]) -> None:
    b = bench(max_calls_per_turn=2)
    text = b.step("".join(b.call("calculator", expression=f"{i}") for i in range(4)))
    assert text.splitlines()[:2] == ["0", "1"]
    assert text.count("at most 2 calls") == 2
    assert b.code() == "too_many_calls"
    assert b.batch.infos["num_calls"][0] == 2


def test_calls_inside_reasoning_are_not_run(bench: Callable[..., Bench]) -> None:
    b = bench()
    inside = b.call("submit_answer", answer="1")
    assert b.step(f"<think>I could {inside}</think>{b.call('calculator', expression='4')}") == "4"
    assert not b.batch.terminated[0]
    b.step(f"<think>I could {inside}</think> but")
    assert b.code() == "no_action"
    assert [c["status"] for c in b.env.episode(0)["calls"]][:2] == ["in_reasoning", "ok"]


def test_messages_that_are_too_long(bench: Callable[..., Bench]) -> None:
    b = bench(max_action_bytes=500)
    long = b.call("calculator", expression="1" + "+1" * 300)
    text = b.step(long)
    assert b.code() == "malformed_action"
    assert f"{len(long)} bytes, at most 500" in text
    call = {"name": "calculator", "arguments": {"expression": "1" + "+1" * 300}}
    b.step({"content": "", "tool_calls": [{"id": "x", "function": call}]})
    assert b.code() == "malformed_action", "structured calls count too"
    assert b.step(b.call("calculator", expression="1+1")) == "2"
    b = bench(max_action_bytes=500, on_malformed="terminate")
    b.step(long)
    assert b.batch.truncated[0]


def test_renamed_tools_and_replaced_prompts(bench: Callable[..., Bench]) -> None:
    b = bench(tool_names={"calculator": "math", "submit_answer": "done"})
    assert [t["function"]["name"] for t in b.env.tools][-2:] == ["math", "done"]
    assert "math" in b.env.system_prompt
    assert "calculator" not in b.env.system_prompt
    assert b.step(b.write("math", expression="6 * 7")) == "42"
    assert "math" in b.step(b.call("calculator", expression="6 * 7"))
    assert b.code() == "unknown_tool"
    assert b.env.stats()["tools"]["calculator"]["calls"] == 1
    assert "done" in b.step("hm")
    b.step(b.write("done", answer="1"))
    assert b.batch.terminated[0]

    task = b.env.corpus.task(0)
    b = bench(
        system_prompt="Be brief.", task_prompt="{companies} | {question} | {unit_hint} | {query}"
    )
    assert b.env.system_prompt == "Be brief."
    user = b.env.messages(0)[1]["content"]
    parts = [task["companies"][0], task["question"], task["unit_hint"], task["user_query"]]
    assert user == " | ".join(parts)


def test_a_template_is_filled_once(bench: Callable[..., Bench], corpus: Any) -> None:
    b = bench(task_prompt="{question} {unknown} {{question}}")
    question = corpus.task(0)["question"]
    assert b.env.messages(0)[1]["content"] == f"{question} {{unknown}} {{{question}}}"


# --- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_the_last_turn(bench: Callable[..., Bench], profile: str) -> None:
    truth_task = 0
    b = bench(profile, max_turns=2)
    b.step(b.call("list"))
    b.step(b.call("list"))
    assert b.batch.truncated[0]
    assert not b.batch.terminated[0]
    assert b.batch.rewards[0] == 0.0
    assert b.env.episode(0)["truncation_reason"] == "max_turns"
    b.restart()
    b.step(b.call("list"))
    b.step(b.call("submit_answer", answer=b.env.corpus.task(truth_task)["truth"]))
    assert b.batch.terminated[0]
    assert not b.batch.truncated[0]
    assert b.batch.rewards[0] == 1.0


@pytest.mark.parametrize("profile", PROFILES)
def test_rows_are_cut_first_and_the_total_is_stated(
    bench: Callable[..., Bench], profile: str
) -> None:
    b = bench(profile, max_observation_chars=200)
    name, column = b.table["name"], b.table["columns"][0]
    # Two tables joined without a condition: more rows than 200 characters hold.
    query = f'SELECT a."{column}" AS x FROM "{name}" a, "{name}" b WHERE 1'
    text = b.step(b.call("sql_query", query=query))
    total = len(b.table["rows"]) ** 2
    rows, note = text.split("\n(showing the first ")
    shown = int(note.split(" of ")[0])
    assert f"of {total} rows" in note
    assert len(rows) <= 200
    assert 0 < shown < total
    seen = rows.splitlines()[1:] if profile == "compact" else json.loads(rows)
    assert len(seen) == shown
    assert b.env.episode(0)["calls"][0]["rows"] == total


@pytest.mark.parametrize("profile", PROFILES)
def test_long_texts_lose_their_middle(bench: Callable[..., Bench], profile: str) -> None:
    whole = bench(profile)
    full = whole.step(whole.call("list"))
    assert len(full) > 300
    b = bench(profile, max_observation_chars=200)
    text = b.step(b.call("list"))
    assert len(text) == 200
    assert f"of {len(full)} characters cut" in text
    assert full.startswith(text[:40])
    assert full.endswith(text[-40:])


def test_errors_and_echoes_are_cut_too(bench: Callable[..., Bench]) -> None:
    b = bench(max_observation_chars=300)
    for action in (
        b.call("list", company_name="x" * 20_000),
        b.call("info", table_name="\x01" * 10_000),
        b.call("sql_query", query="SELECT " + "y" * 7000 + f' FROM "{b.table["name"]}" WHERE 1'),
        b.call("calculator", expression="z" * 20_000),
        b.write("w" * 20_000),
        b.write("calculator", **{"v" * 20_000: "1"}),
        b.call("submit_answer", answer="9" * 20_000),
    ):
        text = b.step(action)
        assert len(text) <= 300, text[:200]


def test_double_quotes_may_stand_for_a_text(bench: Callable[..., Bench]) -> None:
    for repair in (True, False):
        b = bench(repair_double_quotes=repair)
        column, cell = b.table["columns"][0], b.table["rows"][0][0]
        query = f'SELECT "{column}" FROM "{b.table["name"]}" WHERE "{column}" = "{cell}"'
        text = b.step(b.call("sql_query", query=query))
        if repair:
            assert json.loads(text)[0] == {column: cell}
        else:
            assert b.code() == "sql_no_such_column"
            assert cell in text
