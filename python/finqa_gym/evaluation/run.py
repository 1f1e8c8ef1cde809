"""Evaluating a policy: tasks times attempts, recorded, gone on with after whatever ended it."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from finqa_gym import arguments
from finqa_gym.analysis import Prices
from finqa_gym.data import Corpus, synthetic
from finqa_gym.evaluation.jobs import Job, Jobs, count_played, missing_jobs
from finqa_gym.evaluation.policy import Policy, RefillingPolicy, Usage
from finqa_gym.evaluation.result import Evaluation, sum_up
from finqa_gym.evaluation.settings import check_settings, write_settings
from finqa_gym.exceptions import DataError
from finqa_gym.trajectories import Recording, open_run
from finqa_gym.vector import VectorEnv

__all__ = ["chosen_tasks", "evaluate"]

SLOTS = 256
"""Slots of policies that do not say how many they play at the same time."""
DEFAULTS: dict[str, Any] = {"tool_profile": "rllm", "answer_mode": "strict", "max_turns": None}
PLAIN = (str, int, float, type(None))


def evaluate(
    policy: Policy,
    corpus: Corpus | None = None,
    *,
    out: str | os.PathLike[str],
    split: str | None = None,
    max_tasks: int | None = None,
    tasks: Sequence[str] | None = None,
    attempts: int = 1,
    num_envs: int | None = None,
    seed: int = 0,
    tool_profile: Literal["rllm", "openenv", "compact"] | None = None,
    answer_mode: Literal["strict", "openenv"] | None = None,
    max_turns: int | None = None,
    resume: bool = True,
    prices: Prices | None = None,
    progress: Callable[[int, int], object] | None = None,
    **env_options: Any,
) -> Evaluation:
    """Plays tasks and says what the policy came to.

    Every episode is recorded as soon as it ends. Called again with the same ``out``, it plays what
    is missing: after Ctrl-C, a crash, faults of an endpoint, or because more attempts or tasks are
    asked for.

    Args:
        policy: Who plays.
        corpus: Data; None is `finqa_gym.synthetic()`.
        out: Folder of the run.
        split: Its tasks; None for all.
        max_tasks: Only the first so many, in the order of the corpus.
        tasks: Ids of tasks, instead of ``split`` and ``max_tasks``.
        attempts: Episodes of each task.
        num_envs: Slots; None is what the policy plays at the same time, or 256.
        seed: Of the environment, for the records: the tasks are named one by one.
        tool_profile: As for `VectorEnv`; None is what the policy is used to, or "rllm".
        answer_mode: As for `VectorEnv`; None is "strict".
        max_turns: As for `VectorEnv`; None is what the policy is used to, or the corpus's limit.
        resume: Go on with a run that is in ``out``; else one that is there is an error.
        prices: What tokens cost.
        progress: Called with the number of episodes that ended, and that are to be played.
        env_options: More arguments of `VectorEnv`, such as ``system_prompt``.

    Raises:
        ValueError: There is no task, a split is endless and ``max_tasks`` None, or no episode came
            to its end.
        DataError: ``out`` holds something else, or was begun with other settings; the text names
            the first that differs.
        NotFoundError: There is no such split or task.
        ConnectionError: An endpoint does not answer; what was played is kept.

    Example:
        >>> import tempfile
        >>> from finqa_gym.evaluation import ScriptedEvaluation
        >>> folder = Path(tempfile.mkdtemp()) / "gold"
        >>> gold = ScriptedEvaluation("gold")
        >>> found = evaluate(gold, out=folder, split="val", max_tasks=8, attempts=2)
        >>> found.pass_at_1.value, found.k, found.num_played
        (1.0, 2, 16)
        >>> evaluate(gold, out=folder, split="val", max_tasks=8, attempts=2).num_played
        0
    """
    began = time.perf_counter()
    corpus = synthetic() if corpus is None else corpus
    folder = Path(out)
    attempts = arguments.integer("attempts", attempts, least=1)
    chosen = chosen_tasks(corpus, split, max_tasks) if tasks is None else _known(corpus, tasks)
    asked = {"tool_profile": tool_profile, "answer_mode": answer_mode, "max_turns": max_turns}
    options: dict[str, Any] = {
        **DEFAULTS,
        **getattr(policy, "env_options", {}),
        **{name: value for name, value in asked.items() if value is not None},
        **env_options,
    }
    settings: dict[str, Any] = {
        "policy": policy.name,
        **_policy_settings(policy),
        "corpus": corpus.name,
        "corpus.content_hash": corpus.content_hash,
        "split": split,
        "tasks": "of the split" if tasks is None else "chosen one by one",
        "max_tasks": max_tasks,
        "attempts": attempts,
        "seed": seed,
        # What JSON does not hold is compared by the record of the environment.
        **{f"env.{name}": value for name, value in options.items() if isinstance(value, PLAIN)},
    }
    played = _played(folder, settings, resume=arguments.flag("resume", resume))
    jobs = missing_jobs(chosen, attempts, played)
    usage, ended, left_out = Usage(), 0, 0
    if jobs:
        slots = _num_slots(policy, num_envs, len(jobs))
        record = Recording(folder, policy=policy.name, append=True)
        of = split if tasks is None else None
        with VectorEnv(corpus, slots, split=of, seed=seed, record=record, **options) as env:
            write_settings(folder, settings)
            usage, ended, left_out = _play(policy, env, jobs, progress)
    run = open_run(folder)
    if run.num_episodes == 0:
        raise ValueError(_nothing(left_out, usage))
    summary, pass_at = sum_up(run, prices)
    return Evaluation(
        run=run,
        summary=summary,
        pass_at=pass_at,
        prices=prices,
        settings=settings,
        num_tasks=len(chosen),
        num_played=ended,
        num_left_out=left_out,
        num_missing=len(missing_jobs(chosen, attempts, count_played(run))),
        usage=usage,
        seconds=time.perf_counter() - began,
    )


def chosen_tasks(corpus: Corpus, split: str | None, max_tasks: int | None) -> list[str]:
    """Ids of the first ``max_tasks`` tasks of a split, in the order of the corpus.

    Raises:
        NotFoundError: There is no such split.
        ValueError: It has no task, or no end and ``max_tasks`` is None.
    """
    corpus.known_split(split)
    if max_tasks is not None:
        max_tasks = arguments.integer("max_tasks", max_tasks, least=1)
    elif corpus.is_endless and (split is None or corpus.splits()[split] is None):
        what = f"split {split!r}" if split is not None else "a split"
        raise ValueError(
            f"{what} of corpus {corpus.name!r} has no end; name a split that has one "
            f"({', '.join(name for name, size in corpus.splits().items() if size)}), or say by "
            "max_tasks how many tasks are to be played"
        )
    found = corpus.task_ids(split, max_tasks)
    if not found:
        raise ValueError(f"split {split!r} of corpus {corpus.name!r} has no task to evaluate on")
    return found


def _known(corpus: Corpus, tasks: Sequence[str]) -> list[str]:
    """``tasks`` without repetitions, all of them in the corpus."""
    found = list(dict.fromkeys(tasks))
    for task in found:
        corpus.task_index(arguments.text("tasks", task))
    if not found:
        raise ValueError("tasks is empty; at least one task is needed")
    return found


def _policy_settings(policy: Policy) -> dict[str, Any]:
    told = {}
    for name, value in dict(getattr(policy, "settings", {})).items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise TypeError(
                f"policy.settings[{name!r}] is {value!r}; what JSON can hold is needed"
            ) from None
        told[f"policy.{name}"] = value
    return told


def _played(folder: Path, settings: dict[str, Any], *, resume: bool) -> Counter[str]:
    """Episodes of each task that ``folder`` holds already."""
    if not (folder / "run.json").is_file():
        return Counter()
    if not resume:
        raise DataError(
            f"{folder}: a run is there already; evaluate into another folder, or go on with it by "
            "resume=True"
        )
    run = open_run(folder)
    check_settings(folder, settings, num_episodes=run.num_episodes)
    return count_played(run)


def _num_slots(policy: Policy, num_envs: int | None, num_jobs: int) -> int:
    if num_envs is None:
        num_envs = policy.concurrency if isinstance(policy, RefillingPolicy) else SLOTS
    return min(arguments.integer("num_envs", num_envs, least=1), num_jobs)


def _play(
    policy: Policy,
    env: VectorEnv,
    jobs: Sequence[Job],
    progress: Callable[[int, int], object] | None,
) -> tuple[Usage, int, int]:
    """What it took, episodes that ended, and those that were left out."""
    total = len(jobs)
    feed = Jobs(env, jobs, lambda done: progress and progress(done, total))
    slots = list(range(env.num_envs))
    usage = Usage()
    env_ids, observations, infos = feed.begin(slots)
    while len(env_ids):
        if isinstance(policy, RefillingPolicy):
            usage += policy.play(env, env_ids, observations, infos, more=feed.begin)
        else:
            usage += policy.play(env, env_ids, observations, infos)
        env_ids, observations, infos = feed.begin(slots)
    return usage, feed.num_ended, feed.num_left_out


def _nothing(left_out: int, usage: Usage) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in usage.faults.most_common())
    return (
        f"none of {left_out} episodes came to its end, so there is nothing to sum up; faults: "
        f"{kinds or 'none'}; the last one: {usage.last_fault}"
    )
