"""What episodes are scored by: the names behind the codes, and how a score becomes a reward."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from finqa_gym import _native, arguments
from finqa_gym.data import Corpus

__all__ = [
    "CriterionInfo",
    "RewardConfig",
    "RewardMode",
    "RubricSchema",
]

RewardMode = Literal["outcome", "binary", "shaped"]


@dataclasses.dataclass(frozen=True)
class RewardConfig:
    """How a score becomes a reward. No setting lets a wrong answer reach a right one.

    Attributes:
        mode: ``"outcome"`` (0 or 1 for one answer, the rubric's outcome for a report), ``"binary"``
            (1 if right, else 0) or ``"shaped"`` (the outcome, and a little for the process).
        process_weight: Most that the process adds to a right answer, 0 to 0.1; only shaped.
        wrong_share: Share of it that a wrong answer can get, 0 to 0.5; only shaped.
        cascade_credit: Credit for a wrong derived value that follows from the report's own numbers,
            0 to 1.
        checks: Weights of the checks that the process is made of where a rubric names none, by
            name; those left out weigh nothing. None is the default: all but ``filtered_sql``.

    Raises:
        ValueError: A value out of range, an unknown mode or check.

    Example:
        >>> RewardConfig("shaped", process_weight=0.05).wrong_share
        0.5
        >>> RewardConfig(process_weight=0.5)
        Traceback (most recent call last):
        ValueError: reward: process_weight is 0.5; it must be from 0 to 0.1
    """

    mode: RewardMode = "outcome"
    process_weight: float = 0.1
    wrong_share: float = 0.5
    cascade_credit: float = 0.5
    checks: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        """Refuses what the engine would refuse."""
        arguments.text("mode", self.mode)
        for name in ("process_weight", "wrong_share", "cascade_credit"):
            arguments.number(name, getattr(self, name))
        arguments.instance("checks", self.checks, (Mapping, type(None)), "a dict or None")
        for check, weight in (self.checks or {}).items():
            arguments.number(f"checks[{check!r}]", weight)
        _native.read_reward(self.to_json(), "json")

    def to_json(self) -> str:
        """The form that the engine reads."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        checks = fields.pop("checks")
        return json.dumps(fields if checks is None else fields | {"checks": dict(checks)})

    @staticmethod
    def load(path: str | os.PathLike[str]) -> RewardConfig:
        r"""Reads a JSON or YAML file (by its ending); what it leaves out keeps its default.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: Another ending, a field that there is not, a value out of range.

        Example:
            >>> import tempfile
            >>> file = Path(tempfile.mkdtemp()) / "reward.yaml"
            >>> _ = file.write_text("mode: shaped\nwrong_share: 0.25\n")
            >>> RewardConfig.load(file).wrong_share
            0.25
        """
        text, form = read_settings(path)
        with _in_file(path):
            fields = json.loads(_native.read_reward(text, form))
        return RewardConfig(**fields)


def read_settings(path: str | os.PathLike[str]) -> tuple[str, Literal["json", "yaml"]]:
    """Text and form of a file of settings."""
    forms: dict[str, Literal["json", "yaml"]]
    forms = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}
    file = Path(path)
    form = forms.get(file.suffix.lower())
    if form is None:
        msg = f"{os.fspath(path)} ends in {file.suffix!r}; .json, .yaml or .yml is needed"
        raise ValueError(msg)
    try:
        return file.read_text(encoding="utf-8"), form
    except UnicodeDecodeError as error:
        msg = f"{os.fspath(path)} is no UTF-8 text: {error}"
        raise ValueError(msg) from None


class CriterionInfo(NamedTuple):
    """One criterion of a task.

    Attributes:
        id: Name, unique in its task.
        dim: Dimension that it counts in, or ``"process"``.
        kind: What is looked at: ``"value"``, ``"choice"``, ``"table_access"``, ….
        weight: Weight within its dimension.
    """

    id: str
    dim: str
    kind: str
    weight: float


@dataclasses.dataclass(frozen=True)
class RubricSchema:
    """The names behind the columns of infos, in the order of their codes.

    Attributes:
        dimensions: Columns of ``infos["dimension_score"]``.
        checks: Columns of ``infos["check_score"]``, ``check_applicable``, ``check_reason``.
        flags: Columns of ``infos["flags"]``.
        failures: Columns of ``infos["failures"]``; ``infos["failure"]`` is an index into it.
        wrong_answers: ``infos["wrong_answer"]`` is an index into it.
        reasons: ``infos["criterion_reason"]`` and ``check_reason`` are indices into it.
        meanings: Per attribute above what each name means, in a sentence.
        max_criteria: Width of ``infos["criterion_score"]``, ``criterion_applicable`` and
            ``criterion_reason``. A task with fewer leaves the rest not applicable; of a task with
            more, `VectorEnv.episode` shows the rest.
        custom: Names of the environment's own criteria, columns of ``infos["custom_score"]``.

    Example:
        >>> import finqa_gym
        >>> schema = finqa_gym.VectorEnv(num_envs=1).rubric_schema
        >>> schema.checks[:2]
        ('listed_before_query', 'inspected_before_query')
        >>> schema.meanings["flags"]["listed"]
        'The tables were listed.'
    """

    dimensions: tuple[str, ...]
    checks: tuple[str, ...]
    flags: tuple[str, ...]
    failures: tuple[str, ...]
    wrong_answers: tuple[str, ...]
    reasons: tuple[str, ...]
    meanings: Mapping[str, Mapping[str, str]] = dataclasses.field(repr=False)
    max_criteria: int
    custom: tuple[str, ...] = ()

    def criteria(self, task: str | int) -> list[CriterionInfo]:
        """The criteria of a task (id or position), in the order of ``infos["criterion_score"]``.

        Raises:
            NotFoundError: There is no such task.
            ValueError: The schema was copied or pickled, so it knows no tasks any more.
        """
        tasks: tuple[Corpus, _native.VectorEnv] | None = self.__dict__.get("_tasks")
        if tasks is None:
            msg = "this schema is a copy, so it knows no tasks any more; ask env.rubric_schema"
            raise ValueError(msg)
        corpus, native = tasks
        index = corpus.task_index(task) if isinstance(task, str) else task
        number = arguments.integer("task", index, below=2**32)
        return [CriterionInfo(*entry) for entry in native.criteria(number)]

    def __reduce__(self) -> tuple[Any, ...]:
        """The names alone: an environment cannot be copied."""
        return RubricSchema, tuple(getattr(self, f.name) for f in dataclasses.fields(self))


def rubric_schema(
    corpus: Corpus, native: _native.VectorEnv, custom: Sequence[str] = ()
) -> RubricSchema:
    """The schema of an environment over ``corpus``."""
    meanings = {kind: dict(pairs) for kind, pairs in _native.score_names().items()}
    names = {kind: tuple(known) for kind, known in meanings.items()}
    schema = RubricSchema(
        **names, meanings=meanings, max_criteria=native.max_criteria, custom=tuple(custom)
    )
    # No field: it has no part in comparisons, copies and `dataclasses.asdict`.
    object.__setattr__(schema, "_tasks", (corpus, native))
    return schema


class RubricText(NamedTuple):
    """What a rubric file holds, as a recorded run keeps it; an environment takes it as ``rubrics``.

    Attributes:
        text: As it was written.
        form: "json" or "yaml".
    """

    text: str
    form: str


def rubric_option(
    rubrics: str | os.PathLike[str] | Mapping[str, Any] | RubricText | None,
) -> tuple[str, str] | None:
    """Text and form of a rubric file or of what such a file holds."""
    if rubrics is None:
        return None
    if isinstance(rubrics, RubricText):
        _native.check_rubrics(*rubrics)
        return rubrics.text, rubrics.form
    needed = "a path to a JSON or YAML file, a dict of rubrics, or None"
    arguments.instance("rubrics", rubrics, (str, os.PathLike, Mapping), needed)
    if isinstance(rubrics, Mapping):
        try:
            text = json.dumps(dict(rubrics))
        except (TypeError, ValueError) as error:
            msg = f"rubrics hold what JSON does not: {error}"
            raise TypeError(msg) from None
        _native.check_rubrics(text, "json")
        return text, "json"
    text, form = read_settings(rubrics)
    with _in_file(rubrics):
        _native.check_rubrics(text, form)
    return text, form


@contextlib.contextmanager
def _in_file(path: str | os.PathLike[str]) -> Iterator[None]:
    """Puts the file in front of an error about what it holds."""
    try:
        yield
    except ValueError as error:
        msg = f"{os.fspath(path)}: {error}"
        raise ValueError(msg) from None
