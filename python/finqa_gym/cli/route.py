"""``finqa-gym route``: a small model answers, what looks doubtful goes to a bigger one."""

# No postponed annotations: typer reads them when the command is called.
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

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
from finqa_gym.cli.screen import grid, notices, results, section
from finqa_gym.data import Corpus, corpus_from_source
from finqa_gym.evaluation import Policy, open_policy
from finqa_gym.evaluation.route import Point, Routing, hard_tasks, route
from finqa_gym.evaluation.signals import SIGNALS, checked_weights, read_signals
from finqa_gym.report import numbers
from finqa_gym.trajectories import Run, open_run

__all__ = ["command"]

WHO_HELP = "a folder of a run that `finqa-gym eval` recorded, or a policy as `eval` takes it"


def command(
    small: Annotated[str, typer.Argument(metavar="SMALL", help=f"The small model: {WHO_HELP}.")],
    big: Annotated[str, typer.Argument(metavar="BIG", help="The big model: the same.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where what is played is recorded: DIR/small and DIR/big. Gone on with if there.",
        ),
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option(
            "--corpus",
            metavar="PATH",
            help="Corpus: a file or folder, or `synthetic[:SEED[:PRESET]]`; if not given, that of "
            "SMALL if it is a run, or `synthetic`.",
        ),
    ] = None,
    layout: LayoutOption = None,
    reviewed_only: ReviewedOption = False,
    split: SplitOption = None,
    max_tasks: MaxTasksOption = None,
    attempts: AttemptsOption = 1,
    lazy: Annotated[
        bool,
        typer.Option("--lazy", help="Play the big model on tasks from --threshold on only."),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0, help="Least score of tasks that --lazy sends on; 1."),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option("--weight", metavar="SIGNAL=W", help="Weight of a signal; 1 if not given."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="The small model's name at its endpoint.")
    ] = None,
    big_model: Annotated[
        str | None, typer.Option("--big-model", help="The big model's name at its endpoint.")
    ] = None,
    api_key_env: Annotated[
        str | None,
        typer.Option(
            "--api-key-env", metavar="NAME", help="Environment variable with the small one's key."
        ),
    ] = None,
    big_api_key_env: Annotated[
        str | None,
        typer.Option(
            "--big-api-key-env", metavar="NAME", help="Environment variable with the big one's key."
        ),
    ] = None,
    price_per_million_tokens: PriceOption = None,
    big_price_per_million_tokens: Annotated[
        str | None,
        typer.Option(
            "--big-price-per-million-tokens", metavar="IN,OUT", help="The same of the big model."
        ),
    ] = None,
    temperature: TemperatureOption = None,
    max_tokens: MaxTokensOption = None,
    concurrency: ConcurrencyOption = None,
    timeout_s: TimeoutOption = None,
    retries: RetriesOption = None,
    extra_body: ExtraBodyOption = None,
    text_results: TextResultsOption = None,
    seed: SeedOption = 0,
    profile: ProfileOption = None,
    mode: ModeOption = "strict",
    max_turns: MaxTurnsOption = None,
    as_json: JsonOption = None,
) -> None:
    """Find out what a cascade gains: accuracy and cost for every threshold.

    The small model answers. What its own work shows (no schema read, an error not recovered from, a
    number that no result holds, attempts that disagree, …) decides what goes to the big one.
    """
    prices = read_prices(price_per_million_tokens)
    big_prices = read_prices(big_price_per_million_tokens)
    weights = _weights(weight or [])
    if threshold is not None and not lazy:
        raise ValueError("--threshold goes with --lazy; without it every threshold is shown")
    floor = (1.0 if threshold is None else threshold) if lazy else None
    given = endpoint_options(
        temperature, max_tokens, concurrency, timeout_s, retries, extra_body, text_results
    )

    def opened(which: str, who: str, name: str | None, key: str | None) -> Run | Policy:
        if (Path(who) / "run.json").is_file():
            return open_run(who)
        if out is None:
            raise ValueError(
                f"{which} {who!r} is to be played: --out DIR says where it is recorded"
            )
        known = [option for option in given if _takes(who, option)]
        own = {option: given[option] for option in known}
        return open_policy(who, model=name, api_key=read_key(key), seed=seed, **own)

    def played(which: str, player: Run | Policy, **tasks: Any) -> Run:
        if isinstance(player, Run):
            return player
        assert out is not None
        found = play(
            player, data, out=out / which, seed=seed, tool_profile=profile, answer_mode=mode,
            max_turns=max_turns, **tasks,
        )  # fmt: skip
        say_faults(found)
        return found.run

    # Both before anything is played: a key that is missing shows now, not in an hour.
    small_player = opened("small", small, model, api_key_env)
    big_player = opened("big", big, big_model, big_api_key_env)
    if not (isinstance(small_player, Run) and isinstance(big_player, Run)):
        data = _corpus(corpus, layout, small_player, reviewed_only=reviewed_only)
    first = played("small", small_player, attempts=attempts, split=split, max_tasks=max_tasks)
    chosen = list(dict.fromkeys(first.columns(["task_id"])["task_id"]))
    if floor is not None:
        chosen = hard_tasks(read_signals(first), floor, weights)
        if not chosen:
            results().print(f"No task has a score of {floor:g} or more: nothing is sent on.")
            return
    second = played("big", big_player, tasks=chosen)
    found = route(
        first, second, weights=weights, small_prices=prices, big_prices=big_prices, floor=floor
    )
    if as_json is not None:
        write_json(as_json, {"small": str(first.path), "big": str(second.path), **found.to_dict()})
    _print(results(), found, first, second)


def _takes(who: str, option: str) -> bool:
    """Whether a policy has an option; the same ones are given to both."""
    if who.startswith(("http://", "https://")):
        return True
    return option in ("temperature", "max_tokens") and not who.startswith("scripted:")


def _corpus(
    name: str | None, layout: str | None, small: Run | Policy, *, reviewed_only: bool
) -> Corpus:
    """The corpus that is asked for; else that of the small model's run."""
    if name is None and isinstance(small, Run):
        source = (small.info.get("corpus") or {}).get("source")
        if source is not None:
            return corpus_from_source(source)
    return open_with_progress(name or "synthetic", layout, reviewed_only=reviewed_only)


def _weights(given: list[str]) -> dict[str, float]:
    weights = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            weights[name] = float(value)
        except ValueError:
            raise ValueError(f"--weight is {text!r}; SIGNAL=NUMBER is needed") from None
    return checked_weights(weights)


def _print(console: Console, found: Routing, first: Run, second: Run) -> None:
    small, big = _labels(first, second)
    table = grid(" ", "answers", ">sent on", ">right", ">95 % interval", ">cost a task")
    for point in found.points:
        style = "" if point.is_efficient else "dim"
        table.add_row(
            "*" if point.is_efficient else "",
            Text(_who(point, small, big)),
            f"{numbers.share(point.share)} %",
            f"{numbers.share(point.accuracy.value)} %",
            numbers.interval(point.accuracy),
            numbers.amount(point.cost, 6),
            style=style,
        )
    knows_cost = all(math.isfinite(point.cost) for point in found.points)
    remarks = [
        "* no other line is as accurate for less, or more accurate for as much"
        + ("." if knows_cost else "; what is sent on stands for costs, which are not known."),
    ]
    if found.attempts > 1:
        remarks.append(
            f"Of up to {found.attempts} attempts of {small} the answer of most counts; all "
            "are paid for."
        )
    title = f"{small}, then {big}: {found.num_tasks:,} tasks"
    console.print(section(title, table, *remarks))
    signals = grid("signal", ">tasks", ">right with it", ">without it", "what it says")
    for row in found.signals:
        signals.add_row(
            row.name,
            f"{numbers.share(row.share)} %",
            f"{numbers.share(row.right_with)} %",
            f"{numbers.share(row.right_without)} %",
            SIGNALS[row.name],
        )
    if found.signals:
        console.print(section(f"What the work of {small} shows", signals))
    if found.num_left_out:
        notices().print(
            f"note: {found.num_left_out:,} tasks are left out: only one of the two has a graded "
            "episode of them"
        )


def _labels(small: Run, big: Run) -> tuple[str, str]:
    """Who played; names of the runs where that does not tell them apart."""
    policies = [run.info.get("policy") or run.name for run in (small, big)]
    if policies[0] != policies[1]:
        return policies[0], policies[1]
    return small.name, big.name


def _who(point: Point, small: str, big: str) -> str:
    if point.who == "small":
        return f"{small} alone"
    if point.who == "big":
        return f"{big} alone"
    return f"{big} from score {point.threshold:g} on"
