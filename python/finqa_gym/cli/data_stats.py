"""``finqa-gym data stats``: distributions of a corpus beside those of published files."""

# No postponed annotations: typer reads them when the command is called.
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from finqa_gym.cli.corpora import LayoutOption, open_with_progress
from finqa_gym.cli.screen import grid, progress_bar, results, section
from finqa_gym.corpus_stats import MEASURED, TableStats, TaskStats, table_stats, task_stats
from finqa_gym.data import Corpus

__all__ = ["stats"]


def stats(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A file or folder, `builtin` or `builtin:N`.")
    ],
    layout: LayoutOption = None,
    tasks: Annotated[
        Path | None,
        typer.Option(
            "--tasks", help="Layouts folder and sqlite: the tasks file, if it lies elsewhere."
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against", metavar="PATH", help="Another corpus to set beside it; may be repeated."
        ),
    ] = None,
    companies: Annotated[
        int | None, typer.Option("--companies", min=1, help="Only the first so many companies.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count tables, cells and tasks; set them beside published files."""
    corpus = open_with_progress(path, layout, tasks)
    counted = {path: _tables(corpus, companies)}
    for other in against or []:
        counted[other] = _tables(open_with_progress(other), companies)
    asked = task_stats(corpus)
    if as_json:
        report = {
            "tables": {name: asdict(one) for name, one in counted.items()},
            "tasks": asdict(asked),
            "published": {name: asdict(figures) for name, figures in MEASURED.items()},
        }
        sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
        return
    console = results()
    _print_tables(console, counted)
    _print_words(console, counted)
    _print_tasks(console, asked)


def _tables(corpus: Corpus, limit: int | None) -> TableStats:
    names = list(islice(corpus.companies, limit))
    with progress_bar("counting", len(names)) as advance:

        def listed() -> Iterator[tuple[str, list[dict[str, Any]]]]:
            for done, name in enumerate(names):
                advance(done, None, None)
                yield name, corpus.tables(name)

        return table_stats(listed())


def _shown(value: float) -> str:
    return f"{value:.0f}" if value == round(value) else f"{value:.1f}"


def _print_tables(console: Console, counted: dict[str, TableStats]) -> None:
    names = [f">{Path(name).name or name}" for name in counted]
    table = grid("figure", *names, ">TAT-QA", ">FinQA", ">range")
    first = next(iter(counted.values()))
    for figure, value in first.values.items():
        row = [Text(_shown(one.values[figure])) for one in counted.values()]
        published = MEASURED.get(figure)
        if published is None:
            table.add_row(figure, *row, "", "", "")
            continue
        if not published.low <= value <= published.high:
            row[0].stylize("yellow")
            row[0].append(" *")
        table.add_row(
            figure,
            *row,
            _shown(published.tatqa),
            _shown(published.finqa),
            f"{published.low:g} to {published.high:g}",
        )
    title = ", ".join(f"{one.num_tables:,} tables of {name}" for name, one in counted.items())
    console.print(
        section(
            title,
            table,
            "TAT-QA, FinQA: published development files, counted in the same way "
            "(finqa_gym.corpus_stats.MEASURED).",
            "*: outside the range of tables written as filings write them.",
        )
    )


def _print_words(console: Console, counted: dict[str, TableStats]) -> None:
    for name, one in counted.items():
        words = ", ".join(f"{word} {n:.0f}" for word, n in list(one.label_words.items())[:20])
        console.print(f"\nlabel words of {name}, of a thousand labels: {words}", markup=False)
        patterns = ", ".join(f"{kind} {n:.0f} %" for kind, n in one.dollar_patterns.items())
        console.print(f"rows with $ in {name}, of tables: {patterns}", markup=False)


def _print_tasks(console: Console, asked: TaskStats) -> None:
    if not asked.num_tasks:
        console.print("\nthere are no tasks")
        return
    lengths = ", ".join(f"{name} {_shown(value)}" for name, value in asked.values.items())
    console.print(f"\n{asked.num_tasks:,} tasks; {lengths}", markup=False)
    for name, counts in asked.counts.items():
        table = grid(name, ">tasks", ">%")
        for value, count in counts.items():
            table.add_row(Text(value), f"{count:,}", f"{100 * count / asked.num_tasks:.1f}")
        console.print(section(f"Tasks by {name}", table))
