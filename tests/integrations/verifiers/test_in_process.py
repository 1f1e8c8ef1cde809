"""The package without a command: the configuration of prime-rl, endless tasksets, other tasks."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
import tomllib

pytest.importorskip("verifiers", reason="verifiers is not installed", exc_type=ImportError)

import finqa_gym_verifiers
import verifiers.v1 as vf
from finqa_gym_verifiers import FinqaHarness, FinqaTaskset
from finqa_gym_verifiers.harness import FinqaHarnessConfig
from finqa_gym_verifiers.task import FinqaTask, FinqaTaskConfig
from finqa_gym_verifiers.taskset import FinqaTasksetConfig
from verifiers.v1.utils.loaders import resolve_env_config

from finqa_gym import NotFoundError, VectorEnv
from finqa_gym.data import open_corpus

ROOT = Path(__file__).resolve().parents[3]


def taskset(corpus: Any = "synthetic:7:tiny", **options: Any) -> FinqaTaskset:
    config = FinqaTasksetConfig(
        id="finqa-gym-verifiers", task=FinqaTaskConfig(corpus=corpus), **options
    )
    return FinqaTaskset(config)


def test_the_package_exports_one_taskset_and_one_harness() -> None:
    exported = [getattr(finqa_gym_verifiers, name) for name in finqa_gym_verifiers.__all__]
    assert [each for each in exported if issubclass(each, vf.Taskset)] == [FinqaTaskset]
    assert [each for each in exported if issubclass(each, vf.Harness)] == [FinqaHarness]
    assert len(exported) == 2


def test_the_environment_of_the_prime_rl_example_is_what_verifiers_reads() -> None:
    text = (ROOT / "examples" / "prime_rl.toml").read_text(encoding="utf-8")
    [source] = tomllib.loads(text)["orchestrator"]["train"]["source"]
    config = resolve_env_config(source["env"])
    assert isinstance(config.taskset, FinqaTasksetConfig)
    assert isinstance(config.taskset.task, FinqaTaskConfig)
    assert isinstance(config.agent.harness, FinqaHarnessConfig)
    assert config.agent.runtime.type == "subprocess"
    few = FinqaTaskset(config.taskset).take(3)
    assert [task.data.split for task in few] == ["train"] * 3


def test_an_endless_split_is_an_infinite_taskset_and_keeps_its_order() -> None:
    # The training split of the default world never ends; numbers beyond the first listing count.
    endless = taskset("synthetic:7", split="train")
    assert not endless.bounded
    some = [task.key for task in itertools.islice(endless, 700)]
    assert some == open_corpus("synthetic:7").task_ids("train", 700)
    assert taskset("synthetic:7", split="train", num_tasks=5).bounded


def test_prompts_and_order_are_those_of_the_engine() -> None:
    corpus = open_corpus("synthetic:7:tiny")
    tasks = list(taskset(split="val", num_tasks=300))
    assert [task.key for task in tasks] == corpus.task_ids("val", 300)
    with VectorEnv(corpus, 300) as env:
        prompts, _ = env.reset(task_ids=[task.key for task in tasks])
        assert [task.data.prompt for task in tasks] == prompts
        assert {task.data.system_prompt for task in tasks} == {env.system_prompt}


def test_a_corpus_may_be_described_and_all_of_a_split_is_yielded() -> None:
    described = taskset({"seed": 7, "preset": "tiny", "train_companies": 3}, split="train")
    expected = described.corpus.task_ids("train")
    assert [task.key for task in described] == expected
    assert 0 < len(expected) < 200


def test_tasks_of_others_are_refused_by_name() -> None:
    harness = FinqaHarness(FinqaHarnessConfig())
    trace: Any = vf.Trace(
        task=vf.TraceTask(type="Other", data=vf.TaskData(prompt="?"), key="k", hash="h"),
        agent=vf.AgentInfo(config=vf.AgentConfig()),
    )
    launch = harness.launch(None, trace, None, "", "", {}, trace.task.data)
    with pytest.raises(TypeError, match="plays tasks of taskset 'finqa-gym-verifiers'"):
        asyncio.run(launch)


def test_a_split_that_there_is_not_is_told() -> None:
    with pytest.raises(NotFoundError, match="no split 'nosuch'"):
        taskset(split="nosuch")


def test_validation_names_a_task_whose_own_answer_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    [task] = taskset(split="val", num_tasks=1)
    assert asyncio.run(task.validate(None)) is True
    monkeypatch.setattr(type(task), "_gold_actions", lambda _: ["FINAL ANSWER: -123456"])
    with pytest.raises(ValueError, match=rf"task '{task.key}': its own answer '-123456' scores 0"):
        asyncio.run(task.validate(None))
    monkeypatch.undo()
    # Its program takes more turns than it is given here.
    short = FinqaTask(task.data, FinqaTaskConfig(corpus="synthetic:7:tiny", max_turns=1))
    with pytest.raises(ValueError, match=r"scores 0 \(max_turns\)"):
        asyncio.run(short.validate(None))
