"""Calls of a kind that has been computed before: all is known of them but addresses.

What decides how a call is computed is in the key of its kind. So the record of a further call is
written at once, into a copy that an earlier one has left, and nothing else is asked.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._plan.plan import Plan
from .._runtime.recycle import address, aligned
from .._ways.shared.blocked import in_lines
from . import telling
from .launching import TAKEN, launch
from .tables import CONVOLVING, NOT_FINITE, Packed, Tables, new

__all__ = ["Kind", "Known", "again", "kind_of"]

Array = NDArray[Any]

_KEPT = 1 << 15  # bytes of scratch and packed filters: larger ones are made anew for each call


class Desk(NamedTuple):
    """What one call at a time works on."""

    params: Array  # a copy of the record
    at: int  # its address
    data: memoryview
    memory: Array  # scratch, then room for bias and packed filters
    scratch: int  # addresses in it
    lists: int
    room: int
    biases: Array  # a view of the room


class Known(NamedTuple):
    """What calls of a kind have in common."""

    plan: Plan
    tables: Tables
    record: Array  # with the steps of the filters
    input: int  # bytes from the first number of the array to the first that is read
    steps: tuple[int, ...]  # of what is read: along batch, depth, height, width and channels
    filters: int  # bytes, likewise
    room: int  # bytes for bias and packed filters
    out: tuple[tuple[int, ...], Any, int]  # shape, dtype and bytes of the result
    desks: list[Desk]  # that earlier calls have left; pop and append are atomic

    def new_desk(self) -> Desk:
        """Return a desk."""
        tables, at = self.tables, in_lines(self.tables.encoded.scratch)
        params, memory = self.record.copy(), aligned((at + self.room,), np.uint8, at + self.room)
        biases = memory[at : at + tables.bias_bytes]
        biases[:] = 0
        biases = biases.view(self.plan.layer.storage.compute)[: self.plan.layer.request.co]
        return Desk(
            params, address(params), params.data, memory, address(memory),
            address(memory) + tables.encoded.lists, address(memory) + at,
            biases.reshape(-1, self.plan.request.co),
        )  # fmt: skip


class Kind:
    """Calls that differ in addresses and numbers only, and what is known of them."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        self.known: Known | None = None


@lru_cache(maxsize=1024)
def kind_of(*decides: Any) -> Kind:
    """Return the kind of all calls in which this is the same."""
    return Kind()


def again(
    known: Known,
    input: int,
    filters: int,
    bias: Array | None,
    out: Array | None,
    packed: Packed | None,
    *uses: Any,
) -> Array | None:
    """Return the convolution of a call of a known kind; None where a number was not finite.

    Input and filters are at addresses, which stay while there is who `uses` them.
    """
    plan, tables, _, input_at, steps, filters_at, _, made, desks = known
    begun = telling.begin()
    out = new(*made) if out is None else out
    try:
        desk = desks.pop()  # is put back when the call ends, but not if it is interrupted
    except IndexError:
        desk = known.new_desk()
    params, at, data, memory, scratch, lists, room, biases = desk
    if packed is not None:
        room = packed.at
    elif bias is not None:
        biases[:] = bias
    offset, pack_into = CONVOLVING
    pack_into(
        data, offset, 0, 0, input + input_at, *steps, address(out), room, scratch, lists,
        room + tables.bias_bytes, filters + filters_at,
    )  # fmt: skip
    if packed is None and tables.pack.start_at:
        launch(tables.pack, params, at, memory, uses)
        if params[NOT_FINITE]:
            return None
        params[TAKEN] = 0
    launch(tables.convolve, params, at, memory, out, packed, uses)
    if params[NOT_FINITE]:
        return None
    if memory.size <= _KEPT:
        desks.append(desk)
    telling.tell(plan, begun)
    return out
