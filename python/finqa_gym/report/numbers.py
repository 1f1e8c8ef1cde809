"""Numbers as they stand in tables: short, of one width, a dash where nothing is known."""

from __future__ import annotations

import math

from finqa_gym.analysis import Estimate

__all__ = ["amount", "count", "interval", "points", "seconds", "share"]

NOTHING = "\u2013"
TO = " \u2013 "
MINUS = "\u2212"


def share(value: float) -> str:
    r"""A share as percent.

    Example:
        >>> share(0.9375), share(float("nan"))
        ('93.8', '\u2013')
    """
    return f"{value * 100:.1f}" if math.isfinite(value) else NOTHING


def interval(estimate: Estimate, *, decimals: int = 1, percent: bool = True) -> str:
    r"""The ends of an interval; empty if there is none, or no spread.

    Example:
        >>> interval(Estimate(0.5, 0.4, 0.6, 10)), interval(Estimate(1.0, 1.0, 1.0, 10))
        ('40.0 \u2013 60.0', '')
    """
    factor = 100 if percent else 1
    low, high = (f"{end * factor:.{decimals}f}" for end in (estimate.low, estimate.high))
    if not estimate.has_interval or estimate.low == estimate.high:
        return ""
    return f"{low}{TO}{high}".replace("-", MINUS)


def points(value: float) -> str:
    r"""A difference of shares in percentage points, with its sign.

    Example:
        >>> points(-0.051), points(0.0)
        ('\u22125.1', '0.0')
    """
    if not math.isfinite(value):
        return NOTHING
    rounded = round(value * 100, 1)
    if rounded == 0:
        return "0.0"
    return f"{'+' if rounded > 0 else MINUS}{abs(rounded):.1f}"


def amount(value: float, decimals: int = 2) -> str:
    """A plain number.

    Example:
        >>> amount(1234.5, 0)
        '1,234'
    """
    return f"{value:,.{decimals}f}" if math.isfinite(value) else NOTHING


def count(value: int) -> str:
    """A whole number with separators."""
    return f"{value:,}"


def seconds(milliseconds: float) -> str:
    """A time in a unit that fits.

    Example:
        >>> seconds(0.25), seconds(12.3), seconds(2_500)
        ('0.25 ms', '12 ms', '2.5 s')
    """
    if not math.isfinite(milliseconds):
        return NOTHING
    if milliseconds < 10:
        return f"{milliseconds:.2f} ms"
    if milliseconds < 1_000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1_000:.1f} s"
