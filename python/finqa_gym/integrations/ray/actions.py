"""Actions on their way to a shard: one block of text and one array of numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym import arguments

__all__ = ["Actions", "Text", "pack_text", "unpack_text"]

Text = tuple[NDArray[np.int32], NDArray[np.uint8]]
"""Texts as one block of UTF-8 and the length of each in characters.

Characters and not bytes: the block is decoded once and then cut, which costs half of decoding every
text by itself.
"""
NESTED_TOO_DEEPLY = '"nested too deeply"'
"""What the engine takes ``tool_calls`` for that `json` cannot write for their depth."""


def pack_text(texts: Sequence[str]) -> Text:
    """The texts as a block.

    Example:
        >>> lengths, block = pack_text(["5 €", ""])
        >>> lengths.tolist(), block.tolist()
        ([3, 0], [53, 32, 226, 130, 172])
    """
    lengths = np.fromiter(map(len, texts), np.int32, len(texts))
    # Lone surrogates, which a model may sample, must arrive as they are: the engine answers them.
    block = "".join(texts).encode("utf-8", "surrogatepass")
    return lengths, np.frombuffer(block, np.uint8)


def unpack_text(text: Text) -> list[str]:
    """The texts of a block.

    Example:
        >>> unpack_text(pack_text(["5 €", "", "x"]))
        ['5 €', '', 'x']
    """
    lengths, block = text
    whole = str(block.data, "utf-8", "surrogatepass")
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    return [whole[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@dataclass(frozen=True, eq=False)
class Actions:
    """Actions of some slots. Made by `checked` on the driver; a shard reads them back.

    Attributes:
        texts: A text each. Of a message with ``tool_calls``: JSON of its content and of the calls,
            which are JSON themselves.
        structured: Rows that are such messages.
        length_limited: ``bool (n,)``, cut by the token limit; None if none is.
        num_tokens: ``int64 (n, 2)``, tokens of prompt and message, -1 where not known; None if
            nothing is known.
    """

    texts: list[str]
    structured: NDArray[np.int32]
    length_limited: NDArray[np.bool_] | None
    num_tokens: NDArray[np.int64] | None

    @staticmethod
    def checked(
        actions: Any, finish_reasons: Any = None, num_tokens: Any = None, *, num_slots: int
    ) -> Actions:
        """What a caller hands over, refused as `VectorEnv` refuses it.

        All of it is checked before anything is sent, so that no shard starts what another refuses.

        Raises:
            TypeError: Something that is no action, reason or count.
            ValueError: Not one for each of ``num_slots`` slots.
        """
        if isinstance(actions, str):
            msg = (
                "actions is one str; a sequence with one action per env is needed, "
                "for example [text]"
            )
            raise TypeError(msg)
        texts, structured = list(actions), []
        if set(map(type, texts)) != {str}:  # in most steps there is nothing else
            for index, action in enumerate(texts):
                texts[index], has_calls = _text_of(action, index)
                if has_calls:
                    structured.append(index)
        if len(texts) != num_slots:
            msg = f"{len(texts)} actions for {num_slots} envs; one action for each env is needed"
            raise ValueError(msg)
        return Actions(
            texts,
            np.array(structured, np.int32),
            None if finish_reasons is None else _length_limited(finish_reasons, len(texts)),
            None if num_tokens is None else _token_counts(num_tokens, len(texts)),
        )

    def take(self, rows: NDArray[np.intp]) -> Actions:
        """The actions ``rows``, in this order."""
        places = np.full(len(self.texts), -1, np.int32)
        places[rows] = np.arange(len(rows), dtype=np.int32)
        structured = places[self.structured]
        return Actions(
            [self.texts[row] for row in rows.tolist()],
            structured[structured >= 0],
            None if self.length_limited is None else self.length_limited[rows],
            None if self.num_tokens is None else self.num_tokens[rows],
        )

    def pack(self) -> tuple[Any, ...]:
        """What is sent."""
        return (*pack_text(self.texts), self.structured, self.length_limited, self.num_tokens)

    @staticmethod
    def unpack(packed: tuple[Any, ...]) -> Actions:
        """The actions that were sent."""
        lengths, block, *rest = packed
        return Actions(unpack_text((lengths, block)), *rest)

    def for_engine(self) -> tuple[list[Any], list[str | None] | None, list[Any] | None]:
        """Actions, finish reasons and numbers of tokens as `VectorEnv.step` takes them."""
        actions: list[Any] = list(self.texts)
        for row in self.structured.tolist():
            content, calls = json.loads(actions[row])
            actions[row] = {"content": content, "tool_calls": _calls(calls)}
        limited, counts = self.length_limited, self.num_tokens
        reasons: list[str | None] | None = None
        if limited is not None:
            reasons = ["length" if flag else None for flag in limited.tolist()]
        tokens = None
        if counts is not None:
            tokens = [
                (None if prompt < 0 else prompt, None if own < 0 else own)
                for prompt, own in counts.tolist()
            ]
        return actions, reasons, tokens


def _text_of(action: Any, index: int) -> tuple[str, bool]:
    """The text to send for an action, and whether it holds calls."""
    if isinstance(action, str):
        return str(action), False
    if not isinstance(action, dict):
        msg = (
            f"actions[{index}] is of type {type(action).__name__}; str (assistant text) or dict "
            '(assistant message with "content" and "tool_calls") is needed'
        )
        raise TypeError(msg)
    content = action.get("content")
    if content is not None and not isinstance(content, str):
        msg = f"actions[{index}]['content'] is no str; None or a text is needed"
        raise TypeError(msg)
    calls = action.get("tool_calls")
    if not calls:
        return content or "", False
    try:
        written = json.dumps(calls, ensure_ascii=False)
    except RecursionError:
        written = NESTED_TOO_DEEPLY
    except (TypeError, ValueError) as error:
        told = f"{type(error).__name__}: {error}"
        msg = f"actions[{index}]['tool_calls'] cannot be written as JSON: {told}"
        raise TypeError(msg) from None
    return json.dumps([content or "", written]), True


def _calls(written: str) -> Any:
    """Calls out of their JSON; a text where Python cannot read what it wrote.

    The engine takes calls that it cannot read for their text, too, and tells the policy.
    """
    try:
        return json.loads(written)
    except (RecursionError, ValueError):
        return written


def _length_limited(reasons: Any, num_actions: int) -> NDArray[np.bool_] | None:
    if isinstance(reasons, str):
        msg = "finish_reasons is one str; a sequence with one entry per action is needed"
        raise TypeError(msg)
    listed = list(reasons)
    for reason in listed:
        if reason is not None and not isinstance(reason, str):
            msg = f"finish_reasons holds a {type(reason).__name__}; str or None is needed"
            raise TypeError(msg)
    _check_length("finish_reasons", len(listed), num_actions)
    flags = np.fromiter((reason == "length" for reason in listed), np.bool_, num_actions)
    return flags if flags.any() else None


def _token_counts(counts: Any, num_actions: int) -> NDArray[np.int64]:
    rows = []
    for index, count in enumerate(counts):
        pair = count if isinstance(count, (tuple, list)) else (None, count)
        try:
            prompt, own = (-1 if n is None else arguments.integer("", n, below=2**32) for n in pair)
        except (TypeError, ValueError):
            msg = (
                f"num_tokens[{index}] is {count!r}; None, the tokens of the message, or (tokens of "
                "the prompt, tokens of the message) are needed"
            )
            raise TypeError(msg) from None
        rows.append((prompt, own))
    _check_length("num_tokens", len(rows), num_actions)
    return np.array(rows, np.int64).reshape(num_actions, 2)


def _check_length(name: str, length: int, num_actions: int) -> None:
    if length != num_actions:
        msg = (
            f"{name} has {length} entries, actions has {num_actions}; one for each action is needed"
        )
        raise ValueError(msg)
