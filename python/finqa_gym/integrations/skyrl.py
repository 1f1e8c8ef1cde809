"""Episodes as environments of SkyRL-Gym.

Needs ``pip install "finqa-gym[skyrl]"``. Call `register` in the process that makes environments,
which for SkyRL is its Ray entry point, and train on rows of ``finqa-gym data rows --for skyrl``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import skyrl_gym
from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput, ConversationType

from finqa_gym.async_episode import AsyncEpisode
from finqa_gym.integrations.engines import engine_of_row
from finqa_gym.integrations.loop_thread import run_in_loop
from finqa_gym.integrations.metrics import episode_metrics

__all__ = ["FinqaEnv", "register"]

ENV_ID = "finqa"


class FinqaEnv(BaseTextEnv):  # type: ignore[misc,unused-ignore]
    """One episode. SkyRL makes one for each trajectory; all of a process play in one engine.

    It reads raw text: the engine's parser finds the calls in it, and a message that it cannot read
    is answered with what is wrong.

    Args:
        env_config: Options of `finqa_gym.integrations.engines.shared_engine` that come before those
            of the row, and ``text_results``: the role of tool results, "user" (default) or "tool".
        extras: The row: ``extra_info`` holds ``task_id`` and ``world``.

    Raises:
        ValueError: A row that does not name its task, or an option that cannot work.
    """

    def __init__(
        self, env_config: Mapping[str, Any] | None = None, extras: Mapping[str, Any] | None = None
    ) -> None:
        """See the class."""
        super().__init__()
        options = dict(env_config or {})
        self.text_results = options.pop("text_results", "user")
        if self.text_results not in ("user", "tool"):
            raise ValueError(f'text_results is {self.text_results!r}; it must be "user" or "tool"')
        info = (extras or {}).get("extra_info") or {}
        if not info.get("task_id"):
            raise ValueError(
                f"the row has extra_info={info!r}; task_id and world are needed, as "
                "`finqa-gym data rows --for skyrl` writes them"
            )
        self.task_id: str = info["task_id"]
        self.engine = engine_of_row(info, **options)
        # Read by SkyRL for its own limit; the engine keeps its own, too.
        self.max_turns = self.engine.env.max_turns
        self._episode: AsyncEpisode | None = None

    def init(self, prompt: ConversationType) -> tuple[ConversationType, dict[str, Any]]:
        """Starts the episode; the prompt stays as the row has it.

        Raises:
            NotFoundError: The corpus has no such task.
        """
        self.close()
        self._episode = run_in_loop(self.engine.start(self.task_id))
        return prompt, {"task_id": self.task_id}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """Sends a message of the policy.

        Returns:
            ``observations``: one message for each call, in order; ``reward``: 0 until it is over;
            ``done``; ``metadata``: ``truncated``.

        Raises:
            ResetNeededError: The episode is over.
            RuntimeError: There is none.
        """
        self.turns += 1
        turn = run_in_loop(self._live().call(action))
        return BaseTextEnvStepOutput(
            observations=[
                {"role": self.text_results, "content": message["content"]}
                for message in turn.messages
            ],
            reward=turn.reward,
            done=turn.over,
            metadata={"truncated": turn.truncated},
        )

    def get_metrics(self) -> dict[str, Any]:
        """See `finqa_gym.integrations.metrics.episode_metrics`.

        SkyRL asks when it has ended the trajectory. If the episode still runs then, its tokens were
        used up: it is truncated, so that it counts as not answered.
        """
        episode = self._live()
        if not episode.over:
            episode.truncate()
        return dict(episode_metrics(episode))

    def close(self) -> None:
        """Gives the place in the engine back; may be called twice."""
        if self._episode is not None:
            self._episode.close()
            self._episode = None

    def _live(self) -> AsyncEpisode:
        if self._episode is None:
            raise RuntimeError(f"task {self.task_id!r} has no episode; call init() first")
        return self._episode


def register(env_id: str = ENV_ID) -> None:
    """Makes the environment known to SkyRL-Gym; may be called twice.

    Args:
        env_id: What rows call it in ``env_class``.
    """
    if env_id not in skyrl_gym.envs.registration.registry:
        skyrl_gym.register(id=env_id, entry_point="finqa_gym.integrations.skyrl:FinqaEnv")
