"""Queries that read several tables."""

from __future__ import annotations

import json
from typing import Any


def call(name: str, **arguments: str) -> str:
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments})}</tool_call>"


def test_a_join_asks_both_of_its_tables(make: Any) -> None:
    env = make(1, tool_profile="rllm")
    _, infos = env.reset()
    task = env.corpus.task(int(infos["task_index"][0]))
    company = task["companies"][0]
    tables = [table["name"] for table in env.corpus.tables(company)]
    names = {"company_name": company}
    env.step([call("get_table_info", table_name=tables[0], **names)])
    sql = f'SELECT a.rowid, b.rowid FROM "{tables[0]}" a JOIN "{tables[1]}" b ON a.rowid = b.rowid'
    # The argument names a third table, which the query does not read.
    env.step([call("sql_query", table_name=tables[2], query=sql, **names)])
    env.step(["FINAL ANSWER: 1"])
    view = env.episode(0)
    asked = [c["table"] for c in view["calls"]]
    assert asked[:2] == [tables[0], tables[0]]
    assert view["checks"]["inspected_before_query"]["score"] == 0.5
