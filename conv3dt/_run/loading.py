"""Code and plans: loaded ahead of a call, forgotten between calls."""

from collections import deque
from collections.abc import Iterable
from itertools import chain

from .._compiler import build
from .._plan import choice
from .._plan.plan import Plan
from .._runtime.door import door
from .._ways.correlate import encode as filter_gradient
from .._ways.list import WAYS
from . import correlate, slopes
from .desk import tables

__all__ = ["clear", "load_all"]


def clear() -> None:
    """Forget plans and code; calls that are under way keep theirs."""
    choice.clear()
    tables.cache_clear()
    correlate.clear()
    slopes.clear()
    build.clear()


def load_all(plans: Iterable[Plan]) -> int:
    """Load or compile what these plans need, or all parts of all drivers; return how many it is."""
    door()
    found = [tables(plan) for plan in plans]
    if not found:
        ways = (way.parts() for way in WAYS.values())
        deque(chain(*ways, filter_gradient.parts()), maxlen=0)
        slopes.driver()
    return build.count()
