"""Small Qwen3 models and their tokenizers, made on the spot.

The sizes are for learning the behaviour, not the language: a million parameters learn the small
world (`SynthConfig.preset("tiny")`) in minutes on a processor.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["SIZES", "SmallModelSize", "boilerplate", "make_model", "make_tokenizer"]

STOP, PAD, START = "<|im_end|>", "<|endoftext|>", "<|im_start|>"
TEMPLATE = """\
{%- for message in messages %}
{%- if message.role == "tool" %}
{%- if loop.first or messages[loop.index0 - 1].role != "tool" %}{{ "<|im_start|>user" }}{% endif %}
{{- "\\n<tool_response>\\n" + message.content + "\\n</tool_response>" }}
{%- if loop.last or messages[loop.index0 + 1].role != "tool" %}{{ "<|im_end|>\\n" }}{% endif %}
{%- elif message.role == "assistant" %}
{{- "<|im_start|>assistant\\n" }}{% generation %}{{ message.content }}
{%- for call in message.tool_calls or [] %}
{%- set arguments = call.function.arguments %}
{{- "<tool_call>\\n{\\"name\\": \\"" + call.function.name + "\\", \\"arguments\\": " }}
{{- arguments if arguments is string else arguments | tojson }}{{ "}\\n</tool_call>" }}
{%- endfor %}{{ "<|im_end|>" }}{% endgeneration %}{{ "\\n" }}
{%- else %}
{{- "<|im_start|>" + message.role + "\\n" + message.content + "<|im_end|>\\n" }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ "<|im_start|>assistant\\n" }}{% endif %}
"""
"""ChatML, as Qwen's models use it. Keeps what was said before as it stands, and does not render
tools: a small model learns them from demonstrations, and their description would be most of its
prompt."""

SPLIT = r"\d| ?[a-zA-Z]+|_[a-zA-Z]+| ?[^\s\w]+|\s+"


@dataclass(frozen=True)
class SmallModelSize:
    """Shape of a model.

    Attributes:
        hidden_size: Width.
        num_layers: Layers.
        num_heads: Heads of queries, keys and values.
        intermediate_size: Width of the feed-forward layers.
    """

    hidden_size: int
    num_layers: int
    num_heads: int
    intermediate_size: int


SIZES = {
    "1m": SmallModelSize(128, 4, 4, 384),
    "8m": SmallModelSize(320, 6, 10, 960),
    "30m": SmallModelSize(512, 8, 8, 1536),
    "60m": SmallModelSize(640, 12, 10, 1920),
    "200m": SmallModelSize(1024, 16, 16, 3072),
}
"""Sizes by their name, which is about the number of parameters without the embedding."""


FRAMES = (
    "<|im_start|>user\n",
    "<|im_start|>system\n",
    "<|im_start|>assistant\n",
    "\n<|im_start|>user\n<tool_response>\n",
    "\n<|im_start|>user\n<tool_response>\n ",
    "\n</tool_response><|im_end|>\n<|im_start|>assistant\n",
    "<|im_end|>\n<|im_start|>assistant\n",
)
"""Text of the template around messages, one special token each."""


def boilerplate(tool_names: Iterable[str]) -> list[str]:
    """Texts of the protocol that a small model's tokenizer keeps as one token each.

    What the environment sees stays true Hermes JSON; a call just costs three tokens around its
    argument instead of thirty, and a name has the same tokens in a question, a list and a query.
    Numbers from -99 to 200 and the years are one token as well: small models copy a token long
    before they copy digits in order.
    """
    opening = '<tool_call>\n{"name":"'
    calls = [f'{opening}{name}","arguments":{{' for name in tool_names]
    arguments = ["table_name", "query", "expression", "answer"]
    return [
        *calls,
        *(f'{call}"{name}":"' for call in calls for name in arguments),
        '"}}\n</tool_call>',
        "}}\n</tool_call>",
        "SELECT ",
        " FROM ",
        " WHERE ",
        " = ",
        " - ",
        " + ",
        " | ",
        "\n ",
        " (integer)",
        " columns | ",
        *("what is ", "change of ", "total of ", "gap of "),
        *(" in ", " from ", " to ", " and ", " over ", " ?"),
        *(f"{n}" for n in range(-99, 201)),
        *(f"{n}" for n in range(2010, 2031)),
    ]


def make_tokenizer(
    texts: Iterable[str], single_tokens: Iterable[str] = (), vocab_size: int = 1200
) -> Any:
    """A byte-level BPE tokenizer with a ChatML template, trained on ``texts``.

    Every text comes back from its ids as it was.

    Args:
        texts: What it should be good at.
        single_tokens: Texts that are one token each (`boilerplate`).
        vocab_size: Tokens, without ``single_tokens``.

    Returns:
        A ``transformers.PreTrainedTokenizerFast``.

    Example:
        >>> tokenizer = make_tokenizer(["what is freight ?"] * 9, ["-99"])
        >>> len(tokenizer("-99", add_special_tokens=False)["input_ids"])
        1
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[PAD, START, STOP],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    singles = list(dict.fromkeys(single_tokens))
    core.train_from_iterator(_without(singles, texts), trainer)
    core.add_tokens([AddedToken(text, normalized=False) for text in singles])
    core.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in FRAMES])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token=STOP,
        pad_token=PAD,
        padding_side="left",
        additional_special_tokens=[START],
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def _without(singles: list[str], texts: Iterable[str]) -> Iterable[str]:
    """The words between single tokens, which is all that BPE will ever see of them."""
    import re

    if not singles:
        return texts
    pattern = re.compile("|".join(re.escape(s) for s in sorted(singles, key=len, reverse=True)))
    return (part for text in texts for part in pattern.split(text) if part)


def make_model(
    tokenizer: Any,
    size: SmallModelSize | str = "1m",
    *,
    seed: int = 0,
    max_positions: int = 2048,
) -> Any:
    """A Qwen3 model with random weights.

    Args:
        tokenizer: Its tokenizer.
        size: A name of `SIZES`, or a shape.
        seed: Of the weights.
        max_positions: Tokens of a chat at most.

    Returns:
        A ``transformers.Qwen3ForCausalLM`` in float32.
    """
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    if isinstance(size, str):
        if size not in SIZES:
            raise ValueError(f"size {size!r} is unknown; there are {', '.join(SIZES)}")
        size = SIZES[size]
    config = Qwen3Config(
        vocab_size=-(-len(tokenizer) // 64) * 64,
        hidden_size=size.hidden_size,
        intermediate_size=size.intermediate_size,
        num_hidden_layers=size.num_layers,
        num_attention_heads=size.num_heads,
        num_key_value_heads=size.num_heads,
        head_dim=size.hidden_size // size.num_heads,
        max_position_embeddings=max_positions,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        # The family's own base is made for long contexts; these chats are short.
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen3ForCausalLM(config)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if weight.ndim == 2:
                    # 0.02 everywhere, the default, is too small for narrow models.
                    std = 0.02 if "embed" in name else 1 / math.sqrt(weight.shape[1])
                    weight.normal_(0.0, std)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model
