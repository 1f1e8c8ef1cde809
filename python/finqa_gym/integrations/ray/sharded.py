"""`ShardedVectorEnv`: the API of `VectorEnv`, the slots in Ray actors."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NoReturn

import numpy as np
import ray
from numpy.typing import NDArray

from finqa_gym import arguments, recording
from finqa_gym.criteria import PythonCriterion
from finqa_gym.data import Corpus
from finqa_gym.integrations.ray.checks import (
    check_picklable,
    mask_of,
    seconds,
    seeds_of,
    slots_per_shard,
    task_indices,
)
from finqa_gym.integrations.ray.pool import ShardPool
from finqa_gym.integrations.ray.shard import Plan
from finqa_gym.integrations.ray.slots import Slots, TaskOrder
from finqa_gym.integrations.ray.totals import total
from finqa_gym.integrations.ray.traffic import Traffic
from finqa_gym.rubrics import RubricSchema, RubricText, rubric_option
from finqa_gym.step_batch import StepBatch
from finqa_gym.tools import UserTool
from finqa_gym.vector import Action, VectorEnv

__all__ = ["ShardedVectorEnv"]


class ShardedVectorEnv:
    """N slots in K Ray actors, used like one `VectorEnv`.

    Slots ``k * N / K`` to ``(k + 1) * N / K`` are those of shard ``k``; ``env_ids`` count through
    all shards. With the same seed the same tasks come in the same slots as in a `VectorEnv` with N
    slots, and the same actions give the same rows.

    A shard whose process or node dies is made again. Each of its running episodes is reported as a
    row of its own slot's next (or pending) action: ``truncated``, reward 0, reason
    "infra_backend", failure "infra_fault", and the cause in ``infos["infra_error"]``. The slot is
    over then, and a reset starts it in the new shard. What `VectorEnv` calls, episodes of other
    shards go on.

    Args:
        corpus: Data, made again in every shard from `Corpus.source`: files must be at the same path
            on every node. None is `finqa_gym.synthetic()`.
        num_envs: Slots of all shards; those of a shard are divisible by ``group_size``.
        num_shards: Actors.
        group_size: Consecutive slots that get the same task.
        num_threads: Worker threads of each shard, for which as many CPUs are asked of Ray.
        autoreset_mode: "disabled" or "next_step". "same_step" is not offered: the row that reports
            a lost episode would have to hold the prompt of the next one.
        tools: As for `VectorEnv`; they run in the shards, so they must be picklable by Ray.
        criteria: Likewise.
        rubrics: As for `VectorEnv`; a file is read here.
        record: Folder with a run for each shard: ``shard-0``, ``shard-1``, …, and
            ``shard-1-rebuilt-1`` once shard 1 was made again. On the disk of the node that the
            shard runs on.
        placement: "SPREAD" over nodes, "DEFAULT", or one of Ray's scheduling strategies.
        actor_options: Further options of the Ray actors, such as ``{"resources": {"cpu": 1}}``.
        timeout_s: How long a shard may take for a call before ``on_timeout`` happens.
        start_timeout_s: How long it may take to start, the wait for free CPUs included.
        on_timeout: "raise" a `ShardTimeoutError` (results stay under way), or "rebuild" the shard
            and report its episodes with the reason "infra_timeout".
        max_rebuilds: Shards that are made again at most, over the life of the environment.
        **options: Further arguments of `VectorEnv`, the same for all shards.

    If Ray was not initialised, ``ray.init()`` is called without arguments; else what is there is
    used as it is. Ray is never shut down here.

    Raises:
        ValueError: A value that cannot work; the text names it and says what would.
        DataError: A shard finds another corpus than the driver.
        ShardTimeoutError: A shard did not start, for want of CPUs, say.

    Example:
        >>> with ShardedVectorEnv(num_envs=8, num_shards=2, group_size=4) as env:
        ...     observations, infos = env.reset(seed=1)
        ...     batch = env.step(["FINAL ANSWER: 42"] * 8)
        >>> observations[0] == observations[3], bool(batch.terminated.all())
        (True, True)
    """

    def __init__(
        self,
        corpus: Corpus | None = None,
        num_envs: int = 2,
        *,
        num_shards: int = 2,
        group_size: int = 1,
        num_threads: int = 1,
        autoreset_mode: Literal["disabled", "next_step"] = "disabled",
        tools: Sequence[UserTool] = (),
        criteria: Sequence[PythonCriterion] = (),
        rubrics: Any = None,
        record: Any = None,
        placement: Any = "SPREAD",
        actor_options: Mapping[str, Any] | None = None,
        timeout_s: float = 600.0,
        start_timeout_s: float = 600.0,
        on_timeout: Literal["raise", "rebuild"] = "raise",
        max_rebuilds: int = 16,
        **options: Any,
    ) -> None:
        self.num_envs = arguments.integer("num_envs", num_envs, least=1)
        self.num_shards = arguments.integer("num_shards", num_shards, least=1)
        self.group_size = arguments.integer("group_size", group_size, least=1)
        self.num_threads = arguments.integer("num_threads", num_threads, least=1)
        per_shard = slots_per_shard(self.num_envs, self.num_shards, self.group_size)
        if autoreset_mode not in ("disabled", "next_step"):
            msg = (
                f'autoreset_mode is {autoreset_mode!r}; a sharded environment has "disabled" and '
                '"next_step"'
            )
            raise ValueError(msg)
        self.autoreset_mode = autoreset_mode
        timeout_s = seconds("timeout_s", timeout_s)
        start_timeout_s = seconds("start_timeout_s", start_timeout_s)
        if on_timeout not in ("raise", "rebuild"):
            raise ValueError(f'on_timeout is {on_timeout!r}; "raise" or "rebuild" is needed')
        max_rebuilds = arguments.integer("max_rebuilds", max_rebuilds)
        recorded = recording.checked(record)
        if recorded is not None:  # actors have another working directory
            recorded = dataclasses.replace(recorded, path=Path(recorded.path).resolve())
        given = rubric_option(rubrics)
        options |= {
            "group_size": self.group_size,
            "autoreset_mode": autoreset_mode,
            "tools": tools,
            "criteria": criteria,
            "rubrics": None if given is None else RubricText(*given),
        }
        # Plays nothing: it says what is wrong with the options before a process is started, and
        # knows prompts, tools and the seeds of the order of tasks.
        self._template = VectorEnv(corpus, self.num_envs, num_threads=1, **options)
        self.corpus = self._template.corpus
        if self.corpus.source is None:
            raise ValueError(
                f"it is not known how corpus {self.corpus.name!r} was made, so shards cannot make "
                "it again: save() it and load() it from a path that every node has"
            )
        check_picklable("tools", tools)
        check_picklable("criteria", criteria)
        self.reward = self._template.reward
        self.system_prompt: str = self._template.system_prompt
        """System prompt for chat templates."""
        self.tools: list[dict[str, Any]] = self._template.tools
        """Tools in OpenAI form, for chat templates."""
        self.error_codes: list[str] = self._template.error_codes
        """Names of ``infos["error_code"]``."""
        self.truncation_reasons: list[str] = self._template.truncation_reasons
        """Names of ``infos["truncation_reason"]``."""
        self.rubric_schema: RubricSchema = self._template.rubric_schema
        """Names behind the columns of scores in infos."""
        self.max_turns: int = self._template.max_turns
        # `ScriptedPolicy` reads tools and tasks from it.
        self._native = self._template._native
        order = TaskOrder(self._template)
        slots = Slots(self.num_envs, per_shard, restarts=autoreset_mode == "next_step")
        if not ray.is_initialized():
            ray.init()
        plan = Plan(
            self.corpus.source,
            self.corpus.content_hash,
            self.num_envs,
            options | {"num_threads": self.num_threads},
            recorded,
        )
        self._pool = ShardPool(
            plan,
            self.num_shards,
            actor_options={
                "num_cpus": self.num_threads,
                "scheduling_strategy": placement,
                "max_concurrency": 1,
                "max_restarts": 0,
                **(actor_options or {}),
            },
            timeout_s=timeout_s,
            start_timeout_s=start_timeout_s,
            on_timeout=on_timeout,
            max_rebuilds=max_rebuilds,
            state=order.state,
            on_lost=slots.lose,
        )
        self._order = order
        self._traffic = Traffic(self._pool, slots, order, self._template)

    def reset(
        self,
        task_ids: Sequence[str | int] | None = None,
        seed: int | Sequence[int | None] | None = None,
        reset_mask: NDArray[np.bool_] | Sequence[bool] | None = None,
    ) -> tuple[list[str], dict[str, Any]]:
        """As `VectorEnv.reset`; a shard that dies meanwhile is made again and reset.

        Args:
            task_ids: One task (id or position) for each group to reset; None draws the next ones.
            seed: Starts the task order again; a sequence gives every slot an order of its own.
            reset_mask: ``bool (num_envs,)``; None resets every slot.
        """
        self._pool.check_open()
        mask = mask_of(reset_mask, self.num_envs)
        chosen = np.flatnonzero(mask).astype(np.int32)
        tasks = None
        if task_ids is not None:
            num_groups = len(np.unique(chosen // self.group_size))
            all_groups = self.num_envs // self.group_size
            tasks = task_indices(self.corpus, task_ids, num_groups, all_groups)
        batch = self._traffic.reset(chosen, tasks, seeds_of(seed))
        return batch.observations, batch.infos

    def step(
        self,
        actions: Sequence[Action],
        finish_reasons: Sequence[str | None] | None = None,
        *,
        env_ids: NDArray[np.int32] | Sequence[int] | None = None,
        num_tokens: Sequence[int | tuple[int | None, int | None] | None] | None = None,
    ) -> StepBatch:
        """As `VectorEnv.step`: a row for each slot, in slot order, also of those that were lost."""
        self._pool.check_open()
        if self.num_pending:
            self._traffic.slots.check_rest(np.arange(self.num_envs, dtype=np.int32))  # raises
        calls, lost = self._traffic.act(actions, env_ids, finish_reasons, num_tokens)
        return self._traffic.rows_of(calls, lost)

    def send(
        self,
        actions: Sequence[Action],
        env_ids: NDArray[np.int32] | Sequence[int] | None = None,
        *,
        finish_reasons: Sequence[str | None] | None = None,
        num_tokens: Sequence[int | tuple[int | None, int | None] | None] | None = None,
    ) -> None:
        """As `VectorEnv.send`: one call for each shard, which answers for all its slots at once."""
        self._pool.check_open()
        self._traffic.send(actions, env_ids, finish_reasons, num_tokens)

    def recv(self, batch_size: int | None = None, *, or_more: bool = False) -> StepBatch:
        """As `VectorEnv.recv`: results in the order in which shards finish their calls.

        Args:
            batch_size: Number of rows; None is ``num_envs``.
            or_more: Take what else has arrived, too.

        Raises:
            ValueError: Fewer results are under way.
            ShardTimeoutError: No shard answered in time.
            Exception: What a tool or criterion of the user raised in a shard; the rows of that call
                are lost to the caller, all others stay.
        """
        self._pool.check_open()
        wanted = self.num_envs if batch_size is None else batch_size
        wanted = arguments.integer("batch_size", wanted)
        return self._traffic.recv(wanted, or_more=or_more)

    def truncate(self, env_ids: NDArray[np.int32] | Sequence[int]) -> StepBatch:
        """As `VectorEnv.truncate`; waits for what the shards of these slots have under way."""
        self._pool.check_open()
        return self._traffic.truncate(env_ids)

    @property
    def policy(self) -> str:
        """Who acts: a name for the records of the episodes that end from now on."""
        return self._pool.policy[0]

    @policy.setter
    def policy(self, name: str) -> None:
        self._set_policy(arguments.text("policy", name), self.policy_step)

    @property
    def policy_step(self) -> int | None:
        """Step of the policy's training, for learning curves; like ``policy``."""
        return self._pool.policy[1]

    @policy_step.setter
    def policy_step(self, step: int | None) -> None:
        step = None if step is None else arguments.integer("policy_step", step, below=2**63)
        self._set_policy(self.policy, step)

    def _set_policy(self, name: str, step: int | None) -> None:
        self._pool.policy = (name, step)
        self._ask_all("set_policy", name, step)

    def _ask_all(self, method: str, *values: Any) -> list[Any]:
        calls = [self._pool.call(shard, method, *values) for shard in range(self.num_shards)]
        return self._pool.answers(calls)

    @property
    def num_pending(self) -> int:
        """Results of ``send`` that were not yet received; what ``recv`` can take at most."""
        return self._traffic.slots.num_pending

    @property
    def process_ids(self) -> list[int | None]:
        """Process of each shard on its node; None of one that is being made again."""
        return self._pool.process_ids

    def messages(self, env_id: int) -> list[dict[str, Any]]:
        """As `VectorEnv.messages`; empty for an episode that went with its shard."""
        return list(self._ask_slot("messages", env_id))

    def episode(self, env_id: int) -> dict[str, Any] | None:
        """As `VectorEnv.episode`; None for an episode that went with its shard."""
        episode: dict[str, Any] | None = self._ask_slot("episode", env_id)
        return episode

    def _ask_slot(self, method: str, env_id: int) -> Any:
        self._pool.check_open()
        slot = arguments.integer("env_id", env_id)
        if slot >= self.num_envs:
            msg = f"env {slot} does not exist; there are {self.num_envs} envs"
            raise ValueError(msg)
        slots = np.array([slot], np.int32)
        self._traffic.slots.check_rest(slots)
        shard = int(self._traffic.slots.shards_of(slots)[0])
        [answer] = self._pool.answers([self._pool.call(shard, method, slot)])
        return answer

    def stats(self) -> dict[str, Any]:
        """Counters of all shards, as `VectorEnv.stats` has them, and what happened to shards.

        Counters of a shard that died went with it. Its lost episodes are counted as truncated and
        as faults once they were reported. Quantiles of latencies are those of the slowest shard.

        Returns:
            Besides: ``num_shards``, ``num_rebuilt_shards``, ``num_lost_episodes``, and ``shards``,
            the counters of each.
        """
        shards = self._ask_all("stats")
        stats = total(shards)
        stats["episodes_truncated"] += self._traffic.num_lost
        stats["infra_faults"] += self._traffic.num_lost
        return stats | {
            "num_shards": self.num_shards,
            "num_rebuilt_shards": self._pool.num_rebuilds,
            "num_lost_episodes": self._traffic.num_lost,
            "shards": shards,
        }

    def state_dict(self) -> dict[str, Any]:
        """As `VectorEnv.state_dict`, which takes it, too."""
        return self._order.state()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """As `VectorEnv.load_state_dict`.

        Raises:
            ValueError: The state belongs to another corpus or another number of slots.
        """
        self._pool.check_open()
        self._order.load(state)
        self._ask_all("load_state", json.loads(json.dumps(state)))

    def close(self) -> None:
        """Ends the actors; may be called twice. Recordings become Parquet. Ray stays."""
        self._pool.close()

    def __repr__(self) -> str:
        """Corpus, slots and shards."""
        return (
            f"ShardedVectorEnv({self.corpus.name!r}, num_envs={self.num_envs}, "
            f"num_shards={self.num_shards}, group_size={self.group_size}, "
            f"num_threads={self.num_threads})"
        )

    def __reduce__(self) -> NoReturn:
        """Refused: two drivers would mix up the slots."""
        msg = (
            "a ShardedVectorEnv can be neither pickled nor copied: make it in the process that "
            "uses it; state_dict() keeps its place in the order of tasks"
        )
        raise TypeError(msg)

    def __enter__(self) -> ShardedVectorEnv:
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
