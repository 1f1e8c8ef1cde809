"""The plain Python environment: the baseline that `finqa-gym bench` compares the engine with.

Built the way the published FinQA tool environments are: every table is loaded once into one
``sqlite3`` in-memory connection behind one ``threading.Lock``; queries go through
``pandas.read_sql_query`` and ``to_json(orient="records")``; table lists and descriptions are made
in advance; tool calls are found in the assistant text with a regular expression and read with
``json.loads``; the submitted answer is compared with a relative tolerance of 1 %. Observations are
cut to a length, but there is no sandbox: no budget, no authorizer, and a write would persist.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sqlite3
import threading
import time
from itertools import cycle
from typing import TYPE_CHECKING, Any

from finqa_gym.bench.arithmetic import evaluate, published_calculator
from finqa_gym.bench.sql_names import load_tables, rename_table
from finqa_gym.bench.workload import BenchEpisode, BenchTable, BenchTask, Rates, time_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["PlainEnv", "measure"]

_TOOL_CALL = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", re.DOTALL)
_FILTER = re.compile(
    r"\b(WHERE|HAVING|GROUP BY|ORDER BY|LIMIT|IN|EXISTS|LIKE|BETWEEN|COUNT|MAX|MIN|SUM|AVG)\b"
)
_RELATIVE_TOLERANCE = 0.01


class PlainEnv:
    """One environment over preloaded tables, one episode at a time.

    Args:
        tables: Every table of every company.
        max_turns: Steps after which an episode is truncated.
        max_chars: Longest observation; the middle of a longer one is cut out.

    Raises:
        ImportError: pandas is not installed.

    Example:
        >>> tables = [BenchTable("acme", "sales", ["item", "2019"], [["Total", "1,496.5"]])]
        >>> env = PlainEnv(tables)
        >>> env.reset(BenchTask("acme", "Total sales of acme in 2019?", "1,496.5"))
        'Total sales of acme in 2019?'
        >>> call = '{"name": "submit_answer", "arguments": {"answer": "$ 1496.5"}}'
        >>> env.step(f"<tool_call>{call}</tool_call>")
        ('Answer submitted: $ 1496.5', 1.0, True, False, {'tool': 'submit_answer'})
    """

    def __init__(
        self, tables: Iterable[BenchTable], *, max_turns: int = 20, max_chars: int = 8000
    ) -> None:
        self._read_sql = _pandas_reader()
        self._calculate = published_calculator()
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._sql_names = load_tables(self._connection, tables := list(tables))
        self._infos = {(t.company, t.name): _describe(t) for t in tables}
        names: dict[str, list[str]] = {}
        for table in tables:
            names.setdefault(table.company, []).append(table.name)
        self._lists = {company: json.dumps(listed) for company, listed in names.items()}
        self._tools: dict[str, Callable[..., str]] = {
            "get_table_names": self.get_table_names,
            "get_table_info": self.get_table_info,
            "sql_query": self.sql_query,
            "calculator": self.calculator,
            "submit_answer": "Answer submitted: {answer}".format,
        }
        self._max_turns = max_turns
        self._max_chars = max_chars
        self._task: BenchTask | None = None
        self._turns = 0

    @property
    def built_on(self) -> dict[str, str]:
        """What the figures depend on: the SQLite and pandas in use, and whose calculator."""
        return {
            "sqlite": sqlite3.sqlite_version,
            "pandas": importlib.metadata.version("pandas"),
            "calculator": "ast" if self._calculate is evaluate else "asteval",
        }

    def reset(self, task: BenchTask) -> str:
        """Start an episode and return its question."""
        self._task = task
        self._turns = 0
        return task.question

    def step(self, text: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Run the tool call in an assistant text.

        Args:
            text: The raw assistant message.

        Returns:
            observation, reward, terminated, truncated and info, as in Gymnasium.

        Raises:
            RuntimeError: ``reset`` was not called, or the episode is over.
        """
        if self._task is None:
            msg = "step needs a running episode: call reset(task) first"
            raise RuntimeError(msg)
        task = self._task
        self._turns += 1
        reward, terminated = 0.0, False
        name, arguments, fault = parse_call(text)
        if fault:
            observation = fault
        elif (tool := self._tools.get(name)) is None:
            observation = f"Error: unknown tool '{name}'. Valid tools: {sorted(self._tools)}"
        else:
            try:
                observation = tool(**arguments)
            except (TypeError, KeyError) as error:
                observation = f"Error: bad arguments for {name}: {error}"
            else:
                if name == "submit_answer":
                    terminated = True
                    reward = float(same_answer(str(arguments["answer"]), task.ground_truth))
        if len(observation) > self._max_chars:
            half = self._max_chars // 2
            cut = len(observation) - 2 * half
            observation = f"{observation[:half]}\n({cut} characters cut)\n{observation[-half:]}"
        truncated = not terminated and self._turns >= self._max_turns
        if terminated or truncated:
            self._task = None
        return observation, reward, terminated, truncated, {"tool": name}

    def run(self, episode: BenchEpisode) -> float:
        """Play a whole episode and return the sum of its rewards."""
        self.reset(episode.task)
        total = 0.0
        for action in episode.actions:
            _, reward, terminated, truncated, _ = self.step(action)
            total += reward
            if terminated or truncated:
                break
        return total

    def get_table_names(self, company_name: str) -> str:
        """Return the company's table names as a JSON list."""
        found = self._lists.get(company_name.strip())
        return found or f"Error: company '{company_name}' not found."

    def get_table_info(self, company_name: str, table_name: str) -> str:
        """Return the description made when the table was loaded."""
        found = self._infos.get((company_name.strip(), table_name.strip()))
        return found or f"Error: table '{table_name}' not found for company '{company_name}'."

    def sql_query(self, company_name: str, table_name: str, query: str) -> str:
        """Return the rows of a query as JSON records, or the database's complaint."""
        sql_name = self._sql_names.get((company_name.strip(), table_name.strip()))
        if sql_name is None:
            return f"Error: table '{table_name}' not found for company '{company_name}'."
        upper = query.upper()
        if "SELECT *" in upper:
            return "Error: SELECT * is not allowed; name the columns."
        if not _FILTER.search(upper):
            return "Error: the query needs a filter or an aggregate."
        rewritten = rename_table(query, table_name, sql_name)
        # Every failure of the database becomes an observation; which class pandas wraps it in
        # differs between its versions, hence the wide net.
        try:
            with self._lock:
                frame = self._read_sql(rewritten, self._connection)
            return str(frame.to_json(orient="records"))
        except Exception as error:
            return f"Error: {error}"

    def calculator(self, expression: str) -> str:
        """Return the value of an arithmetic expression as text."""
        cleaned = expression.replace("^", "**").replace("$", "").replace("\n", " ")
        cleaned = re.sub(r"(?<=\d),(?=\d{3}\b)", "", cleaned)
        try:
            return str(float(self._calculate(cleaned)))
        except (ArithmeticError, SyntaxError, TypeError, ValueError) as error:
            return f"Error evaluating expression: '{expression}'. Details: {error}"


def measure(
    env: PlainEnv,
    workload: Sequence[BenchEpisode],
    *,
    seconds: float | None = None,
    steps: int | None = None,
) -> Rates:
    """Play a workload over and over on one thread and time every step.

    Args:
        env: The environment to drive.
        workload: Episodes of a round; ``reset`` is part of an episode's first step.
        seconds: Wall time after which no new episode starts, or
        steps: number of steps after which none does.

    Returns:
        The rates; episodes count when they terminate or are truncated.

    Raises:
        ValueError: See :func:`finqa_gym.bench.workload.time_steps`.
    """
    clock = time.perf_counter_ns
    episodes = cycle(workload)

    def play(times: list[int]) -> int:
        episode = next(episodes, None)
        if episode is None:
            return 0
        last = clock()
        env.reset(episode.task)
        for action in episode.actions:
            _, _, terminated, truncated, _ = env.step(action)
            now = clock()
            times.append(now - last)
            last = now
            if terminated or truncated:
                return 1
        return 0

    return time_steps(play, seconds=seconds, steps=steps)


def same_answer(submitted: str, ground_truth: str) -> bool:
    r"""Compare two answers: numbers within 1 % of the expected one, anything else as text.

    Example:
        >>> same_answer(r"\boxed{24.4%}", "24.41 %"), same_answer("(5)", "5")
        (True, False)
    """
    left, right = _number(submitted), _number(ground_truth)
    if left is None or right is None:
        return submitted.strip().lower() == ground_truth.strip().lower()
    return abs(left - right) <= _RELATIVE_TOLERANCE * abs(right)


def _number(text: str) -> float | None:
    if boxed := re.search(r"\\boxed\{([^}]+)\}", text):
        text = boxed[1]
    text = re.sub(r"[$,\s\\]", "", text)
    percent = text.endswith("%")
    text = text.rstrip("%")
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    try:
        value = float(text)
    except ValueError:
        return None
    return value / 100 if percent else value


def parse_call(text: str) -> tuple[str, dict[str, Any], str]:
    """Return tool name, arguments and, if there is no call to run, what is wrong."""
    found = _TOOL_CALL.search(text)
    if not found:
        return "", {}, "Error: no tool call found."
    try:
        call = json.loads(found[1])
        name, arguments = call["name"], call["arguments"]
    except (ValueError, KeyError) as error:
        return "", {}, f"Error: failed to parse tool call: {error}"
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return "", {}, "Error: failed to parse tool call: name or arguments have the wrong type"
    return name, arguments, ""


def _describe(table: BenchTable) -> str:
    unique = {
        column: sorted({str(row[i]) for row in table.rows if row[i]})
        for i, column in enumerate(table.columns)
        if i == 0
    }
    return json.dumps(
        {
            "company": table.company,
            "column_names": list(table.columns),
            "column_dtypes": dict.fromkeys(table.columns, "str"),
            "unique_vals_per_col": unique,
        }
    )


def _pandas_reader() -> Callable[..., Any]:
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        msg = (
            "PlainEnv, the plain Python baseline, runs its queries through pandas, which is not "
            "installed: pip install 'finqa-gym[bench]'"
        )
        raise ImportError(msg) from error
    reader: Callable[..., Any] = pd.read_sql_query
    return reader
