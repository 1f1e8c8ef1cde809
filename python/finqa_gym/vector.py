"""The vectorised environment."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from finqa_gym import _native, arguments, recording, step_batch
from finqa_gym._native import AlreadyPendingCallError, NotFoundError
from finqa_gym.criteria import CustomScores, PythonCriterion, check_criteria
from finqa_gym.data import Corpus, synthetic
from finqa_gym.options import check_distinct, check_options
from finqa_gym.rubrics import (
    RewardConfig,
    RewardMode,
    RubricSchema,
    rubric_option,
    rubric_schema,
)
from finqa_gym.step_batch import StepBatch
from finqa_gym.tools import UserTool
from finqa_gym.trajectories import Recording
from finqa_gym.user_calls import finish_turns

__all__ = ["Action", "StepBatch", "VectorEnv"]

Action = str | dict[str, Any]
"""Raw assistant text, or an assistant message with ``content`` and OpenAI ``tool_calls``."""


class VectorEnv:
    """N slots, each holding an episode, stepped in one call on native threads.

    Args:
        corpus: Data; None is `finqa_gym.synthetic()`.
        num_envs: Slots; divisible by ``group_size``.
        split: Only tasks of this split; None for all, or for the endless split of a corpus that
            has one.
        group_size: Consecutive slots that get the same task (GRPO).
        seed: Seed of the task order.
        shuffle: Draw tasks in random order, each once an epoch; else in corpus order. An endless
            split is shuffled in blocks of 1,024 tasks, from a place that the seed decides.
        max_turns: Messages before an episode is truncated; None is the corpus's own limit, or 20.
        num_threads: Worker threads; 0 uses every core the process may use.
        tool_profile: "rllm", "openenv" or "compact".
        tools: Tools of your own, called in Python for all slots at once.
        tool_names: Old name -> new name of built-in tools.
        answer_mode: "strict" or "openenv".
        reward: How a score becomes a reward: a `RewardConfig`, or its mode ("outcome", "binary",
            "shaped").
        rubrics: Rubrics that replace those of the tasks, by task id, question type or ``"*"``: a
            JSON or YAML file, or a dict; see docs/spec/rewards.md.
        criteria: Criteria of your own, asked in Python for all episodes that end in a step. Not
            with autoreset "same_step".
        autoreset_mode: "disabled" (reset finished slots yourself), "next_step" or "same_step".
        action_format: Wire form of calls: "auto", or one of docs/spec/actions.md.
        parse_level: "strict" or "repair".
        on_no_call: A message without a call is answered with "feedback" or taken as the answer
            ("submit"); None is the profile's own way.
        on_malformed: "feedback", "terminate" or "ignore".
        max_calls_per_turn: Calls run of one message.
        max_action_bytes: Longer messages are refused.
        max_observation_chars: Longer tool results are cut: rows first, then the middle.
        repair_double_quotes: Read ``WHERE item = "Revenue"`` as a string where no such column
            exists.
        system_prompt: Replaces the profile's system prompt.
        task_prompt: Replaces the task prompt: ``{query}``, or its parts ``{question}``,
            ``{companies}``, ``{unit_hint}``.
        keep_messages: Keep the chat of running episodes for ``messages``.
        measure_latency: Measure every tool call for ``stats``.
        cache_bytes: Size of the SQL result cache; 0 switches it off.
        record: Folder in which every finished episode is written down, or a `Recording` that also
            says whose they are. Read it with `open_run`; ``close`` turns it into Parquet. Messages
            are kept then.

    Raises:
        ValueError: A value that cannot work; the text names it and says what would.

    Determinism: the same actions give the same bytes on any number of threads and any machine.

    Example:
        >>> import finqa_gym
        >>> env = finqa_gym.VectorEnv(num_envs=8, group_size=4, split="train", seed=1)
        >>> observations, infos = env.reset()
        >>> observations[0] == observations[3]
        True
        >>> batch = env.step(["FINAL ANSWER: 42"] * 8)
        >>> bool(batch.terminated.all()), batch.rewards.dtype
        (True, dtype('float32'))
    """

    def __init__(
        self,
        corpus: Corpus | None = None,
        num_envs: int = 1,
        *,
        split: str | None = None,
        group_size: int = 1,
        seed: int = 0,
        shuffle: bool = True,
        max_turns: int | None = None,
        num_threads: int = 0,
        tool_profile: Literal["rllm", "openenv", "compact"] = "rllm",
        tools: Sequence[UserTool] = (),
        tool_names: dict[str, str] | None = None,
        answer_mode: Literal["strict", "openenv"] = "strict",
        reward: RewardConfig | RewardMode = "outcome",
        rubrics: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        criteria: Sequence[PythonCriterion] = (),
        autoreset_mode: str = "disabled",
        action_format: str = "auto",
        parse_level: Literal["strict", "repair"] = "strict",
        on_no_call: Literal["feedback", "submit"] | None = None,
        on_malformed: Literal["feedback", "terminate", "ignore"] = "feedback",
        max_calls_per_turn: int = 8,
        max_action_bytes: int = 64 * 1024,
        max_observation_chars: int = 8_000,
        repair_double_quotes: bool = True,
        system_prompt: str | None = None,
        task_prompt: str | None = None,
        keep_messages: bool = True,
        measure_latency: bool = False,
        cache_bytes: int | None = None,
        record: str | os.PathLike[str] | Recording | None = None,
    ) -> None:
        """See the class."""
        needed = "a Corpus, as load(path) and synthetic() return it, or None"
        arguments.instance("corpus", corpus, (Corpus, type(None)), needed)
        arguments.instance("tools", tools, (list, tuple), "a list or tuple of UserTool")
        for index, tool in enumerate(tools):
            arguments.instance(f"tools[{index}]", tool, UserTool, "a UserTool")
        needed = "a dict from old to new names, or None"
        arguments.instance("tool_names", tool_names, (dict, type(None)), needed)
        for old, new in (tool_names or {}).items():
            arguments.text("a key of tool_names", old)
            arguments.text(f"tool_names[{old!r}]", new)
        needed = 'a RewardConfig, or "outcome", "binary" or "shaped"'
        arguments.instance("reward", reward, (RewardConfig, str), needed)
        self.reward = RewardConfig(reward) if isinstance(reward, str) else reward
        """How a score becomes a reward."""
        self.corpus = synthetic() if corpus is None else corpus
        self.num_envs = arguments.integer("num_envs", num_envs, least=1)
        self.group_size = arguments.integer("group_size", group_size, least=1)
        self.autoreset_mode = autoreset_mode
        self._user_tools = {tool.name: tool for tool in tools}
        options: dict[str, Any] = {
            "num_envs": self.num_envs,
            "split": split,
            "group_size": self.group_size,
            "seed": seed,
            "shuffle": shuffle,
            "max_turns": max_turns,
            "num_threads": num_threads,
            "tool_profile": tool_profile,
            "tool_names": list((tool_names or {}).items()),
            "user_tools": [
                {"name": t.name, "description": t.description, "parameters": t.parameters}
                for t in tools
            ],
            "answer_mode": answer_mode,
            "reward": self.reward.to_json(),
            "rubrics": rubric_option(rubrics),
            "defer_record": bool(criteria),
            "autoreset_mode": autoreset_mode,
            "action_format": action_format,
            "parse_level": parse_level,
            "on_no_call": on_no_call,
            "on_malformed": on_malformed,
            "max_calls_per_turn": max_calls_per_turn,
            "max_action_bytes": max_action_bytes,
            "max_observation_chars": max_observation_chars,
            "repair_double_quotes": repair_double_quotes,
            "system_prompt": system_prompt,
            "task_prompt": task_prompt,
            "keep_messages": keep_messages,
            "measure_latency": measure_latency,
            "cache_bytes": cache_bytes,
        }
        recorded = recording.checked(record)
        if recorded is not None:
            options["keep_messages"] = True
        check_options(options)
        check_criteria(criteria, autoreset_mode, keeps=keep_messages)
        self._native = _native.VectorEnv(self.corpus._native, options)
        self.system_prompt: str = self._native.system_prompt
        """System prompt for chat templates."""
        self.tools: list[dict[str, Any]] = self._native.tools
        """Tools in OpenAI form, for chat templates."""
        self.error_codes: list[str] = self._native.error_codes
        """Names of ``infos["error_code"]``."""
        self.truncation_reasons: list[str] = self._native.truncation_reasons
        """Names of ``infos["truncation_reason"]``."""
        self.rubric_schema: RubricSchema = rubric_schema(
            self.corpus, self._native, [criterion.name for criterion in criteria]
        )
        """Names behind the columns of scores in infos."""
        self._custom: CustomScores | None = None
        if criteria:
            self._custom = CustomScores(criteria, self.reward, self._native)
        self._policy: tuple[str, int | None] = ("", None)
        if recorded is not None:
            self._policy = (recorded.policy, recorded.policy_step)
            recording.start(self._native, recorded, self.corpus, options, criteria)
            # Whoever forgets to close still gets Parquet.
            weakref.finalize(self, self._native.close)
        self.num_threads: int = self._native.num_threads
        self.max_turns: int = self._native.max_turns

    def reset(
        self,
        task_ids: Sequence[str | int] | None = None,
        seed: int | Sequence[int | None] | None = None,
        reset_mask: NDArray[np.bool_] | Sequence[bool] | None = None,
    ) -> tuple[list[str], dict[str, Any]]:
        """Starts new episodes in all slots, or in the masked ones.

        Args:
            task_ids: One task (id or position) for each group to reset; None draws the next ones.
            seed: Starts the task order again. A sequence gives every slot an order of its own. None
                goes on, also inside a sequence.
            reset_mask: ``bool (num_envs,)``; None resets every slot. Mask whole groups, or slots of
                one group come to play different tasks.

        Returns:
            The prompts and infos of the slots that were reset; ``infos["env_id"]`` says which.

        Raises:
            ValueError: Lengths that do not fit.
            NotFoundError: A task that does not exist.
            AlreadyPendingCallError: A slot has an action under way.

        Example:
            >>> env = VectorEnv(num_envs=4, group_size=2)
            >>> task_id = env.corpus.task_ids("train", 1)[0]
            >>> observations, infos = env.reset(task_ids=[task_id, task_id])
            >>> len(set(observations))
            1
        """
        tasks = None
        if task_ids is not None:
            if isinstance(task_ids, (str, int)):
                msg = f"task_ids is {task_ids!r}; a sequence with a task for each group is needed"
                raise TypeError(msg)
            tasks = [self._task_index(index, task) for index, task in enumerate(task_ids)]
        mask = None if reset_mask is None else arguments.flags("reset_mask", reset_mask)
        if isinstance(seed, (list, tuple, range, np.ndarray)):
            seeds = [_seed(f"seed[{index}]", s) for index, s in enumerate(seed)]
            received = self._native.reset(tasks, None, seeds, mask)
        else:
            received = self._native.reset(tasks, _seed("seed", seed), None, mask)
        batch = step_batch.from_native(received)
        if self._custom is not None:
            batch.infos["custom_score"] = self._custom.none(len(batch))
        return batch.observations, batch.infos

    def _task_index(self, place: int, task: str | int) -> int:
        if isinstance(task, str):
            return self.corpus.task_index(task)
        index = arguments.integer(f"task_ids[{place}]", task, least=-(2**63), below=2**63)
        num_tasks = self.corpus._native.num_tasks
        if not 0 <= index < num_tasks:
            msg = f"no task {index} in corpus {self.corpus.name!r}; it has {num_tasks} tasks"
            raise NotFoundError(msg)
        return index

    def step(
        self,
        actions: Sequence[Action],
        finish_reasons: Sequence[str | None] | None = None,
        *,
        env_ids: NDArray[np.int32] | Sequence[int] | None = None,
        num_tokens: Sequence[int | tuple[int | None, int | None] | None] | None = None,
    ) -> StepBatch:
        """Advances every slot, or those of ``env_ids``, by one message of the policy.

        Args:
            actions: One action a slot.
            finish_reasons: Per action why generation ended; "length" marks a message cut by its
                token limit.
            env_ids: Slots, one an action; None is all slots in order.
            num_tokens: Per action its tokens, or a pair: those of its prompt and its own. For
                records of episodes alone.

        Returns:
            Rows in slot order.

        Raises:
            ValueError: Not one action a slot.
            ResetNeededError: A slot was never reset, or is over with autoreset off.
            AlreadyPendingCallError: Results of ``send`` were not yet received.
            A malformed action does not raise: it becomes an observation.

        Source: docs/spec/actions.md; terminated and truncated are Gymnasium's.

        Example:
            >>> env = VectorEnv(num_envs=1)
            >>> _ = env.reset(task_ids=[0])
            >>> company = env.corpus.task(0)["companies"][0]
            >>> batch = env.step([f'<tool_call>{{"name": "get_table_names", "arguments": '
            ...                   f'{{"company_name": "{company}"}}}}</tool_call>'])
            >>> batch.observations[0].startswith("[")
            True
        """
        ids = None if env_ids is None else arguments.integers("env_ids", env_ids)
        try:
            received = self._native.step(actions, finish_reasons, ids, num_tokens)
        except AlreadyPendingCallError:
            check_distinct(ids)
            raise
        batch = self._finished(received)
        if (np.diff(batch.env_ids) < 0).any():  # turns with calls of user tools finish later
            batch = step_batch.take_rows(batch, np.argsort(batch.env_ids).tolist())
        return batch

    def send(
        self,
        actions: Sequence[Action],
        env_ids: NDArray[np.int32] | Sequence[int] | None = None,
        *,
        finish_reasons: Sequence[str | None] | None = None,
        num_tokens: Sequence[int | tuple[int | None, int | None] | None] | None = None,
    ) -> None:
        """Starts actions without waiting; results come through ``recv``.

        Args:
            actions: One action a slot.
            env_ids: Slots, one an action; None is all slots in order.
            finish_reasons: As for ``step``.
            num_tokens: As for ``step``.

        Raises:
            ValueError: Not one action a slot.
            ResetNeededError: A slot was never reset, or is over with autoreset off.
            AlreadyPendingCallError: A slot has an action under way.
        """
        ids = None if env_ids is None else arguments.integers("env_ids", env_ids)
        try:
            self._native.send(actions, ids, finish_reasons, num_tokens)
        except AlreadyPendingCallError:
            check_distinct(ids)
            raise

    def recv(self, batch_size: int | None = None, *, or_more: bool = False) -> StepBatch:
        """Takes results of ``send`` in order of completion, waiting for them.

        Args:
            batch_size: Number of rows; None is ``num_envs``.
            or_more: Take what else has finished, too.

        Raises:
            ValueError: Fewer results are under way.
        """
        if batch_size is None:
            batch_size = self.num_envs
        wanted = arguments.integer("batch_size", batch_size)
        return self._finished(self._native.recv(wanted, or_more))

    def _recv_any(self) -> tuple[StepBatch, BaseException | None]:
        """Waits for a result of ``send`` and takes all that are there; see `AsyncEngine`."""
        return self._finished_or_failed(self._native.recv(1, True))

    def truncate(self, env_ids: NDArray[np.int32] | Sequence[int]) -> StepBatch:
        """Ends running episodes, such as those whose budget of tokens is used up.

        They are scored and recorded as episodes without turns left are; the reason is
        "token_limit". No turn is counted. Other slots may have actions under way.

        Args:
            env_ids: Slots.

        Returns:
            Rows in slot order, with empty observations, or as ``autoreset_mode`` has them.

        Raises:
            ResetNeededError: A slot was never reset, or is over, whatever the ``autoreset_mode``.
            AlreadyPendingCallError: A slot has an action under way.
            ValueError: A slot that does not exist or is named twice. Nothing was ended then, nor
                by the errors above.

        Example:
            >>> env = VectorEnv(num_envs=2)
            >>> _ = env.reset()
            >>> batch = env.truncate([1])
            >>> env.truncation_reasons[batch.infos["truncation_reason"][0]]
            'token_limit'
            >>> env.step(["FINAL ANSWER: 42"], env_ids=[0]).terminated.tolist()
            [True]
        """
        ids = arguments.integers("env_ids", env_ids)
        try:
            received = self._native.truncate(ids)
        except AlreadyPendingCallError:
            check_distinct(ids)
            raise
        return self._finished(received)

    def _finished(self, received: _native._Received) -> StepBatch:
        """Rows of finished turns, scored by the criteria of the user, too."""
        batch, failure = self._finished_or_failed(received)
        if failure is not None:
            raise failure
        return batch

    def _finished_or_failed(
        self, received: _native._Received
    ) -> tuple[StepBatch, BaseException | None]:
        """The rows, and what a tool or criterion of the user raised meanwhile."""
        batch, failure = finish_turns(self._native, self._user_tools, received)
        if self._custom is not None:
            try:
                if failure is None:
                    self._custom.score(batch)
                else:
                    self._custom.leave_out(batch)
            except BaseException as raised:
                failure = raised
        return batch, failure

    @property
    def policy(self) -> str:
        """Who acts: a name for the records of the episodes that end from now on."""
        return self._policy[0]

    @policy.setter
    def policy(self, name: str) -> None:
        self._policy = (arguments.text("policy", name), self._policy[1])
        self._native.set_policy(*self._policy)

    @property
    def policy_step(self) -> int | None:
        """Step of the policy's training, for learning curves; like ``policy``."""
        return self._policy[1]

    @policy_step.setter
    def policy_step(self, step: int | None) -> None:
        step = None if step is None else arguments.integer("policy_step", step, below=2**63)
        self._policy = (self._policy[0], step)
        self._native.set_policy(*self._policy)

    @property
    def num_pending(self) -> int:
        """Results of ``send`` that were not yet received; what ``recv`` can take at most.

        After Ctrl-C during ``step`` they are still there: ``env.recv(env.num_pending)`` brings the
        slots to rest.
        """
        return self._native.num_pending

    def messages(self, env_id: int) -> list[dict[str, Any]]:
        """The chat of a slot so far: system, user, then assistant and tool messages.

        They stand as the policy wrote and saw them.

        Raises:
            ValueError: There is no such slot, or messages are not kept.
        """
        return self._native.messages(arguments.integer("env_id", env_id))

    def episode(self, env_id: int) -> dict[str, Any] | None:
        """What happened in a slot and what it came to; None before the first reset.

        Returns:
            task_index, task_id, status ("running", "terminated", "truncated"), truncation_reason,
            turn, submission, score, is_correct, answer_reason; ``calls``, a dict each; and once the
            episode is over outcome, reward, process, failure, wrong_answer, ``failures`` (names),
            ``flags`` (name -> bool), ``checks`` and ``criteria`` (name -> score, which is None
            where it does not apply, and reason), with criteria of your own ``custom``.
        """
        env_id = arguments.integer("env_id", env_id)
        episode = self._native.episode(env_id)
        if episode is not None and self._custom is not None:
            self._custom.describe(env_id, episode)
        return episode

    def stats(self) -> dict[str, Any]:
        """Counters since the start: steps, episodes, calls, latencies by tool, mistakes, cache."""
        return self._native.stats()

    def state_dict(self) -> dict[str, Any]:
        """State of the task order, for exact resumption. Running episodes are not part of it."""
        state: dict[str, Any] = json.loads(self._native.sampler_state())
        state["corpus_hash"] = self.corpus.content_hash
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on where ``state_dict`` was taken.

        Raises:
            ValueError: The state belongs to another corpus or another number of slots.
        """
        arguments.instance("state", state, dict, "a dict, as state_dict() returns it,")
        state = dict(state)
        corpus_hash = state.pop("corpus_hash", self.corpus.content_hash)
        if corpus_hash != self.corpus.content_hash:
            raise ValueError(
                f"the state was taken over corpus {corpus_hash[:12]}…, "
                f"this environment has {self.corpus.content_hash[:12]}…"
            )
        self._native.load_sampler_state(json.dumps(state))

    def close(self) -> None:
        """Ends the threads; may be called twice. A recording becomes Parquet.

        Raises:
            OSError: The recording could not be written to its end; `open_run` finds what was.
        """
        self._native.close()

    def __repr__(self) -> str:
        """Corpus and slots."""
        return (
            f"VectorEnv({self.corpus.name!r}, num_envs={self.num_envs}, "
            f"group_size={self.group_size}, num_threads={self.num_threads})"
        )

    def __reduce__(self) -> NoReturn:
        """Refused: threads and running episodes cannot be copied."""
        msg = (
            "a VectorEnv can be neither pickled nor copied: make it in the process that uses it; "
            "state_dict() keeps its place in the order of tasks"
        )
        raise TypeError(msg)

    def __enter__(self) -> VectorEnv:
        """Returns itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes."""
        self.close()


def _seed(name: str, seed: object) -> int | None:
    return None if seed is None else arguments.integer(name, seed)
