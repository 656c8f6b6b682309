"""Which taps filters are combined of."""

from collections.abc import Iterator
from typing import NamedTuple

from .formulas import FILTERS, Program

__all__ = ["Mixed", "mixed"]


class Mixed(NamedTuple):
    """Neighbouring taps whose combinations are slots that follow one another."""

    taps: int
    k: int  # the first
    step: int  # from a tap to the next
    slot: int  # the first
    slots: int


def mixed(program: Program) -> Iterator[Mixed]:
    """Yield the taps that all slots are made of.

    The second slot of two or three taps, and no other that follows a first one, has all of them.
    """
    slot = 0
    while slot < len(program.slots):
        (k, _), *more = max(program.slots[slot : slot + 2], key=len)
        slots = len(FILTERS[1 + len(more)])
        yield Mixed(1 + len(more), k, more[0][0] - k if more else 0, slot, slots)
        slot += slots
