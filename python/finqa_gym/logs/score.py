"""Scoring logs: every conversation becomes an episode with checks, flags and a failure class."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from finqa_gym import _native
from finqa_gym.data import Corpus
from finqa_gym.logs.chats import find_chat, samples_of
from finqa_gym.logs.mapping import LogMap
from finqa_gym.logs.messages import UNUSABLE, NoChatError
from finqa_gym.logs.reading import BadRecord, RawRecord, log_files, read_records
from finqa_gym.logs.summary import BAD_SHOWN, LogSummary
from finqa_gym.logs.survey import Survey, survey_logs
from finqa_gym.logs.tasks import plain_words, task_finders
from finqa_gym.logs.traces import Trace, make_trace
from finqa_gym.recording import versions
from finqa_gym.trajectories import write_run

__all__ = ["score_logs"]

LARGEST_REWARD = 3.4e38
"""Rewards of a run are of single precision."""


def score_logs(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    corpus: Corpus | None = None,
    names: LogMap | None = None,
    out: str | os.PathLike[str] | None = None,
    policy: str | None = None,
    mode: Literal["strict", "openenv"] | None = None,
    append: bool = False,
    progress: Callable[[int], None] | None = None,
) -> LogSummary:
    """Scores the conversations of log files with the rules that score the engine's own episodes.

    A record that belongs to a task of ``corpus``, by its id or its question, is judged by that
    task. Any other is judged by what the log itself says (`LogMap.fields`), else by its expected
    answer; if it says neither, its outcome stays unknown and its behaviour is measured all the
    same.

    Args:
        paths: Files or folders: JSON Lines, JSON or Parquet.
        corpus: The tasks and tables behind the log.
        names: How tools and fields are called; None knows the tool profiles of this project.
        out: Folder for a run with every episode, which ``finqa-gym report`` shows.
        policy: Name of the model; None takes the log's own, or the name of the file.
        mode: Rules to compare answers by. If it is given, an expected answer in the log counts
            more than what the log says of the outcome. None is "strict" where rules are needed.
        append: Add to the run that is in ``out``.
        progress: Called with the number of records that were read.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: No record can be used; the text says why not.
        DataError: ``out`` holds something else.

    Example:
        >>> import json, pathlib, tempfile
        >>> log = pathlib.Path(tempfile.mkdtemp()) / "log.jsonl"
        >>> messages = [
        ...     {"role": "user", "content": "What was revenue?"},
        ...     {"role": "assistant", "content": "FINAL ANSWER: 5"},
        ... ]
        >>> _ = log.write_text(json.dumps({"messages": messages, "ground_truth": "7"}))
        >>> summary = score_logs(log)
        >>> summary.num_wrong, list(summary.failures)
        (1, ['hallucinated_after_failure'])
    """
    several = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    files = log_files(several)
    names = names if names is not None else LogMap()
    summary = LogSummary(files=[str(file) for file in files])
    scorer = _Scorer(names, corpus, policy, mode, summary, survey_logs(files, names))
    episodes = scorer.episodes(files, progress)
    if out is None:
        for _ in episodes:
            pass
    else:
        # The first episode is made before the folder: a log without one leaves nothing behind.
        first = next(episodes, None)
        if first is not None:
            records = _chain(first, episodes)
            run = write_run(out, scorer.info(Path(out)), records, append=append)
            summary.run = str(run.path)
    if summary.num_episodes == 0:
        raise ValueError(_nothing(summary))
    return summary


def _chain(first: dict[str, Any], rest: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rest


def _nothing(summary: LogSummary) -> str:
    names = ", ".join(summary.files)
    if not summary.num_bad:
        return f"{names}: there is no record in it"
    first = "; ".join(summary.bad[:3])
    return f"{names}: none of {summary.num_bad} records can be used: {first}"


class _Scorer:
    def __init__(
        self,
        names: LogMap,
        corpus: Corpus | None,
        policy: str | None,
        mode: str | None,
        summary: LogSummary,
        survey: Survey,
    ) -> None:
        self.names, self.corpus, self.policy = names, corpus, policy
        self.mode, self.summary = mode, summary
        self.can_list = survey.has_tool("list_tables", names)
        self.can_inspect = survey.has_tool("table_info", names)
        self.survey = survey
        self.ids, self.questions = task_finders(corpus)

    def info(self, out: Path) -> dict[str, Any]:
        """``run.json``."""
        corpus = None
        if self.corpus is not None:
            corpus = {
                "name": self.corpus.name,
                "content_hash": self.corpus.content_hash,
                "source": self.corpus.source,
            }
        names = self.names
        return {
            "run": out.resolve().name,
            "policy": self.policy or "",
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "versions": versions(),
            "corpus": corpus,
            "env": {"answer_mode": self.mode or "strict"},
            "system_prompt": self.survey.prompts[0] if self.survey.prompts else "",
            "tools": self.survey.specs,
            "source": "logs",
            "logs": {
                "files": [Path(file).name for file in self.summary.files],
                "tools": {kind: list(found) for kind, found in names.tools.items()},
                "called": sorted(self.survey.tools),
            },
        }

    def episodes(
        self, files: Iterable[Path], progress: Callable[[int], None] | None
    ) -> Iterator[dict[str, Any]]:
        done = 0
        for file in files:
            for record in read_records(file):
                done += 1
                if progress is not None:
                    progress(done)
                if isinstance(record, BadRecord):
                    self.summary.refuse(record.place, record.reason)
                    continue
                for sample in samples_of(record.data):
                    episode = self._sample(RawRecord(record.place, sample))
                    if episode is not None:
                        yield episode

    def _sample(self, record: RawRecord) -> dict[str, Any] | None:
        try:
            return self._episode(record)
        except NoChatError as error:
            self.summary.refuse(record.place, str(error))
        except UNUSABLE as error:
            # Logs hold what nobody thought of: one record must not cost all others.
            reason = f"holds something that cannot be read: {error} ({type(error).__name__})"
            self.summary.refuse(record.place, reason)
        return None

    def _episode(self, record: RawRecord) -> dict[str, Any]:
        names, summary = self.names, self.summary
        fields: dict[str, Any] = record.data if isinstance(record.data, dict) else {}
        chat = find_chat(record.data)
        trace = make_trace(chat, names)
        if trace.submission is None or trace.whole_message:
            told = names.get("submission", fields)
            if isinstance(told, (str, int, float)) and not isinstance(told, bool):
                trace.submission, trace.whole_message = str(told), False
        question = names.get("question", fields)
        question = question if isinstance(question, str) else trace.prompt
        task_id = _plain_text(names.get("id", fields))
        index, matched_by = self._match(task_id, question, trace.prompt)
        truth = None if index is not None else _plain_text(names.get("truth", fields))
        own = _outcome(names, fields)
        by_rules_only = index is not None or (self.mode is not None and bool(truth))
        own_used = None if by_rules_only else own
        native = {
            "calls": trace.calls,
            "submission": trace.submission,
            "can_list": self._can(chat.tools, "list_tables"),
            "can_inspect": self._can(chat.tools, "table_info"),
            "is_correct": own_used,
        }
        made = {
            "id": task_id or f"{Path(record.place.path).name}:{record.place.number}",
            "question": question,
            "truth": truth,
        }
        episode, by_rules, strangers = _native.score_trace(
            json.dumps(native, ensure_ascii=False),
            self.mode or "strict",
            self.corpus._native if self.corpus is not None and index is not None else None,
            index,
            json.dumps(made, ensure_ascii=False),
        )
        self._describe(episode, record, fields, trace)
        # Nothing is counted before nothing can go wrong any more.
        if matched_by is not None:
            summary.num_matched += 1
            summary.matched_by[matched_by] += 1
        elif self.corpus is not None and len(summary.unmatched) < BAD_SHOWN:
            summary.unmatched.append(task_id or question[:80])
        summary.forms[chat.form] += 1
        summary.strange_tables.update(strangers)
        summary.num_disagreements += own is not None and by_rules is not None and own != by_rules
        if episode["is_correct"] is not None:
            by = "corpus" if index is not None else "log" if own_used is not None else "truth"
            summary.judged_by[by] += trace.submission is not None or own_used is not None
        summary.add(episode, trace)
        return episode

    def _can(self, tools: frozenset[str] | None, kind: str) -> bool:
        if tools is not None:
            return any(self.names.kind(name) == kind for name in tools)
        return self.can_list if kind == "list_tables" else self.can_inspect

    def _describe(
        self, episode: dict[str, Any], record: RawRecord, fields: dict[str, Any], trace: Trace
    ) -> None:
        """Puts in what only the log knows."""
        names = self.names
        reward = _number(names.get("reward", fields))
        if reward is not None and episode["answer_reason"] == "by_log":
            episode["reward"] = reward
        model = names.get("model", fields)
        own = model if isinstance(model, str) and model else _stem(record.place.path)
        episode["policy"] = self.policy or own
        episode["policy_step"] = _integer(names.get("step", fields))
        episode["num_prompt_tokens"] = _integer(names.get("prompt_tokens", fields))
        episode["num_completion_tokens"] = _integer(names.get("completion_tokens", fields))
        episode["num_turns"] = len(trace.turns)
        episode["prompt"] = trace.prompt
        episode["turns"] = trace.turns

    def _match(
        self, task_id: str | None, question: str, prompt: str
    ) -> tuple[int, str] | tuple[None, None]:
        """The task of the corpus, and whether its id or its question tells so."""
        if self.corpus is None:
            return None, None
        index = self.ids(task_id) if task_id else None
        if index is not None:
            return index, "id"
        for key in (plain_words(question), plain_words(prompt)):
            if key in self.questions:
                return self.questions[key], "question"
        return None, None


def _plain_text(value: Any) -> str | None:
    """A scalar as text: ids and expected answers are numbers in some logs."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, list) and len(value) == 1:
        return _plain_text(value[0])
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    # Tables write NaN where they have nothing.
    return str(value) if isinstance(value, float) and math.isfinite(value) else None


def _outcome(names: LogMap, fields: dict[str, Any]) -> bool | None:
    """Whether the answer is right, by the log."""
    correct = names.get("correct", fields)
    if (told := _number(correct)) is not None:
        return told != 0
    reward = names.get("reward", fields)
    if isinstance(reward, list) and reward:
        reward = reward[-1]
    told = _number(reward)
    return None if told is None else told >= names.correct_at


def _number(value: Any) -> float | None:
    """A number that the reward of a run can be; None if it is none."""
    if not isinstance(value, (int, float)) or not -LARGEST_REWARD <= value <= LARGEST_REWARD:
        return None
    return float(value)


def _integer(value: Any) -> int | None:
    """A count or a step as a run can hold it; None if it is none."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value < 2**63 else None


def _stem(path: str) -> str:
    return re.sub(r"\.(jsonl|ndjson|json|parquet)(\.gz)?\Z", "", Path(path).name)
