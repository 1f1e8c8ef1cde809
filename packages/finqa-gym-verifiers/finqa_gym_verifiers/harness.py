"""The harness: model and engine talk in the process of the rollout."""

from __future__ import annotations

from typing import Literal

import verifiers.v1 as vf
from pydantic import Field

from finqa_gym.integrations.chat_client import chat_completion
from finqa_gym.integrations.chat_rollout import play_chat
from finqa_gym_verifiers.task import FinqaState, outcome_of

__all__ = ["FinqaHarness", "FinqaHarnessConfig"]


class FinqaHarnessConfig(vf.HarnessConfig):
    """How the model is asked: ``--env.agent.harness.*``."""

    id: str = "finqa-gym-verifiers"
    text_results: Literal["user", "tool"] = "user"
    """Role of results of calls that stand in the text of a message."""
    max_retries: int = Field(4, ge=0)
    """How often a request is asked again that may be answered another time."""
    backoff_s: float = Field(0.5, ge=0, le=60)
    """Seconds before that; they double."""


class FinqaHarness(vf.Harness[FinqaHarnessConfig]):
    """Plays a task of `FinqaTaskset`; the tools are the engine's, and no program is started.

    An episode that a limit of verifiers stops, or that outgrows the model's context, is truncated
    and scored as such. A model that gives no answer is an error of the rollout.
    """

    APPENDS_SYSTEM_PROMPT = True
    SUPPORTS_MCP = False
    SUPPORTS_RESUME = False
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: vf.ModelContext,
        trace: vf.Trace,
        runtime: vf.Runtime,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: vf.TaskData,
    ) -> vf.ProgramResult:
        """See `verifiers.v1.Harness.launch`.

        Raises:
            TypeError: The task is of another taskset.
        """
        del runtime, mcp_urls
        state = trace.state
        if not isinstance(state, FinqaState) or state.config is None:
            raise TypeError(
                f"harness {self.config.id!r} plays tasks of taskset 'finqa-gym-verifiers'; this "
                f"one is a {trace.task.type}"
            )
        system_prompt, prompt = self.resolve_text_prompt(data)
        engine = state.config.engine()
        # However this ends, also by a timeout, the engine has its place back.
        async with await engine.start(data.id) as episode:
            await play_chat(
                episode,
                chat_completion(
                    endpoint,
                    secret,
                    {"model": ctx.model, "tools": engine.tools},
                    max_retries=self.config.max_retries,
                    backoff_s=self.config.backoff_s,
                    has_ended=lambda: trace.stop_condition is not None,
                ),
                system_prompt=system_prompt or "",
                prompt=prompt,
                text_results=self.config.text_results,
            )
            outcome = state.outcome = outcome_of(episode)
        trace.info["finqa"] = outcome.info
        if outcome.info["truncation_reason"] == "max_turns":
            # For verifiers the rollout would look as if the model had been done.
            trace.stop("max_turns")
        return vf.ProgramResult(exit_code=0, stdout="", stderr="")
