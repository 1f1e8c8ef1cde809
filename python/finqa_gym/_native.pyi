"""Types of the native module. Users import from `finqa_gym`; this is its engine room."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AlreadyPendingCallError",
    "AuditReport",
    "BackendError",
    "ClosedEnvError",
    "Corpus",
    "DataError",
    "Demonstrations",
    "EnvError",
    "FeatureNotBuiltError",
    "FinqaError",
    "ForkedProcessError",
    "NotFoundError",
    "ParquetRecords",
    "QueryError",
    "QueryResult",
    "ResetNeededError",
    "Run",
    "ScriptedPolicy",
    "ToolCallError",
    "Turns",
    "VectorEnv",
    "__version__",
    "audit_corpus",
    "bootstrap_interval",
    "build_info",
    "calculate",
    "check_rubrics",
    "check_synth_config",
    "export_corpus",
    "final_answer",
    "ingest_facts",
    "is_evaluation_split",
    "mine_tasks",
    "paired_difference",
    "parse_message",
    "pass_at_k",
    "query_relations",
    "read_reward",
    "read_yaml",
    "rewards",
    "run_query",
    "score_answer",
    "score_names",
    "score_rubric",
    "score_trace",
    "synth_preset",
    "task_kinds",
    "tool_specs",
    "write_chats",
    "write_facts_sample",
    "write_run",
]

__version__: str

class FinqaError(Exception): ...
class DataError(FinqaError): ...
class NotFoundError(FinqaError): ...
class BackendError(FinqaError): ...

class ToolCallError(FinqaError):
    code: str

class FeatureNotBuiltError(FinqaError): ...

class QueryError(FinqaError):
    code: str

class EnvError(FinqaError): ...
class ResetNeededError(EnvError): ...
class AlreadyPendingCallError(EnvError): ...
class ClosedEnvError(EnvError): ...
class ForkedProcessError(EnvError): ...

_Batch = tuple[
    NDArray[np.int32],
    list[str],
    NDArray[np.float32],
    NDArray[np.bool_],
    NDArray[np.bool_],
    dict[str, Any],
]
_Received = tuple[_Batch, Turns, list[tuple[int, str, str]]]

@final
class Turns:
    def only_tool(self, index: int) -> str | None: ...
    def messages(self, index: int) -> list[dict[str, Any]]: ...
    def __len__(self) -> int: ...

@final
class Corpus:
    @staticmethod
    def load(
        path: str,
        layout: str | None = None,
        tasks: str | None = None,
        name: str | None = None,
        limits: dict[str, int] | None = None,
        progress: Callable[[str, int, int | None], None] | None = None,
    ) -> Corpus: ...
    @staticmethod
    def synthetic(seed: int, config: str) -> Corpus: ...
    def save(
        self,
        path: str,
        format: str = "parquet",
        overwrite: bool = False,
        max_companies: int | None = None,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def layout(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def content_hash(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def num_tasks(self) -> int: ...
    @property
    def num_companies(self) -> int: ...
    @property
    def is_endless(self) -> bool: ...
    @property
    def refused(self) -> dict[str, int]: ...
    @property
    def refusals(self) -> list[tuple[str, str, str]]: ...
    def splits(self) -> dict[str, int | None]: ...
    def task_indices(self, split: str | None = None, max_tasks: int | None = None) -> list[int]: ...
    def task_ids(self, split: str | None = None, max_tasks: int | None = None) -> list[str]: ...
    def task_index(self, task_id: str) -> int: ...
    def task(self, index: int) -> dict[str, Any]: ...
    def company_names(
        self, split: str | None = None, start: int = 0, stop: int | None = None
    ) -> list[str]: ...
    def take(self, picks: Sequence[tuple[str, int | None]]) -> Corpus: ...
    def select(self, task_indices: Sequence[int], suffix: str) -> Corpus: ...
    def tables(self, company: str) -> list[dict[str, Any]]: ...
    def validate(
        self,
        tool_profile: str = "rllm",
        answer_mode: str = "strict",
        progress: Callable[[int], None] | None = None,
    ) -> list[tuple[str, str, str, str]]: ...

@final
class VectorEnv:
    def __new__(cls, corpus: Corpus, options: dict[str, Any]) -> VectorEnv: ...
    def reset(
        self,
        tasks: Sequence[int] | None = None,
        seed: int | None = None,
        slot_seeds: Sequence[int | None] | None = None,
        mask: NDArray[np.bool_] | None = None,
    ) -> _Received: ...
    def step(
        self,
        actions: Sequence[str | dict[str, Any]],
        finish_reasons: Sequence[str | None] | None = None,
        env_ids: Sequence[int] | None = None,
        num_tokens: Sequence[int | tuple[int | None, int | None] | None] | None = None,
    ) -> _Received: ...
    def send(
        self,
        actions: Sequence[str | dict[str, Any]],
        env_ids: Sequence[int] | None = None,
        finish_reasons: Sequence[str | None] | None = None,
        num_tokens: Sequence[int | tuple[int | None, int | None] | None] | None = None,
    ) -> None: ...
    def recv(self, batch_size: int, or_more: bool = False) -> _Received: ...
    def truncate(self, env_ids: Sequence[int]) -> _Received: ...
    def resume(self, results: Sequence[tuple[int, str, bool]]) -> None: ...
    def messages(self, slot: int) -> list[dict[str, Any]]: ...
    def episode(self, slot: int) -> dict[str, Any] | None: ...
    def stats(self) -> dict[str, Any]: ...
    def close(self) -> None: ...
    def start_recording(
        self,
        path: str | os.PathLike[str],
        info: str,
        append: bool,
        custom: Sequence[tuple[str, float]],
    ) -> None: ...
    def set_policy(self, name: str, step: int | None = None) -> None: ...
    def record(
        self,
        env_ids: NDArray[np.int32],
        rewards: NDArray[np.float32],
        scores: NDArray[np.float32],
    ) -> None: ...
    def sampler_state(self) -> str: ...
    def load_sampler_state(self, state: str) -> None: ...
    @property
    def system_prompt(self) -> str: ...
    @property
    def num_pending(self) -> int: ...
    @property
    def num_threads(self) -> int: ...
    @property
    def max_turns(self) -> int: ...
    @property
    def tools(self) -> list[dict[str, Any]]: ...
    def task(self, index: int) -> dict[str, Any]: ...
    def criteria(self, index: int) -> list[tuple[str, str, str, float]]: ...
    @property
    def max_criteria(self) -> int: ...
    error_codes: ClassVar[list[str]]
    truncation_reasons: ClassVar[list[str]]

@final
class ScriptedPolicy:
    def __new__(cls, kind: str, env: VectorEnv, seed: int) -> ScriptedPolicy: ...
    def reset(self, env_ids: Sequence[int], task_indices: Sequence[int]) -> None: ...
    def act(self, env_ids: Sequence[int], observations: Sequence[str]) -> list[str]: ...
    def variants(self, env_ids: Sequence[int]) -> list[str]: ...

@final
class Demonstrations:
    def __new__(
        cls,
        corpus: Corpus,
        policies: Sequence[str],
        tool_profile: str = "rllm",
        answer_mode: str = "strict",
        format: str = "structured",
        arguments: str = "text",
        split: str | None = None,
        max_tasks: int | None = None,
        seed: int = 0,
        min_reward: float | None = None,
        max_turns: int | None = None,
    ) -> Demonstrations: ...
    def __iter__(self) -> Demonstrations: ...
    def __next__(self) -> dict[str, Any]: ...
    def write(
        self,
        path: str,
        format: str,
        overwrite: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> tuple[int, int]: ...
    @property
    def num_episodes(self) -> int: ...
    @property
    def num_left_out(self) -> int: ...

@final
class AuditReport:
    codes: ClassVar[list[tuple[str, str, str]]]
    @property
    def num_tasks(self) -> int: ...
    @property
    def num_failed(self) -> int: ...
    @property
    def num_warned(self) -> int: ...
    def to_dict(self) -> dict[str, Any]: ...
    def to_markdown(self) -> str: ...

@final
class QueryResult:
    @property
    def num_rows(self) -> int: ...
    @property
    def columns(self) -> list[tuple[str, str]]: ...
    def rows(self, start: int, stop: int) -> list[dict[str, Any]]: ...
    def to_dict(self) -> dict[str, list[Any]]: ...
    def write_parquet(self, path: str) -> None: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

def run_query(
    sql: str,
    runs: Sequence[tuple[str | None, str]],
    memory_limit_bytes: int,
    timeout_s: float | None = None,
    max_rows: int | None = None,
) -> QueryResult: ...
def query_relations() -> list[tuple[str, bool, str, str, list[tuple[str, str]]]]: ...
def export_corpus(
    corpus: Corpus,
    path: str,
    layout: str,
    split: str | None = None,
    max_tasks: int | None = None,
    overwrite: bool = False,
) -> dict[str, Any]: ...
def audit_corpus(
    corpus: Corpus,
    tool_profile: str = "rllm",
    split: str | None = None,
    max_tasks: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> AuditReport: ...
def build_info() -> dict[str, Any]: ...
def synth_preset(name: str) -> str: ...
def check_synth_config(config: str) -> None: ...
def is_evaluation_split(name: str) -> bool: ...
def score_answer(
    predicted: str, truth: str, answer: dict[str, Any], mode: str
) -> tuple[float, str]: ...
def score_rubric(
    submission: str, rubric: str, mode: str, cascade_credit: float
) -> tuple[float, bool, float, list[tuple[str, float]], list[tuple[str, float, bool, str]]]: ...
def score_names() -> dict[str, list[tuple[str, str]]]: ...
def read_reward(text: str, form: str) -> str: ...
def check_rubrics(text: str, form: str) -> None: ...
def rewards(
    config: str,
    outcomes: Sequence[float],
    is_correct: Sequence[bool],
    process: Sequence[float],
) -> list[float]: ...
def calculate(expression: str) -> str: ...
def tool_specs(profile: str) -> list[dict[str, Any]]: ...
def parse_message(
    text: str,
    tools: str | list[dict[str, Any]],
    format: str,
    level: str,
    length_limited: bool,
) -> tuple[list[dict[str, Any]], str]: ...
def pass_at_k(
    num_episodes: NDArray[np.int64], num_correct: NDArray[np.int64], k: int
) -> NDArray[np.float64]: ...

_Interval = tuple[float, float, float, int]

def bootstrap_interval(
    values: NDArray[np.float64],
    clusters: NDArray[np.int64] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> _Interval: ...
def paired_difference(
    values_a: NDArray[np.float64],
    clusters_a: NDArray[np.int64],
    values_b: NDArray[np.float64],
    clusters_b: NDArray[np.int64],
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[_Interval, float, float, int, int, int, int]: ...

@final
class Run:
    def __new__(cls, path: str | os.PathLike[str]) -> Run: ...
    @property
    def info(self) -> dict[str, Any]: ...
    @property
    def num_episodes(self) -> int: ...
    @property
    def num_lost(self) -> int: ...
    @property
    def num_running(self) -> int: ...
    @property
    def num_abandoned(self) -> int: ...
    @property
    def warnings(self) -> list[str]: ...
    @property
    def files(self) -> list[Path]: ...
    @staticmethod
    def column_names() -> list[str]: ...
    def columns(self, names: list[str]) -> dict[str, Any]: ...
    def episodes(self, start: int, stop: int) -> list[dict[str, Any]]: ...

def write_chats(
    path: str, format: str, ending: str, overwrite: bool, records: Iterator[str]
) -> int: ...
def write_run(
    path: str | os.PathLike[str], info: str, records: Iterator[str], append: bool
) -> int: ...
def final_answer(text: str) -> str | None: ...
def read_yaml(text: str) -> Any: ...
def score_trace(
    trace: str,
    mode: str,
    corpus: Corpus | None = None,
    task_index: int | None = None,
    told: str | None = None,
) -> tuple[dict[str, Any], bool | None, list[str]]: ...

@final
class ParquetRecords:
    def __new__(cls, path: str) -> ParquetRecords: ...
    @property
    def num_rows(self) -> int: ...
    def __iter__(self) -> ParquetRecords: ...
    def __next__(self) -> dict[str, Any]: ...

def write_facts_sample(
    path: str,
    num_facts: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, int]: ...
def ingest_facts(
    sources: Sequence[str],
    target: str,
    options: str,
    progress: Callable[[int, int, int, float], None] | None = None,
) -> str: ...
def mine_tasks(corpus: Corpus, options: str, name: str) -> tuple[Corpus, str]: ...
def task_kinds() -> list[str]: ...
