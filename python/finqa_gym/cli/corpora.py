"""Opening the corpus that an option names."""

from pathlib import Path
from typing import Annotated

import typer

from finqa_gym.cli.screen import progress_bar
from finqa_gym.data import LAYOUTS, Corpus, open_corpus

__all__ = ["CorpusOption", "LayoutOption", "ReviewedOption", "open_with_progress"]

CorpusOption = Annotated[
    str,
    typer.Option(
        "--corpus",
        metavar="PATH",
        help="Corpus: a file or folder, or `synthetic[:SEED[:PRESET]]`.",
    ),
]
LayoutOption = Annotated[
    str | None,
    typer.Option("--layout", help=f"Layout: {', '.join(LAYOUTS)}. Found out if not given."),
]
ReviewedOption = Annotated[
    bool,
    typer.Option(
        "--reviewed-only",
        help="Only tasks that a reviewer accepted and none rejected (`finqa-gym data review`).",
    ),
]


def open_with_progress(
    name: str,
    layout: str | None = None,
    tasks: Path | None = None,
    *,
    reviewed_only: bool = False,
) -> Corpus:
    """The corpus called ``name``, with progress on standard error."""
    with progress_bar(f"reading {name}", None) as advance:
        return open_corpus(
            name,
            layout,
            tasks=tasks,
            reviewed_only=reviewed_only,
            progress=lambda what, done, total: advance(done, total, f"{what} {name}"),
        )
