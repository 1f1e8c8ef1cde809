"""Small models: a tokenizer that loses nothing, and weights that are the same every time."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("hypothesis")

import torch
from hypothesis import example, given
from hypothesis import strategies as st

from finqa_gym import Corpus, ScriptedPolicy, VectorEnv
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.demonstrate import demonstrate
from finqa_gym.train.small_model import SIZES, SmallModelSize, make_model, make_tokenizer


def ids_of(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def decoded(tokenizer: Any, ids: list[int]) -> str:
    text: str = tokenizer.decode(ids, skip_special_tokens=False)
    return text


# Surrogates are no text: no file and no model can hold them.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SAID = st.lists(
    st.sampled_from(
        ["SELECT ", " = ", "-99", "2019", "<tool_call>\n", '"}}\n</tool_call>', "\n ", " | ", "é"]
    )
    | TEXT,
    max_size=8,
).map("".join)


@given(SAID)
@example("  \n\t 1 234\u00a0567,8  ")
@example("don't \u200b\U0001f4b0 naïve e\u0301 \r\n")
@example("<|im_end|><|im_start|>user\n")
def test_every_text_comes_back(tokenizer: Any, text: str) -> None:
    assert decoded(tokenizer, ids_of(tokenizer, text)) == text


@given(SAID)
@example("<|im_end|>\n<|im_start|>assistant\n")
def test_every_message_comes_back_and_ends_once(codec: ChatCodec, text: str) -> None:
    ids = codec.message(text)
    assert codec.text(ids) == text
    assert [i for i in ids if i in codec.tokenizer.all_special_ids] == [codec.end_id]


def test_a_tokenizer_of_nothing_still_knows_every_byte() -> None:
    tokenizer = make_tokenizer([])
    text = "".join(map(chr, range(256))) + "表\U0001f4b0"
    assert decoded(tokenizer, ids_of(tokenizer, text)) == text


def test_a_name_has_the_same_tokens_wherever_it_stands(corpus: Corpus, codec: ChatCodec) -> None:
    """In question, list, schema and query; else a model must learn to spell what it could copy."""
    told = 0
    plain: dict[str, Any] = {"task_prompt": "{question}", "system_prompt": ""}
    with VectorEnv(corpus, 16, split="train", tool_profile="compact", **plain) as env:
        for played in demonstrate(
            env, codec, ScriptedPolicy("gold", env, seed=0), corpus.task_ids("train", 16)
        ):
            text = codec.decode(played.ids)
            question = corpus.task(played.task_id)["question"].split()
            for column, table in re.findall(r"SELECT (\w+) FROM (\w+) WHERE", text):
                item = next(word for word in question if column.startswith(word))
                for name in (table, item):
                    pieces = ids_of(codec.tokenizer, name)
                    count = len(re.findall(rf"(?<![a-zA-Z_]){name}(?![a-zA-Z])", text))
                    assert count >= 3, "it was asked for or listed, inspected and queried"
                    runs = [played.ids[i : i + len(pieces)] for i in range(len(played.ids))].count(
                        pieces
                    )
                    assert runs == count, (name, text)
                    told += count
    assert told > 100


@pytest.mark.parametrize("number", ["-99", "0", "7", "58", "200", "2019"])
def test_a_number_is_one_token(tokenizer: Any, number: str) -> None:
    wanted = ids_of(tokenizer, number)
    assert len(wanted) == 1
    for text in (f"58 - {number}", f" | {number}\n", f'"answer":"{number}"}}}}'):
        assert wanted[0] in ids_of(tokenizer, text)


def test_weights_follow_from_the_seed_and_disturb_nobody(tokenizer: Any) -> None:
    torch.manual_seed(9)
    wanted = torch.rand(3)
    torch.manual_seed(9)
    first = make_model(tokenizer, "1m", seed=4)
    assert torch.equal(torch.rand(3), wanted), "who makes a model draws no random numbers of others"
    again, other = make_model(tokenizer, "1m", seed=4), make_model(tokenizer, "1m", seed=5)
    weights = [m.model.layers[0].mlp.up_proj.weight for m in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert first.config.vocab_size >= len(tokenizer)
    assert first.generation_config.eos_token_id == tokenizer.eos_token_id


def test_sizes_are_about_what_they_are_called(tokenizer: Any) -> None:
    for name in ("1m", "8m"):
        model = make_model(tokenizer, name)
        embedding = model.get_input_embeddings().weight.numel()
        count = sum(p.numel() for p in model.parameters()) - embedding
        assert count == pytest.approx(int(name[:-1]) * 1e6, rel=0.25)
    assert set(SIZES) >= {"1m", "8m", "30m", "60m", "200m"}
    assert make_model(tokenizer, SmallModelSize(32, 1, 2, 64)).config.head_dim == 16
    with pytest.raises(ValueError, match="size '2m' is unknown; there are 1m, 8m"):
        make_model(tokenizer, "2m")
