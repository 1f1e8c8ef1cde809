"""``finqa-gym shift``: the same model in worlds that are a little different."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finqa_gym.cli.screen import grid, progress_bar, results, section
from finqa_gym.cli.train import needs_train_extra

if TYPE_CHECKING:
    from finqa_gym.train.shift import Shifted

__all__ = ["shift"]

SHOWN = (
    ("listed", "listed"),
    ("inspected_before_query", "schema before SQL"),
    ("recovered_from_error", "recovered"),
    ("malformed_call", "malformed call"),
)


def shift(
    checkpoint: Annotated[str, typer.Argument(help="Folder of a model of `finqa-gym train`.")],
    split: Annotated[str, typer.Option("--split", help="Held-out tasks.")] = "val",
    max_tasks: Annotated[int, typer.Option("--max-tasks", min=1, help="Of each world.")] = 200,
    temperature: Annotated[float, typer.Option("--temperature", min=0, help="0 is greedy.")] = 0.0,
    real: Annotated[
        list[Path] | None, typer.Option("--real", help="A corpus to play besides, zero-shot.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the numbers, too.")
    ] = None,
) -> None:
    """Other names of tools and tables, another profile, failing tools, harder and real tables."""
    needs_train_extra()
    from finqa_gym.train.policy import CheckpointPolicy
    from finqa_gym.train.shift import conditions, play_condition
    from finqa_gym.train.world import open_world_corpus

    policy = CheckpointPolicy(checkpoint, temperature=temperature)
    if policy.corpus is None:
        raise ValueError(
            f"{checkpoint!r} does not say what it was trained on; it is not of `train`"
        )
    corpus = open_world_corpus(policy.corpus)
    found: list[Shifted] = []
    with progress_bar("worlds", None) as advance:
        for condition in conditions(
            corpus, policy, split=split, max_tasks=max_tasks, real=real or ()
        ):
            advance(len(found), None, condition.name)
            found.append(play_condition(policy, condition))
    table = grid("world", ">tasks", ">pass@1", *(f">{shown}" for _, shown in SHOWN))
    for each in found:
        cells = [each.behaviour.get(name) for name, _ in SHOWN]
        table.add_row(
            each.name,
            str(each.num_tasks),
            f"{each.pass_at_1:.3f}",
            *("-" if cell is None else f"{cell:.2f}" for cell in cells),
        )
    results().print(section(f"{policy.name} elsewhere", table))
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(each) for each in found], indent=2), "utf-8")
