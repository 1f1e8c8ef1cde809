"""Scripted policies; they act through messages, as a model does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from finqa_gym import _native, arguments

if TYPE_CHECKING:
    from finqa_gym.vector import StepBatch, VectorEnv

__all__ = ["POLICIES", "PolicyName", "ScriptedPolicy", "run_episodes"]

PolicyName = Literal["gold", "recovery", "guess", "random", "spam_tables", "immediate"]
POLICIES: tuple[PolicyName, ...] = (
    "gold",
    "recovery",
    "guess",
    "random",
    "spam_tables",
    "immediate",
)
"""gold: lists, reads the schema, queries, computes, answers. recovery: gold after one mistake that
it notices and repairs. guess: guesses a table or a column, then gives up or invents a number.
random: well-formed calls with random arguments. spam_tables: reads the schema of every table, then
invents a number. immediate: submits a number at once."""


class ScriptedPolicy:
    """A script that drives the slots of one environment.

    Args:
        name: One of `POLICIES`.
        env: The environment; its tools and corpus are used.
        seed: Seed of the scripts' draws, which depend on seed, slot and number of the episode in
            the slot.

    Example:
        >>> import finqa_gym
        >>> env = finqa_gym.VectorEnv(num_envs=2, split="val")
        >>> policy = ScriptedPolicy("gold", env)
        >>> observations, infos = env.reset()
        >>> policy.reset(infos["env_id"], infos["task_index"])
        >>> batch = env.step(policy.act(infos["env_id"], observations))
    """

    def __init__(self, name: PolicyName, env: VectorEnv, seed: int = 0) -> None:
        """See the class."""
        self.name = name
        self._native = _native.ScriptedPolicy(name, env._native, arguments.integer("seed", seed))

    def reset(
        self,
        env_ids: NDArray[np.int32] | Sequence[int],
        task_indices: NDArray[np.int32] | Sequence[int],
    ) -> None:
        """Slots ``env_ids`` start episodes of ``task_indices``."""
        tasks = arguments.integers("task_indices", task_indices)
        slots = arguments.integers("env_ids", env_ids)
        if len(slots) != len(tasks):
            msg = f"{len(tasks)} task_indices for {len(slots)} env_ids; one for each is needed"
            raise ValueError(msg)
        self._native.reset(slots, tasks)

    def act(
        self, env_ids: NDArray[np.int32] | Sequence[int], observations: Sequence[str]
    ) -> list[str]:
        """The next messages of ``env_ids`` after ``observations``."""
        return self._native.act(arguments.integers("env_ids", env_ids), observations)

    def variants(self, env_ids: NDArray[np.int32] | Sequence[int]) -> list[str]:
        """The course taken in the episode of each slot of ``env_ids``: "wrong_column", say."""
        return self._native.variants(arguments.integers("env_ids", env_ids))


def run_episodes(
    env: VectorEnv,
    policy: ScriptedPolicy,
    *,
    on_step: Callable[[StepBatch], object] | None = None,
) -> tuple[NDArray[np.float32], list[StepBatch]]:
    """Plays one episode in every slot.

    Args:
        env: Environment with autoreset off.
        policy: The policy.
        on_step: Called with each `StepBatch`, for progress bars.

    Returns:
        Rewards of shape (num_envs,) and the last batch of each round.
    """
    observations, infos = env.reset()
    policy.reset(infos["env_id"], infos["task_index"])
    rewards = np.zeros(env.num_envs, dtype=np.float32)
    live = infos["env_id"]
    batches: list[StepBatch] = []
    while len(live):
        batch = env.step(policy.act(live, observations), env_ids=live)
        rewards[batch.env_ids] += batch.rewards
        batches.append(batch)
        if on_step is not None:
            on_step(batch)
        live, observations = batch.running()
    return rewards, batches
