"""Episodes inside of a page: a columnar index, and records in compressed chunks.

Texts that several episodes share (prompts, lists of tables, schemas) are kept once: in the chunk,
if all of them lie in one, else in a pool of their own. A reader decompresses the index at the
start and a chunk when one of its episodes is opened. `assets/episodes.js` is the other end.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from finqa_gym.analysis import CHECKS, DIMENSIONS, FLAGS, RunData, Summary, meanings
from finqa_gym.report.calls import call_spans
from finqa_gym.report.redact import Redaction
from finqa_gym.report.sql_words import FUNCTIONS, KEYWORDS, LINE_STARTS

__all__ = ["Block", "Payload", "make_payload"]

CHUNK_EPISODES = 160
POOL_CHARS = 400_000
"""Characters of shared texts in one block."""
READ_EPISODES = 500
SHORT = 80
"""Characters of a submission and of a truth that the list of episodes shows."""


@dataclass(frozen=True)
class Block:
    """Compressed JSON: goes into a script element that no browser runs.

    Attributes:
        name: Id of the element.
        data: Base64 of gzip of UTF-8.
    """

    name: str
    data: str


@dataclass
class Payload:
    """What a page holds of the episodes.

    Attributes:
        blocks: The index, then pool and chunks.
        num_episodes: Episodes in the page.
        num_recorded: Episodes of the runs; more than in the page if they are too many for one.
    """

    blocks: list[Block] = field(default_factory=list)
    num_episodes: int = 0
    num_recorded: int = 0


class _Texts:
    """Texts by number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int | None:
        return None if text is None else self.numbers.setdefault(text, len(self.numbers))


class _Codes(_Texts):
    """Names by number, in order of appearance; the list of names goes into the index."""

    def of(self, text: str | None) -> int:
        return self.numbers.setdefault(text or "", len(self.numbers))

    @property
    def names(self) -> list[str]:
        return list(self.numbers)


def make_payload(
    runs: Sequence[RunData],
    summary: Summary,
    *,
    max_episodes: int,
    redaction: Redaction | None = None,
) -> Payload:
    """Packs the episodes of ``runs``.

    Args:
        runs: Recorded runs.
        summary: What they came to: its series can be filtered by.
        max_episodes: Of more, so many are drawn evenly over the runs.
        redaction: Takes out what must not be shared.
    """
    texts, index = _Texts(), _Index()
    packed: list[tuple[int, int, list[Any]]] = []  # (task, place in the index, record)
    total = sum(run.num_episodes for run in runs)
    for run_index, record in _chosen(runs, total, max_episodes):
        tools = runs[run_index].info.get("tools") or None
        spans: list[list[list[dict[str, Any]]]]
        if redaction is None:
            spans = _spans(record, tools)
        else:
            record = redaction.record(record, tools)
            spans = [[] for _ in record["turns"]]  # its calls are written as the page finds them
        task = index.add(run_index, record)
        packed.append((task, len(packed), _pack(record, texts, spans)))
    # Attempts at one task lie together, whatever their run: they share most of their texts.
    packed.sort(key=lambda entry: entry[:2])
    chunks = [packed[i : i + CHUNK_EPISODES] for i in range(0, len(packed), CHUNK_EPISODES)]
    places = np.zeros((len(packed), 2), dtype=np.int64)
    for number, chunk in enumerate(chunks):
        for slot, (_, row, _) in enumerate(chunk):
            places[row] = number, slot
    blocks, pool_starts = _write([[entry[2] for entry in chunk] for chunk in chunks], texts)
    head = index.columns()
    head["chunk"], head["slot"] = places.T.tolist()
    head["pool_starts"] = pool_starts
    head["meanings"] = meanings()
    head["names"] = {"checks": [*CHECKS], "flags": [*FLAGS], "dimensions": [*DIMENSIONS]}
    head["sql"] = {
        "keywords": sorted(KEYWORDS),
        "functions": sorted(FUNCTIONS),
        "line_starts": sorted(LINE_STARTS),
    }
    head["views"] = _views(summary)
    head["hues"] = [
        max((i for i, each in enumerate(summary.series) if each.run == run), default=0)
        for run in range(len(runs))
    ]
    head["runs"] = [
        {
            "name": name,
            "system_prompt": None if redaction else run.info.get("system_prompt"),
            # Records of logs know neither each system prompt nor who said what.
            "has_chats": run.info.get("source") != "logs",
        }
        for name, run in zip(summary.run_names, runs, strict=True)
    ]
    return Payload([_block("index", head), *blocks], len(packed), total)


def _views(summary: Summary) -> list[dict[str, Any]]:
    """What the list can be narrowed to: the series, and whole runs where those are more."""
    views = []
    for run, name in enumerate(summary.run_names):
        parts = [(i, each) for i, each in enumerate(summary.series) if each.run == run]
        if len(parts) > 1:
            whole = {"key": f"run{run}", "label": name, "run": run, "policy": None, "steps": None}
            views.append(whole)
        views += [
            {
                "key": str(i),
                "label": each.label,
                "run": run,
                "policy": each.policy if len(parts) > 1 else None,
                "steps": each.steps,
            }
            for i, each in parts
        ]
    return views


def _chosen(
    runs: Sequence[RunData], total: int, max_episodes: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(run, record) of every episode, or of as many as may be, drawn evenly."""
    rng = np.random.default_rng(0)
    for run_index, run in enumerate(runs):
        taken = np.arange(run.num_episodes)
        if total > max_episodes:
            size = run.num_episodes * max_episodes // total
            taken = np.sort(rng.choice(run.num_episodes, size, replace=False))
        for start in range(0, run.num_episodes, READ_EPISODES):
            stop = min(start + READ_EPISODES, run.num_episodes)
            here = taken[(taken >= start) & (taken < stop)]
            if not len(here):
                continue
            records = run.episodes(start, stop)
            for row in here.tolist():
                yield run_index, records[row - start]


class _Index:
    """What can be filtered by and what the list shows: one list a column."""

    def __init__(self) -> None:
        self.tasks: dict[tuple[str, str], int] = {}
        self.task_rows: list[list[Any]] = []
        self.policies, self.failures, self.wrong = _Codes(), _Codes(), _Codes()
        self.types, self.splits = _Codes(), _Codes()
        self.rows: dict[str, list[Any]] = {
            name: []
            for name in (
                "run", "episode", "policy", "step", "task", "correct", "reward", "failure", "wrong",
                "flags", "turns", "errors", "submission",
            )
        }  # fmt: skip

    def add(self, run: int, record: dict[str, Any]) -> int:
        key = (record["task_id"], record["question"])
        task = self.tasks.setdefault(key, len(self.tasks))
        if task == len(self.task_rows):
            self.task_rows.append(
                [
                    *key,
                    _short(record["truth"]),
                    self.types.of(record["question_type"]),
                    self.splits.of(record["split"]),
                    record["level"],
                    record["num_tables"],
                ]
            )
        correct = record["is_correct"]
        values = {
            "run": run,
            "episode": record["episode"],
            "policy": self.policies.of(record["policy"]),
            "step": record["policy_step"],
            "task": task,
            "correct": -1 if correct is None else int(correct),
            "reward": _number(record["reward"]),
            "failure": self.failures.of(record["failure"]),
            "wrong": self.wrong.of(record["wrong_answer"]),
            "flags": sum(1 << bit for bit, name in enumerate(FLAGS) if record["flags"].get(name)),
            "turns": record["num_turns"],
            "errors": record["num_errors"],
            "submission": _short(record["submission"]),
        }
        for name, value in values.items():
            self.rows[name].append(value)
        return task

    def columns(self) -> dict[str, Any]:
        return {
            **self.rows,
            "tasks": self.task_rows,
            "policies": self.policies.names,
            "failures": self.failures.names,
            "wrong_answers": self.wrong.names,
            "types": self.types.names,
            "splits": self.splits.names,
        }


def _spans(
    record: dict[str, Any], tools: list[dict[str, Any]] | None
) -> list[list[list[dict[str, Any]]]]:
    """For each turn, where its calls stand, as `call_spans` says it."""
    calls: list[list[dict[str, Any]]] = [[] for _ in record["turns"]]
    for call in record["calls"]:
        if 1 <= call["turn"] <= len(calls):
            calls[call["turn"] - 1].append(call)
    return [call_spans(*both, tools) for both in zip(record["turns"], calls, strict=True)]


def _pack(
    record: dict[str, Any], texts: _Texts, spans: list[list[list[dict[str, Any]]]]
) -> list[Any]:
    """A record as a list; texts as their numbers. What the index has is left out."""
    number = texts.number
    return [
        [
            record["companies"], record["env_id"], record["group"], record["seed"],
            record["started_ms"], _number(record["duration_ms"], 3), _number(record["tool_ms"], 3),
            record["status"], record["truncation_reason"], _number(record["outcome"]),
            record["answer_reason"], record["failures"], _number(record["process"]),
            record["num_calls"], record["num_prompt_tokens"], record["num_completion_tokens"],
            record["task_index"],
        ],
        [_number(record["dimensions"].get(name)) for name in DIMENSIONS],
        [_number(record["checks"].get(name)) for name in CHECKS],
        [
            [c["id"], c["dim"], _number(c["weight"]), _number(c["score"]), c["applicable"],
             c["reason"]]
            for c in record["criteria"]
        ],
        [
            [c["turn"], c["tool"], c["status"], c["error"], c["company"], c["table"], c["rows"],
             _number(c["tool_ms"], 3)]
            for c in record["calls"]
        ],
        [number(record["prompt"]), number(record["truth"]), number(record["submission"])],
        [
            [
                number(turn["action"]), number(turn["tool_calls"]), turn["length_limited"],
                turn["num_tokens"], _number(turn["reward"]),
                [[m["id"], m["name"], number(m["content"])] for m in turn["messages"]],
                *found,
            ]
            for turn, found in zip(record["turns"], spans, strict=True)
        ],
    ]  # fmt: skip


def _text_numbers(record: list[Any]) -> Iterator[tuple[list[Any], int]]:
    """Where texts stand in a packed record: (list, position)."""
    for position, value in enumerate(record[5]):
        if value is not None:
            yield record[5], position
    for turn in record[6]:
        yield turn, 0
        yield turn, 1
        for message in turn[5]:
            yield message, 2


def _write(chunks: list[list[list[Any]]], texts: _Texts) -> tuple[list[Block], list[int]]:
    """Blocks of the pool and the chunks, and the first text of each block of the pool.

    A text of the chunk is written as its place there, one of the pool as -1 - place.
    """
    seen = np.full(len(texts.numbers), -1, dtype=np.int64)
    shared = np.zeros(len(texts.numbers), dtype=bool)
    for number, chunk in enumerate(chunks):
        for record in chunk:
            for holder, position in _text_numbers(record):
                text = holder[position]
                shared[text] |= seen[text] not in (-1, number)
                seen[text] = number
    all_texts = list(texts.numbers)
    pool: dict[int, int] = {}
    blocks = []
    for number, chunk in enumerate(chunks):
        own: dict[int, int] = {}
        for record in chunk:
            for holder, position in _text_numbers(record):
                text = holder[position]
                if shared[text]:
                    holder[position] = -1 - pool.setdefault(text, len(pool))
                else:
                    holder[position] = own.setdefault(text, len(own))
        content = {"texts": [all_texts[text] for text in own], "episodes": chunk}
        blocks.append(_block(f"chunk-{number}", content))
    starts, held, size = [0], list[str](), 0
    pool_blocks: list[Block] = []
    for place, text in enumerate(pool):
        held.append(all_texts[text])
        size += len(held[-1])
        if size >= POOL_CHARS:
            pool_blocks.append(_block(f"pool-{len(pool_blocks)}", held))
            starts.append(place + 1)
            held, size = [], 0
    if held:
        pool_blocks.append(_block(f"pool-{len(pool_blocks)}", held))
    return [*pool_blocks, *blocks], starts


def _block(name: str, content: Any) -> Block:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Lone surrogates have no UTF-8 form.
    raw = text.encode("utf-8", "replace")
    packed = gzip.compress(raw, compresslevel=9, mtime=0)
    return Block(name, base64.b64encode(packed).decode("ascii"))


def _number(value: float | None, decimals: int = 4) -> float | int | None:
    if value is None or not np.isfinite(value):
        return None
    rounded = round(float(value), decimals)
    return int(rounded) if rounded == int(rounded) else rounded


def _short(text: str | None) -> str | None:
    if text is None or len(text) <= SHORT:
        return text
    return text[: SHORT - 1] + "…"
