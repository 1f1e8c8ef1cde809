"""Tasks as the rows that trainers read: verl, SkyRL, rLLM and TRL."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from finqa_gym.data import is_evaluation_split
from finqa_gym.integrations.engines import shared_corpus, typed_options
from finqa_gym.vector import VectorEnv

__all__ = ["ROWS_FOR", "RowsFor", "training_rows", "write_rows"]

RowsFor = Literal["verl", "skyrl", "rllm", "trl"]
ROWS_FOR: tuple[RowsFor, ...] = ("verl", "skyrl", "rllm", "trl")
DATA_SOURCE = "finqa-gym"
CHUNK = 256
"""Tasks whose prompts are made together, and rows that are written together."""

TOOLS_AS_TEXT = """

# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{tools}
</tools>

For each function call, return a json object with function name and arguments within \
<tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""
"""What the chat template of Hermes and Qwen models writes of tools, for SkyRL, which hands its
template none."""


def training_rows(
    corpus: str | dict[str, Any],
    target: RowsFor,
    *,
    split: str = "train",
    max_tasks: int | None = None,
    allow_eval_split: bool = False,
    **options: Any,
) -> Iterator[dict[str, Any]]:
    """The tasks of a split, one row each. No row holds an answer.

    Args:
        corpus: As for `finqa_gym.integrations.engines.shared_corpus`; a path must be valid where
            the trainer runs.
        target: Who reads them.
        split: The split.
        max_tasks: Only the first so many; an endless split needs it.
        allow_eval_split: Rows of evaluation splits are for validation; else they are refused.
        **options: Of `finqa_gym.VectorEnv`, as plain data: the environment of the rollouts.

    Yields:
        verl: ``data_source, agent_name, prompt, ability, reward_model, extra_info``; SkyRL:
        ``data_source, prompt, env_class, reward_spec, extra_info``; rLLM: ``data_source, question,
        task_id, split, world``; TRL: ``prompt, task_id, split, world``. ``prompt`` is a list of
        messages; ``world`` (in ``extra_info`` for the first two) is JSON with the corpus and the
        options.

    Raises:
        ValueError: An unknown target, an endless split without ``max_tasks``, or an evaluation
            split that was not allowed.
        NotFoundError: There is no such split.

    Example:
        >>> row = next(training_rows("synthetic:7:tiny", "verl", max_tasks=1))
        >>> row["agent_name"], [message["role"] for message in row["prompt"]]
        ('finqa_agent', ['system', 'user'])
    """
    if target not in ROWS_FOR:
        raise ValueError(f"target is {target!r}; it must be one of {', '.join(ROWS_FOR)}")
    opened = shared_corpus(corpus)
    opened.known_split(split)
    if is_evaluation_split(split) and not allow_eval_split:
        raise ValueError(
            f"split {split!r} is for evaluation; take another to train on, or allow it with "
            "allow_eval_split (--allow-eval-split) for rows to validate on"
        )
    return _rows(corpus, target, split, opened.task_ids(split, max_tasks), options)


def _rows(
    corpus: str | dict[str, Any],
    target: RowsFor,
    split: str,
    ids: list[str],
    options: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    world = json.dumps({"corpus": corpus, **options}, sort_keys=True)
    played = typed_options(options)
    with VectorEnv(shared_corpus(corpus), CHUNK, num_threads=1, **played) as env:
        system = env.system_prompt
        if target == "skyrl":
            tools = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in env.tools)
            system += TOOLS_AS_TEXT.format(tools=tools)
        for first in range(0, len(ids), CHUNK):
            some = ids[first : first + CHUNK]
            mask = [slot < len(some) for slot in range(CHUNK)]
            prompts, _ = env.reset(task_ids=some, reset_mask=mask)
            for index, (task_id, prompt) in enumerate(zip(some, prompts, strict=True), first):
                messages = [{"role": "user", "content": prompt}]
                if system:
                    messages.insert(0, {"role": "system", "content": system})
                yield _row(target, messages, index, task_id, split, world)


def _row(
    target: RowsFor,
    prompt: list[dict[str, str]],
    index: int,
    task_id: str,
    split: str,
    world: str,
) -> dict[str, Any]:
    named = {"task_id": task_id, "split": split, "world": world}
    if target == "trl":
        return {"prompt": prompt, **named}
    if target == "rllm":
        return {"data_source": DATA_SOURCE, "question": prompt[-1]["content"], **named}
    info = {"index": index, **named}
    # The engine scores: what these trainers call ground truth is nowhere read.
    truth = {"ground_truth": ""}
    if target == "verl":
        return {
            "data_source": DATA_SOURCE,
            "agent_name": "finqa_agent",
            "prompt": prompt,
            "ability": "finance",
            "reward_model": {"style": "rule", **truth},
            "extra_info": info,
        }
    return {
        "data_source": DATA_SOURCE,
        "prompt": prompt,
        "env_class": "finqa",
        "reward_spec": {"method": "rule", **truth},
        "extra_info": info,
    }


def write_rows(
    rows: Iterator[dict[str, Any]],
    out: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Writes rows to a file, which appears as a whole or not at all.

    Args:
        rows: As `training_rows` yields them.
        out: The file: ``.jsonl``, or ``.parquet``, which needs ``pip install "finqa-gym[rows]"``.
        overwrite: Replace a file that is there.
        progress: Called with the number of rows written.

    Returns:
        The number of rows.

    Raises:
        ValueError: Another ending.
        FileExistsError: The file is there.
        ImportError: Parquet without pyarrow.
    """
    path = Path(out)
    if path.suffix not in (".jsonl", ".parquet"):
        raise ValueError(f"{path.name} ends in {path.suffix!r}; .jsonl or .parquet is needed")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there; replace it with overwrite (--overwrite)")
    write = _write_jsonl if path.suffix == ".jsonl" else _write_parquet
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        count = write(rows, partial, progress)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _write_jsonl(
    rows: Iterator[dict[str, Any]], path: Path, progress: Callable[[int], None] | None
) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
            if progress is not None:
                progress(count)
    return count


def _write_parquet(
    rows: Iterator[dict[str, Any]], path: Path, progress: Callable[[int], None] | None
) -> int:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        msg = 'Parquet needs pyarrow: pip install "finqa-gym[rows]", or write .jsonl'
        raise ImportError(msg) from error
    count, writer = 0, None
    try:
        while some := [row for _, row in zip(range(CHUNK), rows, strict=False)]:
            table = pa.Table.from_pylist(some, None if writer is None else writer.schema)
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
            count += len(some)
            if progress is not None:
                progress(count)
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise ValueError("there is no row to write")
    return count
