"""Episodes that every adapter plays: tasks, what the gold policy says in them, and a clock."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

from finqa_gym import ScriptedPolicy, VectorEnv
from finqa_gym.data import open_corpus

SOURCE, COMPANIES = "synthetic:7", 200
"""Companies of the default world, stored: else making them would take most of the time."""
EACH = 2
"""Episodes of a coroutine, one after another."""


class Episodes:
    """Tasks, what is said in them, and how long each tool call took (seconds)."""

    def __init__(self, path: str, count: int, profile: str = "rllm") -> None:
        self.path, self.profile = path, profile
        self.corpus = open_corpus(path)
        known = self.corpus.task_ids("train")
        self.ids = [known[i % len(known)] for i in range(count)]
        self.said: dict[str, list[str]] = {}
        self.latencies: list[float] = []
        self.rewards = 0.0
        self.server_rss = 0
        """Bytes of the server's process at its largest, where there is one."""
        self.wall_s = 0.0
        self.began = time.perf_counter()
        with VectorEnv(self.corpus, 512, tool_profile=profile) as env:
            policy = ScriptedPolicy("gold", env)
            for first in range(0, min(count, len(known)), 512):
                self._script(env, policy, self.ids[first : first + 512])

    def start_clock(self) -> None:
        """What an adapter has prepared until now does not count."""
        self.began = time.perf_counter()

    def stop_clock(self) -> None:
        """What comes after the last answer does not count; the first stop does."""
        if not self.wall_s:
            self.wall_s = time.perf_counter() - self.began

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


def rss_bytes() -> int:
    """Resident memory of this process at its largest."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


Play = Callable[[Episodes, int], None]
