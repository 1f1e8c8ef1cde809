"""The command line: ``finqa-gym demo``, ``bench``, ``data``, ``eval``, ``report``, and more."""

# No postponed annotations in this package: typer reads them when a command is called.
from typing import Annotated

import typer

from finqa_gym.cli import (
    bench,
    data,
    demo,
    diagnose,
    evaluate,
    experiment,
    info,
    play,
    query,
    replay,
    report,
    route,
    runs,
    score,
    serve,
    shift,
    train,
    view,
)
from finqa_gym.cli.errors import ReportingGroup

__all__ = ["app", "main"]

app = typer.Typer(
    cls=ReportingGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Thousands of sandboxed financial question-answering episodes in parallel.",
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Thousands of sandboxed financial question-answering episodes in parallel."""
    # ReportingGroup reads debug from the context.


app.command("demo")(demo.demo)
app.command("bench")(bench.bench)
app.add_typer(data.app, name="data")
app.command("play")(play.play)
app.command("eval")(evaluate.command)
app.command("route")(route.command)
app.command("score")(score.score)
app.command("query")(query.query)
app.command("serve")(serve.serve)
app.add_typer(runs.app, name="runs")
app.command("replay")(replay.replay)
app.command("report")(report.report)
app.command("view")(view.view)
app.command("train")(train.train)
app.command("init")(train.init)
app.command("experiment")(experiment.experiment)
app.command("diagnose")(diagnose.diagnose)
app.command("shift")(shift.shift)
app.command("info")(info.info)


def main() -> None:
    """Entry point of the ``finqa-gym`` script."""
    app()
