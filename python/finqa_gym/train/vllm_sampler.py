"""TRL's vLLM, in this process or behind a server, as a sampler.

Chats are handed over whole in every turn; vLLM's prefix cache keeps what it has read. TRL sets its
sampling options, and has handed it the trainer's weights before.

Where several processes share one vLLM, all of them must ask it at the same time, with as many chats
each: TRL gathers what they ask, and gives every process the same share of the answers. Episodes end
when they end, so `VllmSampler` spreads the chats of all processes evenly before each turn, and a
process whose episodes are over goes on asking for the others (`VllmSampler.finish`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from finqa_gym.train.sampling import Sampled

__all__ = ["VllmSampler", "awake"]

Message = tuple[list[int], list[float]]
"""Ids, and the log-probability of each."""


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
        self._peers = _peers(generation)

    def start(self) -> None:
        """Forgets every chat."""
        self._chats = {}

    def turn(
        self, rows: Sequence[int], new_ids: Sequence[Sequence[int]], max_tokens: Sequence[int]
    ) -> list[Sampled]:
        """The next message of each chat."""
        for row, ids in zip(rows, new_ids, strict=True):
            self._chats.setdefault(row, []).extend(ids)
        messages = self._together([self._chats[row] for row in rows], max(max_tokens))
        sampled = []
        for row, (ids, logprobs), limit in zip(rows, messages, max_tokens, strict=True):
            # One limit for a batch is all that TRL's interface takes.
            kept = ids[:limit]
            self._chats[row] += kept
            stopped = bool(kept) and kept[-1] in self._stop_ids
            sampled.append(Sampled(kept, logprobs[:limit], stopped))
        return sampled

    def finish(self) -> None:
        """Takes part in the turns of the other processes until their episodes are over, too."""
        while self._peers is not None and self._round([], 0) is not None:
            pass

    def _together(self, chats: list[list[int]], limit: int) -> list[Message]:
        if self._peers is None:
            return self._ask(chats, limit)
        return self._round(chats, limit) or []

    def _round(self, chats: list[list[int]], limit: int) -> list[Message] | None:
        """A turn of all processes; None if no process has a chat left."""
        assert self._peers is not None
        rank, size, group = self._peers
        asked = _gathered((chats, limit), size, group)
        everyones = list(itertools.chain.from_iterable(each for each, _ in asked))
        if not everyones:
            return None
        share = -(-len(everyones) // size)
        # At most one chat a process is asked twice, to make the shares even.
        even = everyones + everyones[:1] * (share * size - len(everyones))
        mine = self._ask(even[rank * share : (rank + 1) * share], max(most for _, most in asked))
        answers = list(itertools.chain.from_iterable(_gathered(mine, size, group)))
        first = sum(len(each) for each, _ in asked[:rank])
        return answers[first : first + len(chats)]

    def _ask(self, chats: list[list[int]], limit: int) -> list[Message]:
        generation = self._generation
        before = generation.max_completion_length
        generation.max_completion_length = limit
        try:
            _, completions, logprobs, _ = generation.generate(
                prompts=chats, images=None, num_generations=1
            )
        finally:
            generation.max_completion_length = before
        return [
            # What vLLM could not score is NaN to it, None to TRL, and NaN again to TRL's trainer.
            (list(ids), [math.nan if each[0] is None else float(each[0]) for each in probs])
            for ids, probs in zip(completions, logprobs, strict=True)
        ]


@contextmanager
def awake(generation: Any) -> Iterator[None]:
    """Keeps a vLLM that sleeps between generations awake from the first turn to the last.

    TRL would put it to sleep after every turn, and with it away what it has read of the chats; the
    weights would be handed over once a turn.
    """
    if generation.mode != "colocate" or not generation.enable_sleep_mode:
        yield
        return
    if generation._llm_weights_sleeping:
        generation.sync_weights()
    generation.llm.wake_up(tags=["kv_cache"])
    generation.enable_sleep_mode = False
    try:
        yield
    finally:
        generation.enable_sleep_mode = True
        generation.llm.sleep(level=2)
        generation._llm_weights_sleeping = True


def _peers(generation: Any) -> tuple[int, int, Any] | None:
    """(rank, size, group) of the processes that share ``generation``'s vLLM; None if alone."""
    import torch.distributed as dist

    if generation.mode == "server" and generation.accelerator.num_processes > 1:
        return dist.get_rank(), dist.get_world_size(), None
    if generation.mode == "colocate" and generation.tensor_parallel_size > 1:
        group = generation.tp_group
        return dist.get_rank(group), dist.get_world_size(group), group
    return None


def _gathered(value: Any, size: int, group: Any) -> list[Any]:
    """``value`` of each process."""
    import torch.distributed as dist

    values: list[Any] = [None] * size
    dist.all_gather_object(values, value, group=group)
    return values
