"""What an environment writes down about itself when it records."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finqa_gym import _native, arguments
from finqa_gym.trajectories import RUN_FORMAT, Recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finqa_gym.criteria import PythonCriterion
    from finqa_gym.data import Corpus

__all__ = ["checked", "start", "versions"]


def checked(record: str | os.PathLike[str] | Recording | None) -> Recording | None:
    """The argument ``record`` of an environment as a `Recording`; None if it does not record."""
    if record is None:
        return None
    if not isinstance(record, Recording):
        needed = "a folder, a Recording, or None"
        arguments.instance("record", record, (str, os.PathLike), needed)
        record = Recording(record)
    arguments.text("policy", record.policy)
    if record.policy_step is not None:
        arguments.integer("policy_step", record.policy_step, below=2**63)
    arguments.flag("append", record.append)
    return record


def versions() -> dict[str, Any]:
    """What decides observations and rewards besides corpus and options.

    Example:
        >>> sorted(versions())
        ['finqa_gym', 'scoring', 'sqlite', 'sqlite_options']
    """
    build = _native.build_info()
    return {
        "finqa_gym": build["version"],
        "sqlite": build["sqlite"],
        "sqlite_options": build["sqlite_options"],
        "scoring": build["scoring"],
    }


def start(
    native: _native.VectorEnv,
    record: Recording,
    corpus: Corpus,
    options: dict[str, Any],
    criteria: Sequence[PythonCriterion],
) -> None:
    """Makes the run and records every episode from now on."""
    path = Path(record.path)
    info = {
        "format": RUN_FORMAT,
        "run": path.resolve().name if record.run is None else record.run,
        "policy": record.policy,
        "policy_step": record.policy_step,
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "versions": versions(),
        "corpus": {
            "name": corpus.name,
            "content_hash": corpus.content_hash,
            "source": corpus.source,
        },
        "env": {
            **options,
            "reward": json.loads(options["reward"]),
            "criteria": [{"name": c.name, "weight": c.weight} for c in criteria],
        },
        "system_prompt": native.system_prompt,
        "tools": native.tools,
        "source": "engine",
    }
    custom = [(criterion.name, criterion.weight) for criterion in criteria]
    native.start_recording(path, json.dumps(info), record.append, custom)
    native.set_policy(record.policy, record.policy_step)
