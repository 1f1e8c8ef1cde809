"""Samplers: what generates a batch of messages, turn by turn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Sampled", "Sampler", "Sampling", "TransformersSampler"]


@dataclass(frozen=True)
class Sampled:
    """A message.

    Attributes:
        ids: What was sampled, with the stop token if there was one.
        logprobs: Of each id, under the distribution that it was drawn from.
        stopped: Ended with a stop token; else its limit of tokens cut it.
    """

    ids: list[int]
    logprobs: list[float]
    stopped: bool


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn.

    Attributes:
        temperature: 0 takes the most likely token.
        top_p: Only the most likely tokens that together have this probability.
        top_k: Only so many tokens; 0 is all.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0

    def __post_init__(self) -> None:
        """Ranges."""
        if not self.temperature >= 0:
            raise ValueError(f"temperature is {self.temperature}; it must be 0 or more")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; it must be above 0 and at most 1")
        if self.top_k < 0:
            raise ValueError(f"top_k is {self.top_k}; it must be 0 (all) or more")


class Sampler(Protocol):
    """Generates messages of chats that it keeps in mind.

    A turn hands over what is new in each chat. Chats that a turn does not name are over.
    """

    def start(self) -> None:
        """Forgets every chat, and takes up new weights."""

    def turn(
        self, rows: Sequence[int], new_ids: Sequence[Sequence[int]], max_tokens: Sequence[int]
    ) -> list[Sampled]:
        """The next message of each chat.

        Args:
            rows: Chats, by numbers of the caller; in the first turn new ones, then some of these.
            new_ids: Per chat what came behind its last message; the prompt in the first turn.
            max_tokens: Per chat the most tokens of the message, at least 1.
        """


class TransformersSampler:
    """Samples with a model of transformers, whose keys and values stay from turn to turn.

    A turn feeds only new tokens, whatever came before. Chats of different length share a batch:
    what is not there is masked, and chats that are over leave the batch. Memory: rows x tokens x
    layers of keys and values; ``max_rows`` bounds the rows of one forward pass.

    Args:
        model: A causal language model. Its mode (train or eval) is restored after each turn.
        stop_ids: Ids that end a message (`ChatCodec.stop_ids`).
        sampling: How tokens are drawn.
        max_rows: Chats in one batch; more are generated one part after the other.
        generator: Source of randomness; None is torch's own of the model's device, whose state
            trainers keep in checkpoints.
    """

    def __init__(
        self,
        model: Any,
        stop_ids: Collection[int],
        sampling: Sampling = Sampling(),
        *,
        max_rows: int = 256,
        generator: Any = None,
    ) -> None:
        """See the class."""
        if max_rows < 1:
            raise ValueError(f"max_rows is {max_rows}; it must be at least 1")
        self.model = model
        self.sampling = sampling
        self.stop_ids = sorted(stop_ids)
        self.max_rows = max_rows
        self.generator = generator
        self._parts: list[Any] = []

    def start(self) -> None:
        """Forgets every chat."""
        self._parts = []

    def turn(
        self, rows: Sequence[int], new_ids: Sequence[Sequence[int]], max_tokens: Sequence[int]
    ) -> list[Sampled]:
        """See `Sampler`."""
        import torch

        from finqa_gym.train.chat_cache import ChatBatch

        if not self._parts:
            self._parts = [
                ChatBatch(self.model, list(rows[i : i + self.max_rows]))
                for i in range(0, len(rows), self.max_rows)
            ]
        given = {r: (ids, n) for r, ids, n in zip(rows, new_ids, max_tokens, strict=True)}
        sampled: dict[int, Sampled] = {}
        was_training = self.model.training
        self.model.eval()
        try:
            with torch.inference_mode():
                for part in self._parts:
                    sampled |= self._turn_of(part, given)
        finally:
            self.model.train(was_training)
        self._parts = [part for part in self._parts if part.rows]
        return [sampled[row] for row in rows]

    def _turn_of(
        self, part: Any, given: dict[int, tuple[Sequence[int], int]]
    ) -> dict[int, Sampled]:
        import torch

        part.keep([row for row in part.rows if row in given])
        rows = list(part.rows)
        if not rows:
            return {}
        device = self.model.device
        limits = torch.tensor([given[row][1] for row in rows], device=device)
        stops = torch.tensor(self.stop_ids, device=device)
        logits = part.feed([given[row][0] for row in rows])
        running = torch.ones(len(rows), dtype=torch.bool, device=device)
        tokens, logprobs, counted = [], [], []
        for length in range(1, int(limits.max()) + 1):
            chosen, chosen_logprobs = self._draw(logits, rows, length - 1)
            tokens.append(chosen)
            logprobs.append(chosen_logprobs)
            counted.append(running)
            stopped = running & torch.isin(chosen, stops)
            running = running & ~stopped & (limits > length)
            if not bool(running.any()):
                break
            logits = part.feed_one(chosen, running)
        ids = torch.stack(tokens, 1)
        counts = torch.stack(counted, 1).sum(1)
        last = ids.gather(1, (counts - 1).unsqueeze(1)).squeeze(1)
        # Ends of messages were not fed: the next turn, if there is one, does that.
        part.pending(last)
        ended = torch.isin(last, stops).tolist()
        ids_list, probs_list = ids.tolist(), torch.stack(logprobs, 1).tolist()
        return {
            row: Sampled(ids_list[i][:n], probs_list[i][:n], ended[i])
            for i, (row, n) in enumerate(zip(rows, counts.tolist(), strict=True))
        }

    def _draw(self, logits: Any, _rows: list[int], _place: int) -> tuple[Any, Any]:
        """(id, log-probability) of each row's next token, number ``_place`` of its message.

        A subclass that decides what is said overrides this.
        """
        import torch

        logprobs = self._logprobs(logits)
        if self.sampling.temperature == 0:
            chosen = logits.argmax(-1)
        else:
            chosen = torch.multinomial(logprobs.exp(), 1, generator=self.generator).squeeze(1)
        return chosen, logprobs.gather(1, chosen.unsqueeze(1)).squeeze(1)

    def _logprobs(self, logits: Any) -> Any:
        """The distribution that each row's next token is drawn from."""
        sampling = self.sampling
        logprobs = (logits.float() / (sampling.temperature or 1.0)).log_softmax(-1)
        cuts = sampling.top_k or sampling.top_p < 1
        return _cut(logprobs, sampling) if sampling.temperature and cuts else logprobs


def _cut(logprobs: Any, sampling: Sampling) -> Any:
    """The distribution over the tokens that ``top_k`` and ``top_p`` leave."""
    import torch

    ordered, places = logprobs.sort(-1, descending=True)
    before = ordered.exp().cumsum(-1) - ordered.exp()
    out = before >= sampling.top_p
    if sampling.top_k:
        out[:, sampling.top_k :] = True
    out[:, 0] = False
    out = torch.zeros_like(out).scatter(-1, places, out)
    return logprobs.masked_fill(out, float("-inf")).log_softmax(-1)
