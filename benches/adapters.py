"""What an adapter leaves of the engine: the same episodes through each, beside `VectorEnv` itself.

    python benches/adapters.py                               # those that this Python can import
    python benches/adapters.py --python verl=VENV/bin/python --adapters verl skyrl --json out.json

The model costs nothing: it says what the gold policy says. So an adapter's time is what its
framework's objects, its chats and the way to the engine cost; in a training the model comes on top.
Each measurement runs in a process of its own, adapters in turn, ``--rounds`` times.

Another adapter is a function in `ADAPTERS`, from (`Episodes`, number of coroutines) to nothing,
which plays all episodes and notes each tool call in ``episodes.latencies``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from finqa_gym import AsyncEngine, AsyncEpisode, ScriptedPolicy, VectorEnv
from finqa_gym.data import open_corpus

SOURCE, COMPANIES = "synthetic:7", 200
"""Companies of the default world, stored: else making them would take most of the time."""
EACH = 2
"""Episodes of a coroutine, one after another."""


class Episodes:
    """Tasks, what is said in them, and how long each tool call took (seconds)."""

    def __init__(self, path: str, count: int) -> None:
        self.path = path
        self.corpus = open_corpus(path)
        known = self.corpus.task_ids("train")
        self.ids = [known[i % len(known)] for i in range(count)]
        self.said: dict[str, list[str]] = {}
        self.latencies: list[float] = []
        self.rewards = 0.0
        self.began = time.perf_counter()
        with VectorEnv(self.corpus, 512) as env:
            policy = ScriptedPolicy("gold", env)
            for first in range(0, min(count, len(known)), 512):
                self._script(env, policy, self.ids[first : first + 512])

    def start_clock(self) -> None:
        """What an adapter has prepared until now does not count."""
        self.began = time.perf_counter()

    def _script(self, env: VectorEnv, policy: ScriptedPolicy, ids: list[str]) -> None:
        mask = [slot < len(ids) for slot in range(env.num_envs)]
        seen, infos = env.reset(task_ids=ids, reset_mask=mask)
        live = infos["env_id"]
        policy.reset(live, infos["task_index"])
        self.said |= {task: [] for task in ids}
        while len(live):
            actions = policy.act(live, seen)
            for slot, action in zip(live.tolist(), actions, strict=True):
                self.said[ids[slot]].append(action)
            live, seen = env.step(actions, env_ids=live).running()

    def shares(self, coroutines: int) -> list[list[str]]:
        """The tasks of each coroutine."""
        return [self.ids[first::coroutines] for first in range(min(coroutines, len(self.ids)))]


Play = Callable[[Episodes, int], None]
ADAPTERS: dict[str, Play] = {}


def adapter(play: Play) -> Play:
    """Puts a way to play into the registry, by its name."""
    ADAPTERS[play.__name__.removeprefix("play_")] = play
    return play


@adapter
def play_direct(episodes: Episodes, coroutines: int) -> None:
    """`VectorEnv.step` for all slots; everybody waits for the batch."""
    env = _vector_env(episodes.path, coroutines)
    for first in range(0, len(episodes.ids), coroutines):
        ids = episodes.ids[first : first + coroutines]
        mask = [slot < len(ids) for slot in range(coroutines)]
        _, infos = env.reset(task_ids=ids, reset_mask=mask)
        live, turn = infos["env_id"], 0
        while len(live):
            actions = [episodes.said[ids[slot]][turn] for slot in live.tolist()]
            began = time.perf_counter()
            batch = env.step(actions, env_ids=live)
            episodes.latencies += [time.perf_counter() - began] * len(live)
            episodes.rewards += float(batch.rewards.sum())
            live, turn = batch.running()[0], turn + 1


@functools.cache
def _vector_env(path: str, num_envs: int) -> VectorEnv:
    return VectorEnv(open_corpus(path), num_envs)


def _engine(episodes: Episodes, coroutines: int) -> AsyncEngine:
    from finqa_gym.integrations.engines import shared_engine

    return shared_engine(episodes.path, coroutines)


def _all(episodes: Episodes, coroutines: int, one: Callable[[str], Awaitable[float]]) -> None:
    """Plays with so many coroutines, and notes the calls of episodes."""

    async def several(ids: list[str]) -> float:
        return sum([await one(task) for task in ids])

    async def everything() -> float:
        return sum(await asyncio.gather(*map(several, episodes.shares(coroutines))))

    call = AsyncEpisode.call

    async def timed(self: AsyncEpisode, *args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        turn = await call(self, *args, **kwargs)
        episodes.latencies.append(time.perf_counter() - began)
        return turn

    AsyncEpisode.call = timed  # type: ignore[method-assign]
    try:
        episodes.rewards += asyncio.run(everything())
    finally:
        AsyncEpisode.call = call  # type: ignore[method-assign]


@adapter
def play_async_engine(episodes: Episodes, coroutines: int) -> None:
    """`AsyncEngine` and nothing else."""
    engine = _engine(episodes, coroutines)

    async def one(task: str) -> float:
        async with await engine.start(task) as episode:
            for text in episodes.said[task]:
                turn = await episode.call(text)
            return turn.reward

    _all(episodes, coroutines, one)


@adapter
def play_chat(episodes: Episodes, coroutines: int) -> None:
    """The loop of the verifiers harness and of rLLM's agent, without HTTP."""
    from finqa_gym.integrations.chat_rollout import play_chat as play
    from finqa_gym.integrations.metrics import episode_metrics

    engine = _engine(episodes, coroutines)

    async def one(task: str) -> float:
        left = iter(episodes.said[task])

        async def complete(_: list[dict[str, Any]]) -> dict[str, Any]:
            message = {"role": "assistant", "content": next(left)}
            return {"choices": [{"message": message, "finish_reason": "stop"}]}

        async with await engine.start(task) as episode:
            await play(episode, complete)
            return float(episode.result()["reward"]) + 0 * episode_metrics(episode)["outcome"]

    _all(episodes, coroutines, one)


@adapter
def play_skyrl(episodes: Episodes, coroutines: int) -> None:
    """Environments of SkyRL-Gym, stepped by a pool of 32 threads as SkyRL's generator does."""
    import skyrl_gym

    from finqa_gym.integrations.skyrl import register

    register()
    pool = ThreadPoolExecutor(32)
    world = json.dumps({"corpus": episodes.path})

    async def one(task: str) -> float:
        loop = asyncio.get_running_loop()
        extras = {"extra_info": {"task_id": task, "world": world}}
        env = skyrl_gym.make("finqa", env_config={"max_episodes": coroutines}, extras=extras)
        await loop.run_in_executor(pool, env.init, [])
        for text in episodes.said[task]:
            out = await loop.run_in_executor(pool, env.step, text)
        env.get_metrics()
        await loop.run_in_executor(pool, env.close)
        return float(out["reward"])

    _all(episodes, coroutines, one)


@adapter
def play_verl(episodes: Episodes, coroutines: int) -> None:
    """Verl's agent loop: a loop object for each row, ids and masks. The ids are made beforehand."""
    from omegaconf import OmegaConf
    from verl.experimental.agent_loop.agent_loop import DictConfigWrap
    from verl.utils.dataset.rl_dataset import RLHFDataset
    from verl.workers.rollout.replica import TokenOutput

    from finqa_gym.integrations.rows import training_rows
    from finqa_gym.integrations.verl import FinqaAgentLoop

    tokenizer, codec = _tokenizer(episodes.path)
    ids = {task: [codec.message(text) for text in said] for task, said in episodes.said.items()}
    lengths = {"prompt_length": 4096, "response_length": 1 << 20}
    config = OmegaConf.create({"actor_rollout_ref": {"rollout": lengths}})
    rows = {row["extra_info"]["task_id"]: row for row in training_rows(episodes.path, "verl")}

    class Server:
        def __init__(self, messages: list[list[int]]) -> None:
            self.left = iter(messages)

        async def generate(self, **_: Any) -> TokenOutput:
            sampled = next(self.left)
            return TokenOutput(token_ids=sampled, log_probs=[0.0] * len(sampled))

    async def one(task: str) -> float:
        loop = FinqaAgentLoop(
            DictConfigWrap(config),
            Server(ids[task]),
            tokenizer,
            None,
            RLHFDataset,
            DictConfigWrap(OmegaConf.create({})),
            engine={"max_episodes": coroutines},
        )
        row = rows[task]
        output = await loop.run({}, raw_prompt=row["prompt"], extra_info=row["extra_info"])
        return float(output.reward_score)

    episodes.start_clock()
    _all(episodes, coroutines, one)


@functools.cache
def _tokenizer(path: str) -> Any:
    from finqa_gym.train.codec import ChatCodec
    from finqa_gym.train.small_model import boilerplate, make_tokenizer

    with VectorEnv(open_corpus(path), 200, split="train") as env:
        prompts, _ = env.reset()
        texts = [env.system_prompt, *prompts]
        tools = [tool["function"]["name"] for tool in env.tools]
        tokenizer = make_tokenizer(texts, boilerplate(tools), vocab_size=4000)
        return tokenizer, ChatCodec(tokenizer, env.tools)


@adapter
def play_verifiers(episodes: Episodes, coroutines: int) -> None:
    """The harness of verifiers with its HTTP client, against a server in a process of its own.

    Without verifiers' interception server, which would be most of what is measured.
    """
    import verifiers.v1 as vf

    packages = Path(__file__).resolve().parents[1] / "packages" / "finqa-gym-verifiers"
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
    command = [sys.executable, __file__, "--serve", episodes.path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()

        async def one(task_id: str) -> float:
            data = FinqaData(id=task_id, prompt=prompts[task_id], system_prompt=env.system_prompt)
            task = FinqaTask(data, config)
            told = vf.TraceTask(type="FinqaTask", data=data, key=task.key, hash="")
            trace = vf.Trace(task=told, agent=agent, state=FinqaState())
            await task.setup(trace)
            await harness.launch(context, trace, None, url, "key", {}, data)
            return await task.finqa(trace)

        episodes.start_clock()
        try:
            _all(episodes, coroutines, one)
        finally:
            server.terminate()


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


def measure(name: str, coroutines: int, path: str) -> dict[str, Any]:
    """One measurement: seconds and bytes of this process."""
    # Once as it will be measured: tables are opened, templates tried out, threads started.
    ADAPTERS[name](Episodes(path, coroutines * EACH), coroutines)
    episodes = Episodes(path, coroutines * EACH)
    rss = _rss()
    episodes.start_clock()
    ADAPTERS[name](episodes, coroutines)
    wall = time.perf_counter() - episodes.began
    assert episodes.rewards == len(episodes.ids), "the gold policy is right in every episode"
    latencies = np.array(episodes.latencies) * 1e3
    return {
        "adapter": name,
        "coroutines": coroutines,
        "episodes": len(episodes.ids),
        "calls": len(latencies),
        "wall_s": wall,
        "episodes_per_s": len(episodes.ids) / wall,
        "call_ms_p50": float(np.percentile(latencies, 50)),
        "call_ms_p99": float(np.percentile(latencies, 99)),
        "rss_mib": _rss() / 2**20,
        "rss_grown_mib": (_rss() - rss) / 2**20,
    }


def _rss() -> int:
    """Bytes of this process at its largest."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def run(python: str, name: str, coroutines: int, path: str) -> dict[str, Any] | None:
    """A measurement in a process of its own; None if the framework is missing there."""
    command = [python, __file__, "--measure", name, str(coroutines), path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        if last and last[0].startswith("ModuleNotFoundError"):
            return None
        raise RuntimeError(f"{name} at {coroutines}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def median(runs: Sequence[dict[str, Any]], direct: float | None) -> dict[str, Any]:
    """Medians over rounds, and the share of the time that `VectorEnv` alone would take."""
    row: dict[str, Any] = {}
    for key, value in runs[0].items():
        row[key] = statistics.median(r[key] for r in runs) if isinstance(value, float) else value
    row["rounds"] = len(runs)
    row["env_share"] = None if direct is None else min(direct / row["wall_s"], 1.0)
    return row


def main() -> None:
    """Reads the command line, measures, prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapters", nargs="+", default=list(ADAPTERS), choices=list(ADAPTERS))
    parser.add_argument("--coroutines", nargs="+", type=int, default=[1000, 4000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", action="append", default=[], metavar="ADAPTER=PATH")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", nargs=3, metavar=("ADAPTER", "N", "CORPUS"))
    parser.add_argument("--serve", metavar="CORPUS")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve))
        return
    if options.measure:
        name, coroutines, path = options.measure
        print(json.dumps(measure(name, int(coroutines), path)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "corpus")
        open_corpus(SOURCE).take("train", COMPANIES).save(path)
        report(options, path)


def report(options: argparse.Namespace, path: str) -> None:
    """Measures and prints."""
    pythons = dict(each.split("=", 1) for each in options.python)
    names = list(dict.fromkeys(["direct", *options.adapters]))
    rows = []
    for coroutines in options.coroutines:
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for _ in range(options.rounds):
            for name in names:
                found = run(pythons.get(name, sys.executable), name, coroutines, path)
                if found is not None:
                    runs[name].append(found)
        direct = statistics.median(each["wall_s"] for each in runs["direct"])
        rows += [median(found, direct) for found in runs.values() if found]
        missing = [name for name, found in runs.items() if not found]
        if missing:
            print(f"not installed: {', '.join(missing)}", file=sys.stderr)
    print(f"{'adapter':14} {'coroutines':>10} {'episodes/s':>11} {'env share':>9}", end="")
    print(f" {'call p50 ms':>11} {'p99 ms':>8} {'MiB':>7}")
    for row in rows:
        print(
            f"{row['adapter']:14} {row['coroutines']:>10,} {row['episodes_per_s']:>11,.0f} "
            f"{row['env_share']:>9.0%} {row['call_ms_p50']:>11.2f} {row['call_ms_p99']:>8.2f} "
            f"{row['rss_mib']:>7,.0f}"
        )
    if options.json:
        machine = {"cores": os.cpu_count(), "python": platform.python_version()}
        corpus = f"{COMPANIES} companies of {SOURCE}"
        told = {"corpus": corpus, "machine": machine, "rows": rows}
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
