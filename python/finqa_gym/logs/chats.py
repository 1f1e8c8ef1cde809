"""Conversations in the forms in which logs hold them, as one form."""

from __future__ import annotations

from typing import Any, NamedTuple

from finqa_gym.logs.messages import Message, NoChatError, parsed, read_messages

__all__ = ["Chat", "find_chat", "samples_of"]

CHATS = (
    "messages", "conversations", "conversation", "chat_completions", "trajectory", "trace", "chat",
    "history", "dialog", "transcript", "input",
)  # fmt: skip
"""Members of a record that may hold its conversation, the first that does counts."""


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
        held = parsed(record.get(key))
        if not isinstance(held, list) or not held or single in record:
            continue
        rest = {name: value for name, value in record.items() if name != key}
        samples: list[dict[str, Any] | list[Any]] = []
        for at, item in enumerate(held):
            own = dict(rest)
            for name in ("rewards", "reward", "scores"):
                told = parsed(record.get(name))
                if isinstance(told, list) and len(told) == len(held):
                    own["reward"] = told[at]
            if single == "trajectory" and isinstance(item, dict):
                own.update(item)
            else:
                own[single] = item
            samples.append(own)
        return samples
    return [record]


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
    messages = read_messages(items)
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
        held = parsed(record.get(key))
        if isinstance(held, dict):
            inner = next((parsed(held.get(k)) for k in CHATS if k in held), None)
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


def _completion(record: dict[str, Any]) -> list[Any] | None:
    prompt, completion = parsed(record.get("prompt")), parsed(record.get("completion"))
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
    tools = parsed(tools)
    if not isinstance(tools, list):
        return None
    names = []
    for tool in tools:
        named = (tool.get("function") or tool) if isinstance(tool, dict) else tool
        names.append(named.get("name") if isinstance(named, dict) else named)
    found = frozenset(name for name in names if isinstance(name, str))
    return found or None
