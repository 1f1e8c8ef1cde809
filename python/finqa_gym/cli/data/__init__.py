"""``finqa-gym data``: look into a corpus, convert it, check that its tasks can be solved.

One module a command.
"""

import typer

from finqa_gym.cli.data.export import export
from finqa_gym.cli.data.importing import import_
from finqa_gym.cli.data.show import inspect
from finqa_gym.cli.data.validate import validate
from finqa_gym.cli.data_author import author
from finqa_gym.cli.data_review import review
from finqa_gym.cli.data_stats import stats

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Look into a corpus, convert it, validate it, write one."
)
app.command("inspect")(inspect)
app.command("import")(import_)
app.command("export")(export)
app.command("validate")(validate)
app.command("stats")(stats)
app.command("author")(author)
app.command("review")(review)
