"""A whole training: supervised start, GRPO, measurements, report."""

from __future__ import annotations

import dataclasses
import gc
import json
import logging
import shutil
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from finqa_gym.exceptions import DataError
from finqa_gym.train.held_out import HeldOut, Measured
from finqa_gym.train.models import LoadedModel, load_model, quiet_bars, save_model
from finqa_gym.train.processes import process_state
from finqa_gym.train.rollout import Limits, RolloutBatch
from finqa_gym.train.settings import ModelSettings, TrainSettings
from finqa_gym.train.split_weights import is_zero3, let_go, whole_weights
from finqa_gym.train.world import World

__all__ = ["Trained", "train"]

Stage = Callable[[str, "int | None"], "Callable[[int, int, str], None]"]


@dataclass
class Trained:
    """What a training came to.

    Attributes:
        out: Its folder: ``base`` and ``model`` (checkpoints), ``held-out`` and ``rollouts``
            (recorded runs), ``metrics.jsonl``.
        measured: Measurements in the order of steps, the first before GRPO.
        greedy: The last model at temperature 0, if ``eval.greedy``; recorded in
            ``held-out-greedy``.
        seconds: Of each stage.
    """

    out: Path
    measured: list[Measured] = field(default_factory=list)
    greedy: Measured | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def train(
    settings: TrainSettings,
    *,
    resume: bool = False,
    overwrite: bool = False,
    stage: Stage = lambda *_: lambda *_: None,
    record_rollouts: bool = False,
) -> Trained:
    """Trains as ``settings`` say.

    Args:
        settings: All of it.
        resume: Go on in ``settings.out``: a finished supervised start is not repeated, and GRPO
            goes on from its last checkpoint (``grpo.trainer.save_steps``) as if nothing had
            happened.
        overwrite: Replace what is in ``settings.out``.
        stage: Called at the start of each part with its name and number of steps; what it returns
            is told of the progress.
        record_rollouts: Write down the training's own episodes, too, not only those held out.

    Raises:
        DataError: The folder holds a training already.
        ValueError: Settings that cannot work.
    """
    if settings.eval.tasks and settings.eval.split == settings.env.split:
        raise ValueError(
            f"env.split and eval.split are both {settings.env.split!r}; what is trained on "
            "measures nothing. Choose another split, or measure nothing (eval.tasks: 0)"
        )
    # Libraries hold a million objects for good; a collector that looks at them again and again
    # takes as long as the environment.
    gc.collect()
    gc.freeze()
    try:
        with quiet_bars():
            return _train(settings, resume, overwrite, stage, record_rollouts)
    finally:
        gc.unfreeze()


def _train(
    settings: TrainSettings, resume: bool, overwrite: bool, stage: Stage, record_rollouts: bool
) -> Trained:
    import torch
    import transformers

    _quiet()
    out = Path(settings.out)
    state = process_state()
    # Files are the main process's; the others play their share of every group.
    if state.is_main_process:
        _prepare(out, settings, resume=resume, overwrite=overwrite)
    else:
        stage, record_rollouts = _silent, False
    state.wait_for_everyone()
    if settings.num_threads is not None:
        torch.set_num_threads(settings.num_threads)
    transformers.set_seed(settings.seed)
    done = Trained(out)
    world = World(settings.env)
    limits = Limits(settings.grpo.message_tokens, settings.grpo.episode_tokens)
    loaded = _supervised(settings, world, done, resume, stage)
    held_out = None
    if settings.eval.tasks and state.is_main_process:
        held_out = HeldOut(
            world, settings.eval, limits, out / "held-out", settings.seed, settings.grpo.max_rows
        )
    try:
        if not (resume and _checkpoint(out)):
            _measure(loaded, held_out, done, 0, stage)
        if settings.grpo.steps:
            _reinforce(settings, world, loaded, held_out, done, resume, stage, record_rollouts)
            save_model(loaded, settings.env, limits, out / "model")
            _measure(loaded, held_out, done, settings.grpo.steps, stage)
    finally:
        if held_out is not None:
            held_out.close()
    if settings.eval.tasks and settings.eval.greedy:
        with whole_weights(loaded.model):
            if state.is_main_process:
                done.greedy = _greedy(settings, world, loaded, out)
    if state.is_main_process:
        text = json.dumps(_summary(done), indent=2)
        (out / "result.json").write_text(text, encoding="utf-8")
    state.wait_for_everyone()
    return done


def _measure(
    loaded: LoadedModel, held_out: HeldOut | None, done: Trained, step: int, stage: Stage
) -> None:
    """Measures in the process that has ``held_out``; all call it, as all may have weights."""
    with whole_weights(loaded.model):
        if held_out is not None:
            stage(f"measuring on {held_out.num_tasks} held-out tasks", None)
            done.measured.append(held_out.measure(loaded.model, loaded.codec, step))


def _silent(_name: str, _total: int | None) -> Callable[[int, int, str], None]:
    return lambda *_: None


def _supervised(
    settings: TrainSettings, world: World, done: Trained, resume: bool, stage: Stage
) -> LoadedModel:
    """The model before GRPO."""
    from finqa_gym.train.callbacks import MetricsFile, TellProgress
    from finqa_gym.train.sft import prepare, sft_trainer

    base = done.out / "base"
    if resume and (base / "config.json").is_file():
        stage("loading the model of the supervised start", None)
        return load_model(_kept(settings, base), world, seed=settings.seed)
    stage(f"model {settings.model.name}", None)
    loaded = load_model(settings.model, world, seed=settings.seed)
    if settings.sft.steps:
        began = time.monotonic()
        tell = stage("playing demonstrations", len(settings.sft.phases))
        rows = prepare(
            world, loaded, settings.sft, settings.seed, lambda n, of: tell(n, of, "phases")
        )
        done.seconds["demonstrations"] = time.monotonic() - began
        began = time.monotonic()
        told = TellProgress(stage("supervised start", settings.sft.steps), settings.price_per_hour)
        metrics = MetricsFile(done.out / "metrics.jsonl", "sft")
        trainer = sft_trainer(
            loaded, settings.sft, rows, done.out / "sft", settings.seed, [told, metrics]
        )
        _own_log(trainer)
        trainer.train()
        loaded.model = trainer.model
        if is_zero3(loaded.model):
            let_go(trainer)
        done.seconds["sft"] = time.monotonic() - began
    limits = Limits(settings.grpo.message_tokens, settings.grpo.episode_tokens)
    save_model(loaded, settings.env, limits, base)
    process_state().wait_for_everyone()
    return loaded


def _kept(settings: TrainSettings, folder: Path) -> ModelSettings:
    """The model as it was saved."""
    return ModelSettings(**(asdict(settings.model) | {"name": str(folder)}))


def _reinforce(
    settings: TrainSettings,
    world: World,
    loaded: LoadedModel,
    held_out: HeldOut | None,
    done: Trained,
    resume: bool,
    stage: Stage,
    record_rollouts: bool,
) -> None:
    from finqa_gym.train.callbacks import MetricsFile, TellProgress
    from finqa_gym.train.grpo import grpo_trainer

    def measure(step: int) -> str:
        _measure(loaded, held_out, done, step, _silent)
        return "" if held_out is None else describe(done.measured[-1])

    if is_zero3(loaded.model):
        # Saved, and not to be split a second time.
        base = _kept(settings, done.out / "base")
        loaded.model = load_model(base, world, seed=settings.seed).model
    began = time.monotonic()
    told = TellProgress(
        stage("GRPO", settings.grpo.steps),
        settings.price_per_hour,
        settings.eval.every if settings.eval.tasks else 0,
        measure,
    )

    def on_batch(batch: RolloutBatch, step: int) -> None:
        told.note_batch(batch, step)

    trainer = grpo_trainer(
        world,
        loaded,
        settings.grpo,
        done.out / "grpo",
        settings.seed,
        record=done.out / "rollouts" if record_rollouts else None,
        callbacks=[told, MetricsFile(done.out / "metrics.jsonl", "grpo")],
        on_batch=on_batch,
    )
    _own_log(trainer)
    loaded.model = trainer.model
    try:
        trainer.train(resume_from_checkpoint=_checkpoint(done.out) if resume else None)
    finally:
        trainer.rollout_func.close()
    done.seconds["grpo"] = time.monotonic() - began
    timing = trainer.rollout_func.timing
    done.seconds |= {"rollouts": timing.total_s, "environment": timing.env_s}


def _greedy(settings: TrainSettings, world: World, loaded: LoadedModel, out: Path) -> Measured:
    limits = Limits(settings.grpo.message_tokens, settings.grpo.episode_tokens)
    greedy = dataclasses.replace(settings.eval, temperature=0.0)
    rows = settings.grpo.max_rows
    held_out = HeldOut(world, greedy, limits, out / "held-out-greedy", settings.seed, rows)
    try:
        return held_out.measure(loaded.model, loaded.codec, settings.grpo.steps)
    finally:
        held_out.close()


def describe(measured: Measured) -> str:
    """A measurement in a line."""
    return f"held out: single {measured.single:.3f}, multi {measured.multi:.3f}"


def _own_log(trainer: Any) -> None:
    """Without the callback that prints raw logs: progress is told by ours."""
    from transformers.trainer_callback import PrinterCallback

    trainer.remove_callback(PrinterCallback)


def _prepare(out: Path, settings: TrainSettings, *, resume: bool, overwrite: bool) -> None:
    kept = out / "settings.json"
    text = json.dumps(asdict(settings), indent=2)
    if kept.is_file() and resume:
        before = json.loads(kept.read_text(encoding="utf-8"))
        changed = _changed(before, json.loads(text))
        if changed:
            raise DataError(
                f"{out} was trained with other settings: {'; '.join(changed)}. Resume with the "
                "same settings, or choose another folder"
            )
    elif kept.is_file() and not overwrite:
        raise DataError(
            f"{out} holds a training already; resume=True (--resume) goes on with it, "
            "overwrite=True (--overwrite) replaces it"
        )
    elif kept.is_file():
        for name in ("base", "model", "sft", "grpo", "held-out", "held-out-greedy", "rollouts"):
            shutil.rmtree(out / name, ignore_errors=True)
        (out / "metrics.jsonl").unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    kept.write_text(text, encoding="utf-8")


def _changed(before: dict[str, Any], now: dict[str, Any], place: str = "") -> list[str]:
    found = []
    for key in sorted(before.keys() | now.keys()):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _changed(old, new, f"{place}{key}.")
        elif old != new:
            found.append(f"{place}{key} was {old!r} and is {new!r}")
    return found


def _checkpoint(out: Path) -> str | None:
    """The last checkpoint of GRPO."""
    from transformers.trainer_utils import get_last_checkpoint

    folder = out / "grpo"
    found: str | None = get_last_checkpoint(str(folder)) if folder.is_dir() else None
    return found


def _summary(done: Trained) -> dict[str, Any]:
    measured = [asdict(each) | {"env_share": each.timing.env_share} for each in done.measured]
    greedy = None if done.greedy is None else asdict(done.greedy)
    return {"measured": measured, "greedy": greedy, "seconds": done.seconds}


def _quiet() -> None:
    """Warnings of libraries about their own affairs; errors are still shown."""
    logging.getLogger("transformers").setLevel(logging.ERROR)
    logging.getLogger("trl").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="(trl|transformers|peft)")
