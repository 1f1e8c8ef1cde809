"""Batched rollouts: one generation batch and one environment step per turn."""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finqa_gym.rubrics import RubricSchema
from finqa_gym.step_batch import EPISODE_COLUMNS, StepBatch
from finqa_gym.train.codec import ChatCodec, Turn
from finqa_gym.train.sampling import Sampled, Sampler
from finqa_gym.vector import VectorEnv

__all__ = ["Limits", "Rollout", "RolloutBatch", "Timing", "play_slots", "rollout"]

Messages = list[dict[str, Any]]
"""Tool messages of a turn."""
YOUNG = 500_000
"""New objects between two looks for cycles; a step makes less than ten."""
ENDED_COLUMNS = (*EPISODE_COLUMNS, "score", "num_calls", "num_errors", "truncation_reason")


@dataclass(frozen=True)
class Limits:
    """Tokens that an episode may use.

    Attributes:
        message_tokens: Of one message of the policy. A longer one is cut, which the environment is
            told (finish reason "length").
        episode_tokens: Of all messages and tool results behind the prompt. An episode that has no
            room for another message ends as truncated, reason "token_limit".
    """

    message_tokens: int = 256
    episode_tokens: int = 2048

    def __post_init__(self) -> None:
        """Ranges."""
        if self.message_tokens < 1:
            raise ValueError(f"message_tokens is {self.message_tokens}; it must be at least 1")
        if self.episode_tokens < self.message_tokens:
            raise ValueError(
                f"episode_tokens is {self.episode_tokens}; it must be at least message_tokens, "
                f"{self.message_tokens}"
            )


@dataclass(slots=True)
class Rollout:
    """An episode as a trainer wants it.

    Attributes:
        task_index: Its task.
        prompt_ids: Ids of the prompt.
        reward: What the episode earned.
        num_turns: Messages of the policy.
        num_tokens: Ids behind the prompt.
        cut: The last message had no stop token, or the episode ended for want of tokens.
        faulty: A fault of the machine ended it, so that the reward says nothing about the policy.
    """

    task_index: int
    prompt_ids: list[int]
    reward: float = 0.0
    num_turns: int = 0
    num_tokens: int = 0
    cut: bool = False
    faulty: bool = False
    # (ids, log-probabilities; None if they came from the environment), put together when asked for.
    _parts: list[tuple[list[int], list[float] | None]] = field(default_factory=list, repr=False)

    @property
    def completion_ids(self) -> list[int]:
        """Ids behind the prompt: messages and what the environment answered.

        Nothing follows the last message.
        """
        return [token for ids, _ in self._parts for token in ids]

    @property
    def mask(self) -> list[int]:
        """For each id behind the prompt 1 if the policy sampled it, 0 if the environment did."""
        parts = ([int(logprobs is not None)] * len(ids) for ids, logprobs in self._parts)
        return list(itertools.chain.from_iterable(parts))

    @property
    def logprobs(self) -> list[float]:
        """For each id behind the prompt its log-probability when sampled; 0.0 where mask is 0."""
        parts = (
            [0.0] * len(ids) if logprobs is None else logprobs for ids, logprobs in self._parts
        )
        return list(itertools.chain.from_iterable(parts))

    @property
    def num_sampled(self) -> int:
        """Ids that the policy sampled."""
        return sum(len(ids) for ids, logprobs in self._parts if logprobs is not None)

    def _append_message(self, sampled: Sampled) -> None:
        self._parts.append((sampled.ids, sampled.logprobs))
        self.num_tokens += len(sampled.ids)
        self.num_turns += 1
        self.cut = not sampled.stopped

    def _append_observation(self, ids: list[int]) -> None:
        self._parts.append((ids, None))
        self.num_tokens += len(ids)


@dataclass
class Timing:
    """Seconds of a batch of rollouts, and what was done in them.

    Attributes:
        generation_s: In the sampler.
        env_s: In the environment: reset, step and waiting for it.
        text_s: Encoding and decoding.
        total_s: From reset to the last episode's end.
        num_steps: Messages handled by the environment.
        num_sampled: Tokens sampled.
    """

    generation_s: float = 0.0
    env_s: float = 0.0
    text_s: float = 0.0
    total_s: float = 0.0
    num_steps: int = 0
    num_sampled: int = 0

    def __add__(self, other: Timing) -> Timing:
        """Sums."""
        return Timing(*(a + b for a, b in zip(self._all(), other._all(), strict=True)))

    def _all(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__dataclass_fields__)

    @property
    def env_share(self) -> float:
        """Share of the time that went to the environment."""
        return self.env_s / self.total_s if self.total_s else 0.0


@dataclass
class RolloutBatch:
    """Episodes of a batch.

    Attributes:
        rollouts: One a slot, in slot order.
        infos: Columns of the steps in which episodes ended (`step_batch.EPISODE_COLUMNS`), one row
            a slot.
        timing: What took how long.
        schema: Names behind the columns of infos.
    """

    rollouts: list[Rollout]
    infos: dict[str, NDArray[Any]]
    timing: Timing
    schema: RubricSchema

    @property
    def rewards(self) -> NDArray[np.float64]:
        """Rewards, ``(n,)``."""
        return np.array([each.reward for each in self.rollouts])

    @property
    def flag_means(self) -> dict[str, float]:
        """Share of episodes with each flag, by its name."""
        flags = self.infos["flags"]
        return {name: float(flags[:, i].mean()) for i, name in enumerate(self.schema.flags)}

    @property
    def check_means(self) -> dict[str, float]:
        """Mean of each check over the episodes where it applies; those without one are not in."""
        scores = self.infos["check_score"]
        return {
            name: float(np.nanmean(scores[:, column]))
            for column, name in enumerate(self.schema.checks)
            if np.isfinite(scores[:, column]).any()
        }


def rollout(
    env: VectorEnv,
    codec: ChatCodec,
    sampler: Sampler,
    *,
    task_ids: Sequence[str | int] | None = None,
    limits: Limits = Limits(),
    on_turn: Callable[[int, int], None] = lambda *_: None,
) -> RolloutBatch:
    """Plays one episode in every slot of ``env``.

    In each turn the sampler generates the next message of all live chats, and the environment takes
    them in one call. Ended episodes leave both. The environment works on its own threads while the
    tokens of the turn are put down here.

    Args:
        env: The environment, with autoreset off and at rest.
        codec: Of the sampler's tokenizer.
        sampler: What generates.
        task_ids: A task for each group of slots; None draws the next ones.
        limits: Tokens that episodes may use.
        on_turn: Called after each turn with the numbers of episodes and of those that go on.

    Returns:
        The episodes, exactly as they were sampled.

    Example:
        >>> import finqa_gym
        >>> from finqa_gym.train.small_model import make_model, make_tokenizer
        >>> from finqa_gym.train.sampling import TransformersSampler
        >>> corpus = finqa_gym.synthetic(0, finqa_gym.SynthConfig.preset("tiny"))
        >>> env = finqa_gym.VectorEnv(corpus, 4, group_size=2, tool_profile="compact")
        >>> tokenizer = make_tokenizer([env.system_prompt])
        >>> codec = ChatCodec(tokenizer)
        >>> sampler = TransformersSampler(make_model(tokenizer), codec.stop_ids)
        >>> batch = rollout(env, codec, sampler, limits=Limits(8, 64))
        >>> [len(each.mask) == len(each.completion_ids) for each in batch.rollouts]
        [True, True, True, True]
    """
    if env.autoreset_mode != "disabled":
        raise ValueError(
            f"env has autoreset_mode {env.autoreset_mode!r}; rollouts need 'disabled', so that an "
            "ended episode stays ended"
        )
    began = time.perf_counter()
    observations, infos = env.reset(task_ids=task_ids)
    reset_s = time.perf_counter() - began
    encoding = time.perf_counter()
    prompts = codec.prompts(env.system_prompt, observations)
    encode_s = time.perf_counter() - encoding
    batch = play_slots(
        env,
        codec,
        sampler,
        infos["env_id"],
        prompts,
        infos["task_index"],
        limits=limits,
        on_turn=on_turn,
    )
    batch.timing.env_s += reset_s
    batch.timing.text_s += encode_s
    batch.timing.total_s += reset_s + encode_s
    return batch


def play_slots(
    env: VectorEnv,
    codec: ChatCodec,
    sampler: Sampler,
    env_ids: NDArray[np.int32],
    prompts: Sequence[list[int]],
    task_indices: NDArray[np.int32],
    *,
    limits: Limits = Limits(),
    on_turn: Callable[[int, int], None] = lambda *_: None,
    disturb: Callable[[Messages], Messages] | None = None,
) -> RolloutBatch:
    """Plays running slots to the ends of their episodes; like `rollout`.

    Args:
        env: The environment.
        codec: Of the sampler's tokenizer.
        sampler: What generates.
        env_ids: The slots.
        prompts: Ids of their chats so far, which end with the header of the next message.
        task_indices: Their tasks.
        limits: Tokens that episodes may use.
        on_turn: Called after each turn with the numbers of episodes and of those that go on.
        disturb: What the policy sees in the place of its tool messages, to try how it copes.

    Returns:
        The episodes, in the order of ``env_ids``.
    """
    clock = _Clock()
    rollouts = {
        slot: Rollout(task, ids)
        for slot, ids, task in zip(env_ids.tolist(), prompts, task_indices.tolist(), strict=True)
    }
    sampler.start()
    ended = _Ended(env, list(rollouts))
    live = sorted(rollouts)
    new_ids = [rollouts[slot].prompt_ids for slot in live]
    with _few_collections():
        while live:
            playing = [rollouts[slot] for slot in live]
            room = [limits.episode_tokens - each.num_tokens for each in playing]
            sampled = sampler.turn(live, new_ids, [min(limits.message_tokens, n) for n in room])
            clock.lap("generation_s")
            texts = codec.texts([each.ids for each in sampled])
            counts = [
                (len(each.prompt_ids) + each.num_tokens, len(said.ids))
                for each, said in zip(playing, sampled, strict=True)
            ]
            reasons = ["stop" if said.stopped else "length" for said in sampled]
            clock.lap("text_s")
            env.send(texts, live, finish_reasons=reasons, num_tokens=counts)
            clock.lap("env_s")
            for each, said in zip(playing, sampled, strict=True):
                each._append_message(said)
            clock.lap("text_s")
            batch = env.recv(len(live))
            clock.lap("env_s")
            clock.timing.num_steps += len(live)
            clock.timing.num_sampled += sum(length for _, length in counts)
            ended.note(batch, rollouts)
            live, new_ids, full = _observed(codec, batch, rollouts, limits, disturb)
            clock.lap("text_s")
            if full:
                ended.note(env.truncate(full), rollouts)
                clock.lap("env_s")
            on_turn(len(rollouts), len(live))
    return RolloutBatch(list(rollouts.values()), ended.columns, clock.stop(), env.rubric_schema)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Keeps Python's collector of cycles out of the way while episodes are played.

    What a batch of rollouts makes lives until it is trained on. A collector that goes through it
    again and again takes half as long as the environment.
    """
    young, *older = gc.get_threshold()
    gc.set_threshold(max(young, YOUNG) if young else 0, *older)
    try:
        yield
    finally:
        gc.set_threshold(young, *older)


class _Clock:
    """Puts the time since the last lap to the account of a part."""

    def __init__(self) -> None:
        self.timing = Timing()
        self._began = self._mark = time.perf_counter()

    def lap(self, part: str) -> None:
        now = time.perf_counter()
        setattr(self.timing, part, getattr(self.timing, part) + now - self._mark)
        self._mark = now

    def stop(self) -> Timing:
        self.timing.total_s = time.perf_counter() - self._began
        return self.timing


def _observed(
    codec: ChatCodec,
    batch: StepBatch,
    rollouts: dict[int, Rollout],
    limits: Limits,
    disturb: Callable[[Messages], Messages] | None,
) -> tuple[list[int], list[list[int]], list[int]]:
    """Slots that go on, what each saw, and slots that have no room for another message."""
    over = batch.terminated | batch.truncated
    rows = np.argsort(batch.env_ids)
    rows = rows[~over[rows]]
    slots = batch.env_ids[rows].tolist()
    playing = [rollouts[slot] for slot in slots]
    turns = _turns(codec, batch, rows.tolist(), disturb)
    seen = codec.observations(turns, [not each.cut for each in playing])
    live, new_ids, full = [], [], []
    for slot, each, ids in zip(slots, playing, seen, strict=True):
        if each.num_tokens + len(ids) < limits.episode_tokens:
            each._append_observation(ids)
            live.append(slot)
            new_ids.append(ids)
        else:
            each.cut = True
            full.append(slot)
    return live, new_ids, full


def _turns(
    codec: ChatCodec,
    batch: StepBatch,
    rows: list[int],
    disturb: Callable[[Messages], Messages] | None,
) -> list[Turn]:
    """What the tools said; messages are only made where that is not enough."""
    turns: list[Turn | None] = [None] * len(rows)
    if disturb is None:
        results = batch.tool_results(rows)
        framed = {name: codec.is_framed(name) for name in {each[0] for each in results if each}}
        turns = [each if each and framed[each[0]] else None for each in results]
    if None in turns:
        messages = batch.messages
        for place, row in enumerate(rows):
            if turns[place] is None:
                turns[place] = messages[row] if disturb is None else disturb(messages[row])
    return [turn for turn in turns if turn is not None]


class _Ended:
    """Infos of ended episodes, in the order of their slots."""

    def __init__(self, env: VectorEnv, slots: list[int]) -> None:
        self.columns: dict[str, NDArray[Any]] = {}
        self._reasons = env.truncation_reasons
        self._rows = {slot: row for row, slot in enumerate(slots)}

    def note(self, batch: StepBatch, rollouts: dict[int, Rollout]) -> None:
        """Rewards and infos of the episodes that ended in ``batch``."""
        over = np.flatnonzero(batch.terminated | batch.truncated)
        if not len(over):
            return
        slots = batch.env_ids[over].tolist()
        for row, slot in zip(over.tolist(), slots, strict=True):
            rollouts[slot].reward = float(batch.rewards[row])
            reason = self._reasons[int(batch.infos["truncation_reason"][row])]
            rollouts[slot].faulty = reason.startswith("infra_") or reason == "worker_panic"
        rows = [self._rows[slot] for slot in slots]
        for name in ENDED_COLUMNS:
            column = batch.infos.get(name)
            if column is None:
                continue
            if name not in self.columns:
                self.columns[name] = np.zeros((len(self._rows), *column.shape[1:]), column.dtype)
            self.columns[name][rows] = column[over]
