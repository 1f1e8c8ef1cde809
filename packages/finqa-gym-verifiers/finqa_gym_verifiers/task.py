"""A task of finqa-gym as verifiers sees it."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

import verifiers.v1 as vf
from pydantic import BaseModel, Field

from finqa_gym import AsyncEngine, AsyncEpisode, ScriptedPolicy, VectorEnv
from finqa_gym.integrations.engines import shared_corpus, shared_engine
from finqa_gym.integrations.metrics import episode_metrics

__all__ = ["FinqaData", "FinqaState", "FinqaTask", "FinqaTaskConfig", "Outcome"]


class FinqaTaskConfig(vf.TaskConfig):
    """What is played, and by which rules: ``--env.taskset.task.*``.

    It stands here and not in the taskset's configuration because a worker of a trainer gets a task
    as data and this.
    """

    corpus: str | dict[str, Any] = "synthetic"
    """``synthetic[:SEED[:PRESET]]``, a path, or seed, preset and settings of a synthetic corpus."""
    tool_profile: Literal["rllm", "openenv", "compact"] = "rllm"
    answer_mode: Literal["strict", "openenv"] = "strict"
    reward: str | dict[str, Any] = "outcome"
    """"outcome", "binary", "shaped", or fields of `finqa_gym.RewardConfig`."""
    max_turns: int | None = Field(None, ge=1)
    """Messages before an episode is truncated; None is the corpus's own limit, or 20."""
    max_observation_chars: int = Field(8_000, ge=1)
    """Longer tool results are cut."""
    max_episodes: int = Field(1024, ge=1)
    """Episodes that a process plays at the same time; more wait."""

    def options(self) -> dict[str, Any]:
        """Options of `finqa_gym.VectorEnv`."""
        names = ("tool_profile", "answer_mode", "reward", "max_turns", "max_observation_chars")
        return {name: getattr(self, name) for name in names}

    def engine(self) -> AsyncEngine:
        """The engine of this process for these settings."""
        return shared_engine(self.corpus, self.max_episodes, **self.options())


class FinqaData(vf.TaskData):
    """A task without its answer, since it lands in traces. ``id`` is that of the corpus."""

    split: str = ""
    question_type: str = ""


class Outcome(BaseModel):
    """What an episode came to."""

    reward: float
    metrics: dict[str, float]
    info: dict[str, Any]
    """Reasons, in words."""


class FinqaState(vf.State):
    """What the harness of a rollout is told, and what it finds out. Not saved."""

    config: FinqaTaskConfig | None = None
    outcome: Outcome | None = None


class FinqaTask(vf.Task[FinqaData, FinqaState, FinqaTaskConfig]):
    """A question about the tables of a company."""

    @property
    def key(self) -> str:
        """The id in the corpus, which stays the same where the data is written differently."""
        return str(self.data.id)

    async def setup(self, trace: vf.Trace) -> None:
        """Tells the harness by which rules to play: it sees the data of a task and no more."""
        trace.state.config = self.config

    async def validate(self, runtime: vf.Runtime) -> bool | None:
        """Whether the gold program gets the full score through the tools that a model has.

        A task without a gold program has its truth handed in.

        Raises:
            ValueError: It does not; the text says what was handed in and what came of it.
        """
        del runtime
        engine = self.config.engine()
        actions = await asyncio.to_thread(self._gold_actions)
        async with await engine.start(self.data.id) as episode:
            for action in actions:
                await episode.call(action)
            if not episode.over:
                await episode.call(_submission(engine.corpus.task(episode.task_id)["truth"]))
            result = episode.result()
        if not result["is_correct"]:
            why = result["answer_reason"] or result["truncation_reason"]
            raise ValueError(
                f"task {self.data.id!r}: its own answer {result['submission']!r} scores "
                f"{result['outcome']:g} ({why}); 1 is needed"
            )
        return True

    def _gold_actions(self) -> list[str]:
        corpus = shared_corpus(self.config.corpus)
        task = corpus.task(str(self.data.id))
        if not task.get("gold", {}).get("queries"):
            return []
        options = {**self.config.options(), "reward": "outcome"}
        with VectorEnv(corpus, 1, num_threads=1, **options) as env:
            script = ScriptedPolicy("gold", env)
            prompts, infos = env.reset(task_ids=[task["id"]])
            script.reset(infos["env_id"], infos["task_index"])
            live, seen = infos["env_id"], prompts
            actions = []
            while len(live):
                actions += script.act(live, seen)
                live, seen = env.step(actions[-1:], env_ids=live).running()
            return actions

    @vf.reward
    async def finqa(self, trace: vf.Trace) -> float:
        """The engine's reward; 0 where nothing was said."""
        outcome = await self._outcome(trace)
        return 0.0 if outcome is None else outcome.reward

    @vf.metric
    async def episode(self, trace: vf.Trace) -> dict[str, float]:
        """See `finqa_gym.integrations.metrics.episode_metrics`."""
        outcome = await self._outcome(trace)
        return {} if outcome is None else outcome.metrics

    async def _outcome(self, trace: vf.Trace) -> Outcome | None:
        """What the harness saw. A saved trace, or one that ran out of time, is played again.

        The same messages come to the same, so it does not matter who played them.
        """
        # A saved trace has lost its state, and verifiers reads it without the class.
        known: Outcome | None = getattr(trace.state, "outcome", None)
        said = [index for index, node in enumerate(trace.nodes) if node.sampled]
        if known is not None or not said:
            return known
        reasons = {call.node: call.finish_reason for call in trace.calls}
        async with await self.config.engine().start(self.data.id) as episode:
            for index in said:
                if not episode.over:
                    action = _action(trace.nodes[index].message)
                    await episode.call(action, finish_reason=reasons.get(index))
            return outcome_of(episode)


def outcome_of(episode: AsyncEpisode) -> Outcome:
    """What an episode came to; one that still runs is truncated."""
    if not episode.over:
        episode.truncate()
    result = episode.result()
    names = ("truncation_reason", "answer_reason", "failure")
    return Outcome(
        reward=result["reward"],
        metrics=episode_metrics(episode),
        info={name: result[name] for name in names},
    )


def _submission(answer: str) -> Any:
    call = vf.ToolCall(id="call_0", name="submit_answer", arguments=json.dumps({"answer": answer}))
    return _action(vf.AssistantMessage(tool_calls=[call]))


def _action(message: vf.AssistantMessage) -> Any:
    """A message of a trace as the engine was sent it."""
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in message.tool_calls or []
    ]
    text = message.content or ""
    return {"content": text, "tool_calls": calls} if calls else text
