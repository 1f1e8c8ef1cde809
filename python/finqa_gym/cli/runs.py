"""``finqa-gym runs``: look at recorded runs and export their chats."""

# No postponed annotations: typer reads them when a command is called.
from collections import Counter
from enum import Enum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.text import Text

from finqa_gym.analysis.estimates import task_means
from finqa_gym.analysis.runs import leave_out_faults
from finqa_gym.chats import export_chats
from finqa_gym.cli.screen import grid, notices, results, section
from finqa_gym.trajectories import Run, open_run

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Look at recorded runs and export their chats.")

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")]


class Format(str, Enum):
    """What is exported."""

    openai = "openai"
    sharegpt = "sharegpt"


@app.command()
def show(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
) -> None:
    """Say what runs hold: episodes, outcomes, and what a crash lost."""
    console = results()
    for path in runs:
        run = open_run(path)
        _print_head(run)
        console.print(_policies(run))
        for warning in run.warnings:
            notices().print(f"{run.name}: {warning}", markup=False)


def _print_head(run: Run) -> None:
    console = results()
    corpus = run.info.get("corpus") or {}
    versions = run.info.get("versions") or {}
    console.print(f"{run.name}: {run.path}", markup=False, style="bold")
    counts = [f"{run.num_episodes:,} episodes"]
    for count, what in (
        (run.num_running, "running"),
        (run.num_lost, "lost: they ran when their process died"),
        (run.num_abandoned, "given up by their caller"),
    ):
        if count:
            counts.append(f"{count:,} {what}")
    console.print(f"  {'; '.join(counts)}", markup=False)
    if corpus:
        shown = f"  corpus {corpus.get('name')} ({str(corpus.get('content_hash'))[:12]}…)"
        console.print(f"{shown}, recorded by finqa-gym {versions.get('finqa_gym')}", markup=False)


def _policies(run: Run) -> object:
    table = grid("policy", ">episodes", ">right", ">reward", ">turns", ">errors", "ended")
    columns = dict(
        run.columns(
            ["policy", "task_id", "is_correct", "reward", "num_turns", "num_errors", "status",
             "truncation_reason", "flag_infra_fault"]
        )
    )  # fmt: skip
    leave_out_faults(columns)
    policies = np.array(columns["policy"], dtype=object)
    tasks = np.array([task or "" for task in columns["task_id"]], dtype=object)
    ends = [
        reason or status
        for status, reason in zip(columns["status"], columns["truncation_reason"], strict=True)
    ]
    for policy in sorted(set(columns["policy"])):
        rows = np.flatnonzero(policies == policy)
        counts = Counter(ends[row] for row in rows.tolist())
        table.add_row(
            Text(policy or "(no name)"),
            f"{len(rows):,}",
            _mean(task_means(columns["is_correct"][rows], tasks[rows]), ".1%"),
            _mean(task_means(columns["reward"][rows], tasks[rows]), ".3f"),
            _mean(columns["num_turns"][rows], ".1f"),
            _mean(columns["num_errors"][rows], ".2f"),
            ", ".join(f"{end} {count:,}" for end, count in counts.most_common()),
        )
    remark = "Right and reward: averaged over tasks, without faults of the machine."
    return section("Policies", table, remark)


def _mean(values: np.ndarray, form: str) -> str:
    known = values[~np.isnan(values.astype(np.float64))]
    return format(float(known.mean()), form) if len(known) else "-"


@app.command()
def export(
    path: RunArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="A .jsonl or .parquet file.")
    ],
    format: Annotated[Format, typer.Option("--format", help="Form of the chats.")] = Format.openai,
    structured: Annotated[
        bool, typer.Option("--structured", help="Move calls from the text into tool_calls.")
    ] = False,
    min_reward: Annotated[
        float | None, typer.Option("--min-reward", help="Leave out episodes below it.")
    ] = None,
    policy: Annotated[
        str | None, typer.Option("--policy", help="Only episodes of this policy.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there.")
    ] = False,
    allow_eval_split: Annotated[
        bool, typer.Option("--allow-eval-split", help="Export episodes of evaluation splits, too.")
    ] = False,
) -> None:
    """Write the chats of a run for training: OpenAI messages or ShareGPT conversations."""
    run = open_run(path)
    written = export_chats(
        run,
        out,
        format.value,
        structured=structured,
        min_reward=min_reward,
        policy=policy,
        overwrite=overwrite,
        allow_eval_split=allow_eval_split,
    )
    left_out = run.num_episodes - written
    rest = f"; {left_out:,} left out" if left_out else ""
    results().print(f"{written:,} chats written to {out}{rest}", markup=False)
