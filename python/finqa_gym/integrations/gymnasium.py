"""Gymnasium 1.x: `FinQAEnv` for one episode at a time, `FinQAVectorEnv` for many.

Both are registered as ``FinQA-v0`` by importing `finqa_gym` and Gymnasium, in either order; an
id may name the package, too:

Example:
    >>> import gymnasium
    >>> envs = gymnasium.make_vec("finqa_gym:FinQA-v0", num_envs=4)
    >>> observations, infos = envs.reset(seed=0)
    >>> actions = envs.action_space.sample()
    >>> observations, rewards, terminations, truncations, infos = envs.step(actions)
    >>> envs.close()
"""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from finqa_gym.data import Corpus
from finqa_gym.registration import register_envs
from finqa_gym.step_batch import EPISODE_COLUMNS
from finqa_gym.vector import VectorEnv

__all__ = ["AnyText", "FinQAEnv", "FinQAVectorEnv", "ToolCallText", "register_envs"]

_MODES = {
    AutoresetMode.NEXT_STEP: "next_step",
    AutoresetMode.SAME_STEP: "same_step",
    AutoresetMode.DISABLED: "disabled",
}


class AnyText(gymnasium.spaces.Text):
    """Any string up to a length: filings hold currency signs, dashes and line feeds.

    Gymnasium's own Text space checks every character against a charset; a charset of all of Unicode
    takes a second to build and 44 ns a character to check, so this space checks the length alone.
    """

    def __init__(self, max_length: int, seed: int | None = None) -> None:
        super().__init__(max_length, min_length=0, charset=string.printable, seed=seed)

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is a string of at most ``max_length`` characters."""
        return isinstance(x, str) and len(x) <= self.max_length

    def __eq__(self, other: object) -> bool:
        """Equal if class and length are."""
        return type(other) is type(self) and other.max_length == self.max_length

    __hash__ = None  # type: ignore[assignment]  # as every Gymnasium space

    def __repr__(self) -> str:
        """Class and length."""
        return f"{type(self).__name__}({self.max_length})"


class ToolCallText(AnyText):
    """Messages of a policy.

    Samples are well-formed calls of random tools, so that generic benchmarks run tools.
    """

    def __init__(
        self, max_length: int, tools: Sequence[dict[str, Any]] = (), seed: int | None = None
    ) -> None:
        super().__init__(max_length, seed=seed)
        self.tools = list(tools)

    def sample(self, mask: Any = None, probability: Any = None) -> str:  # noqa: ARG002 - Gymnasium's signature
        """A call of a random tool with made-up arguments."""
        function = self.tools[int(self.np_random.integers(len(self.tools)))]["function"]
        number = int(self.np_random.integers(10_000))
        made_up = {
            "expression": f"{number} / {int(self.np_random.integers(1, 100))}",
            "query": f"SELECT item FROM table_{number % 50} LIMIT {1 + number % 5}",
        }
        properties = function["parameters"].get("properties", {})
        arguments = {name: made_up.get(name, f"{name}_{number}") for name in properties}
        call = json.dumps({"name": function["name"], "arguments": arguments})
        return f"<tool_call>\n{call}\n</tool_call>"


class FinQAEnv(gymnasium.Env[str, str]):
    """One episode at a time.

    ### Action space
    ``ToolCallText``: what the policy wrote, raw.

    ### Observation space
    ``AnyText``: the task's prompt, then tool results.

    ### Rewards
    0 until an answer is submitted, then 1.0 or 0.0 by the answer rules (docs/spec/rewards.md).

    ### Episode end
    Terminated when an answer is submitted; truncated after ``max_turns`` messages.

    Args:
        corpus: Data; None is `finqa_gym.synthetic()`.
        split: Only tasks of this split.
        render_mode: None; there is nothing to draw.
        **options: Further arguments of `finqa_gym.VectorEnv`.

    Example:
        >>> env = FinQAEnv()
        >>> observation, info = env.reset(seed=0)
        >>> observation.startswith("For compan")
        True
        >>> env.close()
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Env declares it like this

    def __init__(
        self,
        corpus: Corpus | None = None,
        split: str | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        self.render_mode = render_mode
        self.env = VectorEnv(corpus, 1, split=split, **options)
        self.observation_space = AnyText(_observation_length(options))
        self.action_space = ToolCallText(_action_length(options), self.env.tools)
        self._seeded = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Starts an episode.

        Args:
            seed: Seeds the order of tasks.
            options: ``{"task_id": id or position}`` chooses the task.
        """
        super().reset(seed=seed)
        task = None if options is None else options.get("task_id")
        if seed is None and not self._seeded:
            seed = int(self.np_random.integers(2**31))
        self._seeded = True
        observations, infos = self.env.reset(task_ids=None if task is None else [task], seed=[seed])
        return observations[0], _row(infos)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Handles one message of the policy."""
        batch = self.env.step([action])
        return (
            batch.observations[0],
            float(batch.rewards[0]),
            bool(batch.terminated[0]),
            bool(batch.truncated[0]),
            _row(batch.infos),
        )

    def close(self) -> None:
        """Ends the threads."""
        self.env.close()


class FinQAVectorEnv(gymnasium.vector.VectorEnv[tuple[str, ...], Sequence[str], NDArray[Any]]):
    """Many episodes at a time, by Gymnasium's contract.

    Args:
        num_envs: Slots.
        corpus: Data; None is `finqa_gym.synthetic()`.
        split: Only tasks of this split.
        autoreset_mode: Gymnasium's enum or its value; the default is Gymnasium's.
        render_mode: None; there is nothing to draw.
        **options: Further arguments of `finqa_gym.VectorEnv`.

    Observations are tuples of str, rewards float64; every info key has its mask ``_key``. Columns
    of scores (`finqa_gym.StepBatch`) are masked in slots whose episode did not end; in their rows
    -1 stands for a score that does not apply.

    Example:
        >>> envs = FinQAVectorEnv(num_envs=2)
        >>> observations, infos = envs.reset(seed=0)
        >>> len(observations), infos["_turn"].tolist()
        (2, [True, True])
        >>> envs.close()
    """

    def __init__(
        self,
        num_envs: int = 1,
        corpus: Corpus | None = None,
        split: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        mode = AutoresetMode(autoreset_mode)
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.metadata = {"render_modes": [], "autoreset_mode": mode}
        self.env = VectorEnv(corpus, num_envs, split=split, autoreset_mode=_MODES[mode], **options)
        self.single_observation_space = AnyText(_observation_length(options))
        self.single_action_space = ToolCallText(_action_length(options), self.env.tools)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._observations: list[str] = [""] * num_envs
        self._seeded = False

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Starts episodes in all slots, or in those of ``options["reset_mask"]``.

        Args:
            seed: An int gives slot ``i`` the seed ``seed + i``; a sequence one seed a slot, None
                leaving a slot alone.
            options: ``reset_mask``: ``bool (num_envs,)``; ``task_ids``: one task for each slot to
                reset.

        Raises:
            ValueError, TypeError: With Gymnasium's own texts.
        """
        mask = _mask(options, self.num_envs)
        seeds: list[int | None] | None = None
        if seed is not None:
            if isinstance(seed, (int, np.integer)):
                seeds = [int(seed) + i for i in range(self.num_envs)]
            else:
                seeds = list(seed)
            if len(seeds) != self.num_envs:
                msg = (
                    "If seeds are passed as a list the length must match "
                    f"num_envs={self.num_envs} but got length={len(seeds)}."
                )
                raise ValueError(msg)
            if mask is not None:
                seeds = [s if m else None for s, m in zip(seeds, mask, strict=True)]
        elif not self._seeded:
            seeds = self.np_random.integers(2**31, size=self.num_envs).tolist()
        self._seeded = True
        task_ids = None if options is None else options.get("task_ids")
        observations, infos = self.env.reset(task_ids=task_ids, seed=seeds, reset_mask=mask)
        env_ids = infos.pop("env_id")
        for env_id, text in zip(env_ids.tolist(), observations, strict=True):
            self._observations[env_id] = text
        return tuple(self._observations), self._spread(infos, env_ids)

    def step(
        self, actions: Sequence[str] | NDArray[Any]
    ) -> tuple[
        tuple[str, ...], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]
    ]:
        """Handles one message in every slot."""
        batch = self.env.step(list(actions))
        self._observations = list(batch.observations)
        infos = batch.infos
        env_ids = infos.pop("env_id")
        ended = batch.terminated | batch.truncated
        final_obs, final_info = infos.pop("final_obs", None), infos.pop("final_info", None)
        masked = self._spread(infos, env_ids)
        if final_obs is not None:
            masked["final_obs"] = _objects(final_obs)
            masked["_final_obs"] = ended.copy()
            masked["final_info"] = {}
            masked["_final_info"] = ended.copy()
            for key, values in final_info.items():
                masked["final_info"][key] = _where(ended, _without_nan(values))
                masked["final_info"][f"_{key}"] = ended.copy()
        return (
            tuple(self._observations),
            batch.rewards.astype(np.float64),
            batch.terminated,
            batch.truncated,
            masked,
        )

    def close_extras(self, **kwargs: Any) -> None:  # noqa: ARG002 - Gymnasium's signature
        """Ends the threads."""
        self.env.close()

    def _spread(self, infos: dict[str, Any], env_ids: NDArray[np.int32]) -> dict[str, Any]:
        """Rows of ``env_ids`` as arrays over all slots, each with its mask."""
        masked: dict[str, Any] = {}
        present = np.zeros(self.num_envs, dtype=np.bool_)
        present[env_ids] = True
        ended = ~np.isnan(infos["outcome"])
        for key, values in infos.items():
            if isinstance(values, np.ndarray):
                # NaN stands for "not yet" in the native arrays; here the mask says that.
                known = ended if key in EPISODE_COLUMNS else np.ones(len(values), bool)
                if values.dtype.kind == "f" and values.ndim == 1:
                    known = known & ~np.isnan(values)
                whole = np.zeros((self.num_envs, *values.shape[1:]), dtype=values.dtype)
                whole[env_ids[known]] = _without_nan(values[known])
                mask = present.copy()
                mask[env_ids[~known]] = False
                masked[key], masked[f"_{key}"] = whole, mask
            else:
                rows = [None] * self.num_envs
                for env_id, value in zip(env_ids.tolist(), values, strict=True):
                    rows[env_id] = value
                masked[key] = _objects(rows)
                masked[f"_{key}"] = np.array([row is not None for row in rows])
        return masked


def _mask(options: dict[str, Any] | None, num_envs: int) -> NDArray[np.bool_] | None:
    """The reset mask of ``options``, checked with the texts of Gymnasium's own environments."""
    if options is None or "reset_mask" not in options:
        return None
    mask = options["reset_mask"]
    if not isinstance(mask, np.ndarray):
        msg = f"`options['reset_mask']` must be a numpy array, got {type(mask)}"
        raise TypeError(msg)
    if mask.shape != (num_envs,):
        msg = f"`options['reset_mask']` must have shape `({num_envs},)`, got {mask.shape}"
        raise ValueError(msg)
    if mask.dtype != np.bool_:
        msg = f"`options['reset_mask']` must have `dtype=np.bool_`, got {mask.dtype}"
        raise TypeError(msg)
    if not np.any(mask):
        msg = (
            "`options['reset_mask']` must contain a boolean array with at least one True value, "
            f"got reset_mask={mask}"
        )
        raise ValueError(msg)
    return mask


def _without_nan(values: NDArray[Any]) -> NDArray[Any]:
    """No NaN, which equals nothing: in a row of several scores -1 stands for "does not apply"."""
    known: NDArray[Any] = np.nan_to_num(values, nan=-1.0 if values.ndim > 1 else 0.0)
    return known


def _where(rows: NDArray[np.bool_], values: NDArray[Any]) -> NDArray[Any]:
    """``values`` in ``rows``, zeros in the others."""
    kept = np.zeros_like(values)
    kept[rows] = values[rows]
    return kept


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _row(infos: dict[str, Any]) -> dict[str, Any]:
    """The infos of one slot as plain values; what is not known yet is left out."""
    infos.pop("env_id")
    is_over = not np.isnan(infos["outcome"][0])
    row: dict[str, Any] = {}
    for key, values in infos.items():
        if key in EPISODE_COLUMNS and not is_over:
            continue
        value = values[0]
        if not isinstance(values, np.ndarray) or values.ndim > 1:
            row[key] = value
        elif value == value:
            row[key] = value.item()
    return row


def _observation_length(options: dict[str, Any]) -> int:
    # Several calls of one message are answered in one observation, each cut by itself.
    each = int(options.get("max_observation_chars", 8_000))
    return (each + 1_000) * int(options.get("max_calls_per_turn", 8))


def _action_length(options: dict[str, Any]) -> int:
    return int(options.get("max_action_bytes", 64 * 1024))


register_envs()
