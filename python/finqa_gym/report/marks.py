"""Marks of charts, as SVG that stretches with its cell: positions are percentages.

Colours are classes (``s0`` … ``s7``, one hue a series): the policy of the page allows no style
attributes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from finqa_gym.analysis import Estimate

__all__ = ["HUES", "bar", "curve", "difference_track", "dots", "interval_track"]

HUES = 8
HEIGHT = 22
MIDDLE = HEIGHT / 2
NEAR = 0.02
"""Dots that are closer would hide each other."""


def hue(series: int) -> str:
    """The class of a series' colour."""
    return f"s{series % HUES}"


def _percent(share: float) -> str:
    return f"{min(max(share, 0.0), 1.0) * 100:.2f}%"


def _svg(body: str, label: str, kind: str = "track") -> str:
    return (
        f'<svg class="{kind}" height="{HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{body}</svg>"
    )


def _line(x1: float, x2: float, kind: str) -> str:
    return (
        f'<line class="{kind}" x1="{_percent(x1)}" x2="{_percent(x2)}" y1="{MIDDLE}" '
        f'y2="{MIDDLE}"/>'
    )


def _rule(x: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{_percent(x)}" x2="{_percent(x)}" y1="2" y2="{HEIGHT - 2}"/>'


def interval_track(estimate: Estimate, series: int, label: str) -> str:
    """A mean from 0 to 1 as a dot, its interval as a line through it."""
    if not math.isfinite(estimate.value):
        return ""
    parts = [_line(0, 1, "axis")]
    if estimate.has_interval:
        parts.append(_line(estimate.low, estimate.high, f"range {hue(series)}"))
    parts.append(
        f'<circle class="dot {hue(series)}" cx="{_percent(estimate.value)}" cy="{MIDDLE}" r="4"/>'
    )
    return _svg("".join(parts), label)


def difference_track(estimate: Estimate, series: int, reach: float, label: str) -> str:
    """A difference from ``-reach`` to ``reach`` around a rule at 0."""
    if not math.isfinite(estimate.value):
        return ""

    def place(value: float) -> float:
        return 0.5 + value / (2 * reach)

    parts = [_line(0, 1, "axis"), _rule(0.5, "zero")]
    if estimate.has_interval:
        low, high = place(estimate.low), place(estimate.high)
        parts.append(_line(low, high, f"range {hue(series)}"))
    parts.append(
        f'<circle class="dot {hue(series)}" cx="{_percent(place(estimate.value))}" '
        f'cy="{MIDDLE}" r="4"/>'
    )
    return _svg("".join(parts), label)


def dots(values: Sequence[float], label: str) -> str:
    """Means of several series on one line from 0 to 1; a line joins the outermost."""
    known = [(i, v) for i, v in enumerate(values) if math.isfinite(v)]
    if not known:
        return ""
    parts = [_line(0, 1, "axis"), _rule(0, "tick"), _rule(0.5, "tick"), _rule(1, "tick")]
    if len(known) > 1:
        shares = [value for _, value in known]
        parts.append(_line(min(shares), max(shares), "join"))
    # Equal ones stand above each other.
    for at, (series, value) in enumerate(known):
        near = [i for i, (_, other) in enumerate(known) if abs(value - other) < NEAR]
        apart = min(6.0, (HEIGHT - 2) / len(near))
        y = MIDDLE + (near.index(at) - (len(near) - 1) / 2) * apart
        radius = min(4.5, apart / 2 + 1.5) if len(near) > 1 else 4.5
        parts.append(
            f'<circle class="dot {hue(series)}" cx="{_percent(value)}" cy="{y:.1f}" '
            f'r="{radius:.1f}"/>'
        )
    return _svg("".join(parts), label, "track wide")


def bar(share: float, most: float, series: int, label: str) -> str:
    """A share as a bar; ``most`` fills the cell."""
    if not math.isfinite(share):
        return ""
    width = share / most if most > 0 else 0.0
    body = (
        f'<rect class="share {hue(series)}" x="0" y="4" height="{HEIGHT - 8}" '
        f'width="{_percent(width)}" rx="1"/>'
    )
    return _svg(body, label)


def curve(
    lines: Sequence[tuple[int, Sequence[float], Sequence[float], Sequence[float]]],
    low: float,
    high: float,
    label: str,
) -> str:
    """Lines over training steps.

    Args:
        lines: For each line hue, steps, values and smoothed values; NaN leaves a gap.
        low: Value at the bottom.
        high: Value at the top.
        label: For screen readers.
    """
    first = min(steps[0] for _, steps, _, _ in lines)
    last = max(steps[-1] for _, steps, _, _ in lines)
    span = max(last - first, 1e-9)
    parts = [
        '<svg class="plot" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">'
    ]
    parts += [f'<line class="grid" x1="0" x2="1000" y1="{y}" y2="{y}"/>' for y in (1, 33, 66, 99)]
    for series, steps, values, smooth in lines:
        for kind, ys in (("raw", values), ("smooth", smooth)):
            points, pieces = [], []
            for x, y in zip(steps, ys, strict=True):
                if math.isfinite(y):
                    px = (x - first) / span * 1000
                    py = 99 - 98 * (y - low) / max(high - low, 1e-9)
                    points.append(f"{px:.1f},{py:.1f}")
                elif points:
                    pieces.append(points)
                    points = []
            pieces.append(points)
            parts += [
                f'<polyline class="{kind} {hue(series)}" points="{" ".join(piece)}"/>'
                for piece in pieces
                if piece
            ]
    parts.append("</svg>")
    return f'<div class="curve" role="img" aria-label="{escape(label)}">{"".join(parts)}</div>'
