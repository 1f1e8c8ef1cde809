"""One episode, turn by turn, as rich renderables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from finqa_gym.analysis import FAILURES, REASONS, TOOL_ERRORS, WRONG_ANSWERS
from finqa_gym.report import numbers
from finqa_gym.report.calls import is_answered, read_calls, structured_calls
from finqa_gym.report.sql_words import layout

__all__ = ["show_episode"]

ROWS_SHOWN = 20
NEAR_CALLS = 3
"""A failed call counts as corrected if one of the next calls of its tool succeeds."""


def show_episode(
    record: dict[str, Any], run: str, tools: list[dict[str, Any]] | None = None
) -> RenderableType:
    """Everything about an episode: question, turns, outcome, scores.

    Args:
        record: As `finqa_gym.trajectories.Run.episodes` returns it.
        run: Name of its run.
        tools: Tools of the run in OpenAI form; None are those of profile "rllm".
    """
    parts: list[RenderableType] = [*_head(record, run)]
    calls = record["calls"]
    for number, turn in enumerate(record["turns"], 1):
        at = [i for i, call in enumerate(calls) if call["turn"] == number]
        title = f"turn {number}"
        if turn["num_tokens"] is not None:
            title += f", {turn['num_tokens']} tokens"
        parts.append(Rule(title, align="left", style="dim"))
        parts += _turn(turn, at, calls, tools)
    parts += _end(record)
    parts += _scores(record)
    return Group(*parts)


def _head(record: dict[str, Any], run: str) -> Iterator[RenderableType]:
    facts = [run, f"episode {record['episode']}", record["task_id"], record["question_type"],
             record["split"]]  # fmt: skip
    for name, label in (
        ("level", "level {}"),
        ("num_tables", "{} table(s)"),
        ("policy_step", "step {}"),
    ):
        if record[name] is not None:
            facts.append(label.format(record[name]))
    yield Text(" · ".join(fact for fact in facts if fact), style="dim")
    yield Text(record["question"], style="bold")
    if record["prompt"] and record["prompt"] != record["question"]:
        yield Rule("prompt", align="left", style="dim")
        yield Text(record["prompt"])


def _turn(
    turn: dict[str, Any],
    at: list[int],
    calls: list[dict[str, Any]],
    tools: list[dict[str, Any]] | None,
) -> Iterator[RenderableType]:
    messages = list(turn["messages"])
    pieces = list(_pieces(turn, tools))
    place = 0
    for text, name, arguments in pieces:
        if text is not None:
            yield Text(text)
            continue
        call = calls[at[place]] if place < len(at) else None
        yield from _call(name, arguments, call)
        if call is not None and is_answered(call) and not call["error"]:
            failed = _corrected(at[place], calls)
            if failed is not None:
                yield Text(f"  ✓ corrects the failed call of turn {failed}", style="green")
        if messages and (call is None or is_answered(call)):
            yield _reply(messages.pop(0)["content"], call)
        place += 1
    # Feedback without a call that could be read.
    rest = [calls[i] for i in at[place:] if is_answered(calls[i])]
    for message, answered in zip_longest(messages, rest[: len(messages)]):
        yield _reply(message["content"], answered)


def _pieces(
    turn: dict[str, Any], tools: list[dict[str, Any]] | None
) -> Iterator[tuple[str | None, str, dict[str, Any] | None]]:
    """(text, "", None) or (None, tool, arguments), in order."""
    if turn["tool_calls"]:
        if turn["action"].strip():
            yield turn["action"].strip(), "", None
        for call in structured_calls(turn["tool_calls"]):
            given = {"arguments": call.raw} if call.arguments is None else call.arguments
            yield None, call.name or "missing name", given
        return
    end = 0
    action = turn["action"]
    for attempt in read_calls(action, tools):
        start, stop = attempt.span
        if action[end:start].strip():
            yield action[end:start].strip(), "", None
        raw = {"raw": action[start:stop]}
        yield None, attempt.name or attempt.status.replace("_", " "), attempt.arguments or raw
        end = stop
    if action[end:].strip():
        yield action[end:].strip(), "", None


def _call(
    name: str, arguments: dict[str, Any] | None, call: dict[str, Any] | None
) -> Iterator[RenderableType]:
    head = Text("→ ").append(name, style="bold cyan")
    query = None
    for key, value in (arguments or {}).items():
        if key == "query" and isinstance(value, str):
            query = value
        else:
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            head.append(f"  {key} ", style="dim").append(shown)
    if call is not None and call["error"]:
        head.append(f"  {call['error']}", style="bold red")
    elif call is not None and call["rows"] is not None and call["tool"] == "sql_query":
        head.append(f"  {call['rows']} rows", style="dim")
    yield head
    if query is not None:
        code = Syntax(layout(query), "sql", theme="ansi_dark", background_color="default",
                      word_wrap=True)  # fmt: skip
        yield Padding(code, (0, 0, 0, 4))


def _corrected(place: int, calls: list[dict[str, Any]]) -> int | None:
    """Turn of the failed call that the call at ``place`` corrects."""
    for earlier in range(max(0, place - NEAR_CALLS), place):
        call = calls[earlier]
        between = calls[earlier + 1 : place]
        same = [other for other in between if other["tool"] == call["tool"] and not other["error"]]
        if call["error"] and call["tool"] == calls[place]["tool"] and not same:
            return int(call["turn"])
    return None


def _reply(content: str, call: dict[str, Any] | None) -> RenderableType:
    if call is not None and call["error"]:
        meaning = TOOL_ERRORS.get(call["error"], "")
        return Padding(Text(content, style="red").append(f"\n{meaning}", style="dim"), (0, 0, 0, 4))
    return Padding(_records(content) or Text(content, style="dim"), (0, 0, 0, 4))


def _records(content: str) -> RenderableType | None:
    """Rows, a schema or a list of names in JSON, laid out; None for anything else."""
    try:
        found = json.loads(content)
    except (json.JSONDecodeError, RecursionError):
        return None
    if isinstance(found, dict) and isinstance(found.get("column_names"), list):
        return _schema(found)
    if not isinstance(found, list) or not found:
        return None
    if all(isinstance(item, str) for item in found):
        return Text("\n".join(found), style="dim")
    if not all(isinstance(row, dict) for row in found):
        return None
    names = list(dict.fromkeys(name for row in found for name in row))
    table = _grid(names)
    for row in found[:ROWS_SHOWN]:
        cells = (row.get(name) for name in names)
        table.add_row(*(Text("NULL" if cell is None else str(cell)) for cell in cells))
    if len(found) > ROWS_SHOWN:
        table.add_row(Text(f"… {len(found) - ROWS_SHOWN} more rows", style="dim"))
    return table


def _schema(info: dict[str, Any]) -> RenderableType:
    table = _grid(["column", "type", "values"])
    types, values = _by_column(info, "column_dtypes"), _by_column(info, "unique_vals_per_col")
    for name in map(str, info["column_names"]):
        found = values.get(name)
        shown = " · ".join(map(str, found)) if isinstance(found, list) else ""
        table.add_row(Text(name), Text(str(types.get(name) or "")), Text(shown))
    return Group(Text(str(info.get("description", "")), style="dim"), table)


def _by_column(info: dict[str, Any], name: str) -> dict[str, Any]:
    """A member of a schema; a foreign tool may put anything there, null among it."""
    found = info.get(name)
    return found if isinstance(found, dict) else {}


def _grid(names: list[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(Text(name), overflow="fold")
    return table


def _end(record: dict[str, Any]) -> Iterator[RenderableType]:
    correct = record["is_correct"]
    said = "not graded" if correct is None else "right" if correct else "wrong"
    style = "bold" if correct is None else "bold green" if correct else "bold red"
    yield Rule(Text(f"outcome: {said}", style=style), align="left", style="dim")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")

    def add(name: str, value: str | None, meaning: str = "") -> None:
        if value is not None:
            text = Text(value)
            facts.add_row(name, text.append(f"  {meaning}", style="dim") if meaning else text)

    add("submitted", record["submission"])
    add("truth", record["truth"])
    if record["answer_reason"]:
        add("because", record["answer_reason"], REASONS.get(record["answer_reason"], ""))
    if record["failure"]:
        add("failure", record["failure"], FAILURES.get(record["failure"], ""))
    if record["wrong_answer"] not in ("", "none"):
        add("kind", record["wrong_answer"], WRONG_ANSWERS.get(record["wrong_answer"], ""))
    if record["status"] == "truncated":
        add("truncated", record["truncation_reason"])
    if record["reward"] is not None:
        add("reward", numbers.amount(record["reward"], 3))
    yield facts


def _scores(record: dict[str, Any]) -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("criterion", "dimension"):
        table.add_column(name)
    table.add_column("score", justify="right")
    table.add_column("reason")
    for criterion in record["criteria"]:
        reason = criterion["reason"]
        applies = criterion["applicable"]
        table.add_row(
            Text(criterion["id"]),
            Text(criterion["dim"]),
            numbers.amount(criterion["score"]) if applies else numbers.NOTHING,
            Text(reason).append(f"  {REASONS.get(reason, '')}", style="dim"),
            style="" if applies else "dim",
        )
    if record["criteria"]:
        yield Text()
        yield table
    known = {name: value for name, value in record["checks"].items() if value is not None}
    if known:
        line = Text("\nchecks  ", style="dim")
        for name, value in known.items():
            style = "green" if value >= 1 else "red" if value <= 0 else "yellow"
            line.append(f"{name} ", style="default").append(f"{value:.2g}  ", style=style)
        yield line
    flags = [name for name, is_set in record["flags"].items() if is_set]
    if flags:
        yield Text("flags   ", style="dim").append(", ".join(flags), style="default")
