"""Settings of a training, read from YAML or made in Python."""

from __future__ import annotations

import dataclasses
import os
import re
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from finqa_gym.exceptions import DataError

__all__ = [
    "EnvSettings",
    "EvalSettings",
    "GrpoSettings",
    "GrpoStage",
    "ModelSettings",
    "SftPhase",
    "SftSettings",
    "TrainSettings",
    "read_settings",
]

Tables = Literal["single", "multi", "all"]
"""Tasks over one table, over several, or both."""


@dataclass(frozen=True)
class EnvSettings:
    """What is played.

    Attributes:
        corpus: A file or folder, ``synthetic[:SEED[:PRESET]]``, or a mapping: ``preset``, ``seed``
            and fields of `SynthConfig` that differ from the preset's.
        split: Tasks to train on.
        allow_eval_split: Train on a split that is for evaluation.
        tool_profile: Tools.
        tool_names: Old name -> new name of built-in tools.
        task_prompt: Template of the prompt; None is the engine's.
        system_prompt: None is the profile's; an empty one leaves the system message out.
        answer_mode: Rules of scoring.
        reward: Mode, or a mapping of `RewardConfig`'s arguments.
        max_turns: Messages of an episode; None is the corpus's limit.
    """

    corpus: str | dict[str, Any] = "synthetic"
    split: str = "train"
    allow_eval_split: bool = False
    tool_profile: Literal["rllm", "openenv", "compact"] = "rllm"
    tool_names: dict[str, str] | None = None
    task_prompt: str | None = None
    system_prompt: str | None = None
    answer_mode: Literal["strict", "openenv"] = "strict"
    reward: str | dict[str, Any] = "outcome"
    max_turns: int | None = None


@dataclass(frozen=True)
class ModelSettings:
    """What is trained.

    Attributes:
        name: ``small:SIZE`` makes a model and its tokenizer (`small_model.SIZES`); else a folder or
            a Hugging Face id.
        dtype: Weights of a model that is loaded: "float32", "bfloat16" or "auto".
        lora: Arguments of ``peft.LoraConfig``; None trains all weights.
        template_options: More arguments for the chat template.
        tools_in_prompt: Describe the tools in the prompt, as the template does; small models made
            here learn them from demonstrations.
        revision: Of a Hugging Face id.
    """

    name: str = "small:1m"
    dtype: Literal["auto", "float32", "bfloat16"] = "float32"
    lora: dict[str, Any] | None = None
    template_options: dict[str, Any] = field(default_factory=dict)
    tools_in_prompt: bool = False
    revision: str | None = None


@dataclass(frozen=True)
class SftPhase:
    """A stretch of the supervised start.

    Attributes:
        steps: Optimiser steps.
        mixture: Demonstrator -> weight: "gold", "recovery", "guess" (`finqa_gym.POLICIES`),
            "hasty", "corrector" (`hasty.HastyPolicy`), or the path of a recorded run, of which
            the episodes with reward 1 are taken.
        tables: Tasks.
        question_types: Only these; empty is all.
        tasks: Episodes to prepare; they are gone through again if the steps need more.
    """

    steps: int
    mixture: dict[str, float]
    tables: Tables = "all"
    question_types: tuple[str, ...] = ()
    tasks: int = 4096


@dataclass(frozen=True)
class SftSettings:
    """The supervised start, by TRL's SFTTrainer.

    Attributes:
        phases: One after the other, under one schedule of the learning rate.
        batch_size: Episodes a step.
        trainer: Arguments of ``trl.SFTConfig``.
    """

    phases: tuple[SftPhase, ...] = ()
    batch_size: int = 32
    trainer: dict[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.phases)


@dataclass(frozen=True)
class GrpoStage:
    """A stretch of GRPO.

    Attributes:
        tables: Tasks.
        share: Of the steps, relative to the other stages.
    """

    tables: Tables = "single"
    share: float = 1.0


@dataclass(frozen=True)
class GrpoSettings:
    """Reinforcement learning, by TRL's GRPOTrainer.

    Attributes:
        steps: Optimiser steps; 0 leaves it out.
        tasks_per_step: Tasks of a generation batch.
        group_size: Episodes of a task, whose mean is the baseline.
        stages: Which tasks, in this order.
        shuffle_rewards: Hand the rewards of a batch out at random: a control that must not learn.
        message_tokens: Most tokens of a message.
        episode_tokens: Most tokens behind the prompt.
        temperature: Of sampling; the trainer divides logits by the same.
        max_rows: Chats of one forward pass when sampling.
        trainer: Arguments of ``trl.GRPOConfig``: loss_type, beta, epsilon, learning_rate,
            use_vllm and all others.
    """

    steps: int = 0
    tasks_per_step: int = 16
    group_size: int = 8
    stages: tuple[GrpoStage, ...] = (GrpoStage(),)
    shuffle_rewards: bool = False
    message_tokens: int = 256
    episode_tokens: int = 2048
    temperature: float = 1.0
    max_rows: int = 256
    trainer: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EvalSettings:
    """What is measured on the way and at the end.

    Attributes:
        split: Held-out tasks.
        tasks: Of each of single and multi; 0 leaves evaluation out.
        every: GRPO steps between measurements; 0 measures before and after only.
        temperature: Of sampling; 0 is greedy.
        greedy: Measure once more at the end, at temperature 0.
    """

    split: str = "val"
    tasks: int = 200
    every: int = 10
    temperature: float = 1.0
    greedy: bool = False


@dataclass(frozen=True)
class TrainSettings:
    """All settings of `finqa-gym train`.

    Attributes:
        out: Folder of checkpoints, runs and the report.
        seed: Of weights, order of tasks, and sampling.
        env: What is played.
        model: What is trained.
        sft: The supervised start.
        grpo: Reinforcement learning.
        eval: What is measured.
        price_per_hour: Of the machine, for a projection of costs.
        num_threads: Of torch; None leaves them.
    """

    out: str = "runs/train"
    seed: int = 0
    env: EnvSettings = EnvSettings()
    model: ModelSettings = ModelSettings()
    sft: SftSettings = SftSettings()
    grpo: GrpoSettings = GrpoSettings()
    eval: EvalSettings = EvalSettings()
    price_per_hour: float | None = None
    num_threads: int | None = None


def read_settings(path: str | os.PathLike[str], overrides: dict[str, Any] | None = None) -> Any:
    """Settings from a YAML file.

    Args:
        path: The file.
        overrides: Values by their place in the file: ``{"grpo.steps": 20}``.

    Raises:
        DataError: No YAML, a key that there is not, or a value of another type.
    """
    import yaml

    try:
        raw = read_yaml(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise DataError(f"{os.fspath(path)} is no YAML: {error}") from None
    raw = {} if raw is None else raw
    for place, value in (overrides or {}).items():
        _override(raw, place, value, os.fspath(path))
    return make_settings(TrainSettings, raw, os.fspath(path))


def read_yaml(text: str) -> Any:
    """What YAML says, in a file of settings or behind ``--set``."""
    import yaml

    class Loader(yaml.SafeLoader):
        """1e-4 is a number, as in YAML 1.2."""

    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"),
        list("-+.0123456789"),
    )
    Loader.yaml_implicit_resolvers = {
        first: sorted(found, key=lambda pair: pair[0].endswith(":float"))
        for first, found in Loader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, Loader)


def _override(raw: Any, place: str, value: Any, file: str) -> None:
    *outer, last = place.split(".")
    target = raw
    for depth in range(len(outer) + 1):
        if not isinstance(target, dict):
            above = ".".join(outer[:depth])
            raise DataError(
                f"{file}: {place} cannot be set, as {above or 'the file'} is {target!r}; a mapping "
                "is needed"
            )
        if depth < len(outer):
            if target.get(outer[depth]) is None:
                target[outer[depth]] = {}
            target = target[outer[depth]]
    target[last] = value


def make_settings(kind: type, raw: Any, place: str) -> Any:
    """``raw`` as a dataclass of ``kind``; errors name ``place``."""
    if not isinstance(raw, dict):
        raise DataError(f"{place} is {raw!r}; a mapping of {_names(kind)} is needed")
    known = {each.name: each for each in dataclasses.fields(kind)}
    hints = typing.get_type_hints(kind)
    for key in raw:
        if key not in known:
            raise DataError(f"{place} has no setting {key!r}; there are {_names(kind)}")
    required = [
        name
        for name, each in known.items()
        if each.default is dataclasses.MISSING
        and each.default_factory is dataclasses.MISSING
        and name not in raw
    ]
    if required:
        raise DataError(f"{place} lacks {', '.join(required)}")
    return kind(**{key: _value(hints[key], value, f"{place}: {key}") for key, value in raw.items()})


def _names(kind: type) -> str:
    return ", ".join(each.name for each in dataclasses.fields(kind))


def _value(hint: Any, value: Any, place: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _either(arguments, value, place)
    if origin is typing.Literal:
        if value not in arguments:
            raise DataError(f"{place} is {value!r}; it must be one of {', '.join(arguments)}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise DataError(f"{place} is {value!r}; a list is needed")
        return tuple(
            _value(arguments[0], each, f"{place}[{index}]") for index, each in enumerate(value)
        )
    if origin is dict:
        if not isinstance(value, dict):
            raise DataError(f"{place} is {value!r}; a mapping is needed")
        return {key: _value(arguments[1], each, f"{place}.{key}") for key, each in value.items()}
    if hint is Any:
        return value
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return value if isinstance(value, hint) else make_settings(hint, value, place)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise DataError(f"{place} is {value!r}; {hint.__name__} is needed")
    return value


def _either(hints: tuple[Any, ...], value: Any, place: str) -> Any:
    """``value`` as the one of ``hints`` whose kind it is."""
    for hint in hints:
        kind = typing.get_origin(hint) or hint
        if type(value) is kind:
            return _value(hint, value, place)
    if type(value) is int and float in hints:
        return float(value)
    names = {dict: "a mapping", types.NoneType: "null"}
    wanted = [typing.get_origin(hint) or hint for hint in hints]
    raise DataError(
        f"{place} is {value!r}; {' or '.join(names.get(w, w.__name__) for w in wanted)} is needed"
    )
