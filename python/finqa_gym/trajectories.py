"""Runs: the episodes that an environment recorded, on disk and read back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finqa_gym import _native, arguments

__all__ = ["Recording", "Run", "open_run", "write_run"]

RUN_FORMAT = 1
"""Version of the layout of a run."""
CHUNK = 512
"""Episodes that an iteration reads at a time."""


@dataclass(frozen=True)
class Recording:
    """Where and as what an environment records; see `VectorEnv`.

    Attributes:
        path: Folder of the run. It is made; one that is there needs ``append``.
        policy: Who acts: a name for the column ``policy``.
        policy_step: Step of its training, for learning curves.
        append: Go on with a run that was recorded over the same corpus, by the same versions and
            with the same options. What a crash left in it is recovered first.
        run: Name of the run; None is that of its folder.

    Example:
        >>> import tempfile
        >>> import finqa_gym
        >>> folder = Path(tempfile.mkdtemp()) / "base"
        >>> with finqa_gym.VectorEnv(record=Recording(folder, policy="base")) as env:
        ...     _ = env.reset(seed=0)
        ...     _ = env.step(["FINAL ANSWER: 42"])
        >>> [episode["submission"] for episode in open_run(folder)]
        ['42']
    """

    path: str | os.PathLike[str]
    policy: str = ""
    policy_step: int | None = None
    append: bool = False
    run: str | None = None


class Run:
    """The finished episodes of a run, as they were when it was opened. Made by `open_run`.

    A run that is being recorded can be read meanwhile; open it again to see more.

    Attributes:
        path: The folder.
        info: What was run: the content of ``run.json``.
    """

    path: Path
    info: dict[str, Any]

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Opens a run; use `open_run`."""
        self.path = Path(path)
        self._native = _native.Run(self.path)
        self.info = self._native.info

    @property
    def name(self) -> str:
        """Name of the run."""
        return str(self.info.get("run") or self.path.resolve().name)

    @property
    def num_episodes(self) -> int:
        """Finished episodes."""
        return self._native.num_episodes

    @property
    def num_lost(self) -> int:
        """Episodes that ran when their process died."""
        return self._native.num_lost

    @property
    def num_running(self) -> int:
        """Episodes that ran when the run, which is being recorded, was opened."""
        return self._native.num_running

    @property
    def num_abandoned(self) -> int:
        """Episodes that their caller reset or closed before they ended; they have no record."""
        return self._native.num_abandoned

    @property
    def warnings(self) -> list[str]:
        """What was wrong with the ends of its logs, such as a record that was never finished."""
        return self._native.warnings

    @property
    def files(self) -> list[Path]:
        """The Parquet files, for other programs; episodes of a session under way are in none."""
        return self._native.files

    def columns(self, names: Sequence[str]) -> dict[str, Any]:
        """Columns of scalars, one entry an episode.

        Args:
            names: Columns of docs/spec/trajectories.md that hold neither lists nor structs.

        Returns:
            Numbers and booleans as arrays ``(num_episodes,)``, texts as ``list[str]``. An unknown
            number is NaN, which makes floats of integers and booleans; an unknown text is None.

        Raises:
            DataError: There is no such column, or a file is damaged.

        Example:
            >>> import tempfile
            >>> records = [{"reward": 1.0, "level": 2}, {"reward": 0.0}]
            >>> run = write_run(tempfile.mkdtemp(), {}, records)
            >>> columns = run.columns(["reward", "level"])
            >>> columns["reward"].tolist(), columns["level"].tolist()
            ([1.0, 0.0], [2.0, nan])
        """
        if isinstance(names, str):
            msg = f"names is {names!r}; a sequence of names is needed"
            raise TypeError(msg)
        return self._native.columns(
            [arguments.text(f"names[{index}]", name) for index, name in enumerate(names)]
        )

    def episodes(self, start: int = 0, stop: int | None = None) -> list[dict[str, Any]]:
        """Whole episodes, roughly in order of start.

        Args:
            start: Place of the first one, from 0.
            stop: One behind the last; None for all. A large run does not fit into memory as a
                whole: iterate over the run instead.

        Returns:
            Dicts with the columns of docs/spec/trajectories.md; ``flags``, ``checks`` and
            ``dimensions`` are dicts by name.
        """
        start = arguments.integer("start", start, below=2**63)
        end = 2**63 if stop is None else arguments.integer("stop", stop, below=2**63)
        return self._native.episodes(start, end)

    def to_messages(self, *, structured: bool = False) -> Iterator[list[dict[str, Any]]]:
        """The chats of the episodes in OpenAI's form, one after the other.

        Args:
            structured: Move calls that stand in the text of a message into ``tool_calls``.

        Source: `finqa_gym.chats.to_messages`; `finqa_gym.chats.export_chats` writes files.
        """
        from finqa_gym.chats import to_messages

        return (to_messages(episode, self.info, structured=structured) for episode in self)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The episodes one by one, a few of them in memory at a time."""
        for start in range(0, self.num_episodes, CHUNK):
            yield from self.episodes(start, start + CHUNK)

    def __len__(self) -> int:
        """Number of finished episodes."""
        return self.num_episodes

    def __repr__(self) -> str:
        """Name and size."""
        counts = f"num_episodes={self.num_episodes}, num_lost={self.num_lost}"
        return f"Run({self.name!r}, {counts}, num_running={self.num_running})"


def open_run(path: str | os.PathLike[str]) -> Run:
    """Opens a run.

    What a crash left is recovered into Parquet if the folder can be written, else read as it is;
    ``Run.num_lost`` says how many episodes ran when the process died.

    Args:
        path: The folder.

    Raises:
        FileNotFoundError: There is no run.
        DataError: It cannot be read.
    """
    return Run(path)


def write_run(
    path: str | os.PathLike[str],
    info: dict[str, Any],
    records: Iterable[dict[str, Any]],
    *,
    append: bool = False,
) -> Run:
    """Makes a run of episodes that come from elsewhere.

    Args:
        path: Folder of the run: new, or empty.
        info: ``run.json``; ``format`` and ``run`` (the folder's name) are added if missing.
        records: Dicts as `Run.episodes` returns them. What is missing is unknown; ``episode``
            is then counted.
        append: Add to a run that is there.

    Whatever is raised, also by ``records``: a run that was to be made is gone again.

    Raises:
        DataError: A record that is none (the text says which and why), or a folder that holds
            something else.
        ValueError: A value that JSON cannot hold, such as NaN.

    Example:
        >>> import tempfile
        >>> run = write_run(tempfile.mkdtemp(), {"run": "elsewhere"}, [{"task_id": "t1"}])
        >>> run.name, run.num_episodes
        ('elsewhere', 1)
    """
    folder = Path(path)
    text = json.dumps({"format": RUN_FORMAT, "run": folder.resolve().name, **info})
    is_new = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    lines = (json.dumps(record, allow_nan=False) for record in records)
    try:
        _native.write_run(folder, text, lines, append)
    except BaseException:
        if is_new:
            _remove(folder, text)
        raise
    return Run(path)


def _remove(folder: Path, text: str) -> None:
    """Removes a run that was not finished, unless somebody else has made one there meanwhile."""
    try:
        is_ours = json.loads((folder / "run.json").read_text("utf-8")) == json.loads(text)
    except (OSError, ValueError):
        return
    if is_ours:
        shutil.rmtree(folder, ignore_errors=True)
