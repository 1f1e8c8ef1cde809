"""Hostile SQL as tool calls of an episode, in profile ``rllm``: guards, sandbox and scope together.

The catalogue with its fixture lies outside the project; the sandbox's own one is tested in Rust.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import finqa_gym

CANARY = "CANARY-7F3A9-GLOBEX"


@pytest.fixture(scope="module")
def corpus(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> finqa_gym.Corpus:
    """Both companies of the fixture in one corpus, each with its own tables."""
    source = sqlite3.connect(":memory:")
    source.executescript((shared_dir / "attacks" / "fixture.sql").read_text("utf-8"))
    names = [
        name for (name,) in source.execute("SELECT name FROM sqlite_schema WHERE type='table'")
    ]
    root = tmp_path_factory.mktemp("attacks")
    for name in names:
        company = "globex" if name.startswith("globex") else "acme"
        (root / company).mkdir(exist_ok=True)
        rows = source.execute(f'SELECT * FROM "{name}"')
        columns = [column[0] for column in rows.description]
        lines = [json.dumps(dict(zip(columns, row, strict=True))) for row in rows]
        (root / company / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    source.close()
    (root / "tasks.csv").write_text(
        "id,company,question,answer,unit\n"
        "acme-1,acme,What was net income in 2023?,322.2,amount\n"
        "globex-1,globex,What is the secret?,nothing,text\n",
        "utf-8",
    )
    return finqa_gym.load(root)


def cases(shared_dir: Path) -> list[dict[str, Any]]:
    text = (shared_dir / "attacks" / "sql_attacks.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def ask(env: finqa_gym.VectorEnv, sql: str) -> tuple[str, bool]:
    """The observation of one query of acme's episode, and whether it was an error."""
    arguments = {"company_name": "acme", "table_name": "income_statement", "query": sql}
    call = {"id": "c", "type": "function"}
    call["function"] = {"name": "sql_query", "arguments": json.dumps(arguments)}  # type: ignore[assignment]
    batch = env.step([{"content": "", "tool_calls": [call]}])
    return batch.observations[0], bool(batch.infos["num_errors"][0])


def equal(seen: Any, expected: Any) -> bool:
    if isinstance(seen, float) or isinstance(expected, float):
        return (
            seen is not None and expected is not None and seen == pytest.approx(expected, rel=1e-9)
        )
    return bool(seen == expected)


def test_every_line_behaves_as_expected(corpus: finqa_gym.Corpus, shared_dir: Path) -> None:
    env = finqa_gym.VectorEnv(corpus, 1, max_turns=2_000, cache_bytes=0)
    env.reset(task_ids=["acme-1"])
    benign = "SELECT item, \"2023\" FROM income_statement WHERE item = 'Net income'"
    before = ask(env, benign)
    assert before == ('[{"item":"Net income","2023":"$322.2"}]', False)
    checked = 0
    for case in cases(shared_dir):
        name, expect = case["name"], case["expect"]
        text, failed = ask(env, case["sql"])
        assert CANARY not in text, name
        text.encode("utf-8")
        if expect == "reject":
            assert failed, (name, text)
        elif expect in ("ok", "valid_output"):
            assert not failed, (name, text)
            rows = json.loads(text.split("\n(showing")[0])
            if expect == "ok" and "\n(showing" not in text:
                seen = [list(row.values()) for row in rows]
                wanted = case["rows"]
                if case.get("row_order") == "any":
                    seen, wanted = sorted(seen, key=repr), sorted(wanted, key=repr)
                assert len(seen) == len(wanted), name
                for mine, theirs in zip(seen, wanted, strict=True):
                    assert all(equal(a, b) for a, b in zip(mine, theirs, strict=True)), (
                        name,
                        mine,
                        theirs,
                    )
        elif expect == "deterministic":
            assert ask(env, case["sql"]) == (text, failed), name
        else:
            assert expect in ("bounded", "no_leak"), f"{name}: unknown expectation {expect!r}"
            if expect == "no_leak":
                assert failed or "globex" not in text.lower(), (name, text)
        assert ask(env, benign) == before, f"after {name}"
        checked += 1
    assert checked > 100
    stats = env.stats()
    assert stats["infra_faults"] == 0
    assert not list(Path("/tmp").glob("sql_attack_*"))
