"""Checks of what is said about a file that cannot be read, and of the memory that it took."""

import tracemalloc

import pytest

from conv3dt.weights import load


def refused(path, reason):
    """Check that a file cannot be read, and return what is said."""
    with pytest.raises(OSError, match=reason) as error:
        load(path)
    assert str(path) in str(error.value)
    return str(error.value)


def small(call):
    """Run what must not take much memory, and return the peak of NumPy's and Python's."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
