"""One episode on its way through a replay."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["FAULTS", "Difference", "ReplaySlot"]

FAULTS = ("infra_timeout", "infra_backend", "worker_panic")
"""Truncation reasons that are no doing of the policy and need not come again."""
CUT_BY_CALLER = "token_limit"
"""Truncation reason of episodes that their caller ended, behind their last turn."""
OUTCOMES = (
    "status",
    "truncation_reason",
    "submission",
    "is_correct",
    "outcome",
    "answer_reason",
    "wrong_answer",
    "failure",
    "failures",
    "process",
    "flags",
)
"""Columns of the record that are compared with the end of the replayed episode."""


class Difference(NamedTuple):
    """The first thing in which an episode came out differently.

    Attributes:
        episode: Its number in the run.
        task_id: Its task.
        what: What differs: "prompt", "turn 3, message 1", "reward".
        recorded: As recorded.
        replayed: As replayed.
    """

    episode: int
    task_id: str
    what: str
    recorded: str
    replayed: str


class ReplaySlot:
    """A recorded episode and how far its replay agrees.

    Args:
        episode: The record.
        compare_reward: Whether rewards can be compared.
    """

    def __init__(self, episode: dict[str, Any], *, compare_reward: bool) -> None:
        self.episode = episode
        self.difference: Difference | None = None
        self._compare_reward = compare_reward
        self._is_over = False
        # A fault ended the last turn; what it would have shown is not known.
        faulted = episode["truncation_reason"] in FAULTS
        self._num_turns = len(episode["turns"]) - (episode["truncation_reason"] in FAULTS[:2])
        self._compare_end = not faulted

    def goes_on(self, turn: int) -> bool:
        """Whether turn ``turn`` is to be played."""
        return turn < self._num_turns and not self._is_over and self.difference is None

    def is_to_be_cut(self) -> bool:
        """Whether the caller had ended the episode, which has come to that place."""
        was_cut: bool = self.episode["truncation_reason"] == CUT_BY_CALLER
        return was_cut and not self._is_over and self.difference is None

    def compare(self, what: str, recorded: object, replayed: object) -> None:
        """Notes the first difference."""
        if self.difference is None and recorded != replayed:
            texts = [
                value if isinstance(value, str) else repr(value) for value in (recorded, replayed)
            ]
            self.difference = Difference(
                self.episode["episode"], self.episode["task_id"], what, texts[0], texts[1]
            )

    def compare_turn(
        self, turn: int, messages: list[dict[str, Any]], reward: float, over: bool
    ) -> None:
        """Compares what came back after turn ``turn``."""
        recorded = self.episode["turns"][turn]
        place = f"turn {turn + 1}"
        self.compare(f"{place}, messages", len(recorded["messages"]), len(messages))
        for number, (old, new) in enumerate(zip(recorded["messages"], messages, strict=False), 1):
            self.compare(f"{place}, message {number}", old["content"], new["content"])
            self.compare(f"{place}, id of message {number}", old["id"], new["tool_call_id"])
            self.compare(f"{place}, name of message {number}", old["name"], new["name"])
        if self._compare_reward:
            self.compare(f"{place}, reward", recorded["reward"], reward)
        self._is_over = over
        if over and self._compare_end:
            self.compare("number of turns", self._num_turns, turn + 1)

    def compare_cut(self, reward: float) -> None:
        """Compares what the caller was told when it ended the episode."""
        if self._compare_reward:
            self.compare("reward", self.episode["reward"], reward)

    def tool_result(self, turn: int, number: int) -> tuple[str, bool]:
        """What the tool of the user returned to call ``number`` of its calls in ``turn``.

        Returns:
            The text, and whether it is an error.
        """
        calls = [call for call in self.episode["calls"] if call["turn"] == turn + 1]
        # Calls inside of reasoning, and malformed ones that are ignored, have no message.
        answered = [c for c in calls if c["tool"] is not None or c["error"] is not None]
        messages = self.episode["turns"][turn]["messages"]
        ran = [
            (message["content"], call["error"] is not None)
            for call, message in zip(answered, messages, strict=False)
            if call["tool"] == "user_tool" and call["error"] in (None, "user_tool_failed")
        ]
        return ran[number] if number < len(ran) else ("", True)

    def compare_end(self, view: dict[str, Any] | None) -> None:
        """Compares what the episode came to with `VectorEnv.episode`."""
        if view is None or not self._compare_end or self.difference is not None:
            return
        for name in OUTCOMES:
            recorded, replayed = self.episode[name], view[name]
            if isinstance(recorded, float) and replayed is not None:
                replayed = float(np.float32(replayed))  # as wide as in the record
            self.compare(name, recorded or None, replayed or None)
        for name, check in view["checks"].items():
            score = check["score"]
            score = None if score is None else float(np.float32(score))
            self.compare(f"check {name}", self.episode["checks"][name], score)
