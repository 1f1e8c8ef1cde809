"""What a training plays: corpus, environments, tasks, and the tokens of its chats."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Any

from finqa_gym.data import Corpus, is_evaluation_split, open_corpus, synthetic
from finqa_gym.rubrics import RewardConfig
from finqa_gym.synth import SynthConfig
from finqa_gym.train.settings import EnvSettings, Tables
from finqa_gym.trajectories import Recording
from finqa_gym.vector import VectorEnv

__all__ = ["World", "open_world_corpus"]

LOOKED_AT = 20_000
"""Tasks of an endless split that are looked at for those of a kind."""


class World:
    """Corpus and environments of `EnvSettings`.

    Args:
        settings: What is played.

    Raises:
        ValueError: The split is for evaluation, and that is not allowed.
    """

    def __init__(self, settings: EnvSettings) -> None:
        """See the class."""
        self.settings = settings
        self.corpus = open_world_corpus(settings.corpus)
        if is_evaluation_split(settings.split) and not settings.allow_eval_split:
            raise ValueError(
                f"env.split is {settings.split!r}, which is for evaluation; train on another "
                "split, or allow it with env.allow_eval_split (--allow-eval-split)"
            )
        self.corpus.known_split(settings.split)
        self._kinds: dict[str, list[tuple[str, bool, str]]] = {}

    @property
    def env_options(self) -> dict[str, Any]:
        """Arguments of `VectorEnv` that the settings decide, but the split."""
        s = self.settings
        return {
            "tool_profile": s.tool_profile,
            "tool_names": s.tool_names,
            "task_prompt": s.task_prompt,
            "system_prompt": s.system_prompt,
            "answer_mode": s.answer_mode,
            "reward": RewardConfig(**s.reward) if isinstance(s.reward, dict) else s.reward,
            "max_turns": s.max_turns,
        }

    def env(self, num_envs: int, *, record: Recording | None = None, **changes: Any) -> VectorEnv:
        """An environment; ``changes`` are arguments of `VectorEnv` besides the settings."""
        return VectorEnv(self.corpus, num_envs, record=record, **(self.env_options | changes))

    def task_ids(
        self,
        split: str,
        count: int,
        *,
        tables: Tables = "all",
        question_types: Sequence[str] = (),
        seed: int | None = 0,
    ) -> list[str]:
        """Tasks of a split; the same for the same arguments. A task comes again when all were used.

        Args:
            split: The split.
            count: How many.
            tables: Those over one table, over several, or both.
            question_types: Only these types; empty is all.
            seed: Order; None is the corpus's own.

        Raises:
            ValueError: There is no such task.
        """
        found = [
            task_id
            for task_id, is_multi, kind in self._tasks(split)
            if (tables == "all" or is_multi == (tables == "multi"))
            and (not question_types or kind in question_types)
        ]
        if not found:
            raise ValueError(
                f"split {split!r} of corpus {self.corpus.name!r} has no tasks with "
                f"tables={tables!r}"
                + (f" of the types {', '.join(question_types)}" if question_types else "")
            )
        chosen: list[str] = []
        draw = None if seed is None else random.Random(f"{seed} {split} {tables}")
        while len(chosen) < count:
            if draw is not None:
                draw.shuffle(found)
            chosen += found[: count - len(chosen)]
        return chosen

    def _tasks(self, split: str) -> list[tuple[str, bool, str]]:
        """(id, over several tables, type) of a split."""
        if split not in self._kinds:
            tasks = []
            for task_id in self.corpus.task_ids(split, LOOKED_AT):
                task = self.corpus.task(task_id)
                kind = task["question_type"]
                queries = task.get("gold", {}).get("queries", [])
                tables = {(query["company"], query["table"]) for query in queries}
                tasks.append((task_id, len(tables) > 1 or kind.startswith("multi_table"), kind))
            self._kinds[split] = tasks
        return self._kinds[split]


def open_world_corpus(source: str | dict[str, Any]) -> Corpus:
    """The corpus that `EnvSettings.corpus` names."""
    if isinstance(source, str):
        return open_corpus(source)
    fields = dict(source)
    seed, preset = fields.pop("seed", 0), fields.pop("preset", None)
    config = SynthConfig() if preset is None else SynthConfig.preset(preset)
    known = [each.name for each in dataclasses.fields(SynthConfig)]
    for name in fields:
        if name not in known:
            raise ValueError(
                f"env.corpus has no setting {name!r}; there are preset, seed, {', '.join(known)}"
            )
    return synthetic(seed, dataclasses.replace(config, **fields))
