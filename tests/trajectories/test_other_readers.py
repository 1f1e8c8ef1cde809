"""A recorded run, read by other programs: what they see is what `Run.episodes` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

MISSING = "is not installed (requirements-dev.txt)"


@pytest.fixture
def run(finqa_gym: Any, record: Any, play: Any, tmp_path: Path) -> Any:
    """Two sessions, so two files: episodes with errors, and guesses without a call."""
    for policy, append in (("recovery", False), ("guess", True)):
        recording = finqa_gym.Recording(tmp_path / "run", policy=policy, append=append)
        env = record(12, record=recording)
        play(env, policy)
        env.close()
    return finqa_gym.open_run(tmp_path / "run")


def flat(episode: dict[str, Any]) -> dict[str, Any]:
    """An episode as the columns of the file have it."""
    row = dict(episode)
    for column, prefix in (("dimensions", "dimension"), ("checks", "check"), ("flags", "flag")):
        row |= {f"{prefix}_{name}": value for name, value in row.pop(column).items()}
    return row


@pytest.mark.filterwarnings("default")  # of a library that warns of its own future
def test_datasets_loads_every_column(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason=f"datasets {MISSING}")
    files = [str(file) for file in run.files]
    assert len(files) == 2
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(
        "parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(loaded) == run.num_episodes == 24
    assert [dict(row) for row in loaded] == [flat(episode) for episode in run]
    right = loaded.filter(lambda row: row["is_correct"])
    assert set(right["policy"]) == {"recovery"}


def test_duckdb_asks_the_files(run: Any) -> None:
    duckdb = pytest.importorskip("duckdb", reason=f"duckdb {MISSING}")
    files = [str(file) for file in run.files]
    episodes = list(run)
    with duckdb.connect() as connection:

        def ask(sql: str) -> list[tuple[Any, ...]]:
            found: list[tuple[Any, ...]] = connection.execute(sql, [files]).fetchall()
            return found

        columns = [row[0] for row in ask("DESCRIBE SELECT * FROM read_parquet($1)")]
        assert set(columns) == set(flat(episodes[0]))
        assert ask(
            "SELECT policy, count(*), sum(reward), sum(num_errors), sum(flag_queried::INT) "
            "FROM read_parquet($1) GROUP BY policy ORDER BY policy"
        ) == [
            (
                policy,
                12,
                pytest.approx(sum(e["reward"] for e in episodes if e["policy"] == policy)),
                sum(e["num_errors"] for e in episodes if e["policy"] == policy),
                sum(e["flags"]["queried"] for e in episodes if e["policy"] == policy),
            )
            for policy in ("guess", "recovery")
        ]
        # What is nested: a row for each call, with the name of its tool and its error.
        assert ask(
            "SELECT episode, call.turn, call.tool, call.error, call.rows FROM "
            "(SELECT episode, unnest(calls) AS call FROM read_parquet($1)) ORDER BY ALL"
        ) == sorted(
            [
                (e["episode"], c["turn"], c["tool"], c["error"], c["rows"])
                for e in episodes
                for c in e["calls"]
            ],
            key=lambda row: [(value is None, value) for value in row],
        )
        assert ask(
            "SELECT turns[1].action, turns[1].messages[1].content FROM read_parquet($1) "
            "ORDER BY episode"
        ) == [
            (
                e["turns"][0]["action"],
                next((m["content"] for m in e["turns"][0]["messages"]), None),
            )
            for e in episodes
        ]
