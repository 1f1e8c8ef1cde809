"""Recorded episodes as training files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def run(finqa_gym: Any, record: Any, play: Any, tmp_path: Path) -> Any:
    """Gold and guessing episodes, two policies."""
    env = record(8)
    for policy in ("gold", "guess"):
        env.policy = policy
        play(env, policy)
    env.close()
    return finqa_gym.open_run(tmp_path / "run")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_messages_are_those_of_the_environment(
    finqa_gym: Any, record: Any, play: Any, tmp_path: Path
) -> None:
    env = record(4)
    play(env, "recovery")
    shown = [env.messages(slot) for slot in range(4)]
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    chats = list(run.to_messages())
    for episode, chat in zip(run, chats, strict=True):
        assert chat == shown[episode["env_id"]]


def test_structured_calls_are_moved_out_of_the_text(run: Any) -> None:
    episode = run.episodes(0, 1)[0]
    chat = next(iter(run.to_messages(structured=True)))
    for turn, message in zip(
        episode["turns"], (m for m in chat if m["role"] == "assistant"), strict=True
    ):
        if "<tool_call>" not in turn["action"]:
            continue
        assert "<tool_call>" not in message["content"]
        for call, answer in zip(message["tool_calls"], turn["messages"], strict=True):
            assert call["id"] == answer["id"]
            assert call["function"]["name"] == answer["name"]
            assert isinstance(json.loads(call["function"]["arguments"]), dict)


def test_a_structured_chat_plays_as_the_text_did(finqa_gym: Any, run: Any, corpus: Any) -> None:
    for episode, chat in zip(run, run.to_messages(structured=True), strict=True):
        env = finqa_gym.VectorEnv(corpus)
        env.reset(task_ids=[episode["task_id"]])
        said = [message for message in chat if message["role"] == "assistant"]
        for turn, message in zip(episode["turns"], said, strict=True):
            batch = env.step([message])
            assert [m["content"] for m in batch.messages[0]] == [
                m["content"] for m in turn["messages"]
            ]


def test_a_call_that_cannot_be_read_stays_text(finqa_gym: Any, record: Any, tmp_path: Path) -> None:
    env = record(1)
    env.reset()
    env.step(['<tool_call>{"name": </tool_call>'])
    env.step(["FINAL ANSWER: 1"])
    env.close()
    run = finqa_gym.open_run(tmp_path / "run")
    [chat] = run.to_messages(structured=True)
    assert chat[2] == {"role": "assistant", "content": '<tool_call>{"name": </tool_call>'}


def test_openai_and_sharegpt_files_hold_the_chosen_episodes(run: Any, tmp_path: Path) -> None:
    from finqa_gym.chats import export_chats

    out = tmp_path / "chats.jsonl"
    written = export_chats(run, out, min_reward=1.0, policy="gold")
    records = read(out)
    assert written == len(records) == 8
    assert all(r["reward"] == 1.0 and r["policy"] == "gold" for r in records)
    assert records[0]["messages"][0]["role"] == "system"
    assert export_chats(run, tmp_path / "s.jsonl", "sharegpt") == 16
    talk = read(tmp_path / "s.jsonl")[0]["conversations"]
    assert [turn["from"] for turn in talk[:4]] == ["system", "human", "gpt", "observation"]
    # After the system prompt the sides take turns.
    assert all(turn["from"] in ("gpt",) for turn in talk[2::2])


def test_parquet_holds_the_same_as_json_lines(run: Any, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")

    from finqa_gym.chats import export_chats

    export_chats(run, tmp_path / "a.jsonl", structured=True)
    export_chats(run, tmp_path / "a.parquet", structured=True)
    lines, rows = read(tmp_path / "a.jsonl"), pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert len(lines) == len(rows) == 16
    for line, row in zip(lines, rows, strict=True):
        assert json.loads(row["tools"]) == line["tools"]
        for theirs, ours in zip(line["messages"], row["messages"], strict=True):
            assert ours["content"] == theirs["content"]
            assert (ours["tool_calls"] or []) == theirs.get("tool_calls", [])
    export_chats(run, tmp_path / "s.jsonl", "sharegpt")
    export_chats(run, tmp_path / "s.parquet", "sharegpt")
    assert pq.read_table(tmp_path / "s.parquet").to_pylist() == read(tmp_path / "s.jsonl")


def test_a_file_that_is_there_and_a_bad_ending_are_refused(
    finqa_gym: Any, run: Any, tmp_path: Path
) -> None:
    from finqa_gym.chats import export_chats

    out = tmp_path / "chats.jsonl"
    out.write_text("mine")
    with pytest.raises(finqa_gym.DataError, match="is there already"):
        export_chats(run, out)
    assert out.read_text() == "mine"
    assert export_chats(run, out, overwrite=True) == 16
    with pytest.raises(ValueError, match=r"must end in \.jsonl or \.parquet"):
        export_chats(run, tmp_path / "chats.csv")
    with pytest.raises(ValueError, match='"openai" or "sharegpt"'):
        export_chats(run, out, "alpaca")  # type: ignore[arg-type]


def test_episodes_of_evaluation_splits_are_no_training_data(finqa_gym: Any, tmp_path: Path) -> None:
    from finqa_gym.chats import export_chats

    records = [{"task_id": "t", "split": "eval290", "turns": []}]
    run = finqa_gym.write_run(tmp_path / "run", {}, records)
    with pytest.raises(finqa_gym.DataError, match=r"eval290.*allow-eval-split"):
        export_chats(run, tmp_path / "out.jsonl")
    assert export_chats(run, tmp_path / "out.jsonl", allow_eval_split=True) == 1


def test_the_commands_show_and_export(run: Any, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from finqa_gym.cli import app

    shown = CliRunner().invoke(app, ["runs", "show", str(run.path)])
    assert shown.exit_code == 0, shown.output
    assert "16 episodes" in shown.output
    assert "gold" in shown.output
    assert "guess" in shown.output
    out = tmp_path / "out.jsonl"
    options = ["--min-reward", "1", "--policy", "gold", "--out", str(out)]
    exported = CliRunner().invoke(app, ["runs", "export", str(run.path), *options])
    assert exported.exit_code == 0, exported.output
    assert "8 chats written" in exported.output
    assert "8 left out" in exported.output
