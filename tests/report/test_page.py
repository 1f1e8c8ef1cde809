"""The page as a file: complete, closed, and without what it must not hold."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from finqa_gym.report import write_report
from report.pages import BLOCK, blocks, everything
from report.shaped_runs import HOSTILE, episode, run_of, tagged, turn, wrong


def texts_of(record: dict[str, Any]) -> list[str]:
    found = [record["prompt"]]
    for made in record["turns"]:
        found += [made["action"], *(message["content"] for message in made["messages"])]
    return found


def test_every_episode_is_in_the_page_in_full(tmp_path: Path, played_runs: list[Any]) -> None:
    page = write_report(played_runs, tmp_path / "report.html")
    held = blocks(page.read_text("utf-8"))
    index = held["index"]
    pool = [text for name, block in held.items() if name.startswith("pool-") for text in block]
    recorded = [{record["episode"]: record for record in run} for run in played_runs]
    for row, (run, number) in enumerate(zip(index["run"], index["episode"], strict=True)):
        chunk = held[f"chunk-{index['chunk'][row]}"]
        packed = chunk["episodes"][index["slot"][row]]

        def text(at: int, own: list[str] = chunk["texts"]) -> str:
            return own[at] if at >= 0 else pool[-1 - at]

        record = recorded[run][number]
        turns = [[text(t[0]), *(text(message[2]) for message in t[5])] for t in packed[6]]
        assert [text(packed[5][0]), *chain.from_iterable(turns)] == texts_of(record)
        assert len(packed[4]) == len(record["calls"])
    assert len(index["run"]) == sum(run.num_episodes for run in played_runs)


def test_a_text_that_episodes_share_is_kept_once(tmp_path: Path) -> None:
    shared = "a prompt that a thousand episodes share, " * 50
    records = [episode(number, prompt=shared) for number in range(1_000)]
    page = write_report([run_of(tmp_path / "base", records)], tmp_path / "report.html")
    held = json.dumps(blocks(page.read_text("utf-8")))
    assert held.count(shared) == 1


def test_the_page_is_the_same_each_time(tmp_path: Path, played_runs: list[Any]) -> None:
    first = write_report(played_runs, tmp_path / "first.html").read_bytes()
    assert write_report(played_runs, tmp_path / "second.html").read_bytes() == first


def test_the_policy_of_the_page_allows_its_own_scripts_and_nothing_else(
    tmp_path: Path, played_runs: list[Any]
) -> None:
    page = write_report(played_runs, tmp_path / "report.html").read_text("utf-8")
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert found is not None
    policy = found[1]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert (len(scripts), len(styles)) == (2, 1)
    for text in [*scripts, *styles]:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not re.search(
        r"\sstyle=|\son\w+=",
        BLOCK.sub("", page).split("</style>")[1].split("<script>")[1].split("</script>")[1],
    )


def test_the_page_names_no_address_outside(tmp_path: Path, played_runs: list[Any]) -> None:
    page = BLOCK.sub("", write_report(played_runs, tmp_path / "report.html").read_text("utf-8"))
    assert not re.findall(r"https?://|\bsrc\s*=|url\(|@import|<link", page)


def test_what_a_model_or_a_run_is_called_stays_text(tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    records = [
        wrong(0, "no_schema", policy=HOSTILE, task_id=HOSTILE, question=HOSTILE, submission=HOSTILE,
              question_type=HOSTILE, split=HOSTILE,
              turns=[turn(tagged("sql_query", query=HOSTILE), HOSTILE, HOSTILE)]),
        episode(1, policy="other"),
    ]  # fmt: skip
    run = run_of(folder, records, run=HOSTILE, policy=HOSTILE)
    page = write_report([run], tmp_path / "report.html", title=HOSTILE).read_text("utf-8")
    assert HOSTILE not in page
    assert "<img" not in page
    assert len(re.findall(r"<script>", page)) == 2
    assert HOSTILE in blocks(page)["chunk-0"]["texts"]


def test_too_many_episodes_are_drawn_evenly_and_said(tmp_path: Path) -> None:
    runs = [
        run_of(tmp_path / name, [episode(number) for number in range(size)])
        for name, size in (("large", 300), ("small", 100))
    ]
    page = write_report(runs, tmp_path / "report.html", max_episodes=40).read_text("utf-8")
    index = blocks(page)["index"]
    assert (index["run"].count(0), index["run"].count(1)) == (30, 10)
    assert max(index["episode"]) > 150
    assert "The numbers are of all 400 episodes; 40 of them" in page


def test_a_redacted_page_holds_no_value_and_no_prompt(
    tmp_path: Path, played_runs: list[Any]
) -> None:
    page = write_report(played_runs[:3], tmp_path / "report.html", redact=True, title="shared")
    held = everything(page)
    secrets: set[str] = set()
    for run in played_runs[:3]:
        for record in run:
            secrets |= {record["question"], record["prompt"], record["task_id"]}
            secrets |= {record["truth"] or "", record["submission"] or "", *record["companies"]}
            secrets |= {name for made in record["calls"] for name in (made["table"],) if name}
            for text in texts_of(record):
                secrets |= values_in(text)
    secrets = {secret for secret in secrets if is_telling(secret)}
    assert len(secrets) > 500
    leaked = sorted(secret for secret in secrets if secret in held)
    assert leaked == []
    index = blocks(page.read_text("utf-8"))["index"]
    assert len(index["run"]) == sum(run.num_episodes for run in played_runs[:3])
    assert index["runs"][0]["system_prompt"] is None


def values_in(text: str) -> set[str]:
    """Cells, labels and names that stand in a tool message or a call."""
    found = set(re.findall(r"-?[\d][\d,.]*\d", text))
    found |= {part.strip() for part in re.findall(r'"((?:[^"\\]|\\.)*)"', text)}
    return found


def is_telling(text: str) -> bool:
    """Long enough not to stand in the page by chance, and no word of its own vocabulary."""
    known = {"company_name", "table_name", "get_table_names", "get_table_info", "sql_query",
             "calculator", "submit_answer", "arguments", "expression", "query", "answer", "name",
             "column_names", "column_dtypes", "unique_vals_per_col", "description", "source",
             "financial_data", "not answerable"}  # fmt: skip
    return (
        len(text) >= 6 and text.lower() not in known and any(c.isdigit() or c in " _" for c in text)
    )


def test_a_redacted_query_keeps_its_shape(tmp_path: Path) -> None:
    run = run_of(tmp_path / "base", [episode(0)])
    held = everything(write_report([run], tmp_path / "report.html", redact=True))
    assert "SELECT ▪ FROM ▪ WHERE ▪ = ▪" in held
    assert "Senior notes" not in held


def test_an_unknown_baseline_writes_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path / "base", [episode(0)])
    with pytest.raises(ValueError, match="baseline is 'x'"):
        write_report([run], tmp_path / "report.html", baseline="x")
    assert not (tmp_path / "report.html").exists()
