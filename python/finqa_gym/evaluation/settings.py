"""What an evaluation was begun with, so that it is gone on with in the same way."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finqa_gym.exceptions import DataError

__all__ = ["FILE", "check_settings", "write_settings"]

FILE = "evaluation.json"
"""Name of the file, in the folder of the run."""
MAY_GROW = ("attempts", "max_tasks")
"""Settings that say how much is played: more can be added, less would leave other episodes in."""


def write_settings(folder: Path, settings: Mapping[str, Any]) -> None:
    """Writes the settings; the file appears as a whole or not at all."""
    text = json.dumps(settings, indent=1, ensure_ascii=False, allow_nan=False)
    temporary = folder / f".{FILE}.{os.getpid()}"
    temporary.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    temporary.replace(folder / FILE)


def check_settings(folder: Path, settings: Mapping[str, Any], *, num_episodes: int) -> None:
    """Refuses to go on with an evaluation under other settings.

    Args:
        folder: Folder of the run.
        settings: What is asked for now.
        num_episodes: Episodes that the run holds.

    Raises:
        DataError: A setting differs, or the run is no evaluation; the text says which setting, and
            both values.
    """
    path = folder / FILE
    if not path.exists():
        if num_episodes == 0:  # it was killed before it could write them
            return
        raise DataError(
            f"{folder}: the run holds {num_episodes} episodes and no {FILE}, so it is not known "
            "how they were played; evaluate into another folder"
        )
    try:
        begun = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: is no JSON ({error})") from None
    if not isinstance(begun, dict):
        raise DataError(f"{path}: holds a {type(begun).__name__}; an object is needed")
    # Both as JSON holds them: a tuple has become a list.
    wanted = json.loads(json.dumps(settings))
    for name in dict.fromkeys([*begun, *wanted]):
        before, now = begun.get(name), wanted.get(name)
        if before == now or (name in MAY_GROW and _grows(before, now)):
            continue
        hint = (
            "it can be raised, not lowered" if name in MAY_GROW else "evaluate into another folder"
        )
        raise DataError(
            f"{folder}: the evaluation was begun with {name} {json.dumps(before)}, and "
            f"{json.dumps(now)} is asked for now; {hint}"
        )


def _grows(before: Any, now: Any) -> bool:
    """None stands for everything."""
    if now is None or before is None:
        return now is None
    return bool(now >= before)
