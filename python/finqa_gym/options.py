"""Options of an environment on their way to the engine."""

from __future__ import annotations

from typing import Any

from finqa_gym import arguments

__all__ = ["check_distinct", "check_options"]

INTEGER_OPTIONS = {
    "seed": 0,
    "num_threads": 0,
    "max_turns": 1,
    "max_calls_per_turn": 1,
    "max_action_bytes": 1,
    "max_observation_chars": 1,
    "cache_bytes": 0,
}
"""Options that are integers, with the least value of each."""
FLAG_OPTIONS = ("shuffle", "repair_double_quotes", "keep_messages", "measure_latency")
TEXT_OPTIONS = (
    "split",
    "tool_profile",
    "answer_mode",
    "autoreset_mode",
    "action_format",
    "parse_level",
    "on_no_call",
    "on_malformed",
    "system_prompt",
    "task_prompt",
)
MAY_BE_NONE = ("split", "max_turns", "on_no_call", "system_prompt", "task_prompt", "cache_bytes")


def check_options(options: dict[str, Any]) -> None:
    """Types and ranges; which words there are is the engine's to say."""
    given = {k: v for k, v in options.items() if v is not None or k not in MAY_BE_NONE}
    for name, value in given.items():
        if name in INTEGER_OPTIONS:
            options[name] = arguments.integer(name, value, least=INTEGER_OPTIONS[name])
        elif name in FLAG_OPTIONS:
            options[name] = arguments.flag(name, value)
        elif name in TEXT_OPTIONS:
            arguments.text(name, value)


def check_distinct(env_ids: list[int] | None) -> None:
    """Says so if a slot is "under way" only because it is named twice."""
    seen: set[int] = set()
    for env_id in env_ids or ():
        if env_id in seen:
            msg = f"env_ids holds {env_id} twice; a slot takes one action at a time"
            raise ValueError(msg)
        seen.add(env_id)
