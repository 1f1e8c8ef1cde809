"""How fast recorded episodes are asked.

Run: python benches/queries.py FOLDER [--episodes 1000000]

Scripted policies play a million episodes, half of them recovery and half guess, each policy into a
run of its own under FOLDER; runs that are there already are asked again. Then each view is timed.
"""

import argparse
import resource
import time
from pathlib import Path

import finqa_gym
from finqa_gym import Recording, ScriptedPolicy, VectorEnv
from finqa_gym.analytics import relations
from finqa_gym.trajectories import open_run

NUM_ENVS = 4096
POLICIES = ("recovery", "guess")


def play(folder: Path, name: str, num_episodes: int) -> None:
    """Records episodes of one policy over the single-answer tasks of split train."""
    start = time.perf_counter()
    corpus = finqa_gym.synthetic().take("train", 256)
    with VectorEnv(corpus, NUM_ENVS, seed=0, record=Recording(folder, policy=name)) as env:
        policy = ScriptedPolicy(name, env)
        finished = 0
        while finished < num_episodes:
            observations, infos = env.reset()
            live = infos["env_id"]
            policy.reset(live, infos["task_index"])
            while len(live):
                batch = env.step(policy.act(live, observations), env_ids=live)
                live, observations = batch.running()
            finished += NUM_ENVS
            if finished % (NUM_ENVS * 16) == 0:
                rate = finished / (time.perf_counter() - start)
                print(f"{name}: {finished:,} episodes, {rate:,.0f} a second", flush=True)
    print(f"{name}: recorded and closed in {time.perf_counter() - start:.1f} s", flush=True)


def timed(label: str, sql: str, folders: list[Path]) -> None:
    """Prints the median of three."""
    times, rows = [], 0
    for _ in range(3):
        start = time.perf_counter()
        rows = finqa_gym.query(sql, folders).num_rows
        times.append(time.perf_counter() - start)
    print(f"{sorted(times)[1]:8.2f} s  {rows:>9,} rows  {label}", flush=True)


def main() -> None:
    """Plays what is missing, then asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--episodes", type=int, default=1_000_000)
    args = parser.parse_args()
    folders = [args.folder / name for name in POLICIES]
    for name, folder in zip(POLICIES, folders, strict=True):
        if not (folder / "run.json").is_file():
            play(folder, name, args.episodes // len(POLICIES))
    start = time.perf_counter()
    runs = [open_run(folder) for folder in folders]
    count = sum(run.num_episodes for run in runs)
    size = sum(file.stat().st_size for run in runs for file in run.files)
    print(f"{count:,} episodes, {size / 2**20:,.0f} MiB of Parquet")
    print(f"{time.perf_counter() - start:8.2f} s  open_run, both")
    start = time.perf_counter()
    columns = [run.columns(["is_correct", "reward", "policy_step"]) for run in runs]
    rows = sum(len(c["reward"]) for c in columns)
    print(f"{time.perf_counter() - start:8.2f} s  {rows:>9,} rows  Run.columns, three of them")
    for relation in relations():
        if not relation.is_table:
            timed(f"view {relation.name}", f"SELECT * FROM {relation.name}", folders)
    timed(
        "a scan of all calls",
        "SELECT tool, error, count(*) FROM calls GROUP BY tool, error",
        folders,
    )
    timed(
        "a search of all texts",
        "SELECT count(*) FROM turns WHERE action LIKE '%WHERE period%'",
        folders,
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak resident {peak:.2f} GiB")


if __name__ == "__main__":
    main()
