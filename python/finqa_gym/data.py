"""Corpora: loading, saving, looking inside."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from finqa_gym import _native, arguments
from finqa_gym._native import DataError, NotFoundError
from finqa_gym.audits import AuditReport
from finqa_gym.synth import SynthConfig

__all__ = [
    "EXPORT_LAYOUTS",
    "LAYOUTS",
    "Corpus",
    "ExportReport",
    "Refusal",
    "TaskCheck",
    "corpus_from_source",
    "ingest",
    "is_evaluation_split",
    "load",
    "mine",
    "open_corpus",
    "synthetic",
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

    Made by `load` or `synthetic`. A synthetic corpus makes a company when somebody asks
    for it and keeps those used last, so that a split may be endless; what lists everything then
    asks for a number.

    Example:
        >>> corpus = synthetic()
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
            >>> folder = tempfile.mkdtemp()
            >>> report = synthetic().take("val", 2).export(f"{folder}/out", "rllm")
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


def load(
    path: str | os.PathLike[str],
    layout: str | None = None,
    *,
    tasks: str | os.PathLike[str] | None = None,
    name: str | None = None,
    limits: dict[str, int] | None = None,
    reviewed_only: bool = False,
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
        reviewed_only: Only tasks that a reviewer accepted and none rejected, as ``finqa-gym data
            review`` wrote down beside ``path``. All companies stay.
        progress: Called with (what, done, total or None) during long work.

    Returns:
        The corpus; ``refused`` counts the records that could not be used, by reason.

    Raises:
        FileNotFoundError: The path does not exist.
        DataError: A file is broken (path, record and reason are named), no layout fits, or
            ``reviewed_only`` finds no decisions.

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
    corpus = Corpus(
        _native.Corpus.load(
            os.fsdecode(path),
            layout,
            None if tasks is None else os.fsdecode(tasks),
            name,
            limits,
            progress,
        ),
        {
            "load": {
                "path": str(Path(os.fsdecode(path)).resolve()),
                "layout": layout,
                "tasks": None if tasks is None else str(Path(os.fsdecode(tasks)).resolve()),
                "name": name,
                "limits": limits,
            }
        },
    )
    if not reviewed_only:
        return corpus
    from finqa_gym.review import accepted_task_ids, decisions_folder

    accepted = accepted_task_ids(corpus, decisions_folder(os.fsdecode(path)))
    return corpus.select(accepted, suffix="-reviewed")


def is_evaluation_split(split: str) -> bool:
    """Whether tasks of a split are there to measure with, so that they must not be trained on.

    Those are the splits whose names start with ``test``, ``eval`` or ``reason``, case ignored.

    Example:
        >>> [split for split in synthetic().splits() if is_evaluation_split(split)]
        ['eval290', 'reason79']
    """
    return _native.is_evaluation_split(arguments.text("split", split))


def synthetic(seed: int = 0, config: SynthConfig | None = None) -> Corpus:
    """The synthetic corpus: invented 10-K companies, the same bytes everywhere.

    Splits ``val``, ``eval290`` (20 companies, 290 tasks), ``reason79`` (21 companies, 79 tasks) and
    ``train``, which is endless unless ``config.train_companies`` says otherwise; the small world
    (``SynthConfig.preset("tiny")``) has them, too. Making the corpus costs nothing: a company is
    made when one of its tasks is asked for.

    Args:
        seed: Another seed makes other companies.
        config: Settings; None is ``SynthConfig()``.

    Example:
        >>> synthetic().splits()
        {'val': 1024, 'eval290': 290, 'reason79': 79, 'train': None}
    """
    seed = arguments.integer("seed", seed)
    config = SynthConfig() if config is None else config
    arguments.instance("config", config, SynthConfig, "a SynthConfig, or None")
    source = {"synthetic": {"seed": seed, "config": json.loads(config.to_json())}}
    return Corpus(_native.Corpus.synthetic(seed, config.to_json()), source)


def corpus_from_source(source: dict[str, Any]) -> Corpus:
    """Makes the corpus again whose `Corpus.source` is ``source``.

    Raises:
        FileNotFoundError: A path is not there any more.
        DataError: As for `load`; or ``source`` is of a kind that this version does not know.

    Example:
        >>> corpus = synthetic(7).take("val", 2)
        >>> corpus_from_source(corpus.source).content_hash == corpus.content_hash
        True
    """
    try:
        if "of" in source:
            of = corpus_from_source(source["of"])
            if "take" in source:
                [picks] = source["take"]
                picks = [(split, count) for split, count in picks]
                return Corpus(of._native.take(picks), source)
            indices, suffix = source["select"]
            return Corpus(of._native.select(indices, suffix), source)
        if "synthetic" in source:
            made = source["synthetic"]
            config = SynthConfig.from_json(json.dumps(made["config"]))
            return synthetic(made["seed"], config)
        return load(**source["load"])
    except (KeyError, TypeError) as error:
        msg = f"the source of a corpus cannot be read ({error!r}): {source}"
        raise DataError(msg) from error


def open_corpus(
    name: str,
    layout: str | None = None,
    *,
    tasks: str | os.PathLike[str] | None = None,
    reviewed_only: bool = False,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Corpus:
    """A corpus by the name that the command line takes.

    That is a path or ``synthetic[:SEED[:PRESET]]``, where the preset is a level from 1 to 5 or
    ``tiny``.

    Args:
        name: The name. A path that is called ``synthetic`` is reached as ``./synthetic``.
        layout: As for `load`.
        tasks: As for `load`.
        reviewed_only: As for `load`.
        progress: As for `load`.

    Raises:
        ValueError: The seed or the preset is none; a layout, a tasks file or reviews for a corpus
            that is made by code.
        FileNotFoundError: The path does not exist.
        DataError: As for `load`.

    Example:
        >>> open_corpus("synthetic:7:tiny").name
        'synthetic-tiny-v1-s7'
    """
    if name.partition(":")[0] != "synthetic":
        return load(name, layout, tasks=tasks, reviewed_only=reviewed_only, progress=progress)
    if layout is not None or tasks is not None or reviewed_only:
        msg = (
            f"corpus {name!r} is made by code: a layout, a tasks file or decisions of reviewers "
            "go with a path"
        )
        raise ValueError(msg)
    return _open_synthetic(name)


def _open_synthetic(name: str) -> Corpus:
    """The synthetic corpus called ``synthetic[:SEED[:PRESET]]``."""
    _, *parts = name.split(":")
    seed = parts[0] if parts else "0"
    preset = parts[1] if len(parts) > 1 else "3"
    if len(parts) > 2 or not seed.isdecimal():
        msg = (
            f"corpus {name!r}: behind 'synthetic:' stands a seed from 0, and behind another colon "
            "a level from 1 to 5 or 'tiny', as in 'synthetic:7:tiny'"
        )
        raise ValueError(msg)
    try:
        return synthetic(int(seed), SynthConfig.preset(preset))
    except ValueError as error:
        raise ValueError(f"corpus {name!r}: {error}") from None


# Corpora out of facts, and tasks out of corpora: a module of its own that needs this one.
from finqa_gym.filings import ingest, mine  # noqa: E402
