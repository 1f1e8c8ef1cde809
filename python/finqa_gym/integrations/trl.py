"""Two ways into TRL's GRPOTrainer, for a training script of your own.

The fast one plays all rollouts of a batch together::

    rollouts = ToolRollout(corpus, split="train")
    GRPOTrainer(
        model, env_reward, args, task_dataset(corpus, "train", 1000),
        environment_factory=Slot, rollout_func=rollouts, processing_class=tokenizer,
    )

The simple one gives TRL the tools as methods, and leaves the rest to it, one call after the other::

    GRPOTrainer(
        model, answer_reward, args, task_dataset(corpus, "train", 1000, tool_profile="openenv"),
        environment_factory=ToolEnvs("synthetic", tool_profile="openenv"),
    )

Needs ``pip install "finqa-gym[train]"``. See docs/guides/trl.md, also for which to take.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from finqa_gym.data import Corpus
from finqa_gym.integrations.trl_tools import ToolEnv, ToolEnvs, answer_reward
from finqa_gym.train.rollout import Limits
from finqa_gym.train.tool_rollout import Slot, ToolRollout, env_reward
from finqa_gym.vector import VectorEnv

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = [
    "Limits",
    "Slot",
    "ToolEnv",
    "ToolEnvs",
    "ToolRollout",
    "answer_reward",
    "env_reward",
    "task_dataset",
]

AT_A_TIME = 1024


def task_dataset(
    corpus: Corpus | None = None,
    split: str | None = None,
    num_tasks: int = 1000,
    *,
    task_ids: Sequence[str] | None = None,
    seed: int = 0,
    **env_options: Any,
) -> Dataset:
    """Rows for ``train_dataset``: ``prompt`` (system and user message) and ``task_id``.

    Args:
        corpus: As for `VectorEnv`.
        split: As for `VectorEnv`.
        num_tasks: Rows, in the order of ``seed``; after all tasks of a split they come again.
        task_ids: These tasks in the place of drawn ones.
        seed: Of the order.
        **env_options: Options of `VectorEnv` that decide the prompt, such as ``tool_profile``.

    Example:
        >>> rows = task_dataset(num_tasks=3)
        >>> rows.column_names, [message["role"] for message in rows[0]["prompt"]]
        (['prompt', 'task_id'], ['system', 'user'])
    """
    from datasets import Dataset

    wanted = num_tasks if task_ids is None else len(task_ids)
    prompts: list[list[dict[str, str]]] = []
    ids: list[str] = []
    size = min(AT_A_TIME, max(1, wanted))
    options = {"keep_messages": False, "num_threads": 1} | env_options
    with VectorEnv(corpus, size, split=split, seed=seed, **options) as env:
        while len(ids) < wanted:
            mask = [slot < wanted - len(ids) for slot in range(size)]
            chosen = None if task_ids is None else task_ids[len(ids) : len(ids) + sum(mask)]
            observations, infos = env.reset(task_ids=chosen, reset_mask=mask)
            for observation, index in zip(observations, infos["task_index"].tolist(), strict=True):
                system = [{"role": "system", "content": env.system_prompt}]
                user = {"role": "user", "content": observation}
                prompts.append([*(system if env.system_prompt else []), user])
                ids.append(env.corpus.task(index)["id"])
    return Dataset.from_dict({"prompt": prompts, "task_id": ids})
