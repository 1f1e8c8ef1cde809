"""Corpora that make their companies on demand: splits without an end, listing, taking, saving."""

from __future__ import annotations

import dataclasses
import itertools
import json
import pathlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

import finqa_gym
from finqa_gym import Corpus, SynthConfig, VectorEnv, _native, synthetic
from finqa_gym.data import open_corpus

# Behind 3,200 tasks of `val` and the two splits of the published sizes.
FIRST_OF_TRAIN = 3200 + 290 + 79


def tiny(**changes: Any) -> Corpus:
    return synthetic(config=SynthConfig.preset("tiny", **changes))


@pytest.fixture(scope="module")
def endless() -> Corpus:
    return tiny(train_companies=None)


def test_the_fields_and_their_defaults_are_the_engines() -> None:
    assert json.loads(SynthConfig().to_json()) == json.loads(_native.synth_preset("3"))
    for name in ("1", "2", "3", "4", "5", "tiny"):
        preset = SynthConfig.preset(name)
        assert json.loads(preset.to_json()) == json.loads(_native.synth_preset(name))
        assert hash(preset) == hash(SynthConfig.from_json(preset.to_json()))
    with pytest.raises(dataclasses.FrozenInstanceError):
        SynthConfig().level = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"restated_pct": 101}, ValueError, "SynthConfig.restated_pct is 101; .* from 0 to 100"),
        ({"level": -1}, ValueError, "SynthConfig.level is -1"),
        ({"level": 1.5}, TypeError, "SynthConfig.level is 1.5 .float.; an int is needed"),
        ({"level": True}, TypeError, "SynthConfig.level is True"),
        ({"world": "moon"}, ValueError, 'SynthConfig.world is "moon".*`filing` or `tiny`'),
        ({"world": None}, TypeError, "SynthConfig.world is None"),
        ({"min_tables": 30, "max_tables": 20}, ValueError, "max_tables is 20; .* from 30 to 45"),
        ({"train_companies": 0}, ValueError, "SynthConfig.train_companies is 0"),
        ({"curriculum": [1, 2]}, ValueError, "five weights"),
        ({"curriculum": [0] * 5}, ValueError, "SynthConfig.curriculum"),
    ],
)
def test_a_wrong_knob_is_named(changes: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        SynthConfig(**changes)


def test_a_preset_or_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r'preset "6" is unknown.*1 to 5 or "tiny"'):
        SynthConfig.preset(6)
    with pytest.raises(ValueError, match="has no field 'tables'"):
        SynthConfig.preset(1, tables=3)


def test_the_default_has_the_published_sizes_and_costs_nothing() -> None:
    corpus = synthetic()
    assert corpus.splits() == {"val": 1024, "eval290": 290, "reason79": 79, "train": None}
    assert corpus.num_tasks is None
    assert corpus.num_companies is None
    assert "endless" in repr(corpus)


def test_whatever_lists_an_endless_split_asks_for_a_number(
    endless: Corpus, tmp_path: pathlib.Path
) -> None:
    assert endless
    for listing in (lambda: len(endless), lambda: list(endless)):
        with pytest.raises(OverflowError, match=r"split 'train' of corpus .* is endless"):
            listing()
    with pytest.raises(ValueError, match=r"company_names\(split, start, stop\)"):
        _ = endless.companies
    calls: list[Callable[[], object]] = [
        lambda: endless.task_ids(),
        lambda: endless.task_ids("train"),
        lambda: endless.company_names("train", 7),
        lambda: endless.take("train"),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r'split "train" of corpus .* is endless: give'):
            call()
    with pytest.raises(finqa_gym.DataError, match="max_companies"):
        endless.save(tmp_path / "all")
    calls = [
        lambda: endless.task_ids("test"),
        lambda: endless.tasks("test"),
        lambda: endless.take("test", 1),
        lambda: endless.company_names("test"),
    ]
    for call in calls:
        with pytest.raises(
            finqa_gym.NotFoundError,
            match=r'no split "test".* its splits are val, eval290, reason79, train',
        ):
            call()


def test_with_a_number_it_is_listed(endless: Corpus) -> None:
    ids = endless.task_ids("train", 40)
    assert [task["id"] for task in itertools.islice(endless.tasks("train"), 40)] == ids
    assert len(endless.task_ids("val")) == 3200 == endless.splits()["val"]
    assert next(iter(endless))["split"] == "val"
    assert endless.task_index(ids[17]) == FIRST_OF_TRAIN + 17
    assert endless.task(ids[17])["id"] == ids[17]
    assert endless.company_names("train", 100_000, 100_002) == ["train100000", "train100001"]
    assert endless.tables("TRAIN100001") == endless.tables("train100001")
    for wrong in ("train-0-0", "nothing"):
        with pytest.raises(finqa_gym.NotFoundError, match=r"task_ids\(split, limit\)"):
            endless.task_index(wrong)
    with pytest.raises(finqa_gym.NotFoundError, match="company_names"):
        endless.tables("train99999999")
    with pytest.raises(finqa_gym.NotFoundError):
        endless.task(2**40)


def test_taken_companies_are_a_corpus_in_memory(endless: Corpus, tmp_path: pathlib.Path) -> None:
    taken = endless.take({"train": 600, "val": 2})
    assert taken.splits() == {"train": 9600, "val": 32}
    assert len(taken.companies) == taken.num_companies == 602
    assert len(taken) == taken.num_tasks == 9632
    assert taken.content_hash != endless.content_hash
    assert taken.take("train", 600).content_hash == endless.take("train", 600).content_hash
    assert taken.tables("train599") == endless.tables("train599")
    endless.save(tmp_path / "made", max_companies=4)
    again = finqa_gym.load(tmp_path / "made")
    assert again.splits() == {"val": 3200, "eval290": 290, "reason79": 79, "train": 64}
    assert again.task_ids("train") == endless.task_ids("train", 64)


def test_selected_tasks_keep_all_companies(endless: Corpus) -> None:
    taken = endless.take({"val": 3, "train": 2})
    ids = taken.task_ids()
    chosen = taken.select([ids[40], 3, 0], suffix="-few")
    assert chosen.task_ids() == [ids[40], ids[3], ids[0]]
    assert chosen.companies == taken.companies
    assert chosen.name == taken.name + "-few"
    assert chosen.content_hash == taken.select([ids[40], ids[3], ids[0]]).content_hash
    assert chosen.content_hash != taken.select([0, 3, 40]).content_hash
    assert taken.select(range(len(taken))).content_hash == taken.content_hash
    for wrong in ([len(taken)], ["nothing"]):
        with pytest.raises(finqa_gym.NotFoundError):
            taken.select(wrong)
    with pytest.raises(ValueError, match="task is -1"):
        taken.select([-1])
    with pytest.raises(ValueError, match="twice"):
        taken.select([3, 3])
    with pytest.raises(ValueError, match="on demand"):
        endless.select([0])


def test_eight_threads_see_the_same_tasks(endless: Corpus) -> None:
    indices = [FIRST_OF_TRAIN + i * 7919 % 100_000 for i in range(600)]
    fresh = tiny(train_companies=None)
    expected = [endless.task(i)["question"] for i in indices]
    seen: list[list[str]] = []

    def read(turn: int) -> None:
        order = indices[turn:] + indices[:turn]
        found = {i: fresh.task(i)["question"] for i in order}
        seen.append([found[i] for i in indices])

    threads = [threading.Thread(target=read, args=(70 * k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [expected] * 8


def test_an_endless_split_is_played_without_repeating(endless: Corpus) -> None:
    drawn: list[int] = []
    with VectorEnv(endless, 64, seed=5, tool_profile="compact") as env:
        state = env.state_dict()
        for _ in range(20):
            _, infos = env.reset()
            drawn += infos["task_index"].tolist()
        assert len(set(drawn)) == len(drawn)
        assert min(drawn) >= FIRST_OF_TRAIN, "without a choice only the endless split is played"
        env.load_state_dict(state)
        assert env.reset()[1]["task_index"].tolist() == drawn[:64]
        with pytest.raises(finqa_gym.NotFoundError):
            env.reset(task_ids=[2**40] * 64)
    with VectorEnv(endless, 64, seed=6, tool_profile="compact") as env:
        assert not set(env.reset()[1]["task_index"].tolist()) & set(drawn)
    with (
        VectorEnv(synthetic(1, SynthConfig.preset("tiny", train_companies=None)), 64) as env,
        pytest.raises(ValueError, match="taken over corpus"),
    ):
        env.load_state_dict(state)


def test_other_splits_are_played_when_they_are_named(endless: Corpus) -> None:
    with VectorEnv(endless, 3200, split="val", tool_profile="compact") as env:
        _, infos = env.reset()
        assert sorted(infos["task_index"].tolist()) == list(range(3200))
        ids = endless.task_ids("train", 3)
        mask = [True] * 3 + [False] * 3197
        observations, infos = env.reset(task_ids=ids, reset_mask=mask)
        assert infos["task_index"].tolist() == [FIRST_OF_TRAIN + i for i in range(3)]
        assert endless.task(FIRST_OF_TRAIN)["user_query"] in observations[0]


def test_names_for_the_command_line() -> None:
    assert open_corpus("synthetic").content_hash == synthetic().content_hash
    seven = synthetic(7, SynthConfig.preset(2))
    assert open_corpus("synthetic:7:2").content_hash == seven.content_hash
    for wrong in ("synthetic:", "synthetic:x", "synthetic:-1", "synthetic:0:9", "synthetic:0:3:1"):
        with pytest.raises(ValueError, match=f"corpus '{wrong}'"):
            open_corpus(wrong)
    with pytest.raises(ValueError, match="made by code"):
        open_corpus("synthetic", "native")
