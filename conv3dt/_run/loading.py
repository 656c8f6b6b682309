"""Code and plans: loaded ahead of a call, forgotten between calls."""

from collections import deque
from collections.abc import Iterable
from itertools import chain
from typing import Any

from .._compiler import build
from .._plan import choice
from .._plan.plan import Plan
from .._runtime.door import door
from .._ways.correlate import encode as of_filters
from .._ways.list import WAYS
from .._ways.slopes import encode as of_activations
from .._ways.turning import encode as of_turning
from . import correlate, slopes
from .known import kind_of
from .tables import tables

__all__ = ["clear", "load_all"]

_OTHERS: tuple[Any, ...] = of_filters, of_activations, of_turning


def clear() -> None:
    """Forget plans and code; calls that are under way keep theirs."""
    choice.clear()
    tables.cache_clear()
    kind_of.cache_clear()
    correlate.clear()
    slopes.clear()
    build.clear()


def load_all(plans: Iterable[Plan]) -> int:
    """Load or compile what these plans need, or all parts of all drivers; return how many it is."""
    door()
    found = [tables(plan) for plan in plans]
    if not found:
        found_parts = (way.parts() for way in (*WAYS.values(), *_OTHERS))
        deque(chain.from_iterable(found_parts), maxlen=0)
    return build.count()
