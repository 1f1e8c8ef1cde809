"""Checks of what a caller hands over, with the texts of `VectorEnv` where it has the same check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import ray
from numpy.typing import NDArray

from finqa_gym import arguments
from finqa_gym.data import Corpus
from finqa_gym.exceptions import NotFoundError

__all__ = [
    "check_picklable",
    "mask_of",
    "seconds",
    "seeds_of",
    "slots_per_shard",
    "task_indices",
]


def task_indices(
    corpus: Corpus, task_ids: Sequence[str | int], num_groups: int, all_groups: int
) -> list[int]:
    """The tasks of a reset, one for each of ``num_groups`` groups out of ``all_groups``."""
    if isinstance(task_ids, (str, int)):
        msg = f"task_ids is {task_ids!r}; a sequence with a task for each group is needed"
        raise TypeError(msg)
    if len(task_ids) != num_groups:
        msg = (
            f"task_ids has {len(task_ids)} entries; one for each of the {num_groups} groups to "
            f"reset is needed (num_envs / group_size = {all_groups})"
        )
        raise ValueError(msg)
    num_tasks = corpus._native.num_tasks
    indices = []
    for place, task in enumerate(task_ids):
        if isinstance(task, str):
            indices.append(corpus.task_index(task))
            continue
        index = arguments.integer(f"task_ids[{place}]", task, least=-(2**63), below=2**63)
        if not 0 <= index < num_tasks:
            msg = f"no task {index} in corpus {corpus.name!r}; it has {num_tasks} tasks"
            raise NotFoundError(msg)
        indices.append(index)
    return indices


def mask_of(reset_mask: Any, num_envs: int) -> NDArray[np.bool_]:
    """The slots of a reset, ``bool (num_envs,)``."""
    if reset_mask is None:
        return np.ones(num_envs, np.bool_)
    mask = np.array(arguments.flags("reset_mask", reset_mask), np.bool_)
    if len(mask) != num_envs:
        msg = f"reset_mask has {len(mask)} entries; {num_envs} are needed"
        raise ValueError(msg)
    return mask


def seeds_of(seed: Any) -> int | list[int | None] | None:
    """The seed of a reset: one, one for each slot, or none."""
    if isinstance(seed, (list, tuple, range, np.ndarray)):
        return [
            None if s is None else arguments.integer(f"seed[{i}]", s) for i, s in enumerate(seed)
        ]
    return None if seed is None else arguments.integer("seed", seed)


def slots_per_shard(num_envs: int, num_shards: int, group_size: int) -> int:
    """Slots of a shard; groups do not straddle shards."""
    size, rest = divmod(num_envs, num_shards)
    if rest or not size:
        msg = f"num_envs is {num_envs}; it must be a multiple of num_shards, which is {num_shards}"
        raise ValueError(msg)
    if size % group_size:
        msg = (
            f"group_size is {group_size}; it must divide the {size} slots of a shard "
            f"({num_envs} envs in {num_shards} shards), since a group lies in one shard"
        )
        raise ValueError(msg)
    return size


def seconds(name: str, value: object) -> float:
    """``value`` as a number of seconds above 0."""
    number = arguments.number(name, value)
    if not number > 0:
        raise ValueError(f"{name} is {number}; it must be above 0")
    return number


def check_picklable(name: str, objects: Sequence[Any]) -> None:
    """Refuses a tool or criterion that Ray cannot send."""
    for index, each in enumerate(objects):
        try:
            ray.cloudpickle.dumps(each)
        except Exception as error:  # noqa: PERF203 - whatever pickling raises
            msg = (
                f"{name}[{index}] ({each.name!r}) cannot be sent to the shards: {error}; its "
                "function must not hold locks, files, threads or environments"
            )
            raise TypeError(msg) from error
