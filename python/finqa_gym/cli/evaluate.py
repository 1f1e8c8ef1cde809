"""``finqa-gym eval``: any policy on any split of any corpus."""

# No postponed annotations: typer reads them when the command is called.
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from finqa_gym.analysis import summarise
from finqa_gym.cli.comparison import print_comparison
from finqa_gym.cli.corpora import LayoutOption, ReviewedOption, open_with_progress
from finqa_gym.cli.playing import (
    AttemptsOption,
    ConcurrencyOption,
    ExtraBodyOption,
    JsonOption,
    MaxTasksOption,
    MaxTokensOption,
    MaxTurnsOption,
    ModeOption,
    ProfileOption,
    RetriesOption,
    SeedOption,
    SlotsOption,
    SplitOption,
    TemperatureOption,
    TextResultsOption,
    TimeoutOption,
    endpoint_options,
    play,
    read_key,
    say_faults,
    write_json,
)
from finqa_gym.cli.report import PriceOption, read_prices
from finqa_gym.cli.screen import grid, notices, results
from finqa_gym.data import Corpus
from finqa_gym.evaluation import Evaluation, Policy, open_policy
from finqa_gym.evaluation.compare import Comparison, compare
from finqa_gym.report import numbers
from finqa_gym.trajectories import Run, open_run
from finqa_gym.view import show_summary

__all__ = ["command"]

POLICIES_HELP = (
    "Who plays: `scripted:NAME`, the URL of an OpenAI-compatible endpoint (up to and with /v1), or "
    "a checkpoint: a folder or a Hugging Face id."
)


def command(
    policy: Annotated[str, typer.Argument(metavar="POLICY", help=POLICIES_HELP)],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="RUN",
            help="Folder of the run, which is gone on with if it is there; runs/eval-NAME if not "
            "given.",
        ),
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option(
            "--corpus",
            metavar="PATH",
            help="Corpus: a file or folder, or `synthetic[:SEED[:PRESET]]`; if not given, what a "
            "checkpoint was trained on, or `synthetic`.",
        ),
    ] = None,
    layout: LayoutOption = None,
    reviewed_only: ReviewedOption = False,
    split: SplitOption = None,
    max_tasks: MaxTasksOption = None,
    attempts: AttemptsOption = 1,
    model: Annotated[
        str | None, typer.Option("--model", help="Name of the model at an endpoint.")
    ] = None,
    api_key_env: Annotated[
        str | None,
        typer.Option(
            "--api-key-env", metavar="NAME", help="Environment variable that holds the key."
        ),
    ] = None,
    temperature: TemperatureOption = None,
    max_tokens: MaxTokensOption = None,
    concurrency: ConcurrencyOption = None,
    timeout_s: TimeoutOption = None,
    retries: RetriesOption = None,
    extra_body: ExtraBodyOption = None,
    text_results: TextResultsOption = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the policy, for the records.")
    ] = None,
    num_envs: SlotsOption = None,
    seed: SeedOption = 0,
    profile: ProfileOption = None,
    mode: ModeOption = "strict",
    max_turns: MaxTurnsOption = None,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on with a run that is in --out.")
    ] = True,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="RUN", help="Compare with this run task by task."),
    ] = None,
    price_per_million_tokens: PriceOption = None,
    as_json: JsonOption = None,
) -> None:
    """Evaluate a policy: pass@k, behaviour, failures, cost; every episode is recorded.

    The same command again plays what is missing, after Ctrl-C or a crash, too.
    """
    prices = read_prices(price_per_million_tokens)
    before = None if baseline is None else open_run(baseline)
    opened = open_policy(
        policy,
        model=model,
        api_key=read_key(api_key_env),
        seed=seed,
        name=name,
        **endpoint_options(
            temperature, max_tokens, concurrency, timeout_s, retries, extra_body, text_results
        ),
    )
    if attempts > 1 and _is_greedy(opened):
        notices().print(
            f"note: at temperature 0 the {attempts} attempts at a task are much the same; "
            "--temperature 0.7 makes them differ"
        )
    data = _corpus(opened, corpus, layout, reviewed_only=reviewed_only)
    found = play(
        opened,
        data,
        out=Path("runs") / f"eval-{_file_name(opened.name)}" if out is None else out,
        split=split,
        max_tasks=max_tasks,
        attempts=attempts,
        num_envs=num_envs,
        seed=seed,
        tool_profile=profile,
        answer_mode=mode,
        max_turns=max_turns,
        resume=resume,
        prices=prices,
    )
    comparison = None
    if before is not None:
        try:
            comparison = compare(found.run, before)
        except ValueError as error:  # what was played, perhaps for hours, is shown all the same
            notices().print(f"note: not compared: {error}", markup=False, soft_wrap=True)
            before = None
    if as_json is not None:
        told = found.to_dict()
        told["comparison"] = None if comparison is None else comparison.to_dict()
        write_json(as_json, told)
    _print(results(), found, before, comparison)
    say_faults(found)


def _corpus(policy: Policy, name: str | None, layout: str | None, *, reviewed_only: bool) -> Corpus:
    """The corpus that is asked for; else the one that a checkpoint was trained on."""
    own = getattr(policy, "corpus", None)
    if name is None and own is not None and layout is None and not reviewed_only:
        from finqa_gym.train.world import open_world_corpus

        return open_world_corpus(own)
    return open_with_progress(name or "synthetic", layout, reviewed_only=reviewed_only)


def _file_name(text: str) -> str:
    """A name for a folder: that of a model may hold slashes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-") or "policy"


def _is_greedy(policy: Policy) -> bool:
    settings: dict[str, Any] = dict(getattr(policy, "settings", {}))
    return settings.get("temperature") == 0


def _print(
    console: Console, found: Evaluation, before: Run | None, comparison: Comparison | None
) -> None:
    summary = found.summary
    if before is not None:
        summary = summarise([before, found.run], prices=found.prices)
    console.print(show_summary(summary))
    console.print(_facts(found))
    if comparison is not None:
        print_comparison(console, comparison)
    runs = " ".join(str(run.path) for run in (before, found.run) if run is not None)
    line = f"\nEvery episode, to read: finqa-gym report {runs}"
    console.print(line, markup=False, soft_wrap=True)


def _facts(found: Evaluation) -> object:
    head, usage = found.headline, found.usage
    table = grid("what", "seen")
    table.show_header = False

    def add(what: str, seen: str) -> None:
        table.add_row(what, Text(seen))

    ks = [
        f"pass@{k} {numbers.share(each.value)} % {_ends(numbers.interval(each))}".rstrip()
        for k, each in found.pass_at.items()
    ]
    add("right answers", "; ".join(ks))
    add("played now", f"{found.num_played:,} episodes in {found.seconds:,.1f} s")
    if usage.latencies:
        times = [numbers.seconds(usage.latency_s(q) * 1e3) for q in (0.5, 0.95)]
        add(
            "requests",
            f"{usage.requests:,}, of these {usage.retries:,} asked again; median {times[0]}, "
            f"95 % within {times[1]}",
        )
    add(
        "time of an episode",
        f"median {numbers.seconds(head.duration_ms[0])}, 95 % within "
        f"{numbers.seconds(head.duration_ms[1])}",
    )
    if found.cost == found.cost:
        right = numbers.amount(head.cost_per_right, 5)
        add(
            "cost",
            f"{numbers.amount(found.cost, 4)} in all, {numbers.amount(head.cost, 5)} an episode, "
            f"{right} a right answer",
        )
    elif found.prices is not None:
        add("cost", "not known: no tokens were recorded")
    return table


def _ends(text: str) -> str:
    return f"({text})" if text else ""
