"""Tables of behaviour, failures and their causes, for every command that shows episodes."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from finqa_gym.analysis import CHECKS, FAILURES
from finqa_gym.cli.screen import grid, section
from finqa_gym.logs.verdict import causes, verdict

__all__ = ["print_checks", "print_failures", "print_verdict"]


def print_checks(console: Console, checks: Mapping[str, tuple[float, int]], episodes: int) -> None:
    """The behaviour table: (sum of scores, episodes to which it applies) by check."""
    table = grid("check", ">score", ">applies to", "what is checked")
    for name, (total, count) in checks.items():
        score = f"{total / count * 100:.1f} %" if count else "-"
        applies = f"{count:,}" if count else "none"
        table.add_row(name, score, applies, CHECKS.get(name, ""))
    console.print(section(f"Behaviour of {episodes:,} episodes", table))


def print_failures(
    console: Console,
    failures: Mapping[str, int],
    examples: Mapping[str, Sequence[str]],
    title: str = "Failure classes",
) -> None:
    """Failure classes with their share and ids of examples, the most frequent first."""
    total = sum(failures.values())
    if not total:
        return
    table = grid("class", ">episodes", ">share", "examples", "what happened")
    for name, count in sorted(failures.items(), key=lambda item: (-item[1], item[0])):
        shown = "\n".join(_short(example) for example in examples.get(name, ()))
        share = f"{count / total * 100:.1f} %"
        meaning = FAILURES.get(name, "")
        table.add_row(Text(name or "(none)"), f"{count:,}", share, Text(shown), meaning)
    console.print(section(title, table))


def _short(text: str, most: int = 28) -> str:
    return text if len(text) <= most else f"{text[: most - 9]}…{text[-8:]}"


def print_verdict(console: Console, failures: Mapping[str, int], *remarks: str) -> None:
    """What training could fix."""
    if not sum(failures.values()):
        return
    table = grid("cause", ">failures", ">share", "what helps")
    for cause in causes(failures):
        table.add_row(cause.name, f"{cause.episodes:,}", f"{cause.share * 100:.1f} %", cause.remedy)
    console.print(section("What training could fix", table, *remarks))
    console.print()
    console.print(verdict(failures), markup=False)
