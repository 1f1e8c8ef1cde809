"""Criteria of your own, asked in Python for all episodes that ended in a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from finqa_gym import _native, arguments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from finqa_gym.rubrics import RewardConfig
    from finqa_gym.step_batch import StepBatch

__all__ = ["PythonCriterion"]


class PythonCriterion:
    """A criterion of your own, asked in Python once a step for all episodes that ended in it.

    Args:
        name: Its column in ``infos["custom_score"]`` (``env.rubric_schema.custom`` holds the
            names).
        function: Gets a list of finished episodes and returns a score from 0 to 1 for each, or
            None where the criterion does not apply. An episode is the dict of `VectorEnv.episode`
            with ``task``, the task as `Corpus.task` has it, ``messages``, the chat, and ``env_id``.
        weight: Weight beside the built-in process, which weighs 1; counts in reward mode "shaped"
            alone.

    What the function raises is raised by ``step``, ``recv`` or ``truncate`` once none of their
    slots is under way, with a note (``error.__notes__``) of the criterion and the tasks it was
    asked about. The rows of that step are then lost to the caller, but the environment goes on:
    ``VectorEnv.episode`` has what ended, ``VectorEnv.messages`` what the others saw. A recording
    keeps the episodes without the scores.

    Raises:
        ValueError: A weight that is not above 0, an empty name.

    Example:
        >>> import finqa_gym
        >>> def brief(episodes):
        ...     return [1.0 if len(episode["calls"]) <= 6 else 0.0 for episode in episodes]
        >>> env = finqa_gym.VectorEnv(num_envs=2, criteria=[PythonCriterion("brief", brief)])
        >>> _ = env.reset()
        >>> env.step(["FINAL ANSWER: 1", "hello"]).infos["custom_score"].tolist()
        [[1.0], [nan]]
    """

    def __init__(
        self,
        name: str,
        function: Callable[[list[dict[str, Any]]], Sequence[float | None]],
        weight: float = 1.0,
    ) -> None:
        self.name = arguments.text("name", name)
        if not self.name:
            msg = "name is empty; a criterion needs a name"
            raise ValueError(msg)
        called: object = function
        if not callable(called):
            msg = f"function is {function!r}; a callable that takes a list of episodes is needed"
            raise TypeError(msg)
        self.function = function
        self.weight = arguments.number("weight", weight)
        if not 0 < self.weight <= 1_000:
            msg = f"weight is {weight}; it must be above 0 and at most 1000"
            raise ValueError(msg)

    def __repr__(self) -> str:
        """Name and weight."""
        return f"{type(self).__name__}({self.name!r}, weight={self.weight})"

    def scores(self, episodes: list[dict[str, Any]]) -> list[float]:
        """One score an episode; NaN where the criterion does not apply.

        Raises:
            TypeError, ValueError: The function returned something else than a score for each.
        """
        returned = self.function(episodes)
        if isinstance(returned, (str, bytes, dict)) or not hasattr(returned, "__iter__"):
            msg = (
                f"criterion {self.name!r} returned {type(returned).__name__}; "
                "a list with one score for each episode is needed"
            )
            raise TypeError(msg)
        listed = list(returned)
        if len(listed) != len(episodes):
            msg = (
                f"criterion {self.name!r} returned {len(listed)} scores for {len(episodes)} "
                "episodes; one for each is needed"
            )
            raise ValueError(msg)
        return [self._score(value) for value in listed]

    def _score(self, value: object) -> float:
        if value is None:
            return float("nan")
        score = arguments.number(f"a score of criterion {self.name!r}", value)
        if not 0 <= score <= 1:
            msg = (
                f"criterion {self.name!r} returned the score {score}; "
                "it must be from 0 to 1, or None where it does not apply"
            )
            raise ValueError(msg)
        return score


class CustomScores:
    """The criteria of one environment and what the last episode of each slot came to by them.

    Args:
        criteria: At least one.
        reward: How they join the reward: in mode "shaped" alone.
        native: The engine's environment.
    """

    def __init__(
        self,
        criteria: Sequence[PythonCriterion],
        reward: RewardConfig,
        native: _native.VectorEnv,
    ) -> None:
        self._criteria = list(criteria)
        self._reward = reward
        self._native = native
        self._reached: dict[int, tuple[float, list[float]]] = {}

    def none(self, num_rows: int) -> NDArray[np.float32]:
        """The column of rows without an ended episode."""
        return np.full((num_rows, len(self._criteria)), np.nan, dtype=np.float32)

    def score(self, batch: StepBatch) -> None:
        """Puts ``custom_score`` into the infos of ``batch`` and corrects its rewards.

        If a criterion raises, the episodes are recorded without it.
        """
        batch.infos["custom_score"] = column = self.none(len(batch))
        rows = np.flatnonzero(batch.terminated | batch.truncated)
        if not len(rows):
            return
        try:
            episodes = [self._episode(env_id) for env_id in batch.env_ids[rows].tolist()]
            scores = np.array([_asked(criterion, episodes) for criterion in self._criteria]).T
            rewards = self._rewards(episodes, scores)
        except BaseException:
            self.leave_out(batch)
            raise
        column[rows] = scores
        batch.rewards[rows] = rewards
        for episode, reward, reached in zip(episodes, rewards, scores.tolist(), strict=True):
            self._reached[episode["env_id"]] = (reward, reached)
        self._record(batch, rows, column[rows])

    def leave_out(self, batch: StepBatch) -> None:
        """Records the episodes that ended in ``batch`` as the engine scored them."""
        rows = np.flatnonzero(batch.terminated | batch.truncated)
        for env_id in batch.env_ids[rows].tolist():
            self._reached.pop(env_id, None)
        self._record(batch, rows, self.none(len(rows)))

    def describe(self, env_id: int, episode: dict[str, Any]) -> None:
        """Puts the scores of a finished episode into its dict."""
        reached = self._reached.get(env_id)
        if episode["status"] == "running" or reached is None:
            episode["custom"] = {}
            return
        episode["reward"], scores = reached
        names = [criterion.name for criterion in self._criteria]
        episode["custom"] = {
            name: None if np.isnan(score) else score
            for name, score in zip(names, scores, strict=True)
        }

    def _episode(self, env_id: int) -> dict[str, Any]:
        episode = self._native.episode(env_id)
        if episode is None:  # only before the first reset, where no episode can have ended
            msg = f"env {env_id} has no episode"
            raise RuntimeError(msg)
        return episode | {
            "env_id": env_id,
            "task": self._native.task(episode["task_index"]),
            "messages": self._native.messages(env_id),
        }

    def _rewards(self, episodes: list[dict[str, Any]], scores: NDArray[np.float64]) -> list[float]:
        """The built-in process weighs 1; where it does not apply it adds nothing."""
        if self._reward.mode != "shaped":
            return [episode["reward"] for episode in episodes]
        weights = np.array([criterion.weight for criterion in self._criteria])
        applies = ~np.isnan(scores)
        built_in = np.array([episode["process"] or 0.0 for episode in episodes])
        reached = built_in + np.where(applies, scores, 0.0) @ weights
        process = reached / (1.0 + applies @ weights)
        shaped = _native.rewards(
            self._reward.to_json(),
            [episode["outcome"] for episode in episodes],
            [episode["is_correct"] is True for episode in episodes],
            process.tolist(),
        )
        # Without a submission there is nothing to shape.
        return [
            episode["reward"] if episode["submission"] is None else reward
            for episode, reward in zip(episodes, shaped, strict=True)
        ]

    def _record(
        self, batch: StepBatch, rows: NDArray[np.intp], scores: NDArray[np.float32]
    ) -> None:
        self._native.record(batch.env_ids[rows], batch.rewards[rows], scores)


def _asked(criterion: PythonCriterion, episodes: list[dict[str, Any]]) -> list[float]:
    """Its scores; what it raises says whose they were to be, since the caller gets no rows."""
    try:
        return criterion.scores(episodes)
    except BaseException as error:
        shown = [f"{episode['task_id']} (env {episode['env_id']})" for episode in episodes[:5]]
        more = f" and {len(episodes) - 5} more" if len(episodes) > 5 else ""
        note = f"raised by criterion {criterion.name!r}, asked about {', '.join(shown)}{more}"
        noted: Any = error  # what add_note does, which Python 3.10 has not
        noted.__notes__ = [*getattr(error, "__notes__", []), note]
        raise


def check_criteria(criteria: Sequence[PythonCriterion], autoreset_mode: str, keeps: bool) -> None:
    """Refuses criteria that cannot be asked."""
    arguments.instance("criteria", criteria, (list, tuple), "a list or tuple of PythonCriterion")
    seen: set[str] = set()
    for index, criterion in enumerate(criteria):
        arguments.instance(f"criteria[{index}]", criterion, PythonCriterion, "a PythonCriterion")
        if criterion.name in seen:
            msg = f"two criteria are called {criterion.name!r}; names must differ"
            raise ValueError(msg)
        seen.add(criterion.name)
    if criteria and autoreset_mode.lower().replace("_", "") == "samestep":
        msg = (
            'criteria need the finished episode, but autoreset_mode "same_step" has put the next '
            'one in its place; use "disabled" or "next_step"'
        )
        raise ValueError(msg)
    if criteria and not keeps:
        msg = "criteria read the chat of an episode, so keep_messages must be True"
        raise ValueError(msg)
