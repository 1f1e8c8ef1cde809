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

from finqa_gym._native import __version__, build_info
from finqa_gym.analytics import QueryResult, query
from finqa_gym.async_engine import AsyncEngine
from finqa_gym.async_episode import AsyncEpisode, Turn
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
