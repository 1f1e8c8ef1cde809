# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym"]
# ///
"""A tool of your own beside the built-in ones, called once a step for all slots that use it.

Run: python examples/own_tool.py
"""

import json
from typing import Any

import finqa_gym
from finqa_gym import ToolCallError, UserTool


def growth(calls: list[dict[str, Any]]) -> list[str | Exception]:
    """One result for each call, in order; a mistake of the policy is returned, not raised."""
    print(f"    growth() runs once for {len(calls)} slots")
    results: list[str | Exception] = []
    for call in calls:
        if call["old"] == 0:
            text = "Error: old is 0; growth from zero is undefined. Is old the earlier year?"
            results.append(ToolCallError(text))
        else:
            results.append(f"{(call['new'] - call['old']) / abs(call['old']) * 100:.2f}%")
    return results


tool = UserTool(
    growth,
    name="growth",
    description="Growth from an old to a new value, in percent.",
    parameters={
        "type": "object",
        "properties": {"old": {"type": "number"}, "new": {"type": "number"}},
        "required": ["old", "new"],
        "additionalProperties": False,
    },
)


def call(name: str, **arguments: Any) -> str:
    """A message with one tool call in the Hermes form."""
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments})}</tool_call>"


env = finqa_gym.VectorEnv(
    num_envs=3,
    group_size=3,
    split="val",
    tools=[tool],
    tool_names={"get_table_names": "list_tables"},
)
print("tools:", ", ".join(spec["function"]["name"] for spec in env.tools))
env.reset(seed=0)

print("turn 1:")
batch = env.step(
    [
        call("growth", old=6811, new=7254),
        call("growth", old=0, new=10),
        call("growth", old="6811"),  # does not fit the schema: refused before your code sees it
    ]
)
for env_id, text in enumerate(batch.observations):
    code = int(batch.infos["error_code"][env_id])
    name = env.error_codes[code] if code >= 0 else "ok"
    print(f"    slot {env_id} [{name}] {text}")

print("turn 2: two calls in one message")
batch = env.step([call("growth", old=8, new=10) + call("calculator", expression="10 - 8")] * 3)
for message in batch.messages[0]:
    print(f"    {message['tool_call_id']} {message['name']}: {message['content']}")
env.close()
