"""Evaluations of scripts: what they come to, going on with them, what they refuse."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

import finqa_gym
from finqa_gym.evaluation import ScriptedEvaluation, Usage, evaluate, open_policy
from finqa_gym.exceptions import DataError, NotFoundError
from finqa_gym.trajectories import open_run
from small_corpus import small_path

Play = Callable[..., Any]


def per_task(run: Any) -> Counter[str]:
    return Counter(run.columns(["task_id"])["task_id"])


def values(rows: list[Any]) -> dict[str, float]:
    return {row.name: row.values[0].value for row in rows}


@pytest.mark.parametrize("split", ["val", "eval290", "reason79", "train"])
def test_gold_is_right_on_every_split(play: Play, split: str) -> None:
    found = play(ScriptedEvaluation("gold"), split=split, max_tasks=24, attempts=3)
    assert found.pass_at_1.value == found.pass_at_k.value == 1.0
    assert found.pass_at_1.low < 1.0 == found.pass_at_1.high
    assert list(found.pass_at) == [1, 2, 3]
    assert found.failures == []
    checks = values(found.behaviour)
    assert checks["listed_before_query"] == checks["no_hallucinated_answer"] == 1.0
    assert set(found.run.columns(["split"])["split"]) == {split}
    assert found.num_missing == 0


def test_guess_is_never_right_and_does_not_look(play: Play, tasks: list[str]) -> None:
    found = play(ScriptedEvaluation("guess"), attempts=2)
    assert found.pass_at_1.value == found.pass_at[2].value == 0.0
    checks = values(found.behaviour)
    assert checks["inspected_before_query"] == checks["recovered_from_error"] == 0.0
    assert checks["no_hallucinated_answer"] < 1
    assert sum(row.counts[0] for row in found.failures) == 2 * len(tasks)
    names = {row.name for row in found.failures}
    assert {"gave_up", "hallucinated_after_failure"} <= names


def test_attempts_of_a_script_are_not_all_the_same(play: Play, tasks: list[str]) -> None:
    found = play(ScriptedEvaluation("random"), attempts=4, num_envs=len(tasks))
    chats: dict[str, set[str]] = {}
    for episode in found.run:
        chats.setdefault(episode["task_id"], set()).add(episode["turns"][0]["action"])
    assert max(len(first) for first in chats.values()) > 1


def test_the_number_of_slots_does_not_matter_to_gold(play: Play, tasks: list[str]) -> None:
    runs = [
        play(ScriptedEvaluation("gold"), f"slots{slots}", attempts=2, num_envs=slots)
        for slots in (1, 5, 1000)
    ]
    for found in runs:
        assert per_task(found.run) == Counter(dict.fromkeys(tasks, 2))
        assert found.to_dict()["checks"] == runs[0].to_dict()["checks"]


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("after", [1, 7, 16, 20, 31])
def test_an_interrupted_evaluation_plays_only_what_is_missing(
    play: Play, tasks: list[str], after: int, tmp_path: Path
) -> None:
    def interrupt(done: int, total: int) -> None:
        assert total == 32
        if done >= after:
            raise Interrupted

    policy = ScriptedEvaluation("recovery", seed=5)
    with pytest.raises(Interrupted):
        play(policy, attempts=2, num_envs=3, progress=interrupt)
    before = open_run(tmp_path / "run").num_episodes
    assert after <= before < 32 or (before == 32 and after == 31)
    told: list[tuple[int, int]] = []
    found = play(policy, attempts=2, num_envs=3, progress=lambda *now: told.append(now))
    assert found.num_played == 32 - before
    assert per_task(found.run) == Counter(dict.fromkeys(tasks, 2))
    assert found.pass_at_1.value == 1.0
    if before < 32:
        assert told[-1] == (32 - before, 32 - before)
    assert play(policy, attempts=2).num_played == 0


CHILD = """
import sys, time
import finqa_gym
from finqa_gym.evaluation import ScriptedEvaluation, evaluate

def told(done, total):
    print(done, flush=True)
    time.sleep(0.02)

corpus = finqa_gym.load(sys.argv[1])
evaluate(
    ScriptedEvaluation("gold"), corpus, out=sys.argv[2], split="train", attempts=4, num_envs=2,
    progress=told,
)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("lines", [1, 9, 30])
def test_a_killed_evaluation_is_gone_on_with(tmp_path: Path, lines: int) -> None:
    out = tmp_path / "run"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, small_path(), str(out)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    reported = 0
    for _ in range(lines):
        reported = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    corpus = finqa_gym.load(small_path())
    kept = open_run(out).num_episodes
    assert reported <= kept < 4 * len(corpus.task_ids("train"))
    found = evaluate(
        ScriptedEvaluation("gold"), corpus, out=out, split="train", attempts=4, num_envs=2
    )
    wanted = Counter(dict.fromkeys(corpus.task_ids("train"), 4))
    assert per_task(found.run) == wanted
    assert found.num_played == wanted.total() - kept
    assert found.pass_at_1.value == 1.0


@pytest.mark.parametrize(
    ("changes", "name", "before", "now"),
    [
        ({"split": "train"}, "split", '"val"', '"train"'),
        ({"seed": 1}, "seed", "0", "1"),
        ({"tool_profile": "compact"}, "env.tool_profile", '"rllm"', '"compact"'),
        ({"answer_mode": "openenv"}, "env.answer_mode", '"strict"', '"openenv"'),
        ({"max_turns": 3}, "env.max_turns", "null", "3"),
        ({"attempts": 1}, "attempts", "2", "1"),
        ({"max_tasks": 3}, "max_tasks", "4", "3"),
        ({"parse_level": "repair"}, "env.parse_level", "null", '"repair"'),
        ({"policy": "scripted:guess"}, "policy", '"gold"', '"guess"'),
    ],
)
def test_other_settings_are_refused_by_name(
    play: Play, changes: dict[str, Any], name: str, before: str, now: str
) -> None:
    asked = {"policy": "scripted:gold", "attempts": 2, "max_tasks": 4}

    def begin(**options: Any) -> Any:
        return play(open_policy(options.pop("policy")), **options)

    begin(**asked)
    with pytest.raises(DataError, match=f"begun with {name} {before}, and {now}"):
        begin(**asked | changes)
    assert begin(**asked).num_played == 0, "the refusal changed nothing"


def test_another_seed_of_the_script_is_another_policy(play: Play) -> None:
    play(ScriptedEvaluation("random", seed=1), max_tasks=2)
    with pytest.raises(DataError, match=r"policy\.seed 1, and 2"):
        play(ScriptedEvaluation("random", seed=2), max_tasks=2)


def test_another_corpus_is_refused(play: Play, tmp_path: Path) -> None:
    play(ScriptedEvaluation("gold"), max_tasks=2)
    other = finqa_gym.synthetic(1).take("val", 1)
    with pytest.raises(DataError, match="begun with corpus"):
        evaluate(ScriptedEvaluation("gold"), other, out=tmp_path / "run", split="val", max_tasks=2)


def test_more_attempts_and_more_tasks_are_added(play: Play, tasks: list[str]) -> None:
    gold = ScriptedEvaluation("gold")
    assert play(gold, max_tasks=4).num_played == 4
    assert play(gold, max_tasks=4, attempts=3).num_played == 8
    found = play(gold, max_tasks=6, attempts=3)
    assert found.num_played == 6
    assert per_task(found.run) == Counter(dict.fromkeys(tasks[:6], 3))
    found = play(gold, attempts=3)
    assert per_task(found.run) == Counter(dict.fromkeys(tasks, 3))
    assert found.k == 3


def test_a_run_that_is_there_is_left_alone_if_told(play: Play) -> None:
    gold = ScriptedEvaluation("gold")
    play(gold, max_tasks=2)
    with pytest.raises(DataError, match="a run is there already"):
        play(gold, max_tasks=2, resume=False)
    play(gold, "new", max_tasks=2, resume=False)


def test_a_run_of_something_else_is_refused(corpus: Any, play: Play, tmp_path: Path) -> None:
    with finqa_gym.VectorEnv(corpus, 1, record=tmp_path / "run") as env:
        env.reset()
        env.step(["FINAL ANSWER: 1"])
    with pytest.raises(DataError, match=r"1 episodes and no evaluation\.json"):
        play(ScriptedEvaluation("gold"))
    (tmp_path / "run" / "evaluation.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(DataError, match="an object is needed"):
        play(ScriptedEvaluation("gold"))
    (tmp_path / "run" / "evaluation.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="is no JSON"):
        play(ScriptedEvaluation("gold"))


def test_a_run_killed_before_its_settings_were_written_is_gone_on_with(
    corpus: Any, play: Play, tmp_path: Path
) -> None:
    record = finqa_gym.Recording(tmp_path / "run", policy="gold")
    finqa_gym.VectorEnv(corpus, 1, split="val", record=record).close()
    assert play(ScriptedEvaluation("gold"), max_tasks=2).num_played == 2


def test_tasks_can_be_named(play: Play, tasks: list[str]) -> None:
    named = [tasks[3], tasks[1], tasks[3]]
    found = play(ScriptedEvaluation("gold"), tasks=named)
    assert per_task(found.run) == Counter([tasks[3], tasks[1]])
    assert play(ScriptedEvaluation("gold"), tasks=tasks[:4]).num_played == 2
    with pytest.raises(NotFoundError, match="no-such-task"):
        play(ScriptedEvaluation("gold"), "other", tasks=["no-such-task"])
    with pytest.raises(ValueError, match="tasks is empty"):
        play(ScriptedEvaluation("gold"), "other", tasks=[])


def test_an_endless_split_needs_a_number(tmp_path: Path) -> None:
    endless = finqa_gym.synthetic()
    for split in ("train", None):
        with pytest.raises(ValueError, match=r"has no end; name a split .*eval290.* max_tasks"):
            evaluate(ScriptedEvaluation("gold"), endless, out=tmp_path / "run", split=split)
    assert not (tmp_path / "run").exists()
    found = evaluate(
        ScriptedEvaluation("gold"), endless, out=tmp_path / "run", split="train", max_tasks=5
    )
    assert found.pass_at_1.n == 5


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"attempts": 0}, "attempts is 0; it must be at least 1"),
        ({"max_tasks": 0}, "max_tasks is 0"),
        ({"num_envs": 0}, "num_envs is 0"),
        ({"tool_profile": "none"}, "none"),
        ({"split": "test"}, "no split 'test'"),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_is_left_behind(
    play: Play, tmp_path: Path, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises((ValueError, NotFoundError), match=problem):
        play(ScriptedEvaluation("gold"), **options)
    assert not (tmp_path / "run").exists()


class Faltering:
    """Plays gold, but leaves the slots of some tasks running, as after faults of its own."""

    name = "faltering"

    def __init__(self, broken: set[int]) -> None:
        self.broken = broken
        self.attempts: list[list[int]] = []

    def play(self, env: Any, env_ids: Any, observations: list[str], infos: Any) -> Usage:
        self.attempts.append(infos["attempt"].tolist())
        well = np.array([int(task) not in self.broken for task in infos["task_index"]])
        usage = ScriptedEvaluation("gold").play(
            env,
            env_ids[well],
            [text for text, is_well in zip(observations, well, strict=True) if is_well],
            {name: infos[name][well] for name in ("task_index", "attempt")},
        )
        usage.faults["gpu"] += int((~well).sum())
        usage.last_fault = "gpu: it fell over"
        return usage


def test_slots_that_a_policy_leaves_are_left_out_and_made_up_for(
    corpus: Any, play: Play, tasks: list[str]
) -> None:
    broken = {corpus.task_index(tasks[0]), corpus.task_index(tasks[9])}
    policy = Faltering(broken)
    found = play(policy, attempts=2, num_envs=8)
    assert (found.num_played, found.num_left_out, found.num_missing) == (28, 4, 4)
    assert found.usage.faults == {"gpu": 4}
    assert found.pass_at_1.value == 1.0
    assert found.headline.tasks == len(tasks) - 2
    assert policy.attempts == [[0] * 8, [0] * 8, [1] * 8, [1] * 8]
    policy.broken = set()
    again = play(policy, attempts=2, num_envs=8)
    assert (again.num_played, again.num_left_out, again.num_missing) == (4, 0, 0)
    assert policy.attempts[4:] == [[0, 0, 1, 1]]


def test_settings_that_json_cannot_hold_are_refused_before_anything_is_played(
    play: Play, tmp_path: Path
) -> None:
    policy = ScriptedEvaluation("gold")
    policy.settings = {"folder": Path("here")}
    with pytest.raises(TypeError, match=r"policy\.settings\['folder'\] is .*; what JSON can hold"):
        play(policy)
    assert not (tmp_path / "run").exists()


def test_nothing_but_faults_is_an_error_that_says_so(corpus: Any, play: Play) -> None:
    everything = set(range(len(corpus)))
    with pytest.raises(ValueError, match=r"none of 16 episodes .* gpu 16; .* it fell over"):
        play(Faltering(everything))


def test_options_of_the_environment_are_passed_on(play: Play) -> None:
    gold = ScriptedEvaluation("gold")
    found = play(gold, max_tasks=2, system_prompt="You are terse.")
    assert found.run.info["system_prompt"] == "You are terse."
    with pytest.raises(DataError, match=r"env\.system_prompt"):
        play(gold, max_tasks=2, system_prompt="You are chatty.")
    # One that JSON does not hold is the recording's to compare.
    reward = finqa_gym.RewardConfig("shaped")
    play(gold, "shaped", max_tasks=1, reward=reward)
    with pytest.raises(DataError, match="reward"):
        play(gold, "shaped", max_tasks=2, reward="binary")


def test_all_numbers_are_json(play: Play) -> None:
    found = play(ScriptedEvaluation("recovery"), attempts=2)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["pass_at"]["1"]["value"] == 1.0
    assert told["now"]["episodes"] == told["episodes"] == 32
    assert told["cost"]["total"] is None
    assert told["settings"]["policy.script"] == "recovery"
    assert told["checks"]["recovered_from_error"]["value"] == 1.0


@pytest.mark.parametrize(
    ("spec", "options", "problem"),
    [
        ("scripted:silver", {}, "script is 'silver'; it must be one of gold, "),
        ("scripted:gold", {"model": "m"}, "model is given, but policy 'scripted:gold' is a script"),
        ("scripted:gold", {"temperature": 1.0}, "temperature is given"),
        ("gold", {}, "a script is called scripted:gold"),
        ("http://127.0.0.1:1/v1", {}, "model .--model. is missing"),
        ("https://", {"model": "m"}, "an http or https URL is needed"),
        ("some/model", {"model": "m"}, "policy 'some/model' is no endpoint"),
        ("some/model", {"api_key": "sk-12345678"}, "api_key is given, but policy"),
    ],
)
def test_a_policy_that_there_is_not_is_refused(
    spec: str, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem) as raised:
        open_policy(spec, **options)
    assert "sk-12345678" not in str(raised.value)


def test_a_checkpoint_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("finqa_gym.train")]:
        monkeypatch.delitem(sys.modules, name)
    error = ModuleNotFoundError("No module named 'torch'", name="torch")

    class Missing:
        """Finds the policy of checkpoints where torch is not installed."""

        def find_spec(self, name: str, *_: Any) -> None:
            if name == "finqa_gym.train.policy":
                raise error

    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(ValueError, match=r'pip install "finqa-gym\[train\]"'):
        open_policy("some/checkpoint")


def test_usages_add_up() -> None:
    one = Usage(1, 2, 0.5, 3, 1, [0.1], Counter(a=1), "first")
    both = one + Usage(10, 20, 1.5, 30, 0, [0.2], Counter(a=1, b=2))
    assert both == Usage(11, 22, 2.0, 33, 1, [0.1, 0.2], Counter(a=2, b=2), "first")
    assert (one + Usage(last_fault="second")).last_fault == "second"
    assert Usage().latency_s(0.5) != Usage().latency_s(0.5)
