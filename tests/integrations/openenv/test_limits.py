"""What a client that means no good can take: a place for a while, and nothing for ever."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import struct
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openenv", reason="the extra openenv is not installed")

import httpx
import websockets
from openenv import GenericEnvClient
from openenv.core.mcp_client import MCPToolClient

from finqa_gym.integrations.limits import Limits
from integrations.openenv.served import Served, ask, call, eventually, served
from small_corpus import small_corpus

LIST_TOOLS = {"type": "list_tools"}


def rpc(server: Served, method: str, **params: Any) -> dict[str, Any]:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    with urllib.request.urlopen(f"{server.url}/mcp", body, timeout=20) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def test_no_more_sessions_than_allowed_and_a_place_is_free_at_once_when_one_leaves() -> None:
    with served(small_corpus(), Limits(max_sessions=2)) as server:

        async def main() -> None:
            first = await websockets.connect(server.ws)
            await ask(first, "reset")
            async with websockets.connect(server.ws) as second:
                await ask(second, "reset")
                async with websockets.connect(server.ws) as third:
                    told = json.loads(await third.recv())
                    assert told["data"]["code"] == "CAPACITY_REACHED"
                    assert told["data"]["max_sessions"] == 2
                    with pytest.raises(websockets.ConnectionClosedOK):
                        await third.recv()
                assert "2/2" in rpc(server, "openenv/session/create")["error"]["message"]
                # No goodbye: the client is gone, as a killed process is.
                first.transport.abort()
                await asyncio.to_thread(eventually, lambda: server.num_sessions == 1)
                async with websockets.connect(server.ws) as fourth:
                    assert (await ask(fourth, "reset"))["type"] == "observation"

        asyncio.run(main())
        eventually(lambda: server.num_sessions == 0 and server.engine.num_live == 0)


def test_one_client_gets_its_part_over_sockets_and_http_together() -> None:
    limits = Limits(max_sessions=50, max_sessions_per_client=3)
    with served(small_corpus(), limits) as server:

        async def main() -> list[str]:
            session_id = rpc(server, "openenv/session/create")["result"]["session_id"]
            kinds = []
            async with contextlib.AsyncExitStack() as stack:
                # All at the same time: a check that forgets those on their way lets all in.
                connects = [websockets.connect(server.ws) for _ in range(12)]
                sockets = await asyncio.gather(*map(stack.enter_async_context, connects))
                for ws in sockets:
                    with contextlib.suppress(websockets.ConnectionClosed):
                        kinds.append((await ask(ws, "step", LIST_TOOLS))["type"])
            rpc(server, "openenv/session/close", session_id=session_id)
            return kinds

        kinds = asyncio.run(main())
        assert kinds.count("observation") == 2
        eventually(lambda: server.num_sessions == 0)

        async def again() -> dict[str, Any]:
            async with websockets.connect(server.ws) as ws:
                return await ask(ws, "reset")

        assert asyncio.run(again())["type"] == "observation"


def test_a_silent_session_is_closed_and_one_that_plays_is_not() -> None:
    with served(small_corpus(), Limits(max_sessions=4, idle_timeout_s=1.0)) as server:

        async def silent() -> tuple[int, float]:
            began = time.monotonic()
            async with websockets.connect(server.ws) as ws:
                await ask(ws, "reset")
                with pytest.raises(websockets.ConnectionClosed) as closed:
                    await asyncio.wait_for(ws.recv(), 10)
            assert closed.value.rcvd is not None
            assert "no call for 1 s" in closed.value.rcvd.reason
            return closed.value.rcvd.code, time.monotonic() - began

        async def asks_only_for_its_state() -> None:
            async with websockets.connect(server.ws) as ws:
                await ask(ws, "reset")
                began = time.monotonic()
                with contextlib.suppress(websockets.ConnectionClosed):
                    while time.monotonic() < began + 5:
                        await ask(ws, "state")
                        await asyncio.sleep(0.1)
                assert time.monotonic() < began + 4

        async def plays() -> None:
            async with websockets.connect(server.ws) as ws:
                await ask(ws, "reset")
                for _ in range(6):
                    await asyncio.sleep(0.5)
                    assert (await ask(ws, "step", LIST_TOOLS))["type"] == "observation"

        async def main() -> Any:
            return await asyncio.gather(silent(), asks_only_for_its_state(), plays())

        (code, after_s), *_ = asyncio.run(main())
        assert code == 1001
        assert 0.9 < after_s < 3
        eventually(lambda: server.num_sessions == 0 and server.engine.num_live == 0)


def test_calls_over_http_keep_the_socket_of_their_session_open() -> None:
    with served(small_corpus(), Limits(max_sessions=4, idle_timeout_s=1.0)) as server:

        async def main() -> None:
            async with MCPToolClient(base_url=server.url) as client:
                seen = await client.reset()
                for _ in range(5):
                    await asyncio.sleep(0.5)
                    text = await client.call_tool(
                        "get_descriptions", company_name=seen.observation.company
                    )
                    assert text.startswith("[")
                assert client._ws.close_code is None  # it would quietly connect again
                assert (await client.state()).step_count == 5

        asyncio.run(main())


def test_a_session_made_over_http_and_left_is_reaped() -> None:
    with served(small_corpus(), Limits(max_sessions=2, idle_timeout_s=0.5)) as server:
        for _ in range(2):
            session_id = rpc(server, "openenv/session/create")["result"]["session_id"]
        assert "error" in rpc(server, "openenv/session/create")
        assert rpc(server, "tools/list", session_id=session_id)["result"]["tools"]
        eventually(lambda: server.num_sessions == 0, timeout_s=15)
        assert (
            "Unknown session"
            in rpc(server, "tools/list", session_id=session_id)["error"]["message"]
        )


def test_messages_that_are_too_long_close_the_socket() -> None:
    with served(small_corpus(), Limits(max_message_bytes=4096)) as server:

        async def main(text: str) -> int:
            async with websockets.connect(server.ws) as ws:
                await ws.send(text)
                with pytest.raises(websockets.ConnectionClosed) as closed:
                    await asyncio.wait_for(ws.recv(), 10)
            assert closed.value.rcvd is not None
            return int(closed.value.rcvd.code)

        assert asyncio.run(main("x" * 5000)) == 1009
        assert asyncio.run(main("[" * 40_000)) == 1009
        answer = httpx.post(f"{server.url}/reset", content=b"{" + b" " * 5000 + b"}")
        assert (answer.status_code, "4096 bytes" in answer.text) == (413, True)

        def pieces() -> Any:
            for _ in range(100):
                yield b" " * 100

        assert httpx.post(f"{server.url}/mcp", content=pieces()).status_code == 413
        eventually(lambda: server.num_sessions == 0)


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "null",
        '"text"',
        '{"type": "step", "data": {"type": "call_tool", "tool_name": "\\ud800"}}',
        '{"type": "step", "data": {"type": "call_tool", "tool_name": "x", "arguments": {"a": '
        + "[" * 3000
        + "]" * 3000
        + "}}}",
        '{"type": "step", "data": {"type": "call_tool", "tool_name": "submit_answer", "arguments": '
        '{"answer": ' + "9" * 4400 + "}}}",
        '{"type": "reset", "data": {"episode_id": 5}}',
        '{"type": "mcp", "data": {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": 5}}'
        "}",
        '{"type": "mcp", "data": {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": '
        '"sql_query", "arguments": []}}}',
    ],
)
def test_nonsense_hurts_only_its_sender(text: str) -> None:
    with served(small_corpus(), Limits(max_sessions=2)) as server:

        async def main() -> None:
            async with GenericEnvClient(base_url=server.url) as bystander:
                seen = await bystander.reset(task_id=0)
                async with websockets.connect(server.ws) as ws:
                    await ask(ws, "reset")
                    await ws.send(text)
                    with contextlib.suppress(websockets.ConnectionClosed):
                        told = json.loads(await asyncio.wait_for(ws.recv(), 10))
                        assert told["type"] in ("error", "observation", "mcp")
                        assert "Traceback" not in json.dumps(told)
                company = seen.observation["company"]
                step = await bystander.step(call("get_descriptions", company_name=company))
                assert step.observation["error"] is None

        asyncio.run(main())
        eventually(lambda: server.num_sessions == 0 and server.engine.num_live == 0)


def test_binary_messages_close_the_socket() -> None:
    with served(small_corpus()) as server:

        async def main() -> int:
            async with websockets.connect(server.ws) as ws:
                await ws.send(b"\x00\x01")
                with pytest.raises(websockets.ConnectionClosed) as closed:
                    await asyncio.wait_for(ws.recv(), 10)
            assert closed.value.rcvd is not None
            return int(closed.value.rcvd.code)

        assert asyncio.run(main()) == 1003


def test_a_socket_that_floods_is_slowed_down_and_others_are_not() -> None:
    with served(small_corpus(), Limits(messages_per_s=20)) as server:

        async def flood(count: int) -> float:
            began = time.monotonic()
            async with websockets.connect(server.ws) as ws:
                for _ in range(count):
                    await ask(ws, "state")
            return time.monotonic() - began

        async def main() -> Any:
            return await asyncio.gather(flood(80), flood(5))

        flooding, calm = asyncio.run(main())
        assert flooding > 1.5  # 40 at once, 40 more at 20 a second
        assert calm < 1.0


def test_requests_that_make_their_own_environment_leak_nothing() -> None:
    with served(small_corpus(), Limits(max_sessions=2, max_requests=4)) as server:
        with httpx.Client(base_url=server.url) as client:
            for _ in range(100):
                reset = client.post("/reset", json={"seed": 1}).json()
                assert reset["observation"]["question"]
                step = client.post("/step", json={"action": call("submit_answer", answer="")})
                assert step.json()["reward"] is None
                assert "call reset first" in step.json()["observation"]["error"]["message"]
                assert client.get("/state").json()["step_count"] == 0
                assert rpc(server, "tools/list")["result"]["tools"]
        eventually(lambda: server.engine.num_live == 0)
        assert server.num_sessions == 0
        assert server.engine.num_leaked == 0


def test_more_requests_than_allowed_are_turned_away() -> None:
    with served(small_corpus(), Limits(max_requests=2, request_timeout_s=2.0)) as server:
        slow = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=10) for _ in range(2)]
        for connection in slow:  # the body never comes
            connection.putrequest("POST", "/reset")
            connection.putheader("content-length", "10")
            connection.putheader("content-type", "application/json")
            connection.endheaders()
        eventually(lambda: httpx.get(f"{server.url}/health").status_code == 503)
        assert [connection.getresponse().status for connection in slow] == [408, 408]
        for connection in slow:
            connection.close()
        assert httpx.get(f"{server.url}/health").status_code == 200


def test_connections_that_ask_for_nothing_are_dropped() -> None:
    with served(small_corpus(), Limits(request_timeout_s=0.5)) as server:
        silent = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        dribbling = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        dribbling.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n")
        again = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        again.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        answer = b""
        while not answer.endswith(b"}"):
            answer += again.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200")
        again.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n")
        for each in (silent, dribbling, again):
            with contextlib.suppress(ConnectionResetError):
                assert each.recv(4096) == b""
            each.close()


def test_connections_beyond_the_limit_are_dropped() -> None:
    limits = Limits(max_sessions=1, max_requests=1)
    with served(small_corpus(), limits) as server, contextlib.ExitStack() as stack:
        opened = []
        for _ in range(limits.max_connections + 20):
            opened.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            stack.callback(opened[-1].close)
        dropped = 0
        for each in opened[-20:]:
            each.settimeout(5)
            with contextlib.suppress(ConnectionResetError, socket.timeout):
                assert each.recv(1) == b""
            dropped += 1
        assert dropped == 20
        for each in opened:
            each.close()
        eventually(lambda: httpx.get(f"{server.url}/health").status_code == 200)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors in /proc")
def test_thousands_of_sockets_leave_nothing_behind(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with served(small_corpus(), Limits(max_sessions=32)) as server:

        async def visit(number: int) -> None:
            ws = await websockets.connect(server.ws, close_timeout=5)
            if number % 2:
                await ask(ws, "reset")
            if number % 3:
                await ws.close()
            else:
                # A reset of the connection while something may be under way.
                await ws.send(json.dumps({"type": "reset"}))
                raw = ws.transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                ws.transport.abort()

        async def main(count: int) -> None:
            for first in range(0, count, 16):
                await asyncio.gather(*map(visit, range(first, first + 16)))
            await asyncio.sleep(0.2)  # sockets that were aborted are closed in a later tick

        def rests() -> bool:
            return server.num_sessions == 0 and server.engine.num_live == 0

        asyncio.run(main(64))  # threads and pools that are made once
        eventually(rests)
        descriptors, threads = _descriptors(), threading.active_count()
        asyncio.run(main(2048))
        eventually(rests)
        eventually(lambda: _descriptors() <= descriptors + 2)
        assert threading.active_count() <= threads + 8  # pools that are still filling
        assert server.engine.num_leaked == 0
    assert capfd.readouterr().err == ""  # nor does a client that vanishes fill the log


def test_limits_that_cannot_work_are_refused() -> None:
    for name, value in (
        ("max_sessions", 0),
        ("max_sessions_per_client", 0),
        ("idle_timeout_s", 0.0),
        ("request_timeout_s", float("inf")),
        ("messages_per_s", -1.0),
        ("max_message_bytes", -5),
    ):
        with pytest.raises(ValueError, match=rf"{name} is "):
            Limits(**{name: value})  # type: ignore[arg-type]
