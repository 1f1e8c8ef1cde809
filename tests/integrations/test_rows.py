"""`finqa-gym data rows`, and that its rows say all that an adapter needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from finqa_gym import VectorEnv
from finqa_gym.cli import app
from finqa_gym.data import open_corpus
from finqa_gym.integrations.engines import engine_of_row, shared_corpus, shared_engine
from finqa_gym.integrations.rows import ROWS_FOR, RowsFor, training_rows, write_rows
from small_corpus import small_corpus, small_path

TINY = "synthetic:7:tiny"


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["data", "rows", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def identity(row: dict[str, Any]) -> dict[str, Any]:
    """Where a row says which task is played, and how."""
    found: dict[str, Any] = row.get("extra_info", row)
    return found


@pytest.mark.parametrize("target", ROWS_FOR)
def test_rows_hold_the_prompts_of_the_engine_and_no_answer(target: RowsFor, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    printed = run(TINY, out, "--for", target, "--max-tasks", 300, "--profile", "openenv")
    assert printed.strip() == f"wrote {out}: 300 rows"
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    corpus = open_corpus(TINY)
    ids = corpus.task_ids("train", 300)
    assert [identity(row)["task_id"] for row in rows] == ids
    with VectorEnv(corpus, 300, tool_profile="openenv") as env:
        prompts, _ = env.reset(task_ids=ids)
        system, tools = env.system_prompt, env.tools
    for row, prompt, task_id in zip(rows, prompts, ids, strict=True):
        if target == "rllm":
            assert row["question"] == prompt
        else:
            assert [m["role"] for m in row["prompt"]] == ["system", "user"]
            assert row["prompt"][1]["content"] == prompt
            assert row["prompt"][0]["content"].startswith(system)
        known = corpus.task(task_id)
        text = json.dumps(row, ensure_ascii=False)
        assert known["truth"] not in row.values()
        assert all(query["sql"] not in text for query in known["gold"]["queries"])
        world = json.loads(identity(row)["world"])
        assert world == {"corpus": TINY, "tool_profile": "openenv", "reward": "outcome"}
    if target == "skyrl":
        # Its chat template is handed no tools, so each of them must stand in the prompt.
        shown = rows[0]["prompt"][0]["content"].split("<tools>\n")[1].split("\n</tools>")[0]
        assert [json.loads(line) for line in shown.splitlines()] == tools


@pytest.mark.parametrize("target", ROWS_FOR)
def test_parquet_holds_the_same_rows(target: RowsFor, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    out = tmp_path / "rows.parquet"
    run(TINY, out, "--for", target, "--max-tasks", 300)
    options: dict[str, Any] = {"tool_profile": "rllm", "reward": "outcome"}
    expected = list(training_rows(TINY, target, max_tasks=300, **options))
    assert parquet.read_table(out).to_pylist() == expected


def test_evaluation_tasks_need_to_be_allowed(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    arguments = (TINY, out, "--for", "verl", "--split", "eval290")
    assert "--allow-eval-split" in run(*arguments, code=2)
    assert not out.exists()
    run(*arguments, "--allow-eval-split")
    assert len(out.read_text(encoding="utf-8").splitlines()) == 290


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((TINY, "rows.csv", "--for", "verl"), ".jsonl or .parquet is needed"),
        ((TINY, "rows.jsonl", "--for", "verl", "--split", "nosuch"), "no split 'nosuch'"),
        (("synthetic:7", "rows.jsonl", "--for", "trl"), "is endless"),
        ((TINY, "rows.jsonl", "--for", "trl", "--profile", "nosuch"), "nosuch"),
    ],
)
def test_what_cannot_work_is_told_in_a_line(
    arguments: tuple[str, ...], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert text in run(*arguments, code=2)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_when_told_so_and_never_by_half(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    run(small_path(), out, "--for", "verl")
    before = out.read_text(encoding="utf-8")
    assert "--overwrite" in run(small_path(), out, "--for", "trl", code=2)

    def broken() -> Any:
        yield {"a": 1}
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        write_rows(broken(), out, overwrite=True)
    assert out.read_text(encoding="utf-8") == before
    assert list(tmp_path.iterdir()) == [out]


def test_rows_of_stored_corpora_name_their_path() -> None:
    first = next(training_rows(str(small_path()), "verl"))
    engine = engine_of_row(first["extra_info"], max_episodes=1)
    assert engine.corpus.content_hash == small_corpus().content_hash


def test_all_rollouts_of_a_process_play_in_one_engine() -> None:
    assert shared_corpus(TINY) is shared_corpus(TINY)
    engines = {
        id(shared_engine(TINY, 4, reward=reward))
        for reward in ("outcome", "shaped", "outcome", {"mode": "shaped"}, {"mode": "shaped"})
    }
    # "shaped" and its fields are one engine underneath, since they mean the same.
    assert len(engines) <= 3
    assert shared_engine(TINY, 4, reward={"mode": "shaped"}).env.reward.mode == "shaped"
    closed = shared_engine(TINY, 3)
    closed.close()
    assert shared_engine(TINY, 3) is not closed


def test_a_row_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="finqa-gym data rows"):
        engine_of_row({"task_id": "x"})
