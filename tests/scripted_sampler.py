"""A sampler that says what it is told, and what scripts would say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from finqa_gym import ScriptedPolicy, VectorEnv
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.sampling import Sampled

__all__ = ["Scripted", "said_by"]


class Scripted:
    """A sampler that says what it is told, cut at the limit like any other."""

    def __init__(self, codec: ChatCodec, texts: list[list[str]]) -> None:
        self._codec, self._texts, self._turn = codec, texts, 0
        self.chats: dict[int, list[int]] = {}

    def start(self) -> None:
        """All chats begin."""
        self._turn, self.chats = 0, {}

    def turn(
        self, rows: Sequence[int], new_ids: Sequence[Sequence[int]], max_tokens: Sequence[int]
    ) -> list[Sampled]:
        """The next message of each chat."""
        said = []
        for row, new, most in zip(rows, new_ids, max_tokens, strict=True):
            ids = self._codec.message(self._texts[row][self._turn])
            self.chats.setdefault(row, []).extend(new)
            kept = ids[:most]
            self.chats[row] += kept
            said.append(Sampled(kept, [-0.5] * len(kept), len(kept) == len(ids)))
        self._turn += 1
        return said


def said_by(env: VectorEnv, names: list[Any], tasks: list[str]) -> tuple[list[list[str]], Any]:
    """What scripts say in each slot, and what they earn."""
    texts: list[list[str]] = [[] for _ in tasks]
    rewards = np.zeros(len(tasks))
    policies = [ScriptedPolicy(name, env, seed=3) for name in names]
    observations, infos = env.reset(task_ids=tasks)
    for policy in policies:
        policy.reset(infos["env_id"], infos["task_index"])
    seen = dict(enumerate(observations))
    while seen:
        live = list(seen)
        actions = [
            policies[slot % len(names)].act([slot], [text])[0] for slot, text in seen.items()
        ]
        for slot, text in zip(live, actions, strict=True):
            texts[slot].append(text)
        batch = env.step(actions, env_ids=live)
        rewards[batch.env_ids] += batch.rewards
        running = batch.running()
        seen = dict(zip(running[0].tolist(), running[1], strict=True))
    return texts, rewards
