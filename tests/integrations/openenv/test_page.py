"""The page in a browser: an episode by hand, over the socket that clients use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openenv", reason="the extra openenv is not installed")

from finqa_gym.integrations.openenv import Limits
from headless import headless_chromium
from integrations.openenv.served import Served, served
from small_corpus import small_corpus


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with headless_chromium() as started:
        yield started


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that must not complain."""
    opened = browser.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    opened.close()
    assert complaints == []


def start(page: Any, server: Served, path: str) -> None:
    page.goto(server.url + path)
    page.click("#reset")
    page.wait_for_selector("#call:not([hidden])")


@pytest.mark.parametrize("path", ["/", "/web", "/web/"])
def test_an_episode_by_hand(page: Any, path: str) -> None:
    corpus = small_corpus()
    with served(corpus, split="train", reveal_truth=True) as server:
        start(page, server, path)
        task_id = page.inner_text("#task small").split(" · ")[1]
        task = corpus.task(task_id)
        assert task["question"] in page.inner_text("#task")
        assert page.input_value("[name=company_name]") == task["companies"][0]
        page.click("#call button")
        page.wait_for_selector(".turn")
        assert corpus.tables(task["companies"][0])[0]["name"] in page.inner_text(".turn pre")
        page.select_option("#tool", "sql_query")
        page.fill("[name=query]", "DROP TABLE x")
        page.click("#call button")
        page.wait_for_selector(".turn.error")
        page.select_option("#tool", "submit_answer")
        page.fill("[name=answer]", "<img src=x onerror=alert(1)>")
        page.click("#call button")
        page.wait_for_selector(".turn strong")
        assert "reward 0" in page.inner_text(".turn strong")
        assert task["truth"] in page.inner_text(".turn strong")
        assert page.is_hidden("#call")
        assert page.query_selector("#turns img") is None  # what is data stays text


def test_a_session_that_was_closed_is_told_and_a_new_one_begins(page: Any) -> None:
    with served(small_corpus(), Limits(idle_timeout_s=1.0)) as server:
        start(page, server, "/web")
        page.wait_for_selector("#status:has-text('no call for 1 s')")
        assert page.is_hidden("#call")
        start(page, server, "/web")
        assert page.is_visible("#task")
