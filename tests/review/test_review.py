"""Decisions, agreement, the seat, and the page's server."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

import finqa_gym
from finqa_gym.cli import app
from finqa_gym.exceptions import DataError
from finqa_gym.review import (
    DecisionLog,
    accepted_task_ids,
    agreement,
    decisions_folder,
    read_decisions,
    task_hash,
)
from finqa_gym.review.seat import Seat
from finqa_gym.review.server import MAX_BODY_BYTES, ReviewServer
from small_corpus import small_corpus

TOOLS = ["get_table_names", "get_table_info", "sql_query", "calculator", "submit_answer"]
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def corpus_path(tmp_path: Path) -> Path:
    """Two tasks about one table, one of them with markup in every place."""
    folder = tmp_path / "shop"
    (folder / "acme").mkdir(parents=True)
    (folder / "acme" / "sales.csv").write_text(
        f'region,2023,2024\nnorth,"1,200","1,300"\n{SCRIPT},900,"1,450"\n'
    )
    (folder / "tasks.csv").write_text(
        "id,question,answer,unit,tables,gold_sql,gold_expression\n"
        "grow,By what percentage did the north grow?,8.33%,percent,sales,"
        '"SELECT ""2024"", ""2023"" FROM sales WHERE region = \'north\'",'
        "({0.0.0} - {0.0.1}) / {0.0.1} * 100\n"
        f"most,Which region sold {SCRIPT} most?,{SCRIPT},text,sales,,\n"
    )
    return folder


@pytest.fixture
def server(corpus_path: Path) -> Iterator[ReviewServer]:
    seat = Seat(finqa_gym.load(corpus_path), DecisionLog(decisions_folder(corpus_path), "anna"))
    with ReviewServer(seat) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
    seat.close()


def ask(
    server: ReviewServer,
    path: str,
    body: Any = None,
    *,
    token: str | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any, http.client.HTTPResponse]:
    address = urlsplit(server.url)
    if token is None:
        token = parse_qs(address.query)["token"][0]
    connection = http.client.HTTPConnection(address.netloc, timeout=10)
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body)
    connection.request(
        "GET" if body is None else "POST", path, data, {"X-Token": token, **(headers or {})}
    )
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    is_json = response.headers["Content-Type"] == "application/json"
    return response.status, json.loads(text) if is_json else text, response


def test_a_task_is_shown_with_tables_and_gold_steps_and_judged(
    server: ReviewServer, corpus_path: Path
) -> None:
    status, listed, _ = ask(server, "/api/tasks")
    assert status == 200
    assert [task["id"] for task in listed["tasks"]] == ["grow", "most"]
    status, view, _ = ask(server, "/api/task?place=0")
    assert status == 200
    tools = [step["tool"] for step in view["steps"]]
    assert tools == TOOLS
    assert view["steps"][2]["result"].startswith("[")
    assert view["steps"][-1]["result"].startswith("score 1.0")
    assert view["tables"][0]["gold"]
    decision = {"place": 0, "hash": view["hash"], "verdict": "accept", "comment": "ok " + SCRIPT}
    assert ask(server, "/api/decision", decision)[0] == 200
    written = read_decisions(decisions_folder(corpus_path))["anna"]["grow"]
    assert (written.verdict, written.comment) == ("accept", "ok " + SCRIPT)
    assert ask(server, "/api/tasks")[1]["tasks"][0]["verdict"] == "accept"


def test_the_page_carries_no_data_and_runs_no_foreign_script(server: ReviewServer) -> None:
    address = urlsplit(server.url)
    status, page, response = ask(server, f"/?{address.query}")
    assert status == 200
    # Data comes as JSON and is set as text; the page itself is the same for every corpus.
    assert SCRIPT not in page
    assert "innerHTML" not in page
    assert "insertAdjacentHTML" not in page
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert f'<script nonce="{nonce}">' in page
    assert ask(server, "/api/task?place=1")[2].headers["Content-Type"] == "application/json"


def test_nobody_else_gets_in(server: ReviewServer, corpus_path: Path) -> None:
    assert server.server_address[0] == "127.0.0.1"
    for token in ("", "x" * 32):
        assert ask(server, "/api/tasks", token=token)[0] == 403
        assert ask(server, "/", token=token)[0] == 403
        refused = ask(server, "/api/decision", {"place": 0}, token=token)
        assert refused[0] == 403
    assert ask(server, "/api/tasks", headers={"Host": "evil.example:80"})[0] == 403
    assert read_decisions(decisions_folder(corpus_path)) == {}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[1]", 400),
        ({"place": 99, "hash": "0", "verdict": "accept"}, 400),
        ({"place": "0", "hash": "0", "verdict": "accept"}, 400),
        ({"place": 0, "hash": "stale", "verdict": "accept"}, 400),
        ({"place": 0, "verdict": "accept"}, 400),
        (b" " * (MAX_BODY_BYTES + 1), 413),
    ],
)
def test_a_bad_decision_is_refused_and_nothing_written(
    server: ReviewServer, corpus_path: Path, body: Any, status: int
) -> None:
    got, answer, _ = ask(server, "/api/decision", body)
    assert got == status
    assert answer["error"]
    assert read_decisions(decisions_folder(corpus_path)) == {}
    assert ask(server, "/api/tasks")[0] == 200


def test_unknown_verdicts_and_paths_are_named(server: ReviewServer) -> None:
    _, view, _ = ask(server, "/api/task?place=0")
    status, answer, _ = ask(
        server, "/api/decision", {"place": 0, "hash": view["hash"], "verdict": "maybe"}
    )
    assert (status, "accept or reject" in answer["error"]) == (400, True)
    assert ask(server, "/api/task?place=7")[0] == 404
    assert ask(server, "/api/task?place=x")[0] == 404
    assert ask(server, "/etc/passwd")[0] == 404


def test_only_what_somebody_accepted_and_nobody_rejected_counts(corpus_path: Path) -> None:
    corpus = finqa_gym.load(corpus_path)
    folder = decisions_folder(corpus_path)
    hashes = {task["id"]: task_hash(corpus, task) for task in corpus}
    with pytest.raises(DataError, match="no decisions"):
        accepted_task_ids(corpus, folder)
    anna, ben = DecisionLog(folder, "anna"), DecisionLog(folder, "ben")
    anna.add("grow", hashes["grow"], "accept")
    anna.add("most", hashes["most"], "accept")
    assert accepted_task_ids(corpus, folder) == ["grow", "most"]
    ben.add("most", hashes["most"], "reject", "no answer in the table")
    assert accepted_task_ids(corpus, folder) == ["grow"]
    ben.add("most", hashes["most"], "accept")
    assert accepted_task_ids(corpus, folder) == ["grow", "most"]


def test_a_decision_lapses_when_the_question_or_its_table_changes(corpus_path: Path) -> None:
    folder = decisions_folder(corpus_path)
    corpus = finqa_gym.load(corpus_path)
    log = DecisionLog(folder, "anna")
    for task in corpus:
        log.add(task["id"], task_hash(corpus, task), "accept")
    table = corpus_path / "acme" / "sales.csv"
    table.write_text(table.read_text().replace("1,300", "1,301"))
    assert accepted_task_ids(finqa_gym.load(corpus_path), folder) == ["most"]


def test_decisions_survive_a_cut_line_and_name_a_broken_one(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path, "anna")
    log.add("a", "0", "accept")
    with log.path.open("a") as file:
        file.write('{"task_id": "b", "task_')  # what a crash in the middle of a write leaves
    again = DecisionLog(tmp_path, "anna")
    assert set(again.latest()) == {"a"}
    again.add("c", "0", "reject")
    assert set(read_decisions(tmp_path)["anna"]) == {"a", "c"}
    with log.path.open("a") as file:
        file.write('{"task_id": "d", "verdict": "accept"}\n')
    with pytest.raises(DataError, match=r"anna\.jsonl: line 4"):
        read_decisions(tmp_path)


@pytest.mark.parametrize("name", ["", "../evil", "a/b", ".hidden", "x" * 65, "a b"])
def test_a_reviewer_name_names_a_file_and_nothing_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="reviewer"):
        DecisionLog(tmp_path / "reviews", name)
    assert not (tmp_path / "reviews").exists()


def test_kappa_is_cohens(tmp_path: Path) -> None:
    anna, ben = DecisionLog(tmp_path, "anna"), DecisionLog(tmp_path, "ben")
    # Cohen's table: 20 both accept, 5 anna only, 10 ben only, 15 both reject; kappa is 0.4.
    cells = [("accept", "accept", 20), ("accept", "reject", 5)]
    cells += [("reject", "accept", 10), ("reject", "reject", 15)]
    number = 0
    for of_anna, of_ben, count in cells:
        for _ in range(count):
            anna.add(str(number), "0", of_anna)  # type: ignore[arg-type]
            ben.add(str(number), "0", of_ben)  # type: ignore[arg-type]
            number += 1
    anna.add("only anna", "0", "accept")
    result = agreement(anna.latest(), ben.latest(), ("anna", "ben"))
    assert (result.num_both, result.num_agreed, len(result.disputed)) == (50, 35, 15)
    assert result.kappa == pytest.approx(0.4)
    assert agreement({}, {}, ("a", "b")).kappa is None


def test_a_corpus_holds_what_is_accepted_and_not_rejected(tmp_path: Path) -> None:
    path = tmp_path / "made"
    small_corpus(2).save(path)
    corpus = finqa_gym.load(path)
    with pytest.raises(DataError, match="no decisions"):
        finqa_gym.load(path, reviewed_only=True)
    anna, ben = (DecisionLog(decisions_folder(path), name) for name in ("anna", "ben"))
    ids = corpus.task_ids()
    for log, accepts, rejects in ((anna, (0, 1, 5), (2,)), (ben, (1, 2, 9), (5,))):
        for index in accepts:
            log.add(ids[index], task_hash(corpus, corpus.task(index)), "accept", "")
        for index in rejects:
            log.add(ids[index], task_hash(corpus, corpus.task(index)), "reject", "off")
    kept = finqa_gym.load(path, reviewed_only=True)
    # Tasks 2 and 5 were rejected by one of the two.
    assert kept.task_ids() == [ids[0], ids[1], ids[9]]
    assert kept.companies == corpus.companies
    assert kept.name == corpus.name + "-reviewed"
    assert kept.content_hash == corpus.select([0, 1, 9]).content_hash != corpus.content_hash
    out = tmp_path / "out"
    command = ["data", "import", str(path), "--reviewed-only", "--out", str(out)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert finqa_gym.load(out).content_hash == kept.content_hash
    ben.add(ids[0], task_hash(corpus, corpus.task(0)), "reject", "on second thought")
    assert len(finqa_gym.load(path, reviewed_only=True)) == 2
    refused = CliRunner().invoke(app, ["play", "--corpus", "synthetic", "--reviewed-only"])
    assert "go with a path" in refused.stderr
