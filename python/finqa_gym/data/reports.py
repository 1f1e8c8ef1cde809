"""What becomes of a corpus when it is read, written and checked."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ExportReport", "Refusal", "TaskCheck"]


class Refusal(NamedTuple):
    """A record of the source that could not be used."""

    record: str
    reason: str
    detail: str


class ExportReport(NamedTuple):
    """What `Corpus.export` wrote, and what it could not.

    Attributes:
        layout: The layout.
        num_companies: Companies written.
        num_tables: Tables written.
        num_tasks: Tasks written.
        left_out: Records that the layout cannot hold: reason -> count.
        not_kept: What a reader does not get back of the records written: what -> count. Found by
            reading the files again.
        refusals: The records left out, one by one.
    """

    layout: str
    num_companies: int
    num_tables: int
    num_tasks: int
    left_out: dict[str, int]
    not_kept: dict[str, int]
    refusals: list[Refusal]


class TaskCheck(NamedTuple):
    """What came of running one task's gold program.

    Attributes:
        task_id: The task.
        outcome: ok, no_gold, tool_error, wrong_answer, truth_not_accepted or no_answer.
        detail: What was seen, for outcomes other than ok.
        submission: The answer that the gold program came to.
    """

    task_id: str
    outcome: str
    detail: str
    submission: str
