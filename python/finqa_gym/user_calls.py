"""Running the calls of user tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from finqa_gym import _native, step_batch
from finqa_gym.step_batch import StepBatch
from finqa_gym.tools import UserTool

__all__ = ["finish_turns"]


def finish_turns(
    native: _native.VectorEnv, tools: Mapping[str, UserTool], received: _native._Received
) -> tuple[StepBatch, BaseException | None]:
    """Runs calls of user tools, a round for all slots at a time, until every turn is finished.

    Meanwhile turns of other slots may finish: rows come in order of completion.

    Returns:
        The rows, and what a tool raised: no slot waits any more then.
    """
    batch, calls = step_batch.from_native(received), received[2]
    if not calls:
        return batch, None
    parts: list[StepBatch] = []
    failure: BaseException | None = None
    while calls:
        waiting = {env_id for env_id, _, _ in calls}
        done = [row for row, slot in enumerate(batch.env_ids.tolist()) if slot not in waiting]
        parts.append(step_batch.take_rows(batch, done))
        results, error = _run_user_tools(tools, calls, skip=failure is not None)
        failure = failure or error
        native.resume(results)
        received = native.recv(len(results))
        batch, calls = step_batch.from_native(received), received[2]
    return step_batch.join([*parts, batch]), failure


def _run_user_tools(
    tools: Mapping[str, UserTool], calls: list[tuple[int, str, str]], *, skip: bool
) -> tuple[list[tuple[int, str, bool]], BaseException | None]:
    """Results of ``calls``; if ``skip``, none is run, since the step is going to raise.

    Args:
        tools: The tools by name.
        calls: (env_id, tool, arguments as JSON).
        skip: Say of every call that its tool failed.

    Returns:
        (env_id, text, is an error) for each call, and what a tool raised.
    """
    results: list[tuple[int, str, bool]] = []
    error: BaseException | None = None
    for name in dict.fromkeys(name for _, name, _ in calls):
        mine = [(env_id, json.loads(arguments)) for env_id, n, arguments in calls if n == name]
        texts = [("Error: the tool failed.", True)] * len(mine)
        # Whatever is raised, Ctrl-C included, is raised again once no slot waits any more.
        try:
            if not skip and error is None:
                texts = _run(tools[name], [arguments for _, arguments in mine])
        except BaseException as raised:
            error = raised
        results += [(env_id, *text) for (env_id, _), text in zip(mine, texts, strict=True)]
    return results, error


def _run(tool: UserTool, calls: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """One (text, is an error) for each call."""
    outputs = tool.function(calls)
    if isinstance(outputs, str):
        msg = f"tool {tool.name!r} returned one str; a list with one result for each call is needed"
        raise TypeError(msg)
    outputs = list(outputs)
    if len(outputs) != len(calls):
        msg = (
            f"tool {tool.name!r} returned {len(outputs)} results for {len(calls)} calls; "
            "one result for each call is needed"
        )
        raise ValueError(msg)
    return [
        # Lone surrogates have no UTF-8 form.
        (str(output).encode("utf-8", "replace").decode(), isinstance(output, Exception))
        for output in outputs
    ]
