"""Messages in the forms of OpenAI, ShareGPT and Anthropic, as one form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from finqa_gym.logs.json_text import read_json

__all__ = ["UNUSABLE", "Call", "Message", "NoChatError", "parsed", "read_messages"]

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "ai": "assistant",
    "chatgpt": "assistant",
    "function_call": "assistant",
    "tool_call": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "tool_response": "tool",
    "function_response": "tool",
    "ipython": "tool",
}

_SHAREGPT_CALLS = frozenset({"function_call", "tool_call"})


@dataclass
class Call:
    """A call in the structure of a message.

    Attributes:
        id: Given by the server; empty if there is none.
        name: Tool.
        arguments: By name; None if they cannot be read.
        raw: The arguments as written.
    """

    id: str
    name: str
    arguments: dict[str, Any] | None
    raw: str


@dataclass
class Message:
    """A message of any role.

    Attributes:
        role: system, user, assistant or tool.
        text: What it says.
        calls: Of an assistant.
        call_id: Of a tool: the call that it answers.
        name: Of a tool.
        is_error: Of a tool, if the log says so.
    """

    role: str
    text: str = ""
    calls: list[Call] = field(default_factory=list)
    call_id: str = ""
    name: str = ""
    is_error: bool | None = None


class NoChatError(ValueError):
    """A record holds no conversation; the text says what was looked for."""


UNUSABLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)
"""What a record raises that holds something else than logs do; it is told and passed over."""


def parsed(value: Any) -> Any:
    """Lists and objects that a table of texts holds as JSON."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return read_json(value)
        except (ValueError, RecursionError):
            return value
    return value


def read_messages(items: Iterable[Any]) -> list[Message]:
    """Messages of every known form, as one form.

    Raises:
        NoChatError: One cannot be read; the text says which and why.
    """
    messages: list[Message] = []
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise NoChatError(
                f"message {number} is a {type(item).__name__}; an object with a role is needed"
            )
        messages.extend(_message(number, item))
    return _merge(messages)


def _message(number: int, item: dict[str, Any]) -> list[Message]:
    kind = item.get("type")
    if kind == "function_call":
        raw = item.get("arguments")
        return [Message("assistant", calls=[_call(item.get("call_id"), item.get("name"), raw)])]
    if kind == "function_call_output":
        text, _, _ = _content(item.get("output"))
        return [Message("tool", text, call_id=str(item.get("call_id") or ""))]
    if kind == "reasoning":
        return []
    role = item.get("role", item.get("from"))
    known = ROLES.get(role.lower()) if isinstance(role, str) else None
    if known is None:
        raise NoChatError(
            f"message {number} has the role {role!r}; it must be one of {', '.join(ROLES)}"
        )
    body = next((item[key] for key in ("content", "value", "text") if item.get(key)), None)
    text, calls, results = _content(body)
    if known == "tool":
        flag = _flag(item.get("is_error"))
        if flag is None and isinstance(item.get("status"), str):
            flag = item["status"] == "error"
        call_id = item.get("tool_call_id") or item.get("call_id") or item.get("id") or ""
        name = item.get("name")
        return [
            Message("tool", text, [], str(call_id), name if isinstance(name, str) else "", flag)
        ]
    if known != "assistant":
        # Anthropic's results come in a message of the user.
        return [*results, *([Message(known, text)] if text or not results else [])]
    given = parsed(item.get("tool_calls"))
    for call in given if isinstance(given, list) else [given] if given else []:
        if isinstance(call, dict):
            function = call.get("function") or call
            function = function if isinstance(function, dict) else {"name": function}
            arguments = function.get("arguments", function.get("args", function.get("input")))
            calls.append(_call(call.get("id"), function.get("name"), arguments))
        else:
            calls.append(Call("", "", None, json.dumps(call)))
    legacy = parsed(item.get("function_call"))
    if isinstance(legacy, dict):
        calls.append(_call("", legacy.get("name"), legacy.get("arguments")))
    if isinstance(role, str) and role.lower() in _SHAREGPT_CALLS:
        value = parsed(text)
        listed = value if isinstance(value, list) else [value]
        calls.extend(_sharegpt(call) for call in listed)
        text = ""
    return [Message("assistant", text, calls)]


def _sharegpt(value: Any) -> Call:
    if isinstance(value, dict):
        return _call(value.get("id"), value.get("name"), value.get("arguments"))
    return Call("", "", None, str(value))


def _call(id: Any, name: Any, arguments: Any) -> Call:
    raw = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    read: Any = arguments
    if isinstance(arguments, str):
        try:
            read = read_json(arguments) if arguments.strip() else {}
        except (ValueError, RecursionError):
            read = None
    if arguments is None:
        read = {}
    if not _is_json(read):
        read = None
    # Parquet fills the members that other calls have with null.
    named = (
        {key: value for key, value in read.items() if value is not None}
        if isinstance(read, dict)
        else None
    )
    # Some agents name a tool with its namespace.
    plain = re.sub(r"^functions\.", "", name) if isinstance(name, str) else ""
    return Call(str(id or ""), plain, named, raw)


def _is_json(value: Any) -> bool:
    """Whether JSON can hold it: Python reads NaN, too, which no tool can be called with."""
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return False
    return True


def _flag(value: Any) -> bool | None:
    """A truth value as logs write it; None if it is none."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, (bool, int)) else None


def _content(body: Any) -> tuple[str, list[Call], list[Message]]:
    """Text, calls and results of a content: a text, or parts as OpenAI and Anthropic write them."""
    if body is None:
        return "", [], []
    if isinstance(body, str):
        return body, [], []
    if not isinstance(body, list):
        return json.dumps(body, ensure_ascii=False), [], []
    texts, calls, results = [], [], []
    for part in body:
        if isinstance(part, str):
            texts.append(part)
        elif not isinstance(part, dict):
            texts.append(json.dumps(part))
        elif part.get("type") == "tool_use":
            calls.append(_call(part.get("id"), part.get("name"), part.get("input")))
        elif part.get("type") == "tool_result":
            text, _, _ = _content(part.get("content"))
            call_id = str(part.get("tool_use_id") or "")
            results.append(Message("tool", text, [], call_id, "", _flag(part.get("is_error"))))
        elif isinstance(part.get("text"), str) and part.get("type") not in (
            "thinking",
            "reasoning",
        ):
            texts.append(part["text"])
    return "\n".join(texts), calls, results


def _merge(messages: list[Message]) -> list[Message]:
    """Puts calls that were logged as messages of their own to the message before them."""
    merged: list[Message] = []
    for message in messages:
        last = merged[-1] if merged else None
        if (
            last is not None
            and last.role == message.role == "assistant"
            and message.calls
            and not message.text
        ):
            last.calls.extend(message.calls)
        else:
            merged.append(message)
    return merged
