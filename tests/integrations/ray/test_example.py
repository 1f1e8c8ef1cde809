"""The example runs in seconds and shows what it promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import finqa_gym

pytest.importorskip("ray", reason="the extra ray is not installed")

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "ray_shards.py"
SHOWS = [
    r"^mean reward 1\.000 over 2 shards$",
    r"^turn 2: 32 episodes infra_backend$",
    r"^mean reward 1\.000 where no shard died$",
    r"^mean reward 1\.000 in the new shard$",
    r"^1 shard made again$",
]


def test_the_example_shows_what_it_promises(tmp_path: Path) -> None:
    package = str(Path(finqa_gym.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLE)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": package, "RAY_worker_niceness": "0"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for pattern in SHOWS:
        assert re.search(pattern, done.stdout, re.MULTILINE), (pattern, done.stdout)
