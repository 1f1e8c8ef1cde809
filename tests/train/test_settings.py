"""Settings: what a file may say, and what is said about a file that may not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yaml", reason="the extra train is not installed")

from finqa_gym import DataError
from finqa_gym.train.settings import (
    EvalSettings,
    GrpoStage,
    TrainSettings,
    make_settings,
    read_settings,
    read_yaml,
)

FULL = """
out: runs/x
env: {corpus: {preset: tiny, seed: 3}, tool_profile: compact, system_prompt: "", max_turns: 8}
model: {name: "small:8m", lora: {r: 8}}
sft:
  batch_size: 16
  phases:
    - {steps: 20, mixture: {gold: 1, hasty: 0.5}, tables: single, question_types: [Lookup]}
    - {steps: 5, mixture: {recovery: 1}}
  trainer: {learning_rate: 2e-3, adam_beta2: 0.98}
grpo:
  steps: 4
  temperature: 1
  stages: [{tables: multi, share: 2}, {}]
  trainer: {learning_rate: 1e-4, beta: .5, epsilon: 1.5E-1, max_grad_norm: 1e0}
price_per_hour: 2
"""


def read(tmp_path: Path, text: str, **overrides: Any) -> Any:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path, {k.replace("__", "."): v for k, v in overrides.items()})


def test_a_file_is_read_as_it_is_meant(tmp_path: Path) -> None:
    made = read(tmp_path, FULL)
    assert made.sft.trainer == {"learning_rate": 0.002, "adam_beta2": 0.98}
    wanted = {"learning_rate": 1e-4, "beta": 0.5, "epsilon": 0.15, "max_grad_norm": 1.0}
    assert made.grpo.trainer == wanted
    assert made.grpo.stages == (GrpoStage("multi", 2.0), GrpoStage())
    assert made.sft.phases[0].mixture == {"gold": 1.0, "hasty": 0.5}
    assert made.sft.phases[0].question_types == ("Lookup",)
    assert made.sft.steps == 25
    assert (made.grpo.temperature, type(made.grpo.temperature)) == (1.0, float)
    assert (made.price_per_hour, type(made.price_per_hour)) == (2.0, float)
    assert made.env.corpus == {"preset": "tiny", "seed": 3}
    assert made.env.system_prompt == ""
    assert made.eval == EvalSettings()
    assert read(tmp_path, "") == TrainSettings()


def test_settings_come_back_from_json(tmp_path: Path) -> None:
    made = read(tmp_path, FULL)
    kept = json.loads(json.dumps(dataclasses.asdict(made)))
    assert make_settings(TrainSettings, kept, "kept") == made


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("-2.5E+3", -2500.0),
        (".5", 0.5),
        ("3.", 3.0),
        ("12", 12),
        ("-7", -7),
        ("1e-4x", "1e-4x"),
        ("1.2.3", "1.2.3"),
        ("2024-01", "2024-01"),
        ("'1e-4'", "1e-4"),
        ("true", True),
        ("null", None),
        ("[1e-1, a]", [0.1, "a"]),
    ],
)
def test_numbers_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = read_yaml(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("grpo: {step: 4}", r"a\.yaml: grpo has no setting 'step'; there are steps, tasks_per_st"),
        ("grp: {}", r"a\.yaml has no setting 'grp'; there are out, seed, env, model"),
        ("grpo: {steps: many}", r"a\.yaml: grpo: steps is 'many'; int is needed"),
        ("grpo: {steps: 1.5}", r"steps is 1\.5; int is needed"),
        ("grpo: {steps: true}", "steps is True; int is needed"),
        ("grpo: {temperature: hot}", "temperature is 'hot'; float is needed"),
        ("grpo: {shuffle_rewards: 1}", "shuffle_rewards is 1; bool is needed"),
        ("grpo: 3", "grpo is 3; a mapping of steps, tasks_per_step, .*trainer is needed"),
        ("grpo: {stages: {tables: all}}", r"stages is \{'tables': 'all'\}; a list is needed"),
        ("grpo: {stages: [{}, {tables: two}]}", r"stages\[1\]: tables is 'two'; it must be one of"),
        ("sft: {phases: [{steps: 3}]}", r"sft: phases\[0\] lacks mixture"),
        ("sft: {phases: [{mixture: {gold: x}}]}", r"phases\[0\] lacks steps"),
        ("sft: {phases: [{steps: 1, mixture: {gold: x}}]}", r"mixture\.gold is 'x'; float is need"),
        ("sft: {trainer: [1]}", r"trainer is \[1\]; a mapping is needed"),
        ("env: {tool_profile: huge}", "tool_profile is 'huge'; it must be one of rllm, openenv, c"),
        ("env: {corpus: 3}", "corpus is 3; str or a mapping is needed"),
        ("env: {max_turns: few}", "max_turns is 'few'; int or null is needed"),
        ("model: {lora: 8}", "lora is 8; a mapping or null is needed"),
        ("env: {tool_names: {a: 1}}", r"tool_names\.a is 1; str is needed"),
        ("price_per_hour: much", "price_per_hour is 'much'; float or null is needed"),
        ("seed: null", "seed is None; int is needed"),
        ("- grpo", r"a\.yaml is \['grpo'\]; a mapping of out, seed"),
        ("grpo: {steps: 1", r"a\.yaml is no YAML"),
    ],
)
def test_an_error_names_the_place_and_what_is_allowed(
    tmp_path: Path, text: str, error: str
) -> None:
    with pytest.raises(DataError, match=error):
        read(tmp_path, text)


def test_values_can_be_set_over_a_file(tmp_path: Path) -> None:
    made = read(
        tmp_path,
        FULL,
        grpo__steps=9,
        grpo__trainer__beta=0.1,
        eval__every=2,
        model__lora__r=4,
        env__task_prompt="{question}",
    )
    assert made.grpo.steps == 9
    assert made.grpo.trainer["beta"] == 0.1
    assert made.grpo.trainer["learning_rate"] == 1e-4
    assert made.eval == EvalSettings(every=2)
    assert made.model.lora == {"r": 4}
    assert made.env.task_prompt == "{question}"
    # Sections with nothing behind their name, and files with nothing in them.
    assert read(tmp_path, "grpo:\n", grpo__steps=2).grpo.steps == 2
    assert read(tmp_path, "", model__lora__r=4).model.lora == {"r": 4}


@pytest.mark.parametrize(
    ("text", "overrides", "error"),
    [
        (FULL, {"grpo__stepz": 1}, "has no setting 'stepz'"),
        (FULL, {"grpo__steps": "4"}, "steps is '4'; int is needed"),
        (FULL, {"grpo__steps__x": 1}, r"grpo\.steps\.x cannot be set, as grpo\.steps is 4"),
        (FULL, {"sft__phases__0": 1}, r"sft\.phases\.0 cannot be set, as sft\.phases is \["),
        ("- a", {"seed": 1}, r"seed cannot be set, as the file is \['a'\]; a mapping is needed"),
    ],
)
def test_what_cannot_be_set_is_said(
    tmp_path: Path, text: str, overrides: dict[str, Any], error: str
) -> None:
    with pytest.raises(DataError, match=error):
        read(tmp_path, text, **overrides)
