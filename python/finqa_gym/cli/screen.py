"""Output that reads well on a terminal and in a log file alike."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

__all__ = ["Advance", "grid", "notices", "progress_bar", "results", "section", "shorten", "stages"]

LOG_WIDTH = 120
LOG_EVERY_S = 2.0

Advance = Callable[[int, "int | None", "str | None"], None]
"""Called with done so far, total and what is being done; None leaves the last two as they are."""


def results() -> Console:
    """Where results go: standard output. Wide enough for the tables if that is no terminal."""
    return _console(stderr=False)


def notices() -> Console:
    """Where progress and remarks go: standard error."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else LOG_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, emoji=False)


def grid(*columns: str) -> Table:
    """An empty table; columns whose name starts with ">" are right-aligned."""
    table = Table()
    for column in columns:
        table.add_column(column.lstrip(">"), justify="right" if column[0] == ">" else "left")
    return table


def section(title: str, table: Table, *remarks: str) -> Group:
    """A table under its title, with remarks below: rich would wrap both to the table's width."""
    below = [Text(remark, style="dim") for remark in remarks]
    return Group("", Text(title, style="bold"), table, *below)


def shorten(text: str, limit: int) -> str:
    """Text cut in the middle to about ``limit`` characters, saying how much is gone.

    Example:
        >>> shorten("abcdefghij" * 10, 20)
        'abcdefghijabc … 80 characters … defghij'
    """
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    tail = limit - head
    return f"{text[:head]} … {len(text) - limit} characters … {text[-tail:]}"


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Advance]:
    """A bar on a terminal; elsewhere a line with the time, every two seconds at most."""
    console = notices()
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(),
        )  # fmt: skip
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=total)

            def show(done: int, new_total: int | None, doing: str | None) -> None:
                bar.update(task, completed=done)
                if new_total is not None:
                    bar.update(task, total=new_total)
                if doing is not None:
                    bar.update(task, description=doing)

            yield show
        return
    start = told = time.monotonic()
    state: tuple[int, int | None, str] = (0, total, what)

    def line() -> str:
        done, out_of, doing = state
        count = "" if out_of is None else f": {done:,}/{out_of:,}"
        return f"[{time.monotonic() - start:6.1f} s] {doing}{count}"

    def log(done: int, new_total: int | None, doing: str | None) -> None:
        nonlocal told, state
        state = (done, new_total or state[1], doing or state[2])
        if time.monotonic() - told >= LOG_EVERY_S:
            told = time.monotonic()
            console.print(line(), markup=False)

    yield log
    console.print(line(), markup=False)


@contextmanager
def stages() -> Iterator[Callable[[str], None]]:
    """Names what is being measured: a spinner on a terminal, elsewhere one line a stage."""
    console = notices()
    start = time.monotonic()
    if console.is_terminal:
        with console.status("starting") as status:
            yield lambda what: status.update(f"[{time.monotonic() - start:.0f} s] {what}")
        return
    yield lambda what: console.print(f"[{time.monotonic() - start:6.1f} s] {what}", markup=False)
