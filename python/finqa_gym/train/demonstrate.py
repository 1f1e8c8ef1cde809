"""Demonstrations as token ids, for a supervised start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from finqa_gym.train.codec import ChatCodec
from finqa_gym.vector import VectorEnv

__all__ = ["Demonstration", "Demonstrator", "demonstrate", "encode_chat"]


class Demonstrator(Protocol):
    """Who demonstrates: `finqa_gym.ScriptedPolicy`, `HastyPolicy`, or one of yours."""

    def reset(self, env_ids: Any, task_indices: Any) -> None:
        """Slots start episodes."""

    def act(self, env_ids: Any, observations: Sequence[str]) -> list[str]:
        """The next messages."""


@dataclass(frozen=True)
class Demonstration:
    """An episode to learn from.

    Attributes:
        ids: The whole chat.
        mask: 1 for ids of the demonstrator's messages, which are learned.
        task_id: Its task.
        reward: What it earned.
    """

    ids: list[int]
    mask: list[int]
    task_id: str
    reward: float


def encode_chat(
    codec: ChatCodec, messages: Sequence[dict[str, Any]]
) -> tuple[list[int], list[int]]:
    """Ids and mask of a recorded chat, the same that a rollout of it would have.

    Args:
        codec: Of the tokenizer.
        messages: System, user, then assistant and tool messages, calls standing in the content
            (`VectorEnv.messages`, `demonstrations(format="text")`).

    Raises:
        ValueError: The chat does not begin with a user message, behind a system message or not.
    """
    start = 1 if messages[0]["role"] == "system" else 0
    if len(messages) <= start or messages[start]["role"] != "user":
        raise ValueError(
            f"a chat begins with roles {[m['role'] for m in messages[:2]]}; system and user, or "
            "user alone, are needed"
        )
    system = messages[0]["content"] if start else ""
    ids = codec.prompt(system, messages[start]["content"])
    mask = [0] * len(ids)
    results: list[dict[str, Any]] = []
    for message in messages[start + 1 :]:
        if message["role"] == "assistant":
            if results:
                seen = codec.observation(results, stopped=True)
                ids += seen
                mask += [0] * len(seen)
                results = []
            said = codec.message(message["content"])
            ids += said
            mask += [1] * len(said)
        else:
            results.append(message)
    return ids, mask


def demonstrate(
    env: VectorEnv,
    codec: ChatCodec,
    demonstrator: Demonstrator,
    task_ids: Sequence[str | int],
    *,
    min_reward: float | None = None,
) -> Iterator[Demonstration]:
    """Plays ``task_ids`` and yields the episodes.

    Args:
        env: Environment whose prompts, tools and profile are those of the training to come.
        codec: Of the tokenizer.
        demonstrator: Who plays.
        task_ids: The tasks, each played once.
        min_reward: Leave out episodes that earned less.
    """
    for first in range(0, len(task_ids), env.num_envs):
        chosen = list(task_ids[first : first + env.num_envs])
        count = len(chosen)
        # The last batch need not fill the environment.
        observations, infos = env.reset(task_ids=chosen + chosen[:1] * (env.num_envs - count))
        live, seen = infos["env_id"][:count], observations[:count]
        demonstrator.reset(live, infos["task_index"][:count])
        rewards = dict.fromkeys(range(count), 0.0)
        while len(live):
            batch = env.step(demonstrator.act(live, seen), env_ids=live)
            for slot, reward in zip(batch.env_ids.tolist(), batch.rewards.tolist(), strict=True):
                rewards[slot] += reward
            live, seen = batch.running()
        for slot in range(count):
            if min_reward is None or rewards[slot] >= min_reward:
                episode = env.episode(slot)
                assert episode is not None
                ids, mask = encode_chat(codec, env.messages(slot))
                yield Demonstration(ids, mask, episode["task_id"], rewards[slot])
