"""An analyst who goes by memory: the habits that a small model has to lose."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finqa_gym.data import Corpus
    from finqa_gym.vector import VectorEnv

__all__ = ["CORRECTOR", "HASTY", "Habits", "HastyPolicy", "Memory"]

GOLD = re.compile(r"SELECT (\w+) FROM (\w+) WHERE (\w+) = (\d+)")
"""Gold queries of the small world."""


@dataclass(frozen=True)
class Habits:
    """How often an analyst does what is right: probabilities.

    Attributes:
        lists: Lists the tables first.
        inspects: Reads the schema of a table before querying it.
        tries_again: Guesses once more after an error.
        recovers: Looks the names up after errors, and queries again.
        calculates: Uses the calculator; else the sum is done in the head, and is wrong.
        admits: Says "unknown" when there is nothing to answer from; else a number is made up.
    """

    lists: float = 0.2
    inspects: float = 0.15
    tries_again: float = 0.3
    recovers: float = 0.12
    calculates: float = 0.6
    admits: float = 0.5


HASTY = Habits()
CORRECTOR = Habits(lists=0.0, inspects=0.0, tries_again=0.0, recovers=1.0, calculates=1.0)


@dataclass
class Memory:
    """How things were called in companies seen before.

    Attributes:
        tables: Item -> names of its table.
        keys: Names of the key column.
        suffixes: What columns have behind the item.
    """

    tables: dict[str, Counter[str]] = field(default_factory=dict)
    keys: Counter[str] = field(default_factory=Counter)
    suffixes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, corpus: Corpus, task_ids: Sequence[str]) -> Memory:
        """What is to be remembered of the gold queries of ``task_ids``.

        Raises:
            ValueError: A task that is not of the small world.
        """
        memory = cls()
        for task_id in task_ids:
            task = corpus.task(task_id)
            for item, column, table, key, _ in _cells(task):
                memory.tables.setdefault(item, Counter())[table] += 1
                memory.keys[key] += 1
                memory.suffixes[column.removeprefix(item)] += 1
        return memory


def _cells(task: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """(item, column, table, key, year) of each gold query."""
    words = task["question"].split()
    cells = []
    for query in task.get("gold", {}).get("queries", []):
        found = GOLD.fullmatch(query["sql"])
        items = [word for word in words if found and found[1].startswith(word)]
        if found is None or not items:
            raise ValueError(
                f"task {task['id']!r} has the gold query {query['sql']!r}; this policy plays the "
                'small world only (SynthConfig.preset("tiny"))'
            )
        cells.append((max(items, key=len), found[1], found[2], found[3], found[4]))
    return cells


class HastyPolicy:
    """Queries by memory, and seldom looks anything up. Plays the small world in profile `compact`.

    Has the methods of `finqa_gym.ScriptedPolicy`.

    Args:
        env: The environment.
        memory: How things were called elsewhere.
        habits: What it does how often.
        seed: Its courses depend on seed and task.
    """

    def __init__(
        self, env: VectorEnv, memory: Memory, habits: Habits = HASTY, seed: int = 0
    ) -> None:
        """See the class."""
        self._env, self._memory, self._habits, self._seed = env, memory, habits, seed
        self._courses: dict[int, Generator[str, str, None]] = {}
        self._next: dict[int, str] = {}

    def reset(self, env_ids: Sequence[int], task_indices: Sequence[int]) -> None:
        """Slots ``env_ids`` start episodes of ``task_indices``."""
        for slot, index in zip(env_ids, task_indices, strict=True):
            task = self._env.corpus.task(int(index))
            draw = random.Random(f"{self._seed} {task['id']}")
            course = _course(task, self._memory, self._habits, draw)
            self._courses[int(slot)] = course
            self._next[int(slot)] = next(course)

    def act(self, env_ids: Sequence[int], observations: Sequence[str]) -> list[str]:
        """The next messages of ``env_ids`` after ``observations``."""
        texts = []
        for slot, seen in zip(env_ids, observations, strict=True):
            text = self._next.pop(int(slot), None)
            texts.append(self._courses[int(slot)].send(seen) if text is None else text)
        return texts


def _call(tool: str, **arguments: str) -> str:
    body = json.dumps({"name": tool, "arguments": arguments}, separators=(",", ":"))
    return f"<tool_call>\n{body}\n</tool_call>"


def _draw(counts: Counter[str], draw: random.Random) -> str:
    return draw.choices(list(counts), list(counts.values()))[0]


def _course(
    task: dict[str, Any], memory: Memory, habits: Habits, draw: random.Random
) -> Generator[str, str, None]:
    listed = draw.random() < habits.lists
    if listed:
        yield _call("get_table_names")
    values: list[int] = []
    inspected: set[str] = set()
    for item, column, table, key, year in _cells(task):
        exact = f"SELECT {column} FROM {table} WHERE {key} = {year}"
        if draw.random() < habits.inspects and table not in inspected:
            if not listed:
                yield _call("get_table_names")
                listed = True
            yield _call("get_table_info", table_name=table)
            inspected.add(table)
        seen = ""
        for attempt in range(2):
            if table in inspected:
                query = exact
            else:
                name = table if listed else _draw(memory.tables[item], draw)
                guess = f"{item}{_draw(memory.suffixes, draw)}"
                query = f"SELECT {guess} FROM {name} WHERE {_draw(memory.keys, draw)} = {year}"
            seen = yield _call("sql_query", query=query)
            if attempt or _value(seen) is not None or draw.random() >= habits.tries_again:
                break
        value = _value(seen)
        if value is None and draw.random() < habits.recovers:
            if not listed:
                yield _call("get_table_names")
                listed = True
            yield _call("get_table_info", table_name=table)
            inspected.add(table)
            value = _value((yield _call("sql_query", query=exact)))
        if value is None:
            made_up = str(draw.randint(10, 99))
            yield _call(
                "submit_answer", answer="unknown" if draw.random() < habits.admits else made_up
            )
            return
        values.append(value)
    if len(values) == 1:
        yield _call("submit_answer", answer=str(values[0]))
        return
    sign = "+" if "+" in task["gold"]["answer"]["expression"] else "-"
    if draw.random() < habits.calculates:
        seen = yield _call("calculator", expression=f"{values[0]} {sign} {values[1]}")
        yield _call("submit_answer", answer=seen.strip())
        return
    right = values[0] + values[1] if sign == "+" else values[0] - values[1]
    slip = draw.choice((-10, -1, 1, 10))
    yield _call("submit_answer", answer=str(right + slip))


def _value(seen: str) -> int | None:
    """The number of a result with one row."""
    lines = seen.strip().splitlines()
    if len(lines) != 2:
        return None
    text = lines[1].strip()
    return int(text) if re.fullmatch(r"-?\d+", text) else None
