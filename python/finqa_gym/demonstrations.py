"""Demonstrations: whole episodes of the scripted policies, for supervised warm starts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from finqa_gym import _native, arguments
from finqa_gym.data import Corpus, is_evaluation_split
from finqa_gym.policies import PolicyName

__all__ = ["Demonstrations", "demonstrations"]


class Demonstrations:
    """An iterator of demonstrations, made by `demonstrations`. Plays an episode when asked."""

    def __init__(self, native: _native.Demonstrations) -> None:
        """Wraps a native iterator; use `demonstrations`."""
        self._native = native

    @property
    def num_episodes(self) -> int:
        """Episodes in all, those that will be left out included."""
        return self._native.num_episodes

    @property
    def num_left_out(self) -> int:
        """Left out so far: no gold program to follow, or a reward below ``min_reward``."""
        return self._native.num_left_out

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Itself."""
        return self

    def __next__(self) -> dict[str, Any]:
        """The next demonstration."""
        return next(self._native)

    def write(
        self,
        path: str | os.PathLike[str],
        format: Literal["jsonl", "parquet"] | None = None,
        *,
        overwrite: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Writes those that are left to a file, which appears as a whole or not at all.

        Args:
            path: The file.
            format: "jsonl" or "parquet"; None takes it from the file's ending.
            overwrite: Replace a file that is there.
            progress: Called with the number of episodes played.

        Returns:
            The number of records written.

        Raises:
            DataError: The file is there, or ``arguments="object"`` with Parquet, which holds text.
            ValueError: The format is unknown.
        """
        chosen = Path(path).suffix.removeprefix(".") if format is None else format
        written, _ = self._native.write(os.fspath(path), chosen, overwrite, progress)
        return written


def demonstrations(
    corpus: Corpus,
    policy: PolicyName | Sequence[PolicyName] = "gold",
    *,
    tool_profile: Literal["rllm", "openenv", "compact"] = "rllm",
    answer_mode: Literal["strict", "openenv"] = "strict",
    format: Literal["structured", "text"] = "structured",
    arguments: Literal["text", "object"] = "text",
    split: str | None = None,
    max_tasks: int | None = None,
    seed: int = 0,
    min_reward: float | None = None,
    max_turns: int | None = None,
    allow_eval_split: bool = False,
) -> Demonstrations:
    """Plays scripted policies through the engine and yields their episodes as training data.

    Each is a dict: ``task_id``, ``split``, ``policy``, ``variant``, ``seed``, ``tool_profile``,
    ``format``, ``messages`` and ``tools`` in OpenAI's form, ``submission``, ``reward``,
    ``verdict``, ``num_turns``, ``num_calls``, ``num_errors``. The tool messages are what the tools
    returned. What a policy does in a task depends on ``seed``, task id and policy only.

    Args:
        corpus: The tasks.
        policy: One of `POLICIES`, or several; each plays every task. Those that follow a gold
            program ("gold", "recovery") pass over tasks without one.
        tool_profile: Tools to work with.
        answer_mode: Rules to score by.
        format: "structured" puts calls into ``tool_calls``; "text" leaves them in the content as
            ``<tool_call>{...}</tool_call>``, as Hermes and Qwen models write them.
        arguments: In structured calls: "text" writes arguments as JSON text (OpenAI's interface),
            "object" as objects (what chat templates expect).
        split: Only tasks of this split.
        max_tasks: At most so many tasks.
        seed: Seed of the policies' draws.
        min_reward: Leave out episodes with a smaller reward.
        max_turns: Messages of an episode; None is the corpus's own limit.
        allow_eval_split: Demonstrations are training data, so evaluation splits
            (`finqa_gym.is_evaluation_split`) are refused unless this is set.

    Raises:
        NotFoundError: There is no such split.
        ValueError: A name is unknown, or a split is for evaluation.

    Example:
        >>> import finqa_gym
        >>> demos = demonstrations(finqa_gym.synthetic(), "recovery", split="train", max_tasks=8)
        >>> demo = next(demos)
        >>> demo["reward"], demo["messages"][2]["role"]
        (1.0, 'assistant')
    """
    split = corpus.known_split(split)
    chosen = corpus.splits() if split is None else [split]
    refused = [name for name in chosen if is_evaluation_split(name)]
    if refused and not allow_eval_split:
        msg = (
            f"demonstrations are training data, and split {', '.join(refused)} of corpus "
            f"{corpus.name!r} is for evaluation; choose another split, or allow it with "
            "allow_eval_split=True (--allow-eval-split)"
        )
        raise ValueError(msg)
    return Demonstrations(
        _native.Demonstrations(
            corpus._native,
            [policy] if isinstance(policy, str) else list(policy),
            tool_profile,
            answer_mode,
            format,
            arguments,
            split,
            _at_least_one("max_tasks", max_tasks),
            _integer("seed", seed),
            min_reward,
            _at_least_one("max_turns", max_turns),
        )
    )


def _integer(name: str, value: int) -> int:
    # The parameter of the same name hides the module inside `demonstrations`.
    return arguments.integer(name, value)


def _at_least_one(name: str, value: int | None) -> int | None:
    return None if value is None else arguments.integer(name, value, least=1, below=2**32)
