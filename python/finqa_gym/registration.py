"""``FinQA-v0`` for Gymnasium's ``make`` and ``make_vec``, without importing Gymnasium.

Gymnasium has no list of plug-ins that it reads, so an id exists only once somebody registered it.
`register_when_imported` does that as soon as the program imports Gymnasium, before or after this
package.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gymnasium

__all__ = ["ENV_ID", "make", "make_vec", "register_envs", "register_when_imported"]

ENV_ID = "FinQA-v0"


def register_envs() -> None:
    """Registers ``FinQA-v0`` for ``make`` and ``make_vec``; a second time changes nothing."""
    import gymnasium

    if ENV_ID not in gymnasium.registry:
        gymnasium.register(
            ENV_ID,
            entry_point="finqa_gym.integrations.gymnasium:FinQAEnv",
            vector_entry_point="finqa_gym.integrations.gymnasium:FinQAVectorEnv",
        )


class _GymnasiumFinder(MetaPathFinder):
    """Finds Gymnasium where it would be found anyway, and registers once it has run."""

    _looking = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Asked for every module; answers for Gymnasium, also where it is only looked for."""
        del path, target
        if fullname != "gymnasium" or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def run_and_register(module: ModuleType) -> None:
            run(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            register_envs()

        spec.loader.exec_module = run_and_register  # type: ignore[method-assign]
        return spec


def register_when_imported() -> None:
    """Registers ``FinQA-v0`` now if Gymnasium is there, else when it is first imported."""
    if "gymnasium" in sys.modules:
        register_envs()
    else:
        sys.meta_path.insert(0, _GymnasiumFinder())


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

    register_envs()
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

    register_envs()
    return gymnasium.make_vec("FinQA-v0", num_envs=num_envs, **options)
