"""From facts of filings to a corpus that plays, and tasks mined from it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import finqa_gym as fg
from finqa_gym import filings
from finqa_gym.data import ingest, mine

BUILT = "datafusion" in fg.build_info()["features"]
needs_datafusion = pytest.mark.skipif(
    not BUILT, reason="this build has no DataFusion; make build FEATURES=datafusion"
)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "facts"
    filings.write_facts_sample(path, 12_000, seed=3)
    return path


@pytest.fixture(scope="module")
def corpus_folder(facts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "corpus"
    ingest(facts, path)
    return path


def finqa(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "finqa_gym", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_sample_is_the_same_again_and_says_what_it_holds(tmp_path: Path, facts: Path) -> None:
    again = filings.write_facts_sample(tmp_path / "again", 12_000, seed=3)
    for name in ("sub.tsv", "num.tsv", "pre.tsv", "tag.tsv"):
        assert (tmp_path / "again" / name).read_bytes() == (facts / name).read_bytes()
    with (facts / "num.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) == again.facts >= 12_000
    assert any(row["segments"] for row in rows)
    assert {row["qtrs"] for row in rows} >= {"0", "1", "4"}
    with pytest.raises(fg.DataError, match="already"):
        filings.write_facts_sample(facts, 10)


@pytest.mark.skipif(BUILT, reason="this build has DataFusion")
def test_without_the_feature_the_way_to_it_is_named(facts: Path, tmp_path: Path) -> None:
    with pytest.raises(fg.FeatureNotBuiltError, match="make build FEATURES=datafusion"):
        ingest(facts, tmp_path / "corpus")
    with pytest.raises(fg.FeatureNotBuiltError, match="make build FEATURES=datafusion"):
        mine(fg.synthetic().take("val", 1))


@needs_datafusion
def test_every_row_is_accounted_for(facts: Path, tmp_path: Path) -> None:
    seen: list[filings.IngestProgress] = []
    report = ingest(facts, tmp_path / "corpus", progress=seen.append, forms=["10-K"])
    assert report.accounted == report.rows > 10_000
    assert report.bad_rows == {}
    assert report.left_out["other_form"] > 0
    assert seen[-1].rows == report.rows
    assert seen[-1].companies == seen[-1].companies_total > 0


@needs_datafusion
def test_the_corpus_loads_and_plays(corpus_folder: Path) -> None:
    corpus = fg.load(corpus_folder)
    company = corpus.companies[0]
    tables = {table["name"]: table for table in corpus.tables(company)}
    assert tables["us_gaap_IncomeStatement"]["columns"][0] == "item"
    mined = mine(corpus, per_company=4)
    env = fg.VectorEnv(mined.corpus, num_envs=2, split="train")
    env.reset(seed=0)
    task = env.corpus.task(0)
    sql = task["gold"]["queries"][0]
    call = {
        "name": "sql_query",
        "arguments": {
            "company_name": sql["company"],
            "table_name": sql["table"],
            "query": sql["sql"],
        },
    }
    env.reset(task_ids=[0, 0])
    batch = env.step([f"<tool_call>{json.dumps(call)}</tool_call>"] * 2)
    assert batch.observations[0].startswith("[{"), batch.observations[0]
    env.close()


@needs_datafusion
def test_mined_tasks_pass_the_validation(corpus_folder: Path, tmp_path: Path) -> None:
    done = finqa(
        "data", "mine", str(corpus_folder), "--per-company", "12", "--out", str(tmp_path / "mined")
    )
    assert done.returncode == 0, done.stderr
    report = fg.load(tmp_path / "mined").audit()
    assert report.num_tasks == 12 * len(fg.load(corpus_folder).companies)
    assert report.num_failed == 0, str(report)[:2000]
    again = finqa("data", "validate", str(tmp_path / "mined"))
    assert again.returncode == 0, again.stdout


@needs_datafusion
def test_the_report_of_mining_adds_up(corpus_folder: Path) -> None:
    mined = mine(fg.load(corpus_folder), per_company=16, split="val")
    assert mined.corpus.splits() == {"val": mined.report.tasks}
    assert set(mined.report.kinds) == set(filings.mined_kinds())
    for counts in mined.report.kinds.values():
        dropped = sum(counts["dropped"].values())
        assert counts["candidates"] == counts["tasks"] + dropped + counts["not_needed"]
    made = sum(counts["tasks"] for counts in mined.report.kinds.values())
    assert made == mined.report.tasks + sum(mined.report.failed_audit.values())
    assert sum(mined.report.question_types.values()) == mined.report.tasks


@needs_datafusion
@pytest.mark.parametrize("max_result_bytes", [10, 30])
def test_the_report_adds_up_once_the_audit_has_dropped_tasks(
    corpus_folder: Path, max_result_bytes: int
) -> None:
    # Results that are cut this short make some gold programs wrong, or all of them.
    corpus = fg.load(corpus_folder, limits={"max_result_bytes": max_result_bytes})
    report, kept = (mined := mine(corpus, per_company=16)).report, mined.corpus
    all_tasks = mine(corpus, per_company=16, audit=False)
    num_dropped = sum(report.failed_audit.values())
    assert report.tasks == len(kept) == all_tasks.report.tasks - num_dropped
    assert num_dropped > 0
    by_audit = 0
    for counts in report.kinds.values():
        dropped = sum(counts["dropped"].values())
        assert counts["candidates"] == counts["tasks"] + dropped + counts["not_needed"]
        by_audit += counts["dropped"].get("failed_audit", 0)
    assert by_audit == num_dropped
    assert sum(counts["tasks"] for counts in report.kinds.values()) == report.tasks
    asked = {(q["company"], q["table"]) for task in kept for q in task["gold"]["queries"]}
    assert report.tables_covered == len(asked)
    assert report.companies_covered == len({name for name, _ in asked})
    assert bool(report.labels_covered) == bool(report.tasks)
    assert report.labels_covered < all_tasks.report.labels_covered
    # Counted again over all tasks, the numbers are those of the engine.
    assert filings._counted_again(all_tasks.report, kept, all_tasks.corpus) == all_tasks.report


@needs_datafusion
def test_a_plain_layout_is_read_by_a_mapping_file(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text(
        "who,what,end,how_much\nACME,Revenues,2023,12\nACME,Revenues,2022,10\nACME,x,2022,ten\n"
    )
    columns = {"company": "who", "tag": "what", "period": "end", "value": "how_much"}
    (tmp_path / "columns.json").write_text(json.dumps(columns))
    report = ingest(tmp_path / "facts.csv", tmp_path / "corpus", columns=tmp_path / "columns.json")
    assert report.used == 2
    example = report.bad_rows["value_is_no_number"]["examples"][0]
    assert example["at"].endswith("facts.csv line 4")
    [table] = fg.load(tmp_path / "corpus").tables("acme")
    assert table["rows"] == [["Revenues", "12", "10"]]
    with pytest.raises(ValueError, match="period"):
        ingest(tmp_path / "facts.csv", tmp_path / "other", columns={"company": "who"})


@needs_datafusion
def test_wrong_input_is_an_error_that_says_what_would_be_right(facts: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="128MiB"):
        ingest(facts, tmp_path / "c", memory_limit="1MiB")
    with pytest.raises(ValueError, match="512MiB"):
        ingest(facts, tmp_path / "c", memory_limit="lots")
    with pytest.raises(fg.NotFoundError, match="no company"):
        ingest(facts, tmp_path / "c", companies=["nobody_inc"])
    with pytest.raises(TypeError, match="list"):
        ingest(facts, tmp_path / "c", companies="acme")
    with pytest.raises(FileNotFoundError):
        ingest(tmp_path / "missing", tmp_path / "c")
    with pytest.raises(ValueError, match="no fact is left"):
        ingest(facts, tmp_path / "c", min_year=2150)
    assert list(tmp_path.iterdir()) == []


@needs_datafusion
def test_an_exception_of_the_callback_leaves_nothing(facts: Path, tmp_path: Path) -> None:
    def fail(_seen: filings.IngestProgress) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        ingest(facts, tmp_path / "corpus", progress=fail)
    assert list(tmp_path.iterdir()) == []


@needs_datafusion
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    big = tmp_path / "big"
    filings.write_facts_sample(big, 400_000)
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-m", "finqa_gym", "data", "ingest", str(big)]
    process = subprocess.Popen(
        [*command, "--out", str(out / "corpus")], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    # Its files are there once it is reading.
    while not list(out.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert list(out.iterdir()) == []


@needs_datafusion
def test_the_command_prints_the_fate_of_rows(facts: Path, tmp_path: Path) -> None:
    done = finqa(
        *("data", "ingest", str(facts), "--out", str(tmp_path / "corpus")),
        *("--min-year", "2018", "--report", str(tmp_path / "report.json")),
    )
    assert done.returncode == 0, done.stderr
    assert "left out: before_min_year" in done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert f"{report['tables']:,} tables" in done.stdout
