"""Texts as ids, many at a time, by the quickest tokenizer that gives the same ids."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["BatchEncoder"]

CHECKED = 2048
"""Texts that both tokenizers encode before the quick one is believed."""


class BatchEncoder:
    """Encodes texts with a tokenizer, or with fastokens in its place where that is installed.

    fastokens (``pip install "finqa-gym[train,fastokens]"``) reads the same ``tokenizer.json``, and
    is several times faster. It must have given the same ids for the first `CHECKED` texts. Where it
    did not, or where it cannot read a tokenizer, it is left alone from then on.

    Args:
        tokenizer: A Hugging Face tokenizer.

    Example:
        >>> from finqa_gym.train.small_model import make_tokenizer
        >>> encode = BatchEncoder(make_tokenizer(["what is freight ?"]))
        >>> [len(ids) for ids in encode(["what is freight ?", "<|im_end|>"])]
        [4, 1]
    """

    def __init__(self, tokenizer: Any) -> None:
        """See the class."""
        self._tokenizer = tokenizer
        self._backend = tokenizer.backend_tokenizer if tokenizer.is_fast else None
        self._quick = None if self._backend is None else _quick(self._backend)
        self._unchecked = CHECKED

    @property
    def is_quick(self) -> bool:
        """Whether fastokens encodes."""
        return self._quick is not None

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text. What reads like a special token becomes one; none is added."""
        if self._quick is None:
            return self._reference(texts)
        if not self._unchecked:
            return _ids(self._quick, texts)
        ids, expected = _ids(self._quick, texts), self._reference(texts)
        if ids != expected:
            differs = next(
                i for i, pair in enumerate(zip(ids, expected, strict=True)) if pair[0] != pair[1]
            )
            warnings.warn(
                f"fastokens gives other ids than {self._tokenizer.name_or_path!r} for "
                f"{texts[differs][:200]!r}, so it is not used",
                RuntimeWarning,
                stacklevel=2,
            )
            self._quick = None
        self._unchecked = max(0, self._unchecked - len(texts))
        return expected

    def _reference(self, texts: Sequence[str]) -> list[list[int]]:
        if self._backend is None:
            return [self._tokenizer(t, add_special_tokens=False)["input_ids"] for t in texts]
        # The tokenizer leaves here what its last caller asked for, whoever that was.
        self._backend.no_padding()
        self._backend.no_truncation()
        self._backend.encode_special_tokens = False
        encoded = self._backend.encode_batch_fast(list(texts), add_special_tokens=False)
        return [each.ids for each in encoded]


def _quick(backend: Any) -> Any:
    """Fastokens' copy of a tokenizer; None where it is missing or cannot read this one."""
    try:
        from fastokens import Tokenizer
    except ModuleNotFoundError:
        return None
    try:
        quick = Tokenizer.from_json_str(backend.to_str())
    except ValueError:
        return None
    quick.no_padding()
    quick.no_truncation()
    return quick


def _ids(quick: Any, texts: Sequence[str]) -> list[list[int]]:
    flat, offsets = quick.encode_batch_flat(list(texts))
    ids = np.frombuffer(flat, "<u4").tolist()
    ends = np.frombuffer(offsets, "<u8").tolist()
    return [ids[a:b] for a, b in itertools.pairwise(ends)]
