"""What goes over the wire. Every field is declared: metadata does not reach older clients."""

from __future__ import annotations

from typing import Any

from openenv.core.env_server.mcp_types import (
    CallToolObservation,
    ListToolsObservation,
    ToolError,
    ToolErrorType,
)
from openenv.core.env_server.types import Observation, State
from pydantic import Field, RootModel

from finqa_gym.async_episode import AsyncEpisode, Turn

__all__ = [
    "FinalObservation",
    "FinqaState",
    "StepObservation",
    "TaskObservation",
    "ToolObservation",
    "final_observation",
    "refusal",
    "task_observation",
    "tool_observation",
]

TOLD_AT_THE_END = (
    "submission", "score", "is_correct", "answer_reason", "outcome", "process", "failure",
    "failures", "wrong_answer", "flags", "checks", "criteria",
)  # fmt: skip
"""What the last observation tells of `AsyncEpisode.result`."""
NOT_FOUND, BAD_ARGUMENTS = "unknown_tool", "bad_arguments"
"""Codes of the engine that OpenEnv has error types for; all other mistakes are results."""


class TaskObservation(Observation):
    """What ``reset`` brings: the task.

    No field is called ``tools``: OpenEnv's client would take it for an answer to ``list_tools``.
    """

    question: str = Field(description="The question alone")
    company: str = Field(description="The company that it asks about, the first of several")
    companies: list[str] = Field(description="All of them")
    unit_hint: str = Field(default="", description="In which unit to answer")
    prompt: str = Field(description="The task as the text that a model is given")
    system_prompt: str = Field(description="What a chat opens with")
    available_tools: list[str] = Field(description="Names of the tools")
    task_id: str
    split: str
    max_turns: int = Field(description="Calls before the episode is truncated")


class ToolObservation(CallToolObservation):
    """What a call of a running episode brings.

    ``result`` has the form that an MCP server's results have in OpenEnv; ``data`` repeats its text
    because ``MCPToolClient.call_tool`` returns exactly that.
    """

    data: str = Field(description="The tool's text, also that of an error")
    turn: int = Field(description="Calls so far")
    error_code: str | None = Field(default=None, description="The engine's name of a mistake")


class FinalObservation(CallToolObservation):
    """What the call brings that ends an episode. It alone tells of answers and scores."""

    turn: int = Field(description="Calls in all")
    truncated: bool = Field(description="It ended without an answer")
    truncation_reason: str | None = Field(default=None, description="Why it was cut off")
    outcome: dict[str, Any] = Field(description="Score, flags and checks of the episode")
    ground_truth: str | None = Field(default=None, description="Only if the server reveals it")


class StepObservation(
    RootModel[ToolObservation | FinalObservation | CallToolObservation | ListToolsObservation]
):
    """Whatever a step may bring: what ``/schema`` says of observations."""


class FinqaState(State):
    """State of a session; holds nothing that an answer could be taken from."""

    task_id: str | None = None
    split: str | None = None
    question: str | None = None
    company: str | None = None
    done: bool = False
    max_turns: int = 0


def task_observation(
    episode: AsyncEpisode, task: dict[str, Any], tool_names: list[str]
) -> TaskObservation:
    """The task of a new episode, without its gold program and truth."""
    companies = list(task["companies"])
    return TaskObservation(
        question=task["question"],
        company=companies[0] if companies else "",
        companies=companies,
        unit_hint=task.get("unit_hint", ""),
        prompt=episode.prompt,
        system_prompt=episode.engine.system_prompt,
        available_tools=tool_names,
        task_id=task["id"],
        split=task["split"],
        max_turns=episode.engine.env.max_turns,
        done=False,
        reward=0.0,
    )


def tool_observation(name: str, turn: Turn, error_code: str | None) -> ToolObservation:
    """A turn of an episode that goes on; its reward is 0."""
    text = turn.observation
    error = None
    if error_code == NOT_FOUND:
        error = ToolError(error_type=ToolErrorType.TOOL_NOT_FOUND, message=text)
    elif error_code == BAD_ARGUMENTS:
        error = ToolError(error_type=ToolErrorType.INVALID_ARGS, message=text)
    result = None if error else {"data": text, "is_error": error_code is not None}
    return ToolObservation(
        tool_name=name,
        result=result,
        error=error,
        data=text,
        turn=int(turn.info["turn"]),
        error_code=error_code,
        reward=turn.reward,
    )


def final_observation(
    name: str, turn: Turn, episode: AsyncEpisode, ground_truth: str | None
) -> FinalObservation:
    """The turn that ended an episode.

    A fault of ours has no reward: whoever trains leaves the episode out.
    """
    result = episode.result()
    reason = result["truncation_reason"]
    faulty = reason is not None and (reason.startswith("infra_") or reason == "worker_panic")
    error = None
    if faulty:
        told = f"a fault of the server ended the episode ({reason}); leave it out"
        error = ToolError(error_type=ToolErrorType.EXECUTION_ERROR, message=told)
    return FinalObservation(
        tool_name=name,
        result={"data": turn.observation, "is_error": faulty},
        error=error,
        turn=result["turn"],
        truncated=turn.truncated,
        truncation_reason=reason,
        outcome={key: result[key] for key in TOLD_AT_THE_END},
        ground_truth=ground_truth,
        done=True,
        reward=None if faulty else turn.reward,
    )


def refusal(name: str, text: str, *, done: bool) -> CallToolObservation:
    """A call that no episode took."""
    error = ToolError(error_type=ToolErrorType.EXECUTION_ERROR, message=text)
    return CallToolObservation(tool_name=name, error=error, done=done, reward=None)
