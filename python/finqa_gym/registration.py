"""Gymnasium's ``make`` and ``make_vec`` for ``FinQA-v0``; imports Gymnasium only when called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gymnasium

__all__ = ["make", "make_vec"]


def make(**options: Any) -> gymnasium.Env[str, str]:
    """``gymnasium.make("FinQA-v0", **options)``.

    Args:
        **options: Arguments of `finqa_gym.integrations.gymnasium.FinQAEnv`.

    Raises:
        ModuleNotFoundError: Gymnasium is not installed (``pip install "finqa-gym[gym]"``).

    Example:
        >>> env = make(split="train")
        >>> observation, info = env.reset(seed=0)
        >>> env.close()
    """
    import gymnasium

    import finqa_gym.integrations.gymnasium  # noqa: F401 - registers the id

    return gymnasium.make("FinQA-v0", **options)


def make_vec(num_envs: int = 1, **options: Any) -> gymnasium.vector.VectorEnv[Any, Any, Any]:
    """``gymnasium.make_vec("FinQA-v0", num_envs=num_envs, **options)``.

    Args:
        num_envs: Slots.
        **options: Arguments of `finqa_gym.integrations.gymnasium.FinQAVectorEnv`.

    Raises:
        ModuleNotFoundError: Gymnasium is not installed (``pip install "finqa-gym[gym]"``).

    Example:
        >>> envs = make_vec(num_envs=3, split="train")
        >>> observations, infos = envs.reset(seed=0)
        >>> envs.close()
    """
    import gymnasium

    import finqa_gym.integrations.gymnasium  # noqa: F401 - registers the id

    return gymnasium.make_vec("FinQA-v0", num_envs=num_envs, **options)
