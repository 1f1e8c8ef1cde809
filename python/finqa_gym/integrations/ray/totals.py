"""Counters of shards added up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["total"]

_QUANTILES = ("p50_us", "p99_us")


def total(stats: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The sum of counters of the same names, dicts of counters included.

    Quantiles cannot be added: the largest is taken, so that it is reached by no shard's calls more
    often than it says.

    Example:
        >>> total([{"steps": 2, "tool": {"p50_us": 3.0}}, {"steps": 1, "tool": {"p50_us": None}}])
        {'steps': 3, 'tool': {'p50_us': 3.0}}
    """
    out: dict[str, Any] = {}
    for name in dict.fromkeys(name for each in stats for name in each):
        values = [each[name] for each in stats if name in each]
        if isinstance(values[0], dict):
            out[name] = total(values)
        elif name in _QUANTILES:
            out[name] = max((value for value in values if value is not None), default=None)
        else:
            out[name] = sum(values)
    return out
