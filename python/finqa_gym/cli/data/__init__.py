"""``finqa-gym data``: make a corpus, look into one, convert it, check and review its tasks.

One module a command.
"""

import typer

from finqa_gym.cli.data.author import author
from finqa_gym.cli.data.export import export
from finqa_gym.cli.data.filings import facts_sample, ingest, mine
from finqa_gym.cli.data.generate import generate
from finqa_gym.cli.data.importing import import_
from finqa_gym.cli.data.review import review
from finqa_gym.cli.data.rows import rows
from finqa_gym.cli.data.show import inspect
from finqa_gym.cli.data.stats import stats
from finqa_gym.cli.data.validate import validate

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Make a corpus, look into one, convert it, check and review it."
)
app.command("generate")(generate)
app.command("inspect")(inspect)
app.command("import")(import_)
app.command("export")(export)
app.command("rows")(rows)
app.command("validate")(validate)
app.command("stats")(stats)
app.command("author")(author)
app.command("review")(review)
app.command("facts-sample")(facts_sample)
app.command("ingest")(ingest)
app.command("mine")(mine)
