"""Colours of the page: text can be read on the grounds it stands on, in light and in dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

TOKENS = (files("finqa_gym.report") / "assets" / "tokens.css").read_text("utf-8")
TEXTS = (
    "text",
    "muted",
    "faint",
    "link",
    "good",
    "bad",
    "q-word",
    "q-text",
    "q-number",
    "q-function",
)
GROUNDS = ("ground", "soft", "raised")


def colours(theme: str) -> dict[str, str]:
    pattern = {
        "light": r":root \{(.*?)\n\}",
        "dark": r':root\[data-theme="dark"\] \{(.*?)\n\}',
        "auto": r"prefers-color-scheme: dark\) \{(.*?)\n  \}",
    }[theme]
    found = re.search(pattern, TOKENS, re.DOTALL)
    assert found is not None
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", found[1]))


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_a_contrast_of_four_and_a_half(theme: str) -> None:
    known = colours(theme)
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS]
    pairs += [("bad", "bad-soft"), ("text", "bad-soft")]
    for text, ground in pairs:
        reached = contrast(known[text], known[ground])
        assert reached >= 4.5, f"{theme}: {text} on {ground} has {reached:.2f}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_of_charts_have_a_contrast_of_three(theme: str) -> None:
    known = colours(theme)
    for series in range(8):
        reached = contrast(known[f"run-{series}"], known["ground"])
        assert reached >= 3, f"{theme}: run-{series} has {reached:.2f}"


def test_dark_by_choice_and_dark_by_the_system_are_one() -> None:
    assert colours("dark") == colours("auto")
