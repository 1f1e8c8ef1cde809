"""A training of a random model of a given shape, with forced actions: what needs no weights.

    python benches/systems_proof.py                                   # a million parameters
    python benches/systems_proof.py --shape qwen3-4b --json out.json  # four billion, for a GPU

The trainer, its rollouts and LoRA are those of `finqa-gym train`, and Qwen3-4B's settings those of
the template. What is sampled is not drawn but dictated: in every group half of the episodes say
what the gold policy says, half what `guess` says, so that episodes have turns and rewards differ.
Time, memory, masks, log-probabilities and resume are then those of a real training of that shape
with `TransformersSampler`; what it learns is not. Exit status 1: a mask is wrong, or a resumed
training is another one.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import itertools
import json
import logging
import math
import os
import platform
import resource
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
from forced_rollouts import ForcedRollout, Step, Watch

import finqa_gym
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.grpo import grpo_trainer
from finqa_gym.train.models import LoadedModel, quiet_bars, stop_ids_of
from finqa_gym.train.settings import GrpoSettings, ModelSettings, read_settings
from finqa_gym.train.small_model import make_tokenizer
from finqa_gym.train.world import World

TEMPLATE = read_settings(str(resources.files("finqa_gym.train") / "templates" / "qwen3-4b.yaml"))
TOKENS = 2000
"""Of the tokenizer; a larger one finds nothing more in the demonstrations."""
SAME = 1e-6
"""How far a resumed training may be from the one in one go, on a processor."""
COMPARED = ("loss", "reward", "entropy", "grad_norm")
"""The first two hardly depend on weights, as one update follows a rollout; the last two do."""


@dataclass(frozen=True)
class Shape:
    """A Qwen3 model, and what of it goes through a machine at once.

    Attributes:
        config: Arguments of ``transformers.Qwen3Config``.
        dtype: Of its weights; of the adapter's, PEFT decides.
        tasks_per_step: Tasks of a generation batch.
        group_size: Episodes of a task.
        rows: Episodes of one forward pass of the trainer.
    """

    config: dict[str, Any]
    dtype: Literal["float32", "bfloat16"]
    tasks_per_step: int
    group_size: int
    rows: int


SHAPES = {
    "tiny": Shape(
        {
            "vocab_size": 2048,
            "hidden_size": 128,
            "intermediate_size": 384,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 32,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6},
        },
        "float32",
        tasks_per_step=2,
        group_size=4,
        rows=4,
    ),
    # As published; its base of 5e6 is that of -2507, which the template trains.
    "qwen3-4b": Shape(
        {
            "vocab_size": 151936,
            "hidden_size": 2560,
            "intermediate_size": 9728,
            "num_hidden_layers": 36,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "rope_parameters": {"rope_type": "default", "rope_theta": 5e6},
        },
        "bfloat16",
        tasks_per_step=8,
        group_size=8,
        rows=4,
    ),
}


def make_model(shape: Shape, device: str, seed: int = 0) -> Any:
    """A model with random weights, made where it stays."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(seed)
    config = Qwen3Config(
        **shape.config,
        max_position_embeddings=40960,
        rms_norm_eps=1e-6,
        tie_word_embeddings=True,
        bos_token_id=None,
    )
    with torch.device(device):
        return Qwen3ForCausalLM._from_config(config, dtype=getattr(torch, shape.dtype))


def load(shape: Shape, tokenizer: Any, device: str, seed: int) -> LoadedModel:
    """A model and its codec, the same for the same arguments."""
    if len(tokenizer) > shape.config["vocab_size"]:
        raise ValueError(f"{len(tokenizer)} tokens, and {shape.config['vocab_size']} embeddings")
    model = make_model(shape, device, seed)
    for config in (model.config, model.generation_config):
        config.eos_token_id = tokenizer.eos_token_id
        config.pad_token_id = tokenizer.pad_token_id
    settings = ModelSettings("random", dtype=shape.dtype, lora=TEMPLATE.model.lora)
    return LoadedModel(
        model, tokenizer, ChatCodec(tokenizer, stop_ids=stop_ids_of(model)), settings
    )


def tokenizer_of(world: World) -> Any:
    """A tokenizer for what will be said."""
    chats = finqa_gym.demonstrations(
        world.corpus,
        ["gold", "guess"],
        tool_profile=world.settings.tool_profile,
        format="text",
        split=world.settings.split,
        max_tasks=200,
    )
    texts = itertools.chain.from_iterable([m["content"] for m in c["messages"]] for c in chats)
    return make_tokenizer(texts, [], TOKENS)


@dataclass
class Run:
    """A training.

    Attributes:
        steps: Its steps.
        logged: Name -> step -> what the trainer logged.
        adapter: Weights that were trained, at the end.
        memory: Kind -> bytes at most.
    """

    steps: list[Step]
    logged: dict[str, dict[int, float]]
    adapter: dict[str, Any]
    memory: dict[str, int]


def grpo_settings(shape: Shape, options: argparse.Namespace) -> GrpoSettings:
    """The template's settings, in the size of the shape."""
    episodes = options.tasks_per_step * options.group_size
    rows = math.gcd(shape.rows, episodes)
    kept = {key: value for key, value in TEMPLATE.grpo.trainer.items() if "vllm" not in key}
    settings: GrpoSettings = TEMPLATE.grpo
    return dataclasses.replace(
        settings,
        steps=options.steps,
        tasks_per_step=options.tasks_per_step,
        group_size=options.group_size,
        message_tokens=512,
        episode_tokens=4096,
        trainer=kept
        | {
            "per_device_train_batch_size": rows,
            "gradient_accumulation_steps": episodes // rows,
            "bf16": shape.dtype == "bfloat16",
            "use_cpu": options.device == "cpu",
            "report_to": "none",
            "save_steps": options.steps // 2,
            # So large that a resumed training without its weights would be another one.
            "learning_rate": 1e-4,
            "lr_scheduler_type": "constant",
        },
    )


def train(
    shape: Shape, options: argparse.Namespace, worlds: Sequence[World], tokenizer: Any, resume: bool
) -> Run:
    """Trains a fresh model, from the beginning or from the checkpoint in the middle."""
    import torch
    import transformers
    from transformers.trainer_callback import PrinterCallback

    world, scripts = worlds
    settings = grpo_settings(shape, options)
    transformers.set_seed(options.seed)
    loaded = load(shape, tokenizer, options.device, options.seed)
    trainer = grpo_trainer(world, loaded, settings, options.out, options.seed)
    trainer.remove_callback(PrinterCallback)
    watch = Watch(trainer, loaded.codec)
    trainer.rollout_func = ForcedRollout(
        world.corpus,
        loaded.codec,
        scripts,
        options.seed,
        message_tokens=settings.message_tokens,
        max_rows=settings.max_rows,
        on_batch=watch.batch,
        split=world.settings.split,
        **world.env_options,
    )
    if options.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    checkpoint = options.out / f"checkpoint-{options.steps // 2}"
    trainer.train(resume_from_checkpoint=str(checkpoint) if resume else None)
    trainer.rollout_func.close()
    logs = trainer.state.log_history
    return Run(
        watch.steps,
        {name: {log["step"]: log[name] for log in logs if name in log} for name in COMPARED},
        {
            n: p.detach().float().cpu()
            for n, p in trainer.model.named_parameters()
            if p.requires_grad
        },
        _peak_memory(options.device),
    )


def _peak_memory(device: str) -> dict[str, int]:
    import torch

    if device == "cuda":
        return {
            "allocated": torch.cuda.max_memory_allocated(),
            "reserved": torch.cuda.max_memory_reserved(),
        }
    unit = 1 if sys.platform == "darwin" else 1024
    return {"resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


def compared(whole: Run, resumed: Run) -> dict[str, Any]:
    """How far a resumed training is from the one in one go, over the steps of both."""
    rest = whole.steps[-len(resumed.steps) :]
    first = len(whole.steps) - len(rest) + 1
    steps = range(first, len(whole.steps) + 1)
    apart = {
        name: max(abs(whole.logged[name][n] - resumed.logged[name][n]) for n in steps)
        for name in COMPARED
    }
    weights = max(
        float((weight - resumed.adapter[name]).abs().max())
        for name, weight in whole.adapter.items()
    )
    same = [step.tasks for step in rest] == [step.tasks for step in resumed.steps]
    return {"steps": list(steps), "same_tasks": same, **apart, "weights": weights}


def summary(run: Run, resumed: dict[str, Any], group_size: int) -> dict[str, Any]:
    """What is told of a training; times without its first step, which warms up."""
    steps, timed = run.steps, run.steps[1:]
    gap = np.concatenate([step.gap for step in steps])
    rollout_s, training_s = (sum(getattr(s, n) for s in timed) for n in ("rollout_s", "training_s"))
    episodes = sum(len(step.tasks) for step in steps)
    groups = episodes // group_size
    return {
        "memory": run.memory,
        "rollout_s": rollout_s / len(timed),
        "training_s": training_s / len(timed),
        "sampled_tokens_per_s": sum(step.sampled_tokens for step in timed) / rollout_s,
        "trained_tokens_per_s": sum(step.tokens for step in timed) / training_s,
        "env_share": sum(step.env_s for step in timed) / rollout_s,
        "tokens_per_episode": sum(step.tokens for step in steps) / episodes,
        "sampled_tokens_per_episode": sum(step.sampled_tokens for step in steps) / episodes,
        "differing_groups": sum(step.differing_groups for step in steps) / groups,
        "gap": {
            "tokens": len(gap),
            "mean": float(gap.mean()),
            "p99": float(np.quantile(gap, 0.99)),
            "max": float(gap.max()),
        },
        "spans": sum(step.spans for step in steps),
        "wrong": sum(step.wrong for step in steps),
        "resume": resumed,
        "logged": run.logged,
        "each_step": [
            {name: value for name, value in vars(step).items() if isinstance(value, int | float)}
            for step in steps
        ],
    }


def table(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The summary for people."""
    gap, resumed = found["gap"], found["resume"]
    apart = ", ".join(f"{name} {resumed[name]:.1e}" for name in (*COMPARED, "weights"))
    memory = [f"{size / 2**30:.2f} GiB {kind}" for kind, size in found["memory"].items()]
    first, last = resumed["steps"][0], resumed["steps"][-1]
    return [
        ("peak memory", ", ".join(memory)),
        ("seconds a step", f"rollout {found['rollout_s']:.2f}, training {found['training_s']:.2f}"),
        ("sampled tokens/s", f"{found['sampled_tokens_per_s']:,.0f}"),
        ("trained tokens/s", f"{found['trained_tokens_per_s']:,.0f} of whole chats"),
        ("environment", f"{found['env_share']:.2%} of rollouts"),
        (
            "tokens an episode",
            f"{found['tokens_per_episode']:,.0f}, "
            f"{found['sampled_tokens_per_episode']:,.0f} of them sampled",
        ),
        ("groups with variance", f"{found['differing_groups']:.0%}"),
        (
            "log-probability gap",
            f"mean {gap['mean']:.1e}, p99 {gap['p99']:.1e}, max {gap['max']:.1e} "
            f"over {gap['tokens']:,} tokens",
        ),
        ("mask", f"{found['spans']:,} messages and what is before each: {found['wrong']} wrong"),
        (
            "resume",
            f"steps {first}-{last}, {'the same' if resumed['same_tasks'] else 'OTHER'} tasks; "
            f"apart at most: {apart}",
        ),
    ]


def passes(found: dict[str, Any], device: str) -> bool:
    """Masks are right, and a resumed training is the one that was interrupted."""
    resumed = found["resume"]
    # On a GPU sums come in another order each time.
    exact = device != "cpu" or all(resumed[name] <= SAME for name in COMPARED)
    goes_on = resumed["same_tasks"] and resumed["steps"][0] == found["steps"] // 2 + 1
    return found["spans"] > 0 and not found["wrong"] and goes_on and exact


def proof(shape: Shape, options: argparse.Namespace) -> dict[str, Any]:
    """Trains in one go, then again from the checkpoint in the middle."""
    import torch

    env = dataclasses.replace(TEMPLATE.env, corpus=f"synthetic:{options.seed}")
    worlds = World(env), World(env)
    tokenizer = tokenizer_of(worlds[0])
    whole = train(shape, options, worlds, tokenizer, resume=False)
    gc.collect()
    if options.device == "cuda":
        torch.cuda.empty_cache()
    resumed = train(shape, options, worlds, tokenizer, resume=True)
    return summary(whole, compared(whole, resumed), options.group_size)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--shape", choices=list(SHAPES), default="tiny")
    parser.add_argument("--tasks-per-step", type=int)
    parser.add_argument("--group-size", type=int, help="even: half of it is right")
    parser.add_argument("--steps", type=int, default=4, help="even: resumed in the middle")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--out", type=Path, help="of checkpoints; else a temporary folder")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    shape = SHAPES[options.shape]
    options.tasks_per_step = options.tasks_per_step or shape.tasks_per_step
    options.group_size = options.group_size or shape.group_size
    for name in ("steps", "group_size"):
        if (value := getattr(options, name)) < 2 or value % 2:
            parser.error(f"--{name.replace('_', '-')} is {value}; it must be even, and 2 or more")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is fetched, and TRL tells nobody
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # what the libraries would take else
    import torch

    if options.device == "auto":
        options.device = "cuda" if torch.cuda.is_available() else "cpu"
    _quiet()
    with tempfile.TemporaryDirectory() as folder, quiet_bars():
        options.out = options.out or Path(folder)
        found = setting(shape, options) | proof(shape, options)
    about = f"{options.shape}, {found['parameters'] / 1e6:,.1f} million parameters, {shape.dtype}"
    print(f"{about}, {found['device']}: {found['steps']} steps of {found['episodes']} episodes")
    rows = table(found)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:{width}}  {value}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2), encoding="utf-8")
    return 0 if passes(found, options.device) else 1


def setting(shape: Shape, options: argparse.Namespace) -> dict[str, Any]:
    """What was measured, and on what."""
    import torch

    device = torch.cuda.get_device_name() if options.device == "cuda" else platform.processor()
    return {
        "build": finqa_gym.build_info(),
        "versions": {
            name: metadata.version(name) for name in ("torch", "trl", "transformers", "peft")
        },
        "device": device or platform.machine(),
        "threads": torch.get_num_threads(),
        "shape": options.shape,
        "parameters": sum(p.numel() for p in make_model(shape, "meta").parameters()),
        "dtype": shape.dtype,
        "lora": TEMPLATE.model.lora,
        "seed": options.seed,
        "steps": options.steps,
        "episodes": options.tasks_per_step * options.group_size,
        "group_size": options.group_size,
        "rows": shape.rows,
    }


def _quiet() -> None:
    """Without what libraries say about their own affairs."""
    for name in ("transformers", "trl"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="(trl|transformers|peft)")


if __name__ == "__main__":
    sys.exit(main())
