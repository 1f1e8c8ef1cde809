"""Two processes train one model: a group is split between them, its baseline is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("trl", reason="the extra train is not installed")

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    out = tmp_path_factory.mktemp("ranks")
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *(str(HERE / "two_processes.py"), str(out)),
    ]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((out / f"rank-{rank}.json").read_text()) for rank in (0, 1)]


def test_every_process_plays_its_half_of_the_batch(ranks: list[dict[str, Any]]) -> None:
    for step in range(2):
        halves = [rank["tasks"][step] for rank in ranks]
        assert [len(half) for half in halves] == [6, 6]
        # Two groups of six in all.
        tasks = halves[0] + halves[1]
        assert sorted(tasks.count(task) for task in set(tasks)) == [6, 6]


def test_advantages_are_of_whole_groups(ranks: list[dict[str, Any]]) -> None:
    for step in range(2):
        tasks = np.array(ranks[0]["tasks"][step] + ranks[1]["tasks"][step])
        rewards = np.array(ranks[0]["rewards"][step] + ranks[1]["rewards"][step])
        found = np.array(ranks[0]["advantages"][step] + ranks[1]["advantages"][step])
        for task in set(tasks.tolist()):
            group = rewards[tasks == task]
            wanted = (group - group.mean()) / (group.std(ddof=1) + 1e-4)
            assert found[tasks == task] == pytest.approx(wanted, abs=1e-3)
        assert np.abs(found).max() > 0.1, "rewards differ, or this test says nothing"


def test_both_come_to_the_same_weights(ranks: list[dict[str, Any]]) -> None:
    assert ranks[0]["weights"] == pytest.approx(ranks[1]["weights"], abs=1e-9)
