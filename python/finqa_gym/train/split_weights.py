"""Models whose weights are split over processes (FSDP), where each process goes its own way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["full_state_dict", "whole_weights"]


@contextmanager
def whole_weights(model: Any) -> Iterator[None]:
    """Every process has all weights of ``model`` for as long as this lasts.

    Split weights are gathered in each forward pass by all processes together. In rollouts processes
    make different numbers of passes, and would wait for one another for good. To be entered and
    left by all processes; a model that is not split is left alone. Needs the memory of a whole
    model, without gradients and optimiser.

    Raises:
        ValueError: The first version of FSDP, which cannot do this.
    """
    import torch

    parts = _parts(model)
    if not parts:
        yield
        return
    model.set_reshard_after_forward(False)
    try:
        with torch.no_grad():
            # The pass that all make together; weights stay where it leaves them.
            model(input_ids=torch.zeros((1, 1), dtype=torch.long, device=model.device))
        yield
    finally:
        model.set_reshard_after_forward(_reshards())
        for part in parts:
            part.reshard()


def full_state_dict(model: Any) -> dict[str, Any] | None:
    """All weights, on the processor of the first process; None if the model is not split.

    To be called by all processes.
    """
    if not _parts(model):
        return None
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

    whole = StateDictOptions(full_state_dict=True, cpu_offload=True)
    found: dict[str, Any] = get_model_state_dict(model, options=whole)
    # Gathered, a matrix that has two names is two matrices; a model that is loaded wants one.
    once = dict(model.named_parameters())
    again = {name for name, _ in model.named_parameters(remove_duplicate=False)} - once.keys()
    return {name: value for name, value in found.items() if name not in again}


def _parts(model: Any) -> list[Any]:
    import torch

    if not torch.distributed.is_available():
        return []
    from torch.distributed import fsdp

    modules = list(model.modules())
    if any(isinstance(module, fsdp.FullyShardedDataParallel) for module in modules):
        raise ValueError(
            "the model is split by the first version of FSDP, with which processes cannot play at "
            "their own pace; set fsdp_version: 2 (examples/accelerate/fsdp2.yaml), or use vLLM"
        )
    # Public since torch 2.6.
    kind = getattr(fsdp, "FSDPModule", ())
    return [module for module in modules if isinstance(module, kind)]


def _reshards() -> bool:
    """What accelerate was told; FSDP has no way to ask for it."""
    from accelerate.state import AcceleratorState

    plugin = getattr(AcceleratorState(), "fsdp_plugin", None)
    return True if plugin is None else bool(plugin.reshard_after_forward)
