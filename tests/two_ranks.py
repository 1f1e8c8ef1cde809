"""A script in two processes that train together, as torchrun would start them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

__all__ = ["run_two_ranks"]


def run_two_ranks(script: Path, arguments: list[str], logs: Path, timeout_s: float = 240) -> None:
    """Runs ``script`` as ranks 0 and 1 on processors; what they say on standard error goes to logs.

    Raises:
        AssertionError: One failed; it shows the ends of both logs.
        subprocess.TimeoutExpired: They took longer than ``timeout_s``, or wait for each other.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # What torchrun sets, without the third process that it is itself.
    shared = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(__file__).parent),  # modules of tests, as pytest finds them
    }
    with contextlib.ExitStack() as stack:
        processes = []
        for rank in (0, 1):
            errors = stack.enter_context((logs / f"errors-{rank}.txt").open("w"))
            environment = {**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}
            process = subprocess.Popen(
                [sys.executable, str(script), *arguments],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            processes.append(stack.enter_context(process))
            stack.callback(process.kill)
        codes = [process.wait(timeout=timeout_s) for process in processes]
    told = [path.read_text()[-3000:] for path in sorted(logs.glob("errors-*"))]
    assert codes == [0, 0], "\n".join(told)
