"""Every name that a report shows has a meaning, and it is the one of the rules."""

from __future__ import annotations

import re
from pathlib import Path

from finqa_gym.analysis import TOOL_ERRORS, meanings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "spec"


def test_tool_errors_are_those_of_the_page_on_tools() -> None:
    page = (DOCS / "tools.md").read_text("utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", page.split("# Tools")[1], re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    errors = [name for name in listed if name in TOOL_ERRORS or name.startswith(("sql_", "calc_"))]
    errors = [name for name in errors if name not in ("sql_query",)]
    assert set(errors) == set(TOOL_ERRORS)


def test_every_name_has_a_sentence() -> None:
    for kind, known in meanings().items():
        assert known, kind
        for name, meaning in known.items():
            assert meaning.endswith("."), f"{kind} {name}: {meaning}"
