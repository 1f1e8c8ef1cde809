"""A batch of chats in a model's cache of keys and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

__all__ = ["ChatBatch"]

GROWTH = 1.5
MAX_HOLES = 0.4
"""Share of columns that not even the longest chat needs, above which a batch is packed anew."""


class GrowingLayer(DynamicLayer):
    """Keys and values in buffers with room, so that a token does not copy what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.length = 0
        self._rooms: list[torch.Tensor] = []

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Appends, and returns all there is."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._rooms = [key_states[:, :, :0], value_states[:, :, :0]]
        before, self.length = self.length, self.length + key_states.shape[-2]
        if self._rooms[0].shape[-2] < self.length:
            room = max(64, int(self.length * GROWTH))
            for place, old in enumerate(self._rooms):
                new = old.new_empty((*old.shape[:2], room, old.shape[-1]))
                new[:, :, :before] = old[:, :, :before]
                self._rooms[place] = new
        for room_of, states in zip(self._rooms, (key_states, value_states), strict=True):
            room_of[:, :, before : self.length] = states
        self._show()
        return self.keys, self.values

    def get_seq_length(self) -> int:
        """Columns, masked ones included."""
        return self.length

    def take(self, rows: torch.Tensor, columns: torch.Tensor | None) -> None:
        """Keeps ``rows``; with ``columns`` (rows, n), of each only these."""
        if not self.is_initialized:
            return
        for place, old in enumerate(self._rooms):
            kept = old[:, :, : self.length].index_select(0, rows)
            if columns is not None:
                index = columns[:, None, :, None].expand(-1, kept.shape[1], -1, kept.shape[-1])
                kept = kept.gather(2, index)
            self._rooms[place] = kept
        self.length = self._rooms[0].shape[-2]
        self._show()

    def _show(self) -> None:
        self.keys, self.values = (room[:, :, : self.length] for room in self._rooms)


class ChatBatch:
    """Chats that a model has read, a row each.

    Columns are tokens in the order in which they were fed; where a row had nothing to feed, its
    column is masked. Positions count a row's own tokens.

    Args:
        model: The model.
        rows: Names of the chats.
    """

    def __init__(self, model: Any, rows: list[int]) -> None:
        self.rows = rows
        self._model = model
        self._cache = DynamicCache()
        self._cache.layers = [GrowingLayer() for _ in range(_num_layers(model))]
        self._mask = torch.zeros((len(rows), 0), dtype=torch.long, device=model.device)
        self._lengths = torch.zeros(len(rows), dtype=torch.long, device=model.device)
        self._pending: torch.Tensor | None = None

    def keep(self, rows: list[int]) -> None:
        """Drops the chats that are not in ``rows`` (given in the order of ``self.rows``)."""
        wanted = set(rows)
        index = torch.tensor(
            [i for i, row in enumerate(self.rows) if row in wanted],
            dtype=torch.long,
            device=self._model.device,
        )
        mask = self._mask[index]
        width = mask.shape[1]
        longest = int(mask.sum(1).max()) if rows and width else width
        columns = None
        if width - longest > MAX_HOLES * width:
            # What a row has, packed to the right, where new tokens go on.
            columns = mask.argsort(dim=1, stable=True)[:, width - longest :]
            mask = mask.gather(1, columns)
        elif len(rows) == len(self.rows):
            return
        self.rows = rows
        self._lengths = self._lengths[index]
        if self._pending is not None:
            self._pending = self._pending[index]
        self._mask = mask
        for layer in self._cache.layers:
            layer.take(index, columns)

    def pending(self, ids: torch.Tensor) -> None:
        """The last sampled token of each chat, which the model has not read yet."""
        self._pending = ids

    def feed(self, new_ids: Sequence[Sequence[int]]) -> torch.Tensor:
        """Reads what is new in each chat; logits ``(rows, vocabulary)`` of the next token."""
        parts = [list(ids) for ids in new_ids]
        if self._pending is not None:
            parts = [[last, *ids] for last, ids in zip(self._pending.tolist(), parts, strict=True)]
            self._pending = None
        width = max(len(part) for part in parts)
        # To the right: the last column is then everybody's last token.
        ids = torch.tensor([[0] * (width - len(p)) + p for p in parts], device=self._mask.device)
        mask = torch.tensor(
            [[0] * (width - len(p)) + [1] * len(p) for p in parts], device=self._mask.device
        )
        return self._forward(ids, mask)

    def feed_one(self, ids: torch.Tensor, running: torch.Tensor) -> torch.Tensor:
        """Reads one token of the chats that are ``running``."""
        return self._forward(ids.unsqueeze(1), running.long().unsqueeze(1))

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        positions = (self._lengths.unsqueeze(1) + mask.cumsum(1) - 1).clamp(min=0)
        self._lengths = self._lengths + mask.sum(1)
        self._mask = torch.cat([self._mask, mask], 1)
        out = self._model(
            input_ids=ids,
            attention_mask=self._mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = out.logits[:, -1]
        return logits


def _num_layers(model: Any) -> int:
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    # Models of one kind of layer have no list. Windows count columns, and masked ones are columns.
    window = getattr(config, "sliding_window", None)
    if not hasattr(config, "layer_types") and window and window < config.max_position_embeddings:
        kinds = {"sliding_attention"}
    if kinds != {"full_attention"}:
        raise ValueError(
            f"model {model.config.name_or_path!r} has layers of kind {', '.join(sorted(kinds))}; "
            "chats are kept for full attention only. Use vLLM for this model"
        )
    layers: int = config.num_hidden_layers
    return layers
