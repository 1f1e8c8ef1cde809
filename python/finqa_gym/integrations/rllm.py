"""rLLM's agent and evaluator: ``rllm eval DATASET --agent finqa-gym --evaluator finqa-gym``.

Needs rLLM, which brings httpx. The rows are those of ``finqa-gym data rows --for rllm``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from rllm.eval.types import EvalOutput, Signal
from rllm.types import AgentConfig, Episode, Step, Trajectory

from finqa_gym.async_episode import AsyncEpisode
from finqa_gym.integrations.chat_client import chat_completion
from finqa_gym.integrations.chat_rollout import play_chat
from finqa_gym.integrations.engines import engine_of_row
from finqa_gym.integrations.loop_thread import run_in_loop
from finqa_gym.integrations.metrics import episode_metrics

__all__ = ["FinqaAgent", "FinqaEvaluator", "finqa_agent", "finqa_evaluator"]

ARTIFACT = "finqa_gym"
"""Where an episode carries its score from the agent to the evaluator."""
NOT_OPENAI = ("top_k",)
"""Sampling that rLLM passes on and a chat endpoint refuses."""


class FinqaAgent:
    """An AgentFlow: plays a task with the model behind rLLM's gateway, in the engine.

    All episodes of a process play in one engine. The gateway keeps the tokens; what the model said
    goes back to it as it came.

    Args:
        engine: Options of `finqa_gym.integrations.engines.shared_engine` that come before those of
            the row.
    """

    def __init__(self, engine: Mapping[str, Any] | None = None) -> None:
        """See the class."""
        self.engine_options = dict(engine or {})

    async def arun(self, task: Any, config: AgentConfig) -> Episode:
        """Plays the task to its end.

        Args:
            task: rLLM's Task; its row holds ``task_id`` and ``world``.
            config: The gateway's address, and the model.

        Returns:
            One trajectory with a step for each message; ``artifacts["answer"]`` is what was
            submitted, and the score goes along for `FinqaEvaluator`.

        Raises:
            ConnectionError: The gateway gives no answer.
            ValueError: A row that does not say what is played.
            NotFoundError: The corpus has no such task.
        """
        row = _row(task)
        engine = engine_of_row(row, **self.engine_options)
        sampling = dict(getattr(config, "sampling_params", None) or {})
        for name in NOT_OPENAI:
            sampling.pop(name, None)
        body = {"model": config.model, "tools": engine.tools, **sampling}
        async with await engine.start(row["task_id"]) as episode:
            chat = await play_chat(episode, chat_completion(config.base_url, "EMPTY", body))
            score = _score(episode)
            answer = episode.result()["submission"] or ""
        steps = _steps(chat, score["reward"])
        return Episode(
            task=row,
            trajectories=[Trajectory(name="finqa", steps=steps, output=answer)],
            artifacts={"answer": answer, "turns": len(steps), ARTIFACT: score},
            metrics=dict(score["metrics"]),
        )

    def run(self, task: Any, config: AgentConfig) -> Episode:
        """`arun` for callers without an event loop."""
        return asyncio.run(self.arun(task, config))


class FinqaEvaluator:
    """An Evaluator: the engine's reward, without a judge.

    An episode of another agent is scored by ``artifacts["answer"]`` alone: it is submitted in an
    episode of its own, so what the agent did on the way there is not seen.

    Args:
        engine: As for `FinqaAgent`.
    """

    def __init__(self, engine: Mapping[str, Any] | None = None) -> None:
        """See the class."""
        self.engine_options = dict(engine or {})

    def evaluate(self, task: Any, episode: Episode) -> EvalOutput:
        """Reward, whether it is right, and as signals what a rollout's metrics are elsewhere.

        Raises:
            ValueError: A row that does not say what was played.
            NotFoundError: The corpus has no such task.
        """
        score = episode.artifacts.get(ARTIFACT)
        if score is None:
            answer = str(episode.artifacts.get("answer", ""))
            score = run_in_loop(self._submitted(_row(task), answer))
        return EvalOutput(
            reward=score["reward"],
            is_correct=bool(score["metrics"]["is_correct"]),
            signals=[Signal(name=name, value=value) for name, value in score["metrics"].items()],
            metadata=dict(score["reasons"]),
        )

    async def _submitted(self, row: Mapping[str, Any], answer: str) -> dict[str, Any]:
        engine = engine_of_row(row, **self.engine_options)
        async with await engine.start(row["task_id"]) as episode:
            if answer:
                function = {"name": "submit_answer", "arguments": json.dumps({"answer": answer})}
                call = {"id": "call_0", "type": "function", "function": function}
                await episode.call({"content": "", "tool_calls": [call]})
            if not episode.over:
                episode.truncate()
            return _score(episode)


def _row(task: Any) -> Mapping[str, Any]:
    """The row behind a task, which rLLM hands over as it is or in a Task of its version."""
    row = task if isinstance(task, Mapping) else getattr(task, "metadata", None)
    if not row:
        row = getattr(task, "data", None)
    if not isinstance(row, Mapping) or "task_id" not in row:
        raise ValueError(
            f"the row of the task is {row!r}; task_id and world are needed, as "
            "`finqa-gym data rows --for rllm` writes them"
        )
    return row


def _score(episode: AsyncEpisode) -> dict[str, Any]:
    result = episode.result()
    names = ("truncation_reason", "answer_reason", "failure")
    return {
        "reward": float(result["reward"]),
        "metrics": episode_metrics(episode),
        "reasons": {name: result[name] for name in names},
    }


def _steps(chat: list[dict[str, Any]], reward: float) -> list[Step]:
    """A step for each message of the model; the last one has the reward."""
    said = [index for index, message in enumerate(chat) if message["role"] == "assistant"]
    steps = []
    for index in said:
        text = chat[index].get("content") or ""
        is_last = index == said[-1]
        fields = {
            "input": chat[:index],
            "output": text,
            "chat_completions": chat[: index + 1],
            "model_response": text,
            "action": chat[index].get("tool_calls") or text,
            "reward": reward if is_last else 0.0,
            "done": is_last,
        }
        # Versions of rLLM differ in what a step has.
        steps.append(Step(**{k: v for k, v in fields.items() if k in Step.model_fields}))
    return steps


finqa_agent = FinqaAgent()
finqa_evaluator = FinqaEvaluator()
