"""Episodes that the engine played and scored, and their chats as a foreign log holds them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def corpus(finqa_gym: Any) -> Any:
    del finqa_gym
    from small_corpus import small_corpus

    return small_corpus()


@pytest.fixture
def write_log(tmp_path: Path) -> Callable[..., Path]:
    """Writes records as JSON Lines."""

    def write(records: list[Any], name: str = "log.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{json.dumps(r)}\n" for r in records), encoding="utf-8")
        return path

    return write
