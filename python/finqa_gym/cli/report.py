"""``finqa-gym report``: one HTML page about runs."""

from pathlib import Path
from typing import Annotated

import typer

from finqa_gym.analysis import Prices
from finqa_gym.cli.screen import notices, results, stages
from finqa_gym.report import MAX_EPISODES, write_report
from finqa_gym.trajectories import open_run

__all__ = ["BaselineOption", "PriceOption", "RunsArgument", "read_prices", "report"]

RunsArgument = Annotated[
    list[Path], typer.Argument(metavar="RUN...", help="Folders of recorded runs, side by side.")
]
BaselineOption = Annotated[
    str | None,
    typer.Option("--baseline", help="Run that others are compared with; else the first."),
]
PriceOption = Annotated[
    str | None,
    typer.Option(
        "--price-per-million-tokens",
        metavar="IN,OUT",
        help="Price of a million prompt and completion tokens, for the cost table.",
    ),
]


def read_prices(text: str | None) -> Prices | None:
    """Prices from ``IN,OUT``.

    Raises:
        ValueError: Not two numbers of 0 or more.

    Example:
        >>> read_prices("0.5,1.5")
        Prices(prompt=0.5, completion=1.5)
    """
    if text is None:
        return None
    try:
        prompt, completion = (float(part) for part in text.split(","))
    except ValueError:
        prompt = completion = -1.0
    if not (0 <= prompt < float("inf") and 0 <= completion < float("inf")):
        raise ValueError(
            f"--price-per-million-tokens is {text!r}; two numbers are needed, as in 0.5,1.5"
        )
    return Prices(prompt, completion)


def report(
    runs: RunsArgument,
    out: Annotated[Path, typer.Option("--out", help="File to write.")] = Path("report.html"),
    title: Annotated[str | None, typer.Option("--title", help="Heading of the page.")] = None,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact",
            help="Take out prompts, questions, answers, all values, and the names of the corpus, "
            "companies and tables.",
        ),
    ] = False,
    baseline: BaselineOption = None,
    price_per_million_tokens: PriceOption = None,
    max_episodes: Annotated[
        int,
        typer.Option(
            "--max-episodes", min=1, help="Episodes that can be opened in it; drawn if more."
        ),
    ] = MAX_EPISODES,
) -> None:
    """Write one self-contained HTML page about runs."""
    prices = read_prices(price_per_million_tokens)
    with stages() as stage:
        stage(f"reading {', '.join(str(path) for path in runs)}")
        opened = [open_run(path) for path in runs]
        stage(f"writing {out}")
        write_report(
            opened, out, title=title, redact=redact, prices=prices, baseline=baseline,
            max_episodes=max_episodes,
        )  # fmt: skip
    total = sum(run.num_episodes for run in opened)
    lost = sum(run.num_lost for run in opened)
    if lost:
        notices().print(f"{lost:,} episodes were begun and lost when their recording ended")
    size = out.stat().st_size / 1e6
    results().print(f"{out}: {total:,} episodes of {len(opened)} runs, {size:.1f} MB", markup=False)
