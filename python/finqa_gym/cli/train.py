"""``finqa-gym train`` and ``finqa-gym init``."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finqa_gym.cli.screen import grid, notices, progress_bar, results, section, stages
from finqa_gym.exceptions import FeatureNotBuiltError

if TYPE_CHECKING:
    from finqa_gym.train.held_out import Measured

__all__ = ["init", "train"]

TEMPLATES = resources.files("finqa_gym.train") / "templates"
SHOWN = (
    ("listed", "listed"),
    ("listed_before_query", "listed before query"),
    ("inspected_before_query", "schema before SQL"),
    ("recovered_from_error", "recovered from error"),
    ("had_error", "episodes with an error"),
    ("no_hallucinated_answer", "answer from data"),
)


def init(
    out: Annotated[Path, typer.Argument(help="File to write.")] = Path("train.yaml"),
    template: Annotated[
        str, typer.Option("--template", help="tiny (a processor, minutes) or qwen3-4b (a GPU).")
    ] = "tiny",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Write a commented configuration for `finqa-gym train`."""
    if out.exists() and not overwrite:
        raise ValueError(f"{out} is there already; --overwrite replaces it")
    if template not in templates():
        raise ValueError(f"--template is {template!r}; there are {', '.join(templates())}")
    out.write_text(template_file(template).read_text(encoding="utf-8"), encoding="utf-8")
    results().print(f"wrote {out}; go on with: finqa-gym train {out}", markup=False)


def train(
    config: Annotated[
        str, typer.Argument(help="YAML file (`finqa-gym init` writes one), or a template: tiny.")
    ],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PLACE=VALUE", help="Change a setting: grpo.steps=20."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted training was.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier training in the folder.")
    ] = False,
    price_per_hour: Annotated[
        float | None, typer.Option("--price-per-hour", min=0, help="To project what it costs.")
    ] = None,
    allow_eval_split: Annotated[
        bool, typer.Option("--allow-eval-split", help="Train on tasks that are for evaluation.")
    ] = False,
    record_rollouts: Annotated[
        bool, typer.Option("--record-rollouts", help="Write down the training's own episodes, too.")
    ] = False,
) -> None:
    """Train a model: supervised start, GRPO, measurements on held-out tasks, a report."""
    needs_train_extra()
    from finqa_gym.report import write_report
    from finqa_gym.train.processes import process_state
    from finqa_gym.train.run import train as run_training
    from finqa_gym.train.settings import read_settings
    from finqa_gym.trajectories import open_run

    began = time.monotonic()
    overrides = read_changes(changes or [])
    if price_per_hour is not None:
        overrides["price_per_hour"] = price_per_hour
    if allow_eval_split:
        overrides["env.allow_eval_split"] = True
    with resources.as_file(template_file(config)) as path:
        settings = read_settings(path, overrides)
    if settings.env.tool_profile == "compact" and process_state().is_main_process:
        notices().print("Tool profile compact: short observations for small models.")
    with StageScreen() as screen:
        done = run_training(
            settings,
            resume=resume,
            overwrite=overwrite,
            stage=screen,
            record_rollouts=record_rollouts,
        )
    if not process_state().is_main_process:
        return
    console = results()
    if done.measured:
        console.print(measured_table(done.measured))
    env_s, rollout_s = done.seconds.get("environment", 0.0), done.seconds.get("rollouts", 0.0)
    if rollout_s:
        console.print(f"Of {rollout_s:.0f} s of rollouts {env_s:.1f} s went to the environment.")
    if (done.out / "held-out").is_dir():
        page = done.out / "report.html"
        with stages() as stage:
            stage(f"writing {page}")
            write_report([open_run(done.out / "held-out")], page, title="Before and after GRPO")
        console.print(f"Every held-out episode, turn by turn: open {page}", markup=False)
    model = done.out / ("model" if (done.out / "model").is_dir() else "base")
    console.print(f"The model: {model}; finqa-gym eval {model} plays it", markup=False)
    console.print(f"{time.monotonic() - began:.0f} s in all")


def templates() -> list[str]:
    """Names of the configurations that the package brings."""
    return sorted(each.name.removesuffix(".yaml") for each in TEMPLATES.iterdir())


def template_file(config: str) -> Any:
    """A file of the user's, or the template of that name.

    Raises:
        FileNotFoundError: Neither is there.
    """
    if Path(config).is_file():
        return Path(config)
    if config in templates():
        return TEMPLATES / f"{config}.yaml"
    raise FileNotFoundError(
        f"no file {config!r}, and no template of that name; there are {', '.join(templates())}"
    )


def needs_train_extra() -> None:
    """Says what to install if the libraries of training are missing.

    Raises:
        FeatureNotBuiltError: They are.
    """
    from importlib.util import find_spec

    missing = [name for name in ("torch", "transformers", "trl") if find_spec(name) is None]
    if missing:
        raise FeatureNotBuiltError(
            f"training needs {', '.join(missing)}, which are not installed: "
            'pip install "finqa-gym[train]"'
        )


def read_changes(changes: list[str]) -> dict[str, Any]:
    """``PLACE=VALUE`` pairs; values are read as YAML.

    Raises:
        ValueError: A text without "=".
    """
    from finqa_gym.train.settings import read_yaml

    read: dict[str, Any] = {}
    for change in changes:
        place, found, value = change.partition("=")
        if not found:
            raise ValueError(f"--set is {change!r}; PLACE=VALUE is needed, as in grpo.steps=20")
        read[place.strip()] = read_yaml(value)
    return read


def measured_table(measured: "list[Measured]") -> Any:
    """Measurements side by side: first, and every later one."""
    table = grid("held-out tasks", *(f">step {each.step}" for each in measured))
    table.add_row("pass@1, one table", *(f"{each.single:.3f}" for each in measured))
    table.add_row("pass@1, several tables", *(f"{each.multi:.3f}" for each in measured))
    for name, shown in SHOWN:
        if any(name in each.behaviour for each in measured):
            cells = [each.behaviour.get(name) for each in measured]
            table.add_row(shown, *("-" if c is None else f"{c:.2f}" for c in cells))
    return section("What it learned", table)


class StageScreen:
    """Stages of a training as progress bars, one after the other."""

    def __enter__(self) -> "StageScreen":
        self._stack = ExitStack()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stack.close()

    def __call__(self, name: str, total: int | None) -> Callable[[int, int, str], None]:
        """Starts a stage."""
        self._stack.close()
        if total is None:
            notices().print(name, markup=False)
            return lambda *_: None
        advance = self._stack.enter_context(progress_bar(name, total))
        return lambda done, of, line: advance(done, of, f"{name}: {line}")
