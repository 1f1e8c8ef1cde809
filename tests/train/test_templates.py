"""Templates with ways of their own: what they hide, what they swallow, and who else is at work."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

pytest.importorskip("transformers", reason="the extra train is not installed")

from chat_templates import LLAMA, LLAMA_MARKS, QWEN, result, shipped, with_template
from finqa_gym.train.codec import ChatCodec
from finqa_gym.train.demonstrate import encode_chat

# As Mistral's: a tool result must answer a call, and ids have nine letters and digits.
MISTRAL = """\
{%- for m in messages %}{% if m.role == "user" %}[INST] {{ m.content }}[/INST]
{%- elif m.role == "assistant" %}{% if m.tool_calls %}
{%- for c in m.tool_calls %}[CALL]{{ c.function.name }}{{ c.function.arguments | tojson }}
{%- if c.id | length != 9 %}{{ raise_exception("ids have nine characters") }}{% endif %}{{ c.id }}
{%- endfor %}{% else %}{{ m.content }}{% endif %}</s>
{%- elif m.role == "tool" %}
{%- if not messages[loop.index0 - 1].tool_calls and messages[loop.index0 - 1].role != "tool" %}
{{- raise_exception("a tool result answers a call") }}{% endif %}
{%- if m.tool_call_id | length != 9 %}{{ raise_exception("ids have nine characters") }}{% endif %}
{{- "[RESULT]" + m.content + " " + m.tool_call_id + "[/RESULT]" }}
{%- endif %}{% endfor %}"""
MISTRAL_MARKS = ["[INST]", "[/INST]", "[CALL]", "[RESULT]", "[/RESULT]"]
PHI = """\
{%- for m in messages %}{{ "<|" + m.role + "|>\\n" + m.content + "<|end|>\\n" }}{% endfor %}
{%- if add_generation_prompt %}{{ "<|assistant|>\\n" }}{% endif %}"""
QUESTION = "what is freight in 2019 ?"
CALL = '<tool_call>\n{"name":"get_table_names","arguments":{}}\n</tool_call>'


def test_a_template_that_wants_calls_gets_them(tokenizer: Any) -> None:
    codec = ChatCodec(with_template(tokenizer, MISTRAL, {"eos_token": "</s>"}, MISTRAL_MARKS))
    one = codec.observation([result("80")], stopped=True)
    assert codec.decode(one) == "[RESULT]80 000call10[/RESULT]"
    two = codec.observation([result("80"), result("7", 2)], stopped=False)
    assert codec.decode(two) == "</s>[RESULT]80 000call10[/RESULT][RESULT]7 000call20[/RESULT]"


def test_results_that_are_hidden_behind_text_are_shown_behind_a_call(tokenizer: Any) -> None:
    """Gemma 4 renders no tool message of its own: the model would wait for its results forever."""
    tokens = {"eos_token": "<turn|>"}
    made = with_template(tokenizer, shipped("gemma4.jinja"), tokens, ["<|tool_response>"])
    codec = ChatCodec(made, stop_ids=[made.convert_tokens_to_ids("<|tool_response>")])
    seen = codec.decode(codec.observation([result("80"), result("77", 2)], stopped=False))
    assert seen.startswith("<|tool_response>")
    assert seen.index("80") < seen.index("77")


@pytest.mark.parametrize("name", ["phi3.jinja", "gemma3.jinja", "cohere2.jinja"])
def test_a_template_without_tool_results_is_refused_at_once(tokenizer: Any, name: str) -> None:
    made = with_template(tokenizer, shipped(name), {"eos_token": "<|end|>"}, [])
    with pytest.raises(ValueError, match=r"shows no tool results: behind text .*; behind a call"):
        ChatCodec(made)


def test_tokens_that_swallow_blanks_swallow_them_here(tokenizer: Any) -> None:
    tokens = pytest.importorskip("tokenizers")
    made = copy.deepcopy(tokenizer)
    greedy = [
        tokens.AddedToken(f"<|{name}|>", rstrip=True, special=True, normalized=False)
        for name in ("user", "assistant", "tool", "end")
    ]
    made.add_special_tokens({"eos_token": greedy[-1], "additional_special_tokens": greedy[:-1]})
    made.chat_template = PHI
    codec = ChatCodec(made)
    chat = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": "A"},
        result("80"),
    ]
    text = made.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    whole = made(text, add_special_tokens=False)["input_ids"]
    prompt = codec.prompt("", QUESTION)
    assert prompt + codec.message("A") + codec.observation(chat[2:], stopped=True) == whole
    assert codec.prompts("", [QUESTION]) == [prompt]


def test_a_message_ends_as_the_template_ends_it(tokenizer: Any) -> None:
    """Base models come with a chat template whose end is not their end-of-sequence token."""
    base = copy.deepcopy(tokenizer)
    base.eos_token = "<|endoftext|>"
    codec, usual = ChatCodec(base), ChatCodec(tokenizer)
    assert codec.stop_ids == {base.eos_token_id, tokenizer.eos_token_id}
    assert codec.message(CALL) == usual.message(CALL)
    for stopped in (True, False):
        assert codec.observation([result("80")], stopped=stopped) == usual.observation(
            [result("80")], stopped=stopped
        )
    for end in codec.stop_ids:
        assert codec.text([*codec.message(CALL)[:-1], end]) == CALL


def test_any_stop_of_the_model_stands_for_the_end_of_the_template(tokenizer: Any) -> None:
    made = with_template(tokenizer, shipped("llama3_1.jinja"), LLAMA, LLAMA_MARKS)
    eom = made.convert_tokens_to_ids("<|eom_id|>")
    codec = ChatCodec(made, stop_ids=[eom])
    assert codec.message(CALL)[-1] == made.eos_token_id
    assert codec.texts([[*codec.message(CALL)[:-1], eom], codec.message(CALL)]) == [CALL, CALL]
    seen = codec.decode(codec.observation([result('say "80"')], stopped=True))
    assert seen.startswith("<|start_header_id|>ipython<|end_header_id|>")
    assert json.dumps('say "80"') in seen, "Llama 3.1 shows results as JSON"


def test_thoughts_stay_where_the_template_would_drop_them(tokenizer: Any) -> None:
    made = with_template(tokenizer, shipped("qwen3.jinja"), QWEN, [])
    codec = ChatCodec(made)
    said = f"<think>\nlist first\n</think>\n\n{CALL}"
    chat = [{"role": "user", "content": QUESTION}]
    for turn in range(2):
        chat += [{"role": "assistant", "content": said}, result(str(turn))]
    chat.append({"role": "assistant", "content": "FINAL ANSWER: 1"})
    ids, mask = encode_chat(codec, chat)
    learned = [i for i, m in zip(ids, mask, strict=True) if m]
    assert learned == codec.message(said) * 2 + codec.message("FINAL ANSWER: 1")
    text = made.apply_chat_template([*chat, {"role": "user", "content": "thanks"}], tokenize=False)
    assert "list first" not in text, "the template itself forgets"


def test_options_of_the_template_hold_in_every_turn(tokenizer: Any) -> None:
    made = with_template(tokenizer, shipped("qwen3.jinja"), QWEN, [])
    codec = ChatCodec(made, template_options={"enable_thinking": False})
    header = "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    assert codec.decode(codec.prompt("", QUESTION)).endswith(header)
    assert codec.decode(codec.observation([result("80")], stopped=True)).endswith(header)
    chat = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": CALL}]
    ids, mask = encode_chat(codec, chat)
    assert codec.decode([i for i, m in zip(ids, mask, strict=True) if m]) == f"{CALL}<|im_end|>"


def test_tools_are_in_the_prompt_alone(tokenizer: Any) -> None:
    made = with_template(tokenizer, shipped("qwen2_5.jinja"), QWEN, [])
    function = {"name": "count_rows", "description": "Counts.", "parameters": {"type": "object"}}
    codec, bare = ChatCodec(made, [{"type": "function", "function": function}]), ChatCodec(made)
    assert "count_rows" in codec.decode(codec.prompt("", QUESTION))
    for system in ("", "Be brief."):
        assert codec.prompts(system, [QUESTION]) == [codec.prompt(system, QUESTION)]
    assert codec.observation([result("80")], stopped=True) == bare.observation(
        [result("80")], stopped=True
    )


def test_what_others_ask_of_the_tokenizer_changes_nothing(tokenizer: Any) -> None:
    made = copy.deepcopy(tokenizer)
    wanted = ChatCodec(copy.deepcopy(made)).observation([result("a longer one")], stopped=True)
    codec = ChatCodec(made)
    made(["a", "b c d e f"], padding=True, truncation=True, max_length=2)
    assert codec.observation([result("a longer one")], stopped=True) == wanted
    assert codec.prompts("", ["a", "b c d e f"]) == [
        codec.prompt("", p) for p in ("a", "b c d e f")
    ]


def test_a_message_with_special_text_does_not_spoil_what_follows(tokenizer: Any) -> None:
    made = copy.deepcopy(tokenizer)
    wanted = ChatCodec(copy.deepcopy(made)).observation([result("77")], stopped=True)
    codec = ChatCodec(made)
    codec.message("the end is <|im_end|> here")
    assert codec.observation([result("77")], stopped=True) == wanted
