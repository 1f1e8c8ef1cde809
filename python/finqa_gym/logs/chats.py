"""Conversations in the forms in which logs hold them, as one form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Call", "Chat", "Message", "NoChatError", "find_chat", "samples_of"]

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
CHATS = (
    "messages", "conversations", "conversation", "chat_completions", "trajectory", "trace", "chat",
    "history", "dialog", "transcript", "input",
)  # fmt: skip
"""Members of a record that may hold its conversation, the first that does counts."""

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


class Chat(NamedTuple):
    """A conversation.

    Attributes:
        messages: In their order.
        form: What it was recognised as, for people.
        tools: Names of the tools that the agent had; None if the record does not say.
    """

    messages: list[Message]
    form: str
    tools: frozenset[str] | None


def samples_of(record: dict[str, Any] | list[Any]) -> list[dict[str, Any] | list[Any]]:
    """The record of each conversation, where one record holds several of the same task.

    These are ``completions`` of one prompt and ``trajectories`` of one task. What the record says
    else holds for each; a list of as many rewards gives each its own.

    Example:
        >>> record = {"prompt": "2 + 2?", "completions": ["4", "5"], "rewards": [1.0, 0.0]}
        >>> [(sample["completion"], sample["reward"]) for sample in samples_of(record)]
        [('4', 1.0), ('5', 0.0)]
    """
    if not isinstance(record, dict):
        return [record]
    for key, single in (("completions", "completion"), ("trajectories", "trajectory")):
        held = _parsed(record.get(key))
        if not isinstance(held, list) or not held or single in record:
            continue
        rest = {name: value for name, value in record.items() if name != key}
        samples: list[dict[str, Any] | list[Any]] = []
        for at, item in enumerate(held):
            own = dict(rest)
            for name in ("rewards", "reward", "scores"):
                told = _parsed(record.get(name))
                if isinstance(told, list) and len(told) == len(held):
                    own["reward"] = told[at]
            if single == "trajectory" and isinstance(item, dict):
                own.update(item)
            else:
                own[single] = item
            samples.append(own)
        return samples
    return [record]


class NoChatError(ValueError):
    """A record holds no conversation; the text says what was looked for."""


def find_chat(record: dict[str, Any] | list[Any]) -> Chat:
    """The conversation of a record.

    Raises:
        NoChatError: There is none, or it cannot be read; the text says what was seen.
    """
    tools = None
    if isinstance(record, list):
        items, form = record, "a bare list of messages"
    else:
        items, form = _items(record)
        tools = _tool_names(record.get("tools") or record.get("functions"))
    messages = _merge(_read(items))
    if not any(message.role == "assistant" for message in messages):
        raise NoChatError("no message of an assistant in it, so no policy acted")
    if any("value" in item for item in items if isinstance(item, dict)):
        form = f"{form} (ShareGPT)"
    return Chat(messages, form, tools)


def _items(record: dict[str, Any]) -> tuple[list[Any], str]:
    if "completion" in record:
        found = _completion(record)
        if found is not None:
            return found, "prompt and completion"
    request, response = record.get("request"), record.get("response")
    if isinstance(request, dict) and isinstance(request.get("messages"), list):
        return [*request["messages"], *_choices(response)], "request and response"
    for key in CHATS:
        held = _parsed(record.get(key))
        if isinstance(held, dict):
            inner = next((_parsed(held.get(k)) for k in CHATS if k in held), None)
            held = inner if isinstance(inner, list) else None
        if isinstance(held, list) and held and all(isinstance(m, dict) for m in held):
            made = record.get("output") if key == "input" else None
            return [*held, *(made if isinstance(made, list) else _choices(record))], key
    steps = record.get("steps")
    if isinstance(steps, list) and steps and isinstance(steps[-1], dict):
        # Each step of rLLM holds the conversation up to then.
        held = steps[-1].get("chat_completions") or steps[-1].get("messages")
        if isinstance(held, list):
            return held, "steps"
    known = ", ".join((*CHATS[:4], "prompt with completion"))
    seen = ", ".join(list(record)[:8]) or "nothing"
    raise NoChatError(f"no conversation in it; it has {seen}, and one of {known} is needed")


def _parsed(value: Any) -> Any:
    """Lists and objects that a table of texts holds as JSON."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _completion(record: dict[str, Any]) -> list[Any] | None:
    prompt, completion = _parsed(record.get("prompt")), _parsed(record.get("completion"))
    if isinstance(completion, str):
        completion = _rendered(completion, "assistant")
    if isinstance(completion, dict):
        completion = [completion]
    if not isinstance(completion, list):
        return None
    if isinstance(prompt, str):
        prompt = _rendered(prompt, "user")
    return [*(prompt if isinstance(prompt, list) else []), *completion]


def _rendered(text: str, role: str) -> list[dict[str, Any]]:
    """The messages of a text that a chat template has made (ChatML), or one message of ``role``.

    A completion begins inside of the assistant's message, and a prompt ends there.
    """
    if "<|im_start|>" not in text:
        return [{"role": role, "content": text.removesuffix("<|im_end|>")}]
    first, *rest = text.split("<|im_start|>")
    messages = [{"role": role, "content": first.split("<|im_end|>")[0]}] if first.strip() else []
    for part in rest:
        who, _, said = part.partition("\n")
        said = said.split("<|im_end|>")[0]
        if said.strip():
            messages.append({"role": who.strip(), "content": said.strip()})
    return messages


def _choices(response: Any) -> list[Any]:
    if isinstance(response, dict):
        choices = response.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            message = choices[0].get("message")
            return [message] if isinstance(message, dict) else []
    return []


def _tool_names(tools: Any) -> frozenset[str] | None:
    tools = _parsed(tools)
    if not isinstance(tools, list):
        return None
    names = [(tool.get("function") or tool).get("name") for tool in tools if isinstance(tool, dict)]
    found = frozenset(name for name in names if isinstance(name, str))
    return found or None


def _read(items: Iterable[Any]) -> list[Message]:
    messages: list[Message] = []
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise NoChatError(
                f"message {number} is a {type(item).__name__}; an object with a role is needed"
            )
        messages.extend(_message(number, item))
    return messages


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
        flag = item.get("is_error")
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
    given = _parsed(item.get("tool_calls"))
    for call in given if isinstance(given, list) else [given] if given else []:
        if isinstance(call, dict):
            function = call.get("function") or call
            function = function if isinstance(function, dict) else {"name": function}
            arguments = function.get("arguments", function.get("args", function.get("input")))
            calls.append(_call(call.get("id"), function.get("name"), arguments))
        else:
            calls.append(Call("", "", None, json.dumps(call)))
    legacy = _parsed(item.get("function_call"))
    if isinstance(legacy, dict):
        calls.append(_call("", legacy.get("name"), legacy.get("arguments")))
    if isinstance(role, str) and role.lower() in _SHAREGPT_CALLS:
        value = _parsed(text)
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
            read = json.loads(arguments) if arguments.strip() else {}
        except (ValueError, RecursionError):
            read = None
    if arguments is None:
        read = {}
    # Parquet fills the members that other calls have with null.
    named = (
        {key: value for key, value in read.items() if value is not None}
        if isinstance(read, dict)
        else None
    )
    # Some agents name a tool with its namespace.
    plain = re.sub(r"^functions\.", "", name) if isinstance(name, str) else ""
    return Call(str(id or ""), plain, named, raw)


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
            results.append(Message("tool", text, [], call_id, "", part.get("is_error")))
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
