"""Loading and saving from Python: one's own data, the public files, the native layout."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import finqa_gym
from small_corpus import small_corpus

TASKS = "question,answer,unit,scale,gold_sql\n"


def query(env: finqa_gym.VectorEnv, table: str, sql: str) -> str:
    company = env.corpus.companies[0]
    arguments = {"company_name": company, "table_name": table, "query": sql}
    call = {"name": "sql_query", "arguments": arguments}
    return env.step([f"<tool_call>{json.dumps(call)}</tool_call>"]).observations[0]


def submit(env: finqa_gym.VectorEnv, answer: str) -> float:
    return float(env.step([f"FINAL ANSWER: {answer}"]).rewards[0])


def test_the_list_of_layouts_is_the_engines(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="it must be one of") as refusal:
        finqa_gym.load(tmp_path, layout="parchment")
    assert str(refusal.value).partition("one of ")[2] == ", ".join(finqa_gym.LAYOUTS)


def test_a_folder_of_csv_files(tmp_path: Path) -> None:
    for company, total in (("acme", "1,200"), ("globex", "(35)")):
        (tmp_path / company).mkdir()
        (tmp_path / company / "revenue.csv").write_text(f',2024\nTotal,"$ {total}"\n', "utf-8")
    (tmp_path / "tasks.csv").write_text(
        "company,question,answer\nacme,Total revenue in 2024?,1200\nglobex,And there?,-35\n",
        "utf-8",
    )
    corpus = finqa_gym.load(tmp_path)
    assert (corpus.layout, corpus.companies) == ("folder", ["acme", "globex"])
    (table,) = corpus.tables("globex")
    # The first header is empty and the year is a name; cells stay as the filing shows them.
    assert table["columns"] == ["col_0", "2024"]
    assert table["rows"] == [["Total", "$ (35)"]]
    with finqa_gym.VectorEnv(corpus, 1, shuffle=False) as env:
        env.reset()
        assert query(env, "revenue", 'SELECT "2024" FROM revenue LIMIT 1') == '[{"2024":"$ 1,200"}]'
        assert submit(env, "1,200") == 1.0


def test_a_folder_of_parquet_files_keeps_types(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"year": [2023, 2024], "margin": [0.25, None], "note": ["a", "b"]}
    parquet.write_table(pa.table(columns), tmp_path / "margins.parquet")
    (tmp_path / "tasks.csv").write_text(
        "question,answer,unit\nMargin in 2023?,0.25,ratio\n", "utf-8"
    )
    corpus = finqa_gym.load(tmp_path, "folder")
    (table,) = corpus.tables(corpus.companies[0])
    assert table["rows"] == [[2023, 0.25, "a"], [2024, None, "b"]]
    with finqa_gym.VectorEnv(corpus, 1) as env:
        env.reset()
        sql = "SELECT SUM(year) AS s, MAX(margin) AS m FROM margins"
        assert query(env, "margins", sql) == '[{"s":4047,"m":0.25}]'


def test_a_sqlite_file_of_any_schema(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, total REAL)")
        db.executemany(
            "INSERT INTO orders (customer, total) VALUES (?, ?)",
            [("ann", 10.5), ("bob", 4.25), ("ann", 1.0)],
        )
    db.close()
    (tmp_path / "shop.tasks.csv").write_text(
        TASKS
        + "How much did ann spend?,11.5,amount,,"
        + "SELECT SUM(total) FROM orders WHERE customer = 'ann'\n",
        "utf-8",
    )
    corpus = finqa_gym.load(path)
    assert (corpus.layout, corpus.companies, len(corpus)) == ("sqlite", ["shop"], 1)
    assert [check.outcome for check in corpus.validate()] == ["ok"]
    with finqa_gym.VectorEnv(corpus, 1) as env:
        env.reset()
        assert submit(env, "11.50") == 1.0


@pytest.mark.parametrize("format", ["parquet", "jsonl"])
def test_a_saved_corpus_is_the_same_corpus(tmp_path: Path, format: Any) -> None:
    corpus = small_corpus(3, seed=3)
    corpus.save(tmp_path / "saved", format=format)
    again = finqa_gym.load(tmp_path / "saved")
    assert again.content_hash == corpus.content_hash
    assert list(again) == list(corpus)
    assert [again.tables(c) for c in again.companies] == [
        corpus.tables(c) for c in corpus.companies
    ]
    other = small_corpus(1, seed=4)
    with pytest.raises(finqa_gym.DataError, match="overwrite"):
        other.save(tmp_path / "saved")
    other.save(tmp_path / "saved", overwrite=True)
    assert finqa_gym.load(tmp_path / "saved").content_hash == other.content_hash


def test_a_damaged_corpus_is_refused(tmp_path: Path) -> None:
    small_corpus(1).save(tmp_path / "saved", format="jsonl")
    tables = tmp_path / "saved" / "tables.jsonl"
    tables.write_text(tables.read_text("utf-8").replace("1", "2", 1), "utf-8")
    with pytest.raises(finqa_gym.DataError, match="SHA-256"):
        finqa_gym.load(tmp_path / "saved")


def test_errors_name_path_and_reason(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        finqa_gym.load(tmp_path / "nowhere")
    broken = tmp_path / "tatqa_broken.json"
    broken.write_text('[{"table": {"uid": "x", "table": [["a"', "utf-8")
    with pytest.raises(finqa_gym.DataError, match=r"tatqa_broken\.json"):
        finqa_gym.load(broken, "tatqa")
    with pytest.raises(ValueError, match='layout "excel"'):
        finqa_gym.load(tmp_path, "excel")


@pytest.mark.parametrize(
    ("name", "questions", "min_tasks"),
    [("tatqa_dataset_dev.json", 1_668, 1_200), ("finqa_dev_200.json", 200, 130)],
)
def test_the_public_files(shared_dir: Path, name: str, questions: int, min_tasks: int) -> None:
    corpus = finqa_gym.load(shared_dir / "data" / name)
    assert len(corpus) >= min_tasks
    # Every question is a task or refused with a reason, none is lost.
    assert len(corpus) + sum(corpus.refused.values()) == questions
    assert Counter(refusal.reason for refusal in corpus.refusals) == corpus.refused
    with finqa_gym.VectorEnv(corpus, 256, seed=5) as env:
        gold = [i for i, task in enumerate(corpus) if task.get("gold")][:256]
        policy = finqa_gym.ScriptedPolicy("gold", env)
        tasks = (gold * 2)[:256]
        observations, infos = env.reset(task_ids=tasks)
        policy.reset(infos["env_id"], infos["task_index"])
        live, rewards = infos["env_id"], 0.0
        while len(live):
            batch = env.step(policy.act(live, observations), env_ids=live)
            rewards += float(batch.rewards.sum())
            live, observations = batch.running()
        assert rewards == 256.0
