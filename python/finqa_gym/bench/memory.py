"""Memory of live episodes, measured in a process of its own: ``python -m finqa_gym.bench.memory``.

The parent's heap has holes from earlier measurements into which episodes would vanish; a fresh
process has none.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

__all__ = ["EpisodeMemory", "measure_in_child", "resident_bytes"]

TURNS = 5


class EpisodeMemory(TypedDict):
    """What live episodes take.

    ``growth_bytes`` is resident memory after the turns less that before the environment was made:
    episodes, transcripts, result cache, images and connections of the companies. The corpus and
    the texts that the policy "writes" were there before. ``bytes_per_episode`` is growth divided
    by episodes.
    """

    episodes: int
    turns: int
    before_bytes: int
    growth_bytes: int
    bytes_per_episode: float
    cache_bytes: int
    image_bytes: int


def resident_bytes() -> int:
    """Resident set size of this process.

    Raises:
        OSError: Neither ``/proc`` nor ``ps`` is there to ask.
    """
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    command = ["ps", "-o", "rss=", "-p", str(os.getpid())]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) * 1024


def measure(corpus_name: str, episodes: int) -> EpisodeMemory:
    """Play five turns in ``episodes`` slots and see what stays resident.

    Args:
        corpus_name: As the command line takes it.
        episodes: Slots.
    """
    from finqa_gym.bench.engine import finite, tables_of, tasks_of
    from finqa_gym.bench.workload import distinct_episodes
    from finqa_gym.data import open_corpus
    from finqa_gym.vector import VectorEnv

    corpus = finite(open_corpus(corpus_name))
    workload = distinct_episodes(tables_of(corpus), tasks_of(corpus), episodes)
    tasks = [episode.task.task_index or 0 for episode in workload]
    turns = [[episode.actions[turn] for episode in workload] for turn in range(TURNS)]
    gc.collect()
    before = resident_bytes()
    env = VectorEnv(corpus, episodes)
    env.reset(task_ids=tasks)
    for texts in turns:
        batch = env.step(texts)
    if batch.terminated.any() or batch.truncated.any():
        msg = "an episode ended before its fifth turn; there would be fewer live ones than counted"
        raise RuntimeError(msg)
    del batch
    gc.collect()
    growth = resident_bytes() - before
    stats = env.stats()
    return EpisodeMemory(
        episodes=episodes,
        turns=TURNS,
        before_bytes=before,
        growth_bytes=growth,
        bytes_per_episode=growth / episodes,
        cache_bytes=stats["cache_bytes"],
        image_bytes=stats["image_bytes"],
    )


def measure_in_child(corpus_name: str, episodes: int) -> EpisodeMemory:
    """`measure` in a fresh process.

    Raises:
        RuntimeError: The child failed; the text holds the last line it wrote.
    """
    command = [sys.executable, "-m", "finqa_gym.bench.memory", corpus_name, str(episodes)]
    child = subprocess.run(command, check=False, capture_output=True, text=True)
    if child.returncode:
        last = (child.stderr.strip().splitlines() or ["no message"])[-1]
        msg = f"the memory measurement ended with code {child.returncode}: {last}"
        raise RuntimeError(msg)
    result: EpisodeMemory = json.loads(child.stdout)
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("episodes", type=int)
    given = parser.parse_args()
    print(json.dumps(measure(given.corpus, given.episodes)))
