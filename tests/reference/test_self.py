"""The references against labelled cases and hand-written expectations: an oracle has to be right
itself.
"""

from __future__ import annotations

from typing import Any

import pytest

from reference.actions import parse_action
from reference.answers import score_answer
from reference.answers_openenv import compute_reward
from reference.calculator import AmbiguousError, CalcError, calculate, evaluate

LABELLED_CASES = 152


@pytest.mark.parametrize("mode", ["strict", "openenv"])
def test_scorer_gives_every_label(shared_answer_cases: list[dict[str, Any]], mode: str) -> None:
    assert len(shared_answer_cases) >= LABELLED_CASES
    wrong = [
        case["id"]
        for case in shared_answer_cases
        if score_answer(case["predicted"], case["truth"], **case["question"], mode=mode)
        != case[f"expected_{mode}"]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("predicted", "truth", "question", "expected"),
    [
        # Half a unit of the truth is a rounding, more is not.
        ("0.1005", "0.100", {"unit": "ratio"}, 1.0),
        ("0.10051", "0.100", {"unit": "ratio"}, 0.0),
        # Coarser than the truth: three digits, and half a unit of each.
        ("12.3 billion", "12345.67", {"unit": "amount", "scale": "million"}, 1.0),
        ("12 billion", "12345.67", {"unit": "amount", "scale": "million"}, 0.0),
        ("1,235", "1,234.5", {"unit": "amount"}, 1.0),
        ("1,235", "1,234.5", {"unit": "amount", "op": "exact"}, 0.0),
        # Full amounts count when marked and large enough.
        ("$77,000,000", "77", {"unit": "amount", "scale": "million", "op": "exact"}, 1.0),
        ("77,000,000", "77", {"unit": "amount", "scale": "million", "op": "exact"}, 0.0),
        ("77,000,000 shares", "77", {"unit": "count", "scale": "million", "op": "exact"}, 1.0),
        ("$77,000", "77,000", {"unit": "amount", "scale": "thousand", "op": "exact"}, 1.0),
        # Parentheses and percent signs.
        ("(48.3)%", "-48.3%", {"unit": "percent"}, 1.0),
        ("(48.3%)", "-48.3%", {"unit": "percent"}, 1.0),
        ("(-48.3%)", "-48.3%", {"unit": "percent"}, 0.0),
        # Units that a question does not take.
        ("12 bps", "0.12", {"unit": "percent"}, 0.0),
        ("12 bps", "0.12", {"unit": "pp"}, 1.0),
        ("3.5 million", "3.5", {"unit": "ratio"}, 0.0),
        ("$3.5", "3.5", {"unit": "multiple"}, 0.0),
        ("3.5x", "3.5", {"unit": "ratio"}, 1.0),
        ("3.5x", "3.5", {"unit": "amount"}, 0.0),
        # Extraction.
        ("FINAL ANSWER: 1\nFINAL ANSWER: 2", "2", {"unit": "count"}, 1.0),
        ("FINAL ANSWER: 2\n\nor 3", "2", {"unit": "count"}, 1.0),
        ("FINAL ANSWER: 2\n```3```", "2", {"unit": "count"}, 1.0),
        ("\\boxed{a {nested} 2}", "2", {"unit": "count"}, 1.0),
        ("\\boxed{2", "2", {"unit": "count"}, 0.0),
        ("\\boxed{2} and \\boxed{2}", "2", {"unit": "count"}, 0.0),
        # Direction.
        ("fell 5%", "-5%", {"unit": "percent", "signed_change": True}, 1.0),
        ("fell -5%", "-5%", {"unit": "percent", "signed_change": True}, 1.0),
        ("fell 5%", "-5%", {"unit": "percent"}, 0.0),
        ("rose 5% after it fell", "5%", {"unit": "percent", "signed_change": True}, 1.0),
        # Several values.
        ("FY2022 = 1; FY2021 = 2", "2021: 2, 2022: 1", {"unit": "count", "multi": "keyed"}, 1.0),
        ("2022: 1, 2", "2021: 2, 2022: 1", {"unit": "count", "multi": "keyed"}, 0.0),
        ("2, 1", "2021: 2, 2022: 1", {"unit": "count", "multi": "keyed"}, 1.0),
        ("1, none", "1, 2", {"unit": "count", "multi": "list"}, 0.0),
        ("1,234, 5", "1,234; 5", {"unit": "count", "multi": "list"}, 1.0),
        ('{"a": 1, "a": 2}', "a: 1, b: 2", {"unit": "count", "multi": "keyed"}, 0.0),
        # Text and yes/no.
        ("US", "United States", {"unit": "text", "aliases": ["U.S."]}, 1.0),
        ("the Parent", "parent", {"unit": "text"}, 1.0),
        ("", "", {"unit": "text"}, 0.0),
        ("No.", "no", {"unit": "bool"}, 1.0),
        ("maybe yes", "yes", {"unit": "bool"}, 0.0),
    ],
)
def test_strict_rules(
    predicted: str, truth: str, question: dict[str, Any], expected: float
) -> None:
    assert score_answer(predicted, truth, **question) == expected


@pytest.mark.parametrize(
    ("predicted", "truth", "expected"),
    [
        ("153,392", "153,391", 1.0),
        ("153,392.5", "153,391", 0.0),
        ("-77", "\\boxed{-77} million", 1.0),
        ("4.5%", "4.5", 1.0),
        ("20", "20%", 0.0),
        ("0.0009", "0", 1.0),
        ("0.001", "0", 0.0),
        ("", "", 1.0),
        ("1_000", "1000", 1.0),
        ("1e5", "100000", 1.0),
        ("(48.3)%", "-0.483", 0.0),
        ("(48.3)", "-48.3", 1.0),
        ("1 / 2", "0.5", 0.0),
        ("5 million", "5", 0.0),
        ("2022: 5, 2022: 6", "\\boxed{2022: 7, 2022: 6}", 1.0),
        ("\\boxed{1} \\boxed{2}", "1", 1.0),
    ],
)
def test_openenv_rules(predicted: str, truth: str, expected: float) -> None:
    assert compute_reward(predicted, truth) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0.1 + 0.2", "0.3"),
        ("2 + 3 * 4", "14"),
        ("-2 ** 2", "-4"),
        ("2 ** 3 ** 2", "512"),
        ("2 ^ -2", "0.25"),
        ("7 // 2", "3"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("10%3", "1"),
        ("12% - 5%", "0.07"),
        ("50% of 200", "100"),
        ("1,234,567 + 1", "1234568"),
        ("max(100,200)", "200"),
        ("sum(1,234, 5)", "1239"),
        ("sqrt(2,500)", "50"),
        ("avg([1, 2, 4])", "2.3333333333333333"),
        ("round(2.5)", "2"),
        ("round(1234.5678, 2)", "1234.57"),
        ("round(1250, -2)", "1200"),
        ("1 / 3", "0.33333333333333333"),
        ("2 / 3", "0.66666666666666667"),
        ("10 ** 29", "100000000000000000000000000000"),
        ("10 ** 30", "1e30"),
        ("1.5e-21", "1.5e-21"),
        ("2 ** 200", "1.6069380442589903e60"),
        ("($1,699.7 − 1,452.4) ÷ 1,452.4 × 100 =", "17.026989809969705"),  # noqa: RUF001
        ("1 < 2 < 3", "1"),
        ("3 > 5", "0"),
        ("log(1000, 10)", "3"),
        ("5 > 3 == 1", "0"),
    ],
)
def test_calculator(expression: str, expected: str) -> None:
    assert calculate(expression) == expected


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1 / 0", "calc_division_by_zero"),
        ("9 ** 9 ** 9", "calc_overflow"),
        ("sqrt(-1)", "calc_domain"),
        ("2 3", "calc_syntax"),
        ("(2)(3)", "calc_syntax"),
        ("open('x')", "calc_syntax"),
        ("", "calc_syntax"),
    ],
)
def test_calculator_errors(expression: str, code: str) -> None:
    with pytest.raises(CalcError) as caught:
        calculate(expression)
    assert caught.value.code == code


def test_calculator_knows_what_it_cannot_know() -> None:
    """A float has an error bound, and a comparison inside of it has no answer."""
    assert not evaluate("sqrt(2)").exact
    with pytest.raises(AmbiguousError):
        evaluate("sqrt(2) ** 2 == 2")


CALL = '{"name": "calculator", "arguments": {"expression": "1+1"}}'
RAN = ("ok", "calculator", {"expression": "1+1"})


@pytest.mark.parametrize(
    ("text", "strict", "repair"),
    [
        (f"<tool_call>\n{CALL}\n</tool_call>", "ok", "ok"),
        (f"<tool_call>{CALL}", "ok", "ok"),
        (f"<tool_call>\n{CALL[:-1]}\n</tool_call>", "invalid_json", "repaired"),
        (f"<tool_call>\n{CALL[:-1]}", "unclosed", "repaired"),
        (f"<tool_call>\n{CALL[:-5]}", "unclosed", "unclosed"),
        (f"<tool_call>\n{CALL[:-1]},}}\n</tool_call>", "invalid_json", "repaired"),
        ("<tool_call>\n" + CALL.replace('"', "'") + "\n</tool_call>", "invalid_json", "repaired"),
        (f"<tool_call>\n```json\n{CALL}\n```\n</tool_call>", "invalid_json", "repaired"),
        ('<tool_call>{"arguments": {}}</tool_call>', "missing_name", "missing_name"),
        ('<tool_call>{"name": "calculator"}</tool_call>', "bad_arguments", "bad_arguments"),
        ('<tool_call>{"name": "go", "arguments": {}}</tool_call>', "unknown_tool", "unknown_tool"),
        (f"<think><tool_call>{CALL}</tool_call></think>", "in_reasoning", "in_reasoning"),
        (CALL, "ok", "ok"),
        (f"[TOOL_CALLS][{CALL}]", "ok", "ok"),
        ("[calculator(expression='1+1')]", "ok", "ok"),
        ("[calculator('1+1')]", "bad_arguments", "bad_arguments"),
    ],
)
def test_actions(text: str, strict: str, repair: str) -> None:
    for level, status in (("strict", strict), ("repair", repair)):
        assert [a.status for a in parse_action(text, level=level).attempts] == [status], level


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>\n{CALL}\n</tool_call>",
        '<tool_call>{"name": "calculator", "parameters": {"expression": "1+1"}}</tool_call>',
        '<tool_call>{"name": "calculator", "arguments": '
        '"{\\"expression\\": \\"1+1\\"}"}</tool_call>',
        "<tool_call>\n<function=calculator>\n<parameter=expression>\n1+1\n</parameter>\n</function>\n</tool_call>",
        f"<|python_tag|>{CALL}",
        '[calculator(expression="1+1")]',
        '[TOOL_CALLS]calculator{"expression": "1+1"}',
        '[TOOL_CALLS]calculator[ARGS]{"expression": "1+1"}',
        "<|channel|>analysis<|message|>Add.<|end|><|start|>assistant<|channel|>commentary "
        'to=functions.calculator <|constrain|>json<|message|>{"expression": "1+1"}<|call|>',
        "<|start|>assistant to=functions.calculator<|channel|>commentary json"
        '<|message|>{"expression": "1+1"}',
    ],
)
def test_every_wire_form(text: str) -> None:
    parsed = parse_action(text)
    assert [(a.status, a.name, a.arguments) for a in parsed.attempts] == [RAN]
    assert parsed.text == ""


def test_cut_message_is_truncated_not_malformed() -> None:
    parsed = parse_action(f"I add.\n<tool_call>{CALL[:20]}", length_limited=True)
    assert [a.status for a in parsed.attempts] == ["truncated"]
    assert parsed.text == "I add."
