"""Knowledge or behaviour? The same model and tasks, with more and more of the work done for it.

An oracle plays the first messages of the gold program in the model's place, and the model goes on
from there. What a stage gains says how much was lost in it: a model that answers once the tables
are listed lacks a habit, one that fails with the rows before its eyes lacks arithmetic.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from finqa_gym.policies import ScriptedPolicy
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.rollout import Limits, RolloutBatch, play_slots
from finqa_gym.train.sampling import Sampler
from finqa_gym.vector import VectorEnv

__all__ = ["STAGES", "Diagnosis", "diagnose", "play_with_oracle"]

STAGES = ("nothing", "tables", "schema", "rows", "arithmetic")
"""What is done for the model: nothing; the tables are listed; the schemas of the right ones are
read; the right queries are made; the sum is calculated. Each holds those before it."""
KINDS = ("list_tables", "table_info", "sql_query", "calculator")
"""Kinds of tools that belong to the stages but the first."""
CALLED = re.compile(r'"name":"([^"]+)"')
ADVICE = {
    "nothing": "it finds its way alone; what is missing now is what the last stages show",
    "tables": "it does not list the tables first: a habit, which rewards and demonstrations train",
    "schema": "it does not read the schema before it queries: a habit, too",
    "rows": "it cannot write the query, or not for the right row: demonstrations of SQL",
    "arithmetic": "it has the numbers and miscalculates: demonstrations with the calculator",
}


@dataclass(frozen=True)
class Diagnosis:
    """pass@1 by stage, on the same tasks.

    Attributes:
        stages: Names of `STAGES`.
        right: For each stage, for each task, whether it was answered rightly: (stages, tasks).
        is_multi: For each task, whether it needs several tables.
    """

    stages: tuple[str, ...]
    right: Any
    is_multi: Any

    @property
    def pass_at_1(self) -> list[float]:
        """Of each stage."""
        return [float(row.mean()) for row in self.right]

    @property
    def gains(self) -> list[float]:
        """What each stage but the first adds to the one before it."""
        values = self.pass_at_1
        return [after - before for before, after in itertools.pairwise(values)]

    @property
    def advice(self) -> str:
        """What the largest gain says; what is right without help needs none."""
        if not self.gains or max(self.gains) <= 0.02:
            return ADVICE["nothing"]
        return ADVICE[self.stages[1 + int(np.argmax(self.gains))]]


def diagnose(
    env: VectorEnv,
    codec: ChatCodec,
    sampler: Sampler,
    task_ids: Sequence[str],
    *,
    limits: Limits,
    stages: Sequence[str] = STAGES,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Diagnosis:
    """Plays ``task_ids`` once with each oracle.

    Args:
        env: As many slots as tasks.
        codec: Of the sampler's tokenizer.
        sampler: The model.
        task_ids: Tasks with a gold program.
        limits: Tokens of the model's part of an episode.
        stages: Which of `STAGES`.
        progress: Told how many stages of how many are done.
    """
    right = []
    for number, stage in enumerate(stages):
        play_with_oracle(env, codec, sampler, task_ids, stage, limits=limits)
        episodes = [env.episode(slot) for slot in range(env.num_envs)]
        right.append([bool(episode and episode["is_correct"]) for episode in episodes])
        progress(number + 1, len(stages))
    tasks = [env.corpus.task(task_id) for task_id in task_ids]
    multi = [len({q["table"] for q in task["gold"]["queries"]}) > 1 for task in tasks]
    return Diagnosis(tuple(stages), np.array(right), np.array(multi))


def play_with_oracle(
    env: VectorEnv,
    codec: ChatCodec,
    sampler: Sampler,
    task_ids: Sequence[str],
    stage: str,
    *,
    limits: Limits,
) -> RolloutBatch:
    """One episode in every slot, begun by the gold program up to a stage.

    Returns:
        The model's part, of the episodes that the gold program did not bring to their end (for want
        of turns, say).
    """
    if stage not in STAGES:
        raise ValueError(f"stage is {stage!r}; it must be one of {', '.join(STAGES)}")
    done_for_it = set(KINDS[: STAGES.index(stage)])
    observations, infos = env.reset(task_ids=task_ids)
    chats = codec.prompts(env.system_prompt, observations)
    script = ScriptedPolicy("gold", env)
    script.reset(infos["env_id"], infos["task_index"])
    names = [tool["function"]["name"] for tool in env.tools]
    kinds = dict(zip(names, _kinds(names), strict=True))
    live, seen = infos["env_id"], list(observations)
    while len(live):
        actions = script.act(live, seen)
        forced = [i for i, text in enumerate(actions) if _kind(text, kinds) in done_for_it]
        if not forced:
            break
        batch = env.step([actions[i] for i in forced], env_ids=live[forced])
        said = {int(live[i]): codec.message(actions[i]) for i in forced}
        results = codec.observations(batch.messages, [True] * len(batch))
        for slot, ids in zip(batch.env_ids.tolist(), results, strict=True):
            chats[slot] += [*said[slot], *ids]
        live, seen = batch.running()
    episodes = [env.episode(slot) for slot in range(env.num_envs)]
    running = [slot for slot, e in enumerate(episodes) if e and e["status"] == "running"]
    return play_slots(
        env,
        codec,
        sampler,
        infos["env_id"][running],
        [chats[slot] for slot in running],
        infos["task_index"][running],
        limits=limits,
    )


def _kinds(names: Sequence[str]) -> list[str]:
    """Kinds of the built-in tools, whatever they are called; profile openenv has no calculator."""
    order = ["list_tables", "table_info", "sql_query", "calculator", "submit_answer"]
    if len(names) < len(order):
        order.remove("calculator")
    return order


def _kind(text: str, kinds: dict[str, str]) -> str | None:
    """Kind of the tool that a scripted message calls first."""
    found = CALLED.search(text)
    return kinds.get(found[1]) if found else None
