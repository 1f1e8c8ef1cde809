"""Records without what must not be shared.

What stays: names of tools, checks, flags, failures, reasons and error codes; scores; how many
turns, calls, rows; the keywords and functions of queries. What goes: prompts, questions, answers,
texts of the model, results, names of companies, tables and columns, and every literal.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from finqa_gym.analysis import CHECKS
from finqa_gym.report.sql_words import FUNCTIONS, KEYWORDS, TOKEN
from finqa_gym.tools import parse_action

__all__ = ["Redaction"]

HIDDEN = "▪"
"""Stands for a literal or a name."""
KNOWN_ARGUMENTS = frozenset({"answer", "company_name", "expression", "query", "table_name"})


class Redaction:
    """Takes out of records what must not be shared.

    Example:
        >>> Redaction().query("SELECT price FROM t WHERE item = 'Rent' -- 12")
        'SELECT ▪ FROM ▪ WHERE ▪ = ▪'
    """

    def record(self, record: dict[str, Any]) -> dict[str, Any]:
        """A copy of ``record`` without texts and values."""
        criteria = [{**c, "id": self._criterion(c)} for c in record["criteria"]]
        return {
            **record,
            "task_id": self.task_id(record["task_id"]),
            "task_index": None,
            "companies": [HIDDEN for _ in record["companies"]],
            "question": "",
            "seed": None,
            "prompt": self.text(record["prompt"]),
            "truth": None if record["truth"] is None else HIDDEN,
            "submission": None if record["submission"] is None else HIDDEN,
            "criteria": criteria,
            "calls": [{**call, "company": None, "table": None} for call in record["calls"]],
            "turns": self._turns(record),
        }

    @staticmethod
    def task_id(task_id: str) -> str:
        """The same for the same task; who has the corpus finds the task by it."""
        return f"task-{hashlib.blake2b(task_id.encode(), digest_size=5).hexdigest()}"

    @staticmethod
    def text(text: str) -> str:
        """How long the text was."""
        return f"({len(text):,} characters, redacted)"

    @staticmethod
    def query(sql: str) -> str:
        """A query's keywords, functions and signs."""
        parts: list[str] = []
        for token in TOKEN.findall(sql):
            if token.startswith(("--", "/*")):
                continue
            if token.isspace():
                parts.append(" ")
            elif token[0].isalnum() or token[0] in "_'\"`[":
                word = token.upper()
                parts.append(word if word in KEYWORDS or word in FUNCTIONS else HIDDEN)
            else:
                parts.append(token)
        return " ".join("".join(parts).split())

    @staticmethod
    def _criterion(criterion: dict[str, Any]) -> str:
        if criterion["id"] in CHECKS:
            return str(criterion["id"])
        digest = hashlib.blake2b(criterion["id"].encode(), digest_size=3).hexdigest()
        return f"{criterion['dim']}-{digest}"

    def _turns(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        calls = list(record["calls"])
        turns = []
        for number, turn in enumerate(record["turns"], 1):
            mine = [call for call in calls if call["turn"] == number]
            messages = []
            for place, message in enumerate(turn["messages"]):
                call = mine[place] if place < len(mine) else None
                messages.append(
                    {
                        "id": "",
                        "name": message["name"] if call and call["tool"] else "",
                        "content": self._result(message["content"], call),
                    }
                )
            turns.append(
                {
                    **turn,
                    "action": self._action(turn["action"], turn["tool_calls"]),
                    "tool_calls": "",
                    "messages": messages,
                }
            )
        return turns

    def _result(self, content: str, call: dict[str, Any] | None) -> str:
        if call is not None and call["error"]:
            return f"{call['error']} {self.text(content)}"
        if call is not None and call["rows"] is not None:
            return f"{call['rows']:,} rows {self.text(content)}"
        return self.text(content)

    def _action(self, action: str, tool_calls: str) -> str:
        """The calls of a message with their arguments hidden."""
        message: Any = action
        if tool_calls:
            try:
                message = {"content": action, "tool_calls": json.loads(tool_calls)}
            except json.JSONDecodeError:
                return self.text(action + tool_calls)
        shown = []
        for attempt in parse_action(message).attempts:
            if attempt.arguments is None or attempt.name is None:
                continue
            hidden = {
                name: self.query(value) if name == "query" and isinstance(value, str) else HIDDEN
                for name, value in attempt.arguments.items()
                if name in KNOWN_ARGUMENTS
            }
            name = attempt.name if re.fullmatch(r"\w{1,40}", attempt.name) else HIDDEN
            call = json.dumps({"name": name, "arguments": hidden}, ensure_ascii=False)
            shown.append(f"<tool_call>\n{call}\n</tool_call>")
        return "\n".join(shown) or self.text(action)
