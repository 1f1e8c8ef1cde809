"""Cascades: frontiers by hand, signals of real episodes, in which the truth takes no part."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)
pytest.importorskip("hypothesis", reason="hypothesis is not installed")

from hypothesis import given
from hypothesis import strategies as st

import finqa_gym
from finqa_gym import VectorEnv, open_run, write_run
from finqa_gym.analysis import Prices
from finqa_gym.evaluation import ScriptedEvaluation, evaluate
from finqa_gym.evaluation.route import frontier, hard_tasks, route
from finqa_gym.evaluation.signals import SIGNALS, TaskSignals, episode_signals, read_signals
from finqa_gym.policies import PolicyName

Play = Callable[..., Any]
POLICIES: tuple[PolicyName, ...] = (
    "gold",
    "recovery",
    "guess",
    "random",
    "spam_tables",
    "immediate",
)


def arrays(*columns: list[float]) -> list[Any]:
    return [np.array(column, dtype=np.float64) for column in columns]


def test_a_frontier_by_hand() -> None:
    points = frontier(*arrays([0, 0, 1, 3], [1, 1, 1, 0], [1, 0, 1, 1], [1, 1, 1, 1], [8, 8, 8, 8]))
    told = [(p.who, p.threshold, p.share, p.accuracy.value, p.cost) for p in points]
    assert told[:4] == [
        ("small", math.inf, 0.0, 0.75, 1.0),
        ("cascade", 3.0, 0.25, 1.0, 3.0),
        ("cascade", 1.0, 0.5, 1.0, 5.0),
        ("cascade", 0.0, 1.0, 0.75, 9.0),
    ]
    assert told[4][0] == "big"
    assert told[4][2:] == (1.0, 0.75, 8.0)
    assert [p.is_efficient for p in points] == [True, True, False, False, False]
    assert points[0].accuracy.low < 0.75 < points[0].accuracy.high


def test_without_costs_what_is_sent_on_stands_for_them() -> None:
    unknown = [math.nan] * 3
    points = frontier(*arrays([0, 1, 2], [0, 1, 0], [1, 1, 1], unknown, unknown))
    assert all(math.isnan(p.cost) for p in points)
    assert [(round(p.share, 2), p.is_efficient) for p in points] == [
        (0.0, True), (0.33, True), (0.67, False), (1.0, True), (1.0, True)
    ]  # fmt: skip


def test_with_a_floor_what_was_not_played_is_not_needed() -> None:
    points = frontier(
        *arrays([0, 1, 2], [1, 0, 0], [math.nan, 1, 1], [1, 1, 1], [math.nan, 9, 9]), floor=1.0
    )
    assert [(p.who, p.accuracy.value) for p in points] == [
        ("small", pytest.approx(1 / 3)),
        ("cascade", pytest.approx(2 / 3)),
        ("cascade", 1.0),
    ]
    assert all(math.isfinite(p.cost) for p in points)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4), st.booleans(), st.sampled_from([0.0, 0.5, 1.0]),
            st.integers(0, 5), st.integers(0, 50),
        ),
        min_size=1,
        max_size=12,
    )
)  # fmt: skip
def test_a_frontier_is_monotone_and_agrees_with_the_slow_way(rows: list[Any]) -> None:
    columns = [list(map(float, column)) for column in zip(*rows, strict=True)]
    points = frontier(*arrays(*columns))
    shares = [point.share for point in points]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    for point in points:
        if point.who == "big":
            continue
        right, cost = 0.0, 0.0
        for score, small, big, small_cost, big_cost in zip(*columns, strict=True):
            sent = score >= point.threshold
            right += big if sent else small
            cost += small_cost + (big_cost if sent else 0)
        assert point.accuracy.value == pytest.approx(right / len(rows))
        assert point.cost == pytest.approx(cost / len(rows))
    for point in points:
        beaten = any(
            other.cost <= point.cost
            and other.accuracy.value >= point.accuracy.value
            and (other.cost < point.cost or other.accuracy.value > point.accuracy.value)
            for other in points
        )
        assert point.is_efficient is not beaten


# --- signals --------------------------------------------------------------------------------------


def shown(run: Any) -> dict[str, set[str]]:
    return {
        each.task_id: {name for name, value in each.signals.items() if value}
        for each in read_signals(run)
    }


def test_what_scripts_do_shows_in_their_signals(play: Play, corpus: Any) -> None:
    runs: dict[str, dict[str, set[str]]] = {
        name: shown(play(ScriptedEvaluation(name), name, split="train").run) for name in POLICIES
    }
    for name in ("gold", "recovery"):
        for task, signals in runs[name].items():
            is_absent = corpus.task(task)["answer"]["unit"] == "absent"
            assert signals == ({"declined"} if is_absent else set()), (name, task)
    for signals in runs["immediate"].values():
        assert {"no_query", "ungrounded"} <= signals
    for signals in runs["guess"].values():
        assert {"no_schema", "unrecovered_error", "no_query"} <= signals
        assert signals & {"declined", "ungrounded"}
    assert all("no_query" in signals for signals in runs["spam_tables"].values())


def in_turn(corpus: Any, path: Path, chats: list[list[Any]], **options: Any) -> Any:
    """A run of given messages, one episode each, all on the first task."""
    record = finqa_gym.Recording(path, policy="by hand")
    with VectorEnv(corpus, len(chats), record=record, shuffle=False, **options) as env:
        env.reset(task_ids=[0] * len(chats))
        for slot, chat in enumerate(chats):
            for message in chat:
                env.step([message], env_ids=[slot])
    return open_run(path)


def tagged(name: str, **arguments: str) -> str:
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments})}</tool_call>"


def test_each_signal_by_hand(corpus: Any, tmp_path: Path) -> None:
    task = corpus.task(0)
    company = task["companies"][0]
    bad = tagged("get_table_info", company_name=company, table_name="no_such_table")
    listing = tagged("get_table_names", company_name=company)
    chats: dict[str, list[Any]] = {
        "no_answer": ["hello"] * 6,
        "declined": [listing, "FINAL ANSWER: I could not find it"],
        "repeated_failed": [bad, bad, "FINAL ANSWER: I could not find it"],
        "malformed_call": ["<tool_call>{oops}</tool_call>", "FINAL ANSWER: unknown"],
        "ungrounded": [listing, "FINAL ANSWER: 123.45"],
        "weird": [{"content": "x", "tool_calls": [{"function": None}]}, "FINAL ANSWER: 5"],
    }
    run = in_turn(corpus, tmp_path / "run", list(chats.values()), max_turns=6)
    found = {
        name: {signal for signal, value in episode_signals(e, run.info)[1].items() if value}
        for name, e in zip(chats, run, strict=True)
    }
    assert found["no_answer"] == {"no_answer", "no_query", "malformed_call", "unrecovered_error"}
    assert found["declined"] == {"declined", "no_query"}
    assert found["repeated_failed"] == {
        "repeated_failed", "declined", "no_query", "unrecovered_error"
    }  # fmt: skip
    assert {"malformed_call", "declined"} <= found["malformed_call"]
    assert found["ungrounded"] == {"ungrounded", "no_query"}
    assert {"malformed_call", "ungrounded"} <= found["weird"]
    assert set().union(*found.values()) | {"no_schema", "disagreement"} == set(SIGNALS)


@pytest.mark.parametrize("policy", POLICIES)
def test_signals_do_not_move_with_what_a_record_says_of_the_outcome(
    play: Play, tmp_path: Path, policy: PolicyName
) -> None:
    run = play(ScriptedEvaluation(policy), attempts=2).run

    def flipped(episode: dict[str, Any]) -> dict[str, Any]:
        flags = {name: not value for name, value in episode["flags"].items()}
        return episode | {
            "is_correct": not episode["is_correct"],
            "reward": 1 - episode["reward"],
            "outcome": 1 - episode["outcome"],
            "truth": "4711",
            "answer_reason": "off_value",
            "failure": "other_wrong" if episode["is_correct"] else "",
            "failures": ["other_wrong"],
            "wrong_answer": "other",
            "question_type": "Other",
            "level": 5,
            "num_tables": 9,
            "checks": dict.fromkeys(episode["checks"], 0.0),
            "criteria": [],
            "flags": flags | {"infra_fault": False},
        }

    other = write_run(tmp_path / "flipped", run.info, (flipped(episode) for episode in run))
    assert other.columns(["is_correct"])["is_correct"].tolist() != (
        run.columns(["is_correct"])["is_correct"].tolist()
    )
    assert read_signals(other) == read_signals(run)


NEVER = {
    "criteria": [
        {
            "id": "never",
            "dim": "primary",
            "kind": "value",
            "slot": "no_such_slot",
            "truth": {"value": "4711", "op": "exact"},
        }
    ]
}
"""A rubric that no submission passes."""


@pytest.mark.parametrize("policy", ["gold", "recovery", "guess", "random"])
def test_signals_do_not_move_with_what_is_right(
    corpus: Any, tmp_path: Path, tasks: list[str], policy: PolicyName
) -> None:
    """The same messages, scored by the truth and so that nothing is right."""
    runs = {}
    for name, rubrics in (("ours", None), ("never", {"*": NEVER})):
        record = finqa_gym.Recording(tmp_path / name, policy=policy)
        with VectorEnv(corpus, len(tasks), record=record, rubrics=rubrics) as env:
            script = finqa_gym.ScriptedPolicy(policy, env, seed=3)
            observations, infos = env.reset(task_ids=tasks)
            script.reset(infos["env_id"], infos["task_index"])
            live = infos["env_id"]
            while len(live):
                actions = script.act(live, observations)
                live, observations = env.step(actions, env_ids=live).running()
        runs[name] = open_run(tmp_path / name)
    ours, never = runs.values()
    acted = [[[turn["action"] for turn in e["turns"]] for e in run] for run in (ours, never)]
    assert acted[0] == acted[1]
    assert not never.columns(["is_correct"])["is_correct"].any()
    if policy in ("gold", "recovery"):
        assert ours.columns(["is_correct"])["is_correct"].all()
    assert shown(ours) == shown(never)


def test_the_guide_names_every_signal() -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "guides" / "evaluate.md"
    table = guide.read_text("utf-8").split("| signal |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(SIGNALS)


def test_renamed_tools_are_known(play: Play) -> None:
    names = {"sql_query": "ask", "get_table_info": "peek", "get_table_names": "catalog"}
    found = play(ScriptedEvaluation("gold"), split="train", max_tasks=8, tool_names=names)
    assert all(signals <= {"declined"} for signals in shown(found.run).values())


def test_an_episode_without_a_message_is_one_without_an_answer(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {}, [{"task_id": "t", "prompt": "?", "question": "?"}])
    [found] = read_signals(run)
    assert {"no_answer", "no_query"} <= {name for name, value in found.signals.items() if value}


# --- attempts that disagree -----------------------------------------------------------------------


def answered(tmp_path: Path, *submissions: str | None) -> Any:
    episodes = [
        {"task_id": "t", "question": "How much?", "prompt": "How much?", "submission": text}
        for text in submissions
    ]
    [found] = read_signals(write_run(tmp_path / "run", {}, episodes))
    return found


@pytest.mark.parametrize(
    ("submissions", "answer", "disagreement"),
    [
        (["5", "5", "5"], 0, 0.0),
        (["7", "5", "5.0"], 1, 1 / 3),
        (["$1,234", "1234", "999", "1,234"], 0, 1 / 4),
        (["a", "b", "c", "d"], 0, 3 / 4),
        (["not available", "5", "I could not find it"], 0, 1 / 3),
        ([None, None, "5"], 0, 1 / 3),
        (["17.0%", "17%"], 0, 0.0),
        (["5"], 0, None),
    ],
)
def test_the_answer_of_most_attempts_counts(
    tmp_path: Path, submissions: list[str | None], answer: int, disagreement: float | None
) -> None:
    found = answered(tmp_path, *submissions)
    assert found.answer == answer
    assert found.signals.get("disagreement") == (
        None if disagreement is None else pytest.approx(disagreement)
    )


def test_weights_count_and_wrong_ones_are_refused() -> None:
    found = [
        TaskSignals("a", 0, (0,), {"declined": 1.0, "no_query": 1.0}),
        TaskSignals("b", 1, (1,), {"no_query": 1.0}),
    ]
    assert hard_tasks(found, 2) == ["a"]
    assert hard_tasks(found, 1, {"no_query": 0.5}) == ["a"]
    assert hard_tasks(found, 0) == ["a", "b"]
    with pytest.raises(ValueError, match="no signal 'is_correct'; there are no_answer, "):
        hard_tasks(found, 1, {"is_correct": 1})
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="the weight of declined is"):
            hard_tasks(found, 1, {"declined": wrong})


# --- whole cascades -------------------------------------------------------------------------------


def priced(run: Any, path: Path, tokens: int, right: Callable[[int], bool]) -> Any:
    """The same episodes with tokens, and with other outcomes."""
    episodes = (
        episode
        | {"num_prompt_tokens": tokens, "num_completion_tokens": 0, "is_correct": right(place)}
        for place, episode in enumerate(run)
    )
    return write_run(path, run.info, episodes)


def test_a_cascade_of_real_runs(play: Play, tasks: list[str]) -> None:
    small, big = (play(ScriptedEvaluation(n), n, attempts=2).run for n in ("guess", "recovery"))
    found = route(small, big)
    assert found.num_tasks == len(tasks)
    assert found.num_left_out == 0
    assert (found.points[0].who, found.points[0].accuracy.value) == ("small", 0.0)
    assert (found.points[-1].who, found.points[-1].accuracy.value) == ("big", 1.0)
    accuracies = [point.accuracy.value for point in found.points]
    assert accuracies == sorted(accuracies), "guess is never right, so every task sent on helps"
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["points"][0]["threshold"] is None
    assert [row["name"] for row in told["signals"]] == [row.name for row in found.signals]
    # Gold sends hardly anything on, and loses nothing by it.
    gold = play(ScriptedEvaluation("gold"), "gold", attempts=2).run
    assert all(point.accuracy.value == 1.0 for point in route(gold, big).points)


def test_costs_count_all_attempts_of_the_small_and_one_of_the_big(
    play: Play, tmp_path: Path
) -> None:
    small = play(ScriptedEvaluation("guess"), "guess", attempts=3).run
    big = play(ScriptedEvaluation("gold"), "gold", attempts=2).run
    small = priced(small, tmp_path / "small", 1000, lambda _: False)
    big = priced(big, tmp_path / "big", 1000, lambda place: place % 2 == 0)
    found = route(small, big, small_prices=Prices(1.0, 0.0), big_prices=Prices(50.0, 0.0))
    assert found.attempts == 3
    for point in found.points:
        own = 0.0 if point.who == "big" else 0.003
        assert point.cost == pytest.approx(own + point.share * 0.05)
    assert found.points[-1].accuracy.value == pytest.approx(0.5)


def test_tasks_of_one_model_alone_are_left_out(play: Play, corpus: Any, tmp_path: Path) -> None:
    small = play(ScriptedEvaluation("guess"), "guess", max_tasks=10).run
    gold = ScriptedEvaluation("gold")
    big = play(gold, "gold", tasks=corpus.task_ids("val")[5:]).run
    found = route(small, big)
    assert (found.num_tasks, found.num_left_out) == (5, 11)
    other = evaluate(gold, corpus, out=tmp_path / "train", split="train", max_tasks=2).run
    with pytest.raises(ValueError, match="share no task with graded episodes"):
        route(small, other)


def test_only_hard_tasks_need_the_big_model(play: Play) -> None:
    small = play(ScriptedEvaluation("random"), "random").run
    weights = {"no_schema": 3.0}
    found = read_signals(small)
    floor = sorted({each.score(weights) for each in found})[-2]
    hard = hard_tasks(found, floor, weights)
    assert 0 < len(hard) < len(found)
    big = play(ScriptedEvaluation("gold"), "gold", tasks=hard).run
    part = route(small, big, weights=weights, floor=floor)
    whole = route(small, play(ScriptedEvaluation("gold"), "all").run, weights=weights)
    assert part.num_tasks == whole.num_tasks
    assert part.weights == weights
    known = [point for point in whole.points if point.threshold >= floor]
    assert [(p.who, p.threshold, p.share, p.accuracy) for p in part.points] == [
        (p.who, p.threshold, p.share, p.accuracy) for p in known
    ]
