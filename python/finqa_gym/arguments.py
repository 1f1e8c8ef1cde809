"""Checks of arguments: an error names the argument, the value seen and what would be right."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["flag", "flags", "instance", "integer", "integers", "number", "text"]

U64 = 2**64


def integer(name: str, value: object, *, least: int = 0, below: int = U64) -> int:
    """``value`` as int; numpy's integers are ints, booleans and whole floats are not.

    Example:
        >>> integer("num_envs", np.int64(4))
        4
        >>> integer("num_envs", 2.0)
        Traceback (most recent call last):
        TypeError: num_envs is 2.0 (float); an int is needed
    """
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise _wrong_type(name, value, "an int")
    try:
        number = operator.index(value)
    except TypeError:  # an array of several numbers
        raise _wrong_type(name, value, "an int") from None
    if number < least:
        msg = f"{name} is {number}; it must be at least {least}"
        raise ValueError(msg)
    if number >= below:
        msg = f"{name} is {number}; it must be below {below}"
        raise ValueError(msg)
    return number


def number(name: str, value: object) -> float:
    """``value`` as float; numpy's numbers are numbers, booleans and texts are not.

    Example:
        >>> number("weight", np.float32(0.5))
        0.5
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(
        value, (int, float, np.integer, np.floating)
    ):
        raise _wrong_type(name, value, "a number")
    return float(value)


def integers(name: str, values: Any) -> list[int]:
    """``values`` as list of ints: an array, a sequence or any other iterable.

    A mask is refused: read as numbers it would name slots 0 and 1.
    """
    if isinstance(values, np.ndarray):
        if values.ndim != 1 or not (np.issubdtype(values.dtype, np.integer) or not values.size):
            msg = (
                f"{name} is an array of {values.dtype} and shape {values.shape}; "
                "integers in one dimension are needed"
            )
            if values.dtype == bool:
                msg += " (np.flatnonzero makes them from a mask)"
            raise TypeError(msg)
        return list(values.tolist())
    if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__iter__"):
        raise _wrong_type(name, values, "a sequence of ints")
    listed = list(values)
    if set(map(type, listed)) <= {int}:  # the usual case, in every step
        return listed
    return [
        integer(f"{name}[{index}]", value, least=-(2**63), below=2**63)
        for index, value in enumerate(listed)
    ]


def flag(name: str, value: object) -> bool:
    """``value`` as bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise _wrong_type(name, value, "True or False")
    return bool(value)


def flags(name: str, values: Any) -> NDArray[np.bool_]:
    """``values`` as array of bools; the integers 0 and 1 are taken for them.

    Example:
        >>> flags("reset_mask", [1, 0])
        array([ True, False])
    """
    array = np.asarray(values)
    is_mask = array.ndim == 1 and (
        array.dtype == bool
        or not array.size
        or (np.issubdtype(array.dtype, np.integer) and bool(np.isin(array, (0, 1)).all()))
    )
    if not is_mask:
        raise _wrong_type(name, values, "one bool for each slot")
    return array.astype(bool)


def text(name: str, value: object) -> str:
    """``value`` as str."""
    if not isinstance(value, str):
        raise _wrong_type(name, value, "a str")
    return value


def instance(name: str, value: object, kind: type | tuple[type, ...], needed: str) -> None:
    """Refuses a ``value`` of another class than ``kind``; ``needed`` says what would be right."""
    if not isinstance(value, kind):
        raise _wrong_type(name, value, needed)


def _wrong_type(name: str, value: object, needed: str) -> TypeError:
    shown = repr(value)
    if len(shown) > 60:
        shown = f"{shown[:57]}..."
    return TypeError(f"{name} is {shown} ({type(value).__name__}); {needed} is needed")
