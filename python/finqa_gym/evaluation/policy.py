"""What an evaluation plays with: the protocol of policies, what they use, and the scripted ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from finqa_gym.analysis import Prices
from finqa_gym.policies import POLICIES, PolicyName, ScriptedPolicy
from finqa_gym.vector import VectorEnv

__all__ = ["Fresh", "More", "Policy", "RefillingPolicy", "ScriptedEvaluation", "Usage"]

Fresh = tuple[NDArray[np.int32], list[str], dict[str, Any]]
"""Slots that were reset, what they show, and infos; empty if there is nothing more to play."""
More = Callable[[list[int]], Fresh]
"""Resets slots that are done with and gives them new episodes, as many as are left."""


@dataclass
class Usage:
    """What playing took. Usages can be added.

    Attributes:
        prompt_tokens: Tokens of prompts, summed over requests.
        sampled_tokens: Tokens that the policy wrote.
        wait_s: Seconds waited for the policy, summed over requests.
        requests: Messages asked for.
        retries: Of these, the ones that were asked for again.
        latencies: Seconds of each request that was answered.
        faults: Kind of fault -> episodes that it ended. They are not the policy's doing and say
            nothing about it.
        last_fault: The last of them in words; None without any.

    Example:
        >>> used = Usage(prompt_tokens=900, requests=1) + Usage(sampled_tokens=60, requests=1)
        >>> used.requests, used.cost(Prices(prompt=1.0, completion=5.0))
        (2, 0.0012)
    """

    prompt_tokens: int = 0
    sampled_tokens: int = 0
    wait_s: float = 0.0
    requests: int = 0
    retries: int = 0
    latencies: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    last_fault: str | None = None

    def __add__(self, other: Usage) -> Usage:
        """Sums; the last fault is the other's, if it has one."""
        told = {
            each.name: getattr(self, each.name) + getattr(other, each.name)
            for each in fields(self)
            if each.name != "last_fault"
        }
        return Usage(**told, last_fault=other.last_fault or self.last_fault)

    def cost(self, prices: Prices) -> float:
        """What the tokens cost."""
        paid = self.prompt_tokens * prices.prompt + self.sampled_tokens * prices.completion
        return paid / 1e6

    def latency_s(self, quantile: float) -> float:
        """A quantile of the seconds of a request; NaN without requests."""
        return float(np.quantile(self.latencies, quantile)) if self.latencies else float("nan")


class Policy(Protocol):
    """Who plays.

    A policy may have ``settings``, a dict of what decides its messages (a model, a temperature, …):
    an evaluation is gone on with only if they are the same. It may have ``env_options``, arguments
    of `VectorEnv` that it is used to: an evaluation takes them where it is not told others.

    Attributes:
        name: For the records.
    """

    name: str

    def play(
        self,
        env: VectorEnv,
        env_ids: NDArray[np.int32],
        observations: list[str],
        infos: dict[str, Any],
    ) -> Usage:
        """Plays freshly reset slots to their ends.

        An episode that something else than the policy ended is left running and counted in
        ``Usage.faults``: it is not recorded.

        Args:
            env: The environment, at rest, with autoreset off.
            env_ids: Slots to play; the others are not to be touched.
            observations: Their prompts.
            infos: As `VectorEnv.reset` returns them, and ``attempt``, ``int32 (n,)``: how often
                this task was played before.
        """


@runtime_checkable
class RefillingPolicy(Protocol):
    """A policy whose slots do not wait for each other: a slot that is done gets a new episode.

    Attributes:
        concurrency: How many slots it plays at the same time.
    """

    concurrency: int

    def play(
        self,
        env: VectorEnv,
        env_ids: NDArray[np.int32],
        observations: list[str],
        infos: dict[str, Any],
        more: More | None = None,
    ) -> Usage:
        """As `Policy.play`; ``more`` is called with slots that are done, until nothing is left."""


class ScriptedEvaluation:
    """A script (`finqa_gym.ScriptedPolicy`) as policy of an evaluation.

    Args:
        script: One of `finqa_gym.POLICIES`.
        seed: Seed of its draws. Those of an evaluation that was gone on with differ from those of
            one that was played in one go.
        name: For the records; None is the script's own.

    Example:
        >>> import finqa_gym
        >>> env = finqa_gym.VectorEnv(num_envs=4, split="val")
        >>> observations, infos = env.reset()
        >>> ScriptedEvaluation("gold").play(env, infos["env_id"], observations, infos).requests > 4
        True
        >>> [env.episode(slot)["is_correct"] for slot in range(4)]
        [True, True, True, True]
    """

    def __init__(self, script: PolicyName, *, seed: int = 0, name: str | None = None) -> None:
        if script not in POLICIES:
            raise ValueError(f"script is {script!r}; it must be one of {', '.join(POLICIES)}")
        self.script = script
        self.seed = seed
        self.name = script if name is None else name
        self.settings: Mapping[str, Any] = {"script": script, "seed": seed}

    def play(
        self,
        env: VectorEnv,
        env_ids: NDArray[np.int32],
        observations: list[str],
        infos: dict[str, Any],
    ) -> Usage:
        """See `Policy.play`."""
        script = ScriptedPolicy(self.script, env, self._seed(infos))
        script.reset(env_ids, infos["task_index"])
        usage = Usage()
        while len(env_ids):
            batch = env.step(script.act(env_ids, observations), env_ids=env_ids)
            usage.requests += len(env_ids)
            env_ids, observations = batch.running()
        return usage

    def _seed(self, infos: dict[str, Any]) -> int:
        """Another one for each wave, or every attempt at a task would draw the same."""
        first = [
            int(infos[name][0]) for name in ("task_index", "attempt") if len(infos.get(name, ()))
        ]
        words = np.random.SeedSequence([self.seed, *first]).generate_state(1, np.uint64)
        return int(words[0])
