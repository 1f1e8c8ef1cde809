"""``finqa-gym replay``: the recorded actions again, byte for byte."""

# No postponed annotations: typer reads them when the command is called.
from pathlib import Path
from typing import Annotated

import typer

from finqa_gym.cli.corpora import open_with_progress
from finqa_gym.cli.screen import notices, progress_bar, results, shorten
from finqa_gym.trajectories import open_run

__all__ = ["replay"]

SHOWN = 5


def replay(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    corpus: Annotated[
        str | None,
        typer.Option(
            "--corpus",
            metavar="PATH",
            help="The run's corpus, if its run.json does not say where it lies.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first so many episodes.")
    ] = None,
    allow_version_mismatch: Annotated[
        bool,
        typer.Option("--allow-version-mismatch", help="Replay with other versions, naming them."),
    ] = False,
) -> None:
    """Play the recorded actions again and compare observations and rewards byte for byte.

    Leaves with code 1 if an episode comes out differently.
    """
    from finqa_gym.replay import replay as replay_run

    run = open_run(path)
    opened = None if corpus is None else open_with_progress(corpus)
    total = run.num_episodes if limit is None else min(limit, run.num_episodes)
    with progress_bar(f"replaying {run.name}", total) as advance:
        report = replay_run(
            run,
            opened,
            limit=limit,
            allow_version_mismatch=allow_version_mismatch,
            progress=lambda done: advance(done, None, None),
        )
    console = results()
    for mismatch in report.mismatches:
        notices().print(f"another version: {mismatch}", markup=False)
    for difference in report.differences[:SHOWN]:
        console.print(
            f"episode {difference.episode} ({difference.task_id}), {difference.what}:\n"
            f"  recorded: {shorten(difference.recorded, 200)}\n"
            f"  replayed: {shorten(difference.replayed, 200)}",
            markup=False,
        )
    if len(report.differences) > SHOWN:
        console.print(f"… and {len(report.differences) - SHOWN:,} more", markup=False)
    same = report.num_episodes - report.num_different
    line = f"{same:,} of {report.num_episodes:,} episodes came out the same, byte for byte"
    if report.num_faults:
        line += f"; {report.num_faults:,} of them up to the fault of the machine that ended them"
    if not report.has_rewards:
        line += "; rewards were not compared: criteria in Python shaped them"
    console.print(line, markup=False)
    if report.num_different:
        raise typer.Exit(1)
