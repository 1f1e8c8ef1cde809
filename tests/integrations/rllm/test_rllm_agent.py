"""Tasks through rLLM's `run_agent_flow` and an evaluator, against a scripted endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("rllm.types", reason="rLLM is not installed", exc_type=ImportError)

from rllm.types import AgentConfig, AgentFlow, Episode, Evaluator, Task, run_agent_flow

from direct_env import direct_results
from finqa_gym import RewardConfig
from finqa_gym.data import open_corpus
from finqa_gym.integrations.engines import engine_of_row
from finqa_gym.integrations.rllm import FinqaEvaluator, finqa_agent, finqa_evaluator
from finqa_gym.integrations.rows import training_rows
from scripted_server import Asked, Reply, ScriptedServer, scripts

CORPUS = "synthetic:7:tiny"
NUM = 16
OPTIONS: dict[str, Any] = {"reward": {"mode": "shaped"}, "max_turns": 9}
Said = dict[str, list[str]]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return list(training_rows(CORPUS, "rllm", max_tasks=NUM, **OPTIONS))


@pytest.fixture(scope="module")
def said(rows: list[dict[str, Any]]) -> Said:
    """Messages by task id."""
    corpus = open_corpus(CORPUS)
    told: Said = {}
    for first, policy in enumerate(("gold", "guess", "recovery", "random")):
        some = [row["task_id"] for row in rows[first::4]]
        told |= dict(zip(some, scripts(corpus, policy, some, max_turns=9).values(), strict=True))
    return told


@pytest.fixture
def server(rows: list[dict[str, Any]], said: Said) -> Iterator[ScriptedServer]:
    server = ScriptedServer({row["question"]: said[row["task_id"]] for row in rows})
    yield server
    server.close()


def tasks(rows: list[dict[str, Any]]) -> list[Task]:
    return [Task(id=row["task_id"], instruction=row["question"], metadata=row) for row in rows]


def play(server: ScriptedServer, some: list[Task]) -> list[Any]:
    config = AgentConfig(base_url=server.url, model="scripted", session_uid="s")

    async def all_of_them() -> list[Any]:
        flows = (run_agent_flow(finqa_agent, task, config) for task in some)
        return await asyncio.gather(*flows, return_exceptions=True)

    return asyncio.run(all_of_them())


def test_they_are_what_rllm_takes() -> None:
    assert isinstance(finqa_agent, AgentFlow)
    assert isinstance(finqa_evaluator, Evaluator)


def test_rewards_are_those_of_the_direct_environment(
    rows: list[dict[str, Any]], said: Said, server: ScriptedServer
) -> None:
    direct = direct_results(open_corpus(CORPUS), said, reward=RewardConfig("shaped"), max_turns=9)
    assert len({result["reward"] for result in direct.values()}) > 2
    for task, episode in zip(tasks(rows), play(server, tasks(rows)), strict=True):
        assert isinstance(episode, Episode), episode
        result = direct[task.id]
        output = finqa_evaluator.evaluate(task, episode)
        assert output.reward == pytest.approx(result["reward"], abs=1e-6)
        assert output.is_correct == bool(result["is_correct"])
        signals = {signal.name: signal.value for signal in output.signals}
        assert {name: signals[f"flag/{name}"] for name in result["flags"]} == result["flags"]
        [trajectory] = episode.trajectories
        assert len(trajectory.steps) == result["turn"] == episode.artifacts["turns"]
        assert [step.done for step in trajectory.steps][-1:] == [True]
        assert episode.artifacts["answer"] == (result["submission"] or "")


def test_an_answer_of_another_agent_is_scored_without_a_judge(rows: list[dict[str, Any]]) -> None:
    corpus = open_corpus(CORPUS)
    [task] = tasks(rows[:1])
    right = Episode(artifacts={"answer": corpus.task(task.id)["truth"]})
    wrong = Episode(artifacts={"answer": "-1"})
    silent = Episode(artifacts={})
    evaluator = FinqaEvaluator({"reward": "outcome"})
    found = [evaluator.evaluate(task, each) for each in (right, wrong, silent)]
    assert [output.reward for output in found] == [1.0, 0.0, 0.0]
    assert [output.is_correct for output in found] == [True, False, False]
    # A trainer hands the row itself over.
    assert evaluator.evaluate(rows[0], right).is_correct


def test_a_gateway_that_gives_no_answer_fails_its_own_episode_alone(
    rows: list[dict[str, Any]], server: ScriptedServer
) -> None:
    def trouble(asked: Asked) -> Reply | None:
        return Reply(404, b"{}") if asked.prompt == rows[0]["question"] else None

    server.trouble = trouble
    first, *others = play(server, tasks(rows[:4]))
    assert isinstance(first, ConnectionError)
    assert all(isinstance(episode, Episode) for episode in others)
    assert engine_of_row(rows[0]).num_live == 0


def test_a_row_without_a_task_says_what_is_needed() -> None:
    with pytest.raises(ValueError, match="task_id and world are needed"):
        finqa_evaluator.evaluate({"question": "?"}, Episode())
