"""Recorded actions played again: the same bytes, and every difference is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def recorded(finqa_gym: Any, record: Any, play: Any, tmp_path: Path) -> Callable[..., Any]:
    """A run of scripted policies."""

    def make(*policies: str, **options: Any) -> Any:
        env = record(12, **options)
        for policy in policies:
            play(env, policy)
        env.close()
        return finqa_gym.open_run(tmp_path / "run")

    return make


def rewritten(
    finqa_gym: Any, run: Any, path: Path, change: Callable[[dict[str, Any]], None]
) -> Any:
    """A copy of a run, its records changed."""

    def records() -> Any:
        for episode in run:
            change(episode)
            yield episode

    return finqa_gym.write_run(path, run.info, records())


@pytest.mark.parametrize("profile", ["rllm", "openenv", "compact"])
def test_every_policy_replays_byte_for_byte(recorded: Any, profile: str) -> None:
    from finqa_gym.replay import replay

    run = recorded("gold", "recovery", "guess", "random", tool_profile=profile, reward="shaped")
    report = replay(run)
    assert report.differences == []
    assert report.num_episodes == 48
    assert report.has_rewards


def test_the_corpus_is_made_again_from_its_source(finqa_gym: Any, recorded: Any) -> None:
    from finqa_gym.data import corpus_from_source

    run = recorded("gold")
    assert "take" in run.info["corpus"]["source"]
    corpus = corpus_from_source(run.info["corpus"]["source"])
    assert corpus.content_hash == run.info["corpus"]["content_hash"]
    with pytest.raises(finqa_gym.DataError, match="source of a corpus"):
        corpus_from_source({"elsewhere": 1})


RUBRICS = """
'*':
  criteria:
    # As a float this value would lose the zero that its digits are compared by.
    - {id: p1, dim: primary, kind: value, slot: cost, truth: {value: 0.0460, op: exact}}
    - {id: listed, dim: process, kind: behaviour, check: listed_before_query}
"""
CRITERION = {"id": "answer", "dim": "primary", "kind": "answer"}


@pytest.mark.parametrize("form", ["dict", "json", "yaml"])
def test_rubrics_of_a_run_are_those_of_its_replay(recorded: Any, tmp_path: Path, form: str) -> None:
    from finqa_gym.replay import replay

    rubrics: Any = {"*": {"criteria": [CRITERION]}}
    if form != "dict":
        path = tmp_path / f"rubrics.{form}"
        path.write_text(RUBRICS if form == "yaml" else json.dumps(rubrics), "utf-8")
        rubrics = path
    run = recorded("gold", "guess", rubrics=rubrics, reward="shaped")
    ids = {criterion["id"] for episode in run for criterion in episode["criteria"]}
    assert ids == ({"p1", "listed"} if form == "yaml" else {"answer"})
    report = replay(run)
    assert (report.num_episodes, report.differences) == (24, [])


def test_finish_reasons_and_structured_calls_are_replayed(
    finqa_gym: Any, record: Any, tmp_path: Path
) -> None:
    from finqa_gym.replay import replay

    env = record(3, on_malformed="ignore")
    _, infos = env.reset()
    company = env.corpus.task(int(infos["task_index"][0]))["companies"][0]
    call = {"name": "get_table_names", "arguments": json.dumps({"company_name": company})}
    structured = {
        "content": None,
        "tool_calls": [{"id": "x1", "type": "function", "function": call}],
    }
    env.step([structured, "<tool_call>{", "hello"], ["stop", "length", None])
    env.step(["FINAL ANSWER: 1"] * 3)
    env.close()
    report = replay(finqa_gym.open_run(tmp_path / "run"))
    assert (report.num_episodes, report.differences) == (3, [])


def test_tools_of_the_user_give_their_recorded_results(
    finqa_gym: Any, record: Any, tmp_path: Path
) -> None:
    from finqa_gym.replay import replay

    count = iter(range(100))

    def tick(calls: list[dict[str, Any]]) -> list[Any]:
        results: list[Any] = [f"tick {next(count)}" for _ in calls]
        return [finqa_gym.ToolCallError(r) if r.endswith("1") else r for r in results]

    tool = finqa_gym.UserTool(
        tick, name="tick", description="Counts.", parameters={"type": "object", "properties": {}}
    )
    env = record(2, tools=[tool])
    env.reset()
    call = '<tool_call>{"name": "tick", "arguments": {}}</tool_call>'
    bad = '<tool_call>{"name": "tick", "arguments": {"x": 1}}</tool_call>'
    env.step([call + bad + call, bad + call])
    env.step(["FINAL ANSWER: 1"] * 2)
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    contents = {m["content"] for e in run for t in e["turns"] for m in t["messages"]}
    assert any(text.startswith("Error: tick") for text in contents)
    report = replay(run)
    assert (report.num_episodes, report.differences) == (2, [])


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        (
            "content",
            lambda e: e["turns"][0]["messages"][0].update(content="x"),
            "turn 1, message 1",
        ),
        ("prompt", lambda e: e.update(prompt="another"), "prompt"),
        ("reward", lambda e: e["turns"][-1].update(reward=0.25), "reward"),
        ("flags", lambda e: e["flags"].update(listed=not e["flags"]["listed"]), "flags"),
        ("check", lambda e: e["checks"].update(no_repeat_failed=0.123), "check no_repeat_failed"),
        ("turns", lambda e: e["turns"].append(e["turns"][-1]), "number of turns"),
        ("id", lambda e: e["turns"][0]["messages"][0].update(id="c9"), "id of message 1"),
    ],
)
def test_each_difference_is_found_and_named(
    finqa_gym: Any, recorded: Any, tmp_path: Path, name: str, change: Any, what: str
) -> None:
    from finqa_gym.replay import replay

    run = rewritten(finqa_gym, recorded("gold"), tmp_path / name, change)
    report = replay(run)
    assert report.num_different == report.num_episodes == 12
    assert what in report.differences[0].what


def test_other_versions_are_refused_by_name(finqa_gym: Any, recorded: Any) -> None:
    from finqa_gym.replay import replay

    run = recorded("gold")
    path = run.path / "run.json"
    info = json.loads(path.read_text())
    info["versions"]["sqlite"] = "SQLite 3.0"
    path.write_text(json.dumps(info))
    run = finqa_gym.open_run(run.path)
    with pytest.raises(finqa_gym.DataError, match=r"sqlite was SQLite 3\.0, is SQLite"):
        replay(run)
    report = replay(run, allow_version_mismatch=True)
    assert report.num_different == 0
    assert report.mismatches[0].startswith("sqlite was")


def test_another_corpus_is_refused(finqa_gym: Any, recorded: Any) -> None:
    from finqa_gym.replay import replay

    with pytest.raises(finqa_gym.DataError, match="recorded over corpus"):
        replay(recorded("gold"), finqa_gym.synthetic(1))


def test_traces_from_elsewhere_have_no_engine_to_replay(finqa_gym: Any, tmp_path: Path) -> None:
    from finqa_gym.replay import replay

    run = finqa_gym.write_run(tmp_path / "logs", {"source": "logs"}, [])
    with pytest.raises(finqa_gym.DataError, match="traces from elsewhere"):
        replay(run)


def test_the_command_leaves_with_one_if_something_differs(
    finqa_gym: Any, recorded: Any, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from finqa_gym.cli import app

    run = recorded("gold")
    good = CliRunner().invoke(app, ["replay", str(run.path)])
    assert good.exit_code == 0, good.output
    assert "12 of 12 episodes came out the same" in good.output
    other = rewritten(finqa_gym, run, tmp_path / "x", lambda e: e.update(prompt="no"))
    bad = CliRunner().invoke(app, ["replay", str(other.path), "--limit", "7"])
    assert bad.exit_code == 1
    assert "0 of 7 episodes" in bad.output
    assert "recorded: no" in bad.output
