"""``finqa-gym data``: look into a corpus, convert it, check that its tasks can be solved."""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from finqa_gym.cli.corpora import LayoutOption, open_with_progress
from finqa_gym.cli.screen import grid, progress_bar, results, section, shorten
from finqa_gym.data import Corpus, TaskCheck

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Look into a corpus, convert it, validate it.")

PathArgument = Annotated[
    str, typer.Argument(metavar="PATH", help="A file or folder, `builtin` or `builtin:N`.")
]
TasksOption = Annotated[
    Path | None,
    typer.Option(
        "--tasks", help="Layouts folder and sqlite: the tasks file, if it lies elsewhere."
    ),
]
NO_TASKS = (
    "There are no tasks: write a tasks file beside the tables, or name one with --tasks "
    "(docs/guides/own-data.md)."
)
NOT_FAILED = ("ok", "no_gold")
SAMPLE_ROWS = 12
SAMPLE_COLUMNS = 7


class SaveFormat(str, Enum):
    """How tables and tasks are stored."""

    parquet = "parquet"
    jsonl = "jsonl"


@app.command("inspect")
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
    _print_facts(console, corpus)
    everything = list(corpus)
    if not everything:
        console.print(NO_TASKS)
        _print_refusals(console, corpus, path, show)
        return
    for title, values in (
        ("split", (t["split"] for t in everything)),
        ("type", (t.get("question_type") or "(none)" for t in everything)),
        ("unit", (t["answer"]["unit"] for t in everything)),
    ):
        _print_counts(console, f"Tasks by {title}", title, Counter(values))
    _print_refusals(console, corpus, path, show)
    wanted: str | int | None = int(task) if task is not None and task.isdecimal() else task
    _print_task(console, corpus, corpus.task(_typical(everything) if wanted is None else wanted))


@app.command("import")
def import_(
    path: PathArgument,
    out: Annotated[Path, typer.Option("--out", help="The folder to write.")],
    layout: LayoutOption = None,
    tasks: TasksOption = None,
    format: Annotated[
        SaveFormat, typer.Option("--format", help="How tables and tasks are stored.")
    ] = SaveFormat.parquet,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a folder that holds a corpus.")
    ] = False,
) -> None:
    """Read a corpus in any layout and write the native one, which loads fastest."""
    corpus = open_with_progress(path, layout, tasks)
    corpus.save(out, format=format.value, overwrite=overwrite)
    again = open_with_progress(str(out), "native")
    if again.content_hash != corpus.content_hash:
        msg = f"{out} reads back with hash {again.content_hash}, not {corpus.content_hash}"
        raise ValueError(msg)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    console = results()
    _print_facts(console, corpus)
    _print_refusals(console, corpus, path, 3)
    console.print(
        f"wrote {out} ({format.value}, {size / 1e6:.2f} MB); read back with the same hash",
        markup=False,
        soft_wrap=True,
    )


@app.command("validate")
def validate(
    path: PathArgument,
    layout: LayoutOption = None,
    tasks: TasksOption = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Tools: rllm, openenv or compact.")
    ] = "rllm",
    answer_mode: Annotated[
        str, typer.Option("--mode", help="Answer rules: strict or openenv.")
    ] = "strict",
    show: Annotated[int, typer.Option("--show", help="Failures shown.")] = 5,
    report: Annotated[
        Path | None, typer.Option("--json", help="Write the report here; - is standard output.")
    ] = None,
) -> None:
    """Run the gold program of every task through the tools. Exit code 1 if one is not rewarded."""
    corpus = open_with_progress(path, layout, tasks)
    with progress_bar("validating", len(corpus)) as advance:
        checks = corpus.validate(
            tool_profile=profile,
            answer_mode=answer_mode,
            progress=lambda done: advance(done, None, None),
        )
    counts = Counter(check.outcome for check in checks)
    failures = [check for check in checks if check.outcome not in NOT_FAILED]
    if report is not None:
        _write_report(
            report,
            {
                "corpus": _facts(corpus),
                "tool_profile": profile,
                "answer_mode": answer_mode,
                "outcomes": dict(counts),
                "failures": [check._asdict() for check in failures],
            },
        )
    if report != Path("-"):
        _print_checks(results(), corpus, counts, failures, show)
    if failures:
        raise typer.Exit(1)


def _facts(corpus: Corpus) -> dict[str, Any]:
    return {
        "name": corpus.name,
        "layout": corpus.layout,
        "version": corpus.version,
        "content_hash": corpus.content_hash,
        "licence": corpus.licence,
        "companies": len(corpus.companies),
        "tables": sum(len(corpus.tables(company)) for company in corpus.companies),
        "tasks": len(corpus),
        "tasks_with_gold": sum("gold" in task for task in corpus),
        "refused": corpus.refused,
    }


def _print_facts(console: Console, corpus: Corpus) -> None:
    facts = _facts(corpus)
    facts["refused"] = sum(corpus.refused.values())
    for name, value in facts.items():
        shown = f"{value:,}" if isinstance(value, int) and name != "version" else value or "unknown"
        console.print(f"{name:16} {shown}", markup=False)


def _print_counts(console: Console, title: str, name: str, counts: Counter[str]) -> None:
    table = grid(name, ">tasks")
    for value, count in counts.most_common():
        table.add_row(value, f"{count:,}")
    console.print(section(title, table))


def _print_refusals(console: Console, corpus: Corpus, path: str, show: int) -> None:
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
        table.add_row(reason, f"{count:,}", _plain("\n".join(lines)))
    console.print(section("Refused records", table))


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
        rendered.add_column(_plain(column), overflow="fold")
    for row in table["rows"][:SAMPLE_ROWS]:
        cells = ("" if cell is None else str(cell) for cell in row[:SAMPLE_COLUMNS])
        rendered.add_row(*(_plain(cell) for cell in cells))
    console.print(section(f"{company} / {name}", rendered))
    left = (len(table["rows"]) - SAMPLE_ROWS, len(table["columns"]) - SAMPLE_COLUMNS)
    if max(left) > 0:
        console.print(f"({max(left[0], 0)} rows and {max(left[1], 0)} columns are not shown)")


def _plain(text: str) -> Text:
    """Text that rich prints as it is: filings hold square brackets."""
    return Text(text)


def _write_report(path: Path, report: dict[str, Any]) -> None:
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    if path == Path("-"):
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")


def _print_checks(
    console: Console, corpus: Corpus, counts: Counter[str], failures: list[TaskCheck], show: int
) -> None:
    _print_counts(console, f"Gold programs of {corpus.name}", "outcome", counts)
    for check in failures[:show]:
        console.print(f"{check.outcome}: {check.task_id}", markup=False, style="red")
        console.print(f"    {shorten(check.detail, 400)}", markup=False)
        if check.submission:
            console.print(f"    submitted {check.submission!r}", markup=False)
    if len(failures) > show:
        console.print(f"… and {len(failures) - show:,} more (--json FILE holds all)")
    with_gold = len(corpus) - counts["no_gold"]
    if not with_gold:
        console.print(f"0 of {len(corpus):,} tasks have a gold program: nothing was checked")
        return
    verdict = "all are rewarded" if not failures else f"{len(failures):,} are not rewarded"
    console.print(f"{with_gold:,} of {len(corpus):,} tasks have a gold program; {verdict}")
