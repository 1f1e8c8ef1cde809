"""Every name that a report shows has a meaning, and it is the one of the rules."""

from __future__ import annotations

import re
from pathlib import Path

from finqa_gym.analysis import TOOL_ERRORS, meanings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "spec"


def test_tool_errors_are_those_of_the_page_on_tools() -> None:
    page = (DOCS / "tools.md").read_text("utf-8")
    tables = page.split("\n## Calculator\n")[1]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", tables, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(TOOL_ERRORS)


def test_every_name_has_a_sentence() -> None:
    for kind, known in meanings().items():
        assert known, kind
        for name, meaning in known.items():
            assert meaning.endswith("."), f"{kind} {name}: {meaning}"
