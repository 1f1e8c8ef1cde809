"""The calls in a recorded message, whoever wrote the message and whatever its tools look like."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finqa_gym.tools import Attempt, parse_action

__all__ = ["StructuredCall", "call_spans", "is_answered", "read_calls", "structured_calls"]

TAGGED = re.compile(r"<tool_call>\s*\{")
CALL_LIKE = re.compile(r"[<{(\[]")


@dataclass(frozen=True)
class StructuredCall:
    """A call that stood beside the text of its message.

    Attributes:
        name: Name of the tool; None if the call has none.
        arguments: None if they are no JSON object.
        raw: The arguments as they were written.
    """

    name: str | None
    arguments: dict[str, Any] | None
    raw: str


def read_calls(action: str, tools: list[dict[str, Any]] | None) -> list[Attempt]:
    """The calls in a text.

    Args:
        action: The message.
        tools: Tools of its run in OpenAI form; None are those of profile "rllm", which also stand
            in for tools in any other form: a log keeps them as its writer had them, and one odd
            tool must not hide all episodes.

    Example:
        >>> message = '<tool_call>{"name": "calculator", "arguments": {"expression": "1+1"}}'
        >>> [call.name for call in read_calls(message + "</tool_call>", [{"type": "web_search"}])]
        ['calculator']
    """
    try:
        return parse_action(action, tools).attempts
    except ValueError:
        return parse_action(action).attempts


def structured_calls(tool_calls: str) -> list[StructuredCall]:
    """The calls of ``turn["tool_calls"]``, which is a list of calls in OpenAI form as JSON.

    Example:
        >>> structured_calls('[{"function": {"name": "look", "arguments": "{}"}}]')
        [StructuredCall(name='look', arguments={}, raw='{}')]
    """
    found = _parsed(tool_calls)
    made = []
    for call in found if isinstance(found, list) else []:
        outer = call if isinstance(call, dict) else {}
        inner = outer.get("function")
        function = inner if isinstance(inner, dict) else outer
        name, given = function.get("name"), function.get("arguments")
        raw = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        arguments = _parsed(given) if isinstance(given, str) else given
        made.append(
            StructuredCall(
                name if isinstance(name, str) else None,
                arguments if isinstance(arguments, dict) else None,
                raw,
            )
        )
    return made


def is_answered(call: Mapping[str, Any]) -> bool:
    """Whether a tool message answers a recorded call.

    None does where the call was passed over: it stands in the model's reasoning, or it cannot be
    read and the environment ignores such calls. ``isAnswered`` of `assets/calls.js` is the same.

    Example:
        >>> is_answered({"status": "in_reasoning", "error": None})
        False
    """
    return call["status"] in ("ok", "repaired") or bool(call["error"])


def call_spans(
    turn: Mapping[str, Any], calls: list[dict[str, Any]], tools: list[dict[str, Any]] | None
) -> list[list[dict[str, Any]]]:
    """Where the calls of a message stand, unless a page finds them itself; empty if it does.

    A page finds tagged calls outside of reasoning, and structured ones.

    Args:
        turn: The turn.
        calls: Its recorded calls.
        tools: As in `read_calls`.
    """
    action = turn["action"]
    if turn["tool_calls"] or not CALL_LIKE.search(action):
        return []
    if TAGGED.search(action) and all(map(is_answered, calls)):
        return []
    return [
        [
            {
                "start": _utf16(action[: attempt.span[0]]),
                "end": _utf16(action[: attempt.span[1]]),
                "name": attempt.name,
                "arguments": attempt.arguments,
            }
            for attempt in read_calls(action, tools)
        ]
    ]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None


def _utf16(text: str) -> int:
    """Length as JavaScript counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
