"""Finds the answers of drafts with the engine, and checks that they can stand as tasks."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from finqa_gym import data
from finqa_gym.audits import CODES
from finqa_gym.author.drafts import Draft
from finqa_gym.review.decisions import DecisionLog
from finqa_gym.review.seat import Seat
from finqa_gym.scoring import judge_answer

__all__ = ["Authored", "verify"]

_ZEROS = {"text": "?", "year": "2000"}
_NO_ANSWER = ("tool_error", "no_answer", "unknown_table", "unknown_company")
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

    The first run finds the answer. The second audits the finished task as
    ``finqa-gym data validate`` does: the program is rewarded, the answers that follow from known
    mistakes are not.

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
            remarks = list(second.remarks[checked[draft.id]])
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
    """Loads the source with these tasks, runs their programs and audits the tasks."""
    run = _Run([draft.id for draft, _ in rows], [], [], [], [])
    if not rows:
        return run
    with tempfile.TemporaryDirectory() as folder:
        tasks = Path(folder) / "drafts.jsonl"
        lines = (json.dumps(draft.row(answer), ensure_ascii=False) for draft, answer in rows)
        tasks.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        corpus = data.load(source, layout, tasks=tasks)
        refused = {_line(refusal.record): refusal.detail for refusal in corpus.refusals}
        audits = {task["task_id"]: task for task in corpus.audit().to_dict()["tasks"]}
        with contextlib.ExitStack() as stack:
            seat = None
            if audits:
                seat = Seat(corpus, DecisionLog(folder, "author"))
                stack.callback(seat.close)
            for number, (draft, given) in enumerate(rows, 1):
                problems = [refused[number]] if number in refused else []
                audit = audits.get(draft.id)
                answer, remarks, steps = "", [], []
                if audit is not None and seat is not None:
                    answer = audit["submission"]
                    problems += _failures(draft, audit, final=given == answer)
                    if not problems:
                        steps = seat.steps(corpus.task_index(draft.id))
                        problems += _empty(steps)
                        remarks = _remarks(steps)
                        for finding in _of_class(audit, "warning") if given == answer else ():
                            remarks.append(f"{finding['code']}: {finding['detail']}")
                run.answers.append("" if problems else answer)
                run.problems.append(problems)
                run.remarks.append(remarks)
                run.steps.append(steps)
    return run


def _failures(draft: Draft, audit: dict[str, Any], *, final: bool) -> list[str]:
    """What the audit found; before the answer is known, only what keeps it from being found."""
    failures = [
        f"{finding['code']}: {finding['detail']}"
        for finding in _of_class(audit, "failure")
        # Of two drafts that ask the same the first may stay; `verify` tells them apart.
        if finding["code"] in _NO_ANSWER or (final and finding["code"] != "duplicate_question")
    ]
    answer = audit["submission"]
    if not failures and not _readable(draft, answer):
        failures.append(f"the program comes to {answer!r}, which is no {draft.unit}")
    return failures


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


def _of_class(audit: dict[str, Any], kind: str) -> list[dict[str, str]]:
    return [finding for finding in audit["findings"] if CODES[finding["code"]][0] == kind]


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
