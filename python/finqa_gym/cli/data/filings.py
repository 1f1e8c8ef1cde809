"""``finqa-gym data facts-sample``, ``ingest`` and ``mine``: from facts of filings to tasks."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from finqa_gym import filings
from finqa_gym.cli.corpora import LayoutOption, open_with_progress
from finqa_gym.cli.data.common import OverwriteOption, PathArgument, plain, print_counts
from finqa_gym.cli.screen import grid, progress_bar, results, section, shorten

__all__ = ["facts_sample", "ingest", "mine"]

MemoryOption = Annotated[
    str, typer.Option("--memory-limit", metavar="SIZE", help="Most memory, as in 512MiB or 2GB.")
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the report as JSON.")
]


def facts_sample(
    out: Annotated[Path, typer.Option("--out", help="The new folder.")],
    rows: Annotated[
        int, typer.Option("--rows", min=1, help="Facts there are at least; companies are whole.")
    ] = 3_000_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other companies.")] = 0,
) -> None:
    """Write invented facts in the layout of the SEC's financial statement data sets."""
    start = time.perf_counter()
    with progress_bar("writing facts", rows) as advance:
        written = filings.write_facts_sample(
            out, rows, seed=seed, progress=lambda done, total: advance(done, total, None)
        )
    seconds = time.perf_counter() - start
    size = sum(file.stat().st_size for file in out.iterdir())
    console = results()
    for name, count in zip(written._fields, written, strict=True):
        console.print(f"{name:16} {count:,}")
    console.print(
        f"wrote {out} ({size / 1e6:,.0f} MB) in {seconds:.1f} s: "
        f"{written.facts / seconds:,.0f} facts/s",
        markup=False,
        soft_wrap=True,
    )


def ingest(
    facts: Annotated[
        list[Path],
        typer.Argument(
            metavar="FACTS...",
            help="Folders in the SEC's layout; with --columns, files with one row a fact.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder of the corpus.")],
    columns: Annotated[
        Path | None,
        typer.Option(
            "--columns",
            metavar="FILE",
            help='Facts in another layout: a JSON object of role and column, {"company": …}.',
        ),
    ] = None,
    company: Annotated[
        list[str] | None,
        typer.Option("--company", help="Only this company: name or CIK; may be repeated."),
    ] = None,
    forms: Annotated[
        list[str] | None,
        typer.Option("--forms", help="Only filings of this form and its amendments; repeatable."),
    ] = None,
    min_year: Annotated[
        int | None, typer.Option("--min-year", help="Only fiscal years from this one.")
    ] = None,
    quarters: Annotated[
        bool, typer.Option("--quarters/--no-quarters", help="Make tables of quarters, too.")
    ] = True,
    memory_limit: MemoryOption = filings.DEFAULT_MEMORY_LIMIT,
    report: ReportOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Make a corpus of facts of filings, within a memory limit.

    Every row that was read is accounted for; Ctrl-C leaves nothing half written.
    """
    with progress_bar("reading facts", None) as advance:

        def show(seen: filings.IngestProgress) -> None:
            # Rows first; once the sort gives companies, those.
            if seen.companies:
                advance(seen.companies, seen.companies_total, "writing companies")
            else:
                advance(seen.rows, None, "reading facts")

        done = filings.ingest(
            facts,
            out,
            columns=columns,
            companies=company or (),
            forms=forms or (),
            min_year=min_year,
            quarters=quarters,
            memory_limit=memory_limit,
            overwrite=overwrite,
            progress=show,
        )
    if report is not None:
        report.write_text(json.dumps(done._asdict(), indent=2) + "\n", encoding="utf-8")
    _print_ingest(results(), done, out)


def _print_ingest(console: Console, done: filings.IngestReport, out: Path) -> None:
    table = grid("what became of a row", ">rows", "the first of them")
    table.add_row("in the corpus", f"{done.used:,}", "")
    table.add_row("stated again", f"{done.duplicates:,}", "")
    table.add_row("restated later", f"{done.restated:,}", plain(_restated(done.restatements)))
    rows = [("conflict", done.conflicts), *sorted(done.bad_rows.items())]
    for reason, tally in rows:
        table.add_row(reason, f"{tally['count']:,}", plain(_examples(tally)))
    for reason, count in sorted(done.left_out.items(), key=lambda item: -item[1]):
        table.add_row(f"left out: {reason}", f"{count:,}", "")
    console.print(section(f"{done.rows:,} rows of {done.filings:,} filings", table))
    for what, tally in (("filings", done.bad_filings), ("presentation", done.bad_presentation)):
        if tally["count"]:
            console.print(f"{what} unreadable: {tally['count']:,}")
            console.print(_examples(tally), markup=False)
    console.print(
        f"{done.companies:,} companies ({done.companies_without_tables:,} without tables), "
        f"{done.tables:,} tables, {done.cells:,} cells"
    )
    console.print(
        f"wrote {out} in {done.seconds:.1f} s: {done.rows / done.seconds:,.0f} rows/s; "
        f"engine held {done.peak_reserved_bytes / 2**20:,.0f} MiB at most, "
        f"sorted {done.spilled_bytes / 2**20:,.0f} MiB on disk",
        markup=False,
        soft_wrap=True,
    )


def _restated(restatements: list[dict[str, str]]) -> str:
    return "\n".join(
        shorten(f"{r['company']} {r['tag']} {r['period']}: {r['earlier']} -> {r['latest']}", 120)
        for r in restatements[:2]
    )


def _examples(tally: dict[str, Any]) -> str:
    return "\n".join(shorten(f"{e['at']}: {e['detail']}", 120) for e in tally["examples"][:2])


def mine(
    path: PathArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the corpus with the tasks goes.")
    ] = None,
    per_company: Annotated[
        int, typer.Option("--per-company", min=1, help="At most so many tasks of a company.")
    ] = 10,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only tasks of this kind; may be repeated.")
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Split of the tasks.")] = "train",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, another choice.")] = 0,
    audit: Annotated[
        bool, typer.Option("--audit/--no-audit", help="Run every gold program, drop what fails.")
    ] = True,
    memory_limit: MemoryOption = filings.DEFAULT_MEMORY_LIMIT,
    layout: LayoutOption = None,
    report: ReportOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Mine verified tasks from tables whose columns are years or quarters.

    Without --out nothing is written: the report says what could be mined.
    """
    corpus = open_with_progress(path, layout)
    with progress_bar("mining", None) as advance:
        done = filings.mine(
            corpus,
            per_company=per_company,
            kinds=kind or (),
            seed=seed,
            split=split,
            audit=audit,
            memory_limit=memory_limit,
            progress=lambda n, total: advance(n, total, "auditing"),
        )
    if report is not None:
        report.write_text(json.dumps(done.report._asdict(), indent=2) + "\n", encoding="utf-8")
    console = results()
    _print_mined(console, done)
    if out is None:
        console.print("nothing was written (--out FOLDER writes the corpus)")
        return
    done.corpus.save(out, overwrite=overwrite)
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


def _print_mined(console: Console, done: filings.Mined) -> None:
    report = done.report
    table = grid("kind", ">candidates", ">tasks", ">not needed", "dropped")
    for kind, counts in report.kinds.items():
        dropped = ", ".join(f"{why} {n:,}" for why, n in sorted(counts["dropped"].items()))
        table.add_row(
            kind,
            f"{counts['candidates']:,}",
            f"{counts['tasks']:,}",
            f"{counts['not_needed']:,}",
            dropped,
        )
    console.print(section("Candidates", table))
    for code, count in report.failed_audit.items():
        console.print(f"dropped by the audit: {code} {count:,}")
    print_counts(console, "Tasks by type", "type", Counter(report.question_types))
    console.print(
        f"{report.tasks:,} tasks; {report.companies_covered:,} of {report.companies:,} companies, "
        f"{report.tables_covered:,} of {report.tables:,} tables ({report.tables_usable:,} usable), "
        f"{report.labels_covered:,} of {report.labels:,} row labels; searched in "
        f"{report.seconds:.1f} s"
    )
