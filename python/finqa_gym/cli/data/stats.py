"""``finqa-gym data stats``: distributions of a corpus beside those of published files."""

# No postponed annotations: typer reads them when the command is called.
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from finqa_gym.cli.corpora import LayoutOption, open_with_progress
from finqa_gym.cli.data.common import PathArgument, TasksOption
from finqa_gym.cli.screen import grid, progress_bar, results, section
from finqa_gym.corpus_stats import MEASURED, TableStats, TaskStats, table_stats, task_stats
from finqa_gym.data import Corpus

__all__ = ["chosen", "stats"]

ENDLESS = 300
"""Companies of an endless split that are counted where nothing else is said."""


def stats(
    path: PathArgument,
    layout: LayoutOption = None,
    tasks: TasksOption = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against", metavar="PATH", help="Another corpus to set beside it; may be repeated."
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="Only the companies and tasks of this split.")
    ] = None,
    companies: Annotated[
        int | None,
        typer.Option(
            "--companies",
            min=1,
            help=f"Only the first so many companies; {ENDLESS} of an endless split.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count tables, cells and tasks; set them beside published files."""
    corpus = chosen(open_with_progress(path, layout, tasks), split, companies)
    counted = {path: _tables(corpus)}
    for other in against or []:
        counted[other] = _tables(chosen(open_with_progress(other), None, companies))
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


def chosen(corpus: Corpus, split: str | None, companies: int | None) -> Corpus:
    """The companies that are counted, as a corpus in memory unless it is all of a finite one."""
    sizes = corpus.splits()
    if split is None and corpus.is_endless:
        split = next(name for name, size in sizes.items() if size is None)
    if split is None and companies is None:
        return corpus
    if split is None:
        return corpus.take(dict.fromkeys(sizes, companies))
    if companies is None and split in sizes and sizes[split] is None:
        companies = ENDLESS
    return corpus.take(split, companies)


def _tables(corpus: Corpus) -> TableStats:
    names = corpus.companies
    with progress_bar("counting", len(names)) as advance:

        def listed() -> Iterator[tuple[str, list[dict[str, Any]]]]:
            for done, name in enumerate(names, start=1):
                yield name, corpus.tables(name)
                advance(done, None, None)

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
