"""The record of the driver."""

from ..._compiler.records import Int, Record

__all__ = ["TurnParams"]


class TurnParams(Record):
    """What the driver is told: source[a, b, c] becomes target[c, b, a], both without gaps."""

    taken = Int()  # tasks that threads have begun
    source = Int()  # addresses
    target = Int()
    a = Int()
    b = Int()
    c = Int()
    block_a = Int()  # of a task
    block_b = Int()
    block_c = Int()
