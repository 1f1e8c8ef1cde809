"""Tools as the methods of a Python class, as TRL's ``environment_factory`` wants them.

TRL reads a tool's name, arguments and description off a plain Python method. Methods are made here
from the tools of an environment, so that they say what the environment says.
"""

from __future__ import annotations

import inspect
import json
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from finqa_gym.data import Corpus, open_corpus
from finqa_gym.exceptions import FinqaError
from finqa_gym.step_batch import StepBatch
from finqa_gym.vector import VectorEnv

__all__ = ["ToolEnv", "ToolEnvs", "answer_reward"]

BLOCK = 64
"""Slots of an environment that instances share."""
TYPES: dict[str, Any] = {
    "string": str,
    "number": float,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}
"""Python's types of JSON Schema's."""


class ToolEnvs:
    """An ``environment_factory`` of ``trl.GRPOTrainer``: makes the environments of rollouts.

    Can be pickled, as TRL's asynchronous trainer needs it: every process has slots of its own.

    Args:
        corpus: A name that the command line takes ("synthetic", a path), or a `Corpus` that knows
            its source.
        **env_options: Options of `VectorEnv`. With ``tool_profile="openenv"`` an answer is a tool
            call; with the others it is the last message, which `answer_reward` hands over.

    Example:
        >>> env = ToolEnvs("synthetic", tool_profile="openenv")()
        >>> [name for name in dir(type(env)) if not name.startswith("_")]
        ['get_descriptions', 'get_table_info', 'reset', 'sql_query', 'submit_answer']
    """

    def __init__(self, corpus: str | Corpus = "synthetic", **env_options: Any) -> None:
        """See the class."""
        if isinstance(corpus, Corpus):
            if corpus.source is None:
                raise ValueError(
                    f"corpus {corpus.name!r} does not know where it comes from; give its path"
                )
            self._source: Any = corpus.source
        else:
            self._source = corpus
        self._options = {"num_threads": 1} | env_options

    def __call__(self) -> ToolEnv:
        """An environment for one rollout at a time; it is used again after ``reset``."""
        key = json.dumps([self._source, self._options], sort_keys=True, default=repr)
        with _lock:
            slots = _slots.get(key)
            if slots is None:
                slots = _slots[key] = _Slots(self._open(), self._options)
        return slots.env_class(slots)

    def _open(self) -> Corpus:
        if isinstance(self._source, str):
            return open_corpus(self._source)
        from finqa_gym.data.opening import corpus_from_source

        return corpus_from_source(self._source)


class ToolEnv:
    """A rollout's environment. The class that TRL sees adds a method for each tool.

    An ended episode answers every call with an error, which TRL shows to the model; a fault of ours
    is raised again by `answer_reward`.
    """

    def __init__(self, slots: _Slots) -> None:
        """Use `ToolEnvs`."""
        self._slots = slots
        self._env, self._slot, self._in_block = slots.take()
        self._ended: StepBatch | None = None
        self._fault: FinqaError | None = None
        weakref.finalize(self, slots.give_back, self._env, self._slot)

    def reset(self, *, task_id: str, **_: Any) -> None:
        """Begins the row's task.

        Args:
            task_id: Column of the dataset.
        """
        self._ended = self._fault = None
        mask = np.arange(self._env.num_envs) == self._slot
        with self._in_block:
            self._env.reset(task_ids=[task_id], reset_mask=mask)

    def _call(self, name: str, arguments: dict[str, Any]) -> str:
        if self._ended is not None:
            raise RuntimeError("The episode is over. Stop calling tools.")
        function = {"name": name, "arguments": json.dumps(arguments)}
        calls = [{"id": "call_0", "type": "function", "function": function}]
        batch = self._step({"role": "assistant", "content": "", "tool_calls": calls})
        return batch.observations[0]

    def _step(self, action: Any) -> StepBatch:
        try:
            with self._in_block:
                batch = self._env.step([action], env_ids=[self._slot])
        except FinqaError as error:
            self._fault = error
            raise
        if batch.terminated[0] or batch.truncated[0]:
            self._ended = batch
        return batch

    def _finish(self, last_message: str) -> StepBatch:
        """Hands the last message over, if the episode still runs, and ends it."""
        if self._fault is not None:
            raise self._fault
        if self._ended is None and last_message.strip():
            self._step(last_message)
        if self._ended is None:
            with self._in_block:
                self._ended = self._env.truncate([self._slot])
        return self._ended


class _Slots:
    """Slots for as many rollouts as TRL has at a time, in blocks."""

    def __init__(self, corpus: Corpus, options: dict[str, Any]) -> None:
        self._corpus, self._options = corpus, options
        self._free: list[tuple[VectorEnv, int, threading.Lock]] = []
        self._locks: dict[int, threading.Lock] = {}
        self._lock = threading.Lock()
        with VectorEnv(corpus, 1, **options) as sample:
            self.env_class = _class_with(sample.tools)

    def take(self) -> tuple[VectorEnv, int, threading.Lock]:
        with self._lock:
            if not self._free:
                env = VectorEnv(self._corpus, BLOCK, **self._options)
                # A step wants all slots of its environment at rest.
                lock = self._locks[id(env)] = threading.Lock()
                self._free = [(env, slot, lock) for slot in reversed(range(BLOCK))]
            return self._free.pop()

    def give_back(self, env: VectorEnv, slot: int) -> None:
        with self._lock:
            self._free.append((env, slot, self._locks[id(env)]))


_slots: dict[str, _Slots] = {}
_lock = threading.Lock()


def _class_with(tools: Sequence[dict[str, Any]]) -> type[ToolEnv]:
    methods = {tool["function"]["name"]: _method(tool["function"]) for tool in tools}
    return type("ToolEnv", (ToolEnv,), {"__module__": __name__} | methods)


def _method(tool: dict[str, Any]) -> Callable[..., str]:
    """A method that calls a tool, with the signature and docstring that TRL reads."""
    name, schema = tool["name"], tool["parameters"]
    required = schema.get("required", [])
    parameters, lines = [], []
    for key, value in schema["properties"].items():
        kind = TYPES[value.get("type", "string")]
        default = inspect.Parameter.empty if key in required else None
        keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
        annotation = kind if key in required else kind | None
        parameters.append(inspect.Parameter(key, keyword, default=default, annotation=annotation))
        lines.append(f"    {key}: {_one_line(value.get('description', key))}")
    # Arguments with a default stand behind those without.
    parameters.sort(key=lambda each: each.default is not inspect.Parameter.empty)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.Signature([own, *parameters], return_annotation=str)

    def call(self: ToolEnv, *args: Any, **kwargs: Any) -> str:
        # Binding raises TypeError for arguments that do not fit; TRL shows it to the model.
        given = signature.bind(self, *args, **kwargs).arguments
        return self._call(name, {key: value for key, value in given.items() if key != "self"})

    call.__name__ = call.__qualname__ = name
    call.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": str}
    call.__doc__ = "\n".join([_one_line(tool["description"]), "", "Args:", *lines])
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _one_line(text: str) -> str:
    return " ".join(text.split())


def answer_reward(
    completions: Sequence[Any],
    environments: Sequence[ToolEnv],
    log_metric: Any = None,
    **_: Any,
) -> list[float | None]:
    """Rewards of rollouts whose tools TRL has called; a reward function of ``GRPOTrainer``.

    The last message of a rollout that still runs is its answer; without one it is truncated.

    Returns:
        The rewards; None where a fault of the machine ended an episode.

    Raises:
        FinqaError: An environment failed; TRL has shown the error to the model and gone on.
    """
    rewards: list[float | None] = []
    flags: list[Any] = []
    for completion, env in zip(completions, environments, strict=True):
        batch = env._finish(_last_text(completion))
        reason = env._env.truncation_reasons[int(batch.infos["truncation_reason"][0])]
        faulty = reason.startswith("infra_") or reason == "worker_panic"
        rewards.append(None if faulty else float(batch.rewards[0]))
        flags.append(batch.infos["flags"][0])
    if log_metric is not None and flags:
        means = np.mean(flags, axis=0)
        names = environments[0]._env.rubric_schema.flags
        for name, mean in zip(names, means.tolist(), strict=True):
            log_metric(f"behaviour/{name}", mean)
    return rewards


def _last_text(completion: Any) -> str:
    if isinstance(completion, str):
        return completion
    for message in reversed(completion):
        if message["role"] == "assistant":
            return str(message.get("content") or "")
    return ""
