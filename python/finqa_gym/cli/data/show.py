"""``finqa-gym data inspect``: what a corpus holds."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any

import typer
from rich.console import Console

from finqa_gym.cli.corpora import LayoutOption, open_with_progress
from finqa_gym.cli.data.common import (
    PathArgument,
    TasksOption,
    plain,
    print_counts,
    print_facts,
    print_refusals,
)
from finqa_gym.cli.screen import grid, results, section
from finqa_gym.data import Corpus

__all__ = ["inspect"]

NO_TASKS = (
    "There are no tasks: write a tasks file beside the tables, or name one with --tasks "
    "(docs/guides/own-data.md)."
)
ENDLESS_TASKS = 1000
SAMPLE_ROWS = 12
SAMPLE_COLUMNS = 7


def inspect(
    path: PathArgument,
    layout: LayoutOption = None,
    tasks: TasksOption = None,
    task: Annotated[
        str | None, typer.Option("--task", help="The task to show, by id or position.")
    ] = None,
    show: Annotated[int, typer.Option("--show", help="Refused records shown per reason.")] = 3,
) -> None:
    """Show what a corpus holds, what of it was refused, and a task with its table."""
    corpus = open_with_progress(path, layout, tasks)
    console = results()
    print_facts(console, corpus)
    # Of an endless corpus the first tasks say what the others are like.
    everything = list(islice(corpus.tasks(), ENDLESS_TASKS if corpus.is_endless else None))
    if not everything:
        console.print(NO_TASKS)
        print_refusals(console, corpus, path, show)
        return
    for title, values in (
        ("split", (t["split"] for t in everything)),
        ("type", (t.get("question_type") or "(none)" for t in everything)),
        ("unit", (t["answer"]["unit"] for t in everything)),
    ):
        print_counts(console, f"Tasks by {title}", title, Counter(values))
    print_refusals(console, corpus, path, show)
    wanted: str | int | None = int(task) if task is not None and task.isdecimal() else task
    _print_task(console, corpus, corpus.task(_typical(everything) if wanted is None else wanted))


def _typical(tasks: Iterable[dict[str, Any]]) -> int:
    """Position of the first task whose gold program calculates, else the first."""
    for index, task in enumerate(tasks):
        if "{1}" in task.get("gold", {}).get("answer", {}).get("expression", ""):
            return index
    return 0


def _print_task(console: Console, corpus: Corpus, task: dict[str, Any]) -> None:
    console.print()
    console.rule(f"task {task['id']}", align="left")
    console.print(task["user_query"], markup=False)
    answer = ", ".join(f"{key} {value}" for key, value in task["answer"].items() if value)
    console.print(f"truth: {task['truth']}  ({answer})", markup=False)
    queries = task.get("gold", {}).get("queries", [])
    for query in queries:
        console.print(f"gold:  {query['sql']}", markup=False)
    company = queries[0]["company"] if queries else task["companies"][0]
    tables = {table["name"]: table for table in corpus.tables(company)}
    name = queries[0]["table"] if queries else next(iter(tables), None)
    if name not in tables:
        return
    table = tables[name]
    shown = [str(column) for column in table["columns"][:SAMPLE_COLUMNS]]
    rendered = grid()
    for column in shown:
        rendered.add_column(plain(column), overflow="fold")
    for row in table["rows"][:SAMPLE_ROWS]:
        cells = ("" if cell is None else str(cell) for cell in row[:SAMPLE_COLUMNS])
        rendered.add_row(*(plain(cell) for cell in cells))
    console.print(section(f"{company} / {name}", rendered))
    left = (len(table["rows"]) - SAMPLE_ROWS, len(table["columns"]) - SAMPLE_COLUMNS)
    if max(left) > 0:
        console.print(f"({max(left[0], 0)} rows and {max(left[1], 0)} columns are not shown)")
