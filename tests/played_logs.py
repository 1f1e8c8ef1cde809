"""Plays episodes in the engine and writes them down as logs of somebody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from finqa_gym import Corpus, ScriptedPolicy, VectorEnv
from finqa_gym.tools import parse_action

RENAMES = {
    "get_table_names": "catalog",
    "get_table_info": "peek",
    "sql_query": "ask_db",
    "calculator": "abacus",
    "submit_answer": "hand_in",
}
ARGUMENTS = {
    "company_name": "firm",
    "table_name": "sheet",
    "query": "statement",
    "expression": "sum",
    "answer": "conclusion",
}
MAP = {
    "tools": {
        "list_tables": "catalog",
        "table_info": ["peek"],
        "sql_query": "ask_db",
        "calculator": "abacus",
        "submit_answer": "hand_in",
    },
    "arguments": {
        "company": "firm",
        "table": "sheet",
        "sql": "statement",
        "expression": "sum",
        "answer": "conclusion",
    },
}

Played = tuple[list[dict[str, Any]], dict[str, Any]]
"""The chat of an episode, and what the engine says of it."""


def structured(text: str, tools: list[dict[str, Any]], turn: int) -> dict[str, Any]:
    """A message with its calls taken out, as a server with a tool parser returns it."""
    parsed = parse_action(text, tools)
    calls = [
        {
            "id": f"c{turn}-{i}",
            "type": "function",
            "function": {"name": a.name, "arguments": json.dumps(a.arguments)},
        }
        for i, a in enumerate(parsed.attempts)
        if a.arguments is not None
    ]
    if len(calls) < len(parsed.attempts) or not calls:
        return {"role": "assistant", "content": text}
    return {"role": "assistant", "content": parsed.text, "tool_calls": calls}


def play(
    corpus: Corpus,
    policy: str,
    *,
    num_envs: int = 24,
    in_structure: bool = False,
    **options: Any,
) -> list[Played]:
    """Episodes of a scripted policy."""
    env = VectorEnv(corpus, num_envs, split="train", shuffle=False, seed=0, **options)
    with env:
        script = ScriptedPolicy(policy, env, seed=3)  # type: ignore[arg-type]
        observations, infos = env.reset()
        script.reset(infos["env_id"], infos["task_index"])
        live, turn = infos["env_id"], 0
        while len(live):
            actions: list[Any] = script.act(live, observations)
            if in_structure:
                actions = [structured(text, env.tools, turn) for text in actions]
            batch = env.step(actions, env_ids=live)
            live, observations = batch.running()
            turn += 1
        return [_seen(env, slot) for slot in range(num_envs)]


def play_texts(
    corpus: Corpus,
    texts: Callable[[dict[str, Any], list[dict[str, Any]]], list[Any]],
    **options: Any,
) -> Played:
    """One episode of given messages, which may depend on the task and the tables of its company."""
    with VectorEnv(corpus, 1, split="train", shuffle=False, seed=0, **options) as env:
        _, infos = env.reset()
        task = corpus.task(int(infos["task_index"][0]))
        for text in texts(task, corpus.tables(task["companies"][0])):
            batch = env.step([text])
            if batch.terminated[0] or batch.truncated[0]:
                break
        return _seen(env, 0)


def _seen(env: VectorEnv, slot: int) -> Played:
    episode = env.episode(slot)
    assert episode is not None
    return env.messages(slot), episode


def rename_arguments(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same chat of an agent whose arguments have other names."""
    renamed: list[dict[str, Any]] = json.loads(json.dumps(messages))
    for message in renamed:
        for call in message.get("tool_calls", []):
            function = call["function"]
            arguments = json.loads(function["arguments"])
            named = {ARGUMENTS.get(key, key): value for key, value in arguments.items()}
            function["arguments"] = json.dumps(named)
    return renamed
