"""``finqa-gym data author``: verified tasks from anybody's tables."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from finqa_gym.author import (
    Authored,
    Draft,
    add_to_tasks_file,
    propose,
    read_drafts,
    tasks_file_of,
    verify,
    write_drafts,
)
from finqa_gym.cli.corpora import LayoutOption, open_with_progress
from finqa_gym.cli.screen import grid, notices, results, section, shorten

__all__ = ["author"]


def author(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A folder of tables or a SQLite file.")
    ],
    question: Annotated[str | None, typer.Option("--question", help="The question.")] = None,
    sql: Annotated[
        list[str] | None, typer.Option("--sql", help="A query of the answer; may be repeated.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option("--table", help="The table of each query, or of all.")
    ] = None,
    expression: Annotated[
        str, typer.Option("--expression", help="Over the results, as in '({0.0.0} - {1}) / {1}'.")
    ] = "{0}",
    unit: Annotated[str, typer.Option("--unit", help="Unit of the answer.")] = "amount",
    scale: Annotated[str, typer.Option("--scale", help="thousand, million or billion.")] = "",
    decimals: Annotated[int, typer.Option("--decimals", help="Of a quotient.")] = 2,
    hint: Annotated[str, typer.Option("--hint", help="Words that say which unit is asked.")] = "",
    company: Annotated[str, typer.Option("--company", help="If there are several.")] = "",
    split: Annotated[str, typer.Option("--split", help="Split of the new tasks.")] = "all",
    answer: Annotated[
        str, typer.Option("--answer", help="What you expect; compared with what is found.")
    ] = "",
    drafts: Annotated[
        Path | None, typer.Option("--from", help="Drafts to verify and add: .jsonl or .csv.")
    ] = None,
    number: Annotated[
        int, typer.Option("--propose", help="Propose so many drafts from the schema.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where proposed drafts go, to be edited.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the proposals.")] = 0,
    layout: LayoutOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Verify, add nothing.")] = False,
) -> None:
    """Turn a question and its SQL into a verified task, or propose drafts from a schema.

    The answer is what the engine finds. A task is added to the tasks file beside SOURCE if its
    program runs inside the sandbox, is rewarded, and no known wrong answer is. Exit code 1 if a
    draft cannot stand.
    """
    console = results()
    if sum((question is not None, drafts is not None, number > 0)) != 1:
        raise ValueError("give one of --question, --from or --propose")
    if number:
        _propose(console, source, layout, number, seed, out)
        return
    if drafts is not None:
        wanted = read_drafts(drafts)
    else:
        if not sql or not table:
            raise ValueError("--question needs --sql and --table: how the answer is found")
        wanted = [
            Draft(
                question=question or "",
                tables=tuple(table),
                gold_sql=tuple(sql),
                gold_expression=expression,
                unit=unit,
                scale=scale,
                decimals=decimals,
                company=company,
                unit_hint=hint,
                split=split,
                answer=answer,
            )
        ]
    done = verify(source, wanted, layout)
    if len(done) == 1:
        _print_one(console, done[0])
    _print_all(console, done)
    if not dry_run:
        path = tasks_file_of(source)
        added = add_to_tasks_file(path, done)
        console.print(f"{added} tasks added to {path}", markup=False)
    if not all(result.ok for result in done):
        raise typer.Exit(1)


def _propose(
    console: Console, source: Path, layout: str | None, number: int, seed: int, out: Path | None
) -> None:
    corpus = open_with_progress(str(source), layout)
    # Some proposals turn out not to stand; a few more are made, so that the number is reached.
    done = verify(source, propose(corpus, number + number // 2 + 5, seed), layout)
    good = [result for result in done if result.ok][:number]
    path = out or source.with_name(f"{source.stem}.drafts.jsonl")
    write_drafts(path, (result.draft for result in good))
    table = grid("type", "question", ">answer")
    for result in good:
        table.add_row(result.draft.question_type, result.draft.question, shorten(result.answer, 40))
    console.print(section(f"{len(good)} drafts that stand", table))
    for result in done:
        if not result.ok:
            notices().print(f"dropped: {result.draft.question}: {result.problems[0]}", markup=False)
    console.print(
        f"{path}: edit the questions, drop what nobody would ask, then\n"
        f"  finqa-gym data author {source} --from {path}",
        markup=False,
        soft_wrap=True,
    )
    if len(good) < number:
        console.print(f"The tables give no more than {len(good)} of the {number} asked for.")


def _print_one(console: Console, done: Authored) -> None:
    for step_number, step in enumerate(done.steps, 1):
        console.print(f"{step_number}. {step['tool']}  {step['arguments']}", markup=False)
        console.print(shorten(step["result"], 600), markup=False, style="cyan")


def _print_all(console: Console, done: list[Authored]) -> None:
    table = grid("id", "question", ">answer", "outcome")
    for result in done:
        outcome = "ok" if result.ok else "; ".join(result.problems)
        notes = "".join(f" ({remark})" for remark in result.remarks)
        table.add_row(
            result.draft.id,
            result.draft.question,
            shorten(result.answer, 30),
            outcome + notes,
        )
    good = sum(result.ok for result in done)
    console.print(section(f"{good} of {len(done)} drafts stand as tasks", table))
