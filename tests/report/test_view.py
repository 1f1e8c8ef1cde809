"""``finqa-gym view``: tables, one episode and the browser, in the terminal."""

from __future__ import annotations

import asyncio
import builtins
import io
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from finqa_gym.analysis import summarise
from finqa_gym.cli import app
from finqa_gym.view import Listing, show_episode, show_summary
from report.shaped_runs import (
    FOREIGN_TOOLS,
    call,
    episode,
    reasoned,
    run_of,
    tagged,
    turn,
    wrong,
)
from small_corpus import small_corpus


def text_of(renderable: Any) -> str:
    console = Console(width=160, file=io.StringIO())
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def invoke(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def two(tmp_path: Path) -> list[Any]:
    first = [wrong(0, "no_schema"), wrong(1, "gave_up", question_type="Growth"), episode(2)]
    second = [episode(0), episode(1), episode(2)]
    return [run_of(tmp_path / "before", first), run_of(tmp_path / "after", second)]


def test_the_tables_put_runs_side_by_side(two: list[Any]) -> None:
    lines = text_of(show_summary(summarise(two))).splitlines()
    line = next(line for line in lines if line.startswith("pass@1, %"))
    assert "33.3" in line
    assert "100.0" in line
    assert any(line.startswith("points vs before") and "+66.7" in line for line in lines)
    assert any(line.startswith("no schema") and "33.3" in line for line in lines)


def test_an_episode_is_told_turn_by_turn() -> None:
    turns = [
        turn(f"Let me see. {tagged('sql_query', query='SELECT a FROM b WHERE c = 1')}",
             "Error: no such table", "sql_query"),
        turn(tagged("sql_query", query="SELECT a FROM debt"), '[{"a": "[red]4,711"}]', "sql_query"),
    ]  # fmt: skip
    calls = [call(1, "sql_query", "unknown_table"), call(2, "sql_query", rows=1)]
    record = wrong(0, "no_schema", turns=turns, calls=calls)
    told = text_of(show_episode(record, "base"))
    for part in (
        "What were senior notes in case 0?", "Let me see.", "unknown_table", "Error: no such table",
        "corrects the failed call of turn 1", "[red]4,711", "outcome: wrong", "off_value",
        "Queried without ever reading a schema.",
    ):  # fmt: skip
        assert part in told, part
    assert told.index("WHERE c = 1") > told.index("FROM b")


def test_what_stands_in_a_run_is_no_markup(tmp_path: Path) -> None:
    criterion = {"id": "own[/x]", "dim": "custom[/y]", "weight": 1.0, "score": 1.0,
                 "applicable": True, "reason": "[/z]"}  # fmt: skip
    record = episode(0, question_type="a[/b]", calls=[call(1, "tool[/c]")], criteria=[criterion])
    runs = [
        run_of(tmp_path / name, [record, wrong(1, "own[/d]")], run=name)
        for name in ("[lr=1e-5]", "[lr=1e-6]")
    ]
    told = text_of(show_summary(summarise(runs)))
    for part in ("a[/b]", "tool[/c]", "own[/d]", "points vs [lr=1e-5]"):
        assert part in told, part
    told = text_of(show_episode(record, "base"))
    for part in ("own[/x]", "custom[/y]", "[/z]"):
        assert part in told, part


def test_a_result_stands_below_the_call_that_it_answers(tmp_path: Path) -> None:
    run = reasoned(tmp_path / "run", small_corpus())
    told = text_of(show_episode(run.episodes(0, 1)[0], "run", run.info["tools"]))
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    at = next(i for i, line in enumerate(lines) if line.startswith("→ calculator"))
    assert "expression 2*2" in lines[at]
    assert lines[at + 1] == "4"
    assert sum(line.startswith("→ in reasoning") for line in lines) == 2
    assert told.index("stands inside the reasoning") > told.index("Again")
    assert "Neither a call nor a final answer." in told


@pytest.mark.parametrize("tools", FOREIGN_TOOLS)
def test_an_episode_with_tools_of_another_form_is_told(tools: Any) -> None:
    assert "→ sql_query" in text_of(show_episode(episode(0), "logs", tools))


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ('[{"function": {"name": "look", "arguments": "{cut"}}]', "→ look  arguments {cut"),
        ('[{"function": {"arguments": {"a": 1}}}]', "→ missing name  a 1"),
        ("[1]", "→ missing name  arguments null"),
        ("cut", "Answer submitted"),
    ],
)
def test_structured_calls_of_any_shape_are_told(calls: str, said: str) -> None:
    record = episode(0)
    record["turns"][0]["tool_calls"] = calls
    assert said in text_of(show_episode(record, "logs"))


@pytest.mark.parametrize("types", ["null", '["INT"]', '{"a": null}'])
def test_a_schema_of_any_shape_is_told(types: str) -> None:
    schema = f'{{"column_names": ["a", 7], "column_dtypes": {types}, "unique_vals_per_col": 3}}'
    record = episode(0, turns=[turn(tagged("get_table_info", table_name="t"), schema, "t")])
    assert "column" in text_of(show_episode(record, "logs"))


def test_runs_show_counts_tasks_once_and_no_fault(tmp_path: Path) -> None:
    records = [episode(number, task_id="a", policy="[p]") for number in range(3)]
    records.append(wrong(3, "no_schema", task_id="b", policy="[p]"))
    fault = {"flags": {"infra_fault": True}, "status": "truncated", "policy": "[p]",
             "truncation_reason": "infra_timeout"}  # fmt: skip
    records.append(wrong(4, "infra_fault", task_id="a", **fault))
    shown = invoke("runs", "show", run_of(tmp_path / "base", records).path)
    assert shown.exit_code == 0, shown.output
    [line] = [line for line in shown.output.splitlines() if "[p]" in line]
    assert "50.0%" in line
    assert "0.500" in line
    assert "infra_timeout 1" in line


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("outcome:wrong", [0, 1]),
        ("failure:gave_up", [1]),
        ("run:after case", [3, 4, 5]),
        ("case 2?", [2, 5]),
        ("reward:0.5.. run:before", [2]),
        ("sort:-reward run:before", [2, 0, 1]),
        ("type:Growth", [1]),
        ("flag:submitted outcome:right", [2, 3, 4, 5]),
        ('"case 1"', [1, 4]),
    ],
)
def test_a_line_of_text_narrows_the_list(two: list[Any], query: str, expected: list[int]) -> None:
    assert Listing(two).select(query).tolist() == expected


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("failed:x", "there is no key 'failed'"),
        ("reward:much", "reward is 'much'; a number or a range"),
        ("outcome:fine", "outcome is 'fine'"),
        ("flag:x", "there is no flag 'x'"),
        ("sort:name", "cannot sort by 'name'"),
    ],
)
def test_a_filter_that_cannot_be_read_says_why(two: list[Any], query: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Listing(two).select(query)


def test_without_a_terminal_the_tables_are_printed(two: list[Any]) -> None:
    printed = invoke("view", two[0].path, two[1].path)
    assert printed.exit_code == 0, printed.output
    assert "points vs before" in printed.output
    listed = invoke("view", two[0].path, "--where", "outcome:wrong")
    assert "2 episodes" in listed.output
    told = invoke("view", two[0].path, "--episode", "1")
    assert "outcome: wrong" in told.output
    missing = invoke("view", two[0].path, "--episode", "77")
    assert missing.exit_code == 2
    assert "no episode 77" in missing.output


def test_report_writes_where_it_is_told(two: list[Any], tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    done = invoke("report", two[0].path, two[1].path, "--out", out, "--title", "A title",
                  "--price-per-million-tokens", "1,2", "--baseline", "after")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "6 episodes of 2 runs" in done.output
    page = out.read_text("utf-8")
    assert "<title>A title</title>" in page
    assert "points vs after" in page
    assert "Cost of a right answer" in page
    refused = invoke("report", two[0].path, "--price-per-million-tokens", "cheap")
    assert refused.exit_code == 2
    assert "two numbers are needed" in refused.output


def test_a_missing_textual_is_named(two: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from finqa_gym.cli import view

    original = builtins.__import__

    def without_textual(name: str, *rest: Any, **more: Any) -> Any:
        if name == "finqa_gym.view.app":
            raise ModuleNotFoundError("No module named 'textual'", name="textual")
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_textual)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    with pytest.raises(ValueError, match=r"pip install 'finqa-gym\[view\]'"):
        view.view([two[0].path])


def browse(runs: list[Any], steps: Callable[[Any, Any], Awaitable[None]], query: str = "") -> None:
    """Runs the browser without a terminal and lets ``steps`` use it."""
    pytest.importorskip("textual")
    from finqa_gym.view.app import Browser

    async def used() -> None:
        browser = Browser(runs, summarise(runs), query)
        async with browser.run_test(size=(150, 44)) as pilot:
            await pilot.pause()
            await steps(browser, pilot)

    with ThreadPoolExecutor(1) as pool:  # the tests of the page leave a loop in this thread
        pool.submit(asyncio.run, used()).result()


def test_the_browser_lists_filters_and_reads(two: list[Any]) -> None:
    async def steps(browser: Any, pilot: Any) -> None:
        await pilot.press("e")
        table = browser.query_one("#episodes")
        assert table.row_count == 6
        await pilot.press("slash", *"gave_up")
        await pilot.pause()
        assert table.row_count == 0  # a word is looked for in tasks and questions
        browser.query_one("#query").value = "failure:gave_up"
        await pilot.pause()
        assert table.row_count == 1
        assert "no answer, where there is one" in text_of(browser.query_one("#episode").content)
        browser.query_one("#query").value = "failed:x"
        await pilot.pause()
        assert "there is no key" in str(browser.query_one("#found").content)

    browse(two, steps)


def test_the_share_of_right_ones_leaves_out_faults(tmp_path: Path) -> None:
    fault = wrong(1, "infra_fault", flags={"infra_fault": True})
    run = run_of(tmp_path / "base", [episode(0), fault])

    async def steps(browser: Any, _: Any) -> None:
        assert "2 episodes, 100.0 % right" in str(browser.query_one("#found").content)

    browse([run], steps, "case")


def test_the_browser_goes_from_episode_to_episode(two: list[Any]) -> None:
    async def steps(browser: Any, pilot: Any) -> None:
        await pilot.press("escape")
        await pilot.press("j")
        await pilot.pause()
        assert "case 1?" in text_of(browser.query_one("#episode").content)
        await pilot.press("k")
        await pilot.pause()
        assert "case 0?" in text_of(browser.query_one("#episode").content)
        await pilot.press("s")
        assert browser.query_one("TabbedContent").active == "numbers"

    browse(two, steps, "run:before")


def test_a_long_list_grows_as_it_is_walked(tmp_path: Path) -> None:
    run = run_of(tmp_path / "long", [episode(number) for number in range(1_500)])

    async def steps(browser: Any, pilot: Any) -> None:
        table = browser.query_one("#episodes")
        assert table.row_count == 1_000
        table.move_cursor(row=999)
        await pilot.pause()
        assert table.row_count == 1_500

    browse([run], steps, "case")
