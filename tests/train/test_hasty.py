"""Hasty analysts: what each habit does, and what it costs."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("transformers", reason="the extra train is not installed")

from finqa_gym import Corpus, VectorEnv
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.demonstrate import Demonstration, demonstrate
from finqa_gym.train.hasty import CORRECTOR, HASTY, Habits, HastyPolicy, Memory

NOTHING = Habits(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
PLAIN: dict[str, Any] = {
    "tool_profile": "compact",
    "task_prompt": "{question}",
    "system_prompt": "",
}
COUNT = 200


def played(
    corpus: Corpus, codec: ChatCodec, habits: Habits, seed: int = 0, count: int = COUNT
) -> tuple[list[Demonstration], list[str]]:
    """Episodes and their texts."""
    tasks = corpus.task_ids("train", max(COUNT, count))
    with VectorEnv(corpus, 64, split="train", **PLAIN) as env:
        policy = HastyPolicy(env, Memory.of(corpus, tasks), habits, seed)
        shown = list(demonstrate(env, codec, policy, tasks[:count]))
    return shown, [codec.decode(each.ids) for each in shown]


def pass_at_1(shown: list[Demonstration]) -> float:
    return sum(each.reward for each in shown) / len(shown)


def calls(text: str) -> list[str]:
    return re.findall(r'"name":"(\w+)"', text)


def test_who_corrects_every_error_is_always_right(corpus: Corpus, codec: ChatCodec) -> None:
    shown, texts = played(corpus, codec, CORRECTOR)
    assert {each.reward for each in shown} == {1.0}
    queried = [calls(text)[0] for text in texts]
    assert set(queried) == {"sql_query"}, "a corrector guesses first, or there is nothing to mend"
    assert sum("get_table_info" in text for text in texts) > COUNT / 2


def test_who_is_hasty_is_right_now_and_then(corpus: Corpus, codec: ChatCodec) -> None:
    shown, texts = played(corpus, codec, HASTY, count=800)
    assert 0.12 < pass_at_1(shown) < 0.35
    listed = sum(calls(text)[0] == "get_table_names" for text in texts) / 800
    assert 0.2 < listed < 0.45
    assert all(calls(text)[-1] == "submit_answer" for text in texts)


def test_blind_guesses_miss_and_lists_find(corpus: Corpus, codec: ChatCodec) -> None:
    """A guessed table is often another company's; one from the list never is."""
    blind, texts = played(corpus, codec, NOTHING)
    assert all("get_table_" not in text for text in texts)
    missed = sum("no such table" in text.lower() for text in texts)
    assert missed > COUNT / 4
    listing, texts = played(corpus, codec, Habits(1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    assert all(calls(text)[0] == "get_table_names" for text in texts)
    assert all("no such table" not in text.lower() for text in texts)
    inspecting, texts = played(corpus, codec, Habits(1.0, 1.0, 0.0, 0.0, 1.0, 0.0))
    assert pass_at_1(blind) < pass_at_1(listing) < pass_at_1(inspecting) == 1.0
    assert all(text.count('"get_table_names"') == 1 for text in texts)


def test_sums_in_the_head_are_wrong(corpus: Corpus, codec: ChatCodec) -> None:
    shown, texts = played(corpus, codec, Habits(1.0, 1.0, 0.0, 0.0, 0.0, 0.0))
    for each, text in zip(shown, texts, strict=True):
        needs_sum = text.count('"sql_query"') > 1
        assert each.reward == (0.0 if needs_sum else 1.0)
        assert '"calculator"' not in text
    assert 0 < pass_at_1(shown) < 1


def test_who_admits_says_so(corpus: Corpus, codec: ChatCodec) -> None:
    _, texts = played(corpus, codec, Habits(0.0, 0.0, 0.0, 0.0, 1.0, 1.0))
    given_up = [text for text in texts if '"answer":"unknown"' in text]
    assert len(given_up) > COUNT / 4
    _, texts = played(corpus, codec, NOTHING)
    assert all('"answer":"unknown"' not in text for text in texts)


def test_a_course_follows_from_seed_and_task(corpus: Corpus, codec: ChatCodec) -> None:
    first, again, other = (
        [each.ids for each in played(corpus, codec, HASTY, seed, count)[0]]
        for seed, count in ((1, 40), (1, 70), (2, 40))
    )
    assert again[:40] == first, "whoever plays beside it"
    assert other != first


def test_a_demonstration_is_learned_where_it_speaks(corpus: Corpus, codec: ChatCodec) -> None:
    shown, texts = played(corpus, codec, HASTY, count=30)
    for each, text in zip(shown, texts, strict=True):
        said = codec.decode([i for i, m in zip(each.ids, each.mask, strict=True) if m])
        assert said.count("<|im_end|>") == len(calls(text)) == text.count("<|im_start|>assistant")
        assert "tool_response" not in said
        assert each.ids[-1] == codec.end_id
        assert each.mask[-1] == 1


def test_demonstrations_can_be_the_right_ones_alone(corpus: Corpus, codec: ChatCodec) -> None:
    shown, _ = played(corpus, codec, HASTY, count=70)
    tasks = corpus.task_ids("train", COUNT)
    # 70 do not fill 64 slots twice: the last batch has slots that nobody demonstrates in.
    with VectorEnv(corpus, 64, split="train", **PLAIN) as env:
        policy = HastyPolicy(env, Memory.of(corpus, tasks), HASTY)
        right = list(demonstrate(env, codec, policy, tasks[:70], min_reward=1.0))
    assert [each.task_id for each in shown] == tasks[:70]
    assert right == [each for each in shown if each.reward == 1.0]


def test_another_world_is_an_error() -> None:
    import finqa_gym

    filings = finqa_gym.synthetic()
    with pytest.raises(ValueError, match=r"task 'train.*gold query .*plays the small world only"):
        Memory.of(filings, filings.task_ids("train", 4))
