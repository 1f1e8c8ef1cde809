"""A GRPOTrainer that spends little on padding.

Episodes of one batch differ in length by a factor of five and more. TRL pads all of them to the
longest, so that more than half of what it computes is padding. Here the log-probabilities of a
batch are computed in pieces of like length, each cut to its own longest episode. The numbers are
the same, to rounding.
"""

from __future__ import annotations

from typing import Any

import torch
from trl import GRPOTrainer

__all__ = ["TrimmedGRPOTrainer", "pieces_of"]

PIECES = 6
"""Into how many a batch is parted at most. More of them cut closer, but fill the machine less."""
LEAST_ROWS = 4
"""A piece has at least so many episodes."""


class TrimmedGRPOTrainer(GRPOTrainer):
    """``trl.GRPOTrainer`` whose log-probabilities are computed in pieces of like length.

    Overrides `_get_per_token_logps_and_entropies`, which TRL 1.16 calls with left-padded prompts
    and right-padded completions. What it does not know (images, router losses) goes to TRL.
    """

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        compute_aux_loss: bool = False,
        **others: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        compute = super()._get_per_token_logps_and_entropies
        pieces = pieces_of(attention_mask, batch_size)
        if (
            len(pieces) == 1
            or compute_aux_loss
            or any(value is not None for value in others.values())
        ):
            whole: tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None] = compute(
                model,
                input_ids,
                attention_mask,
                logits_to_keep,
                batch_size,
                compute_entropy,
                compute_aux_loss,
                **others,
            )
            return whole
        logps, entropies = [], []
        for rows in pieces:
            mask = attention_mask[rows]
            used = mask.any(dim=0).nonzero()
            # A column of completions always stays: TRL cuts them from the end.
            first = min(int(used[0]), mask.size(1) - logits_to_keep - 1)
            last = max(int(used[-1]) + 1, mask.size(1) - logits_to_keep + 1)
            cut = mask.size(1) - last
            some_logps, some_entropies, _ = compute(
                model,
                input_ids[rows, first:last],
                mask[:, first:last],
                logits_to_keep - cut,
                None,
                compute_entropy,
            )
            logps.append(torch.nn.functional.pad(some_logps, (0, cut)))
            if some_entropies is not None:
                entropies.append(torch.nn.functional.pad(some_entropies, (0, cut)))
        back = torch.cat(pieces).argsort()
        return (
            torch.cat(logps)[back],
            torch.cat(entropies)[back] if entropies else None,
            None,
        )


def pieces_of(attention_mask: torch.Tensor, batch_size: int | None = None) -> list[torch.Tensor]:
    """Rows of a batch, parted so that those of like length are together.

    Args:
        attention_mask: ``(rows, columns)``, 1 where there is a token.
        batch_size: Rows of a piece at most; None for no limit.

    Returns:
        Row numbers of each piece; together every row once.

    Example:
        >>> mask = torch.ones(8, 10, dtype=torch.long)
        >>> mask[::2, 3:] = 0
        >>> [rows.tolist() for rows in pieces_of(mask)]
        [[0, 2, 4, 6], [1, 3, 5, 7]]
    """
    order = attention_mask.sum(dim=1).argsort(stable=True)
    pieces = max(1, min(PIECES, len(order) // LEAST_ROWS))
    size = -(-len(order) // pieces)
    if batch_size is not None:
        size = min(size, batch_size)
    return list(order.split(size))
