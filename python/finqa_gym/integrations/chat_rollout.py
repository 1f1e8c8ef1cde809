"""An episode played by a model behind a chat endpoint, in a coroutine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from finqa_gym.async_episode import AsyncEpisode
from finqa_gym.evaluation.chat import Chat, action_of
from finqa_gym.evaluation.slots import TOO_LONG, token_counts

__all__ = ["ChatEnded", "Complete", "is_too_long", "play_chat"]

Complete = Callable[[list[dict[str, Any]]], Awaitable[dict[str, Any]]]
"""Messages -> the reply of an OpenAI-compatible server to them: ``{"choices": [...], ...}``."""


class ChatEnded(Exception):
    """Raised by `Complete` where the policy itself is why its chat cannot go on."""


def is_too_long(status: int, text: str, messages: list[dict[str, Any]]) -> bool:
    """Whether a server refuses a chat because the policy has made it too long for the model.

    A prompt that alone is too long is nobody's failure but that of whoever chose it.

    Example:
        >>> said = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "hm"}]
        >>> is_too_long(400, "context_length_exceeded", said)
        True
        >>> is_too_long(400, "context_length_exceeded", said[:1])
        False
    """
    was_answered = any(message["role"] == "assistant" for message in messages)
    return 400 <= status < 500 and was_answered and TOO_LONG.search(text) is not None


async def play_chat(
    episode: AsyncEpisode,
    complete: Complete,
    *,
    system_prompt: str | None = None,
    prompt: str | None = None,
    text_results: Literal["user", "tool"] = "user",
) -> list[dict[str, Any]]:
    """Plays an episode to its end.

    What the model said stays in the chat as the server returned it. Calls that the server has
    parsed go to the engine as they are, any other message as the text that it is.

    Args:
        episode: A new one.
        complete: Asks the model. `ChatEnded` truncates the episode; what else it raises is raised.
        system_prompt: Instead of the engine's; "" leaves it out.
        prompt: Instead of the episode's.
        text_results: Role of results of calls that stand in the text of a message: "user" is taken
            by every server, "tool" is what templates of models with calls in text render.

    Returns:
        The messages of the chat. The episode is over: read its result.
    """
    system = episode.engine.system_prompt if system_prompt is None else system_prompt
    chat = Chat(system, episode.prompt if prompt is None else prompt, text_results)
    if not system:
        del chat.messages[0]
    while not episode.over:
        try:
            reply = await complete(chat.messages)
        except ChatEnded:
            episode.truncate()
            break
        choice = reply["choices"][0]
        reason = choice.get("finish_reason")
        chat.add_message(choice["message"])
        turn = await episode.call(
            action_of(choice["message"]),
            finish_reason=reason if isinstance(reason, str) else None,
            num_tokens=token_counts(reply.get("usage")),
        )
        if not turn.over:
            chat.add_results(turn.messages)
    return chat.messages
