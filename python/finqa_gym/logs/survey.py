"""What logs hold, and the map that their tools seem to need."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finqa_gym.logs.chats import Chat, find_chat, samples_of
from finqa_gym.logs.defaults import DEFAULT_TOOLS, FIELDS, KINDS
from finqa_gym.logs.mapping import LogMap
from finqa_gym.logs.messages import UNUSABLE, parsed
from finqa_gym.logs.reading import BadRecord, read_records
from finqa_gym.logs.specs import openai_specs
from finqa_gym.logs.traces import Trace, make_trace

__all__ = ["Survey", "ToolUse", "propose_map", "survey_logs"]

SURVEYED = 2000
"""Records that are looked at before any is scored."""
SAMPLES = 20
_SQL = re.compile(r"\A\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_ARITHMETIC = re.compile(r"\A[\s\d.,()+*/%^eE-]*[\d)]\s*[+*/^-]\s*[(\d][\s\d.,()+*/%^eE-]*\Z")
_TROUBLE = re.compile(r"error|fail|exception|invalid|not found|denied", re.IGNORECASE)


@dataclass
class ToolUse:
    """What was seen of a tool.

    Attributes:
        count: Calls.
        arguments: Name of an argument -> a few values.
        outputs: A few outputs.
    """

    count: int = 0
    arguments: dict[str, list[str]] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)


@dataclass
class Survey:
    """What the first records of logs hold.

    Attributes:
        num_records: Records with a conversation.
        tools: Called tools by name.
        specs: The first list of tools that a record gives, in OpenAI's form; see `openai_specs`.
        offered: Tools that records say their agent had.
        forms: Form of a conversation -> records.
        keys: Members of records, with dots for nested ones, -> records.
        prompts: System prompts, each once, a few.
    """

    num_records: int = 0
    tools: dict[str, ToolUse] = field(default_factory=dict)
    specs: list[Any] = field(default_factory=list)
    offered: set[str] = field(default_factory=set)
    forms: Counter[str] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    prompts: list[str] = field(default_factory=list)

    def has_tool(self, kind: str, names: LogMap) -> bool:
        """Whether the agent had a tool of ``kind``: one was called, offered or spoken of."""
        told = {*self.tools, *self.offered}
        if any(names.kind(name) == kind for name in told):
            return True
        return any(
            re.search(rf"\b{re.escape(name)}\b", prompt)
            for prompt in self.prompts
            for name in names.tools[kind]
            # A default name such as "query" is also a word.
            if "_" in name or name not in DEFAULT_TOOLS[kind]
        )


def survey_logs(files: Iterable[Path], names: LogMap, most: int = SURVEYED) -> Survey:
    """Looks at the first ``most`` records of each file."""
    survey = Survey()
    for file in files:
        for number, record in enumerate(read_records(file)):
            if number == most:
                break
            if isinstance(record, BadRecord):
                continue
            for sample in samples_of(record.data):
                # What cannot be read is told when the log is scored.
                with contextlib.suppress(*UNUSABLE):
                    chat = find_chat(sample)
                    _add(survey, sample, chat, make_trace(chat, names))
    return survey


def _add(survey: Survey, record: dict[str, Any] | list[Any], chat: Chat, trace: Trace) -> None:
    survey.num_records += 1
    survey.forms[chat.form] += 1
    survey.offered |= chat.tools or frozenset()
    if isinstance(record, dict):
        given = parsed(record.get("tools"))
        if not survey.specs and isinstance(given, list):
            survey.specs = openai_specs(given)
        for key, value in record.items():
            survey.keys[key] += value is not None
            if isinstance(value, dict):
                survey.keys.update(f"{key}.{inner}" for inner in value)
    if trace.system and trace.system not in survey.prompts and len(survey.prompts) < SAMPLES:
        survey.prompts.append(trace.system)
    for call in trace.calls:
        if not call.get("tool"):
            continue
        use = survey.tools.setdefault(call["tool"], ToolUse())
        use.count += 1
        for name, value in call["arguments"].items():
            seen = use.arguments.setdefault(name, [])
            if len(seen) < SAMPLES:
                seen.append(value if isinstance(value, str) else json.dumps(value))
        if call["output"] is not None and len(use.outputs) < SAMPLES * 5:
            use.outputs.append(call["output"])


def propose_map(survey: Survey, names: LogMap) -> str:
    """A map for the surveyed logs, as YAML with remarks; what is wrong in it is easily mended.

    Tools are told apart by their names, their arguments and what these hold.
    """
    kinds = {name: _kind(name, use, names) for name, use in survey.tools.items()}
    roles: dict[str, list[str]] = {}
    for name, use in survey.tools.items():
        for argument, values in use.arguments.items():
            role = _role(argument, values, kinds[name], len(use.arguments))
            if role and argument not in roles.setdefault(role, []):
                roles[role].append(argument)
    lines = [
        f"# Proposed from {survey.num_records} records: check it, then score with --map FILE.",
        "version: 1",
        "tools:",
    ]
    for kind in KINDS:
        of_kind = [name for name, found in kinds.items() if found == kind]
        counts = ", ".join(f"{name} {survey.tools[name].count:,} calls" for name in of_kind)
        lines.append(f"  {kind}: {_list(of_kind)}" + (f"  # {counts}" if counts else ""))
    lines.append("arguments:")
    lines += [f"  {role}: {_list(found)}" for role, found in roles.items()]
    errors = _unmatched_errors(survey, names)
    if errors:
        lines.append(
            "# Outputs that look like errors and match no pattern. To count them as errors:"
        )
        lines.append("# errors:")
        for start, count in errors:
            lines.append(
                f"#   - {json.dumps(chr(92) + 'A' + re.escape(start))}  # {count:,} outputs"
            )
    lines.append("fields:")
    for role in FIELDS:
        found = [path for path in names.fields[role] if path in survey.keys]
        if found:
            lines.append(f"  {role}: {_list(found[:1])}")
    known = {path.split(".")[0] for paths in names.fields.values() for path in paths}
    others = [key for key in survey.keys if "." not in key and key not in known][:12]
    if others:
        lines.append(f"# Further members of the records: {', '.join(others)}")
    return "\n".join(lines) + "\n"


def _list(values: Iterable[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def _kind(name: str, use: ToolUse, names: LogMap) -> str:
    known = names.kind(name)
    if known is not None:
        return known
    lower = name.lower()
    values = [value for seen in use.arguments.values() for value in seen]
    arguments = " ".join(use.arguments).lower()

    def has(*words: str) -> bool:
        return any(word in lower for word in words)

    if any(_SQL.match(value) for value in values):
        return "sql_query"
    if has("submit", "finish", "final", "answer", "done", "complete"):
        return "submit_answer"
    if has("calc", "math", "arith") or any(_ARITHMETIC.match(value) for value in values):
        return "calculator"
    if has("schema", "info", "describe", "column", "detail") and ("table" in arguments or values):
        return "table_info"
    if has("list", "tables", "catalog", "names", "descriptions"):
        return "list_tables"
    if has("table") and "table" in arguments:
        return "table_info"
    return "other"


def _role(argument: str, values: list[str], kind: str, count: int) -> str | None:
    lower = argument.lower()
    if kind == "sql_query" and any(_SQL.match(value) for value in values):
        return "sql"
    if kind == "calculator" and (count == 1 or any(_ARITHMETIC.match(value) for value in values)):
        return "expression"
    if kind == "submit_answer" and (
        count == 1 or any(w in lower for w in ("answer", "result", "value"))
    ):
        return "answer"
    if "table" in lower:
        return "table"
    if any(word in lower for word in ("company", "ticker", "firm", "issuer", "database", "db")):
        return "company"
    if kind == "table_info" and count == 1:
        return "table"
    if kind == "list_tables" and count == 1:
        return "company"
    return None


def _unmatched_errors(survey: Survey, names: LogMap) -> list[tuple[str, int]]:
    starts: Counter[str] = Counter()
    for use in survey.tools.values():
        for output in use.outputs:
            head = output.strip()[:80]
            if head[:1] in "[{" or names.is_error(output) or not _TROUBLE.search(head):
                continue
            starts[" ".join(head.split()[:3])] += 1
    return starts.most_common(5)
