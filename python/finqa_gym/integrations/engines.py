"""The engine that all rollouts of a process play in."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from typing import Any

from finqa_gym.async_engine import AsyncEngine
from finqa_gym.data import Corpus
from finqa_gym.rubrics import RewardConfig

__all__ = ["engine_of_row", "shared_corpus", "shared_engine", "typed_options"]

_lock = threading.Lock()
_corpora: dict[tuple[int, str], Corpus] = {}
_engines: dict[tuple[int, str], AsyncEngine] = {}


def shared_corpus(source: str | dict[str, Any]) -> Corpus:
    """The corpus of that name or description, opened once a process.

    Args:
        source: What `finqa_gym.data.open_corpus` takes (``"synthetic:7:tiny"``, a path), or a dict
            with ``seed``, ``preset`` and settings of `finqa_gym.SynthConfig`.

    Raises:
        ValueError: A name or setting that there is not.
        FileNotFoundError: The path does not exist.

    Example:
        >>> shared_corpus("synthetic:7:tiny") is shared_corpus("synthetic:7:tiny")
        True
    """
    # Here and not above: it reads the settings of a training, which most adapters have not.
    from finqa_gym.train.world import open_world_corpus

    key = (os.getpid(), json.dumps(source, sort_keys=True))
    with _lock:
        corpus = _corpora.get(key)
        if corpus is None:
            corpus = _corpora[key] = open_world_corpus(source)
        return corpus


def shared_engine(
    corpus: str | dict[str, Any] = "synthetic", max_episodes: int = 1024, **options: Any
) -> AsyncEngine:
    """The engine of this process for these settings, which are plain data.

    Args:
        corpus: As for `shared_corpus`.
        max_episodes: Episodes that live at the same time; more wait.
        **options: As for `finqa_gym.AsyncEngine`; ``reward`` may be a dict of the fields of
            `finqa_gym.RewardConfig`, as it stands in a configuration file.

    Raises:
        ValueError: A setting that cannot work.
        TypeError: An option that there is not.

    Example:
        >>> engine = shared_engine("synthetic:7:tiny", 4, reward={"mode": "shaped"})
        >>> engine is shared_engine("synthetic:7:tiny", 4, reward={"mode": "shaped"})
        True
    """
    # Asked for each rollout: the hash that AsyncEngine.shared makes of a corpus is left out.
    key = (os.getpid(), json.dumps([corpus, max_episodes, options], sort_keys=True, default=repr))
    opened = shared_corpus(corpus)
    options = typed_options(options)
    with _lock:
        engine = _engines.get(key)
        if engine is None or engine._closed:
            engine = _engines[key] = AsyncEngine.shared(opened, max_episodes, **options)
        return engine


def typed_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options that are plain data, as `finqa_gym.VectorEnv` takes them.

    Example:
        >>> typed_options({"reward": {"mode": "binary"}, "max_turns": 9})["reward"].mode
        'binary'
    """
    typed = dict(options)
    if isinstance(typed.get("reward"), Mapping):
        typed["reward"] = RewardConfig(**typed["reward"])
    return typed


def engine_of_row(info: Mapping[str, Any], **changes: Any) -> AsyncEngine:
    """The engine that a row of training data asks for.

    Args:
        info: Its ``extra_info``, as `finqa_gym.integrations.rows.training_rows` writes it:
            ``world`` is JSON, so that the rows of a file have one schema.
        **changes: As for `shared_engine`; they come before what the row says.

    Raises:
        ValueError: The row does not say what is played.
    """
    world = info.get("world")
    if not world:
        raise ValueError(
            f"extra_info has world={world!r}; JSON with the corpus and options is needed, as "
            "`finqa-gym data rows` writes it"
        )
    return shared_engine(**{**json.loads(world), **changes})
