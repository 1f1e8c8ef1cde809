"""Signs that an answer is not to be relied on, from the episode alone: the truth takes no part.

What a record says of an episode was scored against its task: a right answer, for instance, is never
called invented. Where a model works nobody knows the truth, so here each episode is scored once
more as somebody else's log is that knows neither truth nor gold program.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finqa_gym import _native
from finqa_gym.chats import to_messages
from finqa_gym.logs.chats import Chat
from finqa_gym.logs.mapping import LogMap
from finqa_gym.logs.messages import read_messages
from finqa_gym.logs.traces import make_trace
from finqa_gym.trajectories import Run

__all__ = ["SIGNALS", "TaskSignals", "checked_weights", "episode_signals", "read_signals"]

SIGNALS: dict[str, str] = {
    "no_answer": "No answer was handed in.",
    "declined": "The submission says that there is no answer.",
    "ungrounded": "A submitted number stands in no result and follows from none.",
    "no_query": "No query succeeded.",
    "no_schema": "It queried without ever reading a schema.",
    "unrecovered_error": "A tool failed and did not succeed afterwards.",
    "repeated_failed": "A call that had failed was made again unchanged.",
    "malformed_call": "Some message held no call that could be read.",
    "disagreement": "Share of the attempts that came to another answer.",
}
"""What an episode, or several attempts at a task, can show."""


@dataclass(frozen=True)
class TaskSignals:
    """What a model's attempts at a task show.

    With several attempts the answer is the one that most of them came to, the first of these.

    Attributes:
        task_id: The task.
        answer: Place of the episode in the run whose answer counts.
        episodes: Places of all its episodes.
        signals: Name of a signal -> 0 or 1, ``disagreement`` in between; those of the answer.
    """

    task_id: str
    answer: int
    episodes: tuple[int, ...]
    signals: dict[str, float]

    def score(self, weights: Mapping[str, float]) -> float:
        """Weighted sum of the signals; a signal without a weight counts 1.

        Example:
            >>> shown = {"declined": 1.0, "no_query": 1.0}
            >>> TaskSignals("t1", 0, (0,), shown).score({"declined": 3.0})
            4.0
        """
        # Rounded, since equal sums must be one threshold in whatever order they were added.
        return round(sum(weights.get(name, 1.0) * shown for name, shown in self.signals.items()), 9)


def checked_weights(weights: Mapping[str, float] | None) -> dict[str, float]:
    """Weights of signals that there are, none negative.

    Raises:
        ValueError: Another signal, or a weight that is none.

    Example:
        >>> checked_weights({"guessed": 1.0})
        Traceback (most recent call last):
        ValueError: no signal 'guessed'; there are no_answer, declined, ungrounded, no_query, ...
    """
    for name, weight in (weights or {}).items():
        if name not in SIGNALS:
            raise ValueError(f"no signal {name!r}; there are {', '.join(SIGNALS)}")
        if not 0 <= weight < float("inf"):
            raise ValueError(f"the weight of {name} is {weight}; it must be 0 or more")
    return dict(weights or {})


def read_signals(run: Run) -> list[TaskSignals]:
    """The signals of each task of a run, in order of its first episode.

    Episodes that a fault of the machine ended are passed over.

    Raises:
        DataError: The run cannot be read.
    """
    tasks: dict[str, list[_Attempt]] = {}
    for place, episode in enumerate(run):
        if not episode["flags"].get("infra_fault"):
            attempt = _Attempt(place, episode["question"], *episode_signals(episode, run.info))
            tasks.setdefault(episode["task_id"], []).append(attempt)
    return [_of_task(task, attempts) for task, attempts in tasks.items()]


def episode_signals(
    episode: Mapping[str, Any], info: Mapping[str, Any]
) -> tuple[str | None, dict[str, float]]:
    """Submission and signals of one episode; its score, its truth and its task are not looked at.

    Args:
        episode: One of `Run.episodes`.
        info: `Run.info`.
    """
    submission = episode["submission"]
    calls, can_list, can_inspect = _calls(episode, info)
    trace = {
        "calls": calls,
        "submission": submission,
        "can_list": can_list,
        "can_inspect": can_inspect,
    }
    unknown = {"id": "", "question": episode["question"]}
    scored, _, _ = _native.score_trace(json.dumps(trace), "strict", told=json.dumps(unknown))
    flags, failures = scored["flags"], scored["failures"]
    shown = {
        "no_answer": submission is None,
        "declined": flags["declined"],
        "ungrounded": flags["hallucinated"],
        "no_query": not flags["queried"],
        "no_schema": "no_schema" in failures,
        "unrecovered_error": "no_correction" in failures,
        "repeated_failed": flags["repeated_failed"],
        "malformed_call": flags["malformed_call"],
    }
    return submission, {name: float(is_shown) for name, is_shown in shown.items()}


@dataclass(frozen=True)
class _Attempt:
    place: int
    question: str
    submission: str | None
    signals: dict[str, float]


def _calls(
    episode: Mapping[str, Any], info: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], bool, bool]:
    """The calls of an episode as a log holds them; whether it could list tables and see schemas."""
    names = _names(info)
    tools = _tool_names(info.get("tools"))
    kinds = {names.kind(tool) for tool in tools or ()}
    can_list, can_inspect = (tools is None or k in kinds for k in ("list_tables", "table_info"))
    if not episode["turns"]:
        return [], can_list, can_inspect
    chat = Chat(read_messages(to_messages(dict(episode), {})), "run", tools)
    return make_trace(chat, names).calls, can_list, can_inspect


def _tool_names(tools: Any) -> frozenset[str] | None:
    """None if it is not known which tools there were."""
    return frozenset(tool["function"]["name"] for tool in tools) if tools else None


def _of_task(task_id: str, attempts: Sequence[_Attempt]) -> TaskSignals:
    groups: list[list[_Attempt]] = []
    for attempt in attempts:
        for group in groups:
            if _agree(attempt, group[0]):
                group.append(attempt)
                break
        else:
            groups.append([attempt])
    largest = max(groups, key=len)
    signals = dict(largest[0].signals)
    if len(attempts) > 1:
        signals["disagreement"] = 1 - len(largest) / len(attempts)
    places = tuple(attempt.place for attempt in attempts)
    return TaskSignals(task_id, largest[0].place, places, signals)


def _agree(one: _Attempt, other: _Attempt) -> bool:
    """Whether two answers are the same by the rules for answers, one taken for the truth."""
    if one.submission is None or other.submission is None:
        return one.submission is other.submission
    if one.signals["declined"] or other.signals["declined"]:
        return one.signals["declined"] == other.signals["declined"]
    if one.submission.split() == other.submission.split():
        return True
    told = {"id": "", "question": other.question, "truth": other.submission}
    trace = {"submission": one.submission}
    _, is_same, _ = _native.score_trace(json.dumps(trace), "strict", told=json.dumps(told))
    return bool(is_same)


def _names(info: Mapping[str, Any]) -> LogMap:
    """The tools as this run calls them."""
    own = LogMap()
    tools = dict(own.tools)
    for old, new in info.get("env", {}).get("tool_names") or ():
        kind = own.kind(old)
        if kind is not None:
            tools[kind] = (*tools[kind], new)
    return LogMap(tools=tools)
