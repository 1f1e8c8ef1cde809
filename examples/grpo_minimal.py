# /// script
# requires-python = ">=3.11"
# dependencies = ["finqa-gym[train]"]
# ///
"""GRPO in one file: a small model, its demonstrations, and the whole loop, to read and to change.

    python examples/grpo_minimal.py                  # a few minutes on a processor
    python examples/grpo_minimal.py --sft-steps 40 --grpo-steps 2 --tasks 4    # that it runs

Nothing is hidden behind a trainer: sampling, masks, advantages and loss stand below. What makes it
fast (keys and values kept between turns, TRL's options, checkpoints) is in `finqa_gym.train`; see
examples/grpo_trl.py. Needs `pip install "finqa-gym[train]"`.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import random
import time
from dataclasses import dataclass, field
from typing import Any

import torch

import finqa_gym
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.demonstrate import demonstrate
from finqa_gym.train.hasty import CORRECTOR, HastyPolicy, Memory
from finqa_gym.train.small_model import boilerplate, make_model, make_tokenizer

MESSAGE_TOKENS = 40
EPISODE_TOKENS = 320
# Prompts of ten tokens instead of a hundred: what a small model needs is in demonstrations.
PLAIN = {"tool_profile": "compact", "task_prompt": "{question}", "system_prompt": ""}


@dataclass
class Chat:
    """An episode as tokens: ids, and for each whether the model sampled it."""

    ids: list[int]
    sampled: list[bool]
    reward: float = 0.0
    advantage: float = 0.0
    # Log-probabilities of the tokens under the model that sampled them.
    logprobs: torch.Tensor = field(default_factory=lambda: torch.zeros(0))

    def append(self, ids: list[int], *, sampled: bool) -> None:
        """Appends; what is there is never written anew."""
        self.ids += ids
        self.sampled += [sampled] * len(ids)


def batch_of(chats: list[Chat], pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, attention mask and mask of sampled tokens, each (chats, tokens), filled on the right."""
    width = max(len(chat.ids) for chat in chats)
    ids = torch.tensor([chat.ids + [pad] * (width - len(chat.ids)) for chat in chats])
    seen = torch.tensor([[1] * len(c.ids) + [0] * (width - len(c.ids)) for c in chats])
    sampled = torch.tensor([c.sampled + [False] * (width - len(c.ids)) for c in chats])
    return ids, seen, sampled


def logprobs_of(model: Any, ids: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Log-probability of every token but the first, given those before it: (chats, tokens - 1)."""
    logits = model(input_ids=ids, attention_mask=seen).logits[:, :-1]
    return logits.log_softmax(-1).gather(2, ids[:, 1:, None]).squeeze(2)


# --- the supervised start: imitate an analyst who often guesses, and sometimes looks


def supervised(
    model: Any,
    codec: ChatCodec,
    env: finqa_gym.VectorEnv,
    task_ids: list[str],
    steps: int,
    batch: int,
) -> None:
    """Learns demonstrations of mixed quality: habits to choose from later."""
    memory = Memory.of(env.corpus, task_ids[:1000])
    shares = {"gold": 25, "corrector": 15, "hasty": 60}
    singles = [t for t in task_ids if env.corpus.task(t)["question_type"] == "Lookup"]
    # Copying names and numbers forms first, and fastest on short right episodes.
    gold = finqa_gym.ScriptedPolicy("gold", env)
    first = list(demonstrate(env, codec, gold, singles[: min(1024, steps * batch)]))
    mixed, start = [], 0
    for name, share in shares.items():
        count = share * min(40, steps * batch // 100)
        part = task_ids[start : start + count]
        start += count
        who = {
            "gold": lambda: finqa_gym.ScriptedPolicy("gold", env),
            "corrector": lambda: HastyPolicy(env, memory, CORRECTOR),
            "hasty": lambda: HastyPolicy(env, memory),
        }[name]()
        mixed += demonstrate(env, codec, who, part)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01)
    draw = random.Random(0)
    began = time.monotonic()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 10) * (1 - 0.9 * step / steps)
        source = first if step < steps // 4 else mixed
        shown = draw.sample(source, batch)
        chats = [Chat(list(d.ids), [bool(m) for m in d.mask]) for d in shown]
        ids, seen, learned = batch_of(chats, codec.pad_id)
        loss = -logprobs_of(model, ids, seen)[learned[:, 1:]].mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 49 or step == steps - 1:
            seconds = time.monotonic() - began
            print(f"supervised {step + 1}/{steps}: loss {loss.item():.3f}, {seconds:.0f} s")


# --- rollouts: one batch of messages a turn


@torch.no_grad()
def play(
    model: Any, codec: ChatCodec, env: finqa_gym.VectorEnv, task_ids: list[str] | None = None
) -> list[Chat]:
    """One episode in every slot; whatever the model samples goes to the environment as it is."""
    model.eval()
    observations, _ = env.reset(task_ids=task_ids)
    chats = []
    for text in observations:
        prompt = codec.prompt(env.system_prompt, text)
        chats.append(Chat(prompt, [False] * len(prompt)))
    live = list(range(env.num_envs))
    while live:
        said = generate(model, codec, [chats[slot].ids for slot in live])
        for slot, ids in zip(live, said, strict=True):
            chats[slot].append(ids, sampled=True)
        stopped = [ids[-1] in codec.stop_ids for ids in said]
        batch = env.step(
            codec.texts(said), ["stop" if s else "length" for s in stopped], env_ids=live
        )
        ended_well = dict(zip(live, stopped, strict=True))
        messages = batch.messages
        live, full = [], []
        for row, slot in enumerate(batch.env_ids.tolist()):
            chats[slot].reward = float(batch.rewards[row])
            if batch.terminated[row] or batch.truncated[row]:
                continue
            seen = codec.observation(messages[row], stopped=ended_well[slot])
            if len(chats[slot].ids) + len(seen) + MESSAGE_TOKENS > EPISODE_TOKENS:
                full.append(slot)
            else:
                chats[slot].append(seen, sampled=False)
                live.append(slot)
        if full:
            env.truncate(full)  # no tokens left: the episode ends without an answer
    model.train()
    return chats


def generate(model: Any, codec: ChatCodec, prompts: list[list[int]]) -> list[list[int]]:
    """The next message of each chat, sampled at temperature 1, with its stop token."""
    width = max(map(len, prompts))
    ids = torch.tensor([[codec.pad_id] * (width - len(p)) + p for p in prompts])
    seen = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    out = model.generate(
        input_ids=ids,
        attention_mask=seen,
        do_sample=True,
        temperature=1.0,
        top_k=0,
        max_new_tokens=MESSAGE_TOKENS,
        eos_token_id=sorted(codec.stop_ids),
        pad_token_id=codec.pad_id,
    )
    said = []
    for row in out[:, width:].tolist():
        stop = next((i for i, token in enumerate(row) if token in codec.stop_ids), len(row) - 1)
        said.append(row[: stop + 1])
    return said


# --- GRPO


def grpo_loss(model: Any, codec: ChatCodec, chats: list[Chat], clip: float = 0.2) -> torch.Tensor:
    """The clipped objective, averaged over sampled tokens (the token mean of DAPO)."""
    ids, seen, sampled = batch_of(chats, codec.pad_id)
    now = logprobs_of(model, ids, seen)
    mask = sampled[:, 1:]
    # One update a batch: who sampled is the model as it is, so the ratio is 1 and has a gradient.
    ratio = (now - now.detach()).exp()
    advantage = torch.tensor([chat.advantage for chat in chats])[:, None]
    gain = torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
    return -gain[mask].mean()


def set_advantages(chats: list[Chat], group_size: int) -> float:
    """Reward less the mean of the group, over its deviation; the share of groups without any."""
    alike = 0
    for first in range(0, len(chats), group_size):
        group = chats[first : first + group_size]
        rewards = torch.tensor([chat.reward for chat in group])
        spread = rewards.std()
        alike += bool(spread == 0)
        for chat in group:
            chat.advantage = float((chat.reward - rewards.mean()) / (spread + 1e-4))
    return alike / (len(chats) // group_size)


def shares(env: finqa_gym.VectorEnv, chats: list[Chat]) -> str:
    """pass@1 and two habits of the episodes that just ended."""
    episodes = [env.episode(slot) for slot in range(env.num_envs)]
    listed = sum(e["flags"]["listed"] for e in episodes) / len(episodes)
    read = sum(e["flags"]["read_schema"] for e in episodes) / len(episodes)
    right = sum(chat.reward for chat in chats) / len(chats)
    return f"pass@1 {right:.3f}, listed {listed:.2f}, read schema {read:.2f}"


def main() -> None:
    """Supervised start, a measurement, GRPO on single-table tasks, the same measurement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sft-steps", type=int, default=700)
    parser.add_argument("--grpo-steps", type=int, default=30)
    parser.add_argument("--tasks", type=int, default=16, help="tasks of a step")
    parser.add_argument("--group-size", type=int, default=8, help="episodes of a task")
    parser.add_argument("--held-out", type=int, default=200, help="tasks of a measurement")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)

    config = dataclasses.replace(finqa_gym.SynthConfig.preset("tiny"), multi_table_pct=40)
    corpus = finqa_gym.synthetic(options.seed, config)
    task_ids = corpus.task_ids("train", 6000)
    random.Random(options.seed).shuffle(task_ids)
    single = [t for t in task_ids if not corpus.task(t)["question_type"].startswith("multi")]

    env = finqa_gym.VectorEnv(
        corpus, options.tasks * options.group_size, group_size=options.group_size, **PLAIN
    )
    demo_env = finqa_gym.VectorEnv(corpus, 64, **PLAIN)
    chats = finqa_gym.demonstrations(
        corpus,
        ["gold", "guess"],
        tool_profile="compact",
        format="text",
        split="train",
        max_tasks=500,
    )
    texts = itertools.chain.from_iterable([m["content"] for m in c["messages"][1:]] for c in chats)
    tokenizer = make_tokenizer(texts, boilerplate(t["function"]["name"] for t in env.tools))
    codec = ChatCodec(tokenizer)
    model = make_model(tokenizer, "1m", seed=options.seed)
    print(f"model: {sum(p.numel() for p in model.parameters()):,} parameters")

    supervised(model, codec, demo_env, task_ids, options.sft_steps, batch=32)

    held_out = finqa_gym.VectorEnv(corpus, options.held_out, split="val", **PLAIN)
    held_out_ids = corpus.task_ids("val", options.held_out)
    print("held out, before:", shares(held_out, play(model, codec, held_out, held_out_ids)))

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.0)
    for step in range(options.grpo_steps):
        began = time.monotonic()
        chosen = single[step * options.tasks : (step + 1) * options.tasks]
        played = play(model, codec, env, chosen)
        alike = set_advantages(played, options.group_size)
        loss = grpo_loss(model, codec, played)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        print(
            f"GRPO {step + 1}/{options.grpo_steps}: {shares(env, played)}, "
            f"groups without a difference {alike:.2f}, {time.monotonic() - began:.1f} s"
        )
    print("held out, after: ", shares(held_out, play(model, codec, held_out, held_out_ids)))


if __name__ == "__main__":
    main()
