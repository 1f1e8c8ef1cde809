"""Comparisons: arms that start from the same base and get the same budget, over several seeds.

An arm is a `TrainSettings` made from those of the experiment. Every arm has a folder; one that
holds a result is not run again, so an interrupted experiment goes on where it was.
"""

from __future__ import annotations

import dataclasses
import json
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finqa_gym.train.collect import collect
from finqa_gym.train.models import SMALL
from finqa_gym.train.run import Stage, train
from finqa_gym.train.settings import (
    GrpoSettings,
    GrpoStage,
    ModelSettings,
    SftPhase,
    SftSettings,
    TrainSettings,
)
from finqa_gym.train.small_model import SIZES

__all__ = ["EXPERIMENTS", "Arm", "Cell", "run_experiment", "spread"]

T975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Quantiles at 0.975 of Student's t for 1 to 10 degrees of freedom; beyond, 2.0 is close enough."""


@dataclass(frozen=True)
class Arm:
    """A way to go on from a base.

    Attributes:
        name: For tables and folders.
        settings: Made from the experiment's settings, the folder of the base, and a seed.
        from_base: Starts from the base; else from new weights.
        samples: Before anything else, the base plays as many episodes as GRPO would, and the right
            ones are learned.
        after: Starts from what this arm, which stands before it, has learned from demonstrations.
    """

    name: str
    settings: Callable[[TrainSettings], TrainSettings]
    from_base: bool = True
    samples: bool = False
    after: str = ""


def _grpo(**changes: Any) -> Callable[[TrainSettings], TrainSettings]:
    def make(settings: TrainSettings) -> TrainSettings:
        grpo = dataclasses.replace(settings.grpo, **changes)
        return dataclasses.replace(settings, sft=SftSettings(), grpo=grpo)

    return make


def _shaped(settings: TrainSettings) -> TrainSettings:
    shaped = dataclasses.replace(settings.env, reward="shaped")
    return dataclasses.replace(settings, sft=SftSettings(), env=shaped)


def _more_sft(mixture: dict[str, float]) -> Callable[[TrainSettings], TrainSettings]:
    """As many episodes learned as GRPO would play, on its tasks."""

    def make(settings: TrainSettings) -> TrainSettings:
        grpo, sft = settings.grpo, settings.sft
        episodes = grpo.steps * grpo.tasks_per_step * grpo.group_size
        tables = grpo.stages[0].tables
        phase = SftPhase(max(1, episodes // sft.batch_size), mixture, tables=tables, tasks=episodes)
        # A gentler rate than from scratch: the base is a trained model.
        rate = {"learning_rate": float(sft.trainer.get("learning_rate", 2e-3)) / 5}
        more = dataclasses.replace(sft, phases=(phase,), trainer=sft.trainer | rate)
        return dataclasses.replace(settings, sft=more, grpo=_no_grpo(grpo))

    return make


def _no_grpo(grpo: GrpoSettings) -> GrpoSettings:
    return dataclasses.replace(grpo, steps=0)


def _stages(*stages: GrpoStage) -> Callable[[TrainSettings], TrainSettings]:
    return _grpo(stages=stages)


def _from_scratch(settings: TrainSettings) -> TrainSettings:
    return dataclasses.replace(settings, sft=SftSettings())


def _sized(size: str) -> Callable[[TrainSettings], TrainSettings]:
    """A model of another size that learns the same demonstrations."""

    def make(settings: TrainSettings) -> TrainSettings:
        sft = settings.sft
        rate = float(sft.trainer.get("learning_rate", 2e-3)) * _gentler(size)
        sft = dataclasses.replace(sft, trainer=sft.trainer | {"learning_rate": rate})
        model = ModelSettings(f"{SMALL}{size}")
        return dataclasses.replace(settings, model=model, sft=sft, grpo=_no_grpo(settings.grpo))

    return make


def _sized_grpo(size: str) -> Callable[[TrainSettings], TrainSettings]:
    """GRPO of a model of another size."""

    def make(settings: TrainSettings) -> TrainSettings:
        grpo = settings.grpo
        rate = float(grpo.trainer.get("learning_rate", 1e-4)) * _gentler(size)
        grpo = dataclasses.replace(grpo, trainer=grpo.trainer | {"learning_rate": rate})
        return dataclasses.replace(settings, sft=SftSettings(), grpo=grpo)

    return make


def _gentler(size: str) -> float:
    """Adam's rate goes with 1 / width (Yang et al. 2022, "Tensor Programs V", table 3)."""
    return SIZES["1m"].hidden_size / SIZES[size].hidden_size


EXPERIMENTS: dict[str, tuple[Arm, ...]] = {
    "results": (
        Arm("grpo", _grpo()),
        Arm("grpo-rubric", _shaped),
        Arm("grpo-shuffled", _grpo(shuffle_rewards=True)),
        Arm("rejection-sft", _more_sft({}), samples=True),
        Arm("gold-sft", _more_sft({"gold": 1.0})),
    ),
    "regimes": (
        Arm("single", _stages(GrpoStage("single"))),
        Arm("mixed", _stages(GrpoStage("all"))),
        Arm("curriculum", _stages(GrpoStage("single"), GrpoStage("multi"))),
    ),
    "sft-vs-grpo": (
        Arm("sft-only", _more_sft({"gold": 1.0})),
        Arm("grpo-only", _from_scratch, from_base=False),
        Arm("sft+grpo", _grpo()),
    ),
    "size": (
        Arm("1m+grpo", _grpo()),
        Arm("8m", _sized("8m"), from_base=False),
        Arm("8m+grpo", _sized_grpo("8m"), after="8m"),
    ),
}
"""Arms by the name of the experiment."""


@dataclass(frozen=True)
class Cell:
    """What one arm came to with one pair of seeds.

    Attributes:
        arm: Its name; "base" is the model that the others start from.
        base_seed: Of the supervised start.
        seed: Of the arm.
        single: pass@1 on held-out tasks over one table.
        multi: Over several.
        greedy_single: pass@1 over one table at temperature 0.
        greedy_multi: Over several.
        behaviour: Flags and checks.
        failures: Shares of the classes of failure.
        run: Folder of the recorded episodes.
    """

    arm: str
    base_seed: int
    seed: int
    single: float
    multi: float
    greedy_single: float
    greedy_multi: float
    behaviour: dict[str, float]
    failures: dict[str, float]
    run: str


def run_experiment(
    name: str,
    settings: TrainSettings,
    *,
    base_seeds: int = 3,
    seeds: int = 3,
    stage: Stage = lambda *_: lambda *_: None,
    only: Sequence[str] = (),
) -> list[Cell]:
    """Runs an experiment, or what is left of it.

    Args:
        name: One of `EXPERIMENTS`.
        settings: Base, budget and measurements; ``out`` is the folder of all of it.
        base_seeds: Supervised starts.
        seeds: Trainings of each arm from each of them.
        stage: As for `train`.
        only: Only these arms.

    Returns:
        A cell for each base and each run of an arm; also in ``out/cells.json`` as far as it got.
    """
    if name not in EXPERIMENTS:
        raise ValueError(f"experiment {name!r} is unknown; there are {', '.join(EXPERIMENTS)}")
    known = [arm.name for arm in EXPERIMENTS[name]]
    for arm in only:
        if arm not in known:
            raise ValueError(f"experiment {name!r} has no arm {arm!r}: {', '.join(known)}")
    for each in EXPERIMENTS[name]:
        if only and each.name in only and each.after not in ("", *only):
            raise ValueError(f"arm {each.name!r} starts from {each.after!r}: choose both")
    out = Path(settings.out)
    out.mkdir(parents=True, exist_ok=True)
    measured = dataclasses.replace(settings.eval, every=0, greedy=True)
    settings = dataclasses.replace(settings, eval=measured)
    cells: list[Cell] = []
    for cell in _cells(name, settings, base_seeds, seeds, stage, only):
        cells.append(cell)
        text = json.dumps([asdict(each) for each in cells], indent=2)
        (out / "cells.json").write_text(text, encoding="utf-8")
    return cells


def _cells(
    name: str,
    settings: TrainSettings,
    base_seeds: int,
    seeds: int,
    stage: Stage,
    only: Sequence[str],
) -> Iterator[Cell]:
    out = Path(settings.out)
    for base_seed in range(base_seeds):
        base = out / f"base-{base_seed}"
        of_base = dataclasses.replace(
            settings, out=str(base), seed=base_seed, grpo=_no_grpo(settings.grpo)
        )
        yield _cell("base", base_seed, base_seed, of_base, stage)
    for seed in range(seeds):
        for base_seed in range(base_seeds):
            for arm in EXPERIMENTS[name]:
                if only and arm.name not in only:
                    continue
                place = out / f"{arm.name}-{base_seed}-{seed}"
                model = settings.model
                if arm.after:
                    model = _loaded(settings.model, out / f"{arm.after}-{base_seed}-{seed}/base")
                elif arm.from_base:
                    model = _loaded(settings.model, out / f"base-{base_seed}" / "base")
                start = dataclasses.replace(
                    settings, out=str(place), seed=1 + base_seed * 100 + seed, model=model
                )
                of_arm = arm.settings(start)
                if arm.samples and not (place / "result.json").is_file():
                    stage(f"{place.name}: sampling from the base", None)
                    played = collect(start, place.with_name(f"{place.name}-samples"))
                    phase = dataclasses.replace(of_arm.sft.phases[0], mixture={str(played): 1.0})
                    sft = dataclasses.replace(of_arm.sft, phases=(phase,))
                    of_arm = dataclasses.replace(of_arm, sft=sft)
                yield _cell(arm.name, base_seed, seed, of_arm, stage)


def _loaded(model: ModelSettings, folder: Path) -> ModelSettings:
    return dataclasses.replace(model, name=str(folder), dtype="float32")


def _cell(arm: str, base_seed: int, seed: int, settings: TrainSettings, stage: Stage) -> Cell:
    place = Path(settings.out)
    if not (place / "result.json").is_file():

        def of_arm(what: str, total: int | None) -> Callable[[int, int, str], None]:
            return stage(f"{place.name}: {what}", total)

        # What is there is a piece of an arm that was interrupted: arms are short, and begun anew.
        train(settings, overwrite=True, stage=of_arm)
    result = json.loads((place / "result.json").read_text(encoding="utf-8"))
    last, greedy = result["measured"][-1], result["greedy"]
    return Cell(
        arm,
        base_seed,
        seed,
        last["single"],
        last["multi"],
        greedy["single"],
        greedy["multi"],
        last["behaviour"],
        last["failures"],
        str(place / "held-out"),
    )


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and half the width of its 95 % interval over independent seeds (NaN for one).

    Example:
        >>> mean, half = spread([0.5, 0.6, 0.7])
        >>> round(mean, 3), round(half, 3)
        (0.6, 0.248)
    """
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, math.nan
    freedom = len(values) - 1
    quantile = T975[freedom - 1] if freedom <= len(T975) else 2.0
    return mean, quantile * statistics.stdev(values) / math.sqrt(len(values))
