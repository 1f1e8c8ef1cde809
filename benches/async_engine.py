"""What a tool call costs a coroutine: `AsyncEngine` beside a thread hop for each call.

    python benches/async_engine.py                                   # 1,000 and 4,000 coroutines
    python benches/async_engine.py --coroutines 1000 --json out.json

Every coroutine plays one episode: ten calls and an answer. The engine's coroutines send theirs in
batches of a tick; the others go through ``run_in_executor`` and ``asyncio.to_thread``, one by one
into one environment behind a lock; ``direct`` is `VectorEnv.step` for all of them at once.
Ways take turns, ``--rounds`` times; figures are medians.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import finqa_gym
from finqa_gym import AsyncEngine, Corpus, VectorEnv

TURNS = 10
ANSWER = "FINAL ANSWER: 42"
OPTIONS: dict[str, Any] = {"max_turns": TURNS + 1, "keep_messages": False}


def action(corpus: Corpus, task: int) -> str:
    """A call whose work is small, so that the way to it is what is measured."""
    company = corpus.task(task)["companies"][0]
    arguments = json.dumps({"company_name": company})
    return f'<tool_call>{{"name": "get_table_names", "arguments": {arguments}}}</tool_call>'


async def through_engine(engine: AsyncEngine, actions: list[str], latencies: list[float]) -> None:
    """All episodes at the same time."""

    async def play(task: int) -> None:
        async with await engine.start(task) as episode:
            for _ in range(TURNS):
                began = time.perf_counter()
                await episode.call(actions[task])
                latencies.append(time.perf_counter() - began)
            await episode.call(ANSWER)

    await asyncio.gather(*map(play, range(len(actions))))


async def one_by_one(
    hop: Callable[..., Awaitable[Any]], env: VectorEnv, actions: list[str], latencies: list[float]
) -> None:
    """A thread hop for each call."""
    lock = threading.Lock()

    def step(slot: int, text: str) -> None:
        with lock:
            env.step([text], env_ids=[slot])

    async def play(slot: int) -> None:
        for _ in range(TURNS):
            began = time.perf_counter()
            await hop(step, slot, actions[slot])
            latencies.append(time.perf_counter() - began)
        await hop(step, slot, ANSWER)

    env.reset(task_ids=range(len(actions)))
    await asyncio.gather(*map(play, range(len(actions))))


def direct(env: VectorEnv, actions: list[str], latencies: list[float]) -> None:
    """A step for all of them."""
    env.reset(task_ids=range(len(actions)))
    for _ in range(TURNS):
        began = time.perf_counter()
        env.step(actions)
        latencies += [time.perf_counter() - began] * len(actions)
    env.step([ANSWER] * len(actions))


def measure(num_coroutines: int, rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds a call, and latencies, by way."""
    corpus = finqa_gym.synthetic()
    actions = [action(corpus, task) for task in range(num_coroutines)]
    env = VectorEnv(corpus, num_coroutines, **OPTIONS)
    engine = AsyncEngine(corpus, num_coroutines, **OPTIONS)
    pool = ThreadPoolExecutor(8)

    async def in_executor(function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, function, *args)

    ways: dict[str, Callable[[list[float]], Any]] = {
        "direct": lambda latencies: direct(env, actions, latencies),
        "AsyncEngine": lambda latencies: asyncio.run(through_engine(engine, actions, latencies)),
        "run_in_executor": lambda latencies: asyncio.run(
            one_by_one(in_executor, env, actions, latencies)
        ),
        "to_thread": lambda latencies: asyncio.run(
            one_by_one(asyncio.to_thread, env, actions, latencies)
        ),
    }
    found: dict[str, dict[str, list[float]]] = {
        way: {"us_per_call": [], "p50_ms": [], "p99_ms": []} for way in ways
    }
    gc.collect()
    gc.freeze()
    for number in range(rounds + 1):
        for way, run in ways.items():
            latencies: list[float] = []
            began = time.perf_counter()
            run(latencies)
            took = time.perf_counter() - began
            if number:  # the first round makes companies and images
                p50, p99 = np.percentile(latencies, [50, 99])
                found[way]["us_per_call"].append(took / (num_coroutines * (TURNS + 1)) * 1e6)
                found[way]["p50_ms"].append(p50 * 1e3)
                found[way]["p99_ms"].append(p99 * 1e3)
    pool.shutdown()
    engine.close()
    env.close()
    return {
        way: {name: statistics.median(values) for name, values in columns.items()}
        for way, columns in found.items()
    }


def main() -> None:
    """All numbers of coroutines."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--coroutines", type=int, nargs="+", default=[1000, 4000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=argparse.FileType("w"))
    options = parser.parse_args()
    found = {}
    for number in options.coroutines:
        found[number] = measure(number, options.rounds)
        print(f"{number:,} coroutines")
        for way, columns in found[number].items():
            times = columns["us_per_call"] / found[number]["AsyncEngine"]["us_per_call"]
            print(
                f"  {way:16} {columns['us_per_call']:7.1f} us/call ({times:5.2f} x AsyncEngine)  "
                f"p50 {columns['p50_ms']:7.2f} ms  p99 {columns['p99_ms']:7.2f} ms"
            )
    if options.json:
        json.dump({"build": finqa_gym.build_info(), "found": found}, options.json, indent=2)


if __name__ == "__main__":
    main()
