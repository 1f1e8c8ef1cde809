"""What training could fix: the causes of failures, by the kind of remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["BEHAVIOUR", "CALCULATION", "DATA", "Cause", "causes", "verdict"]

BEHAVIOUR = (
    "answered_unanswerable", "gave_up", "out_of_turns", "malformed_call",
    "hallucinated_after_failure", "empty_as_answer", "unknown_table", "no_correction", "no_schema",
)  # fmt: skip
"""Failure classes that are habits: what the policy does with its tools."""
DATA = ("wrong_table", "wrong_year", "wrong_base", "wrong_row")
"""Failure classes of choosing: the tools were used, other data were taken."""
CALCULATION = ("wrong_sign", "wrong_scale", "rounding")
"""Failure classes of working out and writing down."""
UNEXPLAINED = ("wrong_report", "other_wrong")
MOST, SOME = 0.5, 0.2


class Cause(NamedTuple):
    """A kind of cause.

    Attributes:
        name: For people.
        episodes: Failed episodes whose failure class is of this kind.
        share: Of all failed episodes that say something about the policy.
        remedy: What helps against it.
    """

    name: str
    episodes: int
    share: float
    remedy: str


def causes(failures: Mapping[str, int]) -> list[Cause]:
    """The causes of failures by kind, the four kinds always in this order.

    Args:
        failures: Failure class -> episodes without a right answer. Faults of the machine say
            nothing about a policy and are left out.

    Example:
        >>> [(c.name, c.episodes) for c in causes({"no_schema": 3, "rounding": 1})][:2]
        [('behaviour', 3), ('choice of data', 0)]
    """
    kinds = (
        ("behaviour", BEHAVIOUR, "training on episodes: the environment rewards the other habit"),
        (
            "choice of data",
            DATA,
            "training on tasks of this kind helps, and so does a larger model",
        ),
        (
            "calculation",
            CALCULATION,
            "a calculator, answer rules in the prompt; training helps less",
        ),
        ("not explained", UNEXPLAINED, "read some of these episodes; the calls do not say why"),
    )
    total = sum(count for name, count in failures.items() if name != "infra_fault")
    told = []
    for name, classes, remedy in kinds:
        count = sum(failures.get(failure, 0) for failure in classes)
        told.append(Cause(name, count, count / total if total else 0.0, remedy))
    return told


def verdict(failures: Mapping[str, int]) -> str:
    """A sentence on whether training is worth it, as far as the failures tell.

    Example:
        >>> verdict({"no_schema": 3, "rounding": 1})
        '3 of 4 failures (75 %) are behaviour. That is what training changes most readily: it looks
        worth it.'
    """
    behaviour, data, calculation, unexplained = causes(failures)
    total = behaviour.episodes + data.episodes + calculation.episodes + unexplained.episodes
    if not total:
        return "No failure is known, so there is nothing to say about training."
    start = f"{behaviour.episodes:,} of {total:,} failures ({behaviour.share:.0%}) are behaviour."
    start = start.replace("%)", " %)")
    if behaviour.share >= MOST:
        return f"{start} That is what training changes most readily: it looks worth it."
    if behaviour.share >= SOME:
        return (
            f"{start} Training can remove these; for the rest look at the tasks and the model "
            "first."
        )
    if unexplained.share >= MOST:
        return (
            f"{start} Most failures are not explained by the calls: with --corpus, or with "
            "expected answers in the log, more of them would be."
        )
    return f"{start} The tools are used well: training their use gains little here."
