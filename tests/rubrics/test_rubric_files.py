"""Rubrics of the user, given to an environment."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

MakeEnv = Callable[..., Any]
Play = Callable[..., dict[str, Any]]

CAREFUL = {
    "criteria": [
        {"id": "answer", "dim": "primary", "kind": "answer"},
        {"id": "listed", "dim": "process", "kind": "behaviour", "check": "listed_before_query"},
        {"id": "few", "dim": "process", "kind": "behaviour", "check": "budget", "weight": 2},
    ]
}
YAML = """
'*':
  criteria:
    - {id: answer, dim: primary, kind: answer}
    - {id: listed, dim: process, kind: behaviour, check: listed_before_query}
    - {id: few, dim: process, kind: behaviour, check: budget, weight: 2}
"""


def test_a_rubric_for_all_tasks_replaces_their_own(make: MakeEnv, play: Play) -> None:
    env = make(48, seed=1, rubrics={"*": CAREFUL})
    schema = env.rubric_schema
    assert [tuple(c) for c in schema.criteria(0)] == [
        ("answer", "primary", "answer", 1.0),
        ("listed", "process", "behaviour", 1.0),
        ("few", "process", "behaviour", 2.0),
    ]
    columns = play(env, "guess")
    place = schema.checks.index("listed_before_query")
    np.testing.assert_array_equal(
        columns["criterion_score"][:, 1], columns["check_score"][:, place]
    )
    assert not columns["criterion_applicable"][:, 3:].any()
    assert list(env.episode(0)["criteria"]) == ["answer", "listed", "few"]
    assert env.corpus.task(0).get("rubric") != CAREFUL, "the corpus is as it was"


def test_the_process_is_what_the_rubric_says(make: MakeEnv, play: Play) -> None:
    columns = play(make(48, seed=1, rubrics={"*": CAREFUL}, reward="shaped"), "guess")
    listed, few = columns["criterion_score"][:, 1], columns["criterion_score"][:, 2]
    applies = ~np.isnan(few)
    assert applies.any()
    np.testing.assert_allclose(
        columns["process"][applies], ((listed + 2 * few) / 3)[applies], atol=1e-6
    )


def test_right_answers_stay_right(make: MakeEnv, play: Play) -> None:
    env = make(48, seed=1, rubrics={"*": CAREFUL})
    columns = play(env, "gold")
    # `kind: answer` reads one answer; the truth of a task that asks for a report is none.
    single = np.array([not env.corpus.task(int(i)).get("rubric") for i in columns["task_index"]])
    assert single.sum() > 30
    assert columns["is_correct"][single].all()
    assert (columns["outcome"][single] == 1).all()


def test_a_rubric_may_be_for_one_task_or_one_type(make: MakeEnv, corpus: Any) -> None:
    tasks = list(corpus)
    one = next(i for i, task in enumerate(tasks) if task["question_type"])
    other = next(
        i for i, task in enumerate(tasks) if task["question_type"] != tasks[one]["question_type"]
    )
    by_type = make(1, rubrics={tasks[one]["question_type"]: CAREFUL}).rubric_schema
    by_id = make(1, rubrics={tasks[one]["id"]: CAREFUL}).rubric_schema
    for schema in (by_type, by_id):
        assert len(schema.criteria(one)) == 3
        assert schema.criteria(tasks[one]["id"]) == schema.criteria(one)
        assert schema.criteria(other) == make(1).rubric_schema.criteria(other)


@pytest.mark.parametrize("name", ["rubrics.json", "rubrics.yaml"])
def test_rubrics_are_read_from_a_file(make: MakeEnv, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(json.dumps({"*": CAREFUL}) if name.endswith("json") else YAML, "utf-8")
    for given in (path, str(path)):
        criteria = make(1, rubrics=given).rubric_schema.criteria(0)
        assert criteria == make(1, rubrics={"*": CAREFUL}).rubric_schema.criteria(0)


def test_an_endless_corpus_takes_rubrics(finqa_gym: Any) -> None:
    env = finqa_gym.VectorEnv(finqa_gym.synthetic(seed=2), 4, rubrics={"*": CAREFUL})
    env.reset()
    infos = env.step(["FINAL ANSWER: 1"] * 4).infos
    assert infos["criterion_score"].shape == (4, 32)
    assert infos["criterion_applicable"][:, 1].all()
    env.close()


@pytest.mark.parametrize(
    ("rubrics", "problem"),
    [
        ({}, "it holds no rubric"),
        ({"*": {"criteria": []}}, "no criterion of kind value, text or answer"),
        ({"*": {"criteria": [{"id": "a", "dim": "primary", "kind": "vlaue"}]}}, '"a"'),
        ({"no such task": CAREFUL}, '"no such task" is neither the id nor the question type'),
    ],
)
def test_rubrics_that_cannot_work_say_why(
    make: MakeEnv, tmp_path: Path, rubrics: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        make(1, rubrics=rubrics)
    path = tmp_path / "rubrics.json"
    path.write_text(json.dumps(rubrics), "utf-8")
    with pytest.raises(ValueError, match=problem):
        make(1, rubrics=path)


def test_other_rubrics_are_refused(make: MakeEnv, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"rubrics is 5 .*a path to a JSON or YAML file"):
        make(1, rubrics=5)
    with pytest.raises(TypeError, match="rubrics hold what JSON does not"):
        make(1, rubrics={"*": object()})
    with pytest.raises(FileNotFoundError):
        make(1, rubrics=tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("'*': [", "utf-8")
    with pytest.raises(ValueError, match=r"broken\.yaml: "):
        make(1, rubrics=broken)


def test_a_schema_can_be_copied_without_its_tasks(make: MakeEnv) -> None:
    schema = make(1).rubric_schema
    for other in (copy.deepcopy(schema), pickle.loads(pickle.dumps(schema))):
        assert other == schema
        with pytest.raises(ValueError, match=r"it knows no tasks any more"):
            other.criteria(0)
    assert dataclasses.asdict(schema)["checks"] == schema.checks
