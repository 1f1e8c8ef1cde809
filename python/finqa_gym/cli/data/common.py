"""What the ``data`` commands share: options, and how a corpus is told about."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from finqa_gym.cli.screen import grid, section, shorten
from finqa_gym.data import Corpus

__all__ = [
    "MaxTasksOption",
    "OverwriteOption",
    "PathArgument",
    "SplitOption",
    "TasksOption",
    "facts",
    "plain",
    "print_counts",
    "print_facts",
    "print_refusals",
]

PathArgument = Annotated[
    str,
    typer.Argument(metavar="PATH", help="A file or folder, or `synthetic[:SEED[:PRESET]]`."),
]
TasksOption = Annotated[
    Path | None,
    typer.Option(
        "--tasks", help="Layouts folder and sqlite: the tasks file, if it lies elsewhere."
    ),
]
SplitOption = Annotated[str | None, typer.Option("--split", help="Only tasks of this split.")]
MaxTasksOption = Annotated[
    int | None, typer.Option("--max-tasks", min=1, help="At most so many tasks.")
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace what an earlier run has written.")
]


def facts(corpus: Corpus) -> dict[str, Any]:
    """What is told of a corpus before anything else."""
    return {
        "name": corpus.name,
        "layout": corpus.layout,
        "version": corpus.version,
        "content_hash": corpus.content_hash,
        "licence": corpus.licence,
        **_sizes(corpus),
        "refused": corpus.refused,
    }


def _sizes(corpus: Corpus) -> dict[str, int | str]:
    if corpus.is_endless:
        return dict.fromkeys(("companies", "tables", "tasks", "tasks_with_gold"), "endless")
    return {
        "companies": len(corpus.companies),
        "tables": sum(len(corpus.tables(company)) for company in corpus.companies),
        "tasks": len(corpus),
        "tasks_with_gold": sum("gold" in task for task in corpus),
    }


def print_facts(console: Console, corpus: Corpus) -> None:
    """One fact a line."""
    told = facts(corpus)
    told["refused"] = sum(corpus.refused.values())
    for name, value in told.items():
        shown = f"{value:,}" if isinstance(value, int) and name != "version" else value or "unknown"
        console.print(f"{name:16} {shown}", markup=False)


def print_counts(console: Console, title: str, name: str, counts: Counter[str]) -> None:
    """A table of counts, the largest first."""
    table = grid(name, ">tasks")
    for value, count in counts.most_common():
        table.add_row(value, f"{count:,}")
    console.print(section(title, table))


def print_refusals(console: Console, corpus: Corpus, path: str, show: int) -> None:
    """A table of refused records by reason, each with the first ``show`` of them."""
    if not corpus.refused:
        console.print("\nnothing was refused")
        return
    table = grid("reason", ">records", "the first of them")
    for reason, count in sorted(corpus.refused.items(), key=lambda item: -item[1]):
        first = [refusal for refusal in corpus.refusals if refusal.reason == reason][:show]
        records = [refusal.record.removeprefix(path).lstrip("/: ") for refusal in first]
        lines = [
            shorten(f"{record}: {refusal.detail}", 160)
            for record, refusal in zip(records, first, strict=True)
        ]
        table.add_row(reason, f"{count:,}", plain("\n".join(lines)))
    console.print(section("Refused records", table))


def plain(text: str) -> Text:
    """Text that rich prints as it is: filings hold square brackets."""
    return Text(text)
