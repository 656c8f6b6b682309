"""The record of the driver."""

from ..._compiler.records import Int, Record

__all__ = ["SlopeParams"]


class SlopeParams(Record):
    """What the driver is told: runs of numbers, each cut into pieces, a task each."""

    taken = Int()  # tasks that threads have begun
    tasks = Int()
    pieces = Int()  # of a run
    piece = Int()  # numbers; the last one of a run has what is left
    run = Int()  # numbers
    item = Int()  # bytes of a number
    sums_step = Int()  # bytes of sums from one task to the next
    kernel = Int()  # its address
    dy = Int()  # addresses of arrays
    v = Int()
    dz = Int()
    sums = Int()
