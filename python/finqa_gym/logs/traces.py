"""From a conversation to a trace: calls with what they returned, and the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from finqa_gym import _native
from finqa_gym.logs.chats import Chat
from finqa_gym.logs.mapping import LogMap
from finqa_gym.logs.messages import Call, Message

__all__ = ["Trace", "make_trace"]

_RESPONSE = re.compile(r"<tool_response>\s*(.*?)\s*</tool_response>", re.DOTALL)
_NAMES = (
    re.compile(r'"name"\s*:\s*"([A-Za-z0-9_-]+)"'),
    re.compile(r"<function=\s*([A-Za-z0-9_-]+)\s*>"),
    re.compile(r"to=(?:functions\.)?([A-Za-z0-9_-]+)"),
    re.compile(r"\[TOOL_CALLS\]\s*([A-Za-z0-9_-]+)"),
)
_MAY_CALL = re.compile(r"[<{\[]")
USER_TOOL = "user_tool"


@dataclass
class Trace:
    """An episode as a log tells it.

    Attributes:
        calls: As `finqa_core::trace::TracedCall` reads them.
        submission: The answer that was handed in; None if none was found.
        turns: Messages of the policy with what came back, as the record of an episode holds them.
        prompt: The first message of the user.
        system: The system prompt; empty if there is none.
        kinds: Kinds of the tools that were called.
        strange_tools: Called tools that the map does not name.
        num_unanswered: Calls without an output in the log.
        whole_message: The answer is the last message as a whole.
    """

    calls: list[dict[str, Any]] = field(default_factory=list)
    submission: str | None = None
    turns: list[dict[str, Any]] = field(default_factory=list)
    prompt: str = ""
    system: str = ""
    kinds: set[str] = field(default_factory=set)
    strange_tools: list[str] = field(default_factory=list)
    num_unanswered: int = 0
    whole_message: bool = False


@dataclass
class _Attempt:
    """A call, read or not."""

    call: Call
    status: str
    text: str = ""


def make_trace(chat: Chat, names: LogMap) -> Trace:
    """The trace of a conversation.

    A tool's output goes to the call whose id it names; outputs and calls that name none go
    together in their order. Outputs in messages of the user (text-form calls) are seen, too.
    """
    return _Maker(chat, names).make()


class _Maker:
    def __init__(self, chat: Chat, names: LogMap) -> None:
        self.messages, self.names, self.tools = chat.messages, names, chat.tools
        self.trace = Trace()

    def make(self) -> Trace:
        trace, at = self.trace, 0
        while at < len(self.messages):
            message = self.messages[at]
            at += 1
            if message.role == "system" and not trace.system:
                trace.system = message.text
            elif message.role == "user" and not trace.turns and not trace.prompt:
                trace.prompt = message.text
            if message.role != "assistant":
                continue
            start = at
            while at < len(self.messages) and self.messages[at].role != "assistant":
                at += 1
            self._turn(message, self.messages[start:at], is_last=at == len(self.messages))
        return trace

    def _turn(self, message: Message, replies: list[Message], *, is_last: bool) -> None:
        attempts, rest = self._attempts(message)
        outputs = [reply for reply in replies if reply.role == "tool"]
        if not outputs and attempts:
            outputs = _told_by_user(replies, len(attempts))
        self.trace.turns.append(
            {
                "action": message.text,
                "tool_calls": _openai(message.calls),
                "messages": [
                    {"id": o.call_id, "name": o.name, "content": o.text}
                    for o in outputs or replies
                    if o.role != "system"
                ],
            }
        )
        if not attempts:
            self._without_call(message, rest, replies, is_last=is_last)
            return
        asking = [attempt for attempt in attempts if attempt.status != "in_reasoning"]
        paired = dict(zip(map(id, asking), _paired(asking, outputs), strict=True))
        for attempt in attempts:
            self._call(attempt, paired.get(id(attempt)))

    def _attempts(self, message: Message) -> tuple[list[_Attempt], str]:
        """The calls of a message, and its text without them and without reasoning."""
        if message.calls:
            attempts = []
            for call in message.calls:
                if not call.name:
                    attempts.append(_Attempt(call, "missing_name", call.raw or "?"))
                elif call.arguments is None:
                    attempts.append(_Attempt(call, "bad_arguments", call.raw))
                else:
                    attempts.append(_Attempt(call, "ok"))
            return attempts, message.text
        if not _MAY_CALL.search(message.text):
            return [], message.text.strip()
        found, rest = _native.parse_message(
            message.text, self._toolbox(message.text), "auto", "strict", False
        )
        attempts = []
        for attempt in found:
            start, end = attempt["span"]
            text = message.text[start:end]
            if attempt["arguments"] is None:
                attempts.append(_Attempt(Call("", "", None, text), attempt["status"], text))
            else:
                call = Call("", attempt["name"], attempt["arguments"], text)
                attempts.append(_Attempt(call, attempt["status"]))
        return attempts, rest

    def _toolbox(self, text: str) -> list[dict[str, Any]]:
        """Every tool that a text may call, with any arguments: what is right, the outputs say."""
        seen = {name for pattern in _NAMES for name in pattern.findall(text)}
        known = {name for names in self.names.tools.values() for name in names if name in text}
        fitting = [name for name in sorted(seen | known) if re.fullmatch(r"[A-Za-z0-9_-]+", name)]
        return [
            {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
            for name in fitting or ["none"]
        ]

    def _call(self, attempt: _Attempt, reply: Message | None) -> None:
        trace, call, names = self.trace, attempt.call, self.names
        kind = names.kind(call.name) if call.name else None
        if call.name and kind is None:
            trace.strange_tools.append(call.name)
        status = attempt.status
        output = reply.text if reply is not None else None
        is_error = output is not None and names.is_error(output)
        if reply is not None and reply.is_error is not None:
            is_error = reply.is_error or is_error
        if status == "ok" and self.tools is not None and call.name not in self.tools and is_error:
            status = "unknown_tool"
        if output is None and attempt.status != "in_reasoning" and kind != "submit_answer":
            trace.num_unanswered += 1
        arguments = call.arguments or {}
        role = {name: names.argument(name, arguments) for name in ("company", "table", "sql")}
        native = None if status == "unknown_tool" or not call.name else kind
        native = USER_TOOL if native == "other" or (call.name and kind is None) else native
        if status == "unknown_tool":
            native = None
        if kind is not None and status != "unknown_tool":
            trace.kinds.add(kind)
        traced = {
            "turn": len(trace.turns),
            "kind": native,
            "status": status,
            "tool": call.name,
            "arguments": arguments,
            "text": attempt.text,
            "company": role["company"],
            "table": role["table"] if kind in ("table_info", "sql_query") else None,
            "sql": role["sql"] if kind == "sql_query" else None,
            "output": output,
            "is_error": is_error,
            "is_empty": kind == "sql_query" and output is not None and names.is_empty(output),
        }
        trace.calls.append(traced)
        submits = kind == "submit_answer" and status in ("ok", "repaired") and not is_error
        if submits and trace.submission is None:
            answer = names.argument("answer", arguments)
            trace.submission = answer if answer is not None else _only(arguments)

    def _without_call(
        self, message: Message, text: str, replies: list[Message], *, is_last: bool
    ) -> None:
        trace = self.trace
        reply = next((r for r in replies if r.role in ("tool", "user")), None)
        if reply is not None and (reply.is_error or self.names.is_error(reply.text)):
            self._event(None, "missing_name", message.text or "?", reply.text, is_error=True)
            return
        if trace.submission is not None or not is_last or reply is not None or not text.strip():
            return
        answer = self.names.answer(text)
        if answer is None and self.names.last_message:
            answer, trace.whole_message = text.strip(), True
        if answer:
            trace.submission = answer
            self._event("submit_answer", "ok", answer, None, is_error=False)

    def _event(
        self, kind: str | None, status: str, text: str, output: str | None, *, is_error: bool
    ) -> None:
        self.trace.calls.append(
            {
                "turn": len(self.trace.turns),
                "kind": kind,
                "status": status,
                "text": text,
                "output": output,
                "is_error": is_error,
            }
        )


def _only(arguments: dict[str, Any]) -> str | None:
    """The answer of a submission whose argument has a name of its own."""
    if len(arguments) != 1:
        return json.dumps(arguments, ensure_ascii=False) if arguments else None
    (value,) = arguments.values()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _paired(attempts: list[_Attempt], outputs: list[Message]) -> list[Message | None]:
    """The output of each call: by id first, the rest in order."""
    by_id = {output.call_id: output for output in outputs if output.call_id}
    paired: list[Message | None] = [
        by_id.pop(attempt.call.id, None) if attempt.call.id else None for attempt in attempts
    ]
    taken = {id(output) for output in paired if output is not None}
    rest = (output for output in outputs if id(output) not in taken)
    return [output if output is not None else next(rest, None) for output in paired]


def _told_by_user(replies: Iterable[Message], count: int) -> list[Message]:
    """Outputs that stand in messages of the user, as chat templates without tools write them."""
    users = [reply for reply in replies if reply.role == "user"]
    wrapped = [text for reply in users for text in _RESPONSE.findall(reply.text)]
    if wrapped:
        return [Message("tool", text) for text in wrapped]
    return [Message("tool", reply.text) for reply in users[:count]]


def _openai(calls: list[Call]) -> str:
    if not calls:
        return ""
    return json.dumps(
        [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.raw},
            }
            for call in calls
        ],
        ensure_ascii=False,
    )
