"""Every example runs in seconds, without a warning, and shows what it promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

# What each must print, as regular expressions. An example that is not named here fails its test.
SHOWS = {
    "quickstart": [
        r"^slot 0: reward 1\.0 \(Answer submitted: ",
        r"^slot 7: reward 1\.0",
        r"^\[system\] You are a financial analyst",
        r"^\[user\] For company",
    ],
    "vector_rollout": [
        r"^turn  1: 64 slots stepped, [1-9]\d* mistakes",
        r"^mean reward 0\.500; by group \[0\.5, ",
        r"^advantages of group 0: \[1\.0, -1\.0, ",
        r"32 right answers",
        r"mistakes by code: \{'unknown_table': \d+, ",
    ],
    "own_tool": [
        r"^tools: list_tables, .*, growth$",
        r"growth\(\) runs once for 2 slots",
        r"slot 0 \[ok\] 6\.50%",
        r"slot 1 \[user_tool_failed\] Error: old is 0",
        r"slot 2 \[bad_arguments\] ",
        r"call_2_0 growth: 25\.00%",
        r"call_2_1 calculator: 2$",
    ],
    "own_criterion": [
        r"^checks: listed_before_query, ",
        r"^own criteria: tidy_sql$",
        r"tidy_sql\(\) runs once for [1-9]\d* episodes",
        r"^gold:\n(?:    tidy_sql.*\n)+    mean reward 1\.\d+, tidy_sql 1\.00, listed 100%\n"
        r"    failure classes: none$",
        r"^guess:\n(?:    tidy_sql.*\n)+    mean reward 0\.0\d\d, tidy_sql 0\.00, ",
        r"failure classes: .*hallucinated_after_failure",
    ],
    "gymnasium_loop": [
        r"^autoreset: NEXT_STEP$",
        r"^step 0: turn \[1, 1, 1, 1\], new episode \[False, False, False, False\]",
        r"^step 1: turn \[.*0\], new episode \[.*True\]",
        r"^[1-9]\d* episodes ended$",
    ],
    "diagnose": [
        r"^guess +0\.0% right, 1\.50 failed calls an episode$",
        r"^spam_tables +0\.0% right, 0\.00 failed",
        r"^recovery +100\.0% right, 0\.72 failed",
        r"^gold +100\.0% right, 0\.00 failed",
        r"^open .*report\.html; the runs lie beside it$",
    ],
    "score_logs": [
        r"^without a map: tools that are not known \['ask_db', 'catalog', 'hand_in'\]$",
        r"^0 of 32 right, judged by \{'corpus': 32\}$",
        r"^  inspected_before_query: 0% of \d+ episodes$",
        r"^  gave_up: \d+, for example ",
        r"^32 of 32 failures \(100 %\) are behaviour\.",
    ],
    "openenv_client": [
        r"^seed 1: For company ",
        r"^  tables: \[",
        r"^  unknown_table: Error: table \"no such\" not found",
        r"(?s)(  done True, reward 0\.0: no_number.*){3}",
    ],
    "ray_shards": [
        r"^mean reward 1\.000 over 2 shards$",
        r"^turn 2: 32 episodes infra_backend$",
        r"^1 shard made again$",
    ],
    "mcp_client": [
        r"^tools: list_companies, get_table_names, get_table_info, sql_query, calculator$",
        r"^rows: \[\{",
        r"^isError True: Error: There is no company ",
    ],
    "grpo_minimal": [
        r"^model: 9\d\d,\d{3} parameters$",
        r"^supervised 20/20: loss \d\.\d{3}, ",
        r"^held out, before: pass@1 \d\.\d{3}, listed \d\.\d\d, read schema ",
        r"^GRPO 2/2: pass@1 .*, groups without a difference ",
        r"^held out, after:  pass@1 ",
    ],
    "grpo_trl": [
        r"^step 2: pass@1 \d\.\d{3}, environment \d+\.\d% of rollout time$",
        r"^[1-9]\d* steps, [1-9]\d* tokens in ",
        r"^saved .*model; `finqa-gym eval` plays it$",
    ],
    "own_data": [
        r"companies=1, tasks=3",
        r"^refused: unknown_table: ",
        r"task 0: ok 8\.33%$",
        r"task 1: ok -75$",
        r"task 2: wrong_answer",
        r"rewards \[1\.0, 1\.0, 0\.0\]",
        r"same hash: True$",
    ],
}

NEEDS = {
    "ray_shards": ["ray"],
    "mcp_client": ["mcp_types"],
    "openenv_client": ["openenv"],
    "gymnasium_loop": ["gymnasium"],
    "grpo_minimal": ["torch", "transformers"],
    "grpo_trl": ["trl"],
}
"""Libraries without which an example is skipped."""
ARGUMENTS = {
    # It learns in minutes; that it runs shows in seconds.
    "grpo_minimal": [
        *("--sft-steps=20", "--grpo-steps=2", "--tasks=2", "--group-size=2", "--held-out=8"),
    ],
    "grpo_trl": ["--steps=2"],
}
ALLOWED = {
    # TRL 1.16 uses names that transformers 5.23 calls old.
    "grpo_trl": ["-W", "ignore::FutureWarning"],
}
"""Warnings that are another library's own affair."""


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_runs_and_shows_what_it_promises(
    path: Path, finqa_gym: Any, tmp_path: Path
) -> None:
    for library in NEEDS.get(path.stem, []):
        if find_spec(library) is None:
            pytest.skip(f"{library} is not installed")
    package = str(Path(finqa_gym.__file__).parents[1])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]),
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [
            *(sys.executable, "-W", "error", *ALLOWED.get(path.stem, [])),
            *(str(path), *ARGUMENTS.get(path.stem, [])),
        ],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=180,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert path.stem in SHOWS, f"say in SHOWS what {path.name} must print"
    for pattern in SHOWS[path.stem]:
        assert re.search(pattern, done.stdout, re.MULTILINE), f"{pattern}\n{done.stdout}"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_names_what_it_needs(path: Path) -> None:
    header = re.match(r"# /// script\n((?:# .*\n)+)# ///\n\"\"\"", path.read_text("utf-8"))
    assert header, "a PEP 723 header comes first, then the docstring"
    assert re.search(r'requires-python = ">=3\.1[01]"', header[1])
    assert "finqa-gym" in header[1]


def test_no_promise_is_left_without_its_example() -> None:
    assert set(SHOWS) == {path.stem for path in EXAMPLES.glob("*.py")}
