"""What logs came to, as counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from finqa_gym.logs.reading import Place
from finqa_gym.logs.traces import Trace

__all__ = ["BAD_SHOWN", "LogSummary"]

BAD_SHOWN = 20
EXAMPLES = 3


@dataclass
class LogSummary:
    """What logs came to.

    Attributes:
        files: Files that were read.
        num_episodes: Episodes that were scored.
        num_bad: Records that could not be used.
        bad: The first of these: where, and why.
        forms: Form of a conversation -> episodes.
        policies: Name of a model -> episodes.
        num_correct: Episodes with a right answer.
        num_wrong: Episodes with a wrong answer, or with none.
        num_unknown: Episodes whose answer nothing could judge.
        num_unanswered: Episodes without an answer, part of ``num_wrong``.
        num_whole_message: Answers that are a whole last message, as no pattern fitted.
        judged_by: ``corpus``, ``log`` or ``truth`` -> episodes with a known outcome.
        num_disagreements: Episodes whose outcome in the log is another one than by our rules.
        num_matched: Episodes that belong to a task of the corpus.
        matched_by: ``id`` or ``question`` -> episodes.
        unmatched: Ids of the first episodes that do not.
        strange_tools: Called tools that the map does not name -> calls.
        strange_tables: Tables that calls read and the corpus does not hold -> calls.
        num_calls_without_output: Calls whose output the log does not hold.
        checks: Check -> (sum of scores, episodes to which it applies).
        flags: Flag -> episodes.
        failures: Failure class -> episodes without a right answer.
        shown: Failure -> episodes that show it, right or wrong.
        examples: Failure class -> ids of the first episodes.
        not_listed: Episodes without a right answer that did not list the tables first.
        run: Folder of the run; None if none was written.
    """

    files: list[str] = field(default_factory=list)
    num_episodes: int = 0
    num_bad: int = 0
    bad: list[str] = field(default_factory=list)
    forms: Counter[str] = field(default_factory=Counter)
    policies: Counter[str] = field(default_factory=Counter)
    num_correct: int = 0
    num_wrong: int = 0
    num_unknown: int = 0
    num_unanswered: int = 0
    num_whole_message: int = 0
    judged_by: Counter[str] = field(default_factory=Counter)
    num_disagreements: int = 0
    num_matched: int = 0
    matched_by: Counter[str] = field(default_factory=Counter)
    unmatched: list[str] = field(default_factory=list)
    strange_tools: Counter[str] = field(default_factory=Counter)
    strange_tables: Counter[str] = field(default_factory=Counter)
    num_calls_without_output: int = 0
    checks: dict[str, tuple[float, int]] = field(default_factory=dict)
    flags: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    not_listed: int = 0
    run: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; checks as mean and number of episodes."""
        told = dict(vars(self))
        told["checks"] = {
            name: {"mean": total / count if count else None, "episodes": count}
            for name, (total, count) in self.checks.items()
        }
        return {
            name: dict(value) if isinstance(value, Counter) else value
            for name, value in told.items()
        }

    def refuse(self, place: Place, reason: str) -> None:
        """Counts a record that could not be used."""
        self.num_bad += 1
        if len(self.bad) < BAD_SHOWN:
            self.bad.append(f"{place}: {reason}")

    def add(self, episode: dict[str, Any], trace: Trace) -> None:
        """Counts an episode."""
        self.num_episodes += 1
        self.policies[episode["policy"]] += 1
        self.strange_tools.update(trace.strange_tools)
        self.num_calls_without_output += trace.num_unanswered
        self.num_whole_message += trace.whole_message
        for name, score in episode["checks"].items():
            total, count = self.checks.get(name, (0.0, 0))
            if score is not None:
                total, count = total + score, count + 1
            self.checks[name] = (total, count)
        for name, is_set in episode["flags"].items():
            self.flags[name] += bool(is_set)
        self.shown.update(episode["failures"])
        self.num_unanswered += episode["submission"] is None
        if episode["is_correct"] is None:
            self.num_unknown += 1
        elif episode["is_correct"]:
            self.num_correct += 1
        else:
            self.num_wrong += 1
            self.not_listed += episode["checks"]["listed_before_query"] == 0
            failure = episode["failure"]
            self.failures[failure] += 1
            examples = self.examples.setdefault(failure, [])
            if len(examples) < EXAMPLES:
                examples.append(episode["task_id"])
