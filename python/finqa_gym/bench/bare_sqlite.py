"""The ceiling from Python: a bare ``sqlite3`` loop over the queries of a workload.

The same tables in one in-memory connection, the same failing and good SQL texts, ``json.dumps`` of
the rows or of the complaint, and nothing else: no assistant text is parsed, no episode is kept, no
guard or budget stands between the policy and the database. What it leaves out is what an
environment is for, so it is a bound on the SQL part of a step and no environment to train in.
"""

from __future__ import annotations

import json
import sqlite3
import time
from typing import TYPE_CHECKING

from finqa_gym.bench.plain_env import parse_call
from finqa_gym.bench.sql_names import load_tables, rename_table
from finqa_gym.bench.workload import BenchEpisode, BenchTable, Rates, time_steps

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BareSqlite", "measure"]


class BareSqlite:
    """The tables of a benchmark and the queries that its workload runs on them.

    Args:
        tables: Every table of every company.
        workload: Episodes whose ``sql_query`` calls become the queries; other calls are dropped.
        cached_statements: How many prepared statements ``sqlite3`` keeps. 0 parses every text
            anew, as for a policy that seldom writes a query twice; Python's own default is 128.

    Raises:
        ValueError: The workload has no query on these tables.

    Example:
        >>> from finqa_gym.bench.workload import episodes_for
        >>> tables = [BenchTable("acme", "sales", ["item", "2019"], [["Total", "1,496.5"]])]
        >>> bare = BareSqlite(tables, episodes_for(tables))
        >>> [bare.execute(query) for query in bare.queries]
        ['"no such column: no_such_column"', '[["1,496.5"]]']
    """

    def __init__(
        self,
        tables: Iterable[BenchTable],
        workload: Iterable[BenchEpisode],
        *,
        cached_statements: int = 0,
    ) -> None:
        self._connection = sqlite3.connect(":memory:", cached_statements=cached_statements)
        sql_names = load_tables(self._connection, tables)
        self.queries: list[str] = []
        for episode in workload:
            for action in episode.actions:
                name, arguments, _ = parse_call(action)
                if name != "sql_query":
                    continue
                table_name = arguments["table_name"]
                sql_name = sql_names.get((arguments["company_name"], table_name))
                if sql_name is not None:
                    self.queries.append(rename_table(arguments["query"], table_name, sql_name))
        if not self.queries:
            msg = "the workload has no sql_query call on one of the tables: nothing to measure"
            raise ValueError(msg)

    def execute(self, query: str) -> str:
        """Run one query and return its rows, or the database's complaint, as JSON."""
        try:
            return json.dumps(self._connection.execute(query).fetchall())
        except sqlite3.Error as error:
            return json.dumps(str(error))


def measure(bare: BareSqlite, *, seconds: float | None = None, steps: int | None = None) -> Rates:
    """Run all queries in turn, on one thread, and time each.

    Args:
        bare: Tables and queries.
        seconds: Wall time after which no new pass over the queries starts, or
        steps: number of queries after which none does.

    Returns:
        The rates; ``episodes_per_s`` is None, since there are no episodes.

    Raises:
        ValueError: See :func:`finqa_gym.bench.workload.time_steps`.
    """
    clock = time.perf_counter_ns
    execute = bare.execute

    def play(times: list[int]) -> int:
        last = clock()
        for query in bare.queries:
            execute(query)
            now = clock()
            times.append(now - last)
            last = now
        return 0

    return time_steps(play, seconds=seconds, steps=steps)
