"""What reviewers decided, as files beside the corpus."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from finqa_gym._native import DataError

if TYPE_CHECKING:
    from finqa_gym.data import Corpus

__all__ = [
    "Decision",
    "DecisionLog",
    "Verdict",
    "accepted_task_ids",
    "decisions_folder",
    "read_decisions",
    "task_hash",
]

Verdict = Literal["accept", "reject"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
MAX_COMMENT_CHARS = 10_000
_REVIEWER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Decision(NamedTuple):
    """What a reviewer thinks of a task.

    Attributes:
        task_id: The task.
        task_hash: Hash of what was judged; see `task_hash`.
        verdict: accept or reject.
        comment: Free text.
        reviewer: Who.
        time_unix_s: When, in seconds since 1970.
    """

    task_id: str
    task_hash: str
    verdict: Verdict
    comment: str
    reviewer: str
    time_unix_s: float


def decisions_folder(corpus_path: str | os.PathLike[str]) -> Path:
    """The folder of decisions about the corpus at ``corpus_path``: its sibling ``<name>.reviews``.

    Example:
        >>> decisions_folder("corpora/shop").as_posix()
        'corpora/shop.reviews'
    """
    path = Path(corpus_path)
    name = path.name or path.resolve().name
    return path.parent / f"{name}.reviews"


def task_hash(corpus: Corpus, task: dict[str, Any]) -> str:
    """Hash of a task and of the tables that its gold program asks; 16 hex digits.

    A decision counts only for the text that was judged: it lapses if the question, the truth, the
    program or one of those tables changes.

    Example:
        >>> import finqa_gym
        >>> corpus = finqa_gym.synthetic()
        >>> len(task_hash(corpus, corpus.task(0)))
        16
    """
    queries = (task.get("gold") or {}).get("queries", [])
    wanted = {(query["company"], query["table"]) for query in queries}
    tables = [
        (company, table)
        for company in sorted({company for company, _ in wanted})
        for table in corpus.tables(company)
        if (company, table["name"]) in wanted
    ]
    judged = {key: task[key] for key in sorted(task) if key not in ("user_query", "split")}
    text = json.dumps([judged, tables], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class DecisionLog:
    """Where one reviewer's decisions are kept. Every decision is on disk when `add` returns.

    Args:
        folder: Folder of the corpus's decisions; made if it is not there.
        reviewer: Name of the reviewer: letters, digits, dots, dashes; it names the file.

    Raises:
        ValueError: The name cannot name a file.

    Example:
        >>> import tempfile
        >>> log = DecisionLog(tempfile.mkdtemp(), "anna")
        >>> log.add("t1", "00ff", "reject", "the year is not in the table").verdict
        'reject'
        >>> log.latest()["t1"].comment
        'the year is not in the table'
    """

    def __init__(self, folder: str | os.PathLike[str], reviewer: str) -> None:
        if not _REVIEWER.fullmatch(reviewer):
            raise ValueError(
                f"reviewer {reviewer!r}: a name has 1 to 64 letters, digits, dots, dashes or "
                "underscores and begins with a letter or digit, as in 'anna'"
            )
        self.reviewer = reviewer
        self.path = Path(folder) / f"{reviewer}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._latest, broken_tail = _read(self.path) if self.path.exists() else ({}, False)
        if broken_tail:
            # A crash cut the last line: the next one must not be glued to it.
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n")

    def latest(self) -> dict[str, Decision]:
        """The last decision about each task."""
        return dict(self._latest)

    def add(self, task_id: str, task_hash: str, verdict: Verdict, comment: str = "") -> Decision:
        """Writes a decision; it replaces an earlier one of this reviewer about the task.

        Raises:
            ValueError: The verdict is unknown or the comment too long.
        """
        if verdict not in VERDICTS:
            raise ValueError(f"verdict {verdict!r} is unknown; it must be accept or reject")
        if len(comment) > MAX_COMMENT_CHARS:
            raise ValueError(
                f"the comment has {len(comment)} characters; at most {MAX_COMMENT_CHARS} are kept"
            )
        decision = Decision(task_id, task_hash, verdict, comment, self.reviewer, time.time())
        line = json.dumps(decision._asdict(), ensure_ascii=False)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._latest[task_id] = decision
        return decision


def read_decisions(folder: str | os.PathLike[str]) -> dict[str, dict[str, Decision]]:
    """Reviewer -> task id -> last decision.

    Raises:
        DataError: A file is broken; path and line are named. A cut last line, which a crash
            leaves behind, is skipped.
    """
    return {path.stem: _read(path)[0] for path in sorted(Path(folder).glob("*.jsonl"))}


def accepted_task_ids(corpus: Corpus, folder: str | os.PathLike[str]) -> list[str]:
    """Ids of the tasks that somebody accepted and nobody rejected, in corpus order.

    Decisions about a task that was changed since do not count.

    Raises:
        DataError: There are no decisions, or a file is broken.
    """
    decisions = read_decisions(folder)
    if not decisions:
        raise DataError(
            f"{Path(folder)}: there are no decisions to honour; `finqa-gym data review` writes them"
        )
    by_task: dict[str, list[Decision]] = {}
    for of_reviewer in decisions.values():
        for decision in of_reviewer.values():
            by_task.setdefault(decision.task_id, []).append(decision)
    accepted = []
    for task in corpus:
        about = by_task.get(task["id"])
        if about is None:
            continue
        current = task_hash(corpus, task)
        verdicts = {d.verdict for d in about if d.task_hash == current}
        if verdicts == {"accept"}:
            accepted.append(task["id"])
    return accepted


def _read(path: Path) -> tuple[dict[str, Decision], bool]:
    """Last decision by task, and whether the last line lacks its end."""
    text = path.read_text(encoding="utf-8")
    cut = bool(text) and not text.endswith("\n")
    lines = text.split("\n")
    latest: dict[str, Decision] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            decision = Decision(**record)
        except (json.JSONDecodeError, TypeError) as error:
            # A line that a crash cut may stand anywhere once writing went on after it.
            if not line.endswith("}"):
                continue
            raise DataError(f"{path}: line {number} is no decision: {error}") from None
        if decision.verdict not in VERDICTS:
            raise DataError(
                f"{path}: line {number}: verdict {decision.verdict!r} must be accept or reject"
            )
        latest[decision.task_id] = decision
    return latest, cut
