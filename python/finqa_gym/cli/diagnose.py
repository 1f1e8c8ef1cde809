"""``finqa-gym diagnose``: what a model lacks, knowledge or behaviour."""

import json
from pathlib import Path
from typing import Annotated

import typer

from finqa_gym.cli.corpora import CorpusOption, LayoutOption, open_with_progress
from finqa_gym.cli.screen import grid, progress_bar, results, section
from finqa_gym.cli.train import needs_train_extra
from finqa_gym.data import Corpus

__all__ = ["diagnose"]

DONE = {
    "nothing": "nothing",
    "tables": "the tables are listed",
    "schema": "… and the right schemas read",
    "rows": "… and the right queries made",
    "arithmetic": "… and the sum calculated",
}


def diagnose(
    checkpoint: Annotated[str, typer.Argument(help="Folder of a model, or a Hugging Face id.")],
    corpus: CorpusOption = "",
    layout: LayoutOption = None,
    split: Annotated[str, typer.Option("--split", help="Its tasks.")] = "val",
    max_tasks: Annotated[int, typer.Option("--max-tasks", min=1, help="So many of them.")] = 200,
    temperature: Annotated[float, typer.Option("--temperature", min=0, help="0 is greedy.")] = 0.0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the numbers, too.")
    ] = None,
) -> None:
    """Knowledge or behaviour? The same tasks with more and more of the work done for the model.

    Without --corpus, a model of `finqa-gym train` plays what it was trained on.
    """
    needs_train_extra()
    from finqa_gym.train.oracles import diagnose as run_diagnosis
    from finqa_gym.train.policy import CheckpointPolicy
    from finqa_gym.train.world import open_world_corpus

    policy = CheckpointPolicy(checkpoint, temperature=temperature)
    opened = (
        open_world_corpus(policy.corpus)
        if not corpus and policy.corpus is not None
        else open_with_progress(corpus or "synthetic", layout)
    )
    tasks = _with_gold(opened, split, max_tasks)
    with policy.env(opened, len(tasks), split=split) as env:
        sampler = policy.sampler(env)
        with progress_bar("oracles", len(DONE)) as advance:
            found = run_diagnosis(
                env,
                policy.codec(env),
                sampler,
                tasks,
                limits=policy.limits,
                progress=lambda done, of: advance(done, of, None),
            )
    table = grid("done for the model", ">pass@1", ">one table", ">several", ">gain")
    gains = ["", *(f"{gain:+.3f}" for gain in found.gains)]
    for stage, right, gain in zip(found.stages, found.right, gains, strict=True):
        parts = [right, right[~found.is_multi], right[found.is_multi]]
        cells = [f"{part.mean():.3f}" if len(part) else "-" for part in parts]
        table.add_row(DONE[stage], *cells, gain)
    console = results()
    console.print(section(f"What {policy.name} loses where, on {len(tasks)} tasks", table))
    console.print(f"The largest gain says: {found.advice}", markup=False)
    if json_file is not None:
        numbers = {
            "stages": found.stages,
            "pass_at_1": found.pass_at_1,
            "num_tasks": len(tasks),
            "advice": found.advice,
        }
        json_file.write_text(json.dumps(numbers, indent=2), encoding="utf-8")


def _with_gold(corpus: Corpus, split: str, max_tasks: int) -> list[str]:
    tasks = []
    for task_id in corpus.task_ids(split, 20 * max_tasks):
        if corpus.task(task_id).get("gold", {}).get("queries"):
            tasks.append(task_id)
        if len(tasks) == max_tasks:
            break
    if not tasks:
        raise ValueError(f"split {split!r} of {corpus.name!r} has no task with a gold program")
    return tasks
