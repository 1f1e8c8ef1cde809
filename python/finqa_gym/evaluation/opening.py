"""Policies by the names that the command line takes."""

from __future__ import annotations

from typing import Any, cast

from finqa_gym.evaluation.endpoint import EndpointPolicy
from finqa_gym.evaluation.policy import Policy, ScriptedEvaluation
from finqa_gym.policies import POLICIES, PolicyName

__all__ = ["open_policy"]

SCRIPTED = "scripted:"
NEEDED = ("torch", "transformers")
OF_ENDPOINTS = (
    "concurrency",
    "timeout_s",
    "max_retries",
    "backoff_s",
    "extra_body",
    "text_results",
)


def open_policy(
    spec: str,
    *,
    model: str | None = None,
    api_key: str | None = None,
    seed: int = 0,
    name: str | None = None,
    **options: Any,
) -> Policy:
    """The policy called ``spec``.

    Args:
        spec: ``scripted:NAME``, the URL of an OpenAI-compatible endpoint, or a folder or Hugging
            Face id of a checkpoint.
        model: Name of the model at the endpoint.
        api_key: Of the endpoint.
        seed: Of scripts and of the sampling of checkpoints.
        name: For the records; None is the policy's own.
        options: More arguments of `EndpointPolicy` or of
            ``finqa_gym.train.policy.CheckpointPolicy``.

    Raises:
        ValueError: The name or an option is none, or what plays checkpoints is not installed.

    Example:
        >>> open_policy("scripted:gold").name
        'gold'
    """
    given = options if name is None else {**options, "name": name}
    of_model = [key for key, value in (("model", model), ("api_key", api_key)) if value is not None]
    if spec.startswith(SCRIPTED):
        for key in (*of_model, *options):
            raise ValueError(f"{key} is given, but policy {spec!r} is a script")
        script = cast("PolicyName", spec.removeprefix(SCRIPTED))
        return ScriptedEvaluation(script, seed=seed, name=name)
    if spec.startswith(("http://", "https://")):
        if model is None:
            raise ValueError("an endpoint needs the name of its model: model (--model) is missing")
        return EndpointPolicy(spec, model, api_key, **given)
    for key in (*of_model, *(key for key in OF_ENDPOINTS if key in options)):
        raise ValueError(f"{key} is given, but policy {spec!r} is no endpoint")
    if options.get("temperature", 0.0) is None:
        raise ValueError(f"temperature is left to the server, but policy {spec!r} is no endpoint")
    return _checkpoint(spec, {"seed": seed, **given})


def _checkpoint(spec: str, options: dict[str, Any]) -> Policy:
    if spec in POLICIES:
        raise ValueError(f"policy is {spec!r}; a script is called {SCRIPTED}{spec}")
    try:
        from finqa_gym.train.policy import CheckpointPolicy

        policy: Policy = CheckpointPolicy(spec, **options)
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        raise ValueError(
            f"policy {spec!r} is a checkpoint, and {error.name}, which plays it, is not "
            'installed: pip install "finqa-gym[train]"'
        ) from None
    return policy
