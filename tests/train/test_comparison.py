"""The tables of an experiment."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.console import Console

from finqa_gym.cli.experiment import comparison
from finqa_gym.train.experiment import Cell


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
