"""The calculator of the plain Python environment."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["evaluate", "published_calculator"]


def published_calculator() -> Callable[[str], Any]:
    """Return asteval where it is installed, as in the published loops, else :func:`evaluate`."""
    try:
        from asteval import Interpreter
    except ImportError:
        return evaluate

    def fresh_interpreter(expression: str) -> Any:
        return Interpreter()(expression, show_errors=False, raise_errors=False)

    return fresh_interpreter


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"abs": abs, "max": max, "min": min, "round": round}


def evaluate(expression: str) -> float:
    """Evaluate an arithmetic expression in floating point.

    Args:
        expression: Numbers, ``+ - * / % **``, parentheses and abs, max, min, round.

    Returns:
        The value.

    Raises:
        ArithmeticError: Division by zero or overflow.
        SyntaxError: Not an expression.
        ValueError: Something that is not arithmetic.

    Example:
        >>> evaluate("(1496.5 - 1202.5) / 2 + max(1, 2)")
        149.0
    """
    return float(_value(ast.parse(expression.strip(), mode="eval").body))


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=bool() | complex()):
            pass
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _real(_BINARY[type(op)](_value(left), _value(right)))
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _real(_UNARY[type(sign)](_value(operand)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _real(_FUNCTIONS[name](*map(_value, args)))
        case _:
            pass
    msg = f"{ast.unparse(node)!r} is not arithmetic"
    raise ValueError(msg)


def _real(value: Any) -> float:
    # A negative base with a broken exponent gives a complex number.
    if isinstance(value, complex):
        msg = f"{value} is not a real number"
        raise ValueError(msg)  # noqa: TRY004 - a value, not a type, is at fault: the policy's expression
    return float(value)
