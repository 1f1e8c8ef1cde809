"""The names behind the codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

MakeEnv = Callable[..., Any]


def test_names_are_unique_and_explained(make: MakeEnv) -> None:
    schema = make(1).rubric_schema
    kinds = ("dimensions", "checks", "flags", "failures", "wrong_answers", "reasons")
    assert tuple(schema.meanings) == kinds
    for kind in kinds:
        names = getattr(schema, kind)
        assert len(set(names)) == len(names) > 5, kind
        assert tuple(schema.meanings[kind]) == names
        assert all(meaning.endswith(".") for meaning in schema.meanings[kind].values()), kind


def test_names_stand_where_records_have_them(make: MakeEnv) -> None:
    schema = make(1).rubric_schema
    dimensions = ("primary", "derived", "reasoning", "consistency", "completeness", "structure")
    assert schema.dimensions == dimensions
    assert schema.checks[0] == "listed_before_query"
    assert schema.checks[-1] == "abstained_rightly"
    assert schema.flags[0] == "listed"
    assert schema.failures[0] == "infra_fault"
    assert schema.failures[-1] == "other_wrong"
    assert schema.wrong_answers[0] == "none"


def test_a_schema_cannot_be_changed(make: MakeEnv) -> None:
    schema = make(1).rubric_schema
    with pytest.raises(dataclasses.FrozenInstanceError):
        schema.max_criteria = 3


def test_arrays_are_as_wide_as_the_longest_rubric(make: MakeEnv, corpus: Any) -> None:
    schema = make(1).rubric_schema
    counts = [len(schema.criteria(index)) for index in range(len(corpus))]
    assert max(counts) == schema.max_criteria <= 64
    assert min(counts) < max(counts)


def test_an_endless_corpus_has_a_width_of_its_own(finqa_gym: Any) -> None:
    env = finqa_gym.VectorEnv(finqa_gym.synthetic(seed=4), 2)
    assert env.rubric_schema.max_criteria == 32
    task = env.corpus.task_ids("reason79", 1)[0]
    assert 1 < len(env.rubric_schema.criteria(task)) <= 32
    env.close()


def test_criteria_of_a_report_are_those_of_its_rubric(make: MakeEnv, corpus: Any) -> None:
    schema = make(1).rubric_schema
    task = next(task for task in corpus if task.get("rubric"))
    criteria = schema.criteria(task["id"])
    written = list(task["rubric"]["criteria"])
    for criterion, rubric in zip(criteria, written, strict=False):
        assert (criterion.id, criterion.dim, criterion.kind) == (
            rubric["id"],
            rubric["dim"],
            rubric["kind"],
        )
        assert criterion.weight == rubric.get("weight", 1)


def test_a_task_that_there_is_not_is_refused(make: MakeEnv, finqa_gym: Any) -> None:
    schema = make(1).rubric_schema
    with pytest.raises(finqa_gym.NotFoundError):
        schema.criteria("no such task")
    with pytest.raises(finqa_gym.NotFoundError):
        schema.criteria(10**6)
    with pytest.raises(TypeError, match=r"task is 1\.5"):
        schema.criteria(1.5)
