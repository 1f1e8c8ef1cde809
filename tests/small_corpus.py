"""A small part of the synthetic corpus for tests that need some corpus, made once."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from finqa_gym import Corpus, SynthConfig, synthetic

__all__ = ["small_corpus", "small_path"]


@functools.cache
def small_corpus(train: int = 8, seed: int = 0, *, evaluation: bool = True) -> Corpus:
    """So many companies of ``train``, two of ``val``, and some of the splits for evaluation."""
    corpus = synthetic(seed, SynthConfig(tasks_per_company=8))
    splits: dict[str, int | None] = {"train": train, "val": 2}
    return corpus.take(splits | ({"eval290": 1, "reason79": 2} if evaluation else {}))


@functools.cache
def small_path() -> str:
    """`small_corpus` as files, for commands that take a path."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "small"
    small_corpus().save(path, format="jsonl")
    return str(path)
