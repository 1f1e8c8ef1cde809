"""``finqa-gym eval`` and ``finqa-gym route``: what they print, write and refuse."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("finqa_gym", reason="finqa_gym is not built", exc_type=ImportError)

from typer.testing import CliRunner

from finqa_gym.cli import app
from finqa_gym.evaluation.route import Routing
from finqa_gym.trajectories import open_run
from scripted_server import Reply
from small_corpus import small_path

if TYPE_CHECKING:
    from scripted_server import ScriptedServer

    Serve = Callable[..., ScriptedServer]

SECRET = "sk-very-secret-0123456789"


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    """Standard output and standard error of a command."""
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.stderr
    assert SECRET not in result.output + result.stderr
    return result.stdout, result.stderr


def evaluate(policy: str, out: Path, *more: object, code: int = 0) -> tuple[str, str]:
    data = ("--corpus", small_path(), "--split", "val")
    return run("eval", policy, *data, "--out", out, *more, code=code)


def test_gold_is_evaluated_and_compared(tmp_path: Path) -> None:
    guess, gold, told = tmp_path / "guess", tmp_path / "gold", tmp_path / "told.json"
    evaluate("scripted:guess", guess)
    more = ("--attempts", 2, "--baseline", guess, "--json", told)
    screen, notes = evaluate("scripted:gold", gold, *more)
    assert "pass@1 100.0 % (80.6 \u2013 100.0); pass@2 100.0 %" in screen
    assert "32 episodes in" in screen
    assert "gold less guess, over 16 tasks that both played" in screen
    assert re.search(r"│ right +│ \+100\.0 │", screen)
    assert re.search(r"│ won +│ +16 │", screen)
    assert "and 11 more" in screen
    assert "listed before query" in screen
    assert "gave up" in screen
    assert f"finqa-gym report {guess} {gold}" in screen.replace("\n", "")
    assert "note" not in notes
    numbers = json.loads(told.read_text("utf-8"))
    assert numbers["pass_at"]["2"]["value"] == 1.0
    assert numbers["comparison"]["right"]["difference"]["value"] == 1.0
    assert len(numbers["comparison"]["won"]) == 16
    again, _ = evaluate("scripted:gold", gold, "--attempts", 2)
    assert "0 episodes in" in again


def test_a_baseline_of_other_tasks_costs_the_comparison_and_nothing_else(tmp_path: Path) -> None:
    data = ("--corpus", small_path(), "--split", "train", "--max-tasks", 2)
    run("eval", "scripted:gold", *data, "--out", tmp_path / "other")
    more = ("--baseline", tmp_path / "other", "--json", tmp_path / "told.json")
    screen, notes = evaluate("scripted:gold", tmp_path / "run", *more)
    assert "pass@1 100.0 %" in screen
    assert "note: not compared: " in notes
    assert "share no task with a graded episode" in notes
    assert json.loads((tmp_path / "told.json").read_text("utf-8"))["comparison"] is None


def test_val_is_played_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("eval", "scripted:gold", "--corpus", small_path(), "--name", "org/a model")
    found = open_run(tmp_path / "runs" / "eval-org-a-model")
    assert set(found.columns(["split"])["split"]) == {"val"}
    run("eval", "scripted:gold", "--corpus", small_path(), "--split", "all", "--out", "all")
    assert len(set(open_run(tmp_path / "all").columns(["split"])["split"])) == 4


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    evaluate("scripted:gold", tmp_path / "run", "--max-tasks", 3)
    _, notes = evaluate("scripted:gold", tmp_path / "run", "--mode", "openenv", code=2)
    assert "begun with max_tasks 3, and null" not in notes, "that one may grow"
    assert 'the evaluation was begun with env.answer_mode "strict", and "openenv" is asked' in notes
    _, notes = evaluate("scripted:gold", tmp_path / "run", "--no-resume", code=2)
    assert "a run is there already" in notes


def test_an_endpoint_is_evaluated(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve("recovery")
    monkeypatch.setenv("MY_KEY", SECRET)
    screen, notes = evaluate(
        server.url, tmp_path / "run", "--model", "a-model", "--api-key-env", "MY_KEY",
        "--attempts", 2, "--concurrency", 3, "--price-per-million-tokens", "1,10",
        "--extra-body", '{"top_p": 0.5}', "--max-tokens", 0, "--name", "small",
    )  # fmt: skip
    assert "pass@1 100.0 %" in screen
    assert re.search(r"cost +│ 0\.0\d+ in all, 0\.00\d+ an episode, 0\.00\d+ a right", screen)
    assert "0 asked again; median" in screen
    assert "at temperature 0 the 2 attempts" in notes
    body = server.asked[0].body
    assert (body["temperature"], body["top_p"]) == (0, 0.5)
    assert "max_tokens" not in body
    assert server.asked[0].authorization == f"Bearer {SECRET}"
    assert open_run(tmp_path / "run").info["policy"] == "small"
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()


def test_what_was_left_out_is_said_with_its_reason(tmp_path: Path, serve: Serve) -> None:
    server = serve()
    broken = list(server.told)[1]
    server.trouble = lambda asked: (
        Reply(500, b'{"error": "out of memory [oom]"}') if asked.prompt == broken else None
    )
    command = (server.url, tmp_path / "run", "--model", "m", "--retries", 0)
    screen, notes = evaluate(*command)
    assert "1 episodes were left out, since faults ended them: http_500 1." in notes
    assert "The last one: http_500: out of memory [oom]" in notes
    assert "1 episodes are missing; the same command again plays them" in notes
    assert "15 episodes in" in screen
    server.trouble = lambda _: None
    screen, notes = evaluate(*command)
    assert "1 episodes in" in screen
    assert "note" not in notes


def test_a_refused_key_is_one_line(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    server.trouble = lambda asked: Reply(401, f"bad key {asked.authorization}".encode())
    monkeypatch.setenv("MY_KEY", SECRET)
    command = (server.url, tmp_path / "run", "--model", "m", "--api-key-env", "MY_KEY")
    _, notes = evaluate(*command, code=2)
    assert "refuses every request (http_401: bad key Bearer ***)" in notes
    shown = subprocess.run(
        [sys.executable, "-m", "finqa_gym", "--debug", "eval", *map(str, command[:1]),
         "--out", str(tmp_path / "debug"), *command[2:], "--corpus", small_path()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" in shown.stderr
    assert SECRET not in shown.stdout + shown.stderr


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (["--api-key-env", "NO_SUCH_KEY"], "NO_SUCH_KEY', and the environment variable is not set"),
        (["--temperature", "warm"], "--temperature is 'warm'; a number from 0, or server"),
        (["--extra-body", "[1]"], "--extra-body is '[1]'; a JSON object is needed"),
        (["--extra-body", "{"], "--extra-body is '{'; a JSON object is needed"),
        (["--extra-body", '{"n": 2}'], "extra_body holds 'n'"),
        (["--text-results", "system"], "text_results is 'system'"),
        (["--price-per-million-tokens", "1"], "two numbers are needed"),
        (["--baseline", "no/such/run"], "no/such/run"),
        (["--split", "test"], "no split 'test'"),
    ],
)
def test_options_that_cannot_work_are_one_line(
    tmp_path: Path, more: list[str], problem: str
) -> None:
    url = "http://127.0.0.1:9/v1"
    _, notes = evaluate(url, tmp_path / "run", "--model", "m", *more, code=2)
    [line] = [line for line in notes.splitlines() if line.startswith("finqa-gym: ")]
    assert problem in line
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a child")
def test_ctrl_c_keeps_what_was_played(tmp_path: Path, serve: Serve) -> None:
    server = serve()
    first = list(server.told)[:4]
    server.trouble = lambda asked: (
        None if asked.prompt in first else Reply(delay_s=20.0, is_normal=True)
    )
    command = ["eval", server.url, "--model", "m", "--corpus", small_path(), "--split", "val"]
    command += ["--out", str(tmp_path / "run"), "--concurrency", "2"]
    child = subprocess.Popen(
        [sys.executable, "-m", "finqa_gym", *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while {a.prompt for a in server.asked} <= set(first) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, notes = child.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert child.returncode == 130, notes
    assert "interrupted" in notes
    assert "Traceback" not in notes
    assert open_run(tmp_path / "run").num_episodes in (3, 4)


# --- route ----------------------------------------------------------------------------------------


def test_a_cascade_is_played_and_shown(tmp_path: Path) -> None:
    data = ("--corpus", small_path(), "--split", "val", "--out", tmp_path / "cascade")
    told = tmp_path / "told.json"
    screen, notes = run("route", "scripted:guess", "scripted:gold", *data, "--json", told)
    assert "guess, then gold: 16 tasks" in screen
    assert re.search(r"│ \* │ guess alone +│ +0\.0 % │ +0\.0 %", screen)
    assert re.search(r"gold alone +│ 100\.0 % │ 100\.0 %", screen)
    assert "what is sent on stands for costs" in " ".join(screen.split())
    assert "unrecovered_error" in screen
    assert "note" not in notes
    numbers = json.loads(told.read_text("utf-8"))
    shares = [point["share"] for point in numbers["points"]]
    assert shares == sorted(shares)
    assert set(numbers) == {"small", "big", *Routing.__dataclass_fields__}
    # From the runs that are there, nothing is played.
    small, big = tmp_path / "cascade/small", tmp_path / "cascade/big"
    again, _ = run("route", small, big)
    assert again[again.index("guess, then") :] == screen[screen.index("guess, then") :]


def test_a_recorded_run_names_corpus_and_tasks(tmp_path: Path) -> None:
    evaluate("scripted:guess", tmp_path / "small", "--max-tasks", 5)
    screen, notes = run("route", tmp_path / "small", "scripted:gold", "--out", tmp_path)
    assert "guess, then gold: 5 tasks" in screen
    assert "note" not in notes
    # The rest is added when it is no longer lazy.
    more = ("--out", tmp_path / "lazy", "--lazy", "--threshold", 4)
    run("route", tmp_path / "small", "scripted:gold", *more)
    lazy = open_run(tmp_path / "lazy/big").num_episodes
    run("route", tmp_path / "small", "scripted:gold", "--out", tmp_path / "lazy")
    assert 0 < lazy <= open_run(tmp_path / "lazy/big").num_episodes == 5


def test_what_is_missing_for_the_big_model_shows_before_the_small_one_plays(
    tmp_path: Path,
) -> None:
    data = ("--corpus", small_path(), "--out", tmp_path / "cascade")
    url = "http://127.0.0.1:9/v1"
    _, notes = run("route", "scripted:gold", url, *data, code=2)
    assert "an endpoint needs the name of its model" in notes
    more = ("--big-model", "m", "--big-api-key-env", "NO_SUCH_KEY")
    _, notes = run("route", "scripted:gold", url, *data, *more, code=2)
    assert "the environment variable is not set" in notes
    assert not (tmp_path / "cascade").exists()


def test_lazily_the_big_model_plays_what_is_hard(tmp_path: Path, serve: Serve) -> None:
    server = serve("gold")
    data = ("--corpus", small_path(), "--split", "val", "--out", tmp_path)
    options = ("--big-model", "large", "--lazy", "--threshold", 3, "--weight", "declined=0")
    prices = ("--price-per-million-tokens", "0,0", "--big-price-per-million-tokens", "1,10")
    screen, _ = run("route", "scripted:guess", server.url, *data, *options, *prices)
    sent = {asked.prompt for asked in server.asked}
    assert 0 < len(sent) <= 16
    assert len(sent) == open_run(tmp_path / "big").num_episodes
    assert server.asked[0].body["model"] == "large"
    assert "guess, then large: 16 tasks" in screen
    assert "large alone" not in screen
    # Played already: a second time nobody is asked.
    server.asked.clear()
    run("route", "scripted:guess", server.url, *data, *options, *prices)
    assert server.asked == []


def test_where_nothing_is_hard_nothing_is_sent_on(tmp_path: Path) -> None:
    data = ("--corpus", small_path(), "--split", "val", "--out", tmp_path)
    screen, _ = run("route", "scripted:gold", "scripted:gold", *data, "--lazy", "--threshold", 5)
    assert "No task has a score of 5 or more: nothing is sent on." in screen
    assert not (tmp_path / "big").exists()


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ([], "small 'scripted:gold' is to be played: --out DIR says where"),
        (["--threshold", "1"], "--threshold goes with --lazy"),
        (["--weight", "declined"], "--weight is 'declined'; SIGNAL=NUMBER is needed"),
        (["--weight", "is_correct=1"], "no signal 'is_correct'"),
    ],
)
def test_a_cascade_that_cannot_be_is_one_line(more: list[str], problem: str) -> None:
    _, notes = run("route", "scripted:gold", "scripted:gold", *more, code=2)
    [line] = [line for line in notes.splitlines() if line.startswith("finqa-gym: ")]
    assert problem in line


def test_two_runs_of_the_same_policy_are_told_apart(tmp_path: Path) -> None:
    evaluate("scripted:gold", tmp_path / "one")
    evaluate("scripted:gold", tmp_path / "two", "--seed", 1)
    screen, _ = run("route", tmp_path / "one", tmp_path / "two")
    assert "one, then two: 16 tasks" in screen
