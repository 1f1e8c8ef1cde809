"""Parity of ``finqa_gym.tools.calculate`` with the reference evaluator."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest

from reference.calculator import AmbiguousError, CalcError, Number, evaluate, write

hypothesis = pytest.importorskip("hypothesis")

from hypothesis import assume, given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

SPACES = st.sampled_from(["", "", " ", "  ", "\u00a0"])
PRODUCT = ["*", "/", "×", "÷", "//", "·"]  # noqa: RUF001
SUM = ["+", "-", "−", "–"]  # noqa: RUF001
COMPARISONS = ["<", "<=", ">", ">=", "==", "!=", "≤", "≥", "≠"]


@st.composite
def literals(draw: st.DrawFn) -> str:
    """A number as models write it."""
    kind = draw(
        st.sampled_from(["whole", "whole", "decimal", "grouped", "currency", "percent", "tiny"])
    )
    if kind == "whole":
        return str(draw(st.integers(0, 10**6)))
    if kind == "grouped":
        return f"{draw(st.integers(1000, 10**9)):,}" + draw(st.sampled_from(["", ".5", ".25"]))
    if kind == "currency":
        return draw(st.sampled_from("$€£")) + f"{draw(st.integers(0, 10**7)):,}"
    if kind == "percent":
        # Behind a percent sign an operator must follow, else it is the modulo.
        return f"{draw(st.integers(0, 1000)) / 10}%"
    if kind == "tiny":
        return draw(
            st.sampled_from([".5", "1e3", "2.5E-2", "1_000", "0", "0.0", "5.", "1e-12", "007"])
        )
    return f"{draw(st.integers(0, 10**6)) / 1000:.3f}"


def _binary(operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from([*PRODUCT, *SUM])
    return st.builds(
        lambda a, s, o, t, b: f"{a}{s}{o}{t}{b}", operands, SPACES, operators, SPACES, operands
    )


@st.composite
def _chain(draw: st.DrawFn, operands: st.SearchStrategy[str]) -> str:
    """Three or four operands without parentheses: what binds tighter, and to which side."""
    text = draw(operands)
    for _ in range(draw(st.integers(2, 3))):
        text += f" {draw(st.sampled_from([*PRODUCT, *SUM]))} {draw(operands)}"
    return text


def _function(operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    one = st.builds(
        lambda name, x: f"{name}({x})",
        st.sampled_from(["abs", "floor", "ceil", "round", "ABS", "math.floor", "np.abs"]),
        operands,
    )
    several = st.builds(
        lambda name, xs: f"{name}({', '.join(xs)})",
        st.sampled_from(["min", "max", "sum", "avg", "mean"]),
        st.lists(operands, min_size=1, max_size=4),
    )
    listed = st.builds(
        lambda name, xs: f"{name}([{', '.join(xs)}])",
        st.sampled_from(["max", "sum", "mean"]),
        st.lists(operands, min_size=2, max_size=3),
    )
    rounded = st.builds(lambda x, n: f"round({x}, {n})", operands, st.integers(-2, 6))
    return st.one_of(one, several, listed, rounded)


def _extend(operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # Operands with an operator are put into parentheses half the time, so that precedence is tested
    # too.
    return st.one_of(
        _binary(operands),
        _chain(operands),
        operands.map(lambda x: f"({x})"),
        st.builds(lambda sign, x: f"{sign}{x}", st.sampled_from(["-", "+", "−", "--"]), operands),  # noqa: RUF001
        st.builds(
            lambda x, o, n: f"({x}){o}{n}",
            operands,
            st.sampled_from(["**", "^"]),
            st.integers(-3, 6),
        ),
        st.builds(lambda p, x: f"{p}% of ({x})", st.integers(0, 200), operands),
        st.builds(lambda x, y: f"({x}) % ({y})", operands, operands),
        operands.map(lambda x: f"({x})%"),
        _function(operands),
    )


EXACT = st.recursive(literals(), _extend, max_leaves=8)
FLOATS = st.one_of(
    st.builds(
        lambda f, x: f"{f}({x})",
        st.sampled_from(["sqrt", "ln", "log10", "log2", "exp", "log"]),
        EXACT,
    ),
    st.builds(lambda x, b: f"log({x}, {b})", EXACT, st.integers(0, 12)),
    st.builds(
        lambda x, n: f"({x}) ** {n}", EXACT, st.sampled_from(["0.5", "(1/3)", "-0.25", "1.5"])
    ),
    st.builds(lambda x, o: f"({x}) {o} pi", EXACT, st.sampled_from(["*", "/", "+", "-"])),
)
COMPARED = st.builds(lambda a, o, b: f"{a} {o} {b}", EXACT, st.sampled_from(COMPARISONS), EXACT)


def outcome(expression: str) -> Number | str:
    """The reference's value or error code; gives the example up where no oracle exists."""
    try:
        return evaluate(expression)
    except CalcError as error:
        return error.code
    except AmbiguousError:
        assume(False)
        raise


def check(finqa_gym: Any, expression: str) -> None:
    """The same text for an exact value, the same number within the float's error, or the same error
    code.
    """
    expected = outcome(expression)
    if isinstance(expected, str):
        with pytest.raises(finqa_gym.ToolCallError) as caught:
            finqa_gym.tools.calculate(expression)
        assert caught.value.code == expected
        return
    found = finqa_gym.tools.calculate(expression)
    if expected.exact:
        assert found == write(expected.value)
    else:
        # Below the smallest float a result is 0.
        assert abs(Fraction(found) - expected.value) <= expected.error + Fraction(1, 10**300)


@given(EXACT)
def test_rational_arithmetic_is_exact(finqa_gym: Any, expression: str) -> None:
    check(finqa_gym, expression)


@given(FLOATS)
def test_roots_logarithms_and_powers(finqa_gym: Any, expression: str) -> None:
    check(finqa_gym, expression)


@given(COMPARED)
def test_comparisons(finqa_gym: Any, expression: str) -> None:
    check(finqa_gym, expression)


@given(EXACT, st.sampled_from(["= {}", "{} =", "{} = ?", "  {}  ", "{}\n", "({})"]))
def test_decoration(finqa_gym: Any, expression: str, decoration: str) -> None:
    check(finqa_gym, decoration.format(expression))


@given(EXACT, st.data())
def test_broken_expressions(finqa_gym: Any, expression: str, data: st.DataObject) -> None:
    """One character too many or too few: both read it alike or both refuse it."""
    at = data.draw(st.integers(0, len(expression)))
    broken = data.draw(
        st.sampled_from(
            [
                expression[:at] + expression[at + 1 :],
                expression[:at] + data.draw(st.sampled_from("()+*/,x'=;")) + expression[at:],
            ]
        )
    )
    if outcome(broken) == "calc_syntax":
        # What was calculated before the fault may be an error of its own.
        with pytest.raises(finqa_gym.ToolCallError):
            finqa_gym.tools.calculate(broken)
    else:
        check(finqa_gym, broken)


FOREIGN = [
    "",
    "   ",
    "open('x')",
    "__import__('os')",
    "[1, 2]",
    "x = 5",
    "5; 6",
    "lambda: 1",
    "1 if 2 else 3",
    "a.b",
    "'text'",
    "1 +",
    "* 2",
    "(1",
    "1)",
    "2 3",
    "2(3)",
    "max()",
    "sqrt(1, 2)",
    "pow(2)",
    "f(1)",
    "1,00",
    "5!",
    "{1}",
    "not 1",
    "1 and 2",
    "~1",
    "1 << 2",
    "10 @ 2",
    "ord('a')",
    "sum(i for i in [1])",
    "print(1)",
]


@pytest.mark.parametrize("expression", FOREIGN)
def test_what_is_no_arithmetic_is_refused(finqa_gym: Any, expression: str) -> None:
    """Nothing of Python but arithmetic is there."""
    with pytest.raises(CalcError) as expected:
        evaluate(expression)
    assert expected.value.code == "calc_syntax"
    with pytest.raises(finqa_gym.ToolCallError) as caught:
        finqa_gym.tools.calculate(expression)
    assert caught.value.code == "calc_syntax"


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1 / 0", "calc_division_by_zero"),
        ("5 // (2 - 2)", "calc_division_by_zero"),
        ("5 % (1 - 1)", "calc_division_by_zero"),
        ("0 ** -1", "calc_division_by_zero"),
        ("10 ** 400", "calc_overflow"),
        ("9 ** 9 ** 9", "calc_overflow"),
        ("2e308 * 10", "calc_overflow"),
        ("exp(1000)", "calc_overflow"),
        ("sqrt(-1)", "calc_domain"),
        ("ln(0)", "calc_domain"),
        ("(-8) ** 0.5", "calc_domain"),
        ("log(-5, 10)", "calc_domain"),
        ("round(1.5, 99)", "calc_domain"),
    ],
)
def test_error_codes(finqa_gym: Any, expression: str, code: str) -> None:
    with pytest.raises(finqa_gym.ToolCallError) as caught:
        finqa_gym.tools.calculate(expression)
    assert caught.value.code == code


@given(st.text(alphabet="0123456789.,+-*/%^()<>= $abcdefinmpqrstx", max_size=24))
def test_no_text_breaks_the_calculator(finqa_gym: Any, expression: str) -> None:
    """Any text gives a number or a policy's mistake, never another exception."""
    try:
        found = finqa_gym.tools.calculate(expression)
    except finqa_gym.ToolCallError as error:
        assert error.code.startswith("calc_")  # noqa: PT017 - either outcome is fine
    else:
        assert re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", found)
