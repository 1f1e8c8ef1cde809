"""The same model in a world that is a little different: what it learned, and what by heart."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from finqa_gym.data import Corpus, load, synthetic
from finqa_gym.synth import SynthConfig
from finqa_gym.train.policy import CheckpointPolicy
from finqa_gym.train.rollout import Limits, RolloutBatch, play_slots
from finqa_gym.vector import VectorEnv

__all__ = ["Condition", "Shifted", "conditions", "play_condition", "renamed_tables"]

ERRORS = (
    "Error: the tool did not answer in time; call it again",
    "Error: the connection was reset; call it again",
)


@dataclass(frozen=True)
class Condition:
    """A world to play in.

    Attributes:
        name: For tables.
        corpus: Its tasks.
        tasks: Ids.
        changes: Arguments of `VectorEnv` that differ from the training's.
        error_rate: Share of tool results that are replaced by an error of the machine.
    """

    name: str
    corpus: Corpus
    tasks: list[str]
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    error_rate: float = 0.0


@dataclass(frozen=True)
class Shifted:
    """What a model came to under a condition.

    Attributes:
        name: Of the condition.
        num_tasks: Tasks played.
        pass_at_1: Share of right answers.
        behaviour: Flags and checks, by name.
    """

    name: str
    num_tasks: int
    pass_at_1: float
    behaviour: dict[str, float]


def conditions(
    corpus: Corpus,
    policy: CheckpointPolicy,
    *,
    split: str,
    max_tasks: int,
    real: Sequence[str | os.PathLike[str]] = (),
) -> Iterator[Condition]:
    """The conditions that apply to a corpus, the training's own first.

    Args:
        corpus: What the model was trained on.
        policy: The model, for the tools it knows.
        split: Held-out tasks.
        max_tasks: Of each condition.
        real: Corpora to play besides; never trained on.
    """
    tasks = corpus.task_ids(split, max_tasks)
    yield Condition("as trained", corpus, tasks)
    yield Condition("tools renamed", corpus, tasks, {"tool_names": _renamed_tools(policy, corpus)})
    yield Condition("tool profile rllm", corpus, tasks, {"tool_profile": "rllm"})
    yield Condition("every tenth tool call fails", corpus, tasks, error_rate=0.1)
    yield Condition("every third tool call fails", corpus, tasks, error_rate=1 / 3)
    companies = dict.fromkeys(name for task in tasks for name in corpus.task(task)["companies"])
    if (corpus.source or {}).get("synthetic", {}).get("config", {}).get("world") != "filing":
        for name, rename in (
            ("stored as files", str),
            ("stored as files, tables renamed", lambda table: table[::-1]),
        ):
            made = renamed_tables(corpus, split, len(companies), rename)
            ids = [task for task in made.task_ids(None) if task in set(tasks)]
            yield Condition(name, made, ids)
    hard = synthetic(0, SynthConfig.preset(1))
    yield Condition("10-K tables, level 1", hard, hard.task_ids("val", max_tasks))
    for path in real:
        found = load(path)
        yield Condition(found.name, found, found.task_ids(None, max_tasks))


def play_condition(policy: CheckpointPolicy, condition: Condition, seed: int = 0) -> Shifted:
    """Plays every task of a condition once."""
    disturb = _failing(condition.error_rate, seed) if condition.error_rate else None
    with policy.env(condition.corpus, len(condition.tasks), **condition.changes) as env:
        batch = _play(policy, env, condition.tasks, disturb)
    right = batch.infos["is_correct"].astype(float)
    right[[each.faulty for each in batch.rollouts]] = np.nan
    return Shifted(
        condition.name,
        len(condition.tasks),
        float(np.nanmean(right)),
        batch.flag_means | batch.check_means,
    )


def _play(
    policy: CheckpointPolicy,
    env: VectorEnv,
    tasks: Sequence[str],
    disturb: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] | None,
) -> RolloutBatch:
    codec = policy.codec(env)
    observations, infos = env.reset(task_ids=tasks)
    # Long observations would end episodes that the training's limit never touched.
    limits = Limits(policy.limits.message_tokens, max(policy.limits.episode_tokens, 1024))
    return play_slots(
        env,
        codec,
        policy.sampler(env),
        infos["env_id"],
        codec.prompts(env.system_prompt, observations),
        infos["task_index"],
        limits=limits,
        disturb=disturb,
    )


def _failing(rate: float, seed: int) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    draw = random.Random(seed)

    def disturb(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            m | {"content": draw.choice(ERRORS)} if draw.random() < rate else m for m in messages
        ]

    return disturb


def _renamed_tools(policy: CheckpointPolicy, corpus: Corpus) -> dict[str, str]:
    new = {
        "get_table_names": "list_statements",
        "get_descriptions": "list_statements",
        "get_table_info": "describe_statement",
        "sql_query": "run_sql",
        "calculator": "compute",
        "submit_answer": "final_answer",
    }
    with policy.env(corpus, 1) as env:
        names = [tool["function"]["name"] for tool in env.tools]
    return {name: new[name] for name in names if name in new}


def renamed_tables(
    corpus: Corpus, split: str, num_companies: int, rename: Callable[[str], str]
) -> Corpus:
    """The first companies of a split, their tables under other names, as a corpus of files.

    Gold programs do not come along: they name the tables.

    Args:
        corpus: The corpus.
        split: Its split.
        num_companies: So many.
        rename: New names of tables.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "files"
        corpus.take(split, num_companies).export(place, layout="openenv")
        tables = place / "input_companies"
        meta_path = tables / "tables_cleaned_all_companies.json"
        meta = json.loads(meta_path.read_text(encoding="utf-8"))
        for path in sorted(tables.glob("*/*.json")):
            company, new = path.parent.name, rename(path.stem)
            path.rename(path.with_name(f"{new}.json"))
            meta[f"{company}/{new}"] = meta.pop(f"{company}/{path.stem}")
        meta_path.write_text(json.dumps(meta), encoding="utf-8")
        return load(place, "openenv")
