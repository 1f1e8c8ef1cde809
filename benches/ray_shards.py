"""What shards in Ray cost: the hop of a step, the raw rate, and the rate beside a policy.

    PYTHONPATH=python python benches/ray_shards.py --json out.json

Every contender plays the same kind of round: 2,048 slots a shard, six messages of the gold policy a
slot, all slots in step, the last message submits the answer; the reset between rounds is not
timed. Contenders take turns, and the median of the rounds counts.

hop        a shard in an actor minus a `VectorEnv` in this process, both with one thread, a step:
           the median of the rounds, and from the least time of each turn over the rounds, which
           other work on the machine disturbs less
raw        two shards, beside two processes that know nothing of each other
call       what an actor adds to a call with few slots and short observations
policy     the same with a stand-in for a policy that takes 50 us a row. It sleeps, as a driver does
           whose model runs elsewhere. There are as many policies as shards or processes.
one policy two shards and one policy of 50 us a row, which acts for one while the other steps
"""

from __future__ import annotations

import argparse
import datetime
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import finqa_gym

TURNS = 6
POLICY_S = 50e-6


def options(seed: int) -> dict[str, Any]:
    """Of every environment: no cache, so that each query runs."""
    return {"split": "train", "seed": seed, "cache_bytes": 0, "keep_messages": False}


def script(env: finqa_gym.VectorEnv) -> tuple[list[str], list[list[str]]]:
    """Tasks, and what the gold policy says: by turn, a message for each slot."""
    policy = finqa_gym.ScriptedPolicy("gold", env)
    observations, infos = env.reset()
    policy.reset(infos["env_id"], infos["task_index"])
    tasks = [int(index) for index in infos["task_index"]]
    said: list[list[str]] = [[] for _ in range(env.num_envs)]
    live = infos["env_id"]
    while len(live):
        actions = policy.act(live, observations)
        for slot, text in zip(live.tolist(), actions, strict=True):
            said[slot].append(text)
        live, observations = env.step(actions, env_ids=live).running()
    turns = [[texts[turn % (len(texts) - 1)] for texts in said] for turn in range(TURNS - 1)]
    return tasks, [*turns, [texts[-1] for texts in said]]


def play(
    env: Any, tasks: list[int], said: list[list[str]], policy_s: float = 0.0
) -> NDArray[np.float64]:
    """Seconds of each turn of a round, of which ``policy_s`` are the policy's."""
    env.reset(task_ids=tasks)
    ends = [time.perf_counter()]
    for actions in said:
        if policy_s:
            time.sleep(policy_s)
        batch = env.step(actions)
        ends.append(time.perf_counter())
    assert batch.terminated.all(), "every episode is played to its end"
    assert (batch.rewards == 1.0).all(), "gold is right"
    return np.diff(ends)


def play_in_turns(env: Any, tasks: list[int], said: list[list[str]], row_s: float) -> float:
    """Seconds of a round in which one policy acts for a shard while the other shard steps."""
    env.reset(task_ids=tasks)
    per_shard = env.num_envs // env.num_shards
    turn = np.zeros(env.num_envs, np.int64)
    waiting = [np.arange(k * per_shard, (k + 1) * per_shard) for k in range(env.num_shards)]
    began = time.perf_counter()
    while waiting or env.num_pending:
        if waiting:
            slots = waiting.pop(0)
            time.sleep(row_s * len(slots))
            env.send([said[turn[s]][s] for s in slots.tolist()], slots)
            turn[slots] += 1
        # Nothing is ready for the policy, or both shards would be under way.
        if not waiting and env.num_pending:
            batch = env.recv(per_shard)
            live, _ = batch.running()
            if len(live):
                waiting.append(live)
    return time.perf_counter() - began


def call_us(local: Any, shard: Any, num_slots: int) -> float:
    """What the actor adds to a call with so many slots, least of 40."""
    slots = np.arange(num_slots)
    least = []
    for env in (local, shard):
        times = []
        for _ in range(4):
            env.reset(seed=0)
            for _ in range(10):
                began = time.perf_counter()
                env.step(["hm"] * num_slots, env_ids=slots)
                times.append(time.perf_counter() - began)
        least.append(min(times))
    return (least[1] - least[0]) * 1e6


def independent(pipe: Connection, num_envs: int, seed: int) -> None:
    """A process with an environment of its own."""
    env = finqa_gym.VectorEnv(num_envs=num_envs, num_threads=1, **options(seed))
    tasks, said = script(env)
    pipe.send(None)
    while (policy_s := pipe.recv()) is not None:
        pipe.send(float(play(env, tasks, said, policy_s).sum()))


def pair_rate(pipes: list[Connection], steps: int, policy_s: float) -> float:
    """Steps a second of all processes together."""
    for pipe in pipes:
        pipe.send(policy_s)
    return sum(steps / pipe.recv() for pipe in pipes)


def measure(per_shard: int, rounds: int) -> dict[str, Any]:
    """All figures."""
    import ray

    from finqa_gym.integrations.ray import ShardedVectorEnv

    if not ray.is_initialized():
        # Ray's workers run at niceness 15; beside processes at 0 that is what would be measured.
        os.environ.setdefault("RAY_worker_niceness", "0")
        ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False)
    spawn = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for seed in (11, 12):
        mine, theirs = spawn.Pipe()
        process = spawn.Process(target=independent, args=(theirs, per_shard, seed), daemon=True)
        process.start()
        pipes.append(mine)
        processes.append(process)
    local = finqa_gym.VectorEnv(num_envs=per_shard, num_threads=1, **options(1))
    whole = finqa_gym.VectorEnv(num_envs=2 * per_shard, num_threads=2, **options(2))
    one = ShardedVectorEnv(num_envs=per_shard, num_shards=1, **options(1))
    two = ShardedVectorEnv(num_envs=2 * per_shard, num_shards=2, **options(2))
    small, large = script(local), script(whole)
    for pipe in pipes:
        pipe.recv()
    steps, pause_s = per_shard * TURNS, POLICY_S * per_shard
    found: dict[str, list[float]] = {}
    by_turn: dict[str, list[NDArray[np.float64]]] = {"local": [], "one_shard": []}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    for number in range(rounds + 1):
        if number == 1:
            found.clear()  # the first round makes companies
            by_turn = {name: [] for name in by_turn}
        for name, env in (("local", local), ("one_shard", one)):
            by_turn[name].append(play(env, *small))
            note(f"{name}_us", float(by_turn[name][-1].sum()) / steps * 1e6)
        note("two_shards", 2 * steps / float(play(two, *large).sum()))
        note("two_processes", pair_rate(pipes, steps, 0.0))
        note("two_threads", 2 * steps / float(play(whole, *large).sum()))
        seconds = float(play(two, *large, pause_s).sum())
        note("two_shards_policy", 2 * steps / seconds)
        note("two_processes_policy", pair_rate(pipes, steps, pause_s))
        note("two_shards_one_policy", 2 * steps / play_in_turns(two, *large, POLICY_S))
    calls = {str(n): call_us(local, one, n) for n in (1, 64, 512) if n <= per_shard}
    for pipe in pipes:
        pipe.send(None)
    for process in processes:
        process.join()
    one.close()
    two.close()
    medians = {name: statistics.median(values) for name, values in found.items()}
    least = {name: np.min(turns, axis=0).sum() for name, turns in by_turn.items()}
    hops = [b - a for a, b in zip(found["local_us"], found["one_shard_us"], strict=True)]
    return {
        "per_shard": per_shard,
        "turns": TURNS,
        "policy_us": POLICY_S * 1e6,
        "rounds": found,
        "median": medians,
        "hop_us": statistics.median(hops),
        "hop_least_us": float(least["one_shard"] - least["local"]) / steps * 1e6,
        "call_us": calls,
        "raw_ratio": medians["two_shards"] / medians["two_processes"],
        "policy_ratio": medians["two_shards_policy"] / medians["two_processes_policy"],
        "one_policy_share": medians["two_shards_one_policy"] * POLICY_S,
    }


def circumstances() -> dict[str, Any]:
    """Machine, commit and versions."""
    import ray

    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    git = ["git", "-C", str(Path(__file__).resolve().parents[1]), "describe", "--always", "--dirty"]
    described = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "commit": described or None,
        "python": platform.python_version(),
        "ray": ray.__version__,
        "numpy": np.__version__,
        "finqa_gym": finqa_gym.__version__,
    }


def main() -> None:
    """Measures, prints a table, writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--per-shard", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    machine = circumstances()
    result = machine | measure(given.per_shard, given.rounds)
    median = result["median"]
    rows = [
        ("VectorEnv, 1 thread", f"{median['local_us']:.1f} us a step"),
        ("one shard, 1 thread", f"{median['one_shard_us']:.1f} us a step"),
        ("hop, median of rounds", f"{result['hop_us']:.1f} us a step"),
        ("hop, undisturbed", f"{result['hop_least_us']:.1f} us a step"),
        *(
            (f"a call with {slots} slots", f"{us / 1e3:.2f} ms more than without Ray")
            for slots, us in result["call_us"].items()
        ),
        ("VectorEnv, 2 threads", f"{median['two_threads']:,.0f} steps/s"),
        ("two independent processes", f"{median['two_processes']:,.0f} steps/s"),
        ("two shards", f"{median['two_shards']:,.0f} steps/s, {result['raw_ratio']:.0%} of these"),
        ("two processes, policy", f"{median['two_processes_policy']:,.0f} steps/s"),
        (
            "two shards, policy",
            f"{median['two_shards_policy']:,.0f} steps/s, {result['policy_ratio']:.0%} of these",
        ),
        (
            "two shards, one policy",
            f"{median['two_shards_one_policy']:,.0f} steps/s, "
            f"{result['one_policy_share']:.0%} of what the policy alone allows",
        ),
    ]
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    for name, value in rows:
        print(f"{name:28} {value}")
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
