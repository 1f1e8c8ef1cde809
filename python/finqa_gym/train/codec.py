"""Chats as token ids, appended to and never written anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from finqa_gym.train.encoding import BatchEncoder

__all__ = ["ChatCodec", "Turn"]

_REPLY = "QXREPLYXQ"
"""Stands for the policy's message where a template is rendered to learn what follows one."""
_PLAIN = "QXPLAIN{}XQ"
"""Stands for text that reads like a special token, until the template has been rendered."""
_RESULT = "QXRESULTXQ"
"""Stands for a tool result where a template is tried out."""
_CONTENT = " \nQX<&\"'\\>{0}XQ\n "
"""Content that a template must show as it is for its frame to be kept; ``{0}`` marks its core."""
_KEPT = 1 << 16
"""Observations whose ids are kept: the tries of a group see much the same."""

Turn = Sequence[dict[str, Any]] | tuple[str, str]
"""Tool messages that a turn brought, or tool and text of its only one."""
_Seen = tuple[str, str, bool]
"""Tool, text, and whether the message before it ended by itself."""


class ChatCodec:
    r"""Turns prompts, tool results and demonstrated messages into the ids of a chat template.

    A chat is encoded piece by piece, and pieces are only appended. What the policy sampled stays as
    it was sampled: text that is decoded and encoded again need not give the same ids, and then the
    probabilities a trainer computes are those of another message.

    Text of prompts and observations is data. Where it reads like a special token of the tokenizer
    (``<|im_end|>`` in a cell), it is encoded as ordinary text, so that a table cannot end a turn.

    Args:
        tokenizer: A Hugging Face tokenizer with a chat template.
        tools: Tools for the template, as `VectorEnv.tools` has them; None renders none.
        stop_ids: Ids that end a message, besides the tokenizer's end-of-sequence token: those of
            the model's generation config.
        template_options: More arguments for the template: ``{"enable_thinking": False}``.

    Raises:
        ValueError: A tokenizer without chat template or without end-of-sequence token, or a
            template that shows no tool results.

    Example:
        >>> from finqa_gym.train.small_model import make_tokenizer
        >>> codec = ChatCodec(make_tokenizer(["what is freight ?"]))
        >>> codec.decode(codec.prompt("", "what is freight ?"))
        '<|im_start|>user\nwhat is freight ?<|im_end|>\n<|im_start|>assistant\n'
    """

    def __init__(
        self,
        tokenizer: Any,
        tools: Sequence[dict[str, Any]] | None = None,
        *,
        stop_ids: Iterable[int] = (),
        template_options: dict[str, Any] | None = None,
    ) -> None:
        """See the class."""
        if not getattr(tokenizer, "chat_template", None):
            raise ValueError(
                f"tokenizer {tokenizer.name_or_path!r} has no chat template; set "
                "tokenizer.chat_template, or take the one of an instruction-tuned model"
            )
        if tokenizer.eos_token_id is None:
            raise ValueError(
                f"tokenizer {tokenizer.name_or_path!r} has no end-of-sequence token; set "
                "tokenizer.eos_token to the token that ends an assistant message"
            )
        self.tokenizer = tokenizer
        self.tools = list(tools) if tools else None
        self.pad_id: int = (
            tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        )
        """Id to fill batches with; always masked, so the end-of-sequence token will do."""
        self._options = dict(template_options or {})
        special = [t.content for t in tokenizer.added_tokens_decoder.values() if t.special]
        special = sorted({*special, *tokenizer.all_special_tokens}, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, special)))
        self._marks = sorted({"<|" if "<|" in each else each for each in special})
        self._backend = tokenizer.backend_tokenizer if tokenizer.is_fast else None
        self._encode_many = BatchEncoder(tokenizer)
        stops = {tokenizer.eos_token_id, *stop_ids}
        self._stops = sorted({tokenizer.decode([i]) for i in stops}, key=len, reverse=True)
        self._with_calls, end = self._try_out()
        self.end_id: int = tokenizer.eos_token_id if end is None else end
        """The stop token of a demonstrated message: what the template ends one with."""
        self.stop_ids = frozenset([*stops, self.end_id])
        """Ids that end a message of the policy."""
        self._frames: dict[str, tuple[str, str] | None] = {}
        self._prompt_frames: dict[str, tuple[list[int], str, str] | None] = {}
        self._kept: dict[_Seen, list[int]] = {}

    def prompt(self, system_prompt: str, prompt: str) -> list[int]:
        """Ids of the chat before the policy's first message, its header included.

        An empty ``system_prompt`` leaves the system message out.
        """
        plain: list[str] = []
        messages = self._guarded(self._opening(system_prompt, prompt), plain)
        return self._encode(self._render(messages, self.tools), plain)

    def prompts(self, system_prompt: str, prompts: Sequence[str]) -> list[list[int]]:
        """`prompt` of many chats with one system message, encoded together."""
        frame = self._prompt_frame(system_prompt)
        if frame is None or self._reads_special(system_prompt):
            return [self.prompt(system_prompt, prompt) for prompt in prompts]
        # Special tokens part texts for a tokenizer: what is before the last one is encoded once.
        constant, before, after = frame
        quick = [p for p in dict.fromkeys(prompts) if not self._reads_special(p)]
        known = dict(
            zip(quick, self._encode_many([before + p + after for p in quick]), strict=True)
        )
        return [
            [*constant, *known[p]] if p in known else self.prompt(system_prompt, p) for p in prompts
        ]

    def _opening(self, system_prompt: str, prompt: str) -> list[dict[str, Any]]:
        messages = [{"role": "user", "content": prompt}]
        if system_prompt:
            messages.insert(0, {"role": "system", "content": system_prompt})
        return messages

    def _prompt_frame(self, system_prompt: str) -> tuple[list[int], str, str] | None:
        """Ids and text before a prompt, and text behind it; None if they depend on the prompt."""
        if system_prompt not in self._prompt_frames:
            frame = _around(
                lambda prompt, _: self._render(self._opening(system_prompt, prompt), self.tools)
            )
            if frame is None:
                self._prompt_frames[system_prompt] = None
            else:
                ends = [found.end() for found in self._special.finditer(frame[0])]
                cut = ends[-1] if ends else 0
                constant = self._ids(frame[0][:cut]) if cut else []
                text = f"{frame[0]}x{frame[1]}"
                if constant + self._ids(text[cut:]) != self._ids(text):
                    # Some special tokens swallow the blanks behind them.
                    constant, cut = [], 0
                self._prompt_frames[system_prompt] = (constant, frame[0][cut:], frame[1])
        return self._prompt_frames[system_prompt]

    def observation(self, messages: Sequence[dict[str, Any]], *, stopped: bool) -> list[int]:
        """Ids between two messages of the policy: the tool results, and the header of its next one.

        Args:
            messages: Tool messages of a turn (`StepBatch.messages`); at least one.
            stopped: Whether the policy's message ended with its stop token. If it was cut, the ids
                begin with what the template ends a message with.
        """
        return self.observations([messages], [stopped])[0]

    def observations(self, turns: Sequence[Turn], stopped: Sequence[bool]) -> list[list[int]]:
        """`observation` of many chats; new texts are encoded together.

        Args:
            turns: Tool messages of each, or tool and text of an only one
                (`StepBatch.tool_results`) if `is_framed`.
            stopped: As for `observation`.

        Returns:
            Ids. Chats that saw the same share a list: it is not to be changed.
        """
        found: list[list[int] | None] = []
        missing: dict[_Seen, list[int]] = {}
        for row, (turn, ended) in enumerate(zip(turns, stopped, strict=True)):
            if isinstance(turn, tuple):
                name, text = turn
                messages: Sequence[dict[str, Any]] = ()
            else:
                name, text, messages = turn[0].get("name", ""), turn[0]["content"], turn
            key = (name, text, ended)
            ids = self._kept.get(key) if len(messages) < 2 else self._observation(messages, ended)
            if ids is None:
                if self._reads_special(text) or self._frame(name) is None:
                    message = {"role": "tool", "tool_call_id": "call_0", "name": name}
                    ids = self._observation(messages or [message | {"content": text}], ended)
                else:
                    missing.setdefault(key, []).append(row)
            found.append(ids)
        if missing:
            if len(self._kept) + len(missing) > _KEPT:
                self._kept.clear()
            encoded = self._encode_many([self._framed(key) for key in missing])
            for (key, rows), ids in zip(missing.items(), encoded, strict=True):
                self._kept[key] = self._without_stop(ids) if key[2] else ids
                for row in rows:
                    found[row] = self._kept[key]
        return [ids for ids in found if ids is not None]

    def is_framed(self, name: str) -> bool:
        """Whether the ids of a tool's only result do not depend on the id of its call."""
        return self._frame(name) is not None

    def _framed(self, key: _Seen) -> str:
        frame = self._frame(key[0])
        assert frame is not None
        return frame[0] + key[1] + frame[1]

    def _frame(self, name: str) -> tuple[str, str] | None:
        """What the template writes around a tool's only result; None if that depends on it."""
        if name not in self._frames:
            self._frames[name] = _around(
                lambda content, call: self._after_reply(
                    [{"role": "tool", "tool_call_id": call, "name": name, "content": content}]
                )
            )
        return self._frames[name]

    def _observation(self, messages: Sequence[dict[str, Any]], stopped: bool) -> list[int]:
        plain: list[str] = []
        text = self._after_reply(self._guarded(messages, plain))
        ids = self._encode(text, plain)
        return self._without_stop(ids) if stopped else ids

    def _without_stop(self, ids: list[int]) -> list[int]:
        """What follows the stop token; encoded with it, as some decide over the blanks behind."""
        return ids[1:] if ids and ids[0] in self.stop_ids else ids

    def message(self, text: str) -> list[int]:
        """Ids of a demonstrated message, its stop token included: all of them are the policy's."""
        return [*self._plain_ids(text), self.end_id]

    def text(self, ids: Sequence[int]) -> str:
        """The policy's message as the environment reads it: all but its stop token."""
        kept = list(ids)
        return self.decode(kept[:-1] if kept and kept[-1] in self.stop_ids else kept)

    def texts(self, batch: Sequence[Sequence[int]]) -> list[str]:
        """`text` of each."""
        if self._backend is None:
            return [self.text(ids) for ids in batch]
        # The tries of a group often say the same.
        places: dict[tuple[int, ...], int] = {}
        order = [places.setdefault(tuple(ids), len(places)) for ids in batch]
        kept = [ids[:-1] if ids and ids[-1] in self.stop_ids else ids for ids in places]
        texts = self._backend.decode_batch(kept, skip_special_tokens=False)
        return [texts[place] for place in order]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, special tokens and blanks as they are."""
        text: str = self.tokenizer.decode(
            list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return text

    def _reads_special(self, text: str) -> bool:
        """Whether something in a text reads like a special token."""
        # Looking for a few marks first is several times faster than the pattern.
        return any(mark in text for mark in self._marks) and bool(self._special.search(text))

    def _guarded(
        self, messages: Sequence[dict[str, Any]], plain: list[str]
    ) -> list[dict[str, Any]]:
        def hide(found: re.Match[str]) -> str:
            plain.append(found.group())
            return _PLAIN.format(len(plain) - 1)

        return [m | {"content": self._special.sub(hide, m["content"])} for m in messages]

    def _render(
        self, messages: Sequence[dict[str, Any]], tools: list[dict[str, Any]] | None
    ) -> str:
        text: str = self.tokenizer.apply_chat_template(
            list(messages), tools=tools, add_generation_prompt=True, tokenize=False, **self._options
        )
        return text

    def _try_out(self) -> tuple[bool, int | None]:
        """Whether results need calls before them, and the id that ends a message."""
        result = {"role": "tool", "tool_call_id": "call_0", "name": "none", "content": _RESULT}
        reasons = []
        for with_calls in (False, True):
            try:
                after = self._behind_reply([result], with_calls)
            except Exception as error:
                reasons.append(str(error))
                continue
            if _RESULT not in after:
                reasons.append("it leaves the result out")
                continue
            stops = [stop for stop in self._stops if after.startswith(stop)]
            special = self._special.match(after)
            end = stops[0] if stops else special.group() if special else None
            return with_calls, None if end is None else self._ids(end)[0]
        raise ValueError(
            f"the chat template of {self.tokenizer.name_or_path!r} shows no tool results: behind "
            f"text {reasons[0]}; behind a call {reasons[1]}. Set tokenizer.chat_template to one "
            "that does"
        )

    def _after_reply(self, results: Sequence[dict[str, Any]]) -> str:
        """What the template writes behind an assistant message when ``results`` answer it."""
        return self._behind_reply(results, self._with_calls)

    def _behind_reply(self, results: Sequence[dict[str, Any]], with_calls: bool) -> str:
        question = {"role": "user", "content": "?"}
        if not with_calls:
            reply = {"role": "assistant", "content": _REPLY}
            _, found, after = self._render([question, reply, *results], None).partition(_REPLY)
            if not found:
                raise ValueError("it does not show the message that results follow")
            return after
        # Some templates take a tool result only behind the call that it answers.
        results = [r | {"tool_call_id": _nine(r.get("tool_call_id", ""))} for r in results]
        calls = [
            {
                "type": "function",
                "id": result["tool_call_id"],
                "function": {"name": result.get("name") or "none", "arguments": {"x": _REPLY}},
            }
            for result in results
        ]
        called = {"role": "assistant", "content": "", "tool_calls": calls}
        text = self._render([question, called, *results], None)
        _, found, after = text.rpartition(_REPLY)
        if not found:
            raise ValueError("it does not show the arguments of a call")
        # What closes the call is the policy's.
        places = [place for stop in self._stops if (place := after.find(stop)) >= 0]
        if not places:
            raise ValueError(f"it ends no call with one of {', '.join(self._stops)}")
        return after[min(places) :]

    def _encode(self, text: str, plain: Sequence[str]) -> list[int]:
        """Ids of template text; what stands in ``plain`` is put back as ordinary text."""
        if not plain:
            return self._ids(text)
        ids: list[int] = []
        for index, special in enumerate(plain):
            before, _, text = text.partition(_PLAIN.format(index))
            ids += [*self._ids(before), *self._plain_ids(special)]
        return ids + self._ids(text)

    def _ids(self, text: str) -> list[int]:
        return self._encode_many([text])[0]

    def _plain_ids(self, text: str) -> list[int]:
        if not self._reads_special(text):
            return self._ids(text)
        encoded = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        ids: list[int] = encoded["input_ids"]
        return ids


def _around(render: Callable[[str, str], str]) -> tuple[str, str] | None:
    """What a template writes around a text, found out with two texts and two ids of calls.

    None if it depends on either, or changes the text.
    """
    shown = set()
    for mark in ("A", "B"):
        content = _CONTENT.format(mark)
        before, found, after = render(content, f"call_{mark}").partition(content)
        shown.add((before, after) if found else None)
    return shown.pop() if len(shown) == 1 else None


def _nine(name: str) -> str:
    """An id of nine letters and digits, the only ones that Mistral's templates take."""
    return f"{re.sub('[^a-zA-Z0-9]', '', name):0>9}"[-9:]
