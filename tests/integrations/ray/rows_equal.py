"""Comparison of batches, column by column."""

from __future__ import annotations

from typing import Any

import numpy as np

from finqa_gym import StepBatch

__all__ = ["assert_same", "assert_same_infos"]


def assert_same(batch: StepBatch, expected: StepBatch, *, messages: bool = True) -> None:
    """Same rows in the same order: texts, numbers, types, messages."""
    assert batch.observations == expected.observations
    for name in ("rewards", "terminated", "truncated", "env_ids"):
        _assert_same_array(name, getattr(batch, name), getattr(expected, name))
    assert_same_infos(batch.infos, expected.infos)
    if messages:
        assert batch.messages == expected.messages


def assert_same_infos(infos: dict[str, Any], expected: dict[str, Any]) -> None:
    """Same columns, of the same types and shapes, that the caller may write into."""
    assert set(infos) == set(expected)
    for name, column in expected.items():
        if isinstance(column, np.ndarray):
            _assert_same_array(name, infos[name], column)
            assert infos[name].flags.writeable, name
        else:
            assert infos[name] == column, name


def _assert_same_array(name: str, array: Any, expected: Any) -> None:
    assert (array.dtype, array.shape) == (expected.dtype, expected.shape), name
    np.testing.assert_array_equal(array, expected, err_msg=name)
