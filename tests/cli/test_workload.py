"""The benchmark's workload: different texts, equal shares, every slot in order."""

from __future__ import annotations

import json
from collections import Counter

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

from finqa_gym import VectorEnv
from finqa_gym.bench.engine import ACTIONS, Workload, make_workload
from finqa_gym.bench.plain_env import parse_call
from finqa_gym.bench.workload import BenchTable, BenchTask, distinct_episodes
from small_corpus import small_corpus

NUM_ENVS, ROUNDS = 18, 3


@pytest.fixture(scope="module")
def workload() -> Workload:
    return make_workload(small_corpus(4), num_envs=NUM_ENVS, rounds=ROUNDS)


def kind(text: str) -> str:
    name, arguments, _ = parse_call(text)
    return "failing" if "no_such_column" in arguments.get("query", "") else name


def test_every_step_has_equal_shares_of_the_six_kinds(workload: Workload) -> None:
    assert len(workload.steps) == ACTIONS * ROUNDS
    for texts in workload.steps:
        assert set(Counter(map(kind, texts)).values()) == {NUM_ENVS // ACTIONS}


def test_no_sql_text_comes_twice(workload: Workload) -> None:
    queries = [json.dumps(text) for episode in workload.episodes for text in episode.actions[2:4]]
    assert len(set(queries)) == len(queries) == workload.num_queries == 2 * NUM_ENVS * ROUNDS


def test_the_same_seed_writes_the_same_texts(workload: Workload) -> None:
    corpus = workload.corpus
    assert make_workload(corpus, num_envs=NUM_ENVS, rounds=ROUNDS).steps == workload.steps
    assert make_workload(corpus, num_envs=NUM_ENVS, rounds=ROUNDS, seed=1).steps != workload.steps


def test_every_slot_plays_whole_episodes_and_is_rewarded_at_each_end(workload: Workload) -> None:
    with VectorEnv(workload.corpus, NUM_ENVS) as env:
        workload.start(env)
        for _ in range(2):  # the last step leads on to the first
            for texts, (mask, tasks) in zip(workload.steps, workload.resets, strict=True):
                batch = env.step(texts)
                assert (batch.terminated == mask).all()
                assert (batch.rewards == mask).all()
                failing = [kind(text) == "failing" for text in texts]
                assert (batch.infos["num_errors"] == failing).all()
                env.reset(task_ids=tasks, reset_mask=mask)


def test_cells_come_again_under_another_text_when_they_run_out() -> None:
    table = BenchTable("acme", "sales", ["item", "2019"], [["Total", "7"], ["Total", "8"]])
    tasks = {"acme": [BenchTask("acme", "?", "7", 0)]}
    episodes = distinct_episodes([table], tasks, 9)
    assert len({episode.actions[3] for episode in episodes}) == 9


def test_nothing_to_ask_is_an_error() -> None:
    with pytest.raises(ValueError, match="no company has both"):
        distinct_episodes([BenchTable("acme", "sales", ["item"], [])], {}, 1)
    with pytest.raises(ValueError, match="at least 1"):
        make_workload(small_corpus(4), num_envs=0)
