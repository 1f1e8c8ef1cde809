"""Comparing answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from finqa_gym import _native

__all__ = [
    "AnswerMode",
    "CriterionScore",
    "RubricScore",
    "Verdict",
    "judge_answer",
    "score_answer",
    "score_rubric",
]

AnswerMode = Literal["strict", "openenv"]


class Verdict(NamedTuple):
    """What a comparison came to.

    Attributes:
        score: 1.0 right, 0.0 wrong.
        reason: Stable snake_case reason (``"equal"``, ``"rounded"``, ``"off_value"``, …; all of
            them are in docs/spec/rewards.md).
    """

    score: float
    reason: str


def judge_answer(
    predicted: str,
    truth: str,
    *,
    unit: str = "amount",
    scale: str = "",
    op: str = "derived",
    multi: str = "",
    signed_change: bool = False,
    aliases: Sequence[str] = (),
    mode: AnswerMode = "strict",
) -> Verdict:
    """Compares a submission with the truth and says why.

    Arguments as for `score_answer`.

    Example:
        >>> judge_answer("20.4%", "0.204", unit="ratio").reason
        'equal'
    """
    spec: dict[str, Any] = {
        "unit": unit,
        "scale": scale,
        "op": op,
        "multi": multi,
        "signed_change": signed_change,
        "aliases": list(aliases),
    }
    return Verdict(*_native.score_answer(predicted, truth, spec, mode))


def score_answer(
    predicted: str,
    truth: str,
    *,
    unit: str = "amount",
    scale: str = "",
    op: str = "derived",
    multi: str = "",
    signed_change: bool = False,
    aliases: Sequence[str] = (),
    mode: AnswerMode = "strict",
) -> float:
    """Compares a submission with the truth.

    Args:
        predicted: What the policy handed in.
        truth: The expected answer as a benchmark writes it.
        unit: What the question asks for: amount, count, percent, ratio, pp, bps, multiple,
            per_share, year, text, bool, absent (the tables do not hold the answer).
        scale: Scale of amounts and counts: "", thousand, million, billion.
        op: "exact" (lookups, sums, differences, counts) or "derived" (correct rounding is right).
        multi: "" for one value, "list" (in order) or "keyed".
        signed_change: Words of decrease make a positive number negative.
        aliases: Further texts that are right (unit text).
        mode: "strict" (one reading for every submission) or "openenv" (the outcome of OpenEnv's
            compute_reward).

    Returns:
        1.0 or 0.0.

    Raises:
        ValueError: An unknown unit, scale, op, multi or mode.

    Source: docs/spec/rewards.md.

    Example:
        >>> score_answer("$1,234.5 million", "1234.5", unit="amount", scale="million", op="exact")
        1.0
        >>> score_answer("6.33%", "6.28%", unit="percent")
        0.0
        >>> score_answer("6.33%", "6.28%", unit="percent", mode="openenv")
        1.0
    """
    return judge_answer(
        predicted,
        truth,
        unit=unit,
        scale=scale,
        op=op,
        multi=multi,
        signed_change=signed_change,
        aliases=aliases,
        mode=mode,
    ).score


class CriterionScore(NamedTuple):
    """What one criterion of a rubric came to.

    Attributes:
        score: 0 to 1.
        applicable: False for criteria about tool calls or for a judge, which do not count here.
        reason: Stable snake_case reason; all of them are in docs/spec/rewards.md.
    """

    score: float
    applicable: bool
    reason: str


class RubricScore(NamedTuple):
    """What a report came to.

    Attributes:
        score: Weighted mean of the dimensions, 0 to 1.
        is_correct: Whether the report passes.
        outcome: The reward: the score, but at most 0.8 if the report does not pass.
        dimensions: Score of each dimension that applies.
        criteria: Each criterion by its id, in the order of the rubric.
    """

    score: float
    is_correct: bool
    outcome: float
    dimensions: dict[str, float]
    criteria: dict[str, CriterionScore]


def score_rubric(
    submission: str,
    rubric: str | Mapping[str, Any],
    *,
    mode: AnswerMode = "strict",
    cascade_credit: float = 0.5,
) -> RubricScore:
    """Scores a report by its rubric.

    Args:
        submission: A filled-in template (a line ``label: value`` for each slot) or a JSON object
            ``{slot: value}``.
        rubric: The rubric, as JSON text or as the object that such text holds.
        mode: "strict" asks for every primary value to be right, "openenv" for the score alone.
        cascade_credit: Credit for a wrong derived value that follows from the report's own numbers,
            0 to 1.

    Raises:
        ValueError: A rubric that cannot work (the text says where), an unknown mode, a credit out
            of range.

    Source: docs/spec/rewards.md, section Rubrics.

    Example:
        >>> rubric = {
        ...     "criteria": [
        ...         {
        ...             "id": "p1",
        ...             "dim": "primary",
        ...             "kind": "value",
        ...             "slot": "interest_cost",
        ...             "truth": {"value": "1,526", "scale": "million", "op": "exact"},
        ...         }
        ...     ]
        ... }
        >>> score_rubric("- Interest cost: $1.526 billion", rubric).outcome
        1.0
    """
    text = rubric if isinstance(rubric, str) else json.dumps(dict(rubric))
    score, is_correct, outcome, dimensions, criteria = _native.score_rubric(
        submission, text, mode, cascade_credit
    )
    return RubricScore(
        score,
        is_correct,
        outcome,
        dict(dimensions),
        {
            name: CriterionScore(reached, applicable, reason)
            for name, reached, applicable, reason in criteria
        },
    )
