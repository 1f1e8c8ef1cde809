"""A corpus as an MCP server, asked by the official SDK's client in memory, over stdio and HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp_types", reason="the extra mcp (SDK 2) is not installed")

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

import finqa_gym
from finqa_gym import ScriptedPolicy, SynthConfig, VectorEnv, synthetic
from finqa_gym.integrations.limits import Limits
from finqa_gym.integrations.mcp import CorpusTools, http_app, make_server
from finqa_gym.integrations.serving import guarded_server, listen
from finqa_gym.tools import parse_action
from small_corpus import small_corpus, small_path

PACKAGE = str(Path(finqa_gym.__file__).parents[1])
SPLIT = "train"
Play = Callable[[Any], Awaitable[Any]]


@pytest.fixture(scope="module")
def tools() -> Iterator[CorpusTools]:
    opened = CorpusTools(small_corpus(), SPLIT)
    yield opened
    opened.close()


@contextlib.contextmanager
def served(tools: CorpusTools, limits: Limits) -> Iterator[tuple[str, int]]:
    """The tools over HTTP, in a thread."""
    server = guarded_server(http_app(tools, limits), limits)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        port = listener.getsockname()[1]
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{port}", port
        finally:
            server.should_exit = True
            thread.join(20)
    assert not thread.is_alive()


def in_memory(tools: CorpusTools, play: Play) -> Any:
    async def main() -> Any:
        async with Client(make_server(tools)) as client:
            return await play(client)

    return asyncio.run(main())


def over_stdio(_tools: CorpusTools, play: Play) -> Any:
    command = ["-m", "finqa_gym", "serve", "--mcp", "--corpus", small_path(), "--split", SPLIT]
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    parameters = StdioServerParameters(command=sys.executable, args=command, env=environment)

    async def main() -> Any:
        async with Client(stdio_client(parameters)) as client:
            return await play(client)

    return asyncio.run(main())


def over_http(tools: CorpusTools, play: Play) -> Any:
    with served(tools, Limits()) as (url, _):

        async def main() -> Any:
            async with Client(f"{url}/mcp") as client:
                return await play(client)

        return asyncio.run(main())


TRANSPORTS = pytest.mark.parametrize("through", [in_memory, over_stdio, over_http])


def text_of(result: Any) -> str:
    [block] = result.content
    return str(block.text)


def gold_calls(task_id: str) -> list[tuple[str, dict[str, Any], str]]:
    """Calls of the gold policy but its answer, and what each brings in an episode."""
    env = VectorEnv(small_corpus(), 1)
    script = ScriptedPolicy("gold", env)
    observations, infos = env.reset(task_ids=[task_id])
    script.reset(infos["env_id"], infos["task_index"])
    calls: list[tuple[str, dict[str, Any], str]] = []
    while True:
        [message] = script.act([0], observations)
        batch = env.step([message])
        observations = batch.observations
        if batch.terminated[0]:
            return calls
        [attempt] = parse_action(message).attempts
        assert attempt.name is not None
        calls.append((attempt.name, attempt.arguments or {}, observations[0]))


@TRANSPORTS
def test_calls_bring_what_they_bring_in_an_episode(tools: CorpusTools, through: Any) -> None:
    episodes = [gold_calls(task_id) for task_id in small_corpus().task_ids(SPLIT, 6)]

    async def play(client: Any) -> list[str]:
        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == [
            "list_companies", "get_table_names", "get_table_info", "sql_query", "calculator",
        ]  # fmt: skip
        assert all(tool.annotations.read_only_hint for tool in listed)
        assert listed[3].input_schema["required"] == ["company_name", "table_name", "query"]
        texts = []
        for name, arguments, _ in (call for episode in episodes for call in episode):
            result = await client.call_tool(name, arguments)
            assert not result.is_error
            texts.append(text_of(result))
        return texts

    wanted = [text for episode in episodes for _, _, text in episode]
    assert len(wanted) >= 18
    assert through(tools, play) == wanted


@TRANSPORTS
def test_mistakes_are_results_that_say_what_was_wrong(tools: CorpusTools, through: Any) -> None:
    _, inspected, *_ = gold_calls(small_corpus().task_ids(SPLIT, 1)[0])
    company, table = inspected[1]["company_name"], inspected[1]["table_name"]
    here = {"company_name": company, "table_name": table}
    mistakes: list[tuple[str, dict[str, Any], str]] = [
        ("get_table_names", {}, "missing company_name"),
        ("get_table_names", {"company_name": company[:-1]}, f"Near names: {company}"),
        ("get_table_info", here | {"table_name": table[:-3]}, table),
        ("sql_query", here | {"query": f'DROP TABLE "{table}"'}, "SELECT"),
        ("sql_query", here | {"query": f'SELECT no FROM "{table}" LIMIT 1'}, "no such column: no"),
        ("calculator", {"expression": "open('/etc/passwd')"}, "text cannot be calculated with"),
        ("submit_answer", {"answer": "1"}, "There is no tool 'submit_answer'"),
        ("nope", {}, "The tools are list_companies, get_table_names"),
        ("list_companies", {"limit": 0}, "a whole number from 1 to 1000"),
        ("list_companies", {"serch": "x"}, "takes search and limit, not serch"),
        ("sql_query", here | {"company_name": "../../etc", "query": "x"}, "There is no company"),
    ]

    async def play(client: Any) -> list[Any]:
        return [await client.call_tool(name, arguments) for name, arguments, _ in mistakes]

    for result, (name, _, told) in zip(through(tools, play), mistakes, strict=True):
        assert result.is_error, name
        assert text_of(result).startswith("Error")
        assert told in text_of(result), name


def test_companies_are_searched_and_counted(tools: CorpusTools) -> None:
    async def play(client: Any) -> list[str]:
        asked: list[dict[str, Any]] = [
            {},
            {"search": tools.companies[1][2:6].upper()},
            {"limit": 2},
        ]
        return [text_of(await client.call_tool("list_companies", each)) for each in asked]

    everything, some, two = in_memory(tools, play)
    assert json.loads(everything) == tools.companies
    assert tools.companies[1] in json.loads(some)
    assert two.endswith("(2 of 8 companies; search for a part of the name)")


def test_names_may_be_written_in_any_case(tools: CorpusTools) -> None:
    async def play(client: Any) -> Any:
        name = f" `{tools.companies[0].upper()}` "
        return await client.call_tool("get_table_names", {"company_name": name})

    assert not in_memory(tools, play).is_error


def test_many_clients_at_once(tools: CorpusTools) -> None:
    calls = gold_calls(small_corpus().task_ids(SPLIT, 1)[0])
    with served(tools, Limits(max_requests=128)) as (url, _):

        async def one() -> list[str]:
            async with Client(f"{url}/mcp") as client:
                return [text_of(await client.call_tool(name, args)) for name, args, _ in calls]

        async def main() -> list[list[str]]:
            return await asyncio.gather(*(one() for _ in range(16)))

        assert asyncio.run(main()) == [[text for _, _, text in calls]] * 16


def test_http_has_limits(tools: CorpusTools) -> None:
    with served(tools, Limits(max_message_bytes=4096, request_timeout_s=1.0)) as (url, _):
        headers = {"accept": "application/json, text/event-stream"}
        with httpx2.Client(base_url=url, headers=headers) as client:
            health = client.get("/health").json()
            assert health == {"status": "healthy", "companies": 8}
            # A stream that stays open is what a client could pile up.
            assert client.get("/mcp").status_code == 405
            assert client.post("/mcp", content=b"{" + b" " * 5000).status_code == 413
            assert client.post("/mcp", content=b"{").status_code == 400
            foreign = client.post("/mcp", json={}, headers={"host": "evil.example"})
            assert foreign.status_code == 421


def test_what_cannot_be_served_is_refused() -> None:
    with pytest.raises(ValueError, match="compact"):
        CorpusTools(small_corpus(), tool_profile="compact")
    endless = synthetic(0, SynthConfig.preset("tiny", train_companies=None))
    with pytest.raises(ValueError, match="is endless"):
        CorpusTools(endless, "train")
    tools = CorpusTools(endless)  # its finite split instead
    assert tools.companies
    tools.close()
