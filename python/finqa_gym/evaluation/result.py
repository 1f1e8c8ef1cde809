"""What an evaluation came to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from finqa_gym.analysis import CountRow, Estimate, Headline, Prices, Row, Summary, summarise
from finqa_gym.analysis.estimates import pass_at_k
from finqa_gym.analysis.runs import leave_out_faults
from finqa_gym.evaluation.policy import Usage
from finqa_gym.trajectories import Run

__all__ = ["Evaluation", "as_json", "sum_up"]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation came to.

    Attributes:
        run: The recorded episodes, those of earlier times included.
        summary: All numbers about them.
        pass_at: pass@k by k: powers of two and the largest k for which every task has graded
            episodes enough.
        prices: What tokens cost.
        settings: What was asked for.
        num_tasks: Tasks that were asked for.
        num_played: Episodes that were played now.
        num_left_out: Episodes that a fault ended now, which are not recorded. Evaluating once more
            makes up for them.
        num_missing: Episodes that the run lacks to what was asked for.
        usage: What playing took now.
        seconds: How long it took now.
    """

    run: Run
    summary: Summary
    pass_at: dict[int, Estimate]
    prices: Prices | None
    settings: dict[str, Any]
    num_tasks: int
    num_played: int
    num_left_out: int
    num_missing: int
    usage: Usage
    seconds: float

    @property
    def headline(self) -> Headline:
        """Scores, turns, tokens, cost and time of all episodes."""
        return self.summary.headlines[0]

    @property
    def pass_at_1(self) -> Estimate:
        """Share of right answers, averaged over tasks."""
        return self.headline.pass_at_1

    @property
    def k(self) -> int:
        """The largest k of ``pass_at``."""
        return max(self.pass_at)

    @property
    def pass_at_k(self) -> Estimate:
        """pass@k for the largest k."""
        return self.pass_at[self.k]

    @property
    def behaviour(self) -> list[Row]:
        """The checks that apply to some episode."""
        return self.summary.checks

    @property
    def failures(self) -> list[CountRow]:
        """The failure classes, the most frequent first."""
        return self.summary.failures

    @property
    def cost(self) -> float:
        """Of all recorded episodes; NaN without prices or tokens."""
        return self.headline.total_cost

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; null for what is not known."""
        head = self.headline
        told = {
            "run": str(self.run.path),
            "settings": self.settings,
            "episodes": head.episodes,
            "tasks": head.tasks,
            "pass_at": {str(k): estimate for k, estimate in self.pass_at.items()},
            "reward": head.reward,
            "process": head.process,
            "turns": head.turns,
            "calls": head.calls,
            "failed_calls": head.errors,
            "tokens": {"prompt": head.prompt_tokens, "completion": head.completion_tokens},
            "cost": {
                "total": self.cost, "episode": head.cost, "right_answer": head.cost_per_right
            },
            "episode_ms": {"median": head.duration_ms[0], "p95": head.duration_ms[1]},
            "checks": {row.name: row.values[0] for row in self.behaviour},
            "flags": {row.name: row.values[0] for row in self.summary.flags},
            "failures": {row.name: row.counts[0] for row in self.failures},
            "wrong_answers": {row.name: row.counts[0] for row in self.summary.wrong_answers},
            "groups": {
                name: {row.name: row.values[0] for row in rows}
                for name, rows in self.summary.groups.items()
            },
            "now": {
                "episodes": self.num_played,
                "left_out": self.num_left_out,
                "missing": self.num_missing,
                "faults": dict(self.usage.faults),
                "last_fault": self.usage.last_fault,
                "seconds": self.seconds,
                "requests": self.usage.requests,
                "retries": self.usage.retries,
                "request_s": {
                    "median": self.usage.latency_s(0.5), "p95": self.usage.latency_s(0.95)
                },
            },
        }  # fmt: skip
        made: dict[str, Any] = as_json(told)
        return made


def as_json(value: Any) -> Any:
    """A value as JSON has it: estimates as objects, null for NaN.

    Example:
        >>> as_json({"share": Estimate(0.5, float("nan"), float("nan"), 1)})
        {'share': {'value': 0.5, 'low': None, 'high': None, 'n': 1}}
    """
    if isinstance(value, Estimate):
        value = {"value": value.value, "low": value.low, "high": value.high, "n": value.n}
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value


def sum_up(run: Run, prices: Prices | None) -> tuple[Summary, dict[int, Estimate]]:
    """The summary of a run, and its pass@k by k.

    Raises:
        ValueError: It holds no episode, or episodes of several policies.
    """
    summary = summarise([run], prices=prices)
    if len(summary.series) > 1:
        labels = ", ".join(each.label for each in summary.series)
        raise ValueError(
            f"{run.path}: the run holds {labels}; episodes of one policy are needed, without "
            "steps of a training"
        )
    columns = dict(run.columns(["task_id", "is_correct", "flag_infra_fault"]))
    leave_out_faults(columns)
    right = np.asarray(columns["is_correct"], dtype=np.float64)
    names = np.array([name or "" for name in columns["task_id"]])
    tasks = np.unique(names, return_inverse=True)[1].astype(np.int64)
    graded = np.isfinite(right)
    if not graded.any():
        return summary, {1: summary.headlines[0].pass_at_1}
    fewest = int(np.unique(tasks[graded], return_counts=True)[1].min())
    ks = {1 << power for power in range(fewest.bit_length())} | {fewest}
    return summary, {k: pass_at_k(right, tasks, k) for k in sorted(ks)}
