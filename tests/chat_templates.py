"""Chat templates of models, on top of a small tokenizer."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

__all__ = ["LLAMA", "LLAMA_MARKS", "QWEN", "result", "shipped", "with_template"]

QWEN = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
LLAMA = {"eos_token": "<|eot_id|>", "pad_token": "<|finetune_right_pad_id|>"}
LLAMA_MARKS = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>"]


def result(text: str, number: int = 1) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": f"call_{number}_0", "name": "t", "content": text}


def shipped(name: str) -> str:
    """A chat template that TRL brings."""
    trl = pytest.importorskip("trl", reason="the extra train is not installed")
    path = Path(trl.__file__).parent / "chat_templates" / name
    if not path.is_file():
        pytest.skip(f"this TRL has no template {name}")
    return path.read_text(encoding="utf-8")


def with_template(tokenizer: Any, template: str, tokens: dict[str, str], marks: list[str]) -> Any:
    made = copy.deepcopy(tokenizer)
    made.add_special_tokens(tokens | {"additional_special_tokens": ["<|im_start|>", *marks]})
    made.chat_template = template
    return made
