"""Integers and names of any origin as Python's own, which are safe as keys of a cache.

An integer is what has `__index__`, so 2.0 is none: truncating a stride in silence helps nobody.
"""

import reprlib
from itertools import islice
from operator import index
from typing import Any

import numpy as np

__all__ = ["as_integer", "as_integers", "as_name", "as_output_shape", "shown"]

ENOUGH = 7  # elements looked at: more than is legal anywhere
TEXT = (str, bytes, bytearray)


def shown(given: Any) -> str:
    """Return a short text for anything that was passed, even if it cannot print itself."""
    try:
        return reprlib.repr(given)
    except Exception:  # such as an integer of more digits than Python prints
        return f"an object of type {type(given).__name__}"


def as_name(function: str, name: str, given: Any, legal: tuple[str, ...]) -> str:
    """Return a string that is one of the legal ones."""
    if type(given) is str and given in legal:
        return given
    *others, last = map(repr, legal)
    rule = f"{function}: {name} must be {', '.join(others)} or {last}"
    if not isinstance(given, str):
        raise TypeError(f"{rule}; got {shown(given)}.")
    word = str.__str__(given)  # of a subclass, too
    if word not in legal:
        raise ValueError(f"{rule}; got {shown(word)}.")
    return word


def as_integer(function: str, name: str, given: Any) -> int:
    """Return one integer."""
    try:
        return index(given)
    except Exception as error:
        raise TypeError(f"{function}: {name} must be an integer; got {shown(given)}.") from error


def as_integers(function: str, name: str, given: Any) -> tuple[int, ...]:
    """Return one integer, or a flat sequence of them, as a tuple."""
    kind = type(given)
    if kind is int:
        return (given,)
    if kind is list or kind is tuple:
        try:
            return tuple(map(index, given))
        except Exception:
            return _integers_in(function, name, given)
    if isinstance(given, np.ndarray):
        return as_integers(function, name, _listed(function, name, given))
    try:
        return (index(given),)
    except Exception:
        return _integers_in(function, name, given)


def as_output_shape(function: str, given: Any) -> tuple[int, ...]:
    """Return the integers of output_shape; an array may hold them as floats, like TensorFlow's."""
    if not isinstance(given, np.ndarray) or given.dtype.kind != "f":
        return as_integers(function, "output_shape", given)
    numbers = np.atleast_1d(_listed(function, "output_shape", given)).tolist()
    if not all(isinstance(x, (float, np.floating)) and x.is_integer() for x in numbers):
        raise TypeError(f"{function}: output_shape must be integers; got {shown(numbers)}.")
    return tuple(map(int, numbers))


def _listed(function: str, name: str, array: np.ndarray[Any, Any]) -> Any:
    """Return an array of at most one dimension as a Python number or list."""
    if array.ndim > 1:
        raise ValueError(
            f"{function}: {name} must be flat; got an array of {array.ndim} dimensions."
        )
    return array[:ENOUGH].tolist() if array.ndim else array.tolist()


def _integers_in(function: str, name: str, given: Any) -> tuple[int, ...]:
    """Return the integers in anything that has a length, or say why that cannot be done."""
    rule = f"{function}: {name} must be integers; got {shown(given)}."
    if isinstance(given, TEXT) or not _has_length(given):
        raise TypeError(rule)
    items: list[Any] = []
    try:
        items.extend(islice(given, ENOUGH))
        return tuple(map(index, items))
    except Exception as error:
        if any(_has_length(item) and not isinstance(item, TEXT) for item in items):
            raise ValueError(f"{function}: {name} must be flat; got {shown(given)}.") from error
        raise TypeError(rule) from error


def _has_length(given: Any) -> bool:
    """Return whether len() works."""
    try:
        return len(given) >= 0
    except Exception:
        return False
