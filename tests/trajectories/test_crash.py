"""A process that records is killed: what it had said stands in the run, once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

NUM_ENVS = 48
CHILD = f"""
import os, sys
import finqa_gym
from finqa_gym import SynthConfig, synthetic

path, rounds = sys.argv[1], int(sys.argv[2])
corpus = synthetic(config=SynthConfig.preset("tiny")).take("val", 4)
record = finqa_gym.Recording(path, append=True)
env = finqa_gym.VectorEnv(corpus, {NUM_ENVS}, num_threads=3, record=record)
env.reset()
os.write(1, b"ready\\n")
for step in range(rounds):
    slots = range({NUM_ENVS})
    answers = [f"{{step}}-{{slot}}" if (slot + step) % 3 == 0 else None for slot in slots]
    batch = env.step(["hello" if a is None else f"FINAL ANSWER: {{a}}" for a in answers])
    over = batch.terminated | batch.truncated
    told = [a for a, ended in zip(answers, batch.terminated.tolist()) if ended]
    os.write(1, "".join(f"{{a}}\\n" for a in told).encode())
    env.reset(reset_mask=over)
os.write(1, b"closing\\n")
env.close()
os.write(1, b"closed\\n")
"""


def run_and_kill(path: Path, rounds: int, delay: float, *, at: str) -> list[str]:
    """The answers that a child reported before it was killed ``delay`` after it said ``at``."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(rounds)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    lines: list[str] = []
    reached = threading.Event()

    def read() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            # A torn last line was not yet said.
            if line.endswith(b"\n"):
                lines.append(line.decode().strip())
            if lines and lines[-1] == at:
                reached.set()
        reached.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert reached.wait(60)
    time.sleep(delay)
    child.send_signal(signal.SIGKILL)
    child.wait()
    reader.join()
    child.stdout.close()
    return [line for line in lines if line not in {"ready", "closing", "closed"}]


def check(finqa_gym: Any, path: Path, reported: list[str], rounds: int) -> None:
    """Everything reported is there once; at most one episode a slot and round is lost."""
    run = finqa_gym.open_run(path)
    submissions = run.columns(["submission", "episode"])
    found = [s for s in submissions["submission"] if s is not None]
    assert len(found) == len(set(found)), "an episode stands there twice"
    missing = set(reported) - set(found)
    assert not missing, f"{len(missing)} episodes are missing, such as {min(missing)}"
    assert len(set(submissions["episode"].tolist())) == run.num_episodes
    assert 0 <= run.num_lost <= NUM_ENVS * rounds
    assert not (path / "live").exists(), "the run was not recovered"
    assert [e["submission"] for e in run].count(None) == run.num_episodes - len(found)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("at", ["ready", "closing"])
def test_a_kill_loses_at_most_the_episodes_that_ran(
    finqa_gym: Any, tmp_path: Path, at: str
) -> None:
    chance = random.Random(at)
    for number in range(5):
        path = tmp_path / f"{at}-{number}"
        if at == "ready":
            reported = run_and_kill(path, 10**6, chance.uniform(0, 0.3), at=at)
        else:
            reported = run_and_kill(path, 60, chance.uniform(0, 0.03), at=at)
        check(finqa_gym, path, reported, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_run_is_gone_on_with_after_a_crash(finqa_gym: Any, tmp_path: Path) -> None:
    path = tmp_path / "run"
    for number in range(3):
        run_and_kill(path, 10**6, 0.05 * (number + 1), at="ready")
    run = finqa_gym.open_run(path)
    episodes = run.columns(["episode"])["episode"].tolist()
    assert len(episodes) == len(set(episodes)) > 0
    assert run.num_lost <= 3 * NUM_ENVS
    assert len(list((path / "sessions").iterdir())) == 3
