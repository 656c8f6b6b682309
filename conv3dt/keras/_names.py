"""Names of layers that were given none: conv3d_transpose, conv3d_transpose_1, ..."""

from collections import Counter

from .._runtime.locks import Lock

__all__ = ["clear", "numbered"]

_lock = Lock()
_used: Counter[str] = Counter()


def numbered(base: str, *, from_one: bool = False) -> str:
    """Return the next name; the first has no number, unless numbers begin at one.

    Both ways of counting share a counter, as the two families of layers do in Keras.
    """
    with _lock:
        count = _used[base]
        _used[base] += 1
    if from_one:
        return f"{base}_{count + 1}"
    return f"{base}_{count}" if count else base


def clear() -> None:
    """Begin again."""
    with _lock:
        _used.clear()
