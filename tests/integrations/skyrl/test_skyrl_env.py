"""Episodes made by `skyrl_gym.make`, from threads, as SkyRL's generator drives them."""

from __future__ import annotations

import gc
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("skyrl_gym", reason="skyrl-gym is not installed", exc_type=ImportError)

import skyrl_gym
from skyrl_gym.metrics import aggregate_for_environment

from direct_env import direct_results
from finqa_gym.data import open_corpus
from finqa_gym.integrations.engines import engine_of_row
from finqa_gym.integrations.rows import training_rows
from finqa_gym.integrations.skyrl import FinqaEnv, register
from scripted_server import scripts

CORPUS = "synthetic:7:tiny"
NUM = 48
PLACES = 16
"""Episodes that live at the same time."""


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    register()
    register()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    options: dict[str, Any] = {"reward": {"mode": "shaped"}, "max_turns": 9}
    return list(training_rows(CORPUS, "skyrl", max_tasks=NUM, **options))


@pytest.fixture(scope="module")
def said(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Messages by task id, of four policies in turn."""
    corpus = open_corpus(CORPUS)
    ids = [row["extra_info"]["task_id"] for row in rows]
    told: dict[str, list[str]] = {}
    for first, policy in enumerate(("gold", "guess", "recovery", "random")):
        some = ids[first::4]
        told |= dict(zip(some, scripts(corpus, policy, some, max_turns=9).values(), strict=True))
    return {task: told[task] for task in ids}


def make(row: dict[str, Any], **env_config: Any) -> Any:
    extras = {key: value for key, value in row.items() if key not in ("prompt", "env_class")}
    config = {"max_episodes": PLACES, **env_config}
    return skyrl_gym.make(row["env_class"], env_config=config, extras=extras)


def play(row: dict[str, Any], messages: list[str]) -> tuple[float, dict[str, Any]]:
    env = make(row)
    prompt, _ = env.init(row["prompt"])
    assert prompt == row["prompt"]
    total = 0.0
    for message in messages:
        out = env.step(message)
        assert all(set(each) == {"role", "content"} for each in out["observations"])
        total += out["reward"]
        if out["done"]:
            break
    metrics = env.get_metrics()
    env.close()
    env.close()
    return total, metrics


def test_rewards_are_those_of_the_direct_environment(
    rows: list[dict[str, Any]], said: dict[str, list[str]]
) -> None:
    engine = engine_of_row(rows[0]["extra_info"], max_episodes=PLACES)
    with ThreadPoolExecutor(32) as pool:  # more than the engine has places
        played = list(pool.map(lambda row: play(row, said[row["extra_info"]["task_id"]]), rows))
    direct = direct_results(open_corpus(CORPUS), said, reward=engine.env.reward, max_turns=9)
    rewards = {result["reward"] for result in direct.values()}
    assert len(rewards) > 2, "the policies must come to different rewards"
    for row, (reward, metrics) in zip(rows, played, strict=True):
        result = direct[row["extra_info"]["task_id"]]
        assert reward == pytest.approx(result["reward"], abs=1e-6)
        assert metrics["num_turns"] == result["turn"]
        assert metrics["is_correct"] == bool(result["is_correct"])
        assert metrics["truncated"] == (result["status"] == "truncated")
    assert engine.num_live == 0
    assert engine.num_leaked == 0
    mean = aggregate_for_environment("finqa", [m for _, m in played])
    correct = [bool(result["is_correct"]) for result in direct.values()]
    assert mean["is_correct"] == pytest.approx(sum(correct) / NUM)


def test_a_trajectory_that_ran_out_of_tokens_is_truncated(rows: list[dict[str, Any]]) -> None:
    env = make(rows[0])
    env.init(rows[0]["prompt"])
    assert not env.step("let me think")["done"]
    metrics = env.get_metrics()
    assert metrics["truncated"] == 1.0
    assert metrics["is_correct"] == 0.0
    env.close()


def test_an_environment_that_nobody_closed_gives_its_place_back(
    rows: list[dict[str, Any]],
) -> None:
    engine = engine_of_row(rows[0]["extra_info"], max_episodes=PLACES)
    before = engine.num_leaked
    env = make(rows[0])
    env.init(rows[0]["prompt"])
    assert engine.num_live == 1
    with warnings.catch_warnings():
        # Its thread may be the last to hold it, and then the warning comes there.
        warnings.simplefilter("ignore", ResourceWarning)
        del env
        deadline = time.monotonic() + 10
        while engine.num_live and time.monotonic() < deadline:
            gc.collect()
            time.sleep(0.01)
    assert engine.num_live == 0
    assert engine.num_leaked == before + 1


def test_results_can_be_tool_messages(rows: list[dict[str, Any]]) -> None:
    env = make(rows[0], text_results="tool")
    env.init(rows[0]["prompt"])
    assert [each["role"] for each in env.step("hm")["observations"]] == ["tool"]
    env.close()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"extra_info": {}}, "task_id and world are needed"),
        ({"extra_info": {"task_id": "x"}}, "world=None"),
    ],
)
def test_a_row_that_does_not_say_what_is_played_is_refused(
    rows: list[dict[str, Any]], change: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        make(rows[0] | change)


def test_stepping_without_an_episode_says_so(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(RuntimeError, match=r"call init\(\) first"):
        make(rows[0]).step("hm")


def test_threads_of_one_tick_share_a_batch(rows: list[dict[str, Any]]) -> None:
    """That all environments of a process are in one engine, and none waits for another."""
    envs = [make(row) for row in rows[:8]]
    assert len({id(env.engine) for env in envs}) == 1
    barrier = threading.Barrier(8)

    def first_step(env: FinqaEnv) -> bool:
        env.init([])
        barrier.wait()
        done: bool = env.step("FINAL ANSWER: 1")["done"]
        env.close()
        return done

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(first_step, envs))
