"""The tables of an experiment."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from finqa_gym.cli.experiment import comparison
from finqa_gym.train.experiment import Cell
from finqa_gym.train.paired import paired
from finqa_gym.trajectories import write_run


@pytest.fixture
def shown() -> Callable[[list[Cell]], str]:
    def render(cells: list[Cell]) -> str:
        console = Console(width=200)
        with console.capture() as capture:
            console.print(comparison(cells))
        return capture.get()

    return render


def cell(arm: str, base_seed: int, single: float, **failures: float) -> Cell:
    behaviour = {"listed_before_query": 0.25}
    return Cell(arm, base_seed, 0, single, 0.1, single, 0.1, behaviour, failures, "run")


CELLS = [
    cell("base", 0, 0.4, no_schema=0.3, wrong_year=0.0),
    cell("base", 1, 0.5, no_schema=0.1, wrong_year=0.0),
    cell("grpo", 0, 0.6, no_schema=0.1, wrong_year=0.0),
    cell("gold-sft", 0, 0.8),
    cell("gold-sft", 1, 0.9),
]


def row(text: str, table: str, arm: str) -> list[str]:
    lines = text[text.index(table) :].splitlines()
    line = next(each for each in lines if each.startswith(f"│ {arm} "))
    return [field.strip() for field in line.strip("│").split("│")]


def test_gap_interval_and_behaviour_are_those_of_the_cells(
    shown: Callable[[list[Cell]], str],
) -> None:
    text = shown(CELLS)
    # Student's t of one degree of freedom: 12.706 * 0.0707 / sqrt(2).
    assert row(text, "pass@1", "base")[1:3] == ["2", "0.450 ± 0.635"]
    # One run has no interval. Its start alone counts for the gap: (0.6 - 0.4) / (0.8 - 0.4).
    assert row(text, "pass@1", "grpo")[1:3] == ["1", "0.600"]
    assert row(text, "pass@1", "grpo")[-2:] == ["50%", "-"]
    assert row(text, "behaviour", "grpo")[1:4] == ["0.25", "-", "-"]


def test_only_failures_that_happened_are_shown(shown: Callable[[list[Cell]], str]) -> None:
    text = shown(CELLS)
    assert row(text, "why episodes", "base") == ["base", "0.200"]
    assert row(text, "why episodes", "gold-sft") == ["gold-sft", "0.000"]
    assert "wrong year" not in text


def test_without_a_ceiling_there_is_no_gap(shown: Callable[[list[Cell]], str]) -> None:
    assert "gap" not in shown(CELLS[:3])


def test_differences_are_start_by_start(shown: Callable[[list[Cell]], str]) -> None:
    text = shown(CELLS)
    # Start 0 alone has both: no interval.
    assert row(text, "grpo less each", "base") == [
        "base",
        "1",
        "+0.200",
        "+0.000",
        "+0.200",
        "+0.000",
    ]
    assert row(text, "grpo less each", "gold-sft")[:3] == ["gold-sft", "1", "-0.200"]
    assert "grpo less" not in shown(CELLS[:2])


Answer = tuple[str, str, int, bool]
"""Task, company, tables, and whether the answer was right."""


def played(step: int, *answers: Answer, faulty: str = "") -> list[dict[str, Any]]:
    return [
        {
            "task_id": task,
            "companies": [company],
            "num_tables": tables,
            "is_correct": is_correct,
            "policy_step": step,
            "flags": {"infra_fault": task == faulty},
        }
        for task, company, tables, is_correct in answers
    ]


def recorded(folder: Path, arm: str, start: int, seed: int, *records: list[dict[str, Any]]) -> Cell:
    """A cell with the mean of its last records over one table."""
    place = folder / f"{arm}-{start}-{seed}"
    write_run(place / "held-out", {}, list(itertools.chain.from_iterable(records)))
    last = [each for each in records[-1] if each["num_tables"] == 1]
    known = [each["is_correct"] for each in last if not each["flags"]["infra_fault"]]
    mean = sum(known) / len(known)
    return Cell(arm, start, seed, mean, 0.0, 0.0, 0.0, {}, {}, str(place / "held-out"))


def test_companies_are_drawn_as_a_whole(tmp_path: Path) -> None:
    """Three questions of one company and one of another: two clusters, so both ends are theirs."""
    a, b, c = (("a", "x", 1), ("b", "x", 1), ("c", "x", 1))
    d, several = ("d", "y", 1), ("e", "z", 2, True)
    before = played(0, (*a, True), (*b, True), (*c, True), (*d, False), several)
    after = played(9, (*a, True), (*b, True), (*c, False), (*d, False), several)
    again = played(9, (*a, True), (*b, False), (*c, False), (*d, False), several)
    base = played(0, (*a, False), (*b, False), (*c, False), (*d, True), several)
    arm = [recorded(tmp_path, "grpo", 0, 0, before, after), recorded(tmp_path, "grpo", 0, 1, again)]
    other = [recorded(tmp_path, "base", 0, 0, base)]
    found = paired(arm, other, "single")
    assert found is not None
    assert found.over_starts[0] == pytest.approx(-0.25 + (2 + 1) / 2 / 4)
    companies = found.over_companies
    assert companies is not None
    assert companies.mean == pytest.approx(found.over_starts[0])
    assert companies.num_clusters == 2
    # Company y alone: -1. Company x alone: one and a half of three.
    assert (companies.low, companies.high) == pytest.approx((-1.0, 0.5))


def test_questions_that_the_machine_failed_say_nothing(tmp_path: Path) -> None:
    questions = [("a", "x", 1), ("b", "y", 1)]
    after = played(9, *((*q, True) for q in questions), faulty="b")
    base = played(0, *((*q, False) for q in questions))
    arm, other = recorded(tmp_path, "grpo", 0, 0, after), recorded(tmp_path, "base", 0, 0, base)
    found = paired([arm], [other], "single")
    assert found is not None
    assert found.over_companies is not None
    assert (found.over_companies.mean, found.over_companies.num_clusters) == (1.0, 1)
    assert paired([arm], [other], "greedy_single").over_companies is None, "was not recorded"  # type: ignore[union-attr]
