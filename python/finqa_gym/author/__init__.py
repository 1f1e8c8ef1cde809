"""From somebody's own tables to verified tasks: drafts, their proposal from a schema, verification.

A draft says how the answer is found (SQL, expression); the answer itself is what the engine finds.
"""

from finqa_gym.author.drafts import Draft, read_drafts, write_drafts
from finqa_gym.author.propose import propose
from finqa_gym.author.verify import Authored, verify
from finqa_gym.author.write import add_to_tasks_file, tasks_file_of

__all__ = [
    "Authored",
    "Draft",
    "add_to_tasks_file",
    "propose",
    "read_drafts",
    "tasks_file_of",
    "verify",
    "write_drafts",
]
