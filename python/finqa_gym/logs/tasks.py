"""Finding the task of a corpus that a record of a log belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable

from finqa_gym import _native
from finqa_gym.data import Corpus

__all__ = ["plain_words", "task_finders"]


def task_finders(corpus: Corpus | None) -> tuple[Callable[[str], int | None], dict[str, int]]:
    """Finders of tasks by id and by question; a question that two tasks share finds none."""
    if corpus is None:
        return lambda _: None, {}

    def by_id(task_id: str) -> int | None:
        try:
            return corpus.task_index(task_id)
        except _native.NotFoundError:
            return None

    if corpus.is_endless:
        return by_id, {}
    questions: dict[str, int] = {}
    twice: set[str] = set()
    for index, task in enumerate(corpus.tasks()):
        for text in {plain_words(task["question"]), plain_words(task["user_query"])}:
            if text in questions:
                twice.add(text)
            questions[text] = index
    for text in twice:
        del questions[text]
    questions.pop("", None)
    return by_id, questions


def plain_words(text: str) -> str:
    """A text without what makes no difference between questions: case, blanks, punctuation."""
    return " ".join(re.findall(r"\w+", text.lower()))
