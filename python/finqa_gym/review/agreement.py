"""How far two reviewers agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from finqa_gym.review.decisions import Decision

__all__ = ["Agreement", "agreement"]


class Agreement(NamedTuple):
    """Agreement of two reviewers on the tasks that both judged in the same form.

    Attributes:
        reviewers: The two.
        num_both: Tasks that both judged.
        num_agreed: Of these, with the same verdict.
        kappa: Cohen's kappa (Cohen 1960): 1 is full agreement, 0 what chance would give. None if
            it is not defined, because nothing was judged by both or chance alone would agree
            always.
        disputed: Ids of the others.
    """

    reviewers: tuple[str, str]
    num_both: int
    num_agreed: int
    kappa: float | None
    disputed: tuple[str, ...]


def agreement(
    first: Mapping[str, Decision], second: Mapping[str, Decision], reviewers: tuple[str, str]
) -> Agreement:
    """Compares two reviewers' last decisions.

    Example:
        >>> def said(verdict, reviewer):
        ...     return Decision("t", "0", verdict, "", reviewer, 0.0)
        >>> a = {"1": said("accept", "a"), "2": said("reject", "a")}
        >>> b = {"1": said("accept", "b"), "2": said("accept", "b")}
        >>> agreement(a, b, ("a", "b"))._replace(reviewers=())[1:]
        (2, 1, 0.0, ('2',))
    """
    both = [
        task_id
        for task_id, decision in first.items()
        if task_id in second and second[task_id].task_hash == decision.task_hash
    ]
    disputed = tuple(t for t in both if first[t].verdict != second[t].verdict)
    agreed = len(both) - len(disputed)
    return Agreement(reviewers, len(both), agreed, _kappa(first, second, both, agreed), disputed)


def _kappa(
    first: Mapping[str, Decision], second: Mapping[str, Decision], both: list[str], agreed: int
) -> float | None:
    if not both:
        return None
    n = len(both)
    accepts = [sum(side[t].verdict == "accept" for t in both) / n for side in (first, second)]
    by_chance = accepts[0] * accepts[1] + (1 - accepts[0]) * (1 - accepts[1])
    return None if by_chance == 1 else (agreed / n - by_chance) / (1 - by_chance)
