"""``finqa-gym data validate``: is every task answerable, well scoped and verifiable?"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from finqa_gym.audits import CODES, AuditReport
from finqa_gym.cli.corpora import LayoutOption, ReviewedOption, open_with_progress
from finqa_gym.cli.data.common import (
    MaxTasksOption,
    PathArgument,
    SplitOption,
    TasksOption,
    plain,
)
from finqa_gym.cli.screen import grid, progress_bar, results, section, shorten

__all__ = ["validate"]

STYLES = {"failure": "red", "warning": "yellow", "note": ""}


def validate(
    path: PathArgument,
    layout: LayoutOption = None,
    tasks: TasksOption = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Tools: rllm, openenv or compact.")
    ] = "rllm",
    split: SplitOption = None,
    max_tasks: MaxTasksOption = None,
    show: Annotated[int, typer.Option("--show", help="Findings shown of each kind.")] = 3,
    report: Annotated[
        list[Path] | None,
        typer.Option(
            "--report",
            "--json",
            help="Write the report: Markdown if FILE ends in .md, else JSON; - is standard "
            "output. May be repeated.",
        ),
    ] = None,
    allow_failures: Annotated[
        bool, typer.Option("--allow-failures", help="Leave with code 0 whatever was found.")
    ] = False,
    reviewed_only: ReviewedOption = False,
) -> None:
    """Check every task: gold program, truth, scope, wrong answers. Exit code 1 on failures.

    Gold programs are played through the tools under the limits of an episode, and scored in both
    answer modes; answers of known mistakes must not be accepted.
    """
    corpus = open_with_progress(path, layout, tasks, reviewed_only=reviewed_only)
    corpus.known_split(split)
    sizes = [size for name, size in corpus.splits().items() if split in (None, name)]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    if max_tasks is not None:
        total = max_tasks if total is None else min(total, max_tasks)
    with progress_bar("validating", total) as advance:
        found = corpus.audit(
            tool_profile=profile,
            split=split,
            max_tasks=max_tasks,
            progress=lambda done: advance(done, None, None),
        )
    targets = report or []
    for target in targets:
        if target == Path("-"):
            sys.stdout.write(json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n")
        else:
            found.save(target)
    if Path("-") not in targets:
        _print(results(), found, show, has_file=bool(targets))
    if found.num_failed and not allow_failures:
        raise typer.Exit(1)


def _print(console: Console, found: AuditReport, show: int, *, has_file: bool) -> None:
    report = found.to_dict()
    counts = {entry["code"]: entry["tasks"] for entry in report["counts"]}
    if counts:
        table = grid("class", "code", ">tasks", "meaning")
        for code, (kind, meaning) in CODES.items():
            if code in counts:
                table.add_row(kind, code, f"{counts[code]:,}", plain(meaning), style=STYLES[kind])
        console.print(section(f"Findings in {report['corpus']['name']}", table))
    for code, (kind, _) in CODES.items():
        if code in counts and kind != "note":
            _print_findings(console, report["tasks"], code, show)
    if any(count > show for count in counts.values()) and not has_file:
        console.print("(--report FILE holds all findings)")
    wrong = {
        mode: f"{tried['accepted']:,} of {tried['tried']:,}"
        for mode, tried in report["known_wrong_answers"].items()
    }
    console.print(
        f"known wrong answers accepted: strict {wrong['strict']}, openenv {wrong['openenv']}"
    )
    with_gold = found.num_tasks - counts.get("no_gold", 0)
    console.print(f"{with_gold:,} of {found.num_tasks:,} tasks have a gold program")
    console.print(
        f"{found.num_tasks:,} tasks: {found.num_failed:,} failed, {found.num_warned:,} with "
        "warnings only"
    )


def _print_findings(console: Console, tasks: list[dict[str, Any]], code: str, show: int) -> None:
    found = [
        (task["task_id"], finding["detail"])
        for task in tasks
        for finding in task["findings"]
        if finding["code"] == code
    ]
    for task_id, detail in found[:show]:
        console.print(f"{code}: {task_id}", markup=False, style=STYLES[CODES[code][0]])
        console.print(f"    {shorten(detail, 400)}", markup=False)
    if len(found) > show:
        console.print(f"    … and {len(found) - show:,} more")
