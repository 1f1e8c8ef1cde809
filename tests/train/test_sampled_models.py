"""Sampling from other models than ours, and from what top_p and top_k leave of a distribution."""

from __future__ import annotations

import copy
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("transformers", reason="the extra train is not installed")

import torch
import transformers

from finqa_gym.train.sampling import Sampling, TransformersSampler

SHAPE = {
    "vocab_size": 96,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
    "max_position_embeddings": 256,
}
NEWS = ([[5, 6, 7, 8, 9, 10, 11], [12], [13, 14, 15]], [[16], [17, 18, 19, 20]], [[21, 22]])
LIVE = ([0, 1, 2], [0, 2], [0])


def small(family: str, **changes: Any) -> Any:
    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**(SHAPE | changes))
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4 if weight.ndim == 2 else 1)  # or all tokens are about equally likely
    return model


def last_logits(model: Any, ids: list[int]) -> Any:
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0, -1].float()


def check_turns(model: Any, limit: int = 5) -> None:
    """Greedy turns, chats leaving on the way, against a model that reads everything each time."""
    sampler = TransformersSampler(model, [2], Sampling(0.0))
    chats: dict[int, list[int]] = {row: [] for row in LIVE[0]}
    for rows, news in zip(LIVE, NEWS, strict=True):
        said = sampler.turn(rows, news, [limit] * len(rows))
        for row, new, one in zip(rows, news, said, strict=True):
            chats[row] += new
            for token, logprob in zip(one.ids, one.logprobs, strict=True):
                logits = last_logits(model, chats[row])
                assert int(logits.argmax()) == token
                assert logprob == pytest.approx(float(logits.log_softmax(-1)[token]), abs=1e-4)
                chats[row].append(token)


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("Llama", {}),
        ("Llama", {"attn_implementation": "eager"}),
        ("Qwen2", {}),
        ("Qwen3", {"head_dim": 16}),
        ("Mistral", {"sliding_window": None}),
        ("Mistral", {"sliding_window": 256}),  # wider than any chat can be
        # Learns its positions, and has its own names for sizes.
        ("GPT2", {"n_positions": 256, "n_embd": 32, "n_layer": 2, "n_head": 4}),
    ],
)
def test_turns_of_other_models(family: str, changes: dict[str, Any]) -> None:
    check_turns(small(family, **changes))


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("Mistral", {"sliding_window": 8}),
        ("Phi3", {"sliding_window": 8}),
        ("Gemma2", {"sliding_window": 8, "head_dim": 8}),
    ],
)
def test_attention_to_a_window_is_refused(family: str, changes: dict[str, Any]) -> None:
    """What is masked in a batch would fill the window."""
    sampler = TransformersSampler(small(family, **changes), [2])
    with pytest.raises(ValueError, match=r"layers of kind .*sliding_attention; chats are kept for"):
        sampler.turn([0], [[5, 6]], [3])


def cut(logits: Any, temperature: float, top_p: float, top_k: int) -> dict[int, float]:
    """Log-probabilities of the tokens that are left, computed one by one."""
    probs = (logits / temperature).softmax(-1)
    left: dict[int, float] = {}
    reached = 0.0
    for token in probs.argsort(descending=True).tolist():
        if (top_k and len(left) == top_k) or (left and reached >= top_p):
            break
        left[token] = float(probs[token])
        reached += left[token]
    total = torch.tensor(sum(left.values()))
    return {token: float(torch.tensor(p).log() - total.log()) for token, p in left.items()}


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(1.0),
        Sampling(0.6),
        Sampling(1.0, top_p=0.7),
        Sampling(1.5, top_p=0.5),
        Sampling(1.0, top_k=5),
        Sampling(0.7, top_p=0.8, top_k=4),
        Sampling(2.0, top_p=0.999, top_k=1),
    ],
)
def test_log_probabilities_are_of_what_was_left(sampling: Sampling) -> None:
    model = small("Qwen3", head_dim=16)
    chats = [NEWS[0][row % 3] for row in range(60)]
    torch.manual_seed(1)
    said = TransformersSampler(model, [2], sampling).turn(range(60), chats, [2] * 60)
    drawn: dict[int, set[int]] = {0: set(), 1: set(), 2: set()}
    for row, one in enumerate(said):
        chat = list(chats[row])
        drawn[row % 3].add(one.ids[0])
        for token, logprob in zip(one.ids, one.logprobs, strict=True):
            left = cut(
                last_logits(model, chat), sampling.temperature, sampling.top_p, sampling.top_k
            )
            assert token in left
            assert logprob == pytest.approx(left[token], abs=1e-4)
            chat.append(token)
    if sampling.top_k != 1:
        assert max(map(len, drawn.values())) > 1, "something was drawn"


def test_tokens_come_as_often_as_they_are_likely() -> None:
    model = small("Qwen3", head_dim=16)
    chat, count = [5, 6, 7], 4000
    torch.manual_seed(2)
    sampler = TransformersSampler(model, [2], Sampling(0.8), max_rows=1000)
    said = sampler.turn(range(count), [chat] * count, [1] * count)
    found = torch.bincount(torch.tensor([one.ids[0] for one in said]), minlength=96) / count
    probs = (last_logits(model, chat) / 0.8).softmax(-1)
    assert float((found - probs).abs().max()) < 4 * 0.5 / count**0.5


def test_a_start_forgets_chats_and_sees_new_weights() -> None:
    model = copy.deepcopy(small("Qwen3", head_dim=16))
    sampler = TransformersSampler(model, [2], Sampling(0.0))
    first = sampler.turn([0, 1], [[5, 6], [7]], [4, 4])
    sampler.turn([1], [[8]], [2])
    sampler.start()
    assert sampler.turn([0, 1], [[5, 6], [7]], [4, 4]) == first
    with torch.no_grad():
        model.get_input_embeddings().weight.copy_(
            small("Qwen3", head_dim=16).get_input_embeddings().weight.flip(0)
        )
    sampler.start()
    changed = sampler.turn([0, 1], [[5, 6], [7]], [4, 4])
    fresh = TransformersSampler(model, [2], Sampling(0.0)).turn([0, 1], [[5, 6], [7]], [4, 4])
    assert changed == fresh
    assert changed != first


def test_weights_that_require_gradients_still_get_them_afterwards() -> None:
    """What is computed for sampling must not be what training meets again."""
    model = small("Qwen3", head_dim=16).train()
    TransformersSampler(model, [2]).turn([0], [[5, 6]], [3])
    model(input_ids=torch.tensor([[5, 6, 7]]), labels=torch.tensor([[5, 6, 7]])).loss.backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
