"""Rows of a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym import _native

__all__ = ["EPISODE_COLUMNS", "StepBatch"]

EPISODE_COLUMNS = (
    "outcome",
    "is_correct",
    "process",
    "failure",
    "wrong_answer",
    "flags",
    "failures",
    "dimension_score",
    "check_score",
    "check_applicable",
    "check_reason",
    "criterion_score",
    "criterion_applicable",
    "criterion_reason",
    "custom_score",
)
"""Columns of infos that are filled in rows whose episode ended in this step."""


@dataclass(frozen=True)
class _SavedTurns:
    """Messages of a batch that was pickled; reads like the engine's turns."""

    rows: list[list[dict[str, Any]]]

    def messages(self, index: int) -> list[dict[str, Any]]:
        return self.rows[index]

    def only_tool(self, index: int) -> str | None:
        return only_tool(self.rows[index])


# No ==: comparing arrays has no single answer.
@dataclass(frozen=True, eq=False)
class StepBatch:
    """What a step brought, one row a slot. Unpacks like Gymnasium's five values.

    Attributes:
        observations: ``list[str]``, only what is new: tool results, joined by a line feed if there
            were several calls.
        rewards: ``float32 (n,)``; 0 until the episode ends.
        terminated: ``bool (n,)``, an answer was submitted.
        truncated: ``bool (n,)``, the episode ended otherwise (``infos["truncation_reason"]``).
        infos: Arrays ``(n,)``: env_id, task_index, turn, num_calls, num_errors, error_code (-1
            none, else an index into ``env.error_codes``), truncation_reason (index into
            ``env.truncation_reasons``), score (NaN until submitted), was_reset.
            Of the episodes that ended in this step, in the other rows NaN, False or -1, with names
            in ``env.rubric_schema``: ``outcome``, ``process`` float32, ``is_correct`` bool,
            ``failure``, ``wrong_answer`` int8 ``(n,)``; ``dimension_score`` float32 ``(n, 6)``;
            ``check_score`` float32, ``check_applicable`` bool, ``check_reason`` int16
            ``(n, checks)``; ``criterion_score``, ``criterion_applicable``, ``criterion_reason``
            likewise ``(n, max_criteria)``; ``flags`` bool ``(n, flags)``; ``failures`` bool
            ``(n, failures)``; with criteria of your own ``custom_score`` float32 ``(n, custom)``.
            Scores that do not apply are NaN.
        env_ids: ``int32 (n,)``, the slot of each row.

    Example:
        >>> import finqa_gym
        >>> env = finqa_gym.VectorEnv(num_envs=2)
        >>> _ = env.reset()
        >>> observations, rewards, terminated, truncated, infos = env.step(["hello", "hello"])
        >>> infos["num_errors"].tolist()
        [1, 1]
    """

    observations: list[str]
    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    infos: dict[str, Any]
    env_ids: NDArray[np.int32]
    _turns: list[tuple[_native.Turns | _SavedTurns, int]] = field(default_factory=list, repr=False)

    @property
    def messages(self) -> list[list[dict[str, Any]]]:
        """The observations as chat messages: per row one ``tool`` message a call, with its id.

        Made when read.
        """
        return [turns.messages(index) for turns, index in self._turns]

    def tool_results(self, rows: Sequence[int]) -> list[tuple[str, str] | None]:
        """Tool and text of each of ``rows`` that has a single tool message, else None.

        Says what ``messages`` says, without making it.

        Example:
            >>> import finqa_gym
            >>> env = finqa_gym.VectorEnv(num_envs=1)
            >>> _ = env.reset()
            >>> env.step(['[calculator(expression="6 * 7")]']).tool_results([0])
            [('calculator', '42')]
        """
        turns, texts = self._turns, self.observations
        names = [turns[row][0].only_tool(turns[row][1]) for row in rows]
        return [
            None if name is None else (name, texts[row])
            for name, row in zip(names, rows, strict=True)
        ]

    def running(self) -> tuple[NDArray[np.int32], list[str]]:
        """Slots whose episodes go on, and what they saw: what a policy acts on next.

        Returns:
            Env ids, ``int32 (k,)``, and ``k`` observations.

        Example:
            >>> import finqa_gym
            >>> env = finqa_gym.VectorEnv(num_envs=3)
            >>> _ = env.reset()
            >>> batch = env.step(["hello", "FINAL ANSWER: 1", "hello"])
            >>> env_ids, observations = batch.running()
            >>> env_ids.tolist(), len(observations)
            ([0, 2], 2)
        """
        rows = np.flatnonzero(~(self.terminated | self.truncated))
        return self.env_ids[rows], [self.observations[row] for row in rows.tolist()]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the rows with their messages, so that a batch can go to another process."""
        saved = _SavedTurns(self.messages)
        turns = [(saved, index) for index in range(len(self._turns))]
        fields = (self.observations, self.rewards, self.terminated, self.truncated, self.infos)
        return StepBatch, (*fields, self.env_ids, turns)

    def __iter__(self) -> Iterator[Any]:
        """Observations, rewards, terminated, truncated, infos."""
        return iter((self.observations, self.rewards, self.terminated, self.truncated, self.infos))

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.observations)


def from_native(received: _native._Received) -> StepBatch:
    """The rows that the engine handed over."""
    (env_ids, observations, rewards, terminated, truncated, infos), turns, _ = received
    infos["env_id"] = env_ids
    rows: list[tuple[_native.Turns | _SavedTurns, int]]
    rows = [(turns, index) for index in range(len(turns))]
    return StepBatch(observations, rewards, terminated, truncated, infos, env_ids, rows)


def take_rows(batch: StepBatch, rows: list[int]) -> StepBatch:
    """The rows ``rows`` of ``batch``, in this order."""

    def take(values: Any) -> Any:
        if isinstance(values, dict):
            return {key: take(value) for key, value in values.items()}
        return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]

    return StepBatch(
        take(batch.observations),
        take(batch.rewards),
        take(batch.terminated),
        take(batch.truncated),
        take(batch.infos),
        take(batch.env_ids),
        take(batch._turns),
    )


def join(parts: list[StepBatch]) -> StepBatch:
    """The rows of all ``parts``."""
    infos: dict[str, Any] = {}
    for key in dict.fromkeys(key for part in parts for key in part.infos):
        columns = [part.infos.get(key) for part in parts]
        if key == "final_info":
            # As in a batch from the engine: rows without an ended episode carry their own numbers.
            dicts = [part.infos.get(key, part.infos) for part in parts]
            names = next(column for column in columns if column is not None)
            infos[key] = {name: np.concatenate([d[name] for d in dicts]) for name in names}
        elif any(isinstance(column, np.ndarray) for column in columns):
            infos[key] = np.concatenate([part.infos[key] for part in parts])
        else:
            infos[key] = [
                value for part in parts for value in part.infos.get(key, [None] * len(part))
            ]
    return StepBatch(
        [text for part in parts for text in part.observations],
        np.concatenate([part.rewards for part in parts]),
        np.concatenate([part.terminated for part in parts]),
        np.concatenate([part.truncated for part in parts]),
        infos,
        infos["env_id"],
        [turn for part in parts for turn in part._turns],
    )


def only_tool(messages: list[dict[str, Any]]) -> str | None:
    """The tool of a turn with a single message."""
    return str(messages[0]["name"]) if len(messages) == 1 else None
