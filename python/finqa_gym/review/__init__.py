"""The expert's seat: read a task with its tables and gold steps, accept it or reject it.

Decisions lie beside the corpus, one file a reviewer;
``load(path, reviewed_only=True)`` honours them.
"""

from finqa_gym.review.agreement import Agreement, agreement
from finqa_gym.review.decisions import (
    Decision,
    DecisionLog,
    accepted_task_ids,
    decisions_folder,
    read_decisions,
    task_hash,
)

__all__ = [
    "Agreement",
    "Decision",
    "DecisionLog",
    "accepted_task_ids",
    "agreement",
    "decisions_folder",
    "read_decisions",
    "task_hash",
]
