"""Weights that are split over processes (FSDP, ZeRO 3), where each process goes its own way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from finqa_gym.train.processes import process_state

__all__ = ["full_state_dict", "is_zero3", "let_go", "whole_weights"]


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
    if is_zero3(model):
        with _gathered(model):
            yield
        return
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
    parts = _parts(model)
    # Gathered, a matrix that has two names is two matrices; a model that is loaded wants one.
    once = dict(model.named_parameters())
    again = {name for name, _ in model.named_parameters(remove_duplicate=False)} - once.keys()
    if is_zero3(model):
        is_main = process_state().is_main_process
        with _gathered(model):
            weights = model.state_dict().items() if is_main else ()
            return {name: value.cpu().clone() for name, value in weights if name not in again}
    if not parts:
        return None
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

    whole = StateDictOptions(full_state_dict=True, cpu_offload=True)
    found: dict[str, Any] = get_model_state_dict(model, options=whole)
    return {name: value for name, value in found.items() if name not in again}


def is_zero3(model: Any) -> bool:
    """Whether DeepSpeed's ZeRO 3 has split the weights of ``model``."""
    return any(hasattr(each, "ds_id") for each in model.parameters())


def let_go(trainer: Any) -> None:
    """Ends ZeRO 3 in a trainer that is done, whose model stays split.

    The model can play, but is not for another trainer: two engines cannot have the same one.
    """
    from deepspeed.runtime.zero import parameter_offload
    from transformers.integrations import unset_hf_deepspeed_config

    trainer.model_wrapped.destroy()
    # DeepSpeed would keep the model there for good, and all of the optimiser with it.
    held = parameter_offload.FWD_MODULE_STACK
    held[:] = [each for each in held if each is not trainer.model]
    # Else the next model would be split as it is loaded, in the precision of this trainer.
    unset_hf_deepspeed_config()


@contextmanager
def _gathered(model: Any) -> Iterator[None]:
    """What ZeRO 3 has split as a whole, and without DeepSpeed in the forward passes."""
    import deepspeed

    with deepspeed.zero.GatheredParameters(model.parameters()):
        # Its hooks split the weights of each module again behind its pass, whoever gathered them.
        kept = []
        for module in model.modules():
            for hooks in (module._forward_pre_hooks, module._forward_hooks):
                kept.append((hooks, dict(hooks)))
                for key, hook in kept[-1][1].items():
                    if hook.__module__.startswith("deepspeed."):
                        del hooks[key]
        try:
            yield
        finally:
            for hooks, before in kept:
                in_order = before | hooks
                hooks.clear()
                hooks.update(in_order)


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
