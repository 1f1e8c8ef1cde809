"""Adapters that are reached over a socket; the other end is a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from episodes import Episodes
from in_process import play_all

from finqa_gym import VectorEnv
from finqa_gym.data import open_corpus
from finqa_gym.tools import parse_action

SESSION_CALLS = 50
"""Coroutines that share a client of MCP, which tells answers apart by their numbers."""


@contextlib.contextmanager
def _served(episodes: Episodes, *command: str) -> Iterator[str]:
    """A server's address, which it prints in its first line."""
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
            status = Path(f"/proc/{server.pid}/status").read_text("utf-8")
            [peak] = [line for line in status.splitlines() if line.startswith("VmHWM")]
            episodes.server_rss = int(peak.split()[1]) * 1024
        finally:
            server.terminate()


def play_openenv(episodes: Episodes, coroutines: int) -> None:
    """Sessions of OpenEnv's own client at ``finqa-gym serve --openenv``."""
    from openenv import GenericEnvClient

    async def everything(url: str) -> None:
        ready = asyncio.Barrier(coroutines + 1)
        connecting = asyncio.Semaphore(64)

        async def session(ids: list[str]) -> None:
            async with GenericEnvClient(base_url=url, message_timeout_s=600) as env:
                async with connecting:
                    await env.reset()
                await ready.wait()
                await ready.wait()
                for task in ids:
                    await env.reset(task_id=task)
                    for text in episodes.said[task]:
                        call = _openenv_call(text)
                        began = time.perf_counter()
                        step = await env.step(call)
                        episodes.latencies.append(time.perf_counter() - began)
                    episodes.rewards += step.reward

        async with asyncio.TaskGroup() as group:
            for ids in episodes.shares(coroutines):
                group.create_task(session(ids))
            await ready.wait()
            episodes.start_clock()
            await ready.wait()
        episodes.stop_clock()

    options = ["--max-sessions", str(coroutines), "--messages-per-s", "0", "--port", "0"]
    command = ["-m", "finqa_gym", "serve", "--openenv", "--corpus", episodes.path]
    with _served(episodes, *command, "--split", "train", *options) as url:
        asyncio.run(everything(url))


def _openenv_call(text: str) -> dict[str, Any]:
    [attempt] = parse_action(text, "openenv").attempts
    return {"type": "call_tool", "tool_name": attempt.name, "arguments": attempt.arguments}


def play_mcp(episodes: Episodes, coroutines: int) -> None:
    """The SDK's client at ``finqa-gym serve --mcp``: the tools, without episodes and answers."""
    from mcp import Client

    async def everything(url: str) -> None:
        async def agent(client: Client, ids: list[str]) -> None:
            for task in ids:
                for text in episodes.said[task]:
                    [attempt] = parse_action(text).attempts
                    if attempt.name is None or attempt.name == "submit_answer":
                        continue
                    began = time.perf_counter()
                    result = await client.call_tool(attempt.name, attempt.arguments)
                    episodes.latencies.append(time.perf_counter() - began)
                    assert not result.is_error, result
                episodes.rewards += 1.0  # every call was answered as it should be

        async with contextlib.AsyncExitStack() as stack:
            number = -(-coroutines // SESSION_CALLS)
            clients = [await stack.enter_async_context(Client(url)) for _ in range(number)]
            episodes.start_clock()
            async with asyncio.TaskGroup() as group:
                for index, ids in enumerate(episodes.shares(coroutines)):
                    group.create_task(agent(clients[index % number], ids))
            episodes.stop_clock()

    # A request counts until its answer is out, when the next is on its way already.
    options = ["--transport", "http", "--max-requests", str(2 * coroutines), "--port", "0"]
    command = ["-m", "finqa_gym", "serve", "--mcp", "--corpus", episodes.path]
    with _served(episodes, *command, "--split", "train", *options) as url:
        asyncio.run(everything(url))


def play_verifiers(episodes: Episodes, coroutines: int) -> None:
    """The harness of verifiers with its HTTP client, against a server in a process of its own.

    Without verifiers' interception server, which would be most of what is measured.
    """
    import verifiers.v1 as vf

    packages = Path(__file__).resolve().parents[2] / "packages" / "finqa-gym-verifiers"
    sys.path.insert(0, str(packages))
    from finqa_gym_verifiers.harness import FinqaHarness, FinqaHarnessConfig
    from finqa_gym_verifiers.task import FinqaData, FinqaState, FinqaTask, FinqaTaskConfig

    config = FinqaTaskConfig(corpus=episodes.path, max_episodes=coroutines)
    harness = FinqaHarness(FinqaHarnessConfig())
    context = vf.ModelContext(model="scripted", client=None)
    agent = vf.AgentInfo(config=vf.AgentConfig())
    with VectorEnv(episodes.corpus, len(set(episodes.ids))) as env:
        known = list(dict.fromkeys(episodes.ids))
        prompts = dict(zip(known, env.reset(task_ids=known)[0], strict=True))
    with _served(episodes, str(Path(__file__).parent), "--serve", episodes.path) as url:

        async def one(task_id: str) -> float:
            data = FinqaData(id=task_id, prompt=prompts[task_id], system_prompt=env.system_prompt)
            task = FinqaTask(data, config)
            told = vf.TraceTask(type="FinqaTask", data=data, key=task.key, hash="")
            trace = vf.Trace(task=told, agent=agent, state=FinqaState())
            await task.setup(trace)
            await harness.launch(context, trace, None, url, "key", {}, data)
            return await task.finqa(trace)

        episodes.start_clock()
        play_all(episodes, coroutines, one)
        episodes.stop_clock()


async def serve(path: str) -> None:
    """A chat endpoint that says what the gold policy says; prints its address."""
    corpus = open_corpus(path)
    episodes = Episodes(path, len(corpus.task_ids("train")))
    with VectorEnv(corpus, len(episodes.ids)) as env:
        prompts = env.reset(task_ids=episodes.ids)[0]
    said = {p: episodes.said[task] for p, task in zip(prompts, episodes.ids, strict=True)}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                messages = json.loads(await reader.readexactly(length))["messages"]
                turn = sum(message["role"] == "assistant" for message in messages)
                message = {"role": "assistant", "content": said[messages[1]["content"]][turn]}
                body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]})
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                writer.write(body.encode())
                await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=1 << 22, backlog=8192)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()
