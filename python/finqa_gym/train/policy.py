"""A checkpoint as policy of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym.data import Corpus
from finqa_gym.evaluation.policy import Usage
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.models import quiet_bars, saved_settings, stop_ids_of
from finqa_gym.train.rollout import Limits, play_slots
from finqa_gym.train.sampling import Sampling, TransformersSampler
from finqa_gym.train.settings import ModelSettings
from finqa_gym.vector import VectorEnv

__all__ = ["CheckpointPolicy"]


class CheckpointPolicy:
    """Plays with a model of transformers; see `finqa_gym.evaluation.Policy`.

    Args:
        path: Folder of a checkpoint, or a Hugging Face id. Beside weights that `finqa-gym train`
            saved stands how they were trained to play: ``env_options``.
        temperature: Of sampling; 0 takes the most likely token.
        max_tokens: Most tokens of a message.
        episode_tokens: Most tokens of an episode behind its prompt.
        seed: Of sampling.
        device: Of torch; None takes a GPU if there is one.
        dtype: Of the weights; None is that of the training, or "auto".
        max_rows: Chats of one forward pass.
        tools_in_prompt: Describe the tools in the prompt; None is as trained, else true.
        name: For the records; None is the last part of ``path``.

    Attributes:
        env_options: Arguments of `VectorEnv` that the model was trained with: tool profile and
            prompts. Empty for other models.
        corpus: What it was trained on, as the settings have it; None for other models.
        limits: Tokens of an episode.
    """

    def __init__(
        self,
        path: str,
        *,
        temperature: float = 0.0,
        max_tokens: int | None = None,
        episode_tokens: int | None = None,
        seed: int = 0,
        device: str | None = None,
        dtype: str | None = None,
        max_rows: int = 256,
        tools_in_prompt: bool | None = None,
        name: str | None = None,
    ) -> None:
        """See the class."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        saved = saved_settings(Path(path))
        model = ModelSettings(path, "auto", tools_in_prompt=True) if saved is None else saved.model
        self.env_options: dict[str, Any] = {} if saved is None else saved.env_options
        self.corpus = None if saved is None else saved.env.corpus
        limits = Limits() if saved is None else saved.limits
        self.limits = Limits(
            max_tokens or limits.message_tokens, episode_tokens or limits.episode_tokens
        )
        self._sampling = Sampling(temperature)
        self._seed, self._max_rows = seed, max_rows
        self._options = model.template_options
        self._with_tools = model.tools_in_prompt if tools_in_prompt is None else tools_in_prompt
        self._tokenizer = AutoTokenizer.from_pretrained(path)
        where = device or ("cuda" if torch.cuda.is_available() else "cpu")
        with quiet_bars():
            weights = AutoModelForCausalLM.from_pretrained(path, dtype=dtype or model.dtype)
        self._model = weights.to(where)
        self.name = Path(path).name if name is None else name
        self.settings: dict[str, Any] = {
            "checkpoint": path,
            "temperature": temperature,
            "message_tokens": self.limits.message_tokens,
            "episode_tokens": self.limits.episode_tokens,
            "seed": seed,
            "tools_in_prompt": self._with_tools,
        }

    def play(
        self,
        env: VectorEnv,
        env_ids: NDArray[np.int32],
        observations: list[str],
        infos: dict[str, Any],
    ) -> Usage:
        """See `finqa_gym.evaluation.Policy.play`."""
        # Another stream for each wave, or every attempt at a task would draw the same.
        words = [int(infos[key][0]) for key in ("task_index", "attempt") if key in infos]
        codec = self.codec(env)
        batch = play_slots(
            env,
            codec,
            self.sampler(env, words),
            env_ids,
            codec.prompts(env.system_prompt, observations),
            infos["task_index"],
            limits=self.limits,
        )
        turns = sum(each.num_turns for each in batch.rollouts)
        return Usage(
            prompt_tokens=sum(len(each.prompt_ids) for each in batch.rollouts),
            sampled_tokens=batch.timing.num_sampled,
            wait_s=batch.timing.generation_s,
            requests=turns,
        )

    def env(self, corpus: Corpus, num_envs: int, **changes: Any) -> VectorEnv:
        """An environment as the model was trained in, over any corpus."""
        return VectorEnv(corpus, num_envs, **(self.env_options | changes))

    def codec(self, env: VectorEnv) -> ChatCodec:
        """Chats of ``env`` as ids."""
        return ChatCodec(
            self._tokenizer,
            env.tools if self._with_tools else None,
            stop_ids=stop_ids_of(self._model),
            template_options=self._options,
        )

    def sampler(self, env: VectorEnv, stream: Sequence[int] = ()) -> TransformersSampler:
        """The model as a sampler; another ``stream`` draws other messages."""
        import torch

        seed = int(np.random.SeedSequence([self._seed, *stream]).generate_state(1)[0])
        return TransformersSampler(
            self._model,
            self.codec(env).stop_ids,
            self._sampling,
            max_rows=self._max_rows,
            generator=torch.Generator(self._model.device).manual_seed(seed),
        )
