"""Runs read back: columns, episodes, other programs, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

RECORDS: list[dict[str, Any]] = [
    {
        "task_id": f"t{number}",
        "policy": "base" if number % 2 else "tuned",
        "level": number % 3 or None,
        "is_correct": number % 2 == 0,
        "reward": number / 10,
        "submission": None if number == 3 else str(number),
        "companies": ["acme"],
        "failures": ["no_schema"] * (number % 2),
        "flags": {"listed": True, "queried": number > 2},
        "checks": {"budget": 0.5, "table_access": None},
        "dimensions": {"primary": 1.0},
        "criteria": [
            {"id": "p1", "dim": "primary", "weight": 1.0, "score": 0.5, "applicable": True}
        ],
        "calls": [{"turn": 1, "tool": "sql_query", "status": "ok", "rows": number}],
        "prompt": "For company acme …",
        "turns": [{"action": "hm", "messages": [{"id": "c", "name": "n", "content": "é"}]}],
    }
    for number in range(10)
]


@pytest.fixture
def run(finqa_gym: Any, tmp_path: Path) -> Any:
    """Ten episodes from elsewhere."""
    return finqa_gym.write_run(tmp_path / "run", {"source": "logs"}, RECORDS)


def test_records_from_elsewhere_come_back(run: Any) -> None:
    episodes = run.episodes()
    assert [episode["episode"] for episode in episodes] == list(range(10))
    for record, episode in zip(RECORDS, episodes, strict=True):
        for name in ("task_id", "policy", "level", "is_correct", "submission", "failures"):
            assert episode[name] == record[name]
        assert episode["reward"] == pytest.approx(record["reward"])
        assert episode["flags"]["listed"]
        assert not episode["flags"]["submitted"]
        assert episode["checks"]["budget"] == 0.5
        assert episode["checks"]["table_access"] is None
        assert episode["dimensions"]["primary"] == 1.0
        assert episode["turns"][0]["messages"][0]["content"] == "é"
        assert episode["calls"][0]["rows"] == record["calls"][0]["rows"]


def test_episodes_can_be_read_from_one_place_to_another(run: Any) -> None:
    assert [e["task_id"] for e in run.episodes(3, 6)] == ["t3", "t4", "t5"]
    assert [e["task_id"] for e in run.episodes(8)] == ["t8", "t9"]
    assert run.episodes(20) == run.episodes(4, 4) == []
    assert [e["task_id"] for e in run] == [f"t{n}" for n in range(10)]
    with pytest.raises(ValueError, match="start is -1"):
        run.episodes(-1)


def test_columns_are_arrays_and_what_is_unknown_is_nan_or_none(run: Any) -> None:
    names = ["reward", "is_correct", "level", "episode", "submission", "flag_queried", "seed"]
    columns = run.columns([*names, "check_budget"])
    assert columns["reward"].dtype == np.float32
    assert columns["is_correct"].dtype == np.bool_
    assert columns["episode"].dtype == np.int64
    assert columns["level"].dtype == np.float64
    assert np.isnan(columns["level"][[0, 3]]).all()
    assert columns["level"][1] == 1
    assert columns["submission"][2:5] == ["2", None, "4"]
    assert columns["flag_queried"].tolist() == [False] * 3 + [True] * 7
    assert np.isnan(columns["seed"]).all()
    assert (columns["check_budget"] == 0.5).all()


def test_an_unknown_column_is_named(finqa_gym: Any, run: Any) -> None:
    with pytest.raises(finqa_gym.DataError, match=r'no column "colour".*there are episode, policy'):
        run.columns(["reward", "colour"])
    with pytest.raises(finqa_gym.DataError, match='"turns"'):
        run.columns(["turns"])
    with pytest.raises(TypeError, match="a sequence of names"):
        run.columns("reward")


def test_a_bad_record_is_named_and_nothing_stays(finqa_gym: Any, tmp_path: Path) -> None:
    with pytest.raises(finqa_gym.DataError, match='record 1: there is no column "colour"'):
        finqa_gym.write_run(tmp_path / "a", {}, [{"task_id": "t"}, {"colour": 1}])
    with pytest.raises(ValueError, match="not JSON compliant"):
        finqa_gym.write_run(tmp_path / "b", {}, [{"reward": float("nan")}])

    def failing() -> Any:
        yield {"task_id": "t"}
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        finqa_gym.write_run(tmp_path / "c", {}, failing())
    assert not list(tmp_path.iterdir())
    # So a second attempt finds its place free; a run that was there before stays.
    finqa_gym.write_run(tmp_path / "c", {}, [{"task_id": "t"}])
    with pytest.raises(RuntimeError, match="the source broke"):
        finqa_gym.write_run(tmp_path / "c", {}, failing(), append=True)
    assert finqa_gym.open_run(tmp_path / "c").num_episodes == 1


def test_what_is_no_run_says_so(finqa_gym: Any, run: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        finqa_gym.open_run(tmp_path / "nowhere")
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(finqa_gym.DataError, match='no number "format"'):
        finqa_gym.open_run(tmp_path)
    [file] = run.files
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(finqa_gym.DataError, match="Parquet"):
        finqa_gym.open_run(run.path)


def test_a_missing_file_is_noticed(finqa_gym: Any, run: Any) -> None:
    run.files[0].unlink()
    with pytest.raises(FileNotFoundError, match=r"episodes-0001-0\.parquet"):
        finqa_gym.open_run(run.path)


def test_an_empty_run_is_a_run(finqa_gym: Any, tmp_path: Path) -> None:
    run = finqa_gym.write_run(tmp_path / "run", {"run": "none"}, [])
    assert (len(run), list(run), run.files, run.name) == (0, [], [], "none")
    columns = run.columns(["reward", "policy", "is_correct"])
    assert columns["reward"].shape == (0,)
    assert columns["policy"] == []
    assert bool(run) is False


def test_more_can_be_added(finqa_gym: Any, run: Any) -> None:
    run = finqa_gym.write_run(run.path, run.info, [{"task_id": "late"}], append=True)
    assert run.num_episodes == 11
    assert run.episodes(10)[0]["episode"] == 10


def test_pyarrow_reads_the_files_and_their_columns(run: Any) -> None:
    pq = pytest.importorskip("pyarrow.parquet")

    table = pq.read_table(run.files[0])
    assert table.num_rows == 10
    rows = table.to_pylist()
    assert rows[4]["turns"][0]["messages"][0] == {"id": "c", "name": "n", "content": "é"}
    assert rows[4]["companies"] == ["acme"]
    assert {field.name for field in table.schema} >= {"flag_listed", "check_budget", "calls"}
    assert table["check_table_access"].null_count == 10


def test_iteration_goes_through_several_files_and_row_groups(
    finqa_gym: Any, tmp_path: Path
) -> None:
    records = ({"task_id": f"t{number}", "reward": number % 2} for number in range(9_000))
    run = finqa_gym.write_run(tmp_path / "run", {}, records)
    more = ({"task_id": f"t{number}"} for number in range(9_000, 9_100))
    run = finqa_gym.write_run(run.path, run.info, more, append=True)
    assert [e["task_id"] for e in run] == [f"t{number}" for number in range(9_100)]
    assert run.columns(["reward"])["reward"][:4].tolist() == [0, 1, 0, 1]
    assert [e["task_id"] for e in run.episodes(8_999, 9_001)] == ["t8999", "t9000"]


def test_info_is_what_was_given(run: Any) -> None:
    assert run.info == {"format": 1, "run": "run", "source": "logs"}
    assert json.loads((run.path / "run.json").read_text()) == run.info
