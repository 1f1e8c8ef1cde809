"""The command line of the package."""

import typer

from finqa_gym import build_info

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def commands() -> None:
    """Train and measure tool-using policies on financial questions."""


@app.command()
def info() -> None:
    """Print what this build was made from."""
    for name, value in build_info().items():
        typer.echo(f"{name}: {value}")


def main() -> None:
    """Run the command that ``sys.argv`` asks for."""
    app()
