"""From tables that nobody described to tasks that a policy can be rewarded for."""

import json
import sqlite3
from pathlib import Path

import pytest

import finqa_gym
from finqa_gym.author import (
    Draft,
    add_to_tasks_file,
    propose,
    read_drafts,
    tasks_file_of,
    verify,
    write_drafts,
)
from finqa_gym.exceptions import DataError

NORTH = 'SELECT "2024", "2023" FROM sales WHERE region = \'north\''
SALES = [("north", 5), ("north", 7), ("south", 2)]
REGION = "SELECT region FROM sales WHERE region = 'north'"
GROWTH = "({0.0.0} - {0.0.1}) / {0.0.1} * 100"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "sales.csv").write_text(
        'region,2023,2024\nnorth,"1,200","1,300"\nsouth,900,"1,450"\nreturns,(60),(75)\n'
    )
    orders = ["id,customer_type,amount_usd"]
    for i in range(40):
        kind = ("retail", "wholesale", "online")[i % 3 if i % 7 else 0]
        orders.append(f"{i},{kind},{i * 17 % 101}.5")
    (folder / "orders.csv").write_text("\n".join(orders) + "\n")
    series = ["year,gdp"] + [f"{1990 + i},{100 + 3 * i}" for i in range(20)]
    (folder / "macro.csv").write_text("\n".join(series) + "\n")
    return folder


def test_the_engine_finds_the_answer_and_the_task_is_rewarded(shop: Path) -> None:
    draft = Draft(
        question="By what percentage did the north grow from 2023 to 2024?",
        tables=("sales",),
        gold_sql=(NORTH,),
        gold_expression=GROWTH,
        unit="percent",
    )
    [done] = verify(shop, [draft])
    assert (done.answer, done.problems, done.remarks) == ("8.33%", (), ())
    tools = [step["tool"] for step in done.steps]
    assert tools == [
        "get_table_names",
        "get_table_info",
        "sql_query",
        "calculator",
        "submit_answer",
    ]
    path = tasks_file_of(shop)
    assert add_to_tasks_file(path, [done]) == 1
    assert add_to_tasks_file(path, [done]) == 0  # the same draft enters once
    corpus = finqa_gym.load(shop)
    assert [check.outcome for check in corpus.validate()] == ["ok"]
    assert corpus.task(0)["truth"] == "8.33%"


def test_what_cannot_stand_is_told_apart_and_not_added(shop: Path) -> None:
    def draft(question: str, sql: str, **others: str) -> Draft:
        return Draft(question=question, tables=("sales",), gold_sql=(sql,), **others)  # type: ignore[arg-type]

    good = draft("How much did the south sell in 2024?", NORTH.replace("north", "south"))
    wrong = {
        "no such column": draft("a?", "SELECT \"2030\" FROM sales WHERE region = 'x'"),
        "do not hold": draft("b?", NORTH.replace("north", "east")),
        "which is no percent": draft(
            "c?", "SELECT region FROM sales WHERE region = 'north'", unit="percent"
        ),
        "the author expects": draft("d?", NORTH, answer="1,299"),
        "asked by another draft": draft("how much did the  south sell in 2024?", NORTH),
        "in none of the task": Draft(question="e?", tables=("nothing",), gold_sql=("SELECT 1",)),
    }
    done = verify(shop, [good, *wrong.values()])
    assert done[0].ok
    assert done[0].answer == "1450"
    for said, result in zip(wrong, done[1:], strict=True):
        assert not result.ok, said
        assert any(said in problem.lower() or said in problem for problem in result.problems), (
            said,
            result.problems,
        )
    assert add_to_tasks_file(tasks_file_of(shop), done) == 1


def test_a_query_that_returns_more_than_it_needs_is_remarked(shop: Path) -> None:
    sql = "SELECT \"2024\" FROM sales WHERE region <> 'returns'"
    [done] = verify(shop, [Draft(question="How much?", tables=("sales",), gold_sql=(sql,))])
    assert "returns 2 rows" in done.remarks[0]


def test_proposals_are_different_and_most_of_them_stand(shop: Path) -> None:
    drafts = propose(finqa_gym.load(shop), 60, seed=1)
    assert len({draft.question for draft in drafts}) == len(drafts) == 60
    assert {table for draft in drafts for table in draft.tables} == {"sales", "orders", "macro"}
    types = {draft.question_type for draft in drafts}
    assert {"Lookup", "Growth - YoY", "Sum", "Count", "Average", "Contribution Share"} <= types
    done = verify(shop, drafts)
    assert sum(result.ok for result in done) >= 50
    assert propose(finqa_gym.load(shop), 60, seed=1) == drafts
    assert propose(finqa_gym.load(shop), 60, seed=2) != drafts


def test_answers_agree_with_sqlite_itself(shop: Path, tmp_path: Path) -> None:
    """The same sums, counts and shares, worked out by the standard library's SQLite."""
    database = sqlite3.connect(tmp_path / "own.db")
    database.execute("CREATE TABLE orders (id INTEGER, customer_type TEXT, amount_usd REAL)")
    lines = (shop / "orders.csv").read_text().splitlines()[1:]
    database.executemany("INSERT INTO orders VALUES (?, ?, ?)", [line.split(",") for line in lines])
    drafts = [d for d in propose(finqa_gym.load(shop), 80) if d.tables == ("orders",)]
    compared = 0
    for result in verify(shop, drafts):
        if not result.ok or len(result.draft.gold_sql) > 1:
            continue
        row = database.execute(result.draft.gold_sql[0]).fetchone()
        if result.draft.question_type in ("Sum", "Count"):
            assert float(result.answer) == pytest.approx(row[0])
        elif result.draft.question_type == "Contribution Share":
            share = float(result.answer.rstrip("%"))
            assert share == pytest.approx(100 * row[0] / row[1], abs=0.005)
        elif result.draft.question_type == "Average":
            assert float(result.answer) == pytest.approx(row[0] / row[1], abs=0.005)
        elif result.draft.question_type == "Max":
            assert result.answer == row[0]
        else:
            continue
        compared += 1
    assert compared >= 12


def test_a_database_takes_its_tasks_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE sales (region TEXT, amount INTEGER)")
    database.executemany(
        "INSERT INTO sales VALUES (?, ?)", [("north", 5), ("north", 7), ("south", 2)]
    )
    database.commit()
    database.close()
    sql = "SELECT SUM(amount) FROM sales WHERE region = 'north'"
    done = verify(path, [Draft(question="How much?", tables=("sales",), gold_sql=(sql,))])
    assert done[0].answer == "12"
    assert add_to_tasks_file(tasks_file_of(path), done) == 1
    assert [check.outcome for check in finqa_gym.load(path).validate()] == ["ok"]


def test_a_csv_tasks_file_keeps_its_records_and_gets_new_columns(shop: Path) -> None:
    path = shop / "tasks.csv"
    path.write_text("question,answer\nWhich region sold most?,south\n")
    done = verify(shop, [Draft(question="How much?", tables=("sales",), gold_sql=(NORTH,))])
    assert tasks_file_of(shop) == path
    assert add_to_tasks_file(path, done) == 1
    corpus = finqa_gym.load(shop)
    assert [task["truth"] for task in corpus] == ["south", "1300"]
    assert [check.outcome for check in corpus.validate()] == ["no_gold", "ok"]


def test_drafts_are_edited_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    draft = Draft(question="q?", tables=("t",), gold_sql=("SELECT 1", "SELECT 2"), decimals=3)
    write_drafts(path, [draft])
    assert read_drafts(path) == [draft]
    path.write_text('{"question": "q?", "tables": "t", "gold_sql": "SELECT 1"}\n')
    assert read_drafts(path)[0].gold_sql == ("SELECT 1",)
    table = tmp_path / "d.csv"
    table.write_text('question,tables,gold_sql\nq?,t,"[""SELECT 1"", ""SELECT 2""]"\n')
    assert read_drafts(table)[0].gold_sql == ("SELECT 1", "SELECT 2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"question": "q?"}\n', "line 1: 'tables' is missing"),
        ("\n[1]\n", "line 2: a draft is a JSON object"),
        ("{\n", "line 1"),
        (json.dumps({"question": "q", "tables": [1], "gold_sql": "x"}) + "\n", "tables is"),
        (
            json.dumps({"question": "q", "tables": "t", "gold_sql": "x", "decimals": "many"})
            + "\n",
            "from 0 to 12",
        ),
    ],
)
def test_a_broken_draft_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=told):
        read_drafts(path)
