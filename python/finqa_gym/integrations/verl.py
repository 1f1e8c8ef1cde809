"""Episodes as an agent loop of verl.

Needs verl, and transformers for the chats. Name it in ``actor_rollout_ref.rollout.agent``::

    agent_loop_config_path: examples/verl/agent_loop.yaml

and train on rows of ``finqa-gym data rows --for verl``, which ask for it by ``agent_name``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from verl.experimental.agent_loop.agent_loop import AgentLoopBase, AgentLoopOutput, register

from finqa_gym.async_episode import AsyncEpisode
from finqa_gym.integrations.engines import engine_of_row
from finqa_gym.integrations.metrics import episode_metrics, metric_names
from finqa_gym.train.codec import ChatCodec

__all__ = ["FinqaAgentLoop"]

_codecs: dict[str, ChatCodec] = {}
_lock = threading.Lock()


@register("finqa_agent")
class FinqaAgentLoop(AgentLoopBase):  # type: ignore[misc,unused-ignore]
    """Plays one episode with verl's servers; all of a worker play in one engine.

    Ids are only appended: what the servers sampled stays as it is, with mask 1 and its log
    probabilities; what the environment says is encoded once, with mask 0.

    Args:
        *args: verl's own.
        stop_ids: Ids that end a message besides the tokenizer's end-of-sequence token: those of the
            model's generation config.
        message_tokens: Most tokens of a message; None leaves it at what is left of the response.
        engine: Options of `finqa_gym.integrations.engines.shared_engine` that come before those of
            the row, such as ``max_episodes``.
        **kwargs: verl's own.
    """

    def __init__(
        self,
        *args: Any,
        stop_ids: Sequence[int] = (),
        message_tokens: int | None = None,
        engine: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """See the class."""
        super().__init__(*args, **kwargs)
        self.stop_ids = list(stop_ids)
        self.message_tokens = message_tokens
        self.engine_options = dict(engine or {})

    async def run(
        self, sampling_params: dict[str, Any], priority: int = 0, **kwargs: Any
    ) -> AgentLoopOutput:
        """Plays the episode of a row.

        Args:
            sampling_params: For the servers.
            priority: Of the row, for them.
            **kwargs: The row: ``raw_prompt`` (messages), and ``extra_info`` with ``task_id`` and
                ``world``.

        Returns:
            Prompt and response of at most ``rollout.prompt_length`` and ``response_length`` ids. An
            episode that uses its response up is truncated and scored as such; what of an
            observation finds no room is left out.

        Raises:
            ValueError: A row that does not say what is played, or a prompt that is not a system
                and a user message.
            NotFoundError: The corpus has no such task.
        """
        info = kwargs["extra_info"]
        engine = engine_of_row(info, **self.engine_options)
        codec = self._codec(engine.tools)
        prompt_ids = self._cap_text_prompt_length(_prompt_ids(codec, kwargs["raw_prompt"]))
        is_fixed = getattr(self.rollout_config, "full_determinism", False)
        play = _Play(prompt_ids, int(self.rollout_config.response_length))
        request = {
            "request_id": f"det-{int(priority)}" if is_fixed else uuid4().hex,
            "priority": int(priority),
        }
        async with await engine.start(info["task_id"]) as episode:
            while not episode.over:
                await self._turn(episode, codec, play, sampling_params, request)
            result = episode.result()
            metrics = episode_metrics(episode)
        names = metric_names(engine.env.rubric_schema)
        extra = {
            **play.extra_fields,
            "turn_scores": [],
            "tool_rewards": [],
            # The same names in each row, or verl could make no columns of them.
            "reward_extra_info": {name: metrics.get(name, float("nan")) for name in names},
        }
        return AgentLoopOutput(
            prompt_ids=prompt_ids,
            response_ids=play.ids,
            response_mask=play.mask,
            response_logprobs=play.logprobs if play.has_logprobs else None,
            reward_score=float(result["reward"]),
            num_turns=1 + play.num_messages,
            metrics=play.metrics,
            extra_fields=extra,
        )

    async def _turn(
        self,
        episode: AsyncEpisode,
        codec: ChatCodec,
        play: _Play,
        sampling_params: dict[str, Any],
        request: dict[str, Any],
    ) -> None:
        limits = [sampling_params.get("max_tokens"), self.message_tokens, play.room]
        began = time.perf_counter()
        output = await self.server_manager.generate(
            prompt_ids=play.prompt_ids + play.ids,
            sampling_params={
                **sampling_params,
                "max_tokens": min(limit for limit in limits if limit is not None),
            },
            **request,
        )
        generated = time.perf_counter()
        ids = list(output.token_ids)[: play.room]
        counts = (len(play.prompt_ids) + len(play.ids), len(ids))
        stopped = bool(ids) and ids[-1] in codec.stop_ids
        play.append_message(ids, output)
        turn = await episode.call(
            codec.text(ids),
            finish_reason="stop" if stopped else "length",
            num_tokens=counts,
        )
        play.metrics["generate_sequences"] += generated - began
        play.metrics["tool_calls"] += time.perf_counter() - generated
        if not turn.over:
            seen = codec.observation(turn.messages, stopped=stopped)
            # A message must fit behind it: an observation at the very end teaches nothing.
            if len(seen) < play.room:
                play.append_observation(seen, len(turn.messages))
            else:
                episode.truncate()

    def _codec(self, tools: list[dict[str, Any]]) -> ChatCodec:
        """Found out once how the template frames messages: verl makes a loop for each row."""
        options = json.loads(json.dumps(dict(self.apply_chat_template_kwargs)))
        key = json.dumps([id(self.tokenizer), tools, self.stop_ids, options], sort_keys=True)
        with _lock:
            if key not in _codecs:
                _codecs[key] = ChatCodec(
                    self.tokenizer, tools, stop_ids=self.stop_ids, template_options=options
                )
            return _codecs[key]


class _Play:
    """The ids of a chat behind its prompt."""

    def __init__(self, prompt_ids: list[int], length: int) -> None:
        self.prompt_ids = prompt_ids
        self.length = length
        self.ids: list[int] = []
        self.mask: list[int] = []
        self.logprobs: list[float] = []
        self.has_logprobs = True
        self.num_messages = 0
        self.extra_fields: dict[str, Any] = {}
        self.metrics: dict[str, Any] = {
            "generate_sequences": 0.0,
            "tool_calls": 0.0,
            "num_preempted": -1,
        }

    @property
    def room(self) -> int:
        return self.length - len(self.ids)

    def append_message(self, ids: list[int], output: Any) -> None:
        self.ids += ids
        self.mask += [1] * len(ids)
        if output.log_probs is None:
            self.has_logprobs = False
        else:
            self.logprobs += list(output.log_probs)[: len(ids)]
        self.num_messages += 1
        if output.num_preempted is not None:
            self.metrics["num_preempted"] = max(self.metrics["num_preempted"], 0)
            self.metrics["num_preempted"] += output.num_preempted
        # Of several turns a trainer wants the first and the last version of the weights.
        first = self.extra_fields.get("min_global_steps")
        self.extra_fields.update(output.extra_fields)
        if first is not None:
            self.extra_fields["min_global_steps"] = first

    def append_observation(self, ids: list[int], num_messages: int) -> None:
        self.ids += ids
        self.mask += [0] * len(ids)
        self.logprobs += [0.0] * len(ids)
        self.num_messages += num_messages


def _prompt_ids(codec: ChatCodec, raw: Sequence[Mapping[str, Any]]) -> list[int]:
    """Ids of the messages of a row; what is before the question is encoded once."""
    messages = list(raw)
    roles = [message["role"] for message in messages]
    if roles not in (["user"], ["system", "user"]):
        raise ValueError(
            f"raw_prompt has messages of {roles}; a user message, with or without a system message "
            "before it, is needed"
        )
    system = messages[0]["content"] if len(messages) == 2 else ""
    return codec.prompts(system, [messages[-1]["content"]])[0]
