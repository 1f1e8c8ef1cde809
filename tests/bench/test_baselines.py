"""The baselines do the work that they are timed for."""

from __future__ import annotations

import builtins
import json
import os
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from finqa_gym.bench import bare_sqlite, plain_env
from finqa_gym.bench.arithmetic import evaluate
from finqa_gym.bench.bare_sqlite import BareSqlite
from finqa_gym.bench.plain_env import PlainEnv, same_answer
from finqa_gym.bench.sql_names import load_tables, rename_table
from finqa_gym.bench.workload import BenchEpisode, BenchTable, BenchTask, episodes_for, time_steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHARED = Path(os.environ.get("FINQA_SHARED", Path(__file__).resolve().parents[3] / "shared"))
TABLES = [
    BenchTable("acme", "sales", ["item", "2019"], [["Total", "1,496.5"], ["Other", "44.1"]]),
    BenchTable("acme", 'o\'debt "x"', ['it"em', "a b"], [["Owner's", "$ (12)"]]),
    BenchTable("globex", "sales", ["item", "2019"], [["Total", "7"]]),
]


def tatqa_tables() -> list[BenchTable]:
    """278 real tables as 28 companies of about 10."""
    path = SHARED / "data" / "tatqa_dataset_dev.json"
    if not path.exists():
        pytest.skip(f"{path.name} is not in the shared data folder; set FINQA_SHARED to its parent")
    tables = []
    for i, context in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        header, *rows = context["table"]["table"]
        columns: list[str] = []
        for n, name in enumerate(header):
            slug = re.sub(r"\W+", "_", name).strip("_").lower() or f"col_{n}"
            columns.append(slug if slug not in columns else f"{slug}_{n}")
        tables.append(BenchTable(f"company_{i // 10}", f"table_{i}", columns, rows))
    return tables


@pytest.fixture
def env() -> PlainEnv:
    pytest.importorskip("pandas", reason="the plain baseline runs on pandas")
    return PlainEnv(TABLES)


def call(name: str, **arguments: str) -> str:
    return f"so:<tool_call>{json.dumps({'name': name, 'arguments': arguments})}</tool_call>"


def observe(env: PlainEnv, text: str) -> str:
    env.reset(BenchTask("acme", "?", "1"))
    return env.step(text)[0]


def play(env: PlainEnv, episode: BenchEpisode) -> tuple[list[str], float, bool]:
    env.reset(episode.task)
    steps = [env.step(action) for action in episode.actions]
    return [s[0] for s in steps], sum(s[1] for s in steps), steps[-1][2]


def test_an_episode_of_six_kinds_fails_once_and_is_rewarded(env: PlainEnv) -> None:
    for episode in episodes_for(TABLES):
        (names, info, failing, good, number, submitted), reward, terminated = play(env, episode)
        assert json.loads(names)
        assert json.loads(info)["column_names"]
        assert "no such column" in failing
        assert episode.task.ground_truth in json.loads(good)[0].values()
        assert float(number) == pytest.approx(24.4077, abs=1e-3)
        assert submitted == f"Answer submitted: {episode.task.ground_truth}"
        assert (reward, terminated) == (1.0, True)


def test_two_companies_with_equal_table_names_stay_apart(env: PlainEnv) -> None:
    query = "select \"2019\" from sales where item = 'Total'"
    for company, value in (("acme", "1,496.5"), ("globex", "7")):
        text = call("sql_query", company_name=company, table_name="sales", query=query)
        assert json.loads(observe(env, text)) == [{"2019": value}]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("no call here", "no tool call"),
        ("<tool_call>{not json}</tool_call>", "failed to parse"),
        ('<tool_call>{"name": "x"}</tool_call>', "failed to parse"),
        ('<tool_call>{"name": 1, "arguments": {}}</tool_call>', "wrong type"),
        (call("nope"), "unknown tool 'nope'"),
        (call("get_table_names"), "bad arguments"),
        (call("submit_answer"), "bad arguments"),
        (call("get_table_names", company_name="x"), "company 'x' not found"),
        (call("get_table_info", company_name="acme", table_name="x"), "table 'x' not found"),
        (call("sql_query", company_name="acme", table_name="x", query="SELECT 1"), "'x' not found"),
        (
            call("sql_query", company_name="acme", table_name="sales", query="select * from sales"),
            "SELECT * is not allowed",
        ),
        (
            call("sql_query", company_name="acme", table_name="sales", query="SELECT 1 FROM sales"),
            "needs a filter",
        ),
        (call("calculator", expression="1/0"), "Error evaluating"),
        (call("calculator", expression="open('x')"), "Error evaluating"),
    ],
)
def test_a_policy_mistake_is_an_observation(env: PlainEnv, text: str, part: str) -> None:
    assert part in observe(env, text)


def test_a_result_can_name_what_it_was_measured_on(env: PlainEnv) -> None:
    built_on = env.built_on
    assert built_on["sqlite"] == sqlite3.sqlite_version
    assert built_on["pandas"][0].isdigit()
    assert built_on["calculator"] in {"ast", "asteval"}


def test_a_wrong_answer_earns_nothing_and_ends_the_episode(env: PlainEnv) -> None:
    env.reset(BenchTask("acme", "?", "1,496.5"))
    _, reward, terminated, truncated, _ = env.step(call("submit_answer", answer="1,400"))
    assert (reward, terminated, truncated) == (0.0, True, False)
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(call("submit_answer", answer="1,496.5"))


def test_an_episode_without_an_answer_is_truncated() -> None:
    pytest.importorskip("pandas", reason="the plain baseline runs on pandas")
    env = PlainEnv(TABLES, max_turns=2, max_chars=40)
    env.reset(BenchTask("acme", "?", "1"))
    info = call("get_table_info", company_name="acme", table_name="sales")
    assert [env.step(info)[3] for _ in range(2)] == [False, True]
    env.reset(BenchTask("acme", "?", "1"))
    assert "characters cut" in env.step(info)[0]


@pytest.mark.parametrize(
    ("expression", "value"),
    [("-2 ** 2", -4.0), ("abs(-3) % 2", 1.0), ("round(2.5)", 2.0), ("+1e3 / 8", 125.0)],
)
def test_arithmetic_is_evaluated(expression: str, value: float) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    "expression", ["True", "1j", "'a'", "(-8) ** 0.5", "x", "max([1])", "1 < 2"]
)
def test_what_is_not_arithmetic_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="not"):
        evaluate(expression)


@pytest.mark.parametrize(
    ("submitted", "truth", "same"),
    [
        ("102", "101", True),
        ("103", "101", False),
        ("0.244", "24.4%", True),
        ("0.001", "0", False),
        ("yes", "Yes ", True),
        ("yes", "1", False),
        (r"\boxed{(5)}", "-5", True),
    ],
)
def test_answers_are_compared_with_a_tolerance(submitted: str, truth: str, same: bool) -> None:
    assert same_answer(submitted, truth) is same


def test_a_rename_leaves_longer_names_alone() -> None:
    assert rename_table("SELECT a FROM t2 JOIN `t` ON 1", "t", "n") == (
        'SELECT a FROM t2 JOIN "n" ON 1'
    )


def test_colliding_sql_names_are_refused() -> None:
    pair = [BenchTable("a_b", "c", ["x"], []), BenchTable("a", "b_c", ["x"], [])]
    with pytest.raises(ValueError, match="is taken"):
        load_tables(sqlite3.connect(":memory:"), pair)


def test_without_pandas_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"pip install 'finqa-gym\[bench\]'"):
        PlainEnv(TABLES)


def test_the_bare_loop_runs_the_failing_and_the_good_query() -> None:
    bare = BareSqlite(TABLES, episodes_for(TABLES))
    outputs = [json.loads(bare.execute(query)) for query in bare.queries]
    assert sum("no such column" in str(output) for output in outputs) == len(TABLES)
    assert sum(isinstance(output, list) and len(output) == 1 for output in outputs) == len(TABLES)
    with pytest.raises(ValueError, match="nothing to measure"):
        BareSqlite(TABLES, [])


def test_rates_count_what_was_played(env: PlainEnv) -> None:
    workload = episodes_for(TABLES)
    rates = plain_env.measure(env, workload, steps=60)
    assert rates["steps"] == 60
    assert rates["episodes_per_s"] is not None
    assert rates["steps_per_s"] == pytest.approx(6 * rates["episodes_per_s"])
    assert 0 < rates["p50_us"] <= rates["p99_us"]
    bare = bare_sqlite.measure(BareSqlite(TABLES, workload), seconds=0.01)
    assert bare["episodes_per_s"] is None
    assert bare["elapsed_s"] >= 0.01


@pytest.mark.parametrize(
    "budget", [{}, {"seconds": 1.0, "steps": 1}, {"seconds": 0.0}, {"steps": -1}]
)
def test_a_budget_must_be_one_positive_number(budget: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match="seconds"):
        time_steps(lambda _: 0, **{"seconds": None, "steps": None, **budget})


def test_an_empty_workload_is_refused(env: PlainEnv) -> None:
    with pytest.raises(ValueError, match="no step to time"):
        plain_env.measure(env, [], steps=1)


def test_the_same_seed_makes_the_same_workload() -> None:
    tables = tatqa_tables()
    assert episodes_for(tables, seed=1) == episodes_for(tables, seed=1)
    assert episodes_for(tables, seed=1) != episodes_for(tables, seed=2)


def test_real_tables_play_to_full_reward() -> None:
    pytest.importorskip("pandas", reason="the plain baseline runs on pandas")
    tables = tatqa_tables()
    workload = episodes_for(tables)
    env = PlainEnv(tables)
    assert len(workload) >= 270
    assert [env.run(episode) for episode in workload] == [1.0] * len(workload)


@pytest.mark.bench
def test_report_the_rates_on_real_tables(capsys: pytest.CaptureFixture[str]) -> None:
    tables = tatqa_tables()
    workload: Sequence[BenchEpisode] = episodes_for(tables)
    rates = {
        "plain": plain_env.measure(PlainEnv(tables), workload, seconds=2),
        "bare, re-parsed": bare_sqlite.measure(BareSqlite(tables, workload), seconds=2),
        "bare, 128 statements kept": bare_sqlite.measure(
            BareSqlite(tables, workload, cached_statements=128), seconds=2
        ),
    }
    with capsys.disabled():
        for name, rate in rates.items():
            print(f"\n{name}: " + ", ".join(f"{k} {v}" for k, v in rate.items()))
    assert rates["plain"]["steps_per_s"] < rates["bare, re-parsed"]["steps_per_s"]
