"""What one call at a time works on: a copy of a plan's record, scratch, room for filters."""

from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._plan.plan import Plan
from .._runtime.recycle import address, aligned
from .._ways.list import WAYS
from .._ways.shared.records import Arrays
from .._ways.shared.scheme import Encoded

__all__ = [
    "CONVOLVING",
    "NOT_FINITE",
    "PACKING",
    "SMALL",
    "TAKEN",
    "Desk",
    "Tables",
    "tables",
    "taken",
]

Array = NDArray[Any]

SMALL = 1 << 14  # bytes: so little a plan keeps, and a result needs no cache line to start on


class _Fields(NamedTuple):
    """Neighbouring fields of `Arrays`, and how they are written at once."""

    offset: int  # bytes from the start of a record
    struct: Struct

    def write(self, params: Array, *values: int) -> None:
        """Write the fields into a record."""
        self.struct.pack_into(params.data, self.offset, *values)


def _fields(first: Any, last: Any) -> _Fields:
    count = (last.offset - first.offset) // 8 + 1
    return _Fields(first.offset, Struct(f"={count}q"))


CONVOLVING = _fields(Arrays.taken, Arrays.panels)
PACKING = _fields(Arrays.panels, Arrays.step_kw)
TAKEN, NOT_FINITE = Arrays.taken.offset // 8, Arrays.not_finite.offset // 8


class Desk(NamedTuple):
    """A copy of a plan's record, and scratch, for one call at a time."""

    params: Array
    at: int  # address of the record
    scratch: Array
    at_scratch: int


class Tables(NamedTuple):
    """A plan in the form drivers read, and what earlier calls have left for further ones."""

    encoded: Encoded
    desks: list[Desk]  # pop and append are atomic
    packed: list[Any]  # likewise

    def desk(self) -> Desk:
        """Return a desk: one that is free, or a new one."""
        return taken(self.desks) or self._new()

    def _new(self) -> Desk:
        params, size = self.encoded.params.copy(), self.encoded.scratch
        scratch = aligned((size,), np.uint8, size)
        return Desk(params, address(params), scratch, address(scratch))


@lru_cache(maxsize=1024)
def tables(plan: Plan) -> Tables:
    """Return the tables of a plan; drivers and micro-kernels are compiled where they are new."""
    return Tables(WAYS[plan.choice.way].encoded(plan.scheme), [], [])


def taken(spare: list[Any]) -> Any:
    """Return what an earlier call has left, None if there is nothing.

    A call leaves it when it ends; one that was interrupted does not, for somebody may still use it.
    """
    try:
        return spare.pop()
    except IndexError:
        return None
