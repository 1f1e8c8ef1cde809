"""The summary of runs: one typed object that the page, the terminal and others show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from finqa_gym.analysis.estimates import (
    Difference,
    Estimate,
    difference,
    estimate,
    estimate_tasks,
    mean_of,
    pass_at_k,
    task_means,
)
from finqa_gym.analysis.names import CHECKS, DIMENSIONS, FAILURES, FLAGS, WRONG_ANSWERS
from finqa_gym.analysis.runs import OUTCOMES, Columns, RunData, read_columns, run_names
from finqa_gym.analysis.series import Series, find_series
from finqa_gym.analysis.tool_errors import ToolTable, count_tools

__all__ = ["CountRow", "Curve", "Headline", "Prices", "Row", "Summary", "summarise"]

GROUPS = ("question_type", "split", "level", "num_tables")
CURVES = (
    "is_correct",
    "reward",
    "num_errors",
    "num_turns",
    "check_listed_before_query",
    "check_inspected_before_query",
    "check_recovered_from_error",
    "check_no_hallucinated_answer",
)
"""Columns that are followed over the steps of a training."""


@dataclass(frozen=True)
class Prices:
    """What tokens cost, per million.

    Attributes:
        prompt: A million prompt tokens.
        completion: A million completion tokens.
    """

    prompt: float
    completion: float


@dataclass(frozen=True)
class Headline:
    """What a series came to.

    Episodes that a fault of the machine ended have no outcome: ``pass_at_1``, ``pass_at_k`` and
    ``reward`` leave them out, everything else counts them.

    Attributes:
        episodes: Episodes.
        tasks: Different tasks among them.
        pass_at_1: Share of right answers, averaged over tasks.
        pass_at_k: The same with ``Summary.k`` tries, unbiased; None without ``k``.
        reward: Mean reward, averaged over tasks.
        process: Mean score of the process.
        turns: Mean number of turns.
        calls: Mean number of calls.
        errors: Mean number of failed calls.
        prompt_tokens: Mean number of prompt tokens.
        completion_tokens: Mean number of completion tokens.
        cost: Mean cost of an episode; NaN without prices.
        total_cost: Cost of all episodes whose tokens are known.
        cost_per_right: Cost of the graded ones of these for each right one; NaN without one.
        duration_ms: Quantiles 0.5, 0.95 of an episode's time; NaN if not recorded.
        tool_ms: Mean time in tools.
    """

    episodes: int
    tasks: int
    pass_at_1: Estimate
    pass_at_k: Estimate | None
    reward: Estimate
    process: Estimate
    turns: float
    calls: float
    errors: float
    prompt_tokens: float
    completion_tokens: float
    cost: float
    total_cost: float
    cost_per_right: float
    duration_ms: tuple[float, float]
    tool_ms: float


@dataclass(frozen=True)
class Row:
    """One line of a table: an estimate for each series."""

    name: str
    values: list[Estimate]


@dataclass(frozen=True)
class CountRow:
    """How often something occurred, for each series.

    Attributes:
        name: What.
        counts: Episodes.
        shares: Of all episodes of the series.
    """

    name: str
    counts: list[int]
    shares: list[float]


@dataclass(frozen=True)
class Curve:
    """A quantity over the steps of a training.

    Attributes:
        run: Index of the run.
        policy: Who acted.
        steps: The steps, ``(steps,)``.
        counts: Episodes of each step.
        values: Mean of each column of ``CURVES`` a step, of outcomes over tasks, of everything else
            over episodes; NaN where nothing applies.
    """

    run: int
    policy: str
    steps: NDArray[np.int64]
    counts: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Summary:
    """Runs, summed up.

    Attributes:
        run_names: Name of each run.
        series: What stands side by side.
        baseline: Index of the series that others are compared with.
        k: The k of pass@k: the largest power of two for which every task of every series has
            graded episodes enough; 1 if that is all.
        headlines: One for each series.
        pass_differences: pass@1 less the baseline's; None for itself and without shared tasks.
        checks: Behaviour; ``n`` of an estimate counts the episodes where a check applies.
        flags: Shares of episodes.
        failures: By failure class.
        wrong_answers: By kind.
        dimensions: Of reports.
        groups: pass@1 by what a task is: column name -> rows.
        curves: One for each training.
        tools: Calls and errors by tool and by code.
    """

    run_names: list[str]
    series: list[Series]
    baseline: int
    k: int
    headlines: list[Headline]
    pass_differences: list[Difference | None]
    checks: list[Row]
    flags: list[Row]
    failures: list[CountRow]
    wrong_answers: list[CountRow]
    dimensions: list[Row]
    groups: dict[str, list[Row]]
    curves: list[Curve]
    tools: ToolTable = field(default_factory=ToolTable)


def summarise(
    runs: Sequence[RunData],
    *,
    baseline: str | None = None,
    prices: Prices | None = None,
    tools: bool = True,
) -> Summary:
    """Sums runs up, side by side.

    Args:
        runs: Recorded runs.
        baseline: Label of a series, or name of a run or policy, that others are compared with;
            None is the first.
        prices: What tokens cost.
        tools: Count calls by tool, which reads whole records.

    Raises:
        ValueError: There is no run, no episode, or no such baseline.
    """
    if not runs:
        raise ValueError("there is no run to sum up; name at least one")
    names = run_names(runs)
    columns = [read_columns(run) for run in runs]
    series = find_series(columns, names)
    if not series:
        listed = ", ".join(repr(name) for name in names)
        raise ValueError(f"no finished episode in {listed}: there is nothing to sum up")
    base = _baseline(series, names, baseline)
    numbering: dict[str, int] = {}
    for part in columns:
        ids = (numbering.setdefault(task, len(numbering)) for task in part["task_id"].tolist())
        part["task"] = np.fromiter(ids, dtype=np.int64, count=len(part["task_id"]))
    parts = [{name: c[s.rows] for name, c in columns[s.run].items()} for s in series]
    k = _common_k(parts)
    return Summary(
        run_names=names,
        series=series,
        baseline=base,
        k=k,
        headlines=[_headline(part, k, prices) for part in parts],
        pass_differences=_differences(parts, base),
        checks=_rows(parts, "check_", list(CHECKS), with_intervals=True),
        flags=_rows(parts, "flag_", list(FLAGS), with_intervals=False),
        failures=_counts(parts, "failure", [*FAILURES]),
        wrong_answers=_counts(parts, "wrong_answer", [n for n in WRONG_ANSWERS if n != "none"]),
        dimensions=_rows(parts, "dimension_", list(DIMENSIONS), with_intervals=True),
        groups={name: _groups(parts, name) for name in GROUPS},
        curves=_curves(columns),
        tools=count_tools(runs, series) if tools else ToolTable(),
    )


def _baseline(series: Sequence[Series], names: Sequence[str], wanted: str | None) -> int:
    if wanted is None:
        return 0
    for index, each in enumerate(series):
        if wanted in (each.label, names[each.run], each.policy):
            return index
    labels = ", ".join(repr(each.label) for each in series)
    raise ValueError(f"baseline is {wanted!r}; it must be one of {labels}")


def _common_k(parts: Sequence[Columns]) -> int:
    """The largest k of the SQL view ``pass_at_k`` that every series has."""
    tries = [
        np.unique(part["task"][np.isfinite(part["is_correct"])], return_counts=True)[1]
        for part in parts
    ]
    fewest = min((int(found.min()) for found in tries if len(found)), default=1)
    return 1 << (fewest.bit_length() - 1)


def _headline(part: Columns, k: int, prices: Prices | None) -> Headline:
    def mean(name: str) -> float:
        return mean_of(part[name]).value

    prompt, completion = part["num_prompt_tokens"], part["num_completion_tokens"]
    cost = np.full(len(prompt), np.nan)
    if prices is not None:
        cost = (prompt * prices.prompt + completion * prices.completion) / 1e6
    priced = np.isfinite(cost) & np.isfinite(part["is_correct"])
    num_right = float(part["is_correct"][priced].sum())
    duration = part["duration_ms"][np.isfinite(part["duration_ms"])]
    half, most = np.quantile(duration, [0.5, 0.95]) if len(duration) else (np.nan, np.nan)
    return Headline(
        episodes=len(part["task"]),
        tasks=len(np.unique(part["task"])),
        pass_at_1=pass_at_k(part["is_correct"], part["task"], 1),
        pass_at_k=pass_at_k(part["is_correct"], part["task"], k) if k > 1 else None,
        reward=estimate_tasks(part["reward"], part["task"]),
        process=estimate(part["process"], part["task"]),
        turns=mean("num_turns"),
        calls=mean("num_calls"),
        errors=mean("num_errors"),
        prompt_tokens=mean("num_prompt_tokens"),
        completion_tokens=mean("num_completion_tokens"),
        cost=mean_of(cost).value,
        total_cost=float(np.nansum(cost)) if np.isfinite(cost).any() else np.nan,
        cost_per_right=float(cost[priced].sum()) / num_right if num_right else np.nan,
        duration_ms=(float(half), float(most)),
        tool_ms=mean("tool_ms"),
    )


def _differences(parts: Sequence[Columns], base: int) -> list[Difference | None]:
    first = (parts[base]["is_correct"], parts[base]["task"])
    return [
        None if index == base else difference(first, (part["is_correct"], part["task"]))
        for index, part in enumerate(parts)
    ]


def _rows(
    parts: Sequence[Columns], prefix: str, names: Sequence[str], *, with_intervals: bool
) -> list[Row]:
    """A row for each name that applies to some episode."""
    rows = []
    for name in names:
        column = f"{prefix}{name}"
        values = [
            estimate(part[column], part["task"]) if with_intervals else mean_of(part[column])
            for part in parts
        ]
        if any(value.n for value in values):
            rows.append(Row(name, values))
    return rows


def _counts(parts: Sequence[Columns], column: str, known: Sequence[str]) -> list[CountRow]:
    """How often each name stands in ``column``, most frequent first; names that never do, not."""
    found = set[str]().union(*(set(part[column].tolist()) for part in parts)) - {"", "none"}
    order = {name: place for place, name in enumerate(known)}
    rows = []
    for name in sorted(found, key=lambda n: order.get(n, len(order))):
        counts = [int(np.count_nonzero(part[column] == name)) for part in parts]
        rows.append(
            CountRow(
                name,
                counts,
                [n / max(1, len(part["task"])) for n, part in zip(counts, parts, strict=True)],
            )
        )
    return sorted(rows, key=lambda row: -max(row.shares))


def _groups(parts: Sequence[Columns], column: str) -> list[Row]:
    """pass@1 by the values of ``column``; none where all tasks are alike."""
    found = set[object]().union(
        *({v for v in part[column].tolist() if v != "" and v == v} for part in parts)
    )
    if len(found) < 2:
        return []
    rows = []
    for value in sorted(found, key=lambda v: (isinstance(v, str), v)):
        values = []
        for part in parts:
            here = part[column] == value
            values.append(pass_at_k(part["is_correct"][here], part["task"][here], 1))
        rows.append(Row(value if isinstance(value, str) else f"{value:g}", values))
    return rows


def _curves(columns: Sequence[Columns]) -> list[Curve]:
    curves = []
    for run, part in enumerate(columns):
        for policy in sorted(set(part["policy"].tolist())):
            rows = (part["policy"] == policy) & np.isfinite(part["policy_step"])
            steps, at = np.unique(part["policy_step"][rows].astype(np.int64), return_inverse=True)
            if len(steps) < 2:
                continue
            values = {}
            for name in CURVES:
                of_step, column = at, part[name][rows]
                if name in OUTCOMES:
                    of_step, column = _by_task(at, part["task"][rows], column)
                values[name] = _step_means(of_step, column, len(steps))
            curves.append(Curve(run, policy, steps, np.bincount(at), values))
    return curves


def _by_task(
    steps: NDArray[np.intp], tasks: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(step, mean) of each task in each step: there, too, every task counts once."""
    known = np.isfinite(values)
    width = int(tasks.max()) + 1
    pairs = steps * width + tasks
    return np.unique(pairs[known]) // width, task_means(values, pairs)


def _step_means(
    steps: NDArray[np.intp], values: NDArray[np.float64], num_steps: int
) -> NDArray[np.float64]:
    known = np.isfinite(values)
    n = np.bincount(steps[known], minlength=num_steps)
    total = np.bincount(steps[known], values[known], num_steps)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)
