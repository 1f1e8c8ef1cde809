"""Exceptions of finqa-gym.

Files keep Python's own (`FileNotFoundError`), wrong arguments are `ValueError`.
"""

from finqa_gym._native import (
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

__all__ = [
    "AlreadyPendingCallError",
    "BackendError",
    "ClosedEnvError",
    "DataError",
    "EnvError",
    "FeatureNotBuiltError",
    "FinqaError",
    "ForkedProcessError",
    "NotFoundError",
    "QueryError",
    "ResetNeededError",
    "ToolCallError",
]
