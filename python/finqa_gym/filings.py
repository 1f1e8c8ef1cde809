"""Facts of filings made into a corpus, and tasks mined from one.

The names are reached as ``finqa_gym.data.ingest`` and ``finqa_gym.data.mine``. Both need a build
with DataFusion (``finqa_gym.build_info()["features"]``): the released wheels, or ``make build
FEATURES=datafusion``. `write_facts_sample` needs nothing.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from finqa_gym import _native, arguments, data
from finqa_gym.audits import CODES

__all__ = [
    "FactsSample",
    "IngestProgress",
    "IngestReport",
    "MineReport",
    "Mined",
    "ingest",
    "mine",
    "mined_kinds",
    "parse_bytes",
    "write_facts_sample",
]

DEFAULT_MEMORY_LIMIT = "512MiB"
_BYTES = re.compile(r"\s*(\d+)\s*(|B|KB|MB|GB|KiB|MiB|GiB)\s*", re.IGNORECASE)
_POWERS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}

PathLike = str | os.PathLike[str]


class FactsSample(NamedTuple):
    """How much `write_facts_sample` wrote.

    Attributes:
        companies: Companies.
        filings: Rows of ``sub.tsv``.
        facts: Rows of ``num.tsv``.
        presented: Rows of ``pre.tsv``.
        tags: Rows of ``tag.tsv``.
    """

    companies: int
    filings: int
    facts: int
    presented: int
    tags: int


class IngestProgress(NamedTuple):
    """How far an ingest has come.

    Attributes:
        rows: Rows of facts read.
        companies: Companies written.
        companies_total: Companies in the filings; 0 while that is not known.
        elapsed_s: Seconds since the start.
    """

    rows: int
    companies: int
    companies_total: int
    elapsed_s: float


class IngestReport(NamedTuple):
    """What became of every row of facts.

    ``rows == used + duplicates + restated + conflicts["count"]`` + all of ``left_out`` + the counts
    of ``bad_rows``.

    Attributes:
        layout: "sec" or "plain".
        files: Files of facts.
        filings: Filings.
        rows: Rows of facts read.
        used: Rows whose value stands in the corpus.
        duplicates: Rows that state what another one states, too.
        restated: Rows whose value a later filing changed.
        restatements: The first of them: company, tag, period, earlier, latest, filing.
        conflicts: Rows that contradict another one of the same filing, which stands: ``count`` and
            ``examples``, each ``at`` (file and line) and ``detail``.
        left_out: Reason -> rows that were not asked for or have no place in a table.
        bad_rows: Reason -> ``count`` and ``examples`` of rows that cannot be read.
        bad_filings: ``count`` and ``examples`` of filings that cannot be read.
        bad_presentation: The same of rows that say where a statement shows a fact.
        companies: Companies written.
        companies_without_tables: Companies of which no fact was kept; they are not written.
        tables: Tables.
        cells: Cells with a value.
        content_hash: Content hash of the corpus.
        seconds: Time in all.
        peak_reserved_bytes: Most memory that the engine held at once.
        spilled_bytes: Bytes of sorted runs written to disk.
    """

    layout: str
    files: int
    filings: int
    rows: int
    used: int
    duplicates: int
    restated: int
    restatements: list[dict[str, str]]
    conflicts: dict[str, Any]
    left_out: dict[str, int]
    bad_rows: dict[str, dict[str, Any]]
    bad_filings: dict[str, Any]
    bad_presentation: dict[str, Any]
    companies: int
    companies_without_tables: int
    tables: int
    cells: int
    content_hash: str
    seconds: float
    peak_reserved_bytes: int
    spilled_bytes: int

    @property
    def accounted(self) -> int:
        """Rows whose fate is known: equal to ``rows``."""
        bad = sum(tally["count"] for tally in self.bad_rows.values())
        kept: int = self.used + self.duplicates + self.restated + self.conflicts["count"]
        return int(kept + sum(self.left_out.values()) + bad)


class MineReport(NamedTuple):
    """What was mined, and what was not and why.

    Attributes:
        tasks: Tasks.
        companies: Companies of the corpus.
        companies_covered: Companies with a task.
        tables: Tables of the corpus.
        tables_usable: Tables whose columns are periods: only those are mined.
        tables_covered: Tables that a gold program asks.
        labels: Different row labels of usable tables.
        labels_covered: Different row labels that a task is about.
        kinds: Kind -> ``candidates``, ``tasks``, ``dropped`` (reason -> candidates; of the audit
            ``failed_audit``), ``not_needed`` (not tried, since the company had enough).
        question_types: Question type -> tasks.
        failed_audit: Code of the audit -> tasks that it failed and that were dropped.
        seconds: Time of the search, without the audit.
    """

    tasks: int
    companies: int
    companies_covered: int
    tables: int
    tables_usable: int
    tables_covered: int
    labels: int
    labels_covered: int
    kinds: dict[str, dict[str, Any]]
    question_types: dict[str, int]
    failed_audit: dict[str, int]
    seconds: float


class Mined(NamedTuple):
    """A corpus with mined tasks.

    Attributes:
        corpus: The companies of the source and the tasks; a task of the source is not in it.
        report: What was mined.
    """

    corpus: data.Corpus
    report: MineReport


def parse_bytes(text: str | int) -> int:
    """A number of bytes from "512MiB", "2GB" or a plain number.

    Raises:
        ValueError: The text says no number of bytes.

    Example:
        >>> parse_bytes("512MiB"), parse_bytes(1000)
        (536870912, 1000)
    """
    if isinstance(text, int):
        return arguments.integer("memory_limit", text, least=1)
    match = _BYTES.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no number of bytes; it is written like 512MiB, 2GB or 1000")
    return int(match[1]) * _POWERS[match[2].lower()]


def write_facts_sample(
    path: PathLike,
    num_facts: int = 3_000_000,
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> FactsSample:
    """Writes invented facts in the layout of the SEC's financial statement data sets.

    The folder gets ``sub.tsv``, ``num.tsv``, ``pre.tsv`` and ``tag.tsv``. Balance sheets and income
    statements add up; years are stated by several filings, some amended and restated; some values
    are missing. The same arguments give the same bytes.

    Args:
        path: A new folder; it appears as a whole or not at all.
        num_facts: Rows of ``num.tsv`` that there are at least; companies are written whole.
        seed: Another seed, other companies.
        progress: Called with (facts written, facts wanted) now and then.

    Raises:
        DataError: There is something at ``path``.

    Example:
        >>> import tempfile
        >>> sample = write_facts_sample(tempfile.mkdtemp() + "/facts", 1000)
        >>> sample.facts >= 1000
        True
    """
    written = _native.write_facts_sample(
        os.fspath(path),
        arguments.integer("num_facts", num_facts, least=1),
        arguments.integer("seed", seed),
        progress,
    )
    return FactsSample(**written)


def ingest(
    facts: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    columns: Mapping[str, str] | PathLike | None = None,
    companies: Iterable[str] = (),
    forms: Iterable[str] = (),
    min_year: int | None = None,
    quarters: bool = True,
    memory_limit: str | int = DEFAULT_MEMORY_LIMIT,
    name: str | None = None,
    overwrite: bool = False,
    max_examples: int = 5,
    progress: Callable[[IngestProgress], None] | None = None,
) -> IngestReport:
    """Makes a corpus of facts, one row each, company by company within a memory limit.

    Of every fact the latest filing's value stands. Tables follow the statements where the data say
    which shows what, else families of tags; rows are line items, columns fiscal years (and quarters
    in tables of their own), cells what a filing would print. docs/guides/filings.md says more.

    Args:
        facts: A folder in the SEC's layout (``sub`` and ``num``, and ``pre`` and ``tag`` where they
            are), or several; with ``columns``, files or folders with one row a fact. Files end in
            .tsv, .txt, .csv, .jsonl or .parquet.
        out: The folder of the corpus; it appears as a whole or not at all.
        columns: For facts in another layout: role -> name of the column, or a JSON file of it. The
            roles ``company``, ``tag``, ``period`` and ``value`` are needed.
        companies: Only these, by name as in the corpus or by CIK.
        forms: Only filings of these forms ("10-K"); their amendments are among them.
        min_year: Only fiscal years from this one.
        quarters: Make tables of quarters, too.
        memory_limit: Most memory, from 128MiB; what does not fit is sorted on disk beside ``out``.
        name: Name of the corpus; None takes the folder's.
        overwrite: Replace a corpus at ``out``.
        max_examples: Examples kept of each kind of bad row.
        progress: Called with an `IngestProgress` ten times a second. Ctrl-C, or an exception of it,
            ends the ingest and leaves nothing behind.

    Raises:
        FeatureNotBuiltError: This build has no DataFusion.
        FileNotFoundError: There is no such file or folder.
        DataError: A file lacks a column or is broken as a whole, or ``out`` holds something.
        NotFoundError: No filing is of a company that was asked for.
        MemoryError: ``memory_limit`` is not enough even with sorting on disk.
        ValueError: A setting is wrong, or no fact is left.
    """
    sources = [facts] if isinstance(facts, str | os.PathLike) else list(facts)
    if columns is not None and not isinstance(columns, Mapping):
        columns = _columns_from(Path(columns))
    options = {
        "companies": _texts("companies", companies),
        "forms": _texts("forms", forms),
        "min_year": None if min_year is None else arguments.integer("min_year", min_year),
        "quarters": quarters,
        "memory_bytes": parse_bytes(memory_limit),
        "columns": None if columns is None else dict(columns),
        "name": name,
        "overwrite": overwrite,
        "max_examples": arguments.integer("max_examples", max_examples),
    }
    call = None
    if progress is not None:
        told = progress

        def call(rows: int, companies: int, total: int, elapsed_s: float) -> None:
            told(IngestProgress(rows, companies, total, elapsed_s))

    report = _native.ingest_facts(
        [os.fspath(path) for path in sources], os.fspath(out), json.dumps(options), call
    )
    return IngestReport(**json.loads(report))


def mine(
    corpus: data.Corpus,
    *,
    per_company: int = 10,
    kinds: Iterable[str] = (),
    seed: int = 0,
    split: str = "train",
    audit: bool = True,
    memory_limit: str | int = DEFAULT_MEMORY_LIMIT,
    name: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Mined:
    """Mines tasks from tables whose columns are years or quarters.

    Candidates are found by SQL over all cells; each task has a gold program, an exact truth and the
    answers that known mistakes lead to, and is dropped if one of those would be accepted. With
    ``audit``, every task is then checked as ``finqa-gym data validate`` does, and what fails is
    dropped and counted.

    Args:
        corpus: The tables; must be in memory (`Corpus.take` a part of an endless one).
        per_company: At most so many tasks of a company.
        kinds: Only these of `mined_kinds`.
        seed: Another seed, another choice.
        split: Split of the tasks.
        audit: Play every gold program through the engine, and check the wrong answers again.
        memory_limit: Most memory of the search.
        name: Name of the new corpus; None appends "-mined" to the source's.
        progress: Called with (tasks audited, tasks).

    Raises:
        FeatureNotBuiltError: This build has no DataFusion.
        ValueError: A kind does not exist, or the corpus is made on demand.
        MemoryError: ``memory_limit`` is not enough.
    """
    options = {
        "per_company": arguments.integer("per_company", per_company, least=1, below=2**32),
        "kinds": _texts("kinds", kinds),
        "seed": arguments.integer("seed", seed),
        "split": arguments.text("split", split),
        "memory_bytes": parse_bytes(memory_limit),
    }
    name = f"{corpus.name}-mined" if name is None else name
    native, text = _native.mine_tasks(corpus._native, json.dumps(options), name)
    mined = data.Corpus(native)
    report = MineReport(**json.loads(text), failed_audit={})
    if not audit or not len(mined):
        return Mined(mined, report)
    total = len(mined)
    told = progress
    found = mined.audit(progress=None if told is None else lambda done: told(done, total))
    codes = [
        [f["code"] for f in task["findings"] if CODES[f["code"]][0] == "failure"]
        for task in found.to_dict()["tasks"]
    ]
    good = [place for place, failures in enumerate(codes) if not failures]
    if len(good) == total:
        return Mined(mined, report)
    failed = Counter(failures[0] for failures in codes if failures)
    kept = mined.select(good, suffix="")
    return Mined(kept, _counted_again(report, mined, kept)._replace(failed_audit=dict(failed)))


def _counted_again(report: MineReport, mined: data.Corpus, kept: data.Corpus) -> MineReport:
    """What the engine counted of all tasks in ``mined``, of those that were kept."""
    types = Counter(task.get("question_type", "") for task in kept)
    before, after = (Counter(map(_kind, corpus)) for corpus in (mined, kept))
    kinds = {
        kind: counts | {"dropped": dict(counts["dropped"])} for kind, counts in report.kinds.items()
    }
    for kind, count in (before - after).items():
        kinds[kind]["tasks"] -= count
        kinds[kind]["dropped"]["failed_audit"] = count
    queries = [
        (q["company"], q["table"], q["sql"]) for task in kept for q in task["gold"]["queries"]
    ]
    labels = set()
    for company in {company for company, _, _ in queries}:
        tables = {table["name"]: table for table in kept.tables(company)}
        for _, table, sql in (query for query in queries if query[0] == company):
            texts = (row[0] for row in tables[table]["rows"] if isinstance(row[0], str))
            labels |= {text.lower() for text in texts if _literal(text) in sql}
    return report._replace(
        tasks=len(kept),
        companies_covered=len({name for task in kept for name in task["companies"]}),
        tables_covered=len({query[:2] for query in queries}),
        labels_covered=len(labels),
        kinds=kinds,
        question_types=dict(sorted(types.items())),
    )


def _kind(task: dict[str, Any]) -> str:
    """Kind of a mined task, which its id names: ``mined-net_change-…``."""
    return str(task["id"].split("-")[1])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def mined_kinds() -> list[str]:
    """Kinds of tasks that `mine` knows.

    Raises:
        FeatureNotBuiltError: This build has no DataFusion.
    """
    return _native.task_kinds()


def _texts(name: str, values: Iterable[str]) -> list[str]:
    if isinstance(values, str):
        raise TypeError(f"{name} is the text {values!r}; it must be a list of texts")
    return [arguments.text(name, value) for value in values]


def _columns_from(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: {error}; a JSON object of role and column is needed") from None
    if not isinstance(found, dict):
        msg = f"{path}: holds {type(found).__name__}; a JSON object of role and column is needed"
        raise ValueError(msg)  # noqa: TRY004 - the file's content is wrong, not an argument's type
    return found
