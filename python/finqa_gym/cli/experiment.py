"""``finqa-gym experiment``: arms from the same base, over seeds, in one table and one page."""

import math
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group

from finqa_gym.cli.screen import grid, notices, results, section
from finqa_gym.cli.train import StageScreen, needs_train_extra, read_changes, template_file

if TYPE_CHECKING:
    from finqa_gym.train.experiment import Cell
    from finqa_gym.train.paired import Paired

__all__ = ["experiment"]

SHOWN = (
    ("listed_before_query", "listed first"),
    ("inspected_before_query", "schema before SQL"),
    ("recovered_from_error", "recovered"),
    ("handled_empty", "empty handled"),
    ("abstained_rightly", "abstained rightly"),
    ("no_hallucinated_answer", "answer from data"),
)


def experiment(
    name: Annotated[str, typer.Argument(help="results, regimes, sft-vs-grpo or size.")],
    config: Annotated[str, typer.Option("--config", help="YAML file or template.")] = "tiny",
    out: Annotated[Path, typer.Option("--out", help="Folder of all of it.")] = Path("runs/results"),
    base_seeds: Annotated[int, typer.Option("--base-seeds", min=1, help="Supervised starts.")] = 3,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Trainings of each arm from each of them.")
    ] = 3,
    arms: Annotated[list[str] | None, typer.Option("--arm", help="Only this arm.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="PLACE=VALUE", help="Change a setting.")
    ] = None,
) -> None:
    """Compare ways to train from the same bases at the same budget; run again to go on."""
    needs_train_extra()
    from finqa_gym.report import write_report
    from finqa_gym.train.experiment import run_experiment
    from finqa_gym.train.settings import read_settings
    from finqa_gym.trajectories import open_run

    overrides = read_changes(changes or []) | {"out": str(out)}
    with resources.as_file(template_file(config)) as path:
        settings = read_settings(path, overrides)
    notices().print(f"Tool profile {settings.env.tool_profile}; {out} keeps what is done.")
    with StageScreen() as screen:
        cells = run_experiment(
            name,
            settings,
            base_seeds=base_seeds,
            seeds=seeds,
            stage=screen,
            only=arms or (),
        )
    results().print(comparison(cells))
    # One run of each arm is enough to read; the numbers above are over all seeds.
    shown = {cell.arm: cell.run for cell in reversed(cells)}
    page = out / "report.html"
    write_report(
        [open_run(run) for run in dict(reversed(shown.items())).values()],
        page,
        title=f"{name}: one seed of each arm",
    )
    results().print(f"Episodes of the first seed of each arm: open {page}", markup=False)
    results().print(f"All numbers: {out / 'cells.json'}", markup=False)


CEILING = "gold-sft"
"""The arm that shows what the base can do once it behaves: the skill that it has."""
MOST_FAILURES = 6


def comparison(cells: "list[Cell]") -> Group:
    """Tables with arms as rows: pass@1, differences, behaviour, classes of failure."""
    names = list(dict.fromkeys(cell.arm for cell in cells))
    arms = {name: [cell for cell in cells if cell.arm == name] for name in names}
    return Group(_pass_at_1(arms), *_differences(arms), _behaviour(arms), _failures(arms))


SAMPLED = {"single": "one table", "multi": "several"}
GREEDY = {f"greedy_{what}": f"{name}, greedy" for what, name in SAMPLED.items()}


def _pass_at_1(arms: "dict[str, list[Cell]]") -> Group:
    from finqa_gym.train.experiment import spread

    gaps = {what: f"gap, {name}" for what, name in SAMPLED.items()} if CEILING in arms else {}
    table = grid("arm", ">runs", *(f">{name}" for name in (SAMPLED | GREEDY).values()))
    for name in gaps.values():
        table.add_column(name, justify="right")
    for name, of_arm in arms.items():
        row = [name, str(len(of_arm))]
        for what in SAMPLED | GREEDY:
            mean, half = spread(by_base(of_arm, what))
            row.append(f"{mean:.3f}" + ("" if math.isnan(half) else f" ± {half:.3f}"))
        row += [_closed(arms, name, what) for what in gaps]
        table.add_row(*row)
    remark = "± is half of the 95 % interval over supervised starts, whose trainings are averaged"
    if gaps:
        remark += f"; gap: share of the way from base to {CEILING}"
    return section("pass@1 on held-out companies", table, remark)


def _differences(arms: "dict[str, list[Cell]]") -> list[Group]:
    """What the first arm behind the base does better than each of the others."""
    from finqa_gym.train.paired import paired

    trained = [name for name in arms if name != "base"]
    if not trained:
        return []
    first = trained[0]
    table = grid("less", ">starts", *(f">{name}" for name in (SAMPLED | GREEDY).values()))
    for name, of_arm in arms.items():
        found = [paired(arms[first], of_arm, what) for what in SAMPLED | GREEDY]
        if name == first or found[0] is None:
            continue
        table.add_row(name, str(found[0].starts), *(_difference(each) for each in found))
    remark = "first line: mean over starts ± half of its 95 % interval; second: over companies"
    return [section(f"{first} less each of the others", table, remark)]


def _difference(found: "Paired | None") -> str:
    if found is None:
        return "-"
    mean, half = found.over_starts
    text = f"{mean:+.3f}" + ("" if math.isnan(half) else f" ± {half:.3f}")
    companies = found.over_companies
    if companies is not None and not math.isnan(companies.low):
        text += f"\n{companies.low:+.3f} to {companies.high:+.3f}"
    return text


def _closed(arms: "dict[str, list[Cell]]", name: str, what: str) -> str:
    """Share of the gap between base and ceiling that an arm closes, over starts that have all."""
    three = [arms[name], arms["base"], arms[CEILING]]
    starts = set.intersection(*({cell.base_seed for cell in cells} for cells in three))

    def mean(cells: "list[Cell]") -> float:
        values = by_base([cell for cell in cells if cell.base_seed in starts], what)
        return sum(values) / len(values)

    if not starts:
        return "-"
    reached, base, ceiling = map(mean, three)
    return f"{(reached - base) / (ceiling - base):.0%}" if ceiling > base else "-"


def _behaviour(arms: "dict[str, list[Cell]]") -> Group:
    table = grid("arm", *(f">{shown}" for _, shown in SHOWN))
    for name, of_arm in arms.items():
        row = [name]
        for check, _ in SHOWN:
            values = [cell.behaviour[check] for cell in of_arm if check in cell.behaviour]
            row.append(f"{sum(values) / len(values):.2f}" if values else "-")
        table.add_row(*row)
    return section("behaviour, where it applies", table, "of all held-out episodes")


def _failures(arms: "dict[str, list[Cell]]") -> Group:
    def share(of_arm: "list[Cell]", kind: str) -> float:
        return sum(cell.failures.get(kind, 0.0) for cell in of_arm) / len(of_arm)

    every = [cell for of_arm in arms.values() for cell in of_arm]
    kinds = sorted({kind for cell in every for kind in cell.failures})
    kinds = sorted(kinds, key=lambda kind: -share(every, kind))[:MOST_FAILURES]
    kinds = [kind for kind in kinds if share(every, kind) > 0]
    table = grid("arm", *(f">{kind.replace('_', ' ')}" for kind in kinds))
    for name, of_arm in arms.items():
        table.add_row(name, *(f"{share(of_arm, kind):.3f}" for kind in kinds))
    return section("why episodes failed", table, "share of all held-out episodes")


def by_base(cells: "list[Cell]", what: str) -> list[float]:
    """Means of each supervised start, which are independent of each other."""
    starts = sorted({cell.base_seed for cell in cells})
    return [
        sum(getattr(c, what) for c in cells if c.base_seed == start)
        / sum(1 for c in cells if c.base_seed == start)
        for start in starts
    ]
