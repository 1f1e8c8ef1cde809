"""`finqa-gym data stats`: the counting, and the command on real corpora."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

import typer
from typer.testing import CliRunner

from finqa_gym import SynthConfig, synthetic
from finqa_gym.cli.data.stats import ENDLESS, chosen, stats
from finqa_gym.corpus_stats import MEASURED, dollar_pattern, read_number, table_stats, task_stats
from finqa_gym.data import load
from small_corpus import small_corpus, small_path

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer()
app.command()(stats)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def table(columns: list[str], *rows: list[str]) -> dict[str, Any]:
    return {"name": "t", "columns": columns, "rows": [list(row) for row in rows]}


@pytest.mark.parametrize(
    ("cell", "want"),
    [
        ("$ 1,234.5", 1234.5),
        ("$(56)", -56),
        ("(4.5)%", -4.5),
        ("(4.5 %)", -4.5),
        ("-$1,234", -1234),
        (".34", 0.34),
        ("1,234 (1)", 1234),
        ("20 bps", 20),
        ("12/31/19", None),
        ("1 to 5", None),
        ("Level 2", None),
        ("\u2014", None),
        ("", None),
    ],
)
def test_numbers_are_read_as_filings_print_them(cell: str, want: float | None) -> None:
    read = read_number(cell)
    assert (read and read[0]) == want


@pytest.mark.parametrize(
    ("marks", "want"),
    [
        ("$.$", "first_and_last"),
        ("...", "none"),
        ("$$$", "all"),
        ("$..", "first"),
        ("..$", "last"),
        ("$.$.$", "first_and_some"),
        (".$.", "some"),
    ],
)
def test_rows_with_a_currency_sign_make_a_pattern(marks: str, want: str) -> None:
    rows = [["a", "$1" if mark == "$" else "1"] for mark in marks]
    assert dollar_pattern([["Assets:", ""], *rows, ["rate", "5%"]]) == want


def test_tables_are_counted() -> None:
    one = table(
        ["item", "december_31_2024", "december_31_2023"],
        ["Assets:", "", ""],
        ["Cash (1)", "$150", "$100"],
        ["Other", "(50)", "\u2014"],
        ["Other", "1,000", "500"],
        ["Rate", "5.0%", "N/A"],
    )
    two = table(["category", "2022", "2023"], ["total_2024", "1", "0"])
    counted = table_stats([("a", [one, two]), ("b", [two])])
    assert counted.num_tables == 3
    values = counted.values
    assert values["tables a company, median"] == 2
    assert values["rows, p95"] == 5
    assert values["cells empty %"] == pytest.approx(100 * 2 / 14)
    assert values["cells with words %"] == pytest.approx(100 / 12)
    # One dash and two written zeros among eleven figures.
    assert values["zeros %"] == pytest.approx(100 * 3 / 11)
    assert values["negative %"] == pytest.approx(100 / 10)
    assert values["negative in parentheses %"] == 100
    assert values["percentages %"] == 10
    assert values["with decimals %"] == 10
    assert values["labels with a capital first %"] == pytest.approx(100 * 5 / 7)
    assert values["labels with a footnote mark %"] == pytest.approx(100 / 7)
    assert values["tables with headings inside %"] == pytest.approx(100 / 3)
    assert values["tables with a repeated label %"] == pytest.approx(100 / 3)
    assert values["tables without a name over the labels %"] == pytest.approx(100 / 3)
    assert values["tables with newest year first %"] == pytest.approx(100 / 3)
    # +50 % and +100 % in the first table, -100 % twice in the second.
    assert values["year on year, median %"] == 50
    assert counted.label_words["total"] == pytest.approx(1000 * 2 / 7)


def test_tasks_are_counted() -> None:
    task = {
        "split": "val",
        "question": "What was revenue in 2024?",
        "answer": {"unit": "amount"},
        "gold": {"queries": [{"company": "a", "table": "t"}, {"company": "a", "table": "t"}]},
    }
    counted = task_stats([task, {**task, "gold": {}, "question_type": "CAGR", "level": 3}])
    assert counted.values["words of a question, median"] == 5
    assert counted.counts["type"] == {"(none)": 1, "CAGR": 1}
    assert counted.counts["gold tables"] == {"1": 1, "0": 1}
    assert counted.counts["level"] == {"0": 1, "3": 1}


def test_an_empty_corpus_has_figures_too() -> None:
    assert set(table_stats([]).values.values()) == {0}
    assert task_stats([]).num_tasks == 0


def test_the_command_prints_every_figure() -> None:
    printed = run(small_path(), "--companies", "3")
    assert "TAT-QA" in printed
    for figure in MEASURED:
        assert figure in printed
    assert "Tasks by type" in printed


def test_some_companies_of_each_split_are_counted() -> None:
    few = json.loads(run("synthetic:0:tiny", "--companies", "5", "--json"))
    assert few["tasks"]["counts"]["split"].keys() == synthetic().splits().keys()
    more = json.loads(run("synthetic:0:tiny", "--split", "val", "--companies", "40", "--json"))
    assert more["tasks"]["counts"]["split"].keys() == {"val"}
    tables = [one["tables"]["synthetic:0:tiny"]["num_tables"] for one in (few, more)]
    assert tables[1] > tables[0]  # 40 companies, 5 of each of four splits


def test_an_endless_split_is_counted_in_part() -> None:
    endless = synthetic(config=SynthConfig.preset("tiny", train_companies=None))
    assert endless.is_endless
    assert chosen(endless, None, 7).splits().keys() == {"train"}
    assert len(chosen(endless, None, 7).companies) == 7
    assert len(chosen(endless, "train", None).companies) == ENDLESS
    finite = small_corpus()
    assert chosen(finite, None, None) is finite


def test_two_corpora_stand_side_by_side_as_json() -> None:
    few, tiny = small_path(), "synthetic:0:tiny"
    report = json.loads(run(few, "--against", tiny, "--companies", "2", "--json"))
    assert list(report["tables"]) == [few, tiny]
    assert report["tables"][few]["num_tables"] > report["tables"][tiny]["num_tables"]
    assert set(report["published"]) <= set(report["tables"][few]["values"])
    assert report["tasks"]["num_tasks"] == sum(report["tasks"]["counts"]["split"].values())


def test_published_figures_are_what_the_files_hold(shared_dir: Path) -> None:
    files = {"tatqa": "tatqa_dataset_dev.json", "finqa": "finqa_dev_200.json"}
    for name, file in files.items():
        corpus = load(str(shared_dir / "data" / file))
        counted = table_stats((c, corpus.tables(c)) for c in corpus.companies)
        for figure, published in MEASURED.items():
            want = getattr(published, name)
            assert counted.values[figure] == pytest.approx(want, abs=0.051), (name, figure)
            assert published.low <= want <= published.high or figure in OUTSIDE[name], figure


OUTSIDE: dict[str, set[str]] = {
    "tatqa": set(),
    # Pages of FinQA have tables of market prices and returns: years in the rows, many columns.
    "finqa": {"tables with two year columns %"},
}
