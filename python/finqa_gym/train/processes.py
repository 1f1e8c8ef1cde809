"""Processes that train one model together, as torchrun and accelerate start them."""

from __future__ import annotations

from typing import Any

__all__ = ["process_state", "share"]


def process_state() -> Any:
    """``accelerate.PartialState`` of this process: how many there are, which is this, barriers."""
    import torch
    from accelerate import PartialState

    # Without a GPU it must be told, or it takes itself for the only one.
    return PartialState(cpu=not torch.cuda.is_available())


def share(episodes: int, what: str) -> int:
    """What one process takes of ``episodes``.

    Raises:
        ValueError: They cannot be shared evenly.
    """
    processes: int = process_state().num_processes
    if episodes % processes:
        raise ValueError(f"{what} is {episodes}; {processes} processes cannot share that evenly")
    return episodes // processes
