"""What a reviewer sees of a task: question, answer, tables, and how gold gets there."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

from finqa_gym.data import Corpus
from finqa_gym.policies import ScriptedPolicy
from finqa_gym.review.decisions import Decision, DecisionLog, Verdict, task_hash
from finqa_gym.vector import VectorEnv

__all__ = ["Seat"]

_CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
MAX_ROWS_SHOWN = 200


class Seat:
    """One reviewer at one corpus; used by the page and by the terminal.

    Args:
        corpus: The corpus.
        log: The reviewer's decisions.
        split: Only tasks of this split.

    Other reviewers' decisions are not shown: two people who see each other's verdicts do not judge
    independently, and their agreement would mean nothing.
    """

    def __init__(self, corpus: Corpus, log: DecisionLog, split: str | None = None) -> None:
        self.corpus = corpus
        self.log = log
        ids = corpus.task_ids(split)
        self.indices = [corpus.task_index(task_id) for task_id in ids]
        self._lock = threading.Lock()
        self._env = VectorEnv(corpus, num_envs=1, max_turns=200, split=split)
        self._policy = ScriptedPolicy("gold", self._env)

    def overview(self) -> list[dict[str, Any]]:
        """One entry a task: id, split, type, question and this reviewer's verdict (or None)."""
        decisions = self.log.latest()
        out = []
        for index in self.indices:
            task = self.corpus.task(index)
            decision = decisions.get(task["id"])
            out.append(
                {
                    "id": task["id"],
                    "split": task["split"],
                    "type": task.get("question_type", ""),
                    "question": task["question"],
                    "verdict": None if decision is None else decision.verdict,
                }
            )
        return out

    def view(self, place: int) -> dict[str, Any]:
        """Everything about the task at ``place`` of the overview.

        Raises:
            IndexError: There is no such place.
        """
        if not 0 <= place < len(self.indices):
            raise IndexError(f"there is no task at place {place}; there are {len(self.indices)}")
        index = self.indices[place]
        task = self.corpus.task(index)
        current = task_hash(self.corpus, task)
        decision = self.log.latest().get(task["id"])
        return {
            "place": place,
            "hash": current,
            "task": task,
            "tables": self._tables(task),
            "steps": self.steps(index) if task.get("gold") else [],
            "decision": None
            if decision is None
            else {
                "verdict": decision.verdict,
                "comment": decision.comment,
                "lapsed": decision.task_hash != current,
            },
        }

    def decide(self, place: int, seen_hash: str, verdict: Verdict, comment: str) -> Decision:
        """Writes down a verdict on the task at ``place``, as it was seen.

        Raises:
            IndexError: There is no such place.
            ValueError: The task changed since it was shown, or the verdict is unknown.
        """
        if not 0 <= place < len(self.indices):
            raise IndexError(f"there is no task at place {place}; there are {len(self.indices)}")
        task = self.corpus.task(self.indices[place])
        if task_hash(self.corpus, task) != seen_hash:
            raise ValueError(f"task {task['id']!r} is not the one that was shown; read it again")
        with self._lock:
            return self.log.add(task["id"], seen_hash, verdict, comment)

    def steps(self, index: int) -> list[dict[str, str]]:
        """The gold episode: one entry a call with tool, arguments and what came back."""
        with self._lock:
            observations, infos = self._env.reset([index])
            self._policy.reset(infos["env_id"], infos["task_index"])
            steps = []
            while True:
                [message] = self._policy.act(infos["env_id"], observations)
                batch = self._env.step([message])
                observations = batch.observations
                steps.append({**_call(message), "result": observations[0]})
                if batch.terminated[0] or batch.truncated[0]:
                    break
            episode = self._env.episode(0) or {}
            steps[-1]["result"] = (
                f"score {episode.get('score')} ({episode.get('answer_reason') or 'no answer'})"
            )
            return steps

    def _tables(self, task: dict[str, Any]) -> list[dict[str, Any]]:
        queries = (task.get("gold") or {}).get("queries", [])
        asked = {(query["company"], query["table"]) for query in queries}
        tables = [
            {
                "company": company,
                "gold": (company, table["name"]) in asked,
                "num_rows": len(table["rows"]),
                **table,
                "rows": table["rows"][:MAX_ROWS_SHOWN],
            }
            for company in task["companies"]
            for table in self.corpus.tables(company)
        ]
        return sorted(tables, key=lambda table: not table["gold"])

    def close(self) -> None:
        """Frees the environment that plays the gold episodes."""
        self._env.close()


def _call(message: str) -> dict[str, str]:
    found = _CALL.search(message)
    if found is None:
        return {"tool": "text", "arguments": message}
    call = json.loads(found[1])
    shown = {k: v for k, v in call["arguments"].items() if k != "company_name"} or call["arguments"]
    return {
        "tool": call["name"],
        "arguments": "\n".join(str(value) for value in shown.values()),
    }
