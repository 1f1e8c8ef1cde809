"""``finqa-gym score``: somebody else's logs, scored."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from finqa_gym.cli.behaviour import print_checks, print_failures, print_verdict
from finqa_gym.cli.corpora import open_with_progress
from finqa_gym.cli.screen import grid, notices, progress_bar, results
from finqa_gym.logs.map_file import load_map
from finqa_gym.logs.mapping import LogMap
from finqa_gym.logs.reading import log_files
from finqa_gym.logs.score import score_logs
from finqa_gym.logs.summary import LogSummary
from finqa_gym.logs.survey import propose_map, survey_logs

__all__ = ["score"]


def score(
    logs: Annotated[
        list[Path],
        typer.Argument(
            metavar="LOGS...",
            help="Files or folders: JSON Lines, JSON or Parquet.",
            show_default=False,
        ),
    ],
    corpus: Annotated[
        str | None,
        typer.Option(
            "--corpus",
            metavar="PATH",
            help="The tasks behind the logs: a file or folder, or `synthetic[:SEED[:PRESET]]`.",
        ),
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(
            "--map", metavar="FILE", help="How tools and fields are called: YAML or JSON."
        ),
    ] = None,
    print_map: Annotated[
        bool, typer.Option("--print-map", help="Print a map that would fit, and score nothing.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="RUN", help="Write every episode to this folder, a run."),
    ] = None,
    policy: Annotated[
        str | None, typer.Option("--name", metavar="MODEL", help="Name of the model.")
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode", help="Answer rules: strict or openenv; overrules what the log says."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score logs of other agents: behaviour, failure classes, what training could fix."""
    if mode not in (None, "strict", "openenv"):
        raise ValueError(f'--mode is {mode!r}; it must be "strict" or "openenv"')
    mapped = LogMap() if names is None else load_map(names)
    console = results()
    if print_map:
        survey = survey_logs(log_files(logs), mapped)
        if not survey.num_records:
            raise ValueError(f"{', '.join(map(str, logs))}: no record holds a conversation")
        console.print(propose_map(survey, mapped), markup=False, soft_wrap=True, end="")
        return
    opened = None if corpus is None else open_with_progress(corpus)
    with progress_bar("scoring", None) as advance:
        report: Callable[[int], None] = lambda done: advance(done, None, f"scored {done:,}")  # noqa: E731
        summary = score_logs(
            logs, corpus=opened, names=mapped, out=out, policy=policy,
            mode=mode,  # type: ignore[arg-type]  # checked above
            progress=report,
        )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(summary.to_dict(), ensure_ascii=False, indent=2))
        return
    _print(console, summary, has_corpus=opened is not None)


def _print(console: Console, summary: LogSummary, *, has_corpus: bool) -> None:
    _print_facts(console, summary, has_corpus=has_corpus)
    print_checks(console, summary.checks, summary.num_episodes)
    print_failures(console, summary.failures, summary.examples)
    if summary.num_unknown:
        print_failures(console, summary.shown, {}, "What the episodes show, right or wrong")
    if summary.num_wrong:
        remark = f"{summary.not_listed:,} of these episodes did not list the tables first."
        print_verdict(console, summary.failures, remark)
    if summary.run is not None:
        console.print(f"\nEvery episode, to read: finqa-gym report {summary.run}", markup=False)
    _warn(notices(), summary, has_corpus=has_corpus)


def _print_facts(console: Console, summary: LogSummary, *, has_corpus: bool) -> None:
    table = grid("what", "seen")
    table.show_header = False

    def add(what: str, seen: str) -> None:
        table.add_row(what, Text(seen))  # names of files and models are no markup

    add("files", ", ".join(summary.files[:4]) + (" …" if len(summary.files) > 4 else ""))
    add("episodes", f"{summary.num_episodes:,}; recognised as {_counted(summary.forms)}")
    if summary.num_bad:
        add("records not used", f"{summary.num_bad:,}")
    add("models", _counted(summary.policies))
    if has_corpus:
        add(
            "tasks of the corpus",
            f"{summary.num_matched:,} episodes matched ({_counted(summary.matched_by)})",
        )
    judged = summary.num_correct + summary.num_wrong
    share = f"{summary.num_correct / judged * 100:.1f} %" if judged else "-"
    add("right answers", f"{share} ({summary.num_correct:,} of {judged:,} judged)")
    add("judged by", _counted(summary.judged_by) or "nothing")
    add("no answer handed in", f"{summary.num_unanswered:,}")
    if summary.num_unknown:
        add("outcome not known", f"{summary.num_unknown:,}")
    console.print(table)


def _counted(counts: Counter[str]) -> str:
    told = [f"{name or '(no name)'} {count:,}" for name, count in counts.most_common(5)]
    return ", ".join(told) + (f", {len(counts) - 5} more" if len(counts) > 5 else "")


def _warn(console: Console, summary: LogSummary, *, has_corpus: bool) -> None:
    """What could not be judged or seems wrong, and what to do about it."""

    def say(text: str) -> None:
        console.print(f"note: {text}", markup=False, soft_wrap=True)

    if summary.num_bad:
        say(f"{summary.num_bad:,} records could not be used: {'; '.join(summary.bad[:3])}")
    if summary.strange_tools:
        say(
            f"tools that no kind is known for: {_counted(summary.strange_tools)}; they count as "
            "other tools. finqa-gym score --print-map LOGS proposes a map"
        )
    if summary.num_unanswered == summary.num_episodes:
        say(
            "no episode hands in an answer: name the tool (tools.submit_answer) or the pattern "
            "(answer.patterns) in a map"
        )
    if summary.num_whole_message:
        say(
            f"{summary.num_whole_message:,} answers are a whole last message, since no pattern for "
            "an answer fits; answer.patterns in a map would cut it out"
        )
    if summary.num_unknown:
        say(
            f"{summary.num_unknown:,} answers cannot be judged: no reward, verdict or expected "
            "answer in the log"
            + ("" if has_corpus else "; --corpus judges them by the tasks behind them")
        )
    if has_corpus and summary.num_matched < summary.num_episodes:
        missing = summary.num_episodes - summary.num_matched
        say(
            f"{missing:,} episodes belong to no task of the corpus by id or question, for example "
            f"{', '.join(summary.unmatched[:3])}; checks that need the gold program are left out"
        )
    if summary.strange_tables:
        say(f"tables that the corpus does not hold: {_counted(summary.strange_tables)}")
    if summary.num_disagreements:
        say(
            f"{summary.num_disagreements:,} outcomes in the log differ from this project's rules; "
            "--mode strict judges by these"
        )
    if summary.num_calls_without_output:
        say(
            f"{summary.num_calls_without_output:,} calls have no output in the log; they count as "
            "successful"
        )
