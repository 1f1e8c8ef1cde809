"""Adapters whose framework runs in the engine's process."""

from __future__ import annotations

import asyncio
import functools
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from episodes import Episodes

from finqa_gym import AsyncEngine, AsyncEpisode, VectorEnv
from finqa_gym.data import open_corpus
from finqa_gym.tools import parse_action


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


def play_all(episodes: Episodes, coroutines: int, one: Callable[[str], Awaitable[float]]) -> None:
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


def play_async_engine(episodes: Episodes, coroutines: int) -> None:
    """`AsyncEngine` and nothing else."""
    engine = _engine(episodes, coroutines)

    async def one(task: str) -> float:
        async with await engine.start(task) as episode:
            for text in episodes.said[task]:
                turn = await episode.call(text)
            return turn.reward

    play_all(episodes, coroutines, one)


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

    play_all(episodes, coroutines, one)


def play_trl_tools(episodes: Episodes, coroutines: int) -> None:
    """Tools as methods, called one after another as TRL's own tool loop calls them."""
    from finqa_gym.integrations.trl_tools import ToolEnvs, answer_reward

    calls = {task: [_call(text) for text in said] for task, said in episodes.said.items()}
    make = ToolEnvs(episodes.path, tool_profile=episodes.profile)
    envs = [make() for _ in range(coroutines)]
    episodes.start_clock()
    for first in range(0, len(episodes.ids), coroutines):
        ids = episodes.ids[first : first + coroutines]
        for env, task in zip(envs, ids, strict=False):
            env.reset(task_id=task)
        for turn in range(max(len(calls[task]) for task in ids)):
            for env, task in zip(envs, ids, strict=False):
                if turn < len(calls[task]):
                    name, arguments = calls[task][turn]
                    began = time.perf_counter()
                    getattr(env, name)(**arguments)
                    episodes.latencies.append(time.perf_counter() - began)
        rewards = answer_reward([""] * len(ids), envs[: len(ids)])
        episodes.rewards += sum(reward or 0.0 for reward in rewards)


def _call(text: str) -> tuple[str, dict[str, Any]]:
    [attempt] = parse_action(text, "openenv").attempts
    return attempt.name or "", attempt.arguments or {}


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

    play_all(episodes, coroutines, one)


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
    play_all(episodes, coroutines, one)


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
