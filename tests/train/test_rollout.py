"""Rollouts: the environment's own rewards, and exactly the tokens that were sampled."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra train is not installed")

from finqa_gym import Corpus, VectorEnv
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.demonstrate import encode_chat
from finqa_gym.train.rollout import Limits, RolloutBatch, rollout
from finqa_gym.train.sampling import Sampling, TransformersSampler
from scripted_sampler import Scripted, said_by

PLAIN: dict[str, Any] = {"tool_profile": "compact", "task_prompt": "{question}"}


@pytest.fixture
def tasks(corpus: Corpus) -> list[str]:
    return corpus.task_ids("train", 24)


def check_books(batch: RolloutBatch, sampler: Scripted) -> None:
    for slot, each in enumerate(batch.rollouts):
        assert len(each.completion_ids) == len(each.mask) == len(each.logprobs) == each.num_tokens
        assert each.prompt_ids + each.completion_ids == sampler.chats[slot]
        assert [p != 0.0 for p in each.logprobs] == [m == 1 for m in each.mask]
        assert each.num_sampled == sum(each.mask)


def test_rewards_and_tokens_are_those_of_a_bare_loop(
    corpus: Corpus, codec: ChatCodec, tasks: list[str]
) -> None:
    # Episodes of one and of ten messages, right and wrong, next to each other.
    names = ["gold", "guess", "recovery", "immediate"]
    with VectorEnv(corpus, len(tasks), split="train", **PLAIN) as env:
        texts, rewards = said_by(env, names, tasks)
        sampler = Scripted(codec, texts)
        batch = rollout(env, codec, sampler, task_ids=tasks, limits=Limits(400, 4000))
        chats = [env.messages(slot) for slot in range(len(tasks))]
        episodes = [env.episode(slot) for slot in range(len(tasks))]
    assert batch.rewards.tolist() == rewards.tolist()
    assert 0 < batch.rewards.mean() < 1
    check_books(batch, sampler)
    for slot, each in enumerate(batch.rollouts):
        assert each.num_turns == len(texts[slot])
        episode = episodes[slot]
        assert episode is not None
        assert each.task_index == episode["task_index"]
        assert bool(batch.infos["is_correct"][slot]) == episode["is_correct"]
        # A recorded chat of these texts has the same ids: SFT and GRPO see the same.
        ids, mask = encode_chat(codec, chats[slot][: 2 * each.num_turns + 1])
        assert each.prompt_ids + each.completion_ids == ids
        assert [0] * len(each.prompt_ids) + each.mask == mask
    assert batch.timing.num_steps == sum(map(len, texts))


def test_a_call_that_is_cut_is_truncated_and_ended_by_the_environment(
    corpus: Corpus, codec: ChatCodec, tasks: list[str]
) -> None:
    with VectorEnv(corpus, 4, split="train", max_turns=3, **PLAIN) as env:
        texts, _ = said_by(env, ["gold"], tasks[:4])
        short = min(len(codec.message(text)) for texts_of in texts for text in texts_of)
        sampler = Scripted(codec, texts)
        batch = rollout(env, codec, sampler, task_ids=tasks[:4], limits=Limits(short - 1, 4000))
        codes = {env.error_codes[c["error_code"]] for c in _calls(env) if c["error_code"] >= 0}
        assert codes == {"truncated_action"}
    check_books(batch, sampler)
    for each in batch.rollouts:
        assert each.cut
        assert each.num_turns == 3
        # Between two messages: the end of the one that had none comes from the environment.
        first = each.mask.index(0)
        assert each.completion_ids[first] == codec.tokenizer.eos_token_id
        assert codec.tokenizer.eos_token_id not in each.completion_ids[:first]


def _calls(env: VectorEnv) -> list[dict[str, Any]]:
    codes = {name: index for index, name in enumerate(env.error_codes)}
    found = []
    for slot in range(env.num_envs):
        episode = env.episode(slot)
        assert episode is not None
        found += [{"error_code": codes.get(call["error"], -1)} for call in episode["calls"]]
    return found


def test_an_episode_without_room_ends_as_truncated(
    corpus: Corpus, codec: ChatCodec, tasks: list[str]
) -> None:
    with VectorEnv(corpus, len(tasks), split="train", **PLAIN) as env:
        texts, _ = said_by(env, ["gold", "immediate"], tasks)
        sampler = Scripted(codec, texts)
        batch = rollout(env, codec, sampler, task_ids=tasks, limits=Limits(40, 60))
        reasons = [env.truncation_reasons[r] for r in batch.infos["truncation_reason"]]
        episodes = [env.episode(slot) for slot in range(len(tasks))]
    check_books(batch, sampler)
    assert set(reasons) == {"", "token_limit"}
    for each, reason, episode in zip(batch.rollouts, reasons, episodes, strict=True):
        assert each.num_tokens <= 60
        assert each.mask[-1] == 1, "nothing follows the last message"
        assert each.cut == (reason == "token_limit")
        assert episode is not None
        assert episode["status"] == ("truncated" if reason else "terminated")
        assert not each.faulty


def test_a_model_that_knows_little_plays_to_the_end(
    corpus: Corpus, codec: ChatCodec, talker: Any, tasks: list[str]
) -> None:
    told: list[tuple[int, int]] = []
    with VectorEnv(corpus, 8, group_size=4, split="train", max_turns=4, **PLAIN) as env:
        sampler = TransformersSampler(talker, codec.stop_ids, Sampling(1.0), max_rows=3)
        batch = rollout(
            env,
            codec,
            sampler,
            task_ids=tasks[:2],
            limits=Limits(24, 96),
            on_turn=lambda n, live: told.append((n, live)),
        )
        assert all(
            (env.episode(slot) or {})["status"] in ("terminated", "truncated") for slot in range(8)
        )
    assert told[-1] == (8, 0)
    assert len(told) == max(each.num_turns for each in batch.rollouts) > 1
    assert all(told[i][1] >= told[i + 1][1] for i in range(len(told) - 1))
    assert {each.task_index for each in batch.rollouts[:4]} == {batch.rollouts[0].task_index}
    assert len({tuple(each.completion_ids) for each in batch.rollouts}) == 8
    assert set(batch.flag_means) == set(batch.schema.flags)


def test_autoreset_is_refused(corpus: Corpus, codec: ChatCodec, model: Any) -> None:
    env = VectorEnv(corpus, 2, autoreset_mode="next_step", **PLAIN)
    with pytest.raises(ValueError, match="autoreset_mode 'next_step'; rollouts need 'disabled'"):
        rollout(env, codec, TransformersSampler(model, codec.stop_ids))
    with pytest.raises(ValueError, match="episode_tokens is 8; it must be at least message_tokens"):
        Limits(9, 8)
