"""The sampler with kept keys and values says what a model without any memory would say."""

from __future__ import annotations

import random
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra train is not installed")

import torch

from finqa_gym.train import chat_cache
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.sampling import Sampled, Sampling, TransformersSampler

WIDTHS = (3, 17, 1, 9, 30)


def news(seed: int, rows: list[int], vocabulary: int) -> list[list[int]]:
    """Something new in each chat, of different length."""
    draw = random.Random(seed)
    return [[draw.randrange(5, vocabulary) for _ in range(WIDTHS[row % 5])] for row in rows]


def logits_after(model: Any, ids: list[int]) -> Any:
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0, -1].float()


def slow_turn(model: Any, chat: list[int], limit: int, stops: set[int]) -> Sampled:
    """The greedy message of one chat, read from its beginning for every token."""
    ids: list[int] = []
    logprobs = []
    while len(ids) < limit:
        logits = logits_after(model, chat + ids)
        ids.append(int(logits.argmax()))
        logprobs.append(float(logits.log_softmax(-1)[ids[-1]]))
        if ids[-1] in stops:
            break
    return Sampled(ids, logprobs, ids[-1] in stops)


@pytest.fixture
def stops(codec: ChatCodec, model: Any) -> set[int]:
    """An id that this model likes besides the real stop: messages then end at many places."""
    seen = slow_turn(model, [7, 8, 9], 12, set()).ids
    return {*codec.stop_ids, seen[5]}


@pytest.mark.parametrize(("max_rows", "max_holes"), [(256, 0.4), (3, 0.4), (256, 0.0), (2, 0.0)])
def test_turns_are_those_of_a_model_without_memory(
    model: Any,
    stops: set[int],
    max_rows: int,
    max_holes: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chat_cache, "MAX_HOLES", max_holes)  # packing must not change a thing
    sampler = TransformersSampler(model, stops, Sampling(0.0), max_rows=max_rows)
    chats: dict[int, list[int]] = {row: [] for row in range(7)}
    live = list(chats)
    sampler.start()
    for turn in range(4):
        new = news(turn, live, 900)
        limits = [4 + (row + turn) % 5 for row in live]
        for row, ids in zip(live, new, strict=True):
            chats[row] += ids
        said = sampler.turn(live, new, limits)
        for row, limit, one in zip(live, limits, said, strict=True):
            wanted = slow_turn(model, chats[row], limit, stops)
            assert one.ids == wanted.ids, (turn, row)
            assert one.logprobs == pytest.approx(wanted.logprobs, abs=1e-4)
            assert one.stopped == wanted.stopped
            chats[row] += one.ids
        live = [row for row in live if row % (turn + 2) != 1]  # some are over
    assert len(live) < 7


def test_log_probabilities_are_of_the_distribution_that_was_drawn_from(model: Any) -> None:
    torch.manual_seed(3)
    sampler = TransformersSampler(model, [2], Sampling(0.7))
    chat = [11, 12, 13]
    [said] = sampler.turn([0], [chat], [6])
    for place, token in enumerate(said.ids):
        logits = logits_after(model, chat + said.ids[:place])
        wanted = float((logits / 0.7).log_softmax(-1)[token])
        assert said.logprobs[place] == pytest.approx(wanted, abs=1e-4)


def test_top_p_and_top_k_leave_the_likely_tokens(model: Any) -> None:
    chat = [11, 12, 13]
    order = logits_after(model, chat).argsort(descending=True)
    sampler = TransformersSampler(model, [2], Sampling(1.0, top_k=3))
    said = sampler.turn(list(range(200)), [chat] * 200, [1] * 200)
    assert {one.ids[0] for one in said} == set(order[:3].tolist())
    total = {one.ids[0]: one.logprobs[0] for one in said}
    assert sum(torch.tensor(list(total.values())).exp()) == pytest.approx(1.0, abs=1e-4)
    sampler = TransformersSampler(model, [2], Sampling(1.0, top_p=1e-6))
    sampler.start()
    assert sampler.turn([0], [chat], [1])[0].ids == [int(order[0])]
    assert TransformersSampler(model, [2], Sampling(0.0)).turn([0], [chat], [1])[0].ids == [
        int(order[0])
    ]


def test_the_same_seed_says_the_same(model: Any) -> None:
    def play(generator: Any) -> list[list[int]]:
        sampler = TransformersSampler(model, [2], generator=generator)
        return [one.ids for one in sampler.turn([0, 1, 2], news(0, [0, 1, 2], 900), [8] * 3)]

    own = [play(torch.Generator().manual_seed(5)) for _ in range(2)]
    assert own[0] == own[1]
    torch.manual_seed(5)
    first = play(None)
    torch.manual_seed(5)
    assert play(None) == first
    assert play(None) != first


def test_a_message_can_be_its_stop_alone(model: Any) -> None:
    """An empty completion: the first token ends it."""
    chat = [11, 12, 13]
    first = int(logits_after(model, chat).argmax())
    sampler = TransformersSampler(model, [first], Sampling(0.0))
    [said] = sampler.turn([4], [chat], [9])
    assert (said.ids, said.stopped, len(said.logprobs)) == ([first], True, 1)


def test_the_mode_of_the_model_is_as_before(model: Any) -> None:
    for training in (True, False):
        model.train(training)
        TransformersSampler(model, [2]).turn([0], [[5, 6]], [2])
        assert model.training is training
    model.eval()


def test_values_that_cannot_work_are_refused(model: Any) -> None:
    for wrong in ({"temperature": -1.0}, {"top_p": 0.0}, {"top_k": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Sampling(**wrong)
    with pytest.raises(ValueError, match="max_rows is 0"):
        TransformersSampler(model, [2], max_rows=0)
