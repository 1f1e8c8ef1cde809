"""Errors of the user's input as one line, not as a traceback."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from finqa_gym.exceptions import FinqaError

__all__ = ["ReportingGroup"]


class ReportingGroup(TyperGroup):
    """The top command: prints what the input is to blame for and leaves with code 2."""

    # ctx is click's Context, which recent versions of typer carry inside them.

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # the reader of a pipe left: click ends quietly
        except (FinqaError, OSError, ValueError) as error:
            if ctx.params.get("debug"):
                raise
            typer.echo(f"finqa-gym: {_one_line(error)}", err=True)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            sys.stderr.write("\nfinqa-gym: interrupted\n")
            raise typer.Exit(130) from None


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split())
    return text or type(error).__name__
