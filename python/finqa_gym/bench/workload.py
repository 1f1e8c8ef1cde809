"""What every contender of a benchmark is fed: the same tables, the same assistant texts.

The unit is an episode of six actions in the order in which a policy that has to find its table
plays them, one of each kind: list the tables, describe one, a query that fails (no such column),
the corrected query, a calculation, the answer. So the six kinds have equal shares of the steps.
"""

from __future__ import annotations

import itertools
import json
import random
import time
from typing import TYPE_CHECKING, NamedTuple, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = [
    "BenchEpisode",
    "BenchTable",
    "BenchTask",
    "Rates",
    "distinct_episodes",
    "episodes_for",
    "time_steps",
]


class BenchTable(NamedTuple):
    """One table, without the engine's types.

    Attributes:
        company: Whose table it is.
        name: Name of the table within the company.
        columns: Column names, unique and not empty.
        rows: Cells as printed in the filing, each row as long as ``columns``.
    """

    company: str
    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | None]]


class BenchTask(NamedTuple):
    """A question about one company with its expected answer.

    Attributes:
        company: Whose tables it asks.
        question: The question.
        ground_truth: The expected answer.
        task_index: Position in the corpus that the engine plays; None if it is from no corpus.
    """

    company: str
    question: str
    ground_truth: str
    task_index: int | None = None


class BenchEpisode(NamedTuple):
    """A task and the raw assistant texts that play it, the last one submits."""

    task: BenchTask
    actions: tuple[str, ...]


class Rates(TypedDict):
    """One measurement.

    ``episodes_per_s`` is None where the contender knows no episodes; ``p50_us`` and ``p99_us`` are
    microseconds per step; ``steps`` were timed in ``elapsed_s`` seconds.
    """

    steps_per_s: float
    episodes_per_s: float | None
    p50_us: float
    p99_us: float
    steps: int
    elapsed_s: float


def episodes_for(tables: Iterable[BenchTable], *, seed: int = 0) -> list[BenchEpisode]:
    r"""Make one six-action episode per table that has a usable cell, in a seeded order.

    Args:
        tables: Tables to ask about; one without a labelled, filled cell is left out.
        seed: Seed of the choice of cells and of the order.

    Returns:
        Episodes in the ``<tool_call>`` text format with the tool names of profile ``rllm``.

    Example:
        >>> table = BenchTable("acme", "sales", ["item", "2019"], [["Total", "1,496.5"]])
        >>> [episode] = episodes_for([table])
        >>> len(episode.actions)
        6
        >>> print(episode.actions[3])
        The column is there, so I query it.
        <tool_call>
        {"name": "sql_query", "arguments": {"company_name": "acme", "table_name": "sales", "query":
        "SELECT \"2019\" FROM \"sales\" WHERE \"item\" = 'Total'"}}
        </tool_call>
    """
    chance = random.Random(seed)
    episodes = []
    for table in tables:
        cells = [
            (row[0], column, row[i])
            for row in table.rows
            for i, column in enumerate(table.columns)
            if i > 0 and row[0] and row[i]
        ]
        if cells:
            label, column, value = chance.choice(cells)
            episodes.append(_episode(table, str(label), column, str(value)))
    chance.shuffle(episodes)
    return episodes


def distinct_episodes(
    tables: Iterable[BenchTable],
    tasks: Mapping[str, Sequence[BenchTask]],
    count: int,
    *,
    seed: int = 0,
) -> list[BenchEpisode]:
    """Make episodes of which no two share a SQL text, going round the companies.

    Args:
        tables: Tables to ask about; one without a labelled, filled cell is left out.
        tasks: Tasks by company. An episode submits its task's ground truth, so a scorer that works
            rewards every episode. Companies without a task are left out.
        count: How many episodes.
        seed: Seed of the choice of cells and of the order.

    Returns:
        ``count`` episodes; neighbours ask different companies. Once every cell of a company was
        asked, its cells come again under another ``LIMIT``, which is another text.

    Raises:
        ValueError: No company has both a task and a usable table.

    Example:
        >>> table = BenchTable("acme", "sales", ["item", "2019"], [["Total", "1,496.5"]])
        >>> tasks = {"acme": [BenchTask("acme", "Total of 2019?", "1,496.5", 0)]}
        >>> first, second = distinct_episodes([table], tasks, 2)
        >>> set(first.actions[2:4]) & set(second.actions[2:4])
        set()
    """
    chance = random.Random(seed)
    cells: dict[str, list[tuple[BenchTable, str, str]]] = {}
    for table in tables:
        if tasks.get(table.company):
            cells.setdefault(table.company, []).extend(
                (table, str(row[0]), column)
                for row in table.rows
                for i, column in enumerate(table.columns)
                if i > 0 and row[0] and row[i]
            )
    companies = [company for company, usable in cells.items() if usable]
    if not companies:
        msg = "no company has both a task and a table with a labelled, filled cell"
        raise ValueError(msg)
    chance.shuffle(companies)
    for company in companies:
        chance.shuffle(cells[company])
    episodes: list[BenchEpisode] = []
    seen: set[str] = set()
    for rank in range(count):
        company = companies[rank % len(companies)]
        turn = rank // len(companies)
        table, label, column = cells[company][turn % len(cells[company])]
        task = tasks[company][turn % len(tasks[company])]
        for limit in _limits(turn // len(cells[company])):
            episode = _episode(
                table, label, column, task.ground_truth, task=task, tail=limit, mark=f"_{rank}"
            )
            # Labels repeat within a table, so two cells may ask in the same words.
            if episode.actions[3] not in seen:
                break
        seen.add(episode.actions[3])
        episodes.append(episode)
    return episodes


def _limits(used: int) -> Iterator[str]:
    if used == 0:
        yield ""
    yield from (f" LIMIT {n}" for n in itertools.count(max(used, 1)))


def _episode(
    table: BenchTable,
    label: str,
    column: str,
    value: str,
    *,
    task: BenchTask | None = None,
    tail: str = "",
    mark: str = "",
) -> BenchEpisode:
    literal = label.replace("'", "''")
    source = f"FROM {_quoted(table.name)} WHERE {_quoted(table.columns[0])} = '{literal}'{tail}"
    good = f"SELECT {_quoted(column)} {source}"
    # Bare, not quoted: SQLite takes an unknown "name" for a string and would answer.
    failing = f"SELECT no_such_column{mark} {source}"
    company = {"company_name": table.company}
    place = {**company, "table_name": table.name}
    actions = (
        _call("I look for the table first.", "get_table_names", company),
        _call("This one fits the question.", "get_table_info", place),
        _call("I query it.", "sql_query", {**place, "query": failing}),
        _call("The column is there, so I query it.", "sql_query", {**place, "query": good}),
        _call("Now the change.", "calculator", {"expression": "(1496.5 - 1202.9) / 1202.9 * 100"}),
        _call("That is the answer.", "submit_answer", {"answer": value}),
    )
    if task is None:
        question = f"For company {table.company}: what is {column} of {label}?"
        task = BenchTask(table.company, question, value)
    return BenchEpisode(task, actions)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _call(thought: str, name: str, arguments: dict[str, str]) -> str:
    call = json.dumps({"name": name, "arguments": arguments})
    return f"{thought}\n<tool_call>\n{call}\n</tool_call>"


def time_steps(
    run_round: Callable[[list[int]], int],
    *,
    seconds: float | None,
    steps: int | None,
) -> Rates:
    """Repeat ``run_round`` until the budget is used up and turn its step times into rates.

    Args:
        run_round: Plays a bounded piece of the workload, appends nanoseconds per step to the list
            it is given and returns how many episodes it finished.
        seconds: Stop after the round that passes this wall time, or
        steps: after the round that reaches this many steps. Exactly one of the two is given.

    Returns:
        The rates over everything that was played.

    Raises:
        ValueError: Not exactly one budget was given, it is not positive, or a round made no step.
    """
    if (seconds is None) == (steps is None):
        msg = f"give either seconds or steps, got seconds={seconds!r} and steps={steps!r}"
        raise ValueError(msg)
    budget = seconds if steps is None else steps
    if budget is None or budget <= 0:
        msg = f"seconds or steps must be above 0, got {budget!r}"
        raise ValueError(msg)
    times: list[int] = []
    episodes = 0
    start = time.perf_counter()
    while True:
        before = len(times)
        episodes += run_round(times)
        elapsed = time.perf_counter() - start
        if len(times) == before:
            msg = "the workload has no step to time: it must hold at least one action"
            raise ValueError(msg)
        if (elapsed if steps is None else len(times)) >= budget:
            break
    times.sort()
    return Rates(
        steps_per_s=len(times) / elapsed,
        episodes_per_s=episodes / elapsed if episodes else None,
        p50_us=times[len(times) // 2] / 1e3,
        p99_us=times[min(len(times) - 1, len(times) * 99 // 100)] / 1e3,
        steps=len(times),
        elapsed_s=elapsed,
    )
