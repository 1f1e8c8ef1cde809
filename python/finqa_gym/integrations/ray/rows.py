"""Rows on their way back from a shard: an array of records, another of ended episodes, a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from finqa_gym.integrations.ray.actions import pack_text, unpack_text
from finqa_gym.step_batch import EPISODE_COLUMNS, StepBatch, only_tool

__all__ = ["Rows", "Turns", "blank"]

Records = NDArray[np.void]
_OWN = ("env_id", "reward", "terminated", "truncated")
"""Columns that a record has beside the numbers of infos."""


def blank(dtype: DTypeLike, length: int) -> NDArray[Any]:
    """An array of what a column of scores holds where no episode ended: NaN, False, -1."""
    kind = np.dtype(dtype)
    return np.full(length, {"f": np.nan, "b": False}.get(kind.kind, -1), kind)


class Turns:
    """Tool messages of a call's rows, fetched from the shard when somebody reads them."""

    def __init__(self, fetch: Callable[[], list[list[dict[str, Any]]]]) -> None:
        self._fetch = fetch
        self._rows: list[list[dict[str, Any]]] | None = None

    def messages(self, index: int) -> list[dict[str, Any]]:
        """The messages of a row."""
        if self._rows is None:
            self._rows = self._fetch()
        return self._rows[index]

    def only_tool(self, index: int) -> str | None:
        """The tool of a row with a single message."""
        return only_tool(self.messages(index))


@dataclass(eq=False)
class Rows:
    """Rows of a step or reset in the form in which they travel.

    Attributes:
        records: ``(n,)``, a record a row: env_id, reward, terminated, truncated and the numbers of
            infos. One buffer instead of a dozen, each of which would cost as much.
        ended: ``(m,)``, the columns of scores of the ``m`` rows whose episode ended. The others are
            blank, so they are not sent.
        texts: Observations.
        lists: Columns that are lists with None, such as ``infra_error``; mostly there are none.
        turns: What reads the messages of each row, and the row's place there.
        generations: ``(n,)``, how often the shard of each row had been made again when it answered.
    """

    records: Records
    ended: Records
    texts: list[str]
    lists: dict[str, list[Any]]
    turns: list[tuple[Turns, int]]
    generations: NDArray[np.int32]

    @staticmethod
    def of(batch: StepBatch) -> Rows:
        """The rows of a batch of the engine."""
        numbers: dict[str, NDArray[Any]] = {
            "env_id": batch.env_ids,
            "reward": batch.rewards,
            "terminated": batch.terminated,
            "truncated": batch.truncated,
        }
        scores: dict[str, NDArray[Any]] = {}
        lists: dict[str, list[Any]] = {}
        over = batch.terminated | batch.truncated
        for name, column in batch.infos.items():
            if not isinstance(column, np.ndarray):
                lists[name] = column
            elif name in EPISODE_COLUMNS:
                scores[name] = column[over]
            elif name not in _OWN:
                numbers[name] = column
        return Rows(
            _records(numbers),
            _records(scores),
            batch.observations,
            lists,
            [],
            np.zeros(len(batch), np.int32),
        )

    def pack(self) -> tuple[Any, ...]:
        """What is sent: without the messages, which stay until somebody asks for them."""
        return (self.records, self.ended, *pack_text(self.texts), self.lists)

    @staticmethod
    def unpack(packed: tuple[Any, ...], turns: Turns, generation: int) -> Rows:
        """The rows that were sent."""
        records, ended, lengths, block, lists = packed
        places = [(turns, index) for index in range(len(records))]
        generations = np.full(len(records), generation, np.int32)
        texts = unpack_text((lengths, block))
        return Rows(records, ended, texts, lists, places, generations)

    @property
    def over(self) -> NDArray[np.bool_]:
        """``bool (n,)``, the episode ended."""
        over: NDArray[np.bool_] = self.records["terminated"] | self.records["truncated"]
        return over

    def take(self, rows: NDArray[np.intp]) -> Rows:
        """The rows ``rows``, in this order."""
        over = self.over
        places = np.cumsum(over) - 1
        listed = rows.tolist()
        return Rows(
            self.records[rows],
            self.ended[places[rows][over[rows]]],
            [self.texts[row] for row in listed],
            {name: [column[row] for row in listed] for name, column in self.lists.items()},
            [self.turns[row] for row in listed],
            self.generations[rows],
        )

    def sorted(self) -> Rows:
        """The rows in slot order."""
        env_ids = self.records["env_id"]
        if (np.diff(env_ids) > 0).all():
            return self
        return self.take(np.argsort(env_ids, kind="stable"))

    @staticmethod
    def join(parts: Sequence[Rows]) -> Rows:
        """The rows of all ``parts``, of which there must be one."""
        if len(parts) == 1:
            return parts[0]
        names = dict.fromkeys(name for part in parts for name in part.lists)
        return Rows(
            np.concatenate([part.records for part in parts]),
            np.concatenate([part.ended for part in parts]),
            [text for part in parts for text in part.texts],
            {
                name: [v for part in parts for v in part.lists.get(name, [None] * len(part))]
                for name in names
            },
            [turn for part in parts for turn in part.turns],
            np.concatenate([part.generations for part in parts]),
        )

    def batch(self) -> StepBatch:
        """The rows as the engine would have handed them over: arrays that are the caller's own."""
        # What arrives from Ray is read-only memory of its object store; each column is copied out.
        columns = {name: self.records[name].copy() for name in self._names(self.records)}
        over, infos = self.over, {n: c for n, c in columns.items() if n not in _OWN}
        for name in self._names(self.ended):
            column = blank(self.ended.dtype[name].base, 1)
            shape = (len(self), *self.ended.dtype[name].shape)
            infos[name] = np.full(shape, column[0], column.dtype)
            if len(self.ended):
                infos[name][over] = self.ended[name]
        infos["env_id"] = columns["env_id"]
        return StepBatch(
            self.texts,
            columns["reward"],
            columns["terminated"],
            columns["truncated"],
            infos | self.lists,
            columns["env_id"],
            cast("Any", self.turns),  # it asks of them what it asks of the engine's
        )

    @staticmethod
    def _names(records: Records) -> tuple[str, ...]:
        return records.dtype.names or ()

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.records)


def _records(columns: dict[str, NDArray[Any]]) -> Records:
    """Columns of equal length as an array of records."""
    fields = [(name, column.dtype, column.shape[1:]) for name, column in columns.items()]
    length = len(next(iter(columns.values()))) if columns else 0
    records = np.empty(length, np.dtype(fields))
    for name, column in columns.items():
        records[name] = column
    return records
