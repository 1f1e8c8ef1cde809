"""The tools of a log in OpenAI's form."""

from __future__ import annotations

from typing import Any

from finqa_gym import _native

__all__ = ["openai_specs"]


def openai_specs(tools: list[Any]) -> list[dict[str, Any]]:
    """Those tools of a record that `finqa_gym.tools.parse_action` takes, in their order.

    Flat forms (Anthropic's, Responses', the older ``functions``) are made into OpenAI's. Left out
    is what has no such form: tools of a server (``{"type": "web_search"}``), names with other
    characters than letters, digits, ``_`` and ``-``, a second tool of one name.

    Example:
        >>> [spec] = openai_specs([{"name": "ask", "input_schema": {}}, {"type": "web_search"}])
        >>> spec
        {'type': 'function', 'function': {'name': 'ask', 'description': '', 'parameters': {}}}
    """
    specs: list[dict[str, Any]] = []
    for tool in tools:
        if not isinstance(tool, dict):
            continue
        spec = tool if isinstance(tool.get("function"), dict) else _nested(tool)
        try:
            _native.parse_message("", [*specs, spec], "auto", "strict", False)
        except (ValueError, TypeError, RecursionError):
            continue
        specs.append(spec)
    return specs


def _nested(tool: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": tool.get("name"),
            "description": tool.get("description") or "",
            "parameters": tool.get("parameters", tool.get("input_schema")) or {},
        },
    }
