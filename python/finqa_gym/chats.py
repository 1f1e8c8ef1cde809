"""Recorded episodes as chats: OpenAI messages and ShareGPT conversations."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from finqa_gym import _native, arguments
from finqa_gym.data import is_evaluation_split
from finqa_gym.exceptions import DataError
from finqa_gym.tools import parse_action
from finqa_gym.trajectories import Run

__all__ = ["export_chats", "to_messages", "to_sharegpt"]

FORMATS = ("openai", "sharegpt")


def to_messages(
    episode: dict[str, Any], info: dict[str, Any], *, structured: bool = False
) -> list[dict[str, Any]]:
    """The chat of a recorded episode, as the policy saw and wrote it.

    Args:
        episode: One of `Run.episodes`.
        info: `Run.info`.
        structured: Move calls that stand in the text of a message into ``tool_calls``. A message
            with a call that cannot be read stays as it is: it has no such form.

    Returns:
        System, user, then assistant and tool messages in OpenAI's form.

    Raises:
        DataError: The run was made of logs (``info["source"] == "logs"``): it keeps what the
            policy did, not the system prompt and the roles of each conversation.
    """
    _refuse_logs(info)
    env = info.get("env", {})
    messages: list[dict[str, Any]] = []
    if info.get("system_prompt"):
        messages.append({"role": "system", "content": info["system_prompt"]})
    messages.append({"role": "user", "content": episode["prompt"]})
    for turn in episode["turns"]:
        message: dict[str, Any] = {"role": "assistant", "content": turn["action"]}
        if turn["tool_calls"]:
            message["tool_calls"] = json.loads(turn["tool_calls"])
        elif structured:
            message |= _structured(turn, info.get("tools"), env)
        messages.append(message)
        messages += [
            {"role": "tool", "tool_call_id": m["id"], "name": m["name"], "content": m["content"]}
            for m in turn["messages"]
        ]
    return messages


def _structured(
    turn: dict[str, Any],
    tools: list[dict[str, Any]] | None,
    env: dict[str, Any],
) -> dict[str, Any]:
    parsed = parse_action(
        turn["action"],
        tools,
        format=env.get("action_format", "auto"),
        level=env.get("parse_level", "strict"),
        length_limited=turn["length_limited"],
    )
    calls = [a for a in parsed.attempts if a.status != "in_reasoning"]
    readable = all(call.name and call.status in ("ok", "repaired") for call in calls)
    if not calls or not readable or len(calls) != len(turn["messages"]):
        return {}
    reasoning, closed, _ = turn["action"].partition("</think>")
    content = f"{reasoning}{closed}\n{parsed.text}".strip() if closed else parsed.text
    return {
        "content": content,
        "tool_calls": [
            {
                "id": message["id"],
                "type": "function",
                "function": {"name": call.name, "arguments": _compact(call.arguments)},
            }
            for call, message in zip(calls, turn["messages"], strict=True)
        ],
    }


def _compact(arguments: Any) -> str:
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))


def to_sharegpt(episode: dict[str, Any], info: dict[str, Any]) -> list[dict[str, str]]:
    """The chat of a recorded episode as ShareGPT conversation.

    Turns are "system", "human", "gpt" and "observation". Calls stand in the text, structured ones
    as ``<tool_call>{…}</tool_call>``; the results of one message are one observation.

    Raises:
        DataError: As for `to_messages`.
    """
    _refuse_logs(info)
    turns = []
    if info.get("system_prompt"):
        turns.append({"from": "system", "value": info["system_prompt"]})
    turns.append({"from": "human", "value": episode["prompt"]})
    for turn in episode["turns"]:
        text = turn["action"]
        for call in json.loads(turn["tool_calls"]) if turn["tool_calls"] else []:
            written = json.dumps(_plain_call(call), ensure_ascii=False)
            text += f"\n<tool_call>\n{written}\n</tool_call>"
        turns.append({"from": "gpt", "value": text.lstrip("\n")})
        if turn["messages"]:
            results = "\n".join(message["content"] for message in turn["messages"])
            turns.append({"from": "observation", "value": results})
    return turns


def _refuse_logs(info: dict[str, Any]) -> None:
    """A record of a log has no place for its system prompt, nor for what a user said later."""
    if info.get("source") == "logs":
        files = ", ".join(info.get("logs", {}).get("files", [])) or "the log"
        msg = (
            f"run {info.get('run')!r} was made of logs and keeps neither the system prompt of each "
            f"conversation nor who said what, so its chats would be other ones; use {files} instead"
        )
        raise DataError(msg)


def _plain_call(call: Any) -> Any:
    """Name and arguments of a structured call; one of another form stays as it is."""
    if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
        return call
    function = call["function"]
    given = function.get("arguments")
    if isinstance(given, str):
        # What is no JSON stays the model's own text.
        with contextlib.suppress(ValueError):
            given = json.loads(given)
    return {"name": function.get("name"), "arguments": given}


def export_chats(
    run: Run,
    path: str | os.PathLike[str],
    format: Literal["openai", "sharegpt"] = "openai",
    *,
    structured: bool = False,
    min_reward: float | None = None,
    policy: str | None = None,
    overwrite: bool = False,
    allow_eval_split: bool = False,
) -> int:
    """Writes the chats of a run to a file for training: JSON lines, or Parquet by its ending.

    Records hold ``messages`` (openai; the columns are those of `demonstrations`) or
    ``conversations`` (sharegpt), besides ``tools``, ``task_id``, ``split``, ``policy``, ``reward``
    and ``submission``. The file appears as a whole or not at all.

    Args:
        run: The run.
        path: The file: ``.jsonl`` or ``.parquet``.
        format: "openai" or "sharegpt".
        structured: As for `to_messages`; only openai.
        min_reward: Leave out episodes with a smaller reward, or none.
        policy: Only episodes of this policy.
        overwrite: Replace a file that is there.
        allow_eval_split: Episodes of evaluation splits (`is_evaluation_split`) are refused unless
            this is set: a chat is training data.

    Returns:
        Records written.

    Raises:
        DataError: The file is there, an episode is of a split for evaluation, or the run was made
            of logs.
        ValueError: An unknown format or ending.
    """
    if format not in FORMATS:
        msg = f'format {format!r} is unknown; it must be "openai" or "sharegpt"'
        raise ValueError(msg)
    if structured and format != "openai":
        msg = "structured calls have a place in format openai alone"
        raise ValueError(msg)
    _refuse_logs(run.info)
    if not allow_eval_split:
        _refuse_evaluation(run)
    ending = Path(path).suffix.removeprefix(".")
    chosen = _chosen(run, min_reward, policy)
    make = _sharegpt_record if format == "sharegpt" else _openai_record
    lines = (json.dumps(make(run, episode, structured)) for episode in chosen)
    return _native.write_chats(os.fspath(path), format, ending, overwrite, lines)


def _refuse_evaluation(run: Run) -> None:
    for split in sorted(set(run.columns(["split"])["split"])):
        if is_evaluation_split(split):
            msg = (
                f"run {run.name!r} holds episodes of split {split!r}, which is for evaluation, and "
                "exported chats are training data; allow_eval_split=True (--allow-eval-split) "
                "allows it"
            )
            raise DataError(msg)


def _chosen(run: Run, min_reward: float | None, policy: str | None) -> Iterator[dict[str, Any]]:
    if min_reward is not None:
        min_reward = arguments.number("min_reward", min_reward)
    for episode in run:
        reward = episode["reward"]
        if min_reward is not None and (reward is None or reward < min_reward):
            continue
        if policy is None or episode["policy"] == policy:
            yield episode


def _openai_record(run: Run, episode: dict[str, Any], structured: bool) -> dict[str, Any]:
    info = run.info
    return {
        "messages": to_messages(episode, info, structured=structured),
        "task_id": episode["task_id"],
        "split": episode["split"],
        "policy": episode["policy"],
        "seed": episode["seed"] or 0,
        "tool_profile": info.get("env", {}).get("tool_profile", "rllm"),
        "format": "structured" if structured else "text",
        "tools": info.get("tools") or [],
        "submission": episode["submission"],
        "reward": episode["reward"] or 0.0,
        "verdict": episode["answer_reason"] or episode["truncation_reason"],
        "num_turns": episode["num_turns"],
        "num_calls": episode["num_calls"],
        "num_errors": episode["num_errors"],
    }


def _sharegpt_record(run: Run, episode: dict[str, Any], _: bool) -> dict[str, Any]:
    return {
        "conversations": to_sharegpt(episode, run.info),
        "tools": json.dumps(run.info.get("tools") or [], ensure_ascii=False),
        "task_id": episode["task_id"],
        "split": episode["split"],
        "policy": episode["policy"],
        "submission": episode["submission"],
        "reward": episode["reward"],
    }
