"""Evaluating policies: scripts, checkpoints and endpoints on any split, compared and combined.

`evaluate` plays and records. `finqa_gym.evaluation.compare` holds two runs against each other,
question by question, and `finqa_gym.evaluation.route` lets a bigger model answer what a small one
should not. The guide is docs/guides/evaluate.md.
"""

from finqa_gym.evaluation.endpoint import EndpointPolicy
from finqa_gym.evaluation.opening import open_policy
from finqa_gym.evaluation.policy import (
    Fresh,
    More,
    Policy,
    RefillingPolicy,
    ScriptedEvaluation,
    Usage,
)
from finqa_gym.evaluation.result import Evaluation
from finqa_gym.evaluation.run import evaluate

__all__ = [
    "EndpointPolicy",
    "Evaluation",
    "Fresh",
    "More",
    "Policy",
    "RefillingPolicy",
    "ScriptedEvaluation",
    "Usage",
    "evaluate",
    "open_policy",
]
