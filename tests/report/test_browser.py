"""The page in a real browser: it shows what was recorded, quietly, on any screen."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from finqa_gym.report import write_report
from report.shaped_runs import HOSTILE, call, episode, reasoned, run_of, tagged, turn, wrong
from small_corpus import small_corpus

READY = "() => document.documentElement.dataset.ready === 'true'"
SCREENS = {"narrow": (390, 844), "middle": (820, 1180), "wide": (1440, 900)}

Open = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any) -> Iterator[Open]:
    """Opens a file; afterwards nothing was complained about and nothing asked of a network."""
    told: list[str] = []
    asked: list[str] = []
    contexts = []
    paths: list[Path] = []

    def opened(path: Path, screen: str = "wide", scheme: str = "light", at: str = "") -> Any:
        width, height = SCREENS[screen]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        paths.append(path)
        page = context.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: asked.append(request.url.split("#")[0]))
        page.goto(f"{path.as_uri()}{at}")
        page.wait_for_function(READY)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert told == []
    assert set(asked) <= {path.as_uri() for path in paths}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, played_runs: list[Any]) -> Path:
    return write_report(played_runs, tmp_path_factory.mktemp("page") / "report.html")


def go(page: Any, hash_: str) -> None:
    page.evaluate("hash => { location.hash = hash }", hash_)


def shown(page: Any) -> int:
    return int(page.locator("#found").inner_text().split()[0].replace(",", ""))


def read(page: Any, run: int, number: int, query: str = "") -> None:
    go(page, f"#episode/{run}/{number}{query}")
    page.wait_for_function(
        "said => document.querySelector('.where')?.textContent.includes(said)",
        arg=f"episode {number} ·",
    )


def test_the_overview_shows_the_numbers_of_the_runs(
    report: Path, played_runs: list[Any], open_page: Open
) -> None:
    page = open_page(report)
    rows = page.locator("#headline tbody tr")
    assert rows.count() == 5  # three policies, the training's first and last steps
    for row, run in enumerate(played_runs[:3]):
        right = run.columns(["is_correct"])["is_correct"].mean()
        assert f"{right * 100:.1f}" in rows.nth(row).locator("td").first.inner_text()
    for name in ("behaviour", "failures", "curves", "groups", "tools", "cost", "about"):
        assert page.locator(f"#{name} h2").is_visible(), name
    assert page.locator(".curve .smooth").count() > 0


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_scrolls_sideways(
    report: Path, open_page: Open, screen: str, scheme: str
) -> None:
    page = open_page(report, screen, scheme)
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(over) <= 0
    go(page, "#episodes")
    page.wait_for_selector("[role=option]")
    assert page.evaluate(over) <= 0
    for number in (0, 30):
        read(page, 1, number)
        assert page.evaluate(over) <= 0
        reader = "document.getElementById('reader')"
        assert page.evaluate(f"{reader}.scrollWidth - {reader}.clientWidth") <= 0


def test_nothing_moves_while_the_page_comes_up(report: Path, open_page: Open) -> None:
    shifted = """() => new Promise(done => new PerformanceObserver(list => done(
        list.getEntries().reduce((sum, entry) => sum + entry.value, 0)
    )).observe({ type: "layout-shift", buffered: true }) || setTimeout(() => done(0), 300))"""
    for screen in SCREENS:
        assert open_page(report, screen).evaluate(shifted) < 0.01


def test_filters_find_what_was_recorded(
    report: Path, played_runs: list[Any], open_page: Open
) -> None:
    records = [(run, record) for run, each in enumerate(played_runs) for record in each]
    page = open_page(report, at="#episodes")
    assert shown(page) == len(records)
    failures = Counter(record["failure"] for _, record in records if record["failure"])
    name, count = failures.most_common(1)[0]
    page.select_option("#filter-failure", name)
    assert shown(page) == count
    assert f"failure={name}" in page.evaluate("location.hash")
    page.select_option("#filter-series", "0")
    assert shown(page) == sum(run == 0 and r["failure"] == name for run, r in records)
    page.click("#clear")
    assert shown(page) == len(records)
    page.select_option("#filter-flag", "had_error")
    assert shown(page) == sum(r["flags"]["had_error"] for _, r in records)
    page.click("#clear")
    page.select_option("#filter-outcome", "right")
    assert shown(page) == sum(bool(r["is_correct"]) for _, r in records)
    page.click("#clear")
    page.fill("#min", "0.1")
    page.fill("#max", "0.9")
    assert shown(page) == sum(0.1 <= r["reward"] <= 0.9 for _, r in records)
    page.click("#clear")
    word = records[0][1]["task_id"]
    page.fill("#q", word.upper())
    assert shown(page) == sum(r["task_id"] == word for _, r in records)


def test_the_counts_beside_options_are_what_choosing_them_leaves(
    report: Path, open_page: Open
) -> None:
    page = open_page(report, at="#episodes?outcome=wrong")
    for facet in ("series", "failure", "type", "flag"):
        options = page.locator(f"#filter-{facet} option").all_inner_texts()[1:4]
        for label in options:
            page.select_option(f"#filter-{facet}", label=label)
            assert shown(page) == int(label.rsplit("(", 1)[1].rstrip(")").replace(",", ""))
            page.select_option(f"#filter-{facet}", "")


def test_sorting_puts_the_lowest_reward_first(report: Path, open_page: Open) -> None:
    page = open_page(report, at="#episodes?sort=high")
    first = page.locator("#row-0 .n").inner_text()
    page.select_option("#sort", "low")
    assert float(page.locator("#row-0 .n").inner_text()) <= float(first)


def test_a_number_of_the_overview_leads_to_its_episodes(report: Path, open_page: Open) -> None:
    page = open_page(report)
    link = page.locator("#failures tbody a").first
    count = int(link.inner_text().replace(",", ""))
    link.click()
    page.wait_for_selector("[role=option]")
    assert shown(page) == count


def test_every_turn_is_read_as_it_was(
    report: Path, played_runs: list[Any], open_page: Open
) -> None:
    page = open_page(report)
    for run, each in enumerate(played_runs[:3]):
        [record] = each.episodes(5, 6)
        read(page, run, record["episode"])
        assert page.locator(".turn.prompt pre").inner_text() == record["prompt"]
        assert page.locator(".turn[id]").count() == len(record["turns"])
        assert page.locator(".call").count() == len(record["calls"])
        errors = [made for made in record["calls"] if made["error"]]
        assert page.locator(".call.failed").count() == len(errors)
        if record["submission"] is not None:
            assert record["submission"] in page.locator(".answers").inner_text()
        text = page.locator("#reader").inner_text()
        assert record["question"] in text
        for criterion in record["criteria"]:
            assert criterion["reason"].replace("_", " ") in page.locator(".scores").text_content()


def test_a_correction_is_marked_and_so_is_a_repetition(tmp_path: Path, open_page: Open) -> None:
    def query(text: str) -> str:
        return tagged("sql_query", query=text)

    turns = [
        turn(query("SELECT a FROM wrong"), "Error: no table", "sql_query"),
        turn(query("SELECT a FROM wrong"), "Error: no table", "sql_query"),
        turn(query("SELECT a FROM debt"), '[{"a":"<b>1</b>"},{"a":null}]', "sql_query"),
    ]
    calls = [call(1, "sql_query", "unknown_table"), call(2, "sql_query", "unknown_table"),
             call(3, "sql_query", rows=2)]  # fmt: skip
    run = run_of(tmp_path / "base", [episode(0, turns=turns, calls=calls)])
    page = open_page(write_report([run], tmp_path / "report.html"), at="#episode/0/0")
    page.wait_for_selector(".turns")
    assert "repeats the failed call of turn 1" in page.locator("#turn-2").inner_text()
    assert "corrects the failed call of turn 2" in page.locator("#turn-3").inner_text()
    assert page.locator("#turn-1 .text.error").inner_text() == "Error: no table"
    cells = page.locator("#turn-3 table.cells td").all_inner_texts()
    assert cells == ["<b>1</b>", "NULL"]
    assert page.locator("#turn-3 .sql .q-word").all_inner_texts() == ["SELECT", "FROM"]
    page.locator("#turn-3 .raw").click()
    assert page.locator("#turn-3 .result pre").inner_text() == '[{"a":"<b>1</b>"},{"a":null}]'


def test_nothing_that_a_model_wrote_runs(tmp_path: Path, open_page: Open) -> None:
    cells = json.dumps([{HOSTILE: HOSTILE}])
    schema = json.dumps({"description": HOSTILE, "column_names": [HOSTILE],
                         "unique_vals_per_col": {HOSTILE: [HOSTILE]}})  # fmt: skip
    turns = [
        turn(
            f"{HOSTILE}\n{tagged('sql_query', query=HOSTILE, company_name=HOSTILE)}", cells, HOSTILE
        ),
        turn(tagged(HOSTILE, **{HOSTILE: HOSTILE}), schema, HOSTILE),
        turn(f"<tool_call>{HOSTILE}", f" {HOSTILE} | b\n {HOSTILE} | 1", HOSTILE),
        turn(HOSTILE, json.dumps([HOSTILE]), HOSTILE),
    ]
    calls = [call(1, "sql_query", rows=1), call(2, "table_info", company=HOSTILE, table=HOSTILE),
             call(3, "sql_query", "unknown_table"), call(4, "list_tables")]  # fmt: skip
    criteria = [{"id": HOSTILE, "dim": HOSTILE, "weight": 1, "score": 0, "applicable": True,
                 "reason": HOSTILE}]  # fmt: skip
    record = wrong(0, "no_schema", policy=HOSTILE, task_id=HOSTILE, question=HOSTILE, truth=HOSTILE,
                   submission=HOSTILE, question_type=HOSTILE, answer_reason=HOSTILE, prompt=HOSTILE,
                   turns=turns, calls=calls, criteria=criteria)  # fmt: skip
    run = run_of(tmp_path / "base", [record, episode(1)], run=HOSTILE)
    page = open_page(write_report([run], tmp_path / "report.html", title=HOSTILE))
    assert page.title() == HOSTILE
    read(page, 0, 0)
    page.locator(".term").first.focus()
    assert page.title() == HOSTILE
    assert page.locator("img").count() == 0
    assert page.locator("#reader script").count() == 0
    assert HOSTILE in page.locator("#reader").inner_text()


def test_an_address_leads_back_to_the_episode_and_its_neighbours(
    report: Path, open_page: Open
) -> None:
    page = open_page(report, at="#episode/1/3?series=1&sort=turns")
    page.wait_for_selector(".turns")
    assert "episode 3 ·" in page.locator(".where").inner_text()
    assert page.locator("#filter-series").input_value() == "1"
    before = page.evaluate("location.hash")
    page.keyboard.press("]")
    page.wait_for_function("before => location.hash !== before", arg=before)
    page.keyboard.press("[")
    page.wait_for_function("before => location.hash === before", arg=before)
    page.keyboard.press("/")
    page.wait_for_function("() => document.activeElement.id === 'q'")
    page.go_back()
    go(page, "#episode/9/9999")
    page.wait_for_function("() => document.body.innerText.includes('does not hold episode 9999')")


def test_the_list_works_from_the_keyboard(report: Path, open_page: Open) -> None:
    page = open_page(report, at="#episodes")
    page.locator("#list").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".turns")
    page.keyboard.press("ArrowDown")
    selected = "row => document.querySelector('[aria-selected=true]')?.dataset.row === row"
    page.wait_for_function(selected, arg="1")
    assert page.locator("#list").get_attribute("aria-activedescendant") == "row-1"
    page.keyboard.press("End")
    total = shown(page)
    page.wait_for_function(selected, arg=str(total - 1))
    assert page.locator("[role=option]").count() < 60
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "reader"


def test_on_a_narrow_screen_list_and_episode_take_turns(report: Path, open_page: Open) -> None:
    page = open_page(report, "narrow", at="#episodes")
    page.locator("[role=option]").first.click()
    page.wait_for_selector(".turns")
    assert not page.locator("#list").is_visible()
    page.locator(".back").click()
    page.wait_for_selector("#list", state="visible")
    assert not page.locator("#reader").is_visible()


def test_a_name_explains_itself(report: Path, open_page: Open) -> None:
    page = open_page(report)
    name = page.locator("#behaviour .term[data-name=listed_before_query]")
    name.hover()
    assert "listed before the first table" in page.locator("#tip").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()
    name.focus()
    assert name.get_attribute("aria-describedby") == "tip"


def test_colours_follow_the_system_until_they_are_chosen(report: Path, open_page: Open) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = (
        open_page(report, scheme=scheme).evaluate(ground) for scheme in ("light", "dark")
    )
    assert light != dark
    page = open_page(report, scheme="light")
    page.click("#theme")
    assert page.evaluate(ground) == light
    page.click("#theme")
    assert page.evaluate(ground) == dark
    page.reload()
    page.wait_for_function(READY)
    assert page.evaluate(ground) == dark


def test_a_record_is_copied_as_it_was(
    report: Path, played_runs: list[Any], open_page: Open
) -> None:
    page = open_page(report)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    [record] = played_runs[1].episodes(2, 3)
    read(page, 1, record["episode"])
    page.get_by_text("Copy JSON").click()
    page.wait_for_function("() => document.body.innerText.includes('Copied')")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert set(copied) == set(record)
    for name in (
        "task_id",
        "question",
        "prompt",
        "turns",
        "calls",
        "flags",
        "submission",
        "reward",
    ):
        assert same(copied[name], record[name]), name
    page.wait_for_function("() => !document.body.innerText.includes('Copied')")
    page.get_by_text("Copy messages").click()
    page.wait_for_function("() => document.body.innerText.includes('Copied')")
    chat = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert [message["role"] for message in chat[:3]] == ["system", "user", "assistant"]
    assert chat[1]["content"] == record["prompt"]


def test_messages_of_logs_cannot_be_copied(tmp_path: Path, open_page: Open) -> None:
    """Their records hold neither every system prompt nor who said what."""
    run = run_of(tmp_path / "logs", [episode(0)], source="logs")
    page = open_page(write_report([run], tmp_path / "report.html"))
    read(page, 0, 0)
    assert page.get_by_text("Copy JSON").is_visible()
    assert page.get_by_text("Copy messages").count() == 0


def same(one: Any, other: Any) -> bool:
    """Equal, numbers as far as a page holds their digits."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, abs_tol=1e-3)
    return bool(one == other)


def test_structured_and_untagged_calls_are_told_apart_from_text(
    tmp_path: Path, open_page: Open
) -> None:
    structured = [{"id": "a", "type": "function", "function": {
        "name": "calculator", "arguments": '{"expression": "1+1"}'}}]  # fmt: skip
    plain = '😀 so: [TOOL_CALLS] [{"name": "calculator", "arguments": {"expression": "2*2"}}]'
    turns = [
        turn("I calculate.", "2", "calculator") | {"tool_calls": json.dumps(structured)},
        turn(plain, "4", "calculator"),
    ]
    calls = [call(1, "calculator"), call(2, "calculator")]
    run = run_of(tmp_path / "base", [episode(0, turns=turns, calls=calls)])
    page = open_page(write_report([run], tmp_path / "report.html"), at="#episode/0/0")
    page.wait_for_selector(".turns")
    assert page.locator("#turn-1 .said").inner_text() == "I calculate."
    assert page.locator(".call .argument").all_inner_texts() == ["expression 1+1", "expression 2*2"]
    assert "😀 so:" in page.locator("#turn-2 .said").inner_text()


def test_a_redacted_page_still_reads_turn_by_turn(
    tmp_path: Path, played_runs: list[Any], open_page: Open
) -> None:
    made = write_report(played_runs[1:2], tmp_path / "report.html", redact=True)
    [record] = played_runs[1].episodes(0, 1)
    page = open_page(made, at=f"#episode/0/{record['episode']}")
    page.wait_for_selector(".turns")
    assert page.locator(".call").count() == len(record["calls"])
    assert record["question"] not in page.content()
    assert page.locator(".sql").first.inner_text().startswith("SELECT ▪")


def test_a_result_stands_below_the_call_that_it_answers(tmp_path: Path, open_page: Open) -> None:
    run = reasoned(tmp_path / "run", small_corpus())
    parts = "n => [...document.querySelectorAll(`#turn-${n} > div`)].map(div => div.className)"
    for redact in (False, True):
        made = write_report([run], tmp_path / f"{redact}.html", redact=redact)
        page = open_page(made, at="#episode/0/0")
        page.wait_for_selector(".turns")
        assert page.evaluate(parts, 1) == ["call", "call", "reply"]
        assert page.evaluate(parts, 2) == ["call", "reply failed"]
        names = page.locator("#turn-1 .call b").all_inner_texts()
        assert names == ["call in the reasoning, not run", "calculator"]
        if not redact:
            assert page.locator("#turn-1 .reply").inner_text().strip() == "4"
            assert "stands inside the reasoning" in page.locator("#turn-2 .reply").inner_text()


def test_a_link_to_the_only_kind_of_wrong_answer_leads_there(
    tmp_path: Path, open_page: Open
) -> None:
    records = [episode(0), wrong(1, "no_schema"), wrong(2, "no_schema", wrong_answer="none")]
    run = run_of(tmp_path / "base", records)
    made = write_report([run], tmp_path / "report.html")
    assert shown(open_page(made, at="#episodes?series=0&wrong=other")) == 1


def test_an_episode_without_a_step_is_none_of_the_first(tmp_path: Path, open_page: Open) -> None:
    records = [episode(number, policy_step=step) for number, step in enumerate([0, 0, 1, None])]
    made = write_report([run_of(tmp_path / "base", records)], tmp_path / "report.html")
    assert shown(open_page(made, at="#episodes?series=0")) == 2


def test_the_share_of_right_ones_leaves_out_faults(tmp_path: Path, open_page: Open) -> None:
    fault = wrong(1, "infra_fault", flags={"infra_fault": True})
    run = run_of(tmp_path / "base", [episode(0), fault])
    page = open_page(write_report([run], tmp_path / "report.html"), at="#episodes")
    assert page.locator("#found").inner_text() == "2 episodes, 100.0 % right"


def test_a_schema_without_types_is_shown(tmp_path: Path, open_page: Open) -> None:
    schema = '{"column_names": ["a"], "column_dtypes": null, "unique_vals_per_col": null}'
    turns = [turn(tagged("get_table_info", table_name="t"), schema, "get_table_info")]
    record = episode(0, turns=turns, calls=[call(1, "table_info")])
    made = write_report([run_of(tmp_path / "base", [record])], tmp_path / "report.html")
    page = open_page(made, at="#episode/0/0")
    page.wait_for_selector(".turns")
    assert page.locator("#turn-1 table.cells td").all_inner_texts() == ["a", "", ""]
