"""The batched way into TRL's GRPOTrainer: slots, a rollout function, a reward function.

TRL gives every rollout a slot object (`Slot`), which only takes down the row's task.
`ToolRollout`, the trainer's ``rollout_func``, then plays all slots together, and hands back ids,
log-probabilities and the mask of what the policy sampled. The reward comes from the environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from finqa_gym.data import Corpus
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.rollout import Limits, RolloutBatch, Timing, rollout
from finqa_gym.train.sampling import Sampler, Sampling, TransformersSampler
from finqa_gym.train.split_weights import whole_weights
from finqa_gym.trajectories import Recording
from finqa_gym.vector import VectorEnv

__all__ = ["Slot", "ToolRollout", "behaviour", "env_reward"]

UNKNOWN_SAMPLING = {"top_p": 1.0, "top_k": 0, "min_p": None, "repetition_penalty": 1.0}
"""Arguments of ``trl.GRPOConfig`` that only vLLM's sampler knows, and their neutral values."""


class Slot:
    """A rollout's place. Has no method but ``reset``: any other would be a tool to TRL."""

    def __init__(self) -> None:
        self.task_id = ""
        self.outcome: Any = None

    def reset(self, *, task_id: str, **_: Any) -> None:
        """Takes down the task of the row."""
        self.task_id = task_id
        self.outcome = None


class ToolRollout:
    """What ``GRPOTrainer(rollout_func=...)`` calls for the episodes of a generation batch.

    Goes with ``environment_factory=Slot`` and ``reward_funcs=env_reward``, and with a dataset that
    has a column ``task_id``. Temperature and ``max_completion_length`` are the trainer's. Ids are
    never encoded anew. With ``use_vllm`` the trainer's vLLM generates, in this process or behind
    its server; else the trainer's model does, whose keys and values stay from turn to turn.

    Args:
        corpus: As for `VectorEnv`.
        codec: Turns chats into ids. None makes one of the trainer's tokenizer, with the tools in
            the prompt.
        message_tokens: Of one message at most.
        max_rows: Chats of one forward pass.
        record: Folder in which every episode is written down; None for none.
        on_batch: Called with each batch and the trainer's step.
        **env_options: Options of `VectorEnv`.

    Attributes:
        timing: What took how long so far.
    """

    def __init__(
        self,
        corpus: Corpus | None = None,
        codec: ChatCodec | None = None,
        *,
        message_tokens: int = 256,
        max_rows: int = 256,
        record: Path | None = None,
        on_batch: Callable[[RolloutBatch, int], None] = lambda *_: None,
        **env_options: Any,
    ) -> None:
        """See the class."""
        self.timing = Timing()
        self._corpus, self._codec = corpus, codec
        self._message_tokens, self._max_rows = message_tokens, max_rows
        self._record = record
        self._on_batch = on_batch
        self._options = env_options
        self._env: VectorEnv | None = None

    def __call__(self, prompts: list[Any], trainer: Any) -> dict[str, list[Any]]:
        """Plays the slots of ``trainer.environments``, one for each prompt."""
        slots: list[Slot] = trainer.environments
        step = trainer.state.global_step
        env = self._env_of(len(prompts), step)
        codec = self._codec_of(trainer, env)
        episode_tokens = trainer.args.max_completion_length
        limits = Limits(min(self._message_tokens, episode_tokens), episode_tokens)
        with self._sampler(trainer, codec) as sampler:
            batch = rollout(
                env, codec, sampler, task_ids=[slot.task_id for slot in slots], limits=limits
            )
        self.timing = self.timing + batch.timing
        for row, slot in enumerate(slots):
            slot.outcome = (batch, row)
        self._on_batch(batch, step)
        return {
            "prompt_ids": [each.prompt_ids for each in batch.rollouts],
            "completion_ids": [each.completion_ids for each in batch.rollouts],
            "logprobs": [each.logprobs for each in batch.rollouts],
            "env_mask": [each.mask for each in batch.rollouts],
        }

    def close(self) -> None:
        """Ends the environment, and the recording."""
        if self._env is not None:
            self._env.close()
            self._env = None

    def _env_of(self, size: int, step: int) -> VectorEnv:
        if self._env is None or self._env.num_envs != size:
            self.close()
            record = None
            if self._record is not None:
                record = Recording(self._record, policy="grpo", policy_step=step)
            self._env = VectorEnv(
                self._corpus,
                size,
                record=record,
                keep_messages=record is not None,
                **self._options,
            )
        if self._record is not None:
            self._env.policy_step = step
        return self._env

    def _codec_of(self, trainer: Any, env: VectorEnv) -> ChatCodec:
        if self._codec is None:
            from finqa_gym.train.models import stop_ids_of

            stop_ids = stop_ids_of(trainer.accelerator.unwrap_model(trainer.model))
            self._codec = ChatCodec(trainer.processing_class, env.tools, stop_ids=stop_ids)
        return self._codec

    @contextmanager
    def _sampler(self, trainer: Any, codec: ChatCodec) -> Iterator[Sampler]:
        """The trainer's model as it is now, out of its wrappers, as a sampler."""
        if trainer.use_vllm:
            from finqa_gym.train.vllm_sampler import VllmSampler, awake

            with awake(trainer.vllm_generation):
                vllm = VllmSampler(trainer.vllm_generation, codec.stop_ids)
                yield vllm
                vllm.finish()
            return
        for name, neutral in UNKNOWN_SAMPLING.items():
            value = getattr(trainer.args, name)
            if value != neutral:
                raise ValueError(
                    f"{name} is {value!r} in the trainer's arguments, which only vLLM's sampler "
                    "knows; leave it out, or set use_vllm"
                )
        from trl.models import unwrap_model_for_generation

        whole = unwrap_model_for_generation(
            trainer.model_wrapped,
            trainer.accelerator,
            # `whole_weights` does, whatever the split; DeepSpeed refuses to do it twice.
            gather_deepspeed3_params=False,
        )
        with whole as model, whole_weights(model):
            yield TransformersSampler(
                model,
                codec.stop_ids,
                Sampling(trainer.args.temperature),
                max_rows=self._max_rows,
            )


def env_reward(
    environments: Sequence[Slot], log_metric: Any = None, **_: Any
) -> list[float | None]:
    """Rewards of the slots; None where a fault of the machine ended an episode.

    Behaviour is logged beside it: every flag and check as ``behaviour/NAME``.
    """
    batch: RolloutBatch = environments[0].outcome[0]
    if log_metric is not None:
        for name, value in behaviour(batch).items():
            log_metric(name, value)
    outcomes = [slot.outcome[0].rollouts[slot.outcome[1]] for slot in environments]
    return [None if each.faulty else each.reward for each in outcomes]


def behaviour(batch: RolloutBatch) -> dict[str, float]:
    """Means over a batch, by the names under which they are logged."""
    rollouts = batch.rollouts
    logged = {
        "pass_at_1": float(batch.infos["is_correct"].mean()),
        "episode/turns": float(np.mean([each.num_turns for each in rollouts])),
        "episode/cut": float(np.mean([each.cut for each in rollouts])),
        "episode/errors": float(batch.infos["num_errors"].mean()),
        "time/env_share": batch.timing.env_share,
        "time/generation_s": batch.timing.generation_s,
        "time/rollout_s": batch.timing.total_s,
        "rate/env_steps_per_s": batch.timing.num_steps / batch.timing.total_s,
        "rate/sampled_tokens_per_s": batch.timing.num_sampled / batch.timing.total_s,
    }
    means = batch.flag_means | batch.check_means
    logged |= {f"behaviour/{name}": value for name, value in means.items()}
    return logged
