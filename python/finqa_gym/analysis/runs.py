"""What is read of a recorded run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from finqa_gym.analysis.names import CHECKS, DIMENSIONS, FLAGS

__all__ = ["OUTCOMES", "Columns", "RunData", "leave_out_faults", "read_columns", "run_names"]

TEXTS = ("policy", "task_id", "split", "question_type", "failure", "wrong_answer")
OUTCOMES = ("is_correct", "reward")
"""Columns that say how good the policy was."""
NUMBERS = (
    "policy_step",
    "level",
    "num_tables",
    "is_correct",
    "reward",
    "process",
    "num_turns",
    "num_calls",
    "num_errors",
    "num_prompt_tokens",
    "num_completion_tokens",
    "duration_ms",
    "tool_ms",
)


class RunData(Protocol):
    """A recorded run, as `finqa_gym.trajectories.open_run` returns it."""

    @property
    def info(self) -> Mapping[str, Any]:
        """What ``run.json`` says."""

    @property
    def num_episodes(self) -> int:
        """Episodes that can be read."""

    @property
    def num_lost(self) -> int:
        """Episodes that were begun and never written."""

    def columns(self, names: Sequence[str]) -> Mapping[str, Any]:
        """Columns by name, one value an episode."""

    def episodes(self, start: int = 0, stop: int | None = None) -> list[dict[str, Any]]:
        """Whole records of the episodes from ``start`` to ``stop``."""


Columns = dict[str, NDArray[Any]]
"""Texts as arrays of objects, everything else as float64 with NaN where nothing is known."""


def run_names(runs: Sequence[RunData]) -> list[str]:
    """A name for each run, all different: folders of two places may be called the same.

    Example:
        >>> class Run:
        ...     info = {"run": "gold"}
        >>> run_names([Run(), Run()])
        ['gold', 'gold (2)']
    """
    names: list[str] = []
    for run in runs:
        name = base = str(run.info.get("run") or run.info.get("policy") or "run")
        again = 2
        while name in names:
            name, again = f"{base} ({again})", again + 1
        names.append(name)
    return names


def read_columns(run: RunData) -> Columns:
    """The columns that a summary needs, of one run; outcomes as `leave_out_faults` leaves them."""
    numbers = [
        *NUMBERS,
        *(f"dimension_{name}" for name in DIMENSIONS),
        *(f"check_{name}" for name in CHECKS),
        *(f"flag_{name}" for name in FLAGS),
    ]
    raw = run.columns([*TEXTS, *numbers])
    columns: Columns = {}
    for name in TEXTS:
        texts = np.empty(len(raw[name]), dtype=object)
        texts[:] = ["" if text is None else str(text) for text in raw[name]]
        columns[name] = texts
    for name in numbers:
        columns[name] = _floats(raw[name])
    leave_out_faults(columns)
    return columns


def leave_out_faults(columns: Columns) -> None:
    """Makes outcomes NaN where a fault of the machine ended the episode.

    Such an episode says nothing about the policy, though it is recorded as wrong. It still counts
    as an episode, in behaviour and among the failures, as in the views of `finqa_gym.query`.

    Args:
        columns: ``flag_infra_fault`` and any of ``is_correct`` and ``reward``, changed in place.

    Example:
        >>> columns = {"flag_infra_fault": np.array([0.0, 1.0]), "reward": np.array([1.0, 0.0])}
        >>> leave_out_faults(columns)
        >>> columns["reward"].tolist()
        [1.0, nan]
    """
    is_fault = columns["flag_infra_fault"] == 1
    for name in OUTCOMES:
        if name in columns:
            columns[name] = np.where(is_fault, np.nan, columns[name])


def _floats(values: Any) -> NDArray[np.float64]:
    array = np.asarray(values)
    if array.dtype == object:  # of a run that is no file
        return np.array([np.nan if value is None else float(value) for value in array])
    return array.astype(np.float64)
