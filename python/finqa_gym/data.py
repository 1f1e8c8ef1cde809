"""Corpora: loading, saving, looking inside."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from finqa_gym import _native, arguments
from finqa_gym._native import NotFoundError
from finqa_gym.audits import AuditReport

__all__ = [
    "EXPORT_LAYOUTS",
    "LAYOUTS",
    "Corpus",
    "ExportReport",
    "Refusal",
    "TaskCheck",
    "builtin",
    "load",
    "open_corpus",
]

LAYOUTS = ("openenv", "rllm", "tatqa", "finqa", "native", "folder", "sqlite")
"""Layouts that `load` reads; docs/spec/corpus.md describes each."""


EXPORT_LAYOUTS = ("openenv", "rllm", "native")
"""Layouts that `Corpus.export` writes."""


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


class Corpus:
    """Companies with their tables, and tasks about them. Immutable.

    Made by `load` or `builtin`.

    Example:
        >>> corpus = builtin()
        >>> sorted(corpus.splits())
        ['test', 'train', 'val']
    """

    def __init__(self, native: _native.Corpus) -> None:
        """Wraps a native corpus; use `load` or `builtin`."""
        self._native = native

    @property
    def name(self) -> str:
        """Short name."""
        return self._native.name

    @property
    def layout(self) -> str:
        """Layout that it was read from."""
        return self._native.layout

    @property
    def version(self) -> int:
        """Version of the importer or generator that made it."""
        return self._native.version

    @property
    def content_hash(self) -> str:
        """SHA-256 over tables and tasks, independent of how they are stored."""
        return self._native.content_hash

    @property
    def licence(self) -> str:
        """Licence of the data, if known."""
        return self._native.licence

    @property
    def refused(self) -> dict[str, int]:
        """Records of the source that could not be used: reason -> count."""
        return self._native.refused

    @property
    def refusals(self) -> list[Refusal]:
        """The same records one by one (only right after an import)."""
        return [Refusal(*refusal) for refusal in self._native.refusals]

    @property
    def companies(self) -> list[str]:
        """Company names."""
        return self._native.company_names()

    def splits(self) -> dict[str, int]:
        """Split -> number of tasks."""
        return self._native.splits()

    def task_ids(self, split: str | None = None) -> list[str]:
        """Ids of the tasks of a split, or of all.

        Raises:
            NotFoundError: There is no such split.
        """
        return self._native.task_ids(self.known_split(split))

    def known_split(self, split: str | None) -> str | None:
        """``split`` itself, if the corpus has it (None stands for all splits).

        Raises:
            NotFoundError: There is no such split.
        """
        if split is not None and split not in self.splits():
            msg = f"no split {split!r} in corpus {self.name!r}; it has {', '.join(self.splits())}"
            raise NotFoundError(msg)
        return split

    def task_index(self, task_id: str) -> int:
        """Position of a task.

        Raises:
            NotFoundError: There is no such task.
        """
        return self._native.task_index(task_id)

    def task(self, task: str | int) -> dict[str, Any]:
        """A task by id or position: id, split, companies, question, truth, answer, gold.

        Raises:
            NotFoundError: There is no such task.
        """
        if isinstance(task, str):
            task = self.task_index(task)
        if not 0 <= task < len(self):
            raise NotFoundError(f"no task {task} in corpus {self.name!r}; it has {len(self)} tasks")
        return self._native.task(task)

    def tables(self, company: str) -> list[dict[str, Any]]:
        """Tables of a company: name, columns, rows (list of lists), description.

        Raises:
            NotFoundError: There is no such company.
        """
        return self._native.tables(company)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        format: Literal["parquet", "jsonl"] = "parquet",
        overwrite: bool = False,
    ) -> None:
        """Writes the native layout: a folder with a manifest, tables and tasks.

        Args:
            path: The folder; made, or replaced if ``overwrite``.
            format: How tables and tasks are stored.
            overwrite: Replace a folder that holds a corpus.

        Raises:
            DataError: The folder exists and may not be replaced.
        """
        self._native.save(os.fspath(path), format, overwrite)

    def validate(
        self,
        *,
        tool_profile: str = "rllm",
        answer_mode: str = "strict",
        progress: Callable[[int], None] | None = None,
    ) -> list[TaskCheck]:
        """Runs the gold program of every task through the engine and scores what it submits.

        Args:
            tool_profile: Tools to work with.
            answer_mode: Rules to score by.
            progress: Called with the number of tasks done.
        """
        checks = self._native.validate(tool_profile, answer_mode, progress)
        return [TaskCheck(*check) for check in checks]

    def audit(
        self,
        *,
        tool_profile: str = "rllm",
        split: str | None = None,
        max_tasks: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> AuditReport:
        """Checks whether every task is answerable in the sandbox, well scoped, and verifiable.

        Tables exist, gold programs run under the limits and pass the published SQL guards, their
        answers and the truths are accepted in both answer modes, units and labels are clear, no
        answer of a known mistake is accepted, and no question has two truths.

        Args:
            tool_profile: Tools to play the gold programs with.
            split: Only tasks of this split.
            max_tasks: At most so many tasks.
            progress: Called with the number of tasks done.

        Raises:
            NotFoundError: There is no such split.
        """
        report = _native.audit_corpus(
            self._native,
            tool_profile,
            self.known_split(split),
            _at_least_one("max_tasks", max_tasks),
            progress,
        )
        return AuditReport(report)

    def export(
        self,
        path: str | os.PathLike[str],
        layout: Literal["openenv", "rllm", "native"],
        *,
        split: str | None = None,
        max_tasks: int | None = None,
        overwrite: bool = False,
    ) -> ExportReport:
        """Writes the corpus, or a part of it, in a layout that other programs read.

        With ``split`` or ``max_tasks`` only the companies of the chosen tasks are written.

        Args:
            path: The folder; it appears as a whole or not at all.
            layout: One of `EXPORT_LAYOUTS`; docs/spec/corpus.md describes each.
            split: Only tasks of this split.
            max_tasks: At most so many tasks.
            overwrite: Replace an earlier export. Nothing else is ever replaced.

        Returns:
            What was written, and what the layout could not hold.

        Raises:
            DataError: The folder is not empty.
            NotFoundError: There is no such split.
            ValueError: The layout cannot be written.

        Example:
            >>> import tempfile
            >>> folder = tempfile.mkdtemp()
            >>> report = builtin(num_companies=2).export(f"{folder}/out", "rllm")
            >>> report.left_out
            {}
        """
        report = _native.export_corpus(
            self._native,
            os.fspath(path),
            layout,
            self.known_split(split),
            _at_least_one("max_tasks", max_tasks),
            overwrite,
        )
        return ExportReport(
            report["layout"],
            report["num_companies"],
            report["num_tables"],
            report["num_tasks"],
            report["left_out"],
            report["not_kept"],
            [Refusal(*refusal) for refusal in report["refusals"]],
        )

    def __copy__(self) -> Corpus:
        """Itself: a corpus does not change."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Corpus:
        """Itself: a corpus does not change."""
        return self

    def __reduce__(self) -> str:
        """Refused: a copy in each process would be what `load` makes, only slower."""
        msg = (
            f"corpus {self.name!r} cannot be pickled: pass its path (or the arguments of builtin) "
            "and load it in the process that uses it"
        )
        raise TypeError(msg)

    def __len__(self) -> int:
        """Number of tasks."""
        return self._native.num_tasks

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The tasks, in order."""
        return (self._native.task(index) for index in range(len(self)))

    def __repr__(self) -> str:
        """Name, layout, sizes."""
        return (
            f"Corpus({self.name!r}, layout={self.layout!r}, companies={len(self.companies)}, "
            f"tasks={len(self)}, splits={self.splits()})"
        )


def _at_least_one(name: str, value: int | None) -> int | None:
    return None if value is None else arguments.integer(name, value, least=1, below=2**32)


def load(
    path: str | os.PathLike[str],
    layout: str | None = None,
    *,
    tasks: str | os.PathLike[str] | None = None,
    name: str | None = None,
    limits: dict[str, int] | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Corpus:
    r"""Reads a corpus from disk.

    Args:
        path: File or folder.
        layout: One of `LAYOUTS`; None looks at the path and decides.
        tasks: For "folder" and "sqlite": the tasks file, if it is not where docs/spec/corpus.md
            says.
        name: Name of the corpus; None takes the path's.
        limits: Limits of this corpus's episodes: ``max_ops``, ``max_rows``, ``max_result_bytes``,
            ``max_turns``. By default ``max_ops`` grows with the longest table.
        progress: Called with (what, done, total or None) during long work.

    Returns:
        The corpus; ``refused`` counts the records that could not be used, by reason.

    Raises:
        FileNotFoundError: The path does not exist.
        DataError: A file is broken (path, record and reason are named) or no layout fits.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp()) / "acme"
        >>> folder.mkdir()
        >>> _ = (folder / "revenue.csv").write_text("item,2024,2023\nTotal,1200,1000\n")
        >>> _ = (folder / "tasks.csv").write_text(
        ...     "question,answer,unit\n"
        ...     "How much did total revenue grow from 2023 to 2024?,20%,percent\n"
        ... )
        >>> len(load(folder))
        1
    """
    if limits is not None:
        needed = "a dict such as {'max_ops': 5_000_000}"
        arguments.instance("limits", limits, dict, needed)
        limits = {
            key: arguments.integer(f"limits[{key!r}]", value, least=1, below=2**32)
            for key, value in limits.items()
        }
    return Corpus(
        _native.Corpus.load(
            os.fsdecode(path),
            layout,
            None if tasks is None else os.fsdecode(tasks),
            name,
            limits,
            progress,
        )
    )


def builtin(seed: int = 0, num_companies: int = 512) -> Corpus:
    """The built-in corpus: invented companies, made by code, the same bytes everywhere.

    Args:
        seed: Another seed makes other companies.
        num_companies: How many; company ``i`` does not depend on this number.

    Example:
        >>> len(builtin(num_companies=10).companies)
        10
    """
    seed = arguments.integer("seed", seed)
    num_companies = arguments.integer("num_companies", num_companies, least=1, below=2**32)
    return Corpus(_native.Corpus.builtin(seed, num_companies))


def open_corpus(
    name: str,
    layout: str | None = None,
    *,
    tasks: str | os.PathLike[str] | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Corpus:
    """A corpus by the name that the command line takes: a path or ``builtin[:companies]``.

    Args:
        name: The name. A path that is called ``builtin`` is reached as ``./builtin``.
        layout: As for `load`.
        tasks: As for `load`.
        progress: As for `load`.

    Raises:
        ValueError: The number of companies is none, or a layout or tasks file for ``builtin``.
        FileNotFoundError: The path does not exist.
        DataError: As for `load`.

    Example:
        >>> len(open_corpus("builtin:3").companies)
        3
    """
    kind, colon, number = name.partition(":")
    if kind != "builtin":
        return load(name, layout, tasks=tasks, progress=progress)
    if layout is not None or tasks is not None:
        msg = f"corpus {name!r} is made by code: a layout or a tasks file goes with a path"
        raise ValueError(msg)
    if not colon:
        return builtin()
    if not number.isdecimal() or int(number) < 1:
        msg = (
            f"corpus {name!r}: behind 'builtin:' stands a number of companies from 1, "
            "as in 'builtin:64'"
        )
        raise ValueError(msg)
    return builtin(num_companies=int(number))
