"""``finqa-gym view``: runs in the terminal."""

import sys
from typing import Annotated

import typer
from rich.text import Text

from finqa_gym.analysis import summarise
from finqa_gym.cli.report import BaselineOption, PriceOption, RunsArgument, read_prices
from finqa_gym.cli.screen import results, stages
from finqa_gym.report import numbers
from finqa_gym.trajectories import open_run
from finqa_gym.view import Listing, show_episode, show_summary

__all__ = ["view"]

LISTED = 40
NEEDS_TEXTUAL = (
    "the browser needs Textual: pip install 'finqa-gym[view]' "
    "(--summary, --where and --episode work without it)"
)


def view(
    runs: RunsArgument,
    where: Annotated[
        str | None,
        typer.Option(
            "--where", help="Episodes to list, as in 'failure:no_schema outcome:wrong revenue'."
        ),
    ] = None,
    episode: Annotated[
        int | None, typer.Option("--episode", help="Print this episode of the first run.")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Print the tables and leave.")] = False,
    baseline: BaselineOption = None,
    price_per_million_tokens: PriceOption = None,
) -> None:
    """Read runs in the terminal: numbers, episodes, turn by turn."""
    prices = read_prices(price_per_million_tokens)
    opened = [open_run(path) for path in runs]
    console = results()
    if episode is not None:
        found = Listing(opened[:1])
        rows = (found.columns["episode"] == episode).nonzero()[0].tolist()
        if not rows:
            raise ValueError(f"no episode {episode} in {runs[0]}; it has {len(found):,} episodes")
        console.print(
            show_episode(found.record(rows[0]), found.names[0], opened[0].info.get("tools"))
        )
        return
    interactive = sys.stdout.isatty() and sys.stdin.isatty() and not summary
    if where is not None and not interactive:
        _list(Listing(opened), where)
        return
    if interactive:
        try:
            from finqa_gym.view.app import Browser
        except ModuleNotFoundError as error:
            if error.name != "textual":
                raise
            raise ValueError(NEEDS_TEXTUAL) from None
    with stages() as stage:
        stage("summing up")
        told = summarise(opened, baseline=baseline, prices=prices)
    if interactive:
        Browser(opened, told, where or "").run()
    else:
        console.print(show_summary(told))


def _list(listing: Listing, where: str) -> None:
    console = results()
    rows = listing.select(where).tolist()
    columns = listing.columns
    for row in rows[:LISTED]:
        correct = columns["is_correct"][row]
        mark = "?" if correct != correct else "✓" if correct else "✗"
        line = (
            f"{mark} {numbers.amount(columns['reward'][row]):>5} {columns['run'][row]} "
            f"{columns['episode'][row]:.0f} {columns['task_id'][row]} {columns['failure'][row]}  "
            f"{columns['question'][row]}"
        )
        console.print(Text(line, overflow="ellipsis", no_wrap=True))
    rest = len(rows) - LISTED
    console.print(f"{len(rows):,} episodes{f', {rest:,} of them not listed' if rest > 0 else ''}")
