"""How much of the engine is left when a trainer's loop plays it: ids, masks and texts included.

    python benches/rollouts.py                 # the small world, and the default corpus
    python benches/rollouts.py --json out.json

A policy that costs nothing (messages of the gold policy, encoded beforehand) is played by
`finqa_gym.train.rollout.rollout`, and the same texts by a bare loop over `VectorEnv.step`. What the
first loses is what the loop around the engine costs: decoding messages, encoding observations.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import statistics
import time
from collections.abc import Sequence
from typing import Any

import finqa_gym
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.rollout import Limits, rollout
from finqa_gym.train.sampling import Sampled
from finqa_gym.train.small_model import boilerplate, make_tokenizer

LIMITS = Limits(100_000, 10_000_000)


class Known:
    """A policy that has its messages ready: what is left is everybody else's time."""

    def __init__(self, messages: list[list[list[int]]]) -> None:
        self._messages = [[Sampled(ids, [0.0] * len(ids), True) for ids in m] for m in messages]
        self._turn = 0

    def start(self) -> None:
        """All chats begin."""
        self._turn = 0

    def turn(self, rows: Sequence[int], *_: Any) -> list[Sampled]:
        """The next message of each chat."""
        self._turn += 1
        return [self._messages[row][self._turn - 1] for row in rows]


def texts_of(env: finqa_gym.VectorEnv, task_ids: list[str]) -> list[list[str]]:
    """What the gold policy says in each slot."""
    policy = finqa_gym.ScriptedPolicy("gold", env)
    observations, infos = env.reset(task_ids=task_ids)
    policy.reset(infos["env_id"], infos["task_index"])
    said: list[list[str]] = [[] for _ in range(env.num_envs)]
    live = infos["env_id"]
    while len(live):
        actions = policy.act(live, observations)
        for slot, text in zip(live.tolist(), actions, strict=True):
            said[slot].append(text)
        live, observations = env.step(actions, env_ids=live).running()
    return said


def bare(env: finqa_gym.VectorEnv, task_ids: list[str], said: list[list[str]]) -> float:
    """Seconds of the same episodes without ids."""
    began = time.perf_counter()
    _, infos = env.reset(task_ids=task_ids)
    live, turn = infos["env_id"], 0
    while len(live):
        batch = env.step([said[slot][turn] for slot in live.tolist()], env_ids=live)
        live, turn = batch.running()[0], turn + 1
    return time.perf_counter() - began


def measure(name: str, corpus: finqa_gym.Corpus, profile: Any, num_envs: int, rounds: int) -> Any:
    """Steps a second of both, the median of rounds that alternate."""
    env = finqa_gym.VectorEnv(
        corpus, num_envs, group_size=8, split="train", tool_profile=profile, cache_bytes=0
    )
    chats = finqa_gym.demonstrations(
        corpus, "gold", tool_profile=profile, format="text", split="train", max_tasks=300
    )
    texts = itertools.chain.from_iterable([m["content"] for m in c["messages"]] for c in chats)
    codec = ChatCodec(make_tokenizer(texts, boilerplate(t["function"]["name"] for t in env.tools)))
    sets = [corpus.task_ids("train", num_envs // 8 * rounds)[i::rounds] for i in range(rounds)]
    rates: dict[str, list[float]] = {"bare": [], "rollout": [], "loop": []}
    share = []
    gc.collect()
    gc.freeze()  # as `finqa_gym.train.run.train` does: libraries hold a million objects
    for task_ids in sets:
        said = texts_of(env, task_ids)
        sampler = Known([[codec.message(text) for text in messages] for messages in said])
        steps = sum(map(len, said))
        bare(env, task_ids, said)  # what only the first round pays
        batch = rollout(env, codec, sampler, task_ids=task_ids, limits=LIMITS)
        assert all(each.reward == 1.0 for each in batch.rollouts), "gold is right"
        rates["rollout"].append(steps / batch.timing.total_s)
        rates["bare"].append(steps / bare(env, task_ids, said))
        share.append(batch.timing.text_s / batch.timing.total_s)
        rates["loop"].append(steps / (batch.timing.total_s - batch.timing.text_s))
    found = {key: statistics.median(values) for key, values in rates.items()}
    ratio = found["rollout"] / found["bare"]
    print(
        f"{name}: rollout {found['rollout']:,.0f} steps/s, bare loop {found['bare']:,.0f}, "
        f"{ratio:.0%}; without texts and ids, {statistics.median(share):.0%} of a rollout, "
        f"{found['loop']:,.0f}"
    )
    return {"corpus": name, **found, "ratio": ratio, "text_share": statistics.median(share)}


def main() -> None:
    """Both worlds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--num-envs", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=argparse.FileType("w"))
    options = parser.parse_args()
    tiny = finqa_gym.synthetic(0, finqa_gym.SynthConfig.preset("tiny"))
    found = [
        measure("small world, compact", tiny, "compact", options.num_envs, options.rounds),
        measure(
            "default corpus, rllm", finqa_gym.synthetic(0), "rllm", options.num_envs, options.rounds
        ),
    ]
    if options.json:
        json.dump({"build": finqa_gym.build_info(), "found": found}, options.json, indent=2)


if __name__ == "__main__":
    main()
