"""Runs of verifiers' commands against a scripted model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CORPUS = "synthetic:7:tiny"
Trace = dict[str, Any]


def run_command(name: str, *arguments: str, allowed: tuple[int, ...] = (0,)) -> str:
    """Runs a script of verifiers to its end; returns what it printed."""
    paths = [ROOT / "python", ROOT / "packages" / "finqa-gym-verifiers"]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "SCRIPTED_KEY": "a-key-of-the-test",
        "HF_HUB_OFFLINE": "1",
    }
    script = Path(sys.executable).parent / name
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode in allowed, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def evaluate(url: str, out: Path, num_tasks: int, *arguments: str) -> dict[str, Trace]:
    """Traces of a run of vf-eval by task id."""
    run_command(
        "vf-eval",
        "finqa-gym-verifiers",
        *("--model", "scripted"),
        *("--client.base-url", url),
        *("--client.api-key-var", "SCRIPTED_KEY"),
        *("--no-rich", "--no-push"),
        *("--env.agent.runtime.type", "subprocess"),
        *("--env.taskset.split", "val"),
        *("--env.taskset.task.corpus", CORPUS),
        *("-n", str(num_tasks), "-r", "1", "-o", str(out)),
        *arguments,
    )
    return read_traces(out)


def read_traces(out: Path) -> dict[str, Trace]:
    """Traces below a folder by task id."""
    [path] = out.rglob("traces.jsonl")
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    traces = [trace for record in records for trace in record.get("traces", [record])]
    found = {trace["task"]["key"]: trace for trace in traces}
    assert len(found) == len(traces)
    return found
