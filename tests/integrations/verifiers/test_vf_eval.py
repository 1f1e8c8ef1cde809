"""vf-eval, vf-replay and vf-validate, offline, against a model that plays scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verifiers", reason="verifiers is not installed", exc_type=ImportError)

from direct_env import direct_results
from finqa_gym import Corpus
from finqa_gym.data import open_corpus
from scripted_server import Asked, Reply, ScriptedServer, scripts
from vf_runs import CORPUS, Trace, evaluate, read_traces, run_command

NUM = 12
TEXT, OVERFLOW, BUSY, BROKEN = 8, 9, 10, 11
"""Tasks with something special: calls in the text of a message; a chat that grows too long; a
server that is busy once; one that never answers."""


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return open_corpus(CORPUS)


@pytest.fixture(scope="module")
def ids(corpus: Corpus) -> list[str]:
    return corpus.task_ids("val", NUM)


@pytest.fixture(scope="module")
def said(corpus: Corpus, ids: list[str]) -> dict[str, list[str]]:
    """What the model says, by task id: right answers, but for every third task."""
    wrong = ids[::3]
    told = scripts(corpus, "gold", [task for task in ids if task not in wrong])
    told |= scripts(corpus, "guess", wrong)
    prompts = scripts(corpus, "immediate", ids)  # in the order of the tasks
    return {task: told[prompt] for task, prompt in zip(ids, prompts, strict=True)}


@pytest.fixture(scope="module")
def server(corpus: Corpus, ids: list[str], said: dict[str, list[str]]) -> Iterator[ScriptedServer]:
    prompts = list(scripts(corpus, "immediate", ids))
    server = ScriptedServer({prompt: said[task] for prompt, task in zip(prompts, ids, strict=True)})
    busy: list[str] = []

    def trouble(asked: Asked) -> Reply | None:
        task = prompts.index(asked.prompt)
        if task == OVERFLOW and asked.turn == 2:
            return Reply(400, b'{"error": {"code": "context_length_exceeded", "message": "long"}}')
        if task == BUSY and asked.turn == 1 and not busy:
            busy.append(asked.prompt)
            return Reply(503, b'{"error": {"message": "come again"}}')
        return Reply(500, b'{"error": {"message": "down"}}') if task == BROKEN else None

    def message(asked: Asked, structured: dict[str, Any]) -> dict[str, Any]:
        if prompts.index(asked.prompt) != TEXT:
            return structured
        return {"role": "assistant", "content": server.told[asked.prompt][asked.turn]}

    server.trouble, server.message = trouble, message
    yield server
    server.close()


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vf")


@pytest.fixture(scope="module")
def traces(server: ScriptedServer, out: Path) -> dict[str, Trace]:
    return evaluate(
        server.url,
        out,
        NUM,
        *("--env.agent.harness.id", "finqa-gym-verifiers"),
        *("--env.agent.harness.backoff-s", "0.05"),
        *("-c", "8"),
    )


def expected(corpus: Corpus, ids: list[str], said: dict[str, list[str]]) -> dict[str, Any]:
    told = {task: said[task] for task in ids}
    told[ids[OVERFLOW]] = told[ids[OVERFLOW]][:2]
    del told[ids[BROKEN]]
    return direct_results(corpus, told)


def test_rewards_and_metrics_are_those_of_the_direct_environment(
    corpus: Corpus, ids: list[str], said: dict[str, list[str]], traces: dict[str, Trace]
) -> None:
    direct = expected(corpus, ids, said)
    assert {direct[task]["reward"] for task in direct} == {0.0, 1.0}
    for task, result in direct.items():
        trace = traces[task]
        assert trace["ok"], trace["errors"]
        assert trace["rewards"] == {"finqa": {"score": result["reward"], "weight": 1.0}}
        metrics = trace["metrics"]
        assert metrics["is_correct"] == bool(result["is_correct"])
        assert metrics["num_turns"] == result["turn"]
        assert metrics["num_calls"] == len(result["calls"])
        assert metrics["num_errors"] == sum(call["error"] is not None for call in result["calls"])
        assert metrics["truncated"] == (result["status"] == "truncated")
        flags = {name: metrics[f"flag/{name}"] for name in result["flags"]}
        assert flags == result["flags"]
        checks = {k[6:]: v for k, v in metrics.items() if k.startswith("check/")}
        scores = {name: check["score"] for name, check in result["checks"].items()}
        assert checks == pytest.approx({k: v for k, v in scores.items() if v is not None})
        assert metrics["dimension/primary"] == result["outcome"]


def test_a_chat_that_grows_too_long_is_the_policys_failure(
    ids: list[str], traces: dict[str, Trace]
) -> None:
    trace = traces[ids[OVERFLOW]]
    assert trace["info"]["finqa"]["truncation_reason"] == "token_limit"
    assert trace["rewards"]["finqa"]["score"] == 0.0


def test_a_model_that_never_answers_fails_its_own_rollout_alone(
    ids: list[str], traces: dict[str, Trace]
) -> None:
    assert not traces[ids[BROKEN]]["ok"]
    assert traces[ids[BROKEN]]["errors"]
    assert sum(trace["ok"] for trace in traces.values()) == NUM - 1


def test_traces_do_not_give_answers_away(
    corpus: Corpus, ids: list[str], traces: dict[str, Trace]
) -> None:
    for task in ids:
        data = json.dumps(traces[task]["task"]["data"])
        known = corpus.task(task)
        assert json.dumps(known["truth"]) not in data
        for query in known["gold"]["queries"]:
            assert query["sql"] not in data
        assert traces[task]["task"]["key"] == task == traces[task]["task"]["data"]["id"]


def test_the_model_is_shown_the_tools_and_prompts_of_the_engine(
    corpus: Corpus, server: ScriptedServer, traces: dict[str, Trace]
) -> None:
    from finqa_gym import VectorEnv

    assert traces
    env = VectorEnv(corpus, 1)
    asked = server.asked[0]
    assert asked.body["tools"] == env.tools
    assert asked.body["messages"][0] == {"role": "system", "content": env.system_prompt}


def test_replay_scores_saved_traces_as_the_run_did(traces: dict[str, Trace], out: Path) -> None:
    [source] = [path.parent for path in out.rglob("traces.jsonl")]
    replayed = out.parent / "replayed"
    run_command("vf-replay", str(source), "--output-dir", str(replayed), "--no-rich")
    again = read_traces(replayed)
    good = {task: trace for task, trace in traces.items() if trace["ok"]}
    assert {task: again[task]["rewards"] for task in good} == {
        task: trace["rewards"] for task, trace in good.items()
    }
    assert {task: again[task]["metrics"] for task in good} == {
        task: trace["metrics"] for task, trace in good.items()
    }


def test_limits_and_timeouts_of_verifiers_end_episodes_and_free_their_places(
    corpus: Corpus, ids: list[str], said: dict[str, list[str]], tmp_path: Path
) -> None:
    slow, *others = ids[:3]
    prompts = list(scripts(corpus, "immediate", ids[:3]))
    told = {prompt: said[task] for prompt, task in zip(prompts, ids[:3], strict=True)}
    server = ScriptedServer(told)
    server.trouble = lambda asked: (
        Reply(delay_s=6.0, is_normal=True)
        if asked.prompt == prompts[0] and asked.turn == 1
        else None
    )
    try:
        # One place, one rollout at a time: a place that was not freed would stop those behind it.
        traces = evaluate(
            server.url,
            tmp_path,
            3,
            *("-c", "1"),
            *("--env.taskset.task.max-episodes", "1"),
            *("--env.agent.max-turns", "2"),
            *("--env.agent.timeout.rollout", "3"),
        )
    finally:
        server.close()
    assert traces[slow]["stop_condition"] == "agent_timeout"
    direct = direct_results(corpus, {slow: said[slow][:1], **{t: said[t][:2] for t in others}})
    for task, result in direct.items():
        assert traces[task]["rewards"]["finqa"]["score"] == result["reward"]
        assert traces[task]["metrics"]["num_turns"] == result["turn"]
        assert traces[task]["metrics"]["truncated"] == (result["status"] == "truncated")
    assert {traces[task]["stop_condition"] for task in others} == {"max_turns"}


def test_validate_passes(tmp_path: Path) -> None:
    run_command(
        "vf-validate",
        "finqa-gym-verifiers",
        *("--runtime.type", "subprocess"),
        *("--taskset.split", "val"),
        *("--taskset.task.corpus", CORPUS),
        *("-n", "10", "-o", str(tmp_path), "--no-rich"),
    )
    [summary] = tmp_path.rglob("summary.json")
    checks = json.loads(summary.read_text(encoding="utf-8"))
    assert checks["outcomes"]["valid"] == checks["total"] == 10
    assert checks["checks"]["gold"]["valid"] == checks["checks"]["noop"]["valid"] == 10
