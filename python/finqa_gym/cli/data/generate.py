"""``finqa-gym data generate``: a synthetic corpus as files, every gold program run beforehand."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from finqa_gym.audits import CODES, AuditReport
from finqa_gym.cli.data.common import OverwriteOption, print_counts
from finqa_gym.cli.data.importing import SaveFormat
from finqa_gym.cli.screen import grid, notices, progress_bar, results, section, shorten, stages
from finqa_gym.data import Corpus, synthetic
from finqa_gym.synth import SynthConfig

__all__ = ["generate"]

PROFILES = ("rllm", "openenv")
"""Tool profiles in which every gold program must stand."""
FAILURES_SHOWN = 20


def generate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Another seed makes other companies.")
    ] = 0,
    preset: Annotated[
        str, typer.Option("--preset", help="A level from 1 to 5, or tiny; 3 mirrors real filings.")
    ] = "3",
    config: Annotated[
        Path | None,
        typer.Option("--config", help="A JSON object with fields of SynthConfig to set otherwise."),
    ] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(
            "--split",
            metavar="NAME[=COMPANIES]",
            help="A split, or its first companies; may be repeated. Default: all finite splits.",
        ),
    ] = None,
    format: Annotated[
        SaveFormat, typer.Option("--format", help="How tables and tasks are stored.")
    ] = SaveFormat.parquet,
    execute: Annotated[
        bool, typer.Option("--execute/--no-execute", help="Run every gold program beforehand.")
    ] = True,
    overwrite: OverwriteOption = False,
) -> None:
    """Make a synthetic corpus and write it, unless a gold program fails.

    Every task is checked as `data validate` does, in tool profiles rllm and openenv. Exit code 1
    and nothing written if one fails.
    """
    source = synthetic(seed, SynthConfig.preset(preset, **_changes(config)))
    picks = _picks(source, split)
    start = time.perf_counter()
    with stages() as stage:
        stage(f"making {', '.join(picks)} of {source.name}")
        corpus = source.take(picks)
    made_s = time.perf_counter() - start
    console = results()
    if execute and not _stands(console, corpus):
        notices().print(f"{out} was not written.", markup=False, style="red")
        raise typer.Exit(1)
    executed_s = time.perf_counter() - start - made_s
    corpus.save(out, format=format.value, overwrite=overwrite)
    _print(console, corpus, made_s, executed_s if execute else None)
    console.print(f"wrote {out} ({format.value})", markup=False, soft_wrap=True)


def _changes(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        changes = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: {error}; a JSON object is needed") from None
    if not isinstance(changes, dict):
        msg = f"{path}: holds {type(changes).__name__}; a JSON object is needed"
        raise ValueError(msg)  # noqa: TRY004 - the file's content is wrong, not an argument's type
    return changes


def _picks(corpus: Corpus, asked: list[str] | None) -> dict[str, int | None]:
    """Split -> number of companies, None for all."""
    if not asked:
        return {name: None for name, size in corpus.splits().items() if size is not None}
    picks: dict[str, int | None] = {}
    for text in asked:
        name, equals, number = text.partition("=")
        if equals and (not number.isdecimal() or int(number) < 1):
            raise ValueError(
                f"--split {text!r}: behind '=' stands a number of companies from 1, as in "
                f"--split {name}=200"
            )
        if name in picks:
            raise ValueError(f"--split {name} is given twice")
        corpus.known_split(name)
        if not equals and corpus.splits()[name] is None:
            raise ValueError(
                f"split {name!r} is endless: give a number of companies, as in --split {name}=200"
            )
        picks[name] = int(number) if equals else None
    return picks


def _stands(console: Console, corpus: Corpus) -> bool:
    """Whether every task passes the audit in every profile; prints what does not."""
    good = True
    for profile in PROFILES:
        with progress_bar(f"executing the gold programs, profile {profile}", len(corpus)) as bar:
            found = corpus.audit(
                tool_profile=profile,
                progress=lambda done, bar=bar: bar(done, None, None),  # type: ignore[misc]
            )
            bar(len(corpus), None, None)
        if found.num_failed:
            good = False
            _print_failures(console, found, profile)
    return good


def _print_failures(console: Console, found: AuditReport, profile: str) -> None:
    table = grid("task", "code", "what was found")
    failed = [
        (task["task_id"], finding["code"], finding["detail"])
        for task in found.to_dict()["tasks"]
        for finding in task["findings"]
        if CODES[finding["code"]][0] == "failure"
    ]
    for task_id, code, detail in failed[:FAILURES_SHOWN]:
        table.add_row(task_id, code, shorten(detail, 300))
    title = f"Profile {profile}: {found.num_failed:,} of {found.num_tasks:,} tasks fail"
    console.print(section(title, table))
    if len(failed) > FAILURES_SHOWN:
        console.print(f"… and {len(failed) - FAILURES_SHOWN:,} more findings")


def _print(console: Console, corpus: Corpus, made_s: float, executed_s: float | None) -> None:
    tables = sum(len(corpus.tables(company)) for company in corpus.companies)
    counts = Counter(task["split"] for task in corpus)
    asked = {split: len(corpus.company_names(split)) for split in counts}
    table = grid("split", ">companies", ">tasks")
    for split, number in counts.items():
        table.add_row(split, f"{asked[split]:,}", f"{number:,}")
    console.print(section(f"{corpus.name}, {corpus.content_hash[:16]}", table))
    types = Counter(task.get("question_type") or "(none)" for task in corpus)
    print_counts(console, "Tasks by type", "type", types)
    companies = len(corpus.companies)
    console.print(
        f"{companies:,} companies, {tables:,} tables, {len(corpus):,} tasks made in "
        f"{made_s:.1f} s: {companies / made_s:,.0f} companies/s, {tables / made_s:,.0f} tables/s"
    )
    if executed_s is None:
        console.print("gold programs were not run (--no-execute)")
    else:
        both = made_s + executed_s
        console.print(
            f"every gold program right in profiles {' and '.join(PROFILES)}, {executed_s:.1f} s: "
            f"{companies / both:,.0f} companies/s made and executed"
        )
