"""The routes around the episodes: health, page, lists of tasks, the command, the Space."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("openenv", reason="the extra openenv is not installed")

import httpx
from openenv import GenericEnvClient
from openenv.cli._validation import validate_running_environment
from openenv.core.env_server.interfaces import TaskProvider

import finqa_gym
from finqa_gym import SynthConfig, synthetic
from finqa_gym.async_engine import AsyncEngine
from finqa_gym.integrations.openenv import FinqaEnvironment, TaskSource
from integrations.openenv.served import Served, call, served
from small_corpus import small_corpus, small_path

REPOSITORY = Path(__file__).resolve().parents[3]
PACKAGE = str(Path(finqa_gym.__file__).parents[1])
SPACE = REPOSITORY / "deploy" / "openenv"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served(small_corpus(), split="train") as running:
        yield running


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as opened:
        yield opened


def test_health_metadata_and_schema(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "healthy"}
    assert client.get("/metadata").json()["name"] == "finqa"
    schema = client.get("/schema").json()
    assert {"question", "company", "prompt"} <= schema["reset_observation"]["properties"].keys()
    assert "ground_truth" not in schema["state"]["properties"]
    assert set(schema["action"]["properties"]) >= {"tool_name", "arguments"}


def test_openenvs_own_validation_passes(server: Served) -> None:
    report = validate_running_environment(server.url)
    failed = [each for each in report["criteria"] if not each["passed"]]
    assert failed == []
    assert report["passed"] is True
    assert report["mode"] == "simulation"


def test_production_mode_has_no_reset_over_http() -> None:
    with served(small_corpus(), mode="production") as running:
        assert httpx.post(f"{running.url}/reset").status_code in (404, 405)
        assert httpx.get(f"{running.url}/health").status_code == 200


@pytest.mark.parametrize("path", ["/", "/web"])
def test_the_page_holds_nothing_secret_and_runs_no_foreign_code(
    client: httpx.Client, path: str
) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "New question" in page.text
    assert "{version}" not in page.text
    for sign in ("src=", "http://", "https://", "innerHTML"):
        assert sign not in page.text


@pytest.mark.parametrize("path", ["/web/state", "/web/metadata", "/web/reset"])
def test_openenvs_web_interface_stays_off(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Images made by `openenv push` set this.
    monkeypatch.setenv("ENABLE_WEB_INTERFACE", "true")
    with served(small_corpus()) as running:
        assert httpx.get(running.url + path).status_code == 404


def test_tasks_are_listed_without_answers(client: httpx.Client) -> None:
    corpus = small_corpus()
    assert client.get("/list_environments").json() == ["finqa"]
    splits = {each["name"]: each["type"] for each in client.get("/finqa/splits").json()}
    assert splits == {"train": "train", "val": "validation", "eval290": "test", "reason79": "test"}
    for split in splits:
        ids = corpus.task_ids(split)
        count = client.post("/finqa/num_tasks", json={"split": split}).json()["num_tasks"]
        tasks = client.post("/finqa/tasks", json={"split": split}).json()["tasks"]
        assert [task["task_id"] for task in tasks] == ids
        assert count == len(ids)
        told = json.dumps(tasks)
        for task in corpus.tasks(split):
            assert json.dumps(task["truth"]) not in told
        assert {key for task in tasks for key in task} <= {
            "task_id", "split", "companies", "question", "question_type", "unit_hint", "user_query",
        }  # fmt: skip
    one = client.post("/finqa/task", json={"split": "train", "index": 3}).json()["task"]
    some = {"split": "train", "start": 3, "stop": 5}
    two = client.post("/finqa/task_range", json=some).json()["tasks"]
    assert two[0] == one
    assert len(two) == 2
    for wrong in ({"split": "train", "index": 10_000}, {"split": "train", "index": -1}):
        assert client.post("/finqa/task", json=wrong).status_code in (400, 422)
    assert client.post("/finqa/tasks", json={"split": "no"}).status_code == 400


def test_a_listed_task_can_be_played(server: Served, client: httpx.Client) -> None:
    task = client.post("/finqa/task", json={"split": "val", "index": 1}).json()["task"]

    async def main() -> Any:
        async with GenericEnvClient(base_url=server.url) as env:
            return (await env.reset(task_id=task["task_id"])).observation

    assert asyncio.run(main())["question"] == task["question"]


def test_an_endless_split_is_listed_in_parts() -> None:
    corpus = synthetic(0, SynthConfig.preset("tiny", train_companies=None))
    with AsyncEngine(corpus, 2, split="train", tool_profile="openenv") as engine:
        env = FinqaEnvironment(TaskSource(engine, "train"))
        methods = [name for name in vars(TaskProvider) if not name.startswith("_")]
        assert len(methods) == 5
        assert all(callable(getattr(env, name)) for name in methods)
        count = env.num_tasks("train")
        assert count > 10**6
        far = asyncio.run(env.get_task("train", count - 1))
        assert far["split"] == "train"
        part = asyncio.run(env.get_task_range("train", 5, 10**9))
        assert len(part) == 1000
        assert part[0] == asyncio.run(env.get_task("train", 5))
        assert [task["task_id"] for task in part[:3]] == corpus.task_ids("train", 8)[5:]
        env.close()


def test_an_environment_can_be_used_without_a_server() -> None:
    from openenv.core.env_server.mcp_types import CallToolAction, ListToolsAction

    with AsyncEngine(small_corpus(), 2, tool_profile="openenv") as engine:
        env = FinqaEnvironment(TaskSource(engine))
        seen = env.reset(seed=1)
        assert seen.question
        assert len(env.step(ListToolsAction()).tools) == 4
        ended = env.step(CallToolAction(tool_name="submit_answer", arguments={"answer": "x"}))
        assert (ended.done, ended.reward) == (True, 0.0)
        assert env.state.done
        env.close()
        env.close()
        assert engine.num_live == 0
        with pytest.raises(RuntimeError, match="the session was closed"):
            env.reset()


def test_the_command_serves_until_it_is_stopped() -> None:
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    command = [sys.executable, "-m", "finqa_gym", "serve", "--openenv", "--corpus", small_path()]
    options = ["--split", "val", "--port", "0", "--max-sessions", "3", "--reveal-truth"]
    with subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()

        async def main() -> Any:
            async with GenericEnvClient(base_url=url) as env:
                assert (await env.reset()).observation["split"] == "val"
                return await env.step(call("submit_answer", answer="1"))

        ended = asyncio.run(main())
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert ended.done
    assert ended.observation["ground_truth"]
    assert (out, "Traceback" in err) == ("", False)


def test_the_space_passes_static_validation() -> None:
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    command = [str(Path(sys.executable).with_name("openenv")), "validate", str(SPACE)]
    done = subprocess.run(
        [*command, "--level", "static", "--skip-build", "--json"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["verdict"] == "pass"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # OpenEnv's use of websockets 17
def test_the_spaces_runtime_checks_pass_without_its_image() -> None:
    # `openenv validate --level runtime` builds the image and asks it these; here it is our server.
    from openenv.validation.graders.runtime.basic import (
        ObservationSchemaGrader,
        RewardWellFormedGrader,
        StateContractGrader,
    )
    from openenv.validation.parsers.openenv_yaml import OpenEnvYamlParser
    from openenv.validation.runtime.collector import collect_runtime_evidence
    from openenv.validation.runtime.contracts import load_runtime_plan

    manifest = OpenEnvYamlParser().parse(SPACE)
    plan = load_runtime_plan(SPACE, manifest.execution)
    with served(small_corpus()) as running:
        evidence = collect_runtime_evidence(running.url, plan, episode_timeout_s=30)
    assert evidence.failure_reason is None
    assert len(evidence.exchanges) == 2 * (1 + len(plan.actions))
    subject = SimpleNamespace(manifest=manifest)
    for grader in (RewardWellFormedGrader(), ObservationSchemaGrader(), StateContractGrader()):
        assert grader.check(subject, evidence) == []


def test_the_spaces_own_module_serves() -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([PACKAGE, str(SPACE)]),
        "FINQA_CORPUS": small_path(),
    }
    code = (
        "from server.app import app; from fastapi.testclient import TestClient\n"
        "with TestClient(app) as client: print(client.get('/health').json()['status'])\n"
        "app.state.source.engine.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == "healthy", done.stderr


def test_the_front_matter_agrees_with_the_manifest() -> None:
    import yaml

    manifest = yaml.safe_load((SPACE / "openenv.yaml").read_text("utf-8"))
    front = yaml.safe_load((SPACE / "README.md").read_text("utf-8").split("---")[1])
    assert (front["sdk"], front["app_port"]) == ("docker", manifest["port"])
    assert "openenv" in front["tags"]
    assert f"EXPOSE {manifest['port']}" in (SPACE / "Dockerfile").read_text("utf-8")
    with AsyncEngine(small_corpus(), 1, tool_profile="openenv") as engine:
        names = [tool["function"]["name"] for tool in engine.tools]
    assert manifest["validation"]["capabilities"]["declared_tools"] == names
