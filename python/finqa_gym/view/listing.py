"""Episodes of runs as rows that can be narrowed down by a line of text."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym.analysis import FLAGS, RunData
from finqa_gym.analysis.runs import run_names

__all__ = ["HELP", "Listing"]

TEXTS = ("policy", "task_id", "question", "split", "question_type", "failure", "wrong_answer")
NUMBERS = (
    "episode", "policy_step", "level", "num_tables", "is_correct", "reward", "num_turns",
    "num_errors",
)  # fmt: skip
TEXT_KEYS = {
    "run": "run",
    "policy": "policy",
    "task": "task_id",
    "failure": "failure",
    "wrong": "wrong_answer",
    "type": "question_type",
    "split": "split",
}
NUMBER_KEYS = {
    "step": "policy_step",
    "level": "level",
    "tables": "num_tables",
    "reward": "reward",
    "turns": "num_turns",
    "errors": "num_errors",
}
OUTCOMES = {"right": 1.0, "wrong": 0.0}
HELP = (
    "words are looked for in task and question; "
    "run: policy: task: failure: wrong: type: split: flag: outcome:right|wrong|ungraded "
    "reward:0..0.5 turns:5.. errors:1.. level:2 tables:3 step:100.. sort:reward|-reward|turns|…"
)


class Listing:
    """The episodes of runs, in one list.

    Args:
        runs: Recorded runs.

    Attributes:
        columns: ``run`` (its name), and the columns of the records; one value an episode.
    """

    def __init__(self, runs: Sequence[RunData]) -> None:
        """See the class."""
        self.runs = list(runs)
        self.names = run_names(runs)
        flags = [f"flag_{name}" for name in FLAGS]
        parts = [run.columns([*TEXTS, "submission", *NUMBERS, *flags]) for run in runs]
        self.columns: dict[str, NDArray[Any]] = {
            name: _texts([part[name] for part in parts]) for name in (*TEXTS, "submission")
        }
        for name in (*NUMBERS, *flags):
            values = [np.asarray(part[name], dtype=np.float64) for part in parts]
            self.columns[name] = np.concatenate(values)
        counts = [run.num_episodes for run in runs]
        self.run_index = np.repeat(np.arange(len(runs)), counts)
        self.row_in_run = np.concatenate([np.arange(count) for count in counts])
        self.columns["run"] = np.array(self.names, dtype=object)[self.run_index]
        both = self.columns["task_id"] + "\n" + self.columns["question"]
        self._searchable = [text.lower() for text in both.tolist()]

    def __len__(self) -> int:
        """Number of episodes."""
        return len(self.run_index)

    def record(self, row: int) -> dict[str, Any]:
        """The whole record of a row."""
        start = int(self.row_in_run[row])
        return self.runs[int(self.run_index[row])].episodes(start, start + 1)[0]

    def select(self, query: str) -> NDArray[np.intp]:
        """Rows that ``query`` asks for, in its order; see `HELP`.

        Raises:
            ValueError: A key or a range that there is not.
        """
        kept = np.ones(len(self), dtype=bool)
        order = ""
        for word in _split(query):
            key, colon, value = word.partition(":")
            if not colon:
                lower = word.lower()
                kept &= np.fromiter((lower in text for text in self._searchable), bool, len(self))
            elif key == "sort":
                order = value
            else:
                kept &= self._matches(key, value)
        rows = np.flatnonzero(kept)
        return self._sorted(rows, order) if order else rows

    def _matches(self, key: str, value: str) -> NDArray[np.bool_]:
        if key in TEXT_KEYS:
            column = self.columns[TEXT_KEYS[key]]
            return np.fromiter((value.lower() in str(v).lower() for v in column), bool, len(self))
        if key == "outcome":
            correct = self.columns["is_correct"]
            if value == "ungraded":
                return np.asarray(np.isnan(correct))
            if value in OUTCOMES:
                return np.asarray(correct == OUTCOMES[value])
            raise ValueError(f"outcome is {value!r}; it must be right, wrong or ungraded")
        if key == "flag":
            if value not in FLAGS:
                raise ValueError(f"there is no flag {value!r}; flags are {', '.join(FLAGS)}")
            return np.asarray(self.columns[f"flag_{value}"] == 1)
        if key in NUMBER_KEYS:
            low, high = _range(key, value)
            column = self.columns[NUMBER_KEYS[key]]
            return np.asarray((column >= low) & (column <= high))
        known = ", ".join([*TEXT_KEYS, "outcome", "flag", *NUMBER_KEYS, "sort"])
        raise ValueError(f"there is no key {key!r}; keys are {known}")

    def _sorted(self, rows: NDArray[np.intp], order: str) -> NDArray[np.intp]:
        key = order.removeprefix("-")
        if key not in NUMBER_KEYS:
            raise ValueError(f"cannot sort by {key!r}; one of {', '.join(NUMBER_KEYS)} is needed")
        values = self.columns[NUMBER_KEYS[key]][rows]
        return rows[np.argsort(-values if order.startswith("-") else values, kind="stable")]


def _split(query: str) -> list[str]:
    try:
        return shlex.split(query)
    except ValueError:  # a quote that is not closed yet
        return query.split()


def _range(key: str, text: str) -> tuple[float, float]:
    low, dots, high = text.partition("..")
    try:
        if not dots:
            return float(text), float(text)
        return float(low) if low else -np.inf, float(high) if high else np.inf
    except ValueError:
        raise ValueError(f"{key} is {text!r}; a number or a range as 0..0.5 is needed") from None


def _texts(parts: Sequence[Sequence[str | None]]) -> NDArray[Any]:
    texts = np.empty(sum(len(part) for part in parts), dtype=object)
    texts[:] = [text or "" for part in parts for text in part]
    return texts
