"""An event loop in a thread of its own, for frameworks that call us from threads of theirs."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run_in_loop"]

_T = TypeVar("_T")
_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}


def run_in_loop(work: Coroutine[Any, Any, _T]) -> _T:
    """Runs a coroutine in the loop of this process and waits for it.

    All threads share the loop, so what they send at the same moment becomes one batch of the
    engine. A forked process gets a loop of its own.

    Example:
        >>> run_in_loop(asyncio.sleep(0, "done"))
        'done'
    """
    with _lock:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="finqa-loop", daemon=True).start()
    return asyncio.run_coroutine_threadsafe(work, loop).result()
