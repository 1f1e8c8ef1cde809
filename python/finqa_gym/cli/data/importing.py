"""``finqa-gym data import``: any layout in, the native one out."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from finqa_gym.cli.corpora import LayoutOption, ReviewedOption, open_with_progress
from finqa_gym.cli.data.common import PathArgument, TasksOption, print_facts, print_refusals
from finqa_gym.cli.screen import results

__all__ = ["import_"]


class SaveFormat(str, Enum):
    """How tables and tasks are stored."""

    parquet = "parquet"
    jsonl = "jsonl"


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
    reviewed_only: ReviewedOption = False,
) -> None:
    """Read a corpus in any layout and write the native one, which loads fastest."""
    corpus = open_with_progress(path, layout, tasks, reviewed_only=reviewed_only)
    corpus.save(out, format=format.value, overwrite=overwrite)
    again = open_with_progress(str(out), "native")
    if again.content_hash != corpus.content_hash:
        msg = f"{out} reads back with hash {again.content_hash}, not {corpus.content_hash}"
        raise ValueError(msg)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    console = results()
    print_facts(console, corpus)
    print_refusals(console, corpus, path, 3)
    console.print(
        f"wrote {out} ({format.value}, {size / 1e6:.2f} MB); read back with the same hash",
        markup=False,
        soft_wrap=True,
    )
