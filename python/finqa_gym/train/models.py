"""Models and their codecs: made here, or loaded."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finqa_gym._native import __version__
from finqa_gym.demonstrations import demonstrations
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.processes import process_state
from finqa_gym.train.rollout import Limits
from finqa_gym.train.settings import EnvSettings, ModelSettings, make_settings
from finqa_gym.train.split_weights import full_state_dict
from finqa_gym.train.world import World

__all__ = [
    "LoadedModel",
    "SavedSettings",
    "load_model",
    "quiet_bars",
    "save_model",
    "saved_settings",
    "stop_ids_of",
]

SETTINGS_FILE = "finqa_gym.json"
"""Beside the weights: what was played when they were trained."""
SMALL = "small:"


@dataclass
class LoadedModel:
    """A model that can play, with what turns chats into its ids.

    Attributes:
        model: A causal language model of transformers.
        tokenizer: Its tokenizer.
        codec: Chats as ids.
        settings: Where it comes from.
    """

    model: Any
    tokenizer: Any
    codec: ChatCodec
    settings: ModelSettings


def load_model(settings: ModelSettings, world: World, *, seed: int = 0) -> LoadedModel:
    """Makes or loads what ``settings`` name.

    Args:
        settings: The model.
        world: What it will play: its tools, and for a new tokenizer its words.
        seed: Of new weights.
    """
    if settings.name.startswith(SMALL):
        return _small(settings, world, seed)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where: dict[str, Any] = {"revision": settings.revision} if settings.revision else {}
    tokenizer = AutoTokenizer.from_pretrained(settings.name, **where)
    kind: Any = AutoModelForCausalLM
    if settings.lora is not None and (Path(settings.name) / "adapter_config.json").is_file():
        from peft import AutoPeftModelForCausalLM

        # transformers would load the adapter, too, but not to be trained any further.
        kind, where = AutoPeftModelForCausalLM, {"is_trainable": True, **where}
    with quiet_bars():
        model = kind.from_pretrained(settings.name, dtype=settings.dtype, **where)
    return _with_codec(model, tokenizer, settings, world)


def _with_codec(model: Any, tokenizer: Any, settings: ModelSettings, world: World) -> LoadedModel:
    with world.env(1) as env:
        tools = env.tools if settings.tools_in_prompt else None
    codec = ChatCodec(
        tokenizer, tools, stop_ids=stop_ids_of(model), template_options=settings.template_options
    )
    return LoadedModel(model, tokenizer, codec, settings)


def stop_ids_of(model: Any) -> list[int]:
    """Ids that end a message, as the model's generation config has them."""
    stops = model.generation_config.eos_token_id if model.generation_config else None
    return stops if isinstance(stops, list) else [] if stops is None else [stops]


def _small(settings: ModelSettings, world: World, seed: int) -> LoadedModel:
    from finqa_gym.train.small_model import boilerplate, make_model, make_tokenizer

    env = world.settings
    with world.env(1) as sample:
        names = [tool["function"]["name"] for tool in sample.tools]
    chats = demonstrations(
        world.corpus,
        ["gold", "recovery", "guess"],
        tool_profile=env.tool_profile,
        answer_mode=env.answer_mode,
        format="text",
        split=env.split,
        max_tasks=1000,
        allow_eval_split=env.allow_eval_split,
    )
    texts = itertools.chain.from_iterable(
        [message["content"] for message in chat["messages"][1:]] for chat in chats
    )
    tokenizer = make_tokenizer(texts, boilerplate(names))
    model = make_model(tokenizer, settings.name.removeprefix(SMALL), seed=seed)
    return _with_codec(model, tokenizer, settings, world)


def save_model(loaded: LoadedModel, env: EnvSettings, limits: Limits, folder: Path) -> None:
    """Writes weights, tokenizer, and how they play, which `CheckpointPolicy` reads.

    All processes of a training call it, and the first one writes.
    """
    # Where TRL finds the weights of the reference model, if there is to be one (beta above 0).
    loaded.model.config._name_or_path = str(folder)
    state_dict = full_state_dict(loaded.model)
    if not process_state().is_main_process:
        return
    with quiet_bars():
        loaded.model.save_pretrained(folder, state_dict=state_dict)
    loaded.tokenizer.save_pretrained(folder)
    saved = {
        "env": asdict(env),
        "limits": asdict(limits),
        "model": asdict(loaded.settings) | {"name": str(folder)},
        "finqa_gym": __version__,
    }
    (folder / SETTINGS_FILE).write_text(json.dumps(saved, indent=2), encoding="utf-8")


@contextmanager
def quiet_bars() -> Iterator[None]:
    """Without the progress bars of transformers, which tell of milliseconds here."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@dataclass(frozen=True)
class SavedSettings:
    """What `save_model` wrote beside the weights.

    Attributes:
        env: What was played.
        model: Where the model came from.
        limits: Tokens of an episode.
    """

    env: EnvSettings
    model: ModelSettings
    limits: Limits

    @property
    def env_options(self) -> dict[str, Any]:
        """Arguments of `VectorEnv` that decide what the model sees."""
        names = ("tool_profile", "tool_names", "task_prompt", "system_prompt", "max_turns")
        given = {name: getattr(self.env, name) for name in names}
        return {name: value for name, value in given.items() if value is not None}


def saved_settings(folder: Path) -> SavedSettings | None:
    """What `save_model` wrote into ``folder``; None if there is nothing."""
    path = folder / SETTINGS_FILE
    if not path.is_file():
        return None
    saved = json.loads(path.read_text(encoding="utf-8"))
    return SavedSettings(
        make_settings(EnvSettings, saved["env"], str(path)),
        make_settings(ModelSettings, saved["model"] | {"name": str(folder)}, str(path)),
        make_settings(Limits, saved["limits"], str(path)),
    )
