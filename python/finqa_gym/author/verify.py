"""Finds the answers of drafts with the engine, and checks that they can stand as tasks."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from finqa_gym import data
from finqa_gym.author.drafts import Draft
from finqa_gym.review.decisions import DecisionLog
from finqa_gym.review.seat import Seat
from finqa_gym.scoring import judge_answer

__all__ = ["Authored", "verify"]

_ZEROS = {"text": "?", "year": "2000"}
_NO_ROWS = re.compile(r"^\[\s*\]")


class Authored(NamedTuple):
    """What came of a draft.

    Attributes:
        draft: The draft, with its id.
        answer: What the engine found; "" if it found nothing.
        problems: Why it cannot stand as a task; empty if it can.
        remarks: What the author should know all the same.
        steps: The gold trajectory: tool, arguments, result of every call.
    """

    draft: Draft
    answer: str
    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    steps: tuple[dict[str, str], ...]

    @property
    def ok(self) -> bool:
        """Whether it can stand as a task."""
        return not self.problems


def verify(
    source: str | os.PathLike[str], drafts: Sequence[Draft], layout: str | None = None
) -> list[Authored]:
    r"""Runs every draft's program through the sandbox, twice.

    The first run finds the answer, the second checks the finished task as
    ``finqa-gym data validate`` does: the program is rewarded, no known wrong answer is.

    Args:
        source: A folder of tables or a SQLite file.
        drafts: The drafts.
        layout: As for `finqa_gym.load`.

    Returns:
        One result a draft, in order.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp()) / "acme"
        >>> folder.mkdir()
        >>> _ = (folder / "sales.csv").write_text("region,2024,2023\nnorth,1300,1200\n")
        >>> sql = 'SELECT "2024", "2023" FROM sales WHERE region = \'north\''
        >>> [done] = verify(folder, [Draft(
        ...     question="By what percentage did the north grow from 2023 to 2024?",
        ...     tables=("sales",), gold_sql=(sql,),
        ...     gold_expression="({0.0.0} - {0.0.1}) / {0.0.1} * 100", unit="percent",
        ... )])
        >>> done.answer, done.problems
        ('8.33%', ())
    """
    named = [draft if draft.id else dataclasses.replace(draft, id=_id(draft)) for draft in drafts]
    first = _run(source, layout, [(draft, _placeholder(draft)) for draft in named])
    second = _run(
        source,
        layout,
        [(draft, answer) for draft, answer in zip(named, first.answers, strict=True) if answer],
    )
    checked = dict(zip(second.ids, range(len(second.ids)), strict=True))
    seen: dict[str, str] = {}
    out = []
    for place, draft in enumerate(named):
        problems, remarks = list(first.problems[place]), list(first.remarks[place])
        answer, steps = first.answers[place], first.steps[place]
        if draft.id in checked:
            problems += second.problems[checked[draft.id]]
            steps = second.steps[checked[draft.id]]
        if answer and draft.answer and not _same(draft, answer):
            problems.append(f"the engine finds {answer!r}, the author expects {draft.answer!r}")
        asked = " ".join(draft.question.lower().split())
        if seen.setdefault(f"{draft.company}\n{asked}", draft.id) != draft.id:
            problems.append("the same question is asked by another draft")
        out.append(Authored(draft, answer, tuple(problems), tuple(remarks), tuple(steps)))
    return out


class _Run(NamedTuple):
    ids: list[str]
    answers: list[str]
    problems: list[list[str]]
    remarks: list[list[str]]
    steps: list[list[dict[str, str]]]


def _run(
    source: str | os.PathLike[str], layout: str | None, rows: Sequence[tuple[Draft, str]]
) -> _Run:
    """Loads the source with these tasks and runs their programs."""
    ids = [draft.id for draft, _ in rows]
    if not rows:
        return _Run([], [], [], [], [])
    with tempfile.TemporaryDirectory() as folder:
        tasks = Path(folder) / "drafts.jsonl"
        lines = (json.dumps(draft.row(answer), ensure_ascii=False) for draft, answer in rows)
        tasks.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        corpus = data.load(source, layout, tasks=tasks)
        refused = {_line(refusal.record): refusal.detail for refusal in corpus.refusals}
        checks = {check.task_id: check for check in corpus.validate()}
        loaded = set(corpus.task_ids())
        answers, problems, remarks, steps = [], [], [], []
        seat = Seat(corpus, DecisionLog(folder, "author")) if loaded else None
        try:
            for number, (draft, given) in enumerate(rows, 1):
                wrong, noted = [], []
                if number in refused:
                    wrong.append(refused[number])
                check = checks.get(draft.id)
                answer = check.submission if check is not None else ""
                if check is not None and check.outcome in ("tool_error", "no_answer"):
                    wrong.append(check.detail)
                    answer = ""
                elif check is not None and answer and not _readable(draft, answer):
                    wrong.append(f"the program comes to {answer!r}, which is no {draft.unit}")
                    answer = ""
                elif check is not None and given == answer and check.outcome != "ok":
                    wrong.append(f"{check.outcome}: {check.detail}")
                taken: list[dict[str, str]] = []
                if seat is not None and draft.id in loaded and not wrong:
                    taken = seat.steps(corpus.task_index(draft.id))
                    noted += _remarks(taken)
                    wrong += _empty(taken)
                answers.append("" if wrong else answer)
                problems.append(wrong)
                remarks.append(noted)
                steps.append(taken)
        finally:
            if seat is not None:
                seat.close()
    return _Run(ids, answers, problems, remarks, steps)


def _id(draft: Draft) -> str:
    """Follows from what is asked and how, so that the same draft never enters a file twice."""
    text = json.dumps([draft.company, draft.question, draft.gold_sql, draft.gold_expression])
    return "authored-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _placeholder(draft: Draft) -> str:
    """A truth that can be read, for the first run: what counts then is the submission."""
    zero = _ZEROS.get(draft.unit)
    if zero is not None:
        return zero
    digits = f".{'0' * draft.decimals}" if draft.is_derived() and draft.decimals else ""
    return f"0{digits}" + ("%" if draft.unit == "percent" else "")


def _readable(draft: Draft, answer: str) -> bool:
    return judge_answer(answer, answer, unit=draft.unit, scale=draft.scale).score == 1.0


def _same(draft: Draft, answer: str) -> bool:
    op = "derived" if draft.is_derived() else "exact"
    verdict = judge_answer(draft.answer, answer, unit=draft.unit, scale=draft.scale, op=op)
    return verdict.score == 1.0


def _remarks(steps: Sequence[dict[str, str]]) -> list[str]:
    """Queries that return several rows: which of them is meant should be said by the query."""
    out = []
    for step in steps:
        if "sql" not in step["tool"] or not step["result"].startswith("["):
            continue
        try:
            rows = json.JSONDecoder().raw_decode(step["result"])[0]
        except json.JSONDecodeError:
            continue
        if len(rows) > 1:
            out.append(f"a query returns {len(rows)} rows; is it clear which cell is meant?")
    return out


def _empty(steps: Sequence[dict[str, str]]) -> list[str]:
    return [
        f"the query returns no rows: {step['arguments']}"
        for step in steps
        if "sql" in step["tool"] and _NO_ROWS.match(step["result"])
    ]


def _line(record: str) -> int:
    """The record's number, from 1, out of "drafts.jsonl line 3"."""
    digits = re.findall(r"\d+", record)
    return int(digits[-1]) if digits else 0
