r"""Reference for the answer mode ``openenv``: Python floats, rule by rule.

Written from a description of what OpenEnv's FinQA reward accepts. Its oddities are kept on purpose:
a percent sign may count or not, whichever fits; both a relative and an absolute bound must hold; a
box ends at the first closing brace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

RELATIVE_TOLERANCE = 0.01
ABSOLUTE_TOLERANCE = 1.0
ZERO_TOLERANCE = 0.001

_BOX = re.compile(r"\\boxed\{([^}]+)\}")
_LABEL = re.compile(r"^[^:]*:\s*\\?\s*")
_LIST_SEPARATOR = re.compile(r"[,;]\s*|\\[;,]\s*")
_YEAR_KEY = re.compile(r"(20\d\d)(?:\s*(?:to|-+>|→|–|—|-)\s*(20\d\d))?")  # noqa: RUF001


def to_float(text: str, *, divide_percent: bool) -> float | None:
    """The number a text stands for, or ``None``."""
    text = re.sub(r"\\text\{[^}]*\}", "", text.strip())
    text = text.replace("\\$", "").replace("$", "").strip()
    if not text:
        return None
    percent = "%" in text
    if percent:
        text = text.replace("\\%", "").replace("%", "").strip()
    elif text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    if "/" in text and not percent:
        negative = text.startswith("-")
        # Python 3.12 reads blanks around the slash; pinned to what 3.11 does.
        if not re.search(r"\s/|/\s", text):
            try:
                value = float(Fraction(text.removeprefix("-")))
            except (ValueError, ZeroDivisionError, OverflowError):
                return None
            return -value if negative else value
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return number / 100 if percent and divide_percent else number


def _first_box(text: str) -> str:
    match = _BOX.search(text)
    return (match[1].strip() or text.strip()) if match else text.strip()


def _close(predicted: float, truth: float) -> bool:
    difference = abs(predicted - truth)
    return difference / abs(truth) <= RELATIVE_TOLERANCE and difference <= ABSOLUTE_TOLERANCE


def _equal(predicted: str, truth: str, *, divide_percent: bool) -> bool:
    """One submission against one truth; the truth's percent sign always counts."""
    p = to_float(_first_box(predicted), divide_percent=divide_percent)
    t = to_float(_first_box(truth), divide_percent=True)
    if p is not None and t is not None:
        return abs(p) < ZERO_TOLERANCE if t == 0 else _close(p, t)
    if p is not None or t is not None:
        return False
    return _first_box(predicted).lower() == _first_box(truth).lower()


def _pairs(text: str) -> list[tuple[str | None, float]]:
    """(year key, number) of every part that is a number; the others are dropped."""
    found: list[tuple[str | None, float]] = []
    for part in _LIST_SEPARATOR.split(text):
        label, colon, _ = part.partition(":")
        number = to_float(_LABEL.sub("", part.strip()).lstrip("\\ "), divide_percent=True)
        if number is None:
            continue
        years = _YEAR_KEY.search(label) if colon else None
        key = None if years is None else " to ".join(year for year in years.groups() if year)
        found.append((key, number))
    return found


def _all_close(pairs: Iterable[tuple[float, float]]) -> bool:
    return all(p == 0 if t == 0 else _close(p, t) for p, t in pairs)


def _lists_equal(predicted: str, truth: str) -> bool:
    """Several values inside one box: by year where both name the same years, else by order."""
    mine, gold = _pairs(predicted), _pairs(truth)
    if len(gold) < 2 or len(mine) != len(gold):
        return False
    mine_by_key = {key: value for key, value in mine if key is not None}
    gold_by_key = {key: value for key, value in gold if key is not None}
    if mine_by_key and mine_by_key.keys() == gold_by_key.keys():
        return _all_close((mine_by_key[key], gold_by_key[key]) for key in gold_by_key)
    return _all_close((p, t) for (_, p), (_, t) in zip(mine, gold, strict=True))


def compute_reward(predicted: str, truth: str) -> float:
    """1.0 if OpenEnv's reward accepts the submission, else 0.0."""
    boxes = [box.strip() for box in _BOX.findall(truth)]
    if len(boxes) > 1:
        parts = re.split(r"[,;]\s*", predicted.strip())
        right = len(parts) == len(boxes) and all(
            _equal(_LABEL.sub("", part), box, divide_percent=True)
            or _equal(part, box, divide_percent=False)
            for part, box in zip(parts, boxes, strict=True)
        )
        return float(right)
    if any(_equal(predicted, truth, divide_percent=divide) for divide in (True, False)):
        return 1.0
    if len(boxes) == 1 and to_float(boxes[0], divide_percent=True) is None:
        return float(_lists_equal(predicted, boxes[0]))
    return 0.0
