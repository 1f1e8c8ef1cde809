"""Runs for the tests of reports: episodes written by hand, and episodes of scripted policies."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from finqa_gym import VectorEnv
from finqa_gym.analysis import CHECKS, DIMENSIONS, FLAGS
from finqa_gym.data import Corpus
from finqa_gym.policies import PolicyName, ScriptedPolicy, run_episodes
from finqa_gym.trajectories import Recording, Run, open_run, write_run

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
)

FOREIGN_TOOLS: list[list[dict[str, Any]]] = [
    [{"name": "sql", "input_schema": {"type": "object"}}],
    [{"type": "web_search"}],
    [{"type": "function", "function": {"name": "db.run_sql", "parameters": {"type": "object"}}}],
    [{"type": "function", "function": {"name": "get table", "parameters": {"type": "object"}}}],
]
"""Tools as logs of other agents list them."""


def episode(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A right episode of two turns, changed as told; ``checks`` and ``flags`` are merged in."""
    checks = dict.fromkeys(CHECKS, None) | changes.pop("checks", {})
    flags = dict.fromkeys(FLAGS, False) | {"submitted": True} | changes.pop("flags", {})
    query = 'SELECT "2024" FROM "debt" WHERE "item" = \'Senior notes\''
    record: dict[str, Any] = {
        "episode": number,
        "policy": "base",
        "policy_step": None,
        "task_id": f"task-{number}",
        "task_index": number,
        "split": "val",
        "question_type": "Lookup",
        "level": 1,
        "num_tables": 1,
        "companies": ["acme"],
        "question": f"What were senior notes in case {number}?",
        "truth": "4,711",
        "env_id": 0,
        "group": 0,
        "seed": 7,
        "started_ms": 1_700_000_000_000,
        "duration_ms": 12.5,
        "tool_ms": 0.25,
        "status": "terminated",
        "truncation_reason": "",
        "submission": "4,711",
        "is_correct": True,
        "outcome": 1.0,
        "reward": 1.0,
        "answer_reason": "equal",
        "wrong_answer": "none",
        "failure": "",
        "failures": [],
        "process": None,
        "num_turns": 2,
        "num_calls": 2,
        "num_errors": 0,
        "num_prompt_tokens": 900,
        "num_completion_tokens": 60,
        "dimensions": dict.fromkeys(DIMENSIONS, None),
        "checks": checks,
        "flags": flags,
        "criteria": [
            {"id": "answer", "dim": "primary", "weight": 1.0, "score": 1.0, "applicable": True,
             "reason": "equal"},
        ],
        "calls": [
            call(1, "sql_query", company="acme", table="debt", rows=1, tool_ms=0.25),
            call(2, "submit_answer"),
        ],
        "prompt": f"For company `acme`: What were senior notes in case {number}?",
        "turns": [
            turn(tagged("sql_query", company_name="acme", table_name="debt", query=query),
                 '[{"2024":"4,711"}]', "sql_query"),
            turn(tagged("submit_answer", answer="4,711"), "Answer submitted: 4,711",
                 "submit_answer"),
        ],
    }  # fmt: skip
    return record | changes


def call(number: int, tool: str, error: str | None = None, **facts: Any) -> dict[str, Any]:
    """A call of turn ``number``."""
    known = {"company": None, "table": None, "rows": None, "tool_ms": None}
    return {"turn": number, "tool": tool, "status": "ok", "error": error, **known, **facts}


def turn(action: str, reply: str, tool: str) -> dict[str, Any]:
    """A message with one call and what came back."""
    return {
        "action": action,
        "tool_calls": "",
        "length_limited": False,
        "num_tokens": 30,
        "reward": 0.0,
        "messages": [{"id": "c0", "name": tool, "content": reply}],
    }


def tagged(name: str, **arguments: str) -> str:
    """A tool call as models of the Hermes family write it."""
    import json

    made = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return f"<tool_call>\n{made}\n</tool_call>"


def wrong(number: int, failure: str, **changes: Any) -> dict[str, Any]:
    """An episode that failed."""
    given = {
        "is_correct": False,
        "outcome": 0.0,
        "reward": 0.0,
        "submission": "12",
        "answer_reason": "off_value",
        "wrong_answer": "other",
        "failure": failure,
        "failures": [failure],
    }
    return episode(number, **(given | changes))


def run_of(folder: Path, records: Iterable[dict[str, Any]], **info: Any) -> Run:
    """A run on disk."""
    return write_run(folder, {"run": folder.name, "source": "engine", **info}, records)


def played(
    folder: Path,
    corpus: Corpus,
    policies: Sequence[PolicyName],
    *,
    num_envs: int,
) -> Run:
    """A run that scripted policies played: one round each, a training if they are several."""
    record = Recording(folder, policy=policies[0])
    steps = range(len(policies)) if len(set(policies)) > 1 else [None] * len(policies)
    with VectorEnv(corpus, num_envs, shuffle=False, record=record) as env:
        for seed, (name, step) in enumerate(zip(policies, steps, strict=True)):
            env.policy, env.policy_step = "trained" if step is not None else name, step
            run_episodes(env, ScriptedPolicy(name, env, seed=seed))
    return open_run(folder)


def reasoned(folder: Path, corpus: Corpus) -> Run:
    """An episode whose model calls a tool inside of its reasoning, with and without a real call."""
    inside = tagged("calculator", expression="1+1")
    actions = [
        f"<think>Perhaps {inside}</think>\n{tagged('calculator', expression='2*2')}",
        f"<think>Again {inside}</think>",
        tagged("submit_answer", answer="7"),
    ]
    with VectorEnv(corpus, 1, record=Recording(folder, policy="thinker")) as env:
        env.reset()
        for action in actions:
            env.step([action])
    return open_run(folder)


def varied(records: Sequence[dict[str, Any]], total: int, words: int) -> Iterable[dict[str, Any]]:
    """``total`` episodes made of ``records``, each turn with reasoning that no other one has."""
    rng = random.Random(0)
    vocabulary = sorted(
        {word for record in records for text in (record["question"], record["prompt"])
         for word in text.split()} | {f"{rng.randrange(10**6):,}" for _ in range(2_000)}
    )  # fmt: skip
    for number in range(total):
        record = records[number % len(records)]
        turns = [
            {**made, "action": f"{' '.join(rng.choices(vocabulary, k=words))}\n{made['action']}"}
            for made in record["turns"]
        ]
        yield {**record, "episode": number, "turns": turns}
