"""What one call at a time works on: a copy of a plan's record, scratch, room for filters."""

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._geometry.formats import FORMATS
from .._geometry.tuning import TUNING
from .._plan.plan import Plan
from .._runtime.recycle import address, aligned
from .._ways.list import WAYS
from .._ways.shared.records import Arrays
from .._ways.shared.scheme import Encoded
from .launching import Launch

__all__ = [
    "CONVOLVING",
    "NOT_FINITE",
    "PACKING",
    "SMALL",
    "Desk",
    "Tables",
    "tables",
    "taken",
]

Array = NDArray[Any]

SMALL = 1 << 14  # bytes: so little a plan keeps, and a result needs no cache line to start on


class Fields(NamedTuple):
    """Neighbouring fields of `Arrays`, and how they are written at once."""

    offset: int  # bytes from the start of a record
    pack_into: Callable[..., None]


def _fields(first: Any, last: Any) -> Fields:
    count = (last.offset - first.offset) // 8 + 1
    return Fields(first.offset, Struct(f"={count}q").pack_into)


CONVOLVING = _fields(Arrays.taken, Arrays.panels)
PACKING = _fields(Arrays.panels, Arrays.step_kw)
NOT_FINITE = Arrays.not_finite.offset // 8


class Desk(NamedTuple):
    """A copy of a plan's record, and scratch, for one call at a time."""

    params: Array
    at: int  # address of the record
    scratch: Array
    at_scratch: int


class Tables(NamedTuple):
    """A plan in the form drivers read, and what earlier calls have left for further ones."""

    encoded: Encoded
    pack: Launch  # what packs filters
    convolve: Launch
    bias_bytes: int
    sorted: Callable[[Any], tuple[Any, ...]]  # dimensions of arrays: `formats.Format.sorted`
    all_inputs: bool  # are read
    read: tuple[int, ...]  # shape of the inputs, where it is another than that of the array
    as_channels: bool  # taps are taken for channels: filters must lie as channels do
    desks: list[Desk]  # pop and append are atomic
    packed: list[Any]  # likewise

    def new_desk(self) -> Desk:
        """Return a desk."""
        params, size = self.encoded.params.copy(), self.encoded.scratch
        scratch = aligned((size,), np.uint8, size)
        return Desk(params, address(params), scratch, address(scratch))


@lru_cache(maxsize=1024)
def tables(plan: Plan) -> Tables:
    """Return the tables of a plan; drivers and micro-kernels are compiled where they are new."""
    encoded = WAYS[plan.choice.way].encoded(plan.scheme)
    pack = Launch(encoded.pack, plan.scheme.packing.threads, plan.panels > TUNING.long_bytes)
    is_long = plan.flops > TUNING.long_flops or plan.bytes > TUNING.long_bytes
    convolve = Launch(encoded.convolve, plan.threads, is_long)
    all_inputs = not plan.request.forward or all(axis.every == 1 for axis in plan.layer.axes)
    as_channels = plan.layer.request.co > plan.request.co
    bias_bytes = plan.scheme.bias_bytes
    order, r = FORMATS[plan.request.data_format], plan.request
    read = order.ordered(r.n, plan.layer.request.i, r.ci) if plan.layer.in_other_rows else ()
    return Tables(
        encoded, pack, convolve, bias_bytes, order.sorted, all_inputs, read, as_channels, [], []
    )


def taken(spare: list[Any]) -> Any:
    """Return what an earlier call has left, None if there is nothing.

    A call leaves it when it ends; one that was interrupted does not, for somebody may still use it.
    """
    try:
        return spare.pop()
    except IndexError:
        return None
