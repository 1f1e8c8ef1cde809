"""TRL's vLLM, in this process or behind a server, as a sampler.

Chats are handed over whole in every turn; vLLM's prefix cache keeps what it has read. TRL sets its
sampling options, and has handed it the trainer's weights before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from finqa_gym.train.sampling import Sampled

__all__ = ["VllmSampler"]


class VllmSampler:
    """Samples with ``trl.generation.VLLMGeneration``; see `finqa_gym.train.sampling.Sampler`.

    Args:
        generation: TRL's, as ``GRPOTrainer.vllm_generation`` has it.
        stop_ids: Ids that end a message.
    """

    def __init__(self, generation: Any, stop_ids: Collection[int]) -> None:
        """See the class."""
        self._generation = generation
        self._stop_ids = frozenset(stop_ids)
        self._chats: dict[int, list[int]] = {}

    def start(self) -> None:
        """Forgets every chat."""
        self._chats = {}

    def turn(
        self, rows: Sequence[int], new_ids: Sequence[Sequence[int]], max_tokens: Sequence[int]
    ) -> list[Sampled]:
        """The next message of each chat."""
        for row, ids in zip(rows, new_ids, strict=True):
            self._chats.setdefault(row, []).extend(ids)
        before = self._generation.max_completion_length
        # One limit for a batch is all that TRL's interface takes; the rest is cut below.
        self._generation.max_completion_length = max(max_tokens)
        try:
            _, completions, logprobs, _ = self._generation.generate(
                prompts=[self._chats[row] for row in rows], images=None, num_generations=1
            )
        finally:
            self._generation.max_completion_length = before
        sampled = []
        for row, ids, probs, limit in zip(rows, completions, logprobs, max_tokens, strict=True):
            kept = list(ids[:limit])
            self._chats[row] += kept
            drawn = [float(each[0]) for each in probs[:limit]]
            sampled.append(Sampled(kept, drawn, bool(kept) and kept[-1] in self._stop_ids))
        return sampled
