"""Comparing answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from finqa_gym import _native

__all__ = ["AnswerMode", "Verdict", "judge_answer", "score_answer"]

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
            per_share, year, text, bool.
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
