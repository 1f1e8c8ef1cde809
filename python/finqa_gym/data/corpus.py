"""A corpus: looking inside, taking parts, saving, checking."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from finqa_gym import _native, arguments
from finqa_gym._native import NotFoundError
from finqa_gym.audits import AuditReport
from finqa_gym.data.reports import ExportReport, Refusal, TaskCheck

__all__ = ["EXPORT_LAYOUTS", "Corpus"]


EXPORT_LAYOUTS = ("openenv", "rllm", "native")
"""Layouts that `Corpus.export` writes."""


class Corpus:
    """Companies with their tables, and tasks about them. Immutable.

    Made by `load` or `synthetic`. A synthetic corpus makes a company when somebody asks
    for it and keeps those used last, so that a split may be endless; what lists everything then
    asks for a number.

    Example:
        >>> import finqa_gym
        >>> corpus = finqa_gym.synthetic()
        >>> corpus.task(0)["split"]
        'val'
    """

    def __init__(self, native: _native.Corpus, source: dict[str, Any] | None = None) -> None:
        """Wraps a native corpus; use `load` or `synthetic`."""
        self._native = native
        self._source = source

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
    def source(self) -> dict[str, Any] | None:
        """How to make it again, as JSON: what `load` or `synthetic` was called with.

        `corpus_from_source` reads it. None if that is not known.
        """
        return self._source

    @property
    def content_hash(self) -> str:
        """SHA-256 over tables and tasks, independent of how they are stored.

        Of a synthetic corpus: over version, seed and settings, which decide them.
        """
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
    def is_endless(self) -> bool:
        """Whether a split is endless, so that tasks and companies cannot be listed."""
        return self._native.is_endless

    @property
    def num_tasks(self) -> int | None:
        """Number of tasks; None if a split is endless."""
        return None if self.is_endless else self._native.num_tasks

    @property
    def num_companies(self) -> int | None:
        """Number of companies; None if a split is endless."""
        return None if self.is_endless else self._native.num_companies

    @property
    def companies(self) -> list[str]:
        """Company names.

        Raises:
            ValueError: A split is endless; use `company_names`.
        """
        if self.is_endless:
            raise ValueError(
                f"{self._endless()}, so its companies cannot be listed; "
                "company_names(split, start, stop) lists some"
            )
        return self._native.company_names()

    def company_names(
        self, split: str | None = None, start: int = 0, stop: int | None = None
    ) -> list[str]:
        """Names of the companies ``start`` to ``stop`` of a split, counted inside of it.

        Args:
            split: The split; None for all. Of a stored corpus these are the companies that the
                split's tasks ask about.
            start: First one, from 0.
            stop: One behind the last; None for all, which an endless split does not have.

        Raises:
            NotFoundError: There is no such split.
            ValueError: The split is endless and ``stop`` is None.
        """
        start = arguments.integer("start", start)
        stop = None if stop is None else arguments.integer("stop", stop)
        return self._native.company_names(split, start, stop)

    def splits(self) -> dict[str, int | None]:
        """Split -> number of tasks; None if it is endless."""
        return self._native.splits()

    def task_ids(self, split: str | None = None, limit: int | None = None) -> list[str]:
        """Ids of the tasks of a split, or of all.

        Args:
            split: The split; None for all.
            limit: Only the first so many; an endless split needs it.

        Raises:
            NotFoundError: There is no such split.
            ValueError: The split is endless and ``limit`` is None.
        """
        limit = None if limit is None else arguments.integer("limit", limit)
        return self._native.task_ids(split, limit)

    def tasks(self, split: str | None = None) -> Iterator[dict[str, Any]]:
        """The tasks of a split, or of all, one by one; an endless split never ends.

        Raises:
            NotFoundError: There is no such split.

        Example:
            >>> import itertools
            >>> from finqa_gym import SynthConfig, synthetic
            >>> corpus = synthetic(config=SynthConfig.preset("tiny", train_companies=None))
            >>> len([task["question"] for task in itertools.islice(corpus.tasks("train"), 100)])
            100
        """
        sizes = self.splits()
        if split is not None and split not in sizes:
            self._native.task_indices(split, 0)  # raises
        if not self.is_endless:
            return map(self._native.task, self._native.task_indices(split))
        # Splits of a corpus that makes its companies follow each other, the endless one last.
        first = 0
        for name, size in sizes.items():
            if split in (None, name):
                stop = self._native.num_tasks if split is None or size is None else first + size
                return map(self._native.task, range(first, stop))
            first += size or 0
        return iter(())

    def take(self, split: str | dict[str, int | None], num_companies: int | None = None) -> Corpus:
        """Some companies with their tasks as a corpus in memory, to list, save or send.

        Args:
            split: A split, or a dict from splits to numbers of companies.
            num_companies: Its first so many companies; None for all of a finite split.

        Returns:
            The corpus. A task that also asks about a company that was not taken is left out;
            ``refused["other_company_not_taken"]`` counts them.

        Raises:
            NotFoundError: There is no such split.
            ValueError: The split is endless and ``num_companies`` is None.

        Example:
            >>> from finqa_gym import SynthConfig, synthetic
            >>> corpus = synthetic(config=SynthConfig.preset("tiny"))
            >>> len(corpus.take("train", 10).companies)
            10
        """
        if not isinstance(split, dict):
            split = {arguments.text("split", split): num_companies}
        elif num_companies is not None:
            msg = "num_companies goes with one split; a dict of splits holds its numbers itself"
            raise ValueError(msg)
        picks = [
            (name, None if n is None else arguments.integer("num_companies", n, below=2**32))
            for name, n in split.items()
        ]
        source = self._derived("take", [list(pick) for pick in picks])
        return Corpus(self._native.take(picks), source)

    def known_split(self, split: str | None) -> str | None:
        """``split`` itself, if the corpus has it (None stands for all splits).

        Raises:
            NotFoundError: There is no such split.
        """
        if split is not None and split not in self.splits():
            msg = f"no split {split!r} in corpus {self.name!r}; it has {', '.join(self.splits())}"
            raise NotFoundError(msg)
        return split

    def select(self, tasks: Iterable[str | int], *, suffix: str = "-selected") -> Corpus:
        """Some tasks of a corpus in memory, in the order given, with all its companies.

        Args:
            tasks: Tasks, by id or position.
            suffix: What is appended to the name.

        Returns:
            The corpus; its content hash covers the tasks that are left.

        Raises:
            NotFoundError: There is no such task.
            ValueError: A task is named twice, or companies are made on demand: `take` some first.

        Example:
            >>> from finqa_gym import SynthConfig, synthetic
            >>> corpus = synthetic(config=SynthConfig.preset("tiny")).take("val", 2)
            >>> len(corpus.select([0, 3])), len(corpus.select([0, 3]).companies)
            (2, 2)
        """
        indices = [
            self.task_index(task) if isinstance(task, str) else arguments.integer("task", task)
            for task in tasks
        ]
        num_tasks = self._native.num_tasks
        for index in indices:
            if not 0 <= index < num_tasks:
                msg = f"no task {index} in corpus {self.name!r}; it has {num_tasks} tasks"
                raise NotFoundError(msg)
        suffix = arguments.text("suffix", suffix)
        source = self._derived("select", indices, suffix)
        return Corpus(self._native.select(indices, suffix), source)

    def _derived(self, how: str, *values: Any) -> dict[str, Any] | None:
        return None if self._source is None else {"of": self._source, how: list(values)}

    def _endless(self) -> str:
        names = [name for name, size in self.splits().items() if size is None]
        return f"split {names[0]!r} of corpus {self.name!r} is endless"

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
        num_tasks = self._native.num_tasks
        if not 0 <= task < num_tasks:
            raise NotFoundError(f"no task {task} in corpus {self.name!r}; it has {num_tasks} tasks")
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
        max_companies: int | None = None,
    ) -> None:
        """Writes the native layout: a folder with a manifest, tables and tasks.

        Args:
            path: The folder; made, or replaced if ``overwrite``.
            format: How tables and tasks are stored.
            overwrite: Replace a folder that holds a corpus.
            max_companies: Companies to save of an endless split; others are saved whole.

        Raises:
            DataError: The folder exists and may not be replaced, or a split is endless and
                ``max_companies`` is None.
        """
        if max_companies is not None:
            max_companies = arguments.integer("max_companies", max_companies, below=2**32)
        self._native.save(os.fspath(path), format, overwrite, max_companies)

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
            >>> import finqa_gym
            >>> folder = tempfile.mkdtemp()
            >>> report = finqa_gym.synthetic().take("val", 2).export(f"{folder}/out", "rllm")
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
            f"corpus {self.name!r} cannot be pickled: pass its path (or the arguments of "
            "synthetic) and load it in the process that uses it"
        )
        raise TypeError(msg)

    def __len__(self) -> int:
        """Number of tasks.

        Raises:
            OverflowError: A split is endless, so ``list(corpus)`` would never end either.
        """
        if self.is_endless:
            raise OverflowError(f"{self._endless()}, so it has no length; num_tasks is None")
        return self._native.num_tasks

    def __bool__(self) -> bool:
        """Whether there are tasks; an endless corpus has no length to tell."""
        return self._native.num_tasks > 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The tasks, in order: as `tasks`."""
        return self.tasks()

    def __repr__(self) -> str:
        """Name, layout, sizes."""
        companies = "endless" if self.is_endless else self._native.num_companies
        tasks = "endless" if self.is_endless else self._native.num_tasks
        return (
            f"Corpus({self.name!r}, layout={self.layout!r}, companies={companies}, "
            f"tasks={tasks}, splits={self.splits()})"
        )


def _at_least_one(name: str, value: int | None) -> int | None:
    return None if value is None else arguments.integer(name, value, least=1, below=2**32)
