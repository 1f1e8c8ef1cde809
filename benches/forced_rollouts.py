"""Rollouts whose policy is dictated, and a look at what a trainer is given; for `systems_proof`."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import finqa_gym
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.rollout import RolloutBatch
from finqa_gym.train.sampling import TransformersSampler
from finqa_gym.train.tool_rollout import ToolRollout
from finqa_gym.train.world import World

Chat = list[dict[str, Any]]
Parts = list[tuple[str, int]]


def played(world: World, tasks: list[str], seed: int) -> list[Chat]:
    """Chats of scripts: gold in even slots, `guess` in odd ones."""
    with world.env(len(tasks), split=world.settings.split) as env:
        scripts = [finqa_gym.ScriptedPolicy(name, env, seed) for name in ("gold", "guess")]
        observations, infos = env.reset(task_ids=tasks)
        for script in scripts:
            script.reset(infos["env_id"], infos["task_index"])
        seen = dict(zip(infos["env_id"].tolist(), observations, strict=True))
        while seen:
            said: dict[int, str] = {}
            for parity, script in enumerate(scripts):
                live = [slot for slot in seen if slot % 2 == parity]
                if live:
                    texts = script.act(live, [seen[slot] for slot in live])
                    said |= dict(zip(live, texts, strict=True))
            batch = env.step(list(said.values()), env_ids=list(said))
            slots, observations = batch.running()
            seen = dict(zip(slots.tolist(), observations, strict=True))
        return [env.messages(slot) for slot in range(len(tasks))]


def said_in(chat: Chat) -> list[str]:
    """The policy's messages."""
    return [message["content"] for message in chat if message["role"] == "assistant"]


def wanted_parts(codec: ChatCodec, chat: Chat) -> Parts:
    """(text, whether the policy said it), of the whole chat as its template alone renders it."""
    last = max(i for i, message in enumerate(chat) if message["role"] == "assistant")
    text = codec.tokenizer.apply_chat_template(chat[: last + 1], tokenize=False)
    parts: Parts = []
    place = 0
    for said in said_in(chat):
        said += codec.decode([codec.end_id])
        start = text.index(said, place)
        parts += [(text[place:start], 0), (said, 1)]
        place = start + len(said)
    return parts


def wrong_parts(codec: ChatCodec, chat: Chat, ids: Sequence[int], mask: Sequence[int]) -> int:
    """How many parts of a chat are not what ``ids`` and ``mask`` say they are."""
    found = [
        (codec.decode([token for token, _ in part]), bit)
        for bit, part in itertools.groupby(zip(ids, mask, strict=True), key=lambda pair: pair[1])
    ]
    pairs = itertools.zip_longest(wanted_parts(codec, chat), found)
    return sum(wanted != other for wanted, other in pairs)


class ForcedSampler(TransformersSampler):
    """Says what it is told, with the log-probabilities that the model gives to it.

    Args:
        like: The sampler that would have drawn.
        messages: Ids of the messages of each chat.
    """

    def __init__(self, like: TransformersSampler, messages: list[list[list[int]]]) -> None:
        super().__init__(like.model, like.stop_ids, like.sampling, max_rows=like.max_rows)
        self._messages, self._turn = messages, -1

    def start(self) -> None:
        """All chats begin."""
        super().start()
        self._turn = -1

    def turn(self, *chats: Any) -> Any:
        """The next message of each chat."""
        self._turn += 1
        return super().turn(*chats)

    def _draw(self, logits: Any, rows: list[int], place: int) -> tuple[Any, Any]:
        import torch

        told = [self._messages[row][self._turn] for row in rows]
        # Nobody reads what comes behind the end of a message, while others go on.
        ids = torch.tensor([ids[min(place, len(ids) - 1)] for ids in told], device=logits.device)
        return ids, self._logprobs(logits).gather(1, ids.unsqueeze(1)).squeeze(1)


class ForcedRollout(ToolRollout):
    """A `ToolRollout` whose episodes are those of scripts.

    Args:
        scripts: Where scripts play. A world of its own: what they generate must not be there
            already when the episodes are timed.
        seed: Of the scripts.
        **options: Of `ToolRollout`.

    Attributes:
        chats: Of the last batch.
        scripts_s: Seconds that scripts took for it.
    """

    def __init__(self, corpus: Any, codec: Any, scripts: World, seed: int, **options: Any) -> None:
        super().__init__(corpus, codec, **options)
        self._scripts, self._seed = scripts, seed
        self.chats: list[Chat] = []
        self.scripts_s = 0.0

    @contextlib.contextmanager
    def _sampler(self, trainer: Any, codec: ChatCodec) -> Iterator[ForcedSampler]:
        began = time.perf_counter()
        # Draws depend on how often a script has played: one of a resumed training must not.
        seed = self._seed * 1000 + trainer.state.global_step
        self.chats = played(self._scripts, [slot.task_id for slot in trainer.environments], seed)
        messages = [[codec.message(text) for text in said_in(chat)] for chat in self.chats]
        self.scripts_s = time.perf_counter() - began
        with super()._sampler(trainer, codec) as sampler:
            assert isinstance(sampler, TransformersSampler)
            yield ForcedSampler(sampler, messages)


@dataclass
class Step:
    """What a step came to.

    Attributes:
        tasks: Ids, one an episode.
        differing_groups: Groups whose episodes earned different rewards.
        sampled_tokens: Tokens of the policy.
        tokens: Tokens of whole chats, which the trainer reads.
        spans: Messages whose place under the mask was looked at, with what stands before each.
        wrong: Such pieces that were not what the mask said.
        rollout_s: Seconds of the rollout.
        env_s: Of these in the environment.
        training_s: Of all the rest of the step, without what is done here.
        gap: Of each sampled token the distance between the sampler's and the trainer's
            log-probability.
    """

    tasks: list[str] = field(default_factory=list)
    differing_groups: int = 0
    sampled_tokens: int = 0
    tokens: int = 0
    spans: int = 0
    wrong: int = 0
    rollout_s: float = 0.0
    env_s: float = 0.0
    training_s: float = 0.0
    gap: Any = None


class Watch:
    """Looks at every batch that a trainer is about to learn, and at the clock.

    Args:
        trainer: The trainer, whose rollouts are a `ForcedRollout`.
        codec: Its chats as ids.
    """

    def __init__(self, trainer: Any, codec: ChatCodec) -> None:
        self.steps: list[Step] = []
        self._trainer, self._codec = trainer, codec
        self._aside = 0.0
        self._made = trainer._generate_and_score_completions
        trainer._generate_and_score_completions = self._look
        trainer.add_callback(_callback(self._begin, self._end))

    def batch(self, batch: RolloutBatch, _step: int) -> None:
        """Takes down what was played."""
        rewards = batch.rewards.reshape(-1, self._trainer.num_generations)
        rollouts, timing = batch.rollouts, batch.timing
        self.steps[-1] = Step(
            [slot.task_id for slot in self._trainer.environments],
            differing_groups=int((np.ptp(rewards, axis=1) > 0).sum()),
            sampled_tokens=sum(each.num_sampled for each in rollouts),
            tokens=sum(len(each.prompt_ids) + each.num_tokens for each in rollouts),
            rollout_s=timing.total_s,
            env_s=timing.env_s,
        )

    def _begin(self) -> None:
        self.steps.append(Step())
        self._aside, self._began = 0.0, self._now()

    def _end(self) -> None:
        step = self.steps[-1]
        step.training_s = self._now() - self._began - step.rollout_s - self._aside

    def _now(self) -> float:
        import torch

        if self._trainer.accelerator.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def _look(self, inputs: Any) -> Any:
        """Masks and log-probabilities of what the trainer was given, as it was given it."""
        made = self._made(inputs)
        began, step = self._now(), self.steps[-1]
        learned = made["completion_mask"] * made["tool_mask"]
        step.gap = self._gap(made)[learned.bool()].abs().float().cpu().numpy()
        forced: ForcedRollout = self._trainer.rollout_func
        for row, chat in enumerate(forced.chats):
            is_prompt = made["prompt_mask"][row].bool()
            is_completion = made["completion_mask"][row].bool()
            prompt = made["prompt_ids"][row][is_prompt].tolist()
            ids = prompt + made["completion_ids"][row][is_completion].tolist()
            mask = [0] * len(prompt) + learned[row][is_completion].tolist()
            step.spans += len(said_in(chat))
            step.wrong += wrong_parts(self._codec, chat, ids, mask)
        self._aside = self._now() - began + forced.scripts_s
        return made

    def _gap(self, made: Any) -> Any:
        """Log-probabilities of a pass over whole chats, less those of the sampler."""
        import torch

        trainer = self._trainer
        ids, mask = (
            torch.cat([made[f"prompt_{name}"], made[f"completion_{name}"]], 1)
            for name in ("ids", "mask")
        )
        trainer.model.eval()
        try:
            with torch.no_grad():
                logprobs, *_ = trainer._get_per_token_logps_and_entropies(
                    trainer.model,
                    ids,
                    mask,
                    made["completion_ids"].shape[1],
                    batch_size=trainer.args.per_device_train_batch_size,
                )
        finally:
            trainer.model.train()
        return logprobs - made["sampling_per_token_logps"]


def _callback(begin: Callable[[], None], end: Callable[[], None]) -> Any:
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            begin()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            end()

    return Clock()
