"""``finqa-gym data rows``: tasks as the rows that trainers read."""

# No postponed annotations: typer reads them when the command is called.
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from finqa_gym.cli.data.common import MaxTasksOption, OverwriteOption, PathArgument
from finqa_gym.cli.screen import progress_bar, results
from finqa_gym.integrations.engines import shared_corpus
from finqa_gym.integrations.rows import training_rows, write_rows

__all__ = ["rows"]


class Trainer(str, Enum):
    """Who reads the rows."""

    verl = "verl"
    skyrl = "skyrl"
    rllm = "rllm"
    trl = "trl"


def rows(
    path: PathArgument,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write: .jsonl or .parquet.")
    ],
    target: Annotated[Trainer, typer.Option("--for", help="Who reads them.")],
    split: Annotated[str, typer.Option("--split", help="Tasks of this split.")] = "train",
    max_tasks: MaxTasksOption = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Tools: rllm, openenv or compact.")
    ] = "rllm",
    reward: Annotated[str, typer.Option("--reward", help="outcome, binary or shaped.")] = "outcome",
    max_turns: Annotated[
        int | None,
        typer.Option("--max-turns", min=1, help="Messages before an episode is truncated."),
    ] = None,
    overwrite: OverwriteOption = False,
    allow_eval_split: Annotated[
        bool,
        typer.Option("--allow-eval-split", help="Rows to validate on may be evaluation tasks."),
    ] = False,
) -> None:
    """Write tasks as rows for a trainer. No row holds an answer: the engine scores."""
    options: dict[str, Any] = {"tool_profile": profile, "reward": reward}
    if max_turns is not None:
        options["max_turns"] = max_turns
    made = training_rows(
        path,
        target.value,
        split=split,
        max_tasks=max_tasks,
        allow_eval_split=allow_eval_split,
        **options,
    )
    size = shared_corpus(path).splits()[split]
    total = min(n for n in (size, max_tasks) if n is not None)
    with progress_bar("writing", total) as advance:
        written = write_rows(
            made, out, overwrite=overwrite, progress=lambda done: advance(done, None, None)
        )
    results().print(f"wrote {out}: {written:,} rows", markup=False, soft_wrap=True)
