"""``finqa-gym data export``: a corpus for other programs, or demonstrations to train on."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from finqa_gym.cli.corpora import ReviewedOption, open_with_progress
from finqa_gym.cli.data.common import (
    MaxTasksOption,
    OverwriteOption,
    PathArgument,
    SplitOption,
    TasksOption,
    plain,
)
from finqa_gym.cli.screen import grid, progress_bar, results, section, shorten
from finqa_gym.data import ExportReport
from finqa_gym.demonstrations import demonstrations
from finqa_gym.policies import POLICIES, PolicyName

__all__ = ["export"]


class Target(str, Enum):
    """What is written."""

    openenv = "openenv"
    rllm = "rllm"
    native = "native"
    messages_jsonl = "messages-jsonl"
    messages_parquet = "messages-parquet"


class Calls(str, Enum):
    """Where the calls of demonstrations stand."""

    structured = "structured"
    text = "text"


class Arguments(str, Enum):
    """How the arguments of structured calls are written."""

    text = "text"
    object = "object"


FILES: dict[Target, Literal["jsonl", "parquet"]] = {
    Target.messages_jsonl: "jsonl",
    Target.messages_parquet: "parquet",
}
FOLDERS: dict[Target, Literal["openenv", "rllm", "native"]] = {
    Target.openenv: "openenv",
    Target.rllm: "rllm",
    Target.native: "native",
}


def export(
    path: PathArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder or file to write.")],
    layout: Annotated[Target, typer.Option("--layout", help="What to write.")],
    policy: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            help=f"Messages: who plays, one of {', '.join(POLICIES)}; may be repeated. "
            "Default: gold.",
        ),
    ] = None,
    split: SplitOption = None,
    max_tasks: MaxTasksOption = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Messages: tools rllm, openenv or compact.")
    ] = "rllm",
    calls: Annotated[
        Calls,
        typer.Option("--calls", help="Messages: calls in tool_calls, or as text in the content."),
    ] = Calls.structured,
    arguments: Annotated[
        Arguments,
        typer.Option("--arguments", help="Messages: arguments as JSON text or (JSONL) objects."),
    ] = Arguments.text,
    seed: Annotated[int, typer.Option("--seed", help="Messages: seed of the policies.")] = 0,
    min_reward: Annotated[
        float | None, typer.Option("--min-reward", help="Messages: leave out smaller rewards.")
    ] = None,
    overwrite: OverwriteOption = False,
    allow_eval_split: Annotated[
        bool,
        typer.Option("--allow-eval-split", help="Messages: evaluation tasks may be among them."),
    ] = False,
    from_layout: Annotated[
        str | None,
        typer.Option("--from-layout", help="Layout of PATH. Found out if not given."),
    ] = None,
    tasks: TasksOption = None,
    reviewed_only: ReviewedOption = False,
) -> None:
    """Write a corpus in another layout, or what the scripted policies do in it as messages.

    What a layout cannot hold is counted and shown. Nothing but an earlier export is replaced.
    """
    folder = FOLDERS.get(layout)
    if folder is not None and policy:
        raise ValueError(f"--policy goes with messages; layout {layout.value} holds tasks")
    corpus = open_with_progress(path, from_layout, tasks, reviewed_only=reviewed_only)
    if folder is not None:
        report = corpus.export(out, folder, split=split, max_tasks=max_tasks, overwrite=overwrite)
        _print_report(results(), report, out)
        return
    played = demonstrations(
        corpus,
        [_policy(name) for name in policy or ["gold"]],
        tool_profile=profile,  # type: ignore[arg-type] # checked by the engine, which names them
        format=calls.value,
        arguments=arguments.value,
        split=split,
        max_tasks=max_tasks,
        seed=seed,
        min_reward=min_reward,
        allow_eval_split=allow_eval_split,
    )
    with progress_bar("playing", played.num_episodes) as advance:
        written = played.write(
            out,
            FILES[layout],
            overwrite=overwrite,
            progress=lambda done: advance(done, None, None),
        )
    console = results()
    console.print(f"wrote {out}: {written:,} demonstrations", markup=False, soft_wrap=True)
    if played.num_left_out:
        console.print(
            f"{played.num_left_out:,} of {played.num_episodes:,} episodes were left out: no gold "
            "program to follow, or a reward below --min-reward"
        )


def _policy(name: str) -> PolicyName:
    for known in POLICIES:
        if known == name:
            return known
    raise ValueError(f"policy {name!r} is unknown; it must be one of {', '.join(POLICIES)}")


def _print_report(console: Console, report: ExportReport, out: Path) -> None:
    console.print(
        f"wrote {out} ({report.layout}): {report.num_companies:,} companies, "
        f"{report.num_tables:,} tables, {report.num_tasks:,} tasks",
        markup=False,
        soft_wrap=True,
    )
    if report.left_out:
        table = grid("reason", ">records", "the first of them")
        for reason, count in report.left_out.items():
            first = next(r for r in report.refusals if r.reason == reason)
            told = shorten(f"{first.record}: {first.detail}", 160)
            table.add_row(reason, f"{count:,}", plain(told))
        console.print(section("Left out: the layout cannot hold it", table))
    if report.not_kept:
        table = grid("what", ">records")
        for what, count in report.not_kept.items():
            table.add_row(what, f"{count:,}")
        console.print(
            section("Not kept: written, but a reader does not get it back as it was", table)
        )
