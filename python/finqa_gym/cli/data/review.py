"""``finqa-gym data review``: read tasks, accept or reject them."""

import getpass
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from finqa_gym.cli.corpora import LayoutOption, open_with_progress
from finqa_gym.cli.screen import grid, results, section, shorten
from finqa_gym.review import DecisionLog, agreement, decisions_folder, read_decisions
from finqa_gym.review.seat import Seat
from finqa_gym.review.server import ReviewServer

__all__ = ["review"]

DISPUTED_SHOWN = 20


def review(
    path: Annotated[str, typer.Argument(metavar="PATH", help="The corpus: a file or folder.")],
    reviewer: Annotated[
        str | None, typer.Option("--reviewer", help="Who reviews; else the name of the login.")
    ] = None,
    layout: LayoutOption = None,
    tasks: Annotated[
        Path | None, typer.Option("--tasks", help="The tasks file, if it lies elsewhere.")
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="Only tasks of this split.")] = None,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Here in the terminal, not on a page.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Only print who judged what and how far they agree.")
    ] = False,
    port: Annotated[int, typer.Option("--port", help="Port of the page; 0: a free one.")] = 0,
) -> None:
    """Read tasks with their tables and gold steps; accept, reject or comment.

    Decisions are written to ``<corpus>.reviews/<reviewer>.jsonl``, one line each, at once.
    """
    if not Path(path).exists():
        raise FileNotFoundError(
            f"{path}: decisions lie beside a corpus, so it must be a file or folder; "
            "`finqa-gym data generate` writes a synthetic one"
        )
    folder = decisions_folder(path)
    console = results()
    if status:
        _print_status(console, folder)
        return
    corpus = open_with_progress(path, layout, tasks)
    seat = Seat(corpus, DecisionLog(folder, reviewer or getpass.getuser()), split)
    try:
        if terminal:
            _converse(console, seat)
        else:
            _serve(console, seat, port)
    finally:
        seat.close()
    _print_status(console, folder)


def _serve(console: Console, seat: Seat, port: int) -> None:
    with ReviewServer(seat, port) as server:
        console.print(f"{len(seat.indices)} tasks; decisions go to {seat.log.path}", markup=False)
        console.print(f"open {server.url}", markup=False, soft_wrap=True)
        console.print("Ctrl-C ends it.", style="dim")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print()


def _converse(console: Console, seat: Seat) -> None:
    """One task after the other that has no verdict yet."""
    overview = seat.overview()
    for place, entry in enumerate(overview):
        if entry["verdict"] is not None:
            continue
        view = seat.view(place)
        console.rule(f"{place + 1} of {len(overview)}", align="left")
        _print_task(console, view)
        while True:
            try:
                line = input("a accept, r reject (a comment may follow), s skip, q quit > ").strip()
            except (EOFError, KeyboardInterrupt):
                console.print()
                return
            word, _, comment = line.partition(" ")
            if word == "q":
                return
            if word == "s":
                break
            if word in ("a", "r"):
                verdict = seat.decide(
                    place, view["hash"], "accept" if word == "a" else "reject", comment.strip()
                ).verdict
                console.print(f"{verdict}ed" if verdict == "accept" else "rejected", style="dim")
                break
            console.print(f"{line!r} is none of a, r, s, q", markup=False)


def _print_task(console: Console, view: dict[str, Any]) -> None:
    task = view["task"]
    console.print(task["user_query"], markup=False, style="bold")
    console.print(f"answer  {task['truth']}", markup=False)
    facts = (task["id"], task.get("question_type", ""), task["split"], task.get("source", ""))
    console.print(
        "        " + " · ".join(fact for fact in facts if fact), markup=False, style="dim"
    )
    for table in view["tables"]:
        if not table["gold"]:
            continue
        shown = grid(*table["columns"][:1], *(f">{column}" for column in table["columns"][1:]))
        for row in table["rows"]:
            shown.add_row(*("NULL" if cell is None else str(cell) for cell in row))
        console.print(section(table["name"], shown))
    for number, step in enumerate(view["steps"], 1):
        console.print(f"{number}. {step['tool']}  {step['arguments']}", markup=False)
        console.print(shorten(step["result"], 600), markup=False, style="cyan")


def _print_status(console: Console, folder: Path) -> None:
    decisions = read_decisions(folder) if folder.is_dir() else {}
    if not decisions:
        console.print(f"{folder}: no decisions yet", markup=False)
        return
    table = grid("reviewer", ">judged", ">accepted", ">rejected", ">with a comment")
    for name, of_reviewer in decisions.items():
        verdicts = [decision.verdict for decision in of_reviewer.values()]
        table.add_row(
            name,
            str(len(verdicts)),
            str(verdicts.count("accept")),
            str(verdicts.count("reject")),
            str(sum(bool(decision.comment) for decision in of_reviewer.values())),
        )
    console.print(section(f"Decisions in {folder}", table))
    for first, second in combinations(decisions, 2):
        result = agreement(decisions[first], decisions[second], (first, second))
        kappa = "not defined" if result.kappa is None else f"{result.kappa:.3f}"
        console.print(
            f"{first} and {second}: {result.num_both} tasks judged by both, "
            f"{result.num_agreed} alike, Cohen's kappa {kappa}",
            markup=False,
        )
        for task_id in result.disputed[:DISPUTED_SHOWN]:
            console.print(
                f"  {task_id}: {decisions[first][task_id].verdict} / "
                f"{decisions[second][task_id].verdict}  {decisions[first][task_id].comment} / "
                f"{decisions[second][task_id].comment}",
                markup=False,
            )
        if len(result.disputed) > DISPUTED_SHOWN:
            console.print(f"  and {len(result.disputed) - DISPUTED_SHOWN} more")
