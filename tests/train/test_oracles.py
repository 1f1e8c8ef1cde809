"""Oracles do what they say, and no more."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

pytest.importorskip("torch", reason="the extra train is not installed")

from finqa_gym import Corpus, VectorEnv
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.oracles import STAGES, diagnose, play_with_oracle
from finqa_gym.train.rollout import Limits
from finqa_gym.train.sampling import Sampled

PLAIN = {"tool_profile": "compact", "task_prompt": "{question}", "system_prompt": ""}
LIMITS = Limits(64, 512)


class Answerer:
    """Submits at once the last number that it was shown: what is left to do behind all oracles."""

    def __init__(self, codec: ChatCodec) -> None:
        self._codec = codec

    def start(self) -> None:
        """Nothing to forget."""

    def turn(
        self, rows: Sequence[int], new_ids: Sequence[Sequence[int]], max_tokens: Sequence[int]
    ) -> list[Sampled]:
        """One message each."""
        assert len(rows) == len(max_tokens)
        said = []
        for ids in new_ids:
            shown = self._codec.decode(ids).replace("|", " ").replace("<", " ").split()
            numbers = [word for word in shown if word.lstrip("-").isdigit()]
            answer = numbers[-1] if numbers else "unknown"
            call = f'{{"name":"submit_answer","arguments":{{"answer":"{answer}"}}}}'
            message = self._codec.message(f"<tool_call>\n{call}\n</tool_call>")
            said.append(Sampled(message, [0.0] * len(message), True))
        return said


@pytest.fixture
def tasks(corpus: Corpus) -> list[str]:
    return corpus.task_ids("val", 32)


@pytest.fixture
def env(corpus: Corpus, tasks: list[str]) -> VectorEnv:
    return VectorEnv(corpus, len(tasks), split="val", **PLAIN)  # type: ignore[arg-type]


def test_an_oracle_plays_the_gold_messages_up_to_its_stage(
    env: VectorEnv, codec: ChatCodec, tasks: list[str]
) -> None:
    order = ["list_tables", "table_info", "sql_query", "calculator"]
    for place, stage in enumerate(STAGES):
        play_with_oracle(env, codec, Answerer(codec), tasks, stage, limits=LIMITS)
        played = set()
        for slot in range(env.num_envs):
            episode = env.episode(slot)
            assert episode is not None
            assert episode["calls"][-1]["tool"] == "submit_answer"
            played |= {call["tool"] for call in episode["calls"][:-1]}
        assert played == set(order[:place]), stage


def test_what_is_left_to_do_decides_who_is_right(
    env: VectorEnv, codec: ChatCodec, tasks: list[str]
) -> None:
    found = diagnose(env, codec, Answerer(codec), tasks, limits=LIMITS)
    by_stage = dict(zip(found.stages, found.pass_at_1, strict=True))
    # Whoever repeats the last number is right with the sum, and with the row if no sum is asked.
    assert by_stage["arithmetic"] == 1.0
    assert 0.0 < by_stage["rows"] < 1.0
    assert by_stage["nothing"] == by_stage["tables"] == 0.0
    assert found.is_multi.any()
    assert not found.is_multi.all()
    assert "cannot write the query" in found.advice or "miscalculates" in found.advice


def test_a_stage_that_there_is_not_is_an_error(
    env: VectorEnv, codec: ChatCodec, tasks: list[str]
) -> None:
    with pytest.raises(ValueError, match="stage is 'row'; it must be one of nothing, tables"):
        play_with_oracle(env, codec, Answerer(codec), tasks, "row", limits=LIMITS)
