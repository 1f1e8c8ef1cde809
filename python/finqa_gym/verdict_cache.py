"""Verdicts of a judge by the hash of what they are about."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from pathlib import Path

__all__ = ["VerdictCache"]

MAX_MEMORY_CHARS = 1 << 26
"""Characters of keys and reasons that are kept in memory."""


class VerdictCache:
    """A file for each verdict, or a dict.

    Args:
        folder: Where the files lie; None keeps verdicts in memory alone.

    Memory holds what was used last, up to `MAX_MEMORY_CHARS`: without a folder, an older question
    is asked again.

    A file is written beside its place and moved there, so that a reader, or a process that was
    killed, never sees half of one; who comes second overwrites the same content.
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self._folder = None if folder is None else Path(folder)
        self._memory: dict[str, tuple[float, str]] = {}
        self._chars = 0
        self._lock = threading.Lock()
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> tuple[float, str] | None:
        """Score and reason; None if they are not known, or their file cannot be read."""
        with self._lock:
            known = self._memory.get(key)
            if known is not None:
                self._memory[key] = self._memory.pop(key)
        if known is not None or self._folder is None:
            return known
        try:
            stored = json.loads(self._path(key).read_text(encoding="utf-8"))
            score, reason = float(stored["score"]), str(stored["reason"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not 0 <= score <= 1:
            return None
        self._remember(key, (score, reason))
        return score, reason

    def put(self, key: str, verdict: tuple[float, str]) -> None:
        """Keeps a verdict."""
        self._remember(key, verdict)
        if self._folder is None:
            return
        path = self._path(key)
        path.parent.mkdir(exist_ok=True)
        score, reason = verdict
        text = json.dumps({"score": score, "reason": reason}, ensure_ascii=False)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _remember(self, key: str, verdict: tuple[float, str]) -> None:
        with self._lock:
            self._forget(key)
            self._memory[key] = verdict
            self._chars += len(key) + len(verdict[1])
            while self._chars > MAX_MEMORY_CHARS:
                self._forget(next(iter(self._memory)))

    def _forget(self, key: str) -> None:
        forgotten = self._memory.pop(key, None)
        if forgotten is not None:
            self._chars -= len(key) + len(forgotten[1])

    def _path(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / key[:2] / f"{key}.json"
