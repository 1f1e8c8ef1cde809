"""finqa-gym: where small language models learn to behave as financial analysts.

Thousands of sandboxed FinQA episodes in one process: tool calls, SQL on a company's tables,
answers scored.

Example:
    >>> import finqa_gym
    >>> env = finqa_gym.VectorEnv(num_envs=4, split="train")
    >>> observations, infos = env.reset(seed=0)
    >>> batch = env.step(["FINAL ANSWER: 42"] * 4)
    >>> env.close()
"""

from typing import TYPE_CHECKING, Any

from finqa_gym._native import __version__, build_info
from finqa_gym.analytics import QueryResult, query
from finqa_gym.audits import AuditReport
from finqa_gym.criteria import PythonCriterion
from finqa_gym.data import (
    EXPORT_LAYOUTS,
    LAYOUTS,
    Corpus,
    ExportReport,
    is_evaluation_split,
    load,
    synthetic,
)
from finqa_gym.demonstrations import Demonstrations, demonstrations
from finqa_gym.exceptions import (
    AlreadyPendingCallError,
    BackendError,
    ClosedEnvError,
    DataError,
    EnvError,
    FeatureNotBuiltError,
    FinqaError,
    ForkedProcessError,
    NotFoundError,
    QueryError,
    ResetNeededError,
    ToolCallError,
)
from finqa_gym.policies import POLICIES, ScriptedPolicy
from finqa_gym.registration import make, make_vec, register_when_imported
from finqa_gym.rubrics import CriterionInfo, RewardConfig, RubricSchema
from finqa_gym.scoring import judge_answer, score_answer, score_rubric
from finqa_gym.synth import SynthConfig
from finqa_gym.tools import UserTool
from finqa_gym.trajectories import Recording, Run, open_run, write_run
from finqa_gym.vector import StepBatch, VectorEnv

if TYPE_CHECKING:
    from finqa_gym.async_engine import AsyncEngine
    from finqa_gym.async_episode import AsyncEpisode, Turn

register_when_imported()

__all__ = [
    "EXPORT_LAYOUTS",
    "LAYOUTS",
    "POLICIES",
    "AlreadyPendingCallError",
    "AsyncEngine",
    "AsyncEpisode",
    "AuditReport",
    "BackendError",
    "ClosedEnvError",
    "Corpus",
    "CriterionInfo",
    "DataError",
    "Demonstrations",
    "EnvError",
    "ExportReport",
    "FeatureNotBuiltError",
    "FinqaError",
    "ForkedProcessError",
    "NotFoundError",
    "PythonCriterion",
    "QueryError",
    "QueryResult",
    "Recording",
    "ResetNeededError",
    "RewardConfig",
    "RubricSchema",
    "Run",
    "ScriptedPolicy",
    "StepBatch",
    "SynthConfig",
    "ToolCallError",
    "Turn",
    "UserTool",
    "VectorEnv",
    "__version__",
    "build_info",
    "demonstrations",
    "is_evaluation_split",
    "judge_answer",
    "load",
    "make",
    "make_vec",
    "open_run",
    "query",
    "score_answer",
    "score_rubric",
    "synthetic",
    "write_run",
]

# asyncio takes a third of the time of this import, and most programs do without.
_WHEN_ASKED = {
    "AsyncEngine": "finqa_gym.async_engine",
    "AsyncEpisode": "finqa_gym.async_episode",
    "Turn": "finqa_gym.async_episode",
}


def __getattr__(name: str) -> Any:
    """Modules that are imported when somebody asks for them."""
    if name not in _WHEN_ASKED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHEN_ASKED[name]), name)


def __dir__() -> list[str]:
    """All names, also those."""
    return sorted({*globals(), *__all__})
