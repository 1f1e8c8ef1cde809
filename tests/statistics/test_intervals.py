"""Estimators and intervals from Python; their numbers are tested in the core."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

fg = pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)
statistics = pytest.importorskip("finqa_gym.statistics")


def test_pass_at_k_is_the_share_of_draws_with_a_right_one() -> None:
    for n, c, k in [(5, 2, 3), (6, 1, 2), (4, 4, 1), (7, 0, 7)]:
        draws = list(itertools.combinations([True] * c + [False] * (n - c), k))
        expected = sum(any(draw) for draw in draws) / len(draws)
        assert statistics.pass_at_k(n, c, k)[0] == pytest.approx(expected)


def test_pass_at_k_that_cannot_be_estimated_is_nan() -> None:
    assert np.isnan(statistics.pass_at_k([2, 2, 2], [0, 3, -1], 3)).all()
    with pytest.raises(ValueError, match="2 values of num_episodes for 1"):
        statistics.pass_at_k([2, 2], [1], 1)


def test_an_interval_does_not_depend_on_order_or_names() -> None:
    values, tasks = [1.0, 0.0, 1.0, 1.0, 0.0], ["a", "a", "b", "c", "c"]
    one = statistics.bootstrap_interval(values, tasks)
    turned = statistics.bootstrap_interval(values[::-1], [t + "x" for t in tasks[::-1]])
    assert one == turned
    assert one.low <= one.mean <= one.high
    spread = [float(i * 7 % 11) for i in range(60)]
    assert statistics.bootstrap_interval(spread) != statistics.bootstrap_interval(spread, seed=1)


def test_one_question_has_no_interval() -> None:
    one = statistics.bootstrap_interval([1, 0], ["a", "a"])
    assert one.mean == 0.5
    assert math.isnan(one.low)
    assert math.isnan(one.high)


def test_each_question_counts_the_same_in_pass_at_k() -> None:
    found = statistics.pass_at_k_interval([1, 1, 1, 1, 0, 0], list("aaaabb"), 1)
    assert found.mean == 0.5
    assert found.num_clusters == 2
    with pytest.raises(ValueError, match="k is 3, but a question has 2 episodes"):
        statistics.pass_at_k_interval([1, 1, 1, 1, 0, 0], list("aaaabb"), 3)


def test_a_paired_difference_looks_at_shared_questions() -> None:
    found = statistics.paired_difference([0, 1, 1], ["a", "a", "x"], [1, 0], ["a", "y"])
    assert found.difference.mean == 0.5
    assert (found.num_better, found.num_worse) == (1, 0)
    assert (found.num_only_a, found.num_only_b) == (1, 1)
    with pytest.raises(ValueError, match="no question in common"):
        statistics.paired_difference([1], ["a"], [1], ["b"])


@pytest.mark.parametrize(
    ("values", "options", "says"),
    [
        ([], {}, "no values"),
        ([1, math.nan], {}, "value 1 is NaN"),
        ([1], {"clusters": ["a", "b"]}, "1 values, but clusters for 2"),
        ([1], {"level": 95}, "level is 95"),
        ([1], {"resamples": 0}, "resamples is 0"),
    ],
)
def test_bad_input_is_named(values: list[float], options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        statistics.bootstrap_interval(values, **options)
