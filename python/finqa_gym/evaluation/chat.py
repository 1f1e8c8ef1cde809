"""The chat of an episode as an endpoint is sent it."""

from __future__ import annotations

from typing import Any, Literal

from finqa_gym.vector import Action

__all__ = ["Chat", "action_of"]


class Chat:
    """Messages from the system prompt on.

    Args:
        system_prompt: Of the environment.
        prompt: Of the task.
        text_results: Role of results that belong to no call of ``tool_calls``.

    Example:
        >>> chat = Chat("You are an analyst.", "What was revenue?", "user")
        >>> chat.add_message({"role": "assistant", "content": "hello"})
        >>> chat.add_results([{"role": "tool", "tool_call_id": "call_1_0", "content": "Error: …"}])
        >>> [message["role"] for message in chat.messages]
        ['system', 'user', 'assistant', 'user']
    """

    def __init__(
        self, system_prompt: str, prompt: str, text_results: Literal["user", "tool"]
    ) -> None:
        self.messages: list[dict[str, Any]] = [
            {"role": "system", "content": system_prompt},
            {"role": "user", "content": prompt},
        ]
        self._text_results = text_results

    @property
    def was_answered(self) -> bool:
        """Whether the model has said something."""
        return any(message["role"] == "assistant" for message in self.messages)

    def add_message(self, message: dict[str, Any]) -> None:
        """What the model said, as the server returned it."""
        self.messages.append({"role": "assistant", **message})

    def add_results(self, results: list[dict[str, Any]]) -> None:
        """What the environment answered.

        It answers each call by one message, in order, also one that cannot be read, to which it
        gives an id of its own: the server knows the call by the id that it gave itself.
        """
        calls = self.messages[-1].get("tool_calls")
        if isinstance(calls, list) and len(calls) == len(results):
            for call, result in zip(calls, results, strict=True):
                own = call.get("id") if isinstance(call, dict) else None
                known = own if isinstance(own, str) and own else result["tool_call_id"]
                self.messages.append({**_plain(result), "tool_call_id": known})
            return
        for result in results:
            if self._text_results == "tool":
                self.messages.append(_plain(result) | {"tool_call_id": result["tool_call_id"]})
            else:
                self.messages.append({"role": "user", "content": result["content"]})


def _plain(result: dict[str, Any]) -> dict[str, Any]:
    return {"role": "tool", "content": result["content"]}


def action_of(message: dict[str, Any]) -> Action:
    """The message of a server as `VectorEnv` takes it.

    Example:
        >>> action_of({"content": [{"type": "text", "text": "FINAL "}, {"text": "ANSWER: 5"}]})
        'FINAL ANSWER: 5'
    """
    content = message.get("content")
    if isinstance(content, list):  # some servers return the parts of a text
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(text for text in texts if isinstance(text, str))
    text = content if isinstance(content, str) else ""
    calls = message.get("tool_calls")
    return {"content": text, "tool_calls": calls} if calls else text
