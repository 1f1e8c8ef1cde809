"""How many steps a second an OpenEnv server makes, by sessions, and what its protocol costs.

    python benches/openenv_sessions.py                     # 1, 16, 64 and 256 sessions
    python benches/openenv_sessions.py --sessions 16 --seconds 10 --json out.json

The server (`finqa-gym serve --openenv`) and the clients (OpenEnv's own) are processes of their own.
All play the calls of the gold policy, recorded beforehand. Beside them the same calls in this
process: `VectorEnv`, and `AsyncEngine` with as many coroutines. Needs the extra openenv and Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import finqa_gym
from finqa_gym.tools import parse_action

CORPUS, SPLIT, NUM_TASKS = "synthetic", "val", 128
PROFILE = "openenv"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def record() -> dict[str, list[dict[str, Any]]]:
    """Task id -> the gold policy's calls."""
    corpus = finqa_gym.synthetic()
    task_ids = corpus.task_ids(SPLIT, NUM_TASKS)
    env = finqa_gym.VectorEnv(corpus, NUM_TASKS, tool_profile=PROFILE)
    policy = finqa_gym.ScriptedPolicy("gold", env)
    observations, infos = env.reset(task_ids=task_ids)
    policy.reset(infos["env_id"], infos["task_index"])
    calls: dict[str, list[dict[str, Any]]] = {task_id: [] for task_id in task_ids}
    live = infos["env_id"]
    while len(live):
        actions = policy.act(live, observations)
        for slot, action in zip(live.tolist(), actions, strict=True):
            [attempt] = parse_action(action, PROFILE).attempts
            function = {"tool_name": attempt.name, "arguments": attempt.arguments}
            calls[task_ids[slot]].append(function)
        live, observations = env.step(actions, env_ids=live).running()
    return calls


def message(call: dict[str, Any]) -> dict[str, Any]:
    """A call as `VectorEnv` takes it."""
    function = {"name": call["tool_name"], "arguments": json.dumps(call["arguments"])}
    return {"role": "assistant", "content": None, "tool_calls": [{"function": function}]}


def direct(calls: dict[str, list[dict[str, Any]]], sessions: int, seconds: float) -> float:
    """Steps a second of `VectorEnv`, all slots in one call."""
    env = finqa_gym.VectorEnv(
        finqa_gym.synthetic(), sessions, tool_profile=PROFILE, keep_messages=False
    )
    messages = {task_id: [message(call) for call in each] for task_id, each in calls.items()}
    draw = random.Random(0)
    steps, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        task_ids = draw.choices(list(calls), k=sessions)
        _, infos = env.reset(task_ids=task_ids)
        live, turn = infos["env_id"], 0
        while len(live):
            batch = env.step([messages[task_ids[i]][turn] for i in live.tolist()], env_ids=live)
            steps += len(batch)
            (live, _), turn = batch.running(), turn + 1
    return steps / (time.perf_counter() - began)


async def coroutines(
    calls: dict[str, list[dict[str, Any]]], sessions: int, seconds: float
) -> float:
    """Steps a second of `AsyncEngine`."""
    messages = {task_id: [message(call) for call in each] for task_id, each in calls.items()}
    end = time.perf_counter() + seconds
    with finqa_gym.AsyncEngine(
        max_episodes=sessions, tool_profile=PROFILE, keep_messages=False
    ) as engine:

        async def session(number: int) -> int:
            draw, steps = random.Random(number), 0
            while time.perf_counter() < end:
                task_id = draw.choice(list(calls))
                async with await engine.start(task_id) as episode:
                    for each in messages[task_id]:
                        await episode.call(each)
                        steps += 1
            return steps

        began = time.perf_counter()
        steps = sum(await asyncio.gather(*(session(number) for number in range(sessions))))
        return steps / (time.perf_counter() - began)


async def client(url: str, calls: dict[str, Any], sessions: int, seconds: float) -> dict[str, Any]:
    """Plays sessions against a server; runs in a process of its own."""
    from openenv import GenericEnvClient

    latencies: list[float] = []
    rewards: list[float] = []
    connected = 0
    everybody = asyncio.Event()

    async def session(number: int) -> None:
        nonlocal connected
        draw = random.Random(number)
        async with GenericEnvClient(base_url=url, message_timeout_s=120) as env:
            await env.reset()
            connected += 1
            if connected == sessions:
                everybody.set()
            await everybody.wait()
            while time.perf_counter() < end[0]:
                task_id = draw.choice(list(calls))
                await env.reset(task_id=task_id)
                for call in calls[task_id]:
                    began = time.perf_counter()
                    step = await env.step({"type": "call_tool", **call})
                    latencies.append(time.perf_counter() - began)
                rewards.append(step.reward)

    end = [float("inf")]
    tasks = [asyncio.create_task(session(number)) for number in range(sessions)]
    await everybody.wait()
    began = time.perf_counter()
    end[0] = began + seconds
    print("connected", flush=True)  # whoever started this looks at the server now
    await asyncio.gather(*tasks)
    elapsed = time.perf_counter() - began
    assert all(reward == 1.0 for reward in rewards), "gold is right"
    cuts = statistics.quantiles(latencies, n=100)
    return {
        "steps_per_s": len(latencies) / elapsed,
        "episodes_per_s": len(rewards) / elapsed,
        "p50_ms": cuts[49] * 1e3,
        "p99_ms": cuts[98] * 1e3,
        "steps": len(latencies),
    }


def rss_kib(pid: int) -> int:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def cpu_s(pid: int) -> float:
    """Processor time that a process has used."""
    stat = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICKS_PER_S


def measure(calls_file: str, sessions: int, seconds: float) -> dict[str, Any]:
    """A fresh server and its clients."""
    command = [sys.executable, "-m", "finqa_gym", "serve", "--openenv", "--corpus", CORPUS]
    options = ["--split", SPLIT, "--port", "0", "--max-sessions", str(sessions)]
    with subprocess.Popen(
        [*command, *options, "--messages-per-s", "0"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        before = rss_kib(server.pid)
        command = [sys.executable, __file__, "--client", url, "--calls", calls_file]
        options = ["--sessions", str(sessions), "--seconds", str(seconds)]
        with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as clients:
            assert clients.stdout is not None
            clients.stdout.readline()
            used, connected = cpu_s(server.pid), rss_kib(server.pid)
            found: dict[str, Any] = json.loads(clients.stdout.readline())
            found["server_cpu_us_per_step"] = (cpu_s(server.pid) - used) / found["steps"] * 1e6
        server.terminate()
    found["kib_per_session"] = (connected - before) / sessions
    found["server_rss_mib"] = connected / 1024
    return found


def main() -> None:
    """All numbers of sessions."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sessions", type=int, nargs="*", default=[1, 16, 64, 256])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--json", type=argparse.FileType("w"))
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--calls", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        calls = json.loads(Path(options.calls).read_text("utf-8"))
        played = client(options.client, calls, options.sessions[0], options.seconds)
        print(json.dumps(asyncio.run(played)))
        return
    calls = record()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        calls_file = Path(folder) / "calls.json"
        calls_file.write_text(json.dumps(calls), encoding="utf-8")
        for sessions in options.sessions:
            row = {"sessions": sessions, **measure(str(calls_file), sessions, options.seconds)}
            row["vector_env_steps_per_s"] = direct(calls, sessions, options.seconds)
            row["async_engine_steps_per_s"] = asyncio.run(
                coroutines(calls, sessions, options.seconds)
            )
            rows.append(row)
            print(
                f"{sessions:4} sessions: {row['steps_per_s']:7,.0f} steps/s, "
                f"{row['episodes_per_s']:6,.0f} episodes/s, a call {row['p50_ms']:.1f} ms "
                f"(p99 {row['p99_ms']:.1f}), server {row['server_cpu_us_per_step']:.0f} us of CPU "
                f"a step, {row['server_rss_mib']:.0f} MiB, {row['kib_per_session']:.0f} KiB a "
                f"session; "
                f"in process: VectorEnv {row['vector_env_steps_per_s']:,.0f} steps/s, AsyncEngine "
                f"{row['async_engine_steps_per_s']:,.0f}"
            )
    if options.json:
        json.dump({"build": finqa_gym.build_info(), "found": rows}, options.json, indent=2)


if __name__ == "__main__":
    main()
