"""Corpora from disk, from the generator, and from what a run says of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from finqa_gym import _native, arguments
from finqa_gym._native import DataError
from finqa_gym.data.corpus import Corpus
from finqa_gym.synth import SynthConfig

__all__ = [
    "LAYOUTS",
    "corpus_from_source",
    "is_evaluation_split",
    "load",
    "open_corpus",
    "synthetic",
]

LAYOUTS = ("openenv", "rllm", "tatqa", "finqa", "native", "folder", "sqlite")
"""Layouts that `load` reads; docs/spec/corpus.md describes each."""


def load(
    path: str | os.PathLike[str],
    layout: str | None = None,
    *,
    tasks: str | os.PathLike[str] | None = None,
    name: str | None = None,
    limits: dict[str, int] | None = None,
    reviewed_only: bool = False,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Corpus:
    r"""Reads a corpus from disk.

    Args:
        path: File or folder.
        layout: One of `LAYOUTS`; None looks at the path and decides.
        tasks: For "folder" and "sqlite": the tasks file, if it is not where docs/spec/corpus.md
            says.
        name: Name of the corpus; None takes the path's.
        limits: Limits of this corpus's episodes: ``max_ops``, ``max_rows``, ``max_result_bytes``,
            ``max_turns``. By default ``max_ops`` grows with the longest table.
        reviewed_only: Only tasks that a reviewer accepted and none rejected, as ``finqa-gym data
            review`` wrote down beside ``path``. All companies stay.
        progress: Called with (what, done, total or None) during long work.

    Returns:
        The corpus; ``refused`` counts the records that could not be used, by reason.

    Raises:
        FileNotFoundError: The path does not exist.
        DataError: A file is broken (path, record and reason are named), no layout fits, or
            ``reviewed_only`` finds no decisions.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp()) / "acme"
        >>> folder.mkdir()
        >>> _ = (folder / "revenue.csv").write_text("item,2024,2023\nTotal,1200,1000\n")
        >>> _ = (folder / "tasks.csv").write_text(
        ...     "question,answer,unit\n"
        ...     "How much did total revenue grow from 2023 to 2024?,20%,percent\n"
        ... )
        >>> len(load(folder))
        1
    """
    if limits is not None:
        needed = "a dict such as {'max_ops': 5_000_000}"
        arguments.instance("limits", limits, dict, needed)
        limits = {
            key: arguments.integer(f"limits[{key!r}]", value, least=1, below=2**32)
            for key, value in limits.items()
        }
    corpus = Corpus(
        _native.Corpus.load(
            os.fsdecode(path),
            layout,
            None if tasks is None else os.fsdecode(tasks),
            name,
            limits,
            progress,
        ),
        {
            "load": {
                "path": str(Path(os.fsdecode(path)).resolve()),
                "layout": layout,
                "tasks": None if tasks is None else str(Path(os.fsdecode(tasks)).resolve()),
                "name": name,
                "limits": limits,
            }
        },
    )
    if not reviewed_only:
        return corpus
    from finqa_gym.review import accepted_task_ids, decisions_folder

    accepted = accepted_task_ids(corpus, decisions_folder(os.fsdecode(path)))
    return corpus.select(accepted, suffix="-reviewed")


def is_evaluation_split(split: str) -> bool:
    """Whether tasks of a split are there to measure with, so that they must not be trained on.

    Those are the splits whose names start with ``test``, ``eval`` or ``reason``, case ignored.

    Example:
        >>> [split for split in synthetic().splits() if is_evaluation_split(split)]
        ['eval290', 'reason79']
    """
    return _native.is_evaluation_split(arguments.text("split", split))


def synthetic(seed: int = 0, config: SynthConfig | None = None) -> Corpus:
    """The synthetic corpus: invented 10-K companies, the same bytes everywhere.

    Splits ``val``, ``eval290`` (20 companies, 290 tasks), ``reason79`` (21 companies, 79 tasks) and
    ``train``, which is endless unless ``config.train_companies`` says otherwise; the small world
    (``SynthConfig.preset("tiny")``) has them, too. Making the corpus costs nothing: a company is
    made when one of its tasks is asked for.

    Args:
        seed: Another seed makes other companies.
        config: Settings; None is ``SynthConfig()``.

    Example:
        >>> synthetic().splits()
        {'val': 1024, 'eval290': 290, 'reason79': 79, 'train': None}
    """
    seed = arguments.integer("seed", seed)
    config = SynthConfig() if config is None else config
    arguments.instance("config", config, SynthConfig, "a SynthConfig, or None")
    source = {"synthetic": {"seed": seed, "config": json.loads(config.to_json())}}
    return Corpus(_native.Corpus.synthetic(seed, config.to_json()), source)


def corpus_from_source(source: dict[str, Any]) -> Corpus:
    """Makes the corpus again whose `Corpus.source` is ``source``.

    Raises:
        FileNotFoundError: A path is not there any more.
        DataError: As for `load`; or ``source`` is of a kind that this version does not know.

    Example:
        >>> corpus = synthetic(7).take("val", 2)
        >>> corpus_from_source(corpus.source).content_hash == corpus.content_hash
        True
    """
    try:
        if "of" in source:
            of = corpus_from_source(source["of"])
            if "take" in source:
                [picks] = source["take"]
                picks = [(split, count) for split, count in picks]
                return Corpus(of._native.take(picks), source)
            indices, suffix = source["select"]
            return Corpus(of._native.select(indices, suffix), source)
        if "synthetic" in source:
            made = source["synthetic"]
            config = SynthConfig.from_json(json.dumps(made["config"]))
            return synthetic(made["seed"], config)
        return load(**source["load"])
    except (KeyError, TypeError) as error:
        msg = f"the source of a corpus cannot be read ({error!r}): {source}"
        raise DataError(msg) from error


def open_corpus(
    name: str,
    layout: str | None = None,
    *,
    tasks: str | os.PathLike[str] | None = None,
    reviewed_only: bool = False,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Corpus:
    """A corpus by the name that the command line takes.

    That is a path or ``synthetic[:SEED[:PRESET]]``, where the preset is a level from 1 to 5 or
    ``tiny``.

    Args:
        name: The name. A path that is called ``synthetic`` is reached as ``./synthetic``.
        layout: As for `load`.
        tasks: As for `load`.
        reviewed_only: As for `load`.
        progress: As for `load`.

    Raises:
        ValueError: The seed or the preset is none; a layout, a tasks file or reviews for a corpus
            that is made by code.
        FileNotFoundError: The path does not exist.
        DataError: As for `load`.

    Example:
        >>> open_corpus("synthetic:7:tiny").name
        'synthetic-tiny-v1-s7'
    """
    if name.partition(":")[0] != "synthetic":
        return load(name, layout, tasks=tasks, reviewed_only=reviewed_only, progress=progress)
    if layout is not None or tasks is not None or reviewed_only:
        msg = (
            f"corpus {name!r} is made by code: a layout, a tasks file or decisions of reviewers "
            "go with a path"
        )
        raise ValueError(msg)
    return _open_synthetic(name)


def _open_synthetic(name: str) -> Corpus:
    """The synthetic corpus called ``synthetic[:SEED[:PRESET]]``."""
    _, *parts = name.split(":")
    seed = parts[0] if parts else "0"
    preset = parts[1] if len(parts) > 1 else "3"
    if len(parts) > 2 or not seed.isdecimal():
        msg = (
            f"corpus {name!r}: behind 'synthetic:' stands a seed from 0, and behind another colon "
            "a level from 1 to 5 or 'tiny', as in 'synthetic:7:tiny'"
        )
        raise ValueError(msg)
    try:
        return synthetic(int(seed), SynthConfig.preset(preset))
    except ValueError as error:
        raise ValueError(f"corpus {name!r}: {error}") from None
