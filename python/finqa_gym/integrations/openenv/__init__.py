"""Episodes behind OpenEnv's protocol: ``finqa-gym serve --openenv``, or `create_app`.

Needs ``pip install "finqa-gym[openenv]"``. See docs/guides/openenv.md.
"""

from __future__ import annotations

try:
    import openenv.core.env_server  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f'{error.name} is not installed: pip install "finqa-gym[openenv]"', name=error.name
    ) from error

from finqa_gym.integrations.limits import Limits
from finqa_gym.integrations.openenv.app import create_app
from finqa_gym.integrations.openenv.environment import FinqaEnvironment
from finqa_gym.integrations.openenv.messages import (
    FinalObservation,
    FinqaState,
    TaskObservation,
    ToolObservation,
)
from finqa_gym.integrations.openenv.tasks import TaskSource
from finqa_gym.integrations.serving import serve

__all__ = [
    "FinalObservation",
    "FinqaEnvironment",
    "FinqaState",
    "Limits",
    "TaskObservation",
    "TaskSource",
    "ToolObservation",
    "create_app",
    "serve",
]
