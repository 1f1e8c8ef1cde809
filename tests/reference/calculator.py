"""Reference for the calculator: rewrites an expression into Python, walks its ``ast`` with
fractions.

The language binds like Python's, so Python's own parser builds the tree; a postfix percent sign
becomes an attribute (``50%`` is ``(50).percent``), which binds as tightly as the rule asks.
Rational arithmetic is exact. Roots, logarithms and fractional powers come from :mod:`decimal` at 60
digits and carry a bound for the error that 64-bit floats may make; where that error could change a
comparison or a rounding, :class:`AmbiguousError` says that no oracle exists.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact
from fractions import Fraction
from math import isqrt

EPSILON = Fraction(1, 2**50)
"""Relative error allowed to one float operation: a few units in the last place."""
OVERFLOW = Fraction(2) ** 1024
MAX_EXACT_BITS = 1100
EXACT_DIGITS = 30
ROUNDED_DIGITS = 17
_PRECISE = Context(prec=60, Emax=10**6, Emin=-(10**6))

_ONE_ARGUMENT = {"abs", "sqrt", "exp", "ln", "log10", "log2", "floor", "ceil"}
_ARITY = {
    **dict.fromkeys(_ONE_ARGUMENT, (1, 1)),
    **dict.fromkeys(["round", "log"], (1, 2)),
    "pow": (2, 2),
    **dict.fromkeys(["min", "max", "sum", "avg", "mean", "average"], (1, 10**6)),
}
_CONSTANTS = {
    "pi": "3.14159265358979323846264338327950288419716939937510582097494",
    "e": "2.71828182845904523536028747135266249775724709369995957496697",
}
_FOLDED = {
    **dict.fromkeys("−–—‐‑‒―﹣", "-"),  # noqa: RUF001
    **dict.fromkeys("×✕✖·∙⋅∗•", "*"),  # noqa: RUF001
    **dict.fromkeys("÷∕⁄", "/"),  # noqa: RUF001
    "﹪": "%",
    **dict.fromkeys("$€£¥\u200b\u2060\ufeff", " "),
}
_TOKEN = re.compile(
    r"""(?P<number>(?:\d(?:_?\d)*(?P<groups>(?:,\d{3}(?!\d))+)?(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*
    )
                   (?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_.]*|π)
      | (?P<operator>\*\*|//|<=|>=|==|!=|[-+*/%^<>()\[\],≤≥≠])
      | (?P<blank>\s+)""",
    re.VERBOSE,
)


class CalcError(Exception):
    """A mistake of the policy; ``code`` is the stable code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class AmbiguousError(Exception):
    """The result hangs on the last bits of a float."""


@dataclass(frozen=True)
class Number:
    """A value and how far a float computation may be off; 0 for exact values."""

    value: Fraction
    error: Fraction = Fraction(0)

    @property
    def exact(self) -> bool:
        """Whether the core keeps this value as a ratio."""
        return self.error == 0


# --- from text to Python source -------------------------------------------------------------------


def _fold(text: str) -> str:
    """Signs that models write for the same operator become one; currency signs become blanks."""
    folded = (
        unicodedata.normalize("NFKC", c) if "\uff01" <= c <= "\uff5e" else _FOLDED.get(c, c)
        for c in text
    )
    return "".join(" " if c.isspace() else c for c in folded)


def _groups_thousands(text: str, opening: int, name: str | None) -> bool:
    """Whether a tight comma inside the parenthesis that opens at ``opening`` groups thousands.

    In the arguments of a function of several it does only if some comma there is followed by a
    blank.
    """
    if text[opening] == "(" and (name is None or name in _ONE_ARGUMENT):
        return True
    depth = 0
    for match in re.finditer(r"[(\[]|[)\]]|,\s", text[opening:]):
        found = match[0]
        depth += (found in "([") - (found in ")]")
        if depth == 0:
            break
        if found.startswith(",") and depth == 1:
            return True
    return False


def _tokens(text: str) -> list[tuple[str, str]]:
    """(kind, text) of each token; thousands commas are dropped here."""
    tokens: list[tuple[str, str]] = []
    grouping = [True]
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise CalcError("calc_syntax")
        kind, found = str(match.lastgroup), match[0]
        if match["number"]:
            kind = "number"
            groups = match["groups"]
            whole = found.split(",")[0]
            if groups and not (grouping[-1] and re.fullmatch(r"[1-9]\d{0,2}", whole)):
                found = whole
            tokens.append((kind, found.replace(",", "").replace("_", "")))
        elif kind == "name":
            name = re.sub(r"^(?:math|np|numpy)\.", "", found.lower())
            tokens.append((kind, "pi" if name == "π" else name))
        elif kind == "operator":
            if found in "([":
                called = tokens[-1][1] if tokens and tokens[-1][0] == "name" else None
                grouping.append(_groups_thousands(text, position, called))
            elif found in ")]" and len(grouping) > 1:
                grouping.pop()
            tokens.append((kind, found))
        position += len(found)
    return tokens


def to_python(expression: str) -> str:
    """The expression as Python source, numbers as ``n("…")``."""
    text = _fold(expression).strip()
    text = re.sub(r"(?<![=<>!])=\s*\?*$", "", text) if re.search(r"=\s*\?*$", text) else text
    text = re.sub(r"^=(?!=)", "", text).strip()
    tokens = _tokens(text)
    parts: list[str] = []
    for index, (kind, found) in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else ("end", "")
        if kind == "number":
            parts.append(f'n("{found}")')
        elif kind == "name":
            parts.append("*" if found == "of" else f"f_{found.replace('.', '__')}")
        elif found == "%":
            operand = following[0] == "number" or following[1] == "("
            operand = operand or (following[0] == "name" and following[1] != "of")
            parts.append("%" if operand else ".percent")
        else:
            parts.append({"^": "**", "≤": "<=", "≥": ">=", "≠": "!="}.get(found, found))
    return " ".join(parts)


# --- arithmetic with error bounds -----------------------------------------------------------------


def _settle(value: Fraction, error: Fraction) -> Number:
    """Checks the range; what is too long to be kept, or made of floats, is rounded."""
    if abs(value) >= OVERFLOW:
        raise CalcError("calc_overflow")
    long = max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_EXACT_BITS
    if error or long:
        error += abs(value) * EPSILON
        value = Fraction(_PRECISE.divide(Decimal(value.numerator), Decimal(value.denominator)))
    return Number(value, error)


def _sign_known(number: Number) -> None:
    if abs(number.value) <= number.error and not number.exact:
        raise AmbiguousError


def _add(a: Number, b: Number) -> Number:
    return _settle(a.value + b.value, a.error + b.error)


def _multiply(a: Number, b: Number) -> Number:
    error = abs(a.value) * b.error + abs(b.value) * a.error + a.error * b.error
    if not (a.exact and b.exact):
        error = max(error, EPSILON * abs(a.value * b.value))
    return _settle(a.value * b.value, error)


def _divide(a: Number, b: Number) -> Number:
    _sign_known(b)
    if b.value == 0:
        raise CalcError("calc_division_by_zero")
    quotient = a.value / b.value
    return _settle(quotient, (a.error + abs(quotient) * b.error) / (abs(b.value) - b.error))


def _floor(a: Number) -> Number:
    low, high = ((a.value + d).__floor__() for d in (-a.error, a.error))
    if low != high:
        raise AmbiguousError
    return Number(Fraction(low))


def _modulo(a: Number, b: Number) -> Number:
    if not (a.exact and b.exact):
        raise AmbiguousError
    if b.value == 0:
        raise CalcError("calc_division_by_zero")
    return _settle(a.value - b.value * (a.value / b.value).__floor__(), Fraction(0))


def _order(a: Number, b: Number) -> int:
    """-1, 0 or 1."""
    if abs(a.value - b.value) <= a.error + b.error and not (a.exact and b.exact):
        raise AmbiguousError
    return (a.value > b.value) - (a.value < b.value)


def _decimal(value: Fraction) -> Decimal:
    return _PRECISE.divide(Decimal(value.numerator), Decimal(value.denominator))


def _as_float(a: Number) -> Number:
    """An argument of a function on floats: a ratio is first rounded to the nearest one."""
    if abs(a.value) >= OVERFLOW or Fraction(float(a.value)) == a.value:
        return a
    return Number(a.value, a.error + abs(a.value) / 2**53)


def _inexact(value: Decimal, slope: Fraction) -> Number:
    """A transcendental result; ``slope`` is how far the argument's error moves it."""
    result = Fraction(value)
    return _settle(result, slope + abs(result) * EPSILON + Fraction(1, 10**50))


def _sqrt(a: Number) -> Number:
    _sign_known(a)
    if a.value < 0:
        raise CalcError("calc_domain")
    roots = isqrt(a.value.numerator), isqrt(a.value.denominator)
    root = Fraction(*roots)
    if a.exact and root * root == a.value:
        return Number(root)
    value = _PRECISE.sqrt(_decimal(a.value))
    return _inexact(value, a.error / Fraction(value) if value else Fraction(0))


def _ln(a: Number) -> Number:
    _sign_known(a)
    if a.value <= 0:
        raise CalcError("calc_domain")
    if a.exact and a.value == 1:
        return Number(Fraction(0))
    a = _as_float(a)
    return _inexact(_PRECISE.ln(_decimal(a.value)), a.error / (a.value - a.error))


def _log(a: Number, base: Number) -> Number:
    for number in (a, base):
        _sign_known(number)
        if number.value <= 0:
            raise CalcError("calc_domain")
    if base.value == 1:
        raise CalcError("calc_division_by_zero")
    if a.exact and base.exact:
        for power in range(-400, 401):
            if base.value**power == a.value:
                return Number(Fraction(power))
    return _divide(_ln(a), _ln(base))


def _exp(a: Number) -> Number:
    if a.value == 0 and a.exact:
        return Number(Fraction(1))
    if a.value > 800:
        raise CalcError("calc_overflow")
    a = _as_float(a)
    value = _PRECISE.exp(_decimal(a.value))
    return _inexact(value, Fraction(value) * a.error * 2)


def _power(a: Number, b: Number) -> Number:
    if a.exact and a.value == 0:
        _sign_known(b)
        if b.value < 0:
            raise CalcError("calc_division_by_zero")
        return Number(Fraction(int(b.value == 0)))
    if b.exact and b.value.denominator == 1:
        if abs(b.value) > 5000:
            grows = a.value if b.value > 0 else 1 / a.value
            raise CalcError("calc_overflow") if abs(grows) >= 2 else AmbiguousError
        value = a.value ** int(b.value)
        relative = Fraction(0) if a.exact else a.error / abs(a.value) * (abs(b.value) + 1) + EPSILON
        return _settle(value, abs(value) * relative)
    if b.exact and b.value == Fraction(1, 2):
        return _sqrt(a)
    _sign_known(a)
    if a.value < 0:
        raise CalcError("calc_domain")
    power = _multiply(b, _ln(a))
    if power.value > 720:
        raise CalcError("calc_overflow")
    return _exp(power)


def _round(a: Number, places: Number = Number(Fraction(0))) -> Number:
    whole = places.value
    if not places.exact or whole.denominator != 1 or not -30 <= whole <= 30:
        raise CalcError("calc_domain")
    low, high = (round((a.value + d) * Fraction(10) ** int(whole)) for d in (-a.error, a.error))
    if low != high:
        raise AmbiguousError
    return _settle(low / Fraction(10) ** int(whole), Fraction(0))


def _sum(*numbers: Number) -> Number:
    total = Number(Fraction(0))
    for number in numbers:
        total = _add(total, number)
    return total


def _pick(better: int) -> Callable[..., Number]:
    def pick(*numbers: Number) -> Number:
        best = numbers[0]
        for number in numbers[1:]:
            if _order(number, best) == better:
                best = number
        return best

    return pick


def _mean(*numbers: Number) -> Number:
    return _divide(_sum(*numbers), Number(Fraction(len(numbers))))


def _negate(a: Number) -> Number:
    return Number(-a.value, a.error)


_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": lambda a: Number(abs(a.value), a.error),
    "min": _pick(-1),
    "max": _pick(1),
    "sum": _sum,
    **dict.fromkeys(["avg", "mean", "average"], _mean),
    "round": _round,
    "floor": _floor,
    "ceil": lambda a: _negate(_floor(_negate(a))),
    "sqrt": _sqrt,
    "pow": _power,
    "exp": _exp,
    "ln": _ln,
    "log": lambda a, base=None: _ln(a) if base is None else _log(a, base),
    "log10": lambda a: _log(a, Number(Fraction(10))),
    "log2": lambda a: _log(a, Number(Fraction(2))),
}
_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: _add,
    ast.Sub: lambda a, b: _add(a, _negate(b)),
    ast.Mult: _multiply,
    ast.Div: _divide,
    ast.FloorDiv: lambda a, b: _floor(_divide(a, b)),
    ast.Mod: _modulo,
    ast.Pow: _power,
}
_COMPARE: dict[type[ast.cmpop], Callable[[int], bool]] = {
    ast.Lt: lambda o: o < 0,
    ast.LtE: lambda o: o <= 0,
    ast.Gt: lambda o: o > 0,
    ast.GtE: lambda o: o >= 0,
    ast.Eq: lambda o: o == 0,
    ast.NotEq: lambda o: o != 0,
}


def _walk(node: ast.expr) -> Number:
    """The value of a node; what arithmetic does not have is a syntax error."""
    match node:
        case ast.Call(ast.Name("n"), [ast.Constant(str(digits))], []):
            return _settle(Fraction(digits), Fraction(0))
        case ast.Call(ast.Name(str(name)), arguments, []) if name[2:] in _ARITY:
            spread = [e for a in arguments for e in (a.elts if isinstance(a, ast.List) else [a])]
            numbers = [_walk(argument) for argument in spread]
            least, most = _ARITY[name[2:]]
            if not least <= len(numbers) <= most:
                raise CalcError("calc_syntax")
            return _FUNCTIONS[name[2:]](*numbers)
        case ast.Name(str(name)) if name[2:] in _CONSTANTS:
            value = Fraction(_CONSTANTS[name[2:]])
            return Number(value, value * EPSILON)
        case ast.Attribute(value=inner, attr="percent"):
            return _divide(_walk(inner), Number(Fraction(100)))
        case ast.UnaryOp(ast.USub(), inner):
            return _negate(_walk(inner))
        case ast.UnaryOp(ast.UAdd(), inner):
            return _walk(inner)
        case ast.BinOp(left, operator, right):
            return _BINARY[type(operator)](_walk(left), _walk(right))
        case ast.Compare(left, operators, comparators):
            numbers = [_walk(left), *map(_walk, comparators)]
            pairs = zip(operators, numbers, numbers[1:], strict=False)
            # A list: every pair is compared, so that one that cannot be told is noticed.
            holds = all([_COMPARE[type(o)](_order(a, b)) for o, a, b in pairs])  # noqa: C419
            return Number(Fraction(int(holds)))
        case _:
            raise CalcError("calc_syntax")


def evaluate(expression: str) -> Number:
    """The value of an expression.

    Raises:
        CalcError: The expression is a mistake of the policy.
        AmbiguousError: The result hangs on the last bits of a float.
    """
    source = to_python(expression)
    # Two operands side by side would be a Python call or index: `(2)(3)`, `f_x [1]`.
    if re.search(r'(?:[)\]]|percent|n\("[^"]*"\))\s+[(\[]', source):
        raise CalcError("calc_syntax")
    # Python takes a comma behind the last argument.
    if re.search(r",\s*[)\]]", source):
        raise CalcError("calc_syntax")
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        raise CalcError("calc_syntax") from None
    return _walk(tree.body)


def write(value: Fraction) -> str:
    """An exact value as a decimal: in full up to 30 significant digits, else rounded to 17."""
    if value == 0:
        return "0"
    operands = Decimal(value.numerator), Decimal(value.denominator)
    limits = {"Emax": 10**6, "Emin": -(10**6), "rounding": ROUND_HALF_EVEN}
    context = Context(prec=EXACT_DIGITS, **limits)  # type: ignore[arg-type]
    result = context.divide(*operands)
    if context.flags[Inexact]:
        result = Context(prec=ROUNDED_DIGITS, **limits).divide(*operands)  # type: ignore[arg-type]
    sign, digits, _ = result.as_tuple()
    place = result.adjusted()
    if -20 <= place < 30:
        text = format(result, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa = "".join(map(str, digits)).rstrip("0")
    point = "." if len(mantissa) > 1 else ""
    return f"{'-' if sign else ''}{mantissa[0]}{point}{mantissa[1:]}e{place}"


def calculate(expression: str) -> str:
    """What the calculator writes for an expression whose value is exact.

    Raises:
        CalcError: The expression is a mistake of the policy.
        AmbiguousError: The value is a float, whose last digits no oracle fixes; see
            :func:`evaluate`.
    """
    number = evaluate(expression)
    if not number.exact:
        raise AmbiguousError
    return write(number.value)
