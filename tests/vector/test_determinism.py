"""The same actions give the same bytes on any number of threads, in any order, in any process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import pytest

np = pytest.importorskip("numpy")

NUM_ENVS = 24
SEED = 5

# Runs in this process and, as a text, in another one.
PLAY = '''
import hashlib
import finqa_gym
import numpy as np


CORPUS = finqa_gym.synthetic().take({"train": 6, "eval290": 1, "reason79": 3})


def play(policy_name, seed, threads=1, sizes=None, policy_seed=0):
    """All observations, rewards and infos of one episode a slot, by slot."""
    options = {"num_threads": threads, "max_turns": 12, "group_size": 2}
    env = finqa_gym.VectorEnv(CORPUS, 24, seed=seed, **options)
    policy = finqa_gym.ScriptedPolicy(policy_name, env, seed=policy_seed)
    observations, infos = env.reset()
    policy.reset(infos["env_id"], infos["task_index"])
    log = [[text.encode()] for text in observations]

    def record(batch):
        for row, slot in enumerate(batch.env_ids.tolist()):
            log[slot].append(batch.observations[row].encode())
            for array in (batch.rewards, batch.terminated, batch.truncated):
                log[slot].append(array[row].tobytes())
            for name in sorted(batch.infos):
                log[slot].append(name.encode() + batch.infos[name][row].tobytes())
            log[slot].append(repr(batch.messages[row]).encode())

    if sizes is None:
        live = infos["env_id"]
        while len(live):
            batch = env.step(policy.act(live, observations), env_ids=live)
            record(batch)
            running = ~(batch.terminated | batch.truncated)
            live = batch.env_ids[running]
            observations = [t for t, r in zip(batch.observations, running) if r]
    else:
        # Every batch that comes back is answered at once, while the others still run.
        env.send(policy.act(infos["env_id"], observations))
        turn = 0
        while env.num_pending:
            batch = env.recv(min(sizes[turn % len(sizes)], env.num_pending))
            turn += 1
            record(batch)
            running = ~(batch.terminated | batch.truncated)
            live = batch.env_ids[running]
            if len(live):
                texts = [t for t, r in zip(batch.observations, running) if r]
                env.send(policy.act(live, texts), live)
    for slot in range(24):
        log[slot].append(repr(env.messages(slot)).encode())
        log[slot].append(repr(env.episode(slot)).encode())
    env.close()
    return log


def digest(log):
    return hashlib.sha256(b"\\0".join(b"\\1".join(rows) for rows in log)).hexdigest()
'''


@pytest.fixture(scope="module")
def names(finqa_gym: Any) -> dict[str, Any]:
    del finqa_gym
    scope: dict[str, Any] = {}
    exec(PLAY, scope)
    return scope


@pytest.mark.parametrize("policy", ["gold", "guess", "random"])
@pytest.mark.parametrize("seed", [0, SEED])
def test_threads_and_order_of_completion_change_nothing(
    names: dict[str, Any], policy: str, seed: int
) -> None:
    play = names["play"]
    expected = play(policy, seed)
    assert len(expected) == NUM_ENVS
    assert sum(map(len, expected)) > NUM_ENVS * 10, "the episodes are too short to show anything"
    for threads in (2, 8):
        assert play(policy, seed, threads) == expected
    for threads, sizes in ((1, [24]), (2, [1]), (8, [5, 1, 9])):
        assert play(policy, seed, threads, sizes) == expected, (threads, sizes)


@pytest.mark.parametrize("policy", ["gold", "guess", "random"])
def test_another_seed_gives_other_episodes(names: dict[str, Any], policy: str) -> None:
    play = names["play"]
    one, other = play(policy, 1), play(policy, 2)
    assert [rows[0] for rows in one] != [rows[0] for rows in other]
    if policy != "gold":  # gold draws nothing
        assert play(policy, 1, policy_seed=1) != one


def test_gold_is_right_everywhere(names: dict[str, Any], finqa_gym: Any) -> None:
    corpus = names["CORPUS"]
    env = finqa_gym.VectorEnv(corpus, len(corpus), shuffle=False)
    rewards, _ = finqa_gym.policies.run_episodes(env, finqa_gym.ScriptedPolicy("gold", env))
    env.close()
    wrong = [corpus.task(int(i))["id"] for i in np.flatnonzero(rewards < 1.0)]
    assert wrong == []


def test_two_processes_agree(names: dict[str, Any]) -> None:
    script = PLAY + "\nfor p in ('gold', 'random'):\n    print(digest(play(p, 5, 2, [3, 7])))\n"
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            # Hashes of str differ between processes; nothing may depend on them.
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout.split()
        for seed in ("1", "2")
    ]
    here = [names["digest"](names["play"](policy, SEED)) for policy in ("gold", "random")]
    assert outputs == [here, here]
    assert all(len(d) == hashlib.sha256().digest_size * 2 for d in here)
