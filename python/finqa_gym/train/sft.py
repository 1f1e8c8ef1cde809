"""The supervised start: demonstrations as ids, learned with TRL's SFTTrainer."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from finqa_gym.chats import to_messages
from finqa_gym.policies import POLICIES, ScriptedPolicy
from finqa_gym.train.demonstrate import Demonstration, Demonstrator, demonstrate, encode_chat
from finqa_gym.train.hasty import CORRECTOR, HASTY, HastyPolicy, Memory
from finqa_gym.train.models import LoadedModel
from finqa_gym.train.processes import share
from finqa_gym.train.settings import SftPhase, SftSettings
from finqa_gym.train.world import World
from finqa_gym.trajectories import open_run

__all__ = ["prepare", "sft_trainer"]

HABITS = {"hasty": HASTY, "corrector": CORRECTOR}
SLOTS = 128
REMEMBERED = 2000
"""Tasks that a hasty demonstrator has seen before."""
WINDOW = 16
"""Batches among which episodes are sorted by length, so that little is padding."""


def prepare(
    world: World,
    loaded: LoadedModel,
    settings: SftSettings,
    seed: int,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[Demonstration]:
    """The demonstrations of all phases in the order in which they are learned.

    Args:
        world: What is played.
        loaded: The model, for its codec.
        settings: Phases and batch size.
        seed: Of tasks, courses and order.
        progress: Told how many phases of how many are done.

    Returns:
        ``steps * batch_size`` of them; batches hold episodes of like length.
    """
    rows: list[Demonstration] = []
    for index, phase in enumerate(settings.phases):
        played = _played(world, loaded, phase, f"{seed} {index}")
        if not played:
            raise ValueError(
                f"sft.phases[{index}] has no demonstrations: mixture {phase.mixture}, "
                f"tables {phase.tables!r}, question_types {list(phase.question_types)}"
            )
        wanted = phase.steps * settings.batch_size
        rows += _batched(played, settings.batch_size, wanted, random.Random(f"{seed} {index}"))
        progress(index + 1, len(settings.phases))
    return rows


def _played(world: World, loaded: LoadedModel, phase: SftPhase, seed: str) -> list[Demonstration]:
    draw = random.Random(seed)
    ids = world.task_ids(
        world.settings.split,
        phase.tasks,
        tables=phase.tables,
        question_types=phase.question_types,
        seed=draw.randrange(2**32),
    )
    total = sum(phase.mixture.values())
    if not total > 0 or any(weight < 0 for weight in phase.mixture.values()):
        raise ValueError(f"sft mixture {phase.mixture} needs weights of 0 or more, one above 0")
    played: list[Demonstration] = []
    start, reached = 0, 0.0
    with world.env(SLOTS) as env:
        for name, weight in phase.mixture.items():
            reached += weight / total * len(ids)
            part = ids[start : round(reached)]
            start = round(reached)
            if not part:
                continue
            if name in HABITS:
                seen = ids[:REMEMBERED]
                memory = Memory.of(world.corpus, seen)
                who: Demonstrator = HastyPolicy(env, memory, HABITS[name], draw.randrange(2**32))
            elif name in POLICIES:
                who = ScriptedPolicy(name, env, draw.randrange(2**32))
            else:
                played += _recorded(loaded, name, len(part), draw)
                continue
            played += demonstrate(env, loaded.codec, who, part)
    return played


def _recorded(
    loaded: LoadedModel, path: str, count: int, draw: random.Random
) -> Iterator[Demonstration]:
    """Right episodes of a recorded run: rejection sampling, from a teacher or from the model."""
    if not Path(path).exists():
        raise ValueError(
            f"sft mixture names {path!r}; it must be one of {', '.join([*POLICIES, *HABITS])}, or "
            "the folder of a recorded run"
        )
    run = open_run(path)
    rewards = run.columns(["reward"])["reward"]
    right = [index for index, reward in enumerate(rewards) if reward == 1.0]
    if not right:
        raise ValueError(f"run {path!r} has no episode with reward 1 to learn from")
    for index in draw.sample(right, min(count, len(right))):
        [episode] = run.episodes(index, index + 1)
        ids, mask = encode_chat(loaded.codec, to_messages(episode, run.info))
        yield Demonstration(ids, mask, episode["task_id"], 1.0)


def _batched(
    played: Sequence[Demonstration], batch_size: int, wanted: int, draw: random.Random
) -> list[Demonstration]:
    rows: list[Demonstration] = []
    while len(rows) < wanted:
        order = list(played)
        draw.shuffle(order)
        # A whole number of batches; who is left out now comes in another round.
        order = order[: max(1, len(order) // batch_size) * batch_size]
        for first in range(0, len(order), WINDOW * batch_size):
            window = sorted(
                order[first : first + WINDOW * batch_size], key=lambda each: len(each.ids)
            )
            batches = [window[i : i + batch_size] for i in range(0, len(window), batch_size)]
            draw.shuffle(batches)
            rows += [each for batch in batches for each in batch]
    return rows[:wanted]


def sft_trainer(
    loaded: LoadedModel,
    settings: SftSettings,
    rows: Sequence[Demonstration],
    out: Path,
    seed: int,
    callbacks: Sequence[Any] = (),
) -> Any:
    """A ``trl.SFTTrainer`` over demonstrations; only the demonstrator's messages are learned.

    Ids and labels are given to it ready: those that a rollout of the same chat would have, whatever
    the template renders.

    Args:
        loaded: The model.
        settings: Batch size, and arguments of ``trl.SFTConfig``.
        rows: What `prepare` returned.
        out: Folder of its checkpoints.
        seed: Of the trainer.
        callbacks: Of the trainer.
    """
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    labels = [
        [i if learned else -100 for i, learned in zip(each.ids, each.mask, strict=True)]
        for each in rows
    ]
    dataset = Dataset.from_dict({"input_ids": [each.ids for each in rows], "labels": labels})
    options = defaults(loaded) | {
        "max_steps": settings.steps,
        "per_device_train_batch_size": share(settings.batch_size, "sft.batch_size"),
        # Phases come in their order, and batches are of like length already.
        "train_sampling_strategy": "sequential",
        "max_length": None,
        "save_strategy": "no",
        "logging_steps": 10,
        "seed": seed,
    }
    arguments = SFTConfig(output_dir=str(out), **(options | settings.trainer))
    return SFTTrainer(
        model=loaded.model,
        args=arguments,
        train_dataset=dataset,
        processing_class=loaded.tokenizer,
        peft_config=lora_config(loaded),
        callbacks=list(callbacks),
    )


def defaults(loaded: LoadedModel) -> dict[str, Any]:
    """Arguments of both trainers that follow from the machine."""
    import torch

    gpu = torch.cuda.is_available()
    half = loaded.model.dtype == torch.bfloat16
    # DeepSpeed's engine is told the precision by accelerate, and the trainer must say the same.
    deepspeed = os.environ.get("ACCELERATE_USE_DEEPSPEED") == "true"
    return {
        "use_cpu": not gpu,
        "bf16": gpu and (deepspeed or not half) and torch.cuda.is_bf16_supported(),
        # TRL's default is True, which costs small models time; False would warn of its new name.
        "gradient_checkpointing": None,
        "report_to": "none",
        "disable_tqdm": True,
    }


def lora_config(loaded: LoadedModel) -> Any:
    """A ``peft.LoraConfig``, or None; None also if the model has an adapter already."""
    if loaded.settings.lora is None or hasattr(loaded.model, "peft_config"):
        return None
    from peft import LoraConfig

    return LoraConfig(**({"task_type": "CAUSAL_LM"} | loaded.settings.lora))
