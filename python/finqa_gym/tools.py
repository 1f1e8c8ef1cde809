"""Tools: their schemas, the calculator and the parser as plain functions, and tools of your own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from finqa_gym import _native, arguments

__all__ = ["Attempt", "ParsedAction", "UserTool", "calculate", "parse_action", "tool_specs"]

ToolProfile = Literal["rllm", "openenv", "compact"]


@dataclass(frozen=True)
class UserTool:
    """A tool of your own, run in Python for all slots of a step at once.

    Args:
        function: Takes the argument dicts of all calls of this step (one a slot), returns one
            result each, in order: a str, or a `ToolCallError` instance where the policy made a
            mistake. What it raises comes out of ``step``.
        name: Name that the policy calls it by: letters, digits, ``_`` and ``-``.
        description: What it does, for the model.
        parameters: JSON schema of the arguments
            (``{"type": "object", "properties": …, "required": […]}``).

    Example:
        >>> def inflate(calls):
        ...     return [str(float(call["amount"]) * 1.02) for call in calls]
        >>> tool = UserTool(
        ...     inflate,
        ...     name="inflate",
        ...     description="Adds two percent of inflation to an amount.",
        ...     parameters={
        ...         "type": "object",
        ...         "properties": {"amount": {"type": "number"}},
        ...         "required": ["amount"],
        ...     },
        ... )
    """

    function: Callable[[list[dict[str, Any]]], Sequence[str | Exception]]
    name: str
    description: str
    parameters: dict[str, Any]

    def __post_init__(self) -> None:
        """Checks the types, which nothing else would before a policy calls the tool."""
        function: object = self.function
        if not callable(function):
            msg = f"function of tool {self.name!r} is {self.function!r}, which cannot be called"
            raise TypeError(msg)
        arguments.text("name of a tool", self.name)
        arguments.text(f"description of tool {self.name!r}", self.description)
        place = f"parameters of tool {self.name!r}"
        arguments.instance(place, self.parameters, dict, "a JSON schema as dict")
        try:
            json.dumps(self.parameters)
        except TypeError as error:
            msg = f"parameters of tool {self.name!r} are no JSON schema: {error}"
            raise TypeError(msg) from None


@dataclass(frozen=True)
class Attempt:
    """One attempt to call a tool.

    Attributes:
        status: ok, repaired, invalid_json, unclosed, missing_name, bad_arguments, unknown_tool,
            in_reasoning or truncated.
        name: Tool name; None unless the call would run.
        arguments: Arguments; None unless the call would run.
        feedback: For the policy: what was wrong and what would be right. Empty if the call would
            run.
        repairs: What was mended.
        span: Start and end in characters.
    """

    status: str
    name: str | None
    arguments: dict[str, Any] | None
    feedback: str
    repairs: list[str] = field(default_factory=list)
    span: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class ParsedAction:
    """A message taken apart.

    Attributes:
        attempts: In the order in which they stand in the message.
        text: The message without reasoning and calls.
    """

    attempts: list[Attempt]
    text: str


def calculate(expression: str) -> str:
    """Evaluates an arithmetic expression as the calculator tool does.

    Raises:
        ToolCallError: The expression cannot be evaluated; ``code`` says why.

    Source: docs/spec/tools.md.

    Example:
        >>> calculate("(1,234.5 - 1,100) / 1,100 * 100")
        '12.227272727272727'
    """
    return _native.calculate(expression)


def tool_specs(profile: ToolProfile = "rllm") -> list[dict[str, Any]]:
    """The tools of a profile in OpenAI form, for chat templates and chat completions.

    Example:
        >>> [tool["function"]["name"] for tool in tool_specs("openenv")]
        ['get_descriptions', 'get_table_info', 'sql_query', 'submit_answer']
    """
    return _native.tool_specs(profile)


def parse_action(
    text: str,
    tools: ToolProfile | list[dict[str, Any]] | None = None,
    *,
    format: str = "auto",
    level: str = "strict",
    length_limited: bool = False,
) -> ParsedAction:
    """Finds the tool calls in what a model wrote.

    Args:
        text: The message.
        tools: A profile's name or tools in OpenAI form; None is "rllm".
        format: auto, hermes, qwen_xml, llama_json, pythonic, mistral or harmony.
        level: "strict" or "repair".
        length_limited: The message was cut by its token limit.

    Source: docs/spec/actions.md.

    Example:
        >>> call = '{"name": "calculator", "arguments": {"expression": "1+1"}}'
        >>> parsed = parse_action(f"<tool_call>{call}</tool_call>")
        >>> parsed.attempts[0].status, parsed.attempts[0].arguments
        ('ok', {'expression': '1+1'})
    """
    attempts, rest = _native.parse_message(text, tools or "rllm", format, level, length_limited)
    return ParsedAction([Attempt(**attempt) for attempt in attempts], rest)
