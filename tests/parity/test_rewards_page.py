"""The examples and the list of reasons in docs/spec/rewards.md are true."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from conftest import REPOSITORY
from reference.answers import score_answer

PAGE = (REPOSITORY / "docs/spec/rewards.md").read_text(encoding="utf-8")
RUBRIC_REASONS = (REPOSITORY / "crates/finqa-core/src/rubric/reason.rs").read_text(encoding="utf-8")
REASONS = (REPOSITORY / "crates/finqa-core/src/answer/reason.rs").read_text(encoding="utf-8")


def tables(first_cell: str) -> list[tuple[str, list[list[str]]]]:
    """Header and rows of the page's tables whose header begins with a cell."""
    found: list[tuple[str, list[list[str]]]] = []
    for block in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        header, _, *rows = block.splitlines()
        if header.startswith(f"| {first_cell} |"):
            found.append((header, [[c.strip() for c in r.split("|")[1:-1]] for r in rows]))
    return found


EXAMPLES = [
    ("openenv" if "openenv" in header else "strict", *(cell.strip("`") for cell in row))
    for header, rows in tables("question")
    for row in rows
]


def question(text: str) -> dict[str, Any]:
    """``unit=ratio, signed_change`` as keyword arguments."""
    pairs = (part.split("=") for part in text.split(", ") if part)
    return {key: value[0] if value else True for key, *value in pairs}


@pytest.mark.parametrize(("mode", "asked", "truth", "submission", "reason"), EXAMPLES)
def test_examples(
    finqa_gym: Any, mode: str, asked: str, truth: str, submission: str, reason: str
) -> None:
    verdict = finqa_gym.judge_answer(submission, truth, **question(asked), mode=mode)
    assert verdict.reason == reason
    assert score_answer(submission, truth, **question(asked), mode=mode) == verdict.score


def test_every_reason_is_listed() -> None:
    in_source = re.findall(r'^\s+\w+, "(\w+)", (true|false), "(.*)";$', REASONS, re.MULTILINE)
    ((_, rows),) = tables("reason")
    assert [
        (name, {"true": "1", "false": "0"}[right], said) for name, right, said in in_source
    ] == [(name.strip("`"), score, said) for name, score, said in rows]


def block(language: str) -> str:
    """The page's only fenced block in a language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def test_the_right_report_scores_one(finqa_gym: Any) -> None:
    rubric = json.loads(block("json"))
    for mode in ("strict", "openenv"):
        scored = finqa_gym.score_rubric(block("text"), rubric, mode=mode)
        assert scored.is_correct
        assert scored.score == scored.outcome == 1.0
        assert set(scored.dimensions) == set(rubric["weights"])
    assert not scored.criteria["t1"].applicable


@pytest.mark.parametrize("row", tables("instead of")[0][1])
def test_changed_reports(finqa_gym: Any, row: list[str]) -> None:
    old, new, score, criterion, reason = (cell.strip("`") for cell in row)
    report = block("text")
    assert old in report
    scored = finqa_gym.score_rubric(report.replace(old, new), block("json"))
    assert scored.criteria[criterion].reason == reason
    assert scored.score == pytest.approx(float(score), abs=5e-5)
    assert scored.outcome == (scored.score if scored.is_correct else min(scored.score, 0.8))


def test_every_rubric_reason_is_listed() -> None:
    in_source = re.findall(r'^\s+[A-Z_]+, "(\w+)", "(.*)";$', RUBRIC_REASONS, re.MULTILINE)
    ((_, rows),) = tables("rubric reason")
    assert in_source == [(name.strip("`"), said) for name, said in rows]


def test_what_python_refuses(finqa_gym: Any) -> None:
    rubric = json.loads(block("json"))
    with pytest.raises(ValueError, match=r"pass is 0\.5"):
        finqa_gym.score_rubric("", {**rubric, "pass": 0.5})
    with pytest.raises(ValueError, match="cascade_credit is 2"):
        finqa_gym.score_rubric("", rubric, cascade_credit=2)
    with pytest.raises(ValueError, match="answer mode"):
        finqa_gym.score_rubric("", rubric, mode="loose")
