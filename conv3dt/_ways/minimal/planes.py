"""Where the numbers of all slots of height and width lie: inputs, or products."""

from typing import Any, NamedTuple

from ..._compiler.words import get, put

__all__ = ["Planes", "Rows", "places"]


class Rows(NamedTuple):
    """A line of height, and its tiles of a block."""

    line: Any
    lo: Any
    hi: Any


class Planes(NamedTuple):
    """Numbers of all slots of height and width."""

    first: Any  # address
    step: Any  # bytes from a slot to the next,
    position: Any  # and from a position to the next
    table: Any  # address of a table of addresses


def places(plan, planes, operation, at):
    """Write where a group of the height has its numbers, for a run of the width."""
    height, n = at.line, 0
    for p in range(at.hi, at.hi + height.products[at.hi].many):
        product = height.products[p]
        slot = product.slot - height.slot
        row = product.rank - get(height.ranks, at.lo * height.slots + slot)
        for s in range(operation.n):
            w = get(operation.places, 2 * s)
            entry = row * get(plan.width.counts, w) + get(operation.places, 2 * s + 1)
            plane = slot * plan.width.n_slots + w
            put(planes.table, n, planes.first + plane * planes.step + entry * planes.position)
            n += 1
