# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym[openenv]"]
# ///
"""Episodes over OpenEnv's protocol: a server of its own process, and OpenEnv's generic client.

The same client talks to a server elsewhere: give its URL instead.

Run: python examples/openenv_client.py [URL]
"""

import asyncio
import subprocess
import sys
from typing import Any

from openenv import GenericEnvClient

SERVE = [sys.executable, "-m", "finqa_gym", "serve", "--openenv", "--port", "0"]


def call(tool: str, **arguments: str) -> dict[str, Any]:
    """A tool call as an action."""
    return {"type": "call_tool", "tool_name": tool, "arguments": arguments}


async def play(url: str, seed: int) -> None:
    """One episode that looks at the first table and gives up."""
    async with GenericEnvClient(base_url=url) as env:
        task = (await env.reset(seed=seed)).observation
        print(f"seed {seed}: {task['prompt']}")
        company = task["company"]
        step = await env.step(call("get_descriptions", company_name=company))
        tables = step.observation["result"]["data"]
        print(f"  tables: {tables[:70]}…")
        step = await env.step(call("get_table_info", company_name=company, table_name="no such"))
        print(f"  {step.observation['error_code']}: {step.observation['data'][:60]}…")
        step = await env.step(call("submit_answer", answer="I do not know"))
        outcome = step.observation["outcome"]
        print(f"  done {step.done}, reward {step.reward}: {outcome['answer_reason']}")


async def play_all(url: str) -> None:
    """One episode, then two at the same time."""
    await play(url, seed=1)
    await asyncio.gather(*(play(url, seed) for seed in (2, 3)))


if len(sys.argv) > 1:
    asyncio.run(play_all(sys.argv[1]))
else:
    serve = [*SERVE, "--corpus", "synthetic:0:tiny"]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(serve, text=True, **quiet) as server:
        asyncio.run(play_all(server.stdout.readline().strip()))  # it prints its URL
        server.terminate()
