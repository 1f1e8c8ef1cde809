"""What an adapter leaves of the engine: the same episodes through each, beside `VectorEnv` itself.

    python benches/adapters                               # those that this Python can import
    python benches/adapters --python verl=VENV/bin/python --adapters verl skyrl --json out.json

The model costs nothing: it says what the gold policy says. So an adapter's time is what its
framework's objects, its chats and the way to the engine cost; in a training the model comes on top.
Each measurement runs in a process of its own, adapters in turn, ``--rounds`` times.

Another adapter is a function in `ADAPTERS`, from (`Episodes`, number of coroutines) to nothing,
which plays all episodes and notes each tool call in ``episodes.latencies``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import in_process
import numpy as np
import servers
from episodes import COMPANIES, EACH, SOURCE, Episodes, Play, rss_bytes

from finqa_gym.data import open_corpus

ADAPTERS: dict[str, Play] = {
    "direct": in_process.play_direct,
    "async_engine": in_process.play_async_engine,
    "chat": in_process.play_chat,
    "trl_tools": in_process.play_trl_tools,
    "skyrl": in_process.play_skyrl,
    "verl": in_process.play_verl,
    "verifiers": servers.play_verifiers,
    "openenv": servers.play_openenv,
    "mcp": servers.play_mcp,
}
PROFILES = {"trl_tools": "openenv", "openenv": "openenv"}
"""Tool profiles other than rllm: where an answer must be a tool call."""


def measure(name: str, coroutines: int, path: str) -> dict[str, Any]:
    """One measurement: seconds and bytes of this process."""
    # Once as it will be measured: tables are opened, templates tried out, threads started.
    profile = PROFILES.get(name, "rllm")
    ADAPTERS[name](Episodes(path, coroutines, profile), coroutines)
    episodes = Episodes(path, coroutines * EACH, profile)
    rss = rss_bytes()
    episodes.start_clock()
    ADAPTERS[name](episodes, coroutines)
    episodes.stop_clock()
    wall = episodes.wall_s
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
        "rss_mib": rss_bytes() / 2**20,
        "rss_grown_mib": (rss_bytes() - rss) / 2**20,
        "server_rss_mib": episodes.server_rss / 2**20,
    }


def run(python: str, name: str, coroutines: int, path: str) -> dict[str, Any] | None:
    """A measurement in a process of its own; None where it failed or the framework is missing."""
    command = [python, str(Path(__file__).parent), "--measure", name, str(coroutines), path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        # The others' measurements took minutes: they are not to be lost.
        last = done.stderr.strip().splitlines()[-1:]
        why = last[0] if last else f"exit code {done.returncode}"
        print(f"{name} at {coroutines:,}: {why}", file=sys.stderr)
        return None
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
    parser.add_argument("--adapters", nargs="+", default=list(ADAPTERS), choices=ADAPTERS)
    parser.add_argument("--coroutines", nargs="+", type=int, default=[1000, 4000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", action="append", default=[], metavar="ADAPTER=PATH")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", nargs=3, metavar=("ADAPTER", "N", "CORPUS"))
    parser.add_argument("--serve", metavar="CORPUS")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(servers.serve(options.serve))
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
    print(f"{'adapter':14} {'coroutines':>10} {'episodes/s':>11} {'env share':>9}", end="")
    print(f" {'call p50 ms':>11} {'p99 ms':>8} {'MiB':>7} {'server':>7}")
    for row in rows:
        print(
            f"{row['adapter']:14} {row['coroutines']:>10,} {row['episodes_per_s']:>11,.0f} "
            f"{row['env_share']:>9.0%} {row['call_ms_p50']:>11.2f} {row['call_ms_p99']:>8.2f} "
            f"{row['rss_mib']:>7,.0f} {row['server_rss_mib']:>7,.0f}"
        )
    if options.json:
        machine = {"cores": os.cpu_count(), "python": platform.python_version()}
        corpus = f"{COMPANIES} companies of {SOURCE}"
        told = {"corpus": corpus, "machine": machine, "rows": rows}
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
