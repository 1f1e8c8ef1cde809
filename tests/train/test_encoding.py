"""Two tokenizers must say the same, or the quick one is not used."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("transformers", reason="the extra train is not installed")

from finqa_gym.train import encoding
from finqa_gym.train.encoding import BatchEncoder

HARD = [
    "",
    " ",
    "\n\n  \n",
    "1,234.56 (12.3%) $ -7 — € 1 000",
    "don't I'LL we're",
    "净利润 ۱۲۳ ñandú e\u0301 \u200b \U0001f4c8\U0001f469\u200d\U0001f4bb",
    "a\0b\ufeff\u2028c",
    "x" * 5000,
    "    indented\n\tcode()\r\n",
    '[{"name": "sql_query", "arguments": {"query": "SELECT \\"a\\" FROM t"}}]',
]


@pytest.fixture
def quick() -> None:
    pytest.importorskip("fastokens", reason="fastokens is not installed")


@pytest.mark.usefixtures("quick")
def test_ids_are_those_of_the_tokenizer(
    tokenizer: Any, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "CHECKED", 1)
    encode = BatchEncoder(tokenizer)
    encode(["what is freight ?"])
    framed = [f"{text}<|im_end|>\n<|im_start|>assistant\n" for text in [*texts, *HARD]]
    expected = tokenizer.backend_tokenizer.encode_batch(framed, add_special_tokens=False)
    assert encode(framed) == [each.ids for each in expected]
    assert encode([]) == []
    assert encode.is_quick


# The split patterns of Qwen's, Llama's and GPT-2's tokenizers; pieces are single bytes.
PATTERNS: dict[str, Callable[[Any], Any]] = {
    "qwen": lambda t: _split(
        t,
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    "llama": lambda t: _split(
        t,
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    "gpt2": lambda t: t.pre_tokenizers.ByteLevel(add_prefix_space=False),
}


def _split(t: Any, pattern: str) -> Any:
    split = t.pre_tokenizers.Split(t.Regex(pattern), "isolated")
    level = t.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return t.pre_tokenizers.Sequence([split, level])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_of_known_models_split_alike(
    texts: list[str], pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tokenizers as t
    from transformers import PreTrainedTokenizerFast

    backend = t.Tokenizer(t.models.BPE())
    backend.normalizer = t.normalizers.NFC()
    backend.pre_tokenizer = PATTERNS[pattern](t)
    alphabet = t.pre_tokenizers.ByteLevel.alphabet()
    trainer = t.trainers.BpeTrainer(
        vocab_size=900,
        initial_alphabet=alphabet,
        special_tokens=["<|im_end|>"],
        show_progress=False,
    )
    backend.train_from_iterator([*texts, *HARD], trainer)
    monkeypatch.setattr(encoding, "CHECKED", 1)
    encode = BatchEncoder(PreTrainedTokenizerFast(tokenizer_object=backend))
    encode(["what is freight ?"])
    said = [*HARD, *texts, "".join(HARD), f"{HARD[3]}<|im_end|>{HARD[5]}"]
    expected = [each.ids for each in backend.encode_batch(said, add_special_tokens=False)]
    assert encode(said) == expected
    assert encode.is_quick


class Wrong:
    """Gives other ids from some text on."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def encode_batch_flat(self, texts: list[str]) -> tuple[bytes, bytes]:
        flat, offsets = self._inner.encode_batch_flat(texts)
        return (flat[:-4] + b"\0\0\0\0" if "freight" in texts else flat), offsets


@pytest.mark.usefixtures("quick")
def test_where_ids_differ_the_quick_one_is_left_alone(tokenizer: Any) -> None:
    encode, plain = BatchEncoder(tokenizer), tokenizer.backend_tokenizer
    encode._quick = Wrong(encode._quick)
    assert encode(["what", "is"]) == [plain.encode(text).ids for text in ("what", "is")]
    with pytest.warns(RuntimeWarning, match="other ids than .* for 'freight', so it is not used"):
        ids = encode(["what", "freight"])
    assert ids == [plain.encode(text).ids for text in ("what", "freight")]
    assert not encode.is_quick
    assert encode(["freight"]) == ids[1:]


def test_without_it_the_tokenizer_encodes(
    tokenizer: Any, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fastokens", None)
    encode = BatchEncoder(tokenizer)
    assert not encode.is_quick
    assert encode(texts[:9]) == [tokenizer.backend_tokenizer.encode(t).ids for t in texts[:9]]


def test_a_tokenizer_that_it_cannot_read_encodes_by_itself() -> None:
    import tokenizers as t
    from transformers import PreTrainedTokenizerFast

    words = {word: i for i, word in enumerate(["[UNK]", "what", "is"])}
    backend = t.Tokenizer(t.models.WordLevel(words, unk_token="[UNK]"))
    backend.pre_tokenizer = t.pre_tokenizers.Whitespace()
    encode = BatchEncoder(PreTrainedTokenizerFast(tokenizer_object=backend))
    assert encode(["what is freight"]) == [[1, 2, 0]]
