"""Functions of tests, translated."""

import inspect
import sys
from functools import partial

import pytest

from conv3dt._compiler.build import callable_at, emitted
from conv3dt._compiler.plain import PLAIN
from conv3dt._compiler.translate import translate

needed = pytest.mark.skipif(PLAIN, reason="nothing is translated")


def translated(function, n_arguments, **constants):
    """The function for Python to call; the cache must not find what it was before an edit."""
    key = inspect.getsource(sys.modules[function.__module__]), function.__name__, constants
    write = partial(translate, function, **constants)
    return callable_at(emitted(key, n_arguments, write, lambda: function), n_arguments)
