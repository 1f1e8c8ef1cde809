"""Shared by the tests of evaluations: a corpus, tasks of it, servers, and a way to play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from scripted_server import ScriptedServer

Serve = Callable[..., "ScriptedServer"]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="session")
def corpus(finqa_gym: Any) -> Any:
    """Single answers, reports, and questions without an answer."""
    del finqa_gym
    from small_corpus import small_corpus

    return small_corpus()


@pytest.fixture(scope="session")
def tasks(corpus: Any) -> list[str]:
    """All tasks of ``val``."""
    found: list[str] = corpus.task_ids("val")
    return found


@pytest.fixture
def serve(corpus: Any, tasks: list[str]) -> Iterator[Serve]:
    """Starts servers that answer the tasks of ``val`` as a script would."""
    from scripted_server import ScriptedServer, scripts

    servers: list[ScriptedServer] = []

    def start(policy: str = "gold", *, in_structure: bool = True, **options: Any) -> Any:
        told = scripts(corpus, policy, tasks, **options)
        servers.append(ScriptedServer(told, in_structure=in_structure))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def endpoint(finqa_gym: Any) -> Callable[..., Any]:
    """A policy at a server, that does not pause for long."""
    del finqa_gym
    from finqa_gym.evaluation import EndpointPolicy

    def build(server: ScriptedServer, **options: Any) -> Any:
        settings = {"backoff_s": 0.01, "timeout_s": 20.0} | options
        return EndpointPolicy(server.url, "a-model", **settings)

    return build


@pytest.fixture
def play(corpus: Any, tmp_path: Path) -> Callable[..., Any]:
    """Evaluates on ``val``, into a folder of the test."""
    from finqa_gym.evaluation import evaluate

    def run(policy: Any, name: str = "run", **options: Any) -> Any:
        settings: dict[str, Any] = {"split": "val"} | options
        if "tasks" in settings:
            del settings["split"]
        return evaluate(policy, corpus, out=tmp_path / name, **settings)

    return run
