"""Records without what must not be shared.

What stays: names of runs, policies and tools, question types, splits, checks, flags, failures,
reasons and error codes; scores; how many turns, calls, rows; the keywords and functions of queries.
What goes: prompts, questions, answers, texts of the model, results, names of the corpus, of
companies, tables and columns, and every literal.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from finqa_gym.analysis import CHECKS
from finqa_gym.report.calls import is_answered, read_calls, structured_calls
from finqa_gym.report.sql_words import FUNCTIONS, KEYWORDS, TOKEN

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

    def record(
        self, record: dict[str, Any], tools: list[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """A copy of ``record`` without texts and values.

        Args:
            record: As `finqa_gym.trajectories.Run.episodes` returns it.
            tools: Tools of its run in OpenAI form; None are those of profile "rllm".
        """
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
            "turns": self._turns(record, tools),
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

    def _turns(
        self, record: dict[str, Any], tools: list[dict[str, Any]] | None
    ) -> list[dict[str, Any]]:
        answered = [call for call in record["calls"] if is_answered(call)]
        turns = []
        for number, turn in enumerate(record["turns"], 1):
            mine = [call for call in answered if call["turn"] == number]
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
                    "action": self._action(turn["action"], turn["tool_calls"], tools),
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

    def _action(self, action: str, tool_calls: str, tools: list[dict[str, Any]] | None) -> str:
        """The calls of a message with their arguments hidden, each in its place."""
        if tool_calls:
            calls = [
                self._call(call.name, call.arguments, call.raw)
                for call in structured_calls(tool_calls)
            ]
        else:
            calls = [
                self._call(call.name, call.arguments, action[slice(*call.span)])
                for call in read_calls(action, tools)
            ]
        return "\n".join(calls) or self.text(action)

    def _call(self, name: str | None, arguments: dict[str, Any] | None, raw: str) -> str:
        if name is None or arguments is None:
            # Not left out: the recorded calls, results and errors belong to calls by their place.
            shown = self.text(raw)
        else:
            hidden = {
                key: self.query(value) if key == "query" and isinstance(value, str) else HIDDEN
                for key, value in arguments.items()
                if key in KNOWN_ARGUMENTS
            }
            known = name if re.fullmatch(r"\w{1,40}", name) else HIDDEN
            shown = json.dumps({"name": known, "arguments": hidden}, ensure_ascii=False)
        return f"<tool_call>\n{shown}\n</tool_call>"
