"""The records of the dot way's driver, beside those that ways share."""

from ..._compiler.records import Inline, Int, Record
from ..shared.records import BlockedParams, Task

__all__ = ["CHANNELS", "COLUMNS", "DotParams", "DotTask", "Lying", "Row", "Turning"]

COLUMNS = 16  # output channels of a block,
CHANNELS = 4  # and of a tile


class Lying(Record):
    """How filters lie that tiles read: where, and the bytes from one to the next."""

    at = Int()  # address of the first one, if all output channels were there
    co = Int()
    ci = Int()
    kd = Int()
    kh = Int()
    kw = Int()


class Turning(Record):
    """How filters of some output channels become lines, each of which tiles read at once."""

    turn = Int()  # address of what does it; 0: filters are read where they lie
    at = Int()  # where in a thread's region lines are
    first = Int()  # bytes to the first number that is turned,
    before = Int()  # and those that lines would have which are not
    rows = Int()  # numbers of a line, and
    rows_co = Int()  # so many more for each output channel
    row_step = Int()  # from one number of a line to the next in memory
    runs = Int()  # how many runs of numbers become lines that follow each other,
    runs_co = Int()  # likewise,
    run_step = Int()  # from one to the next in memory,
    run_lines = Int()  # and the lines from one to the next
    run = Int()  # how many numbers a run has,
    run_co = Int()  # likewise
    line = Int()  # bytes from one line to the next
    lying = Inline(Lying)  # as lines


class DotParams(BlockedParams):
    """What the driver is told."""

    vectors = Int()  # whole vectors of input channels
    rows = Int()  # most positions of a tile
    sums_at = Int()  # where in a thread's region the sums of a phase are
    line = Int()  # bytes from a position's sums to the next
    filter = Int()  # bytes of a filter, or of a pair of them that lie together
    others = Int()  # bytes to the kernels of channels that are not the last ones
    rows_alone = Int()  # where filters lie in lines: most positions of a tile of one vector
    asked = Int()  # bytes of a position's next inputs that a tile asks for
    block_sums = Int()  # bytes from the sums of a block to the next one's
    gathered_at = Int()  # where in a thread's region inputs are gathered
    turning = Inline(Turning)
    finish = Int()  # address of the table of micro-kernels that finish outputs, by a block's kind


class DotTask(Task):
    """What a thread has in work."""

    ready = Int()  # 1: its inputs are packed
    filters = Inline(Lying)
    sums = Int()  # address of the sums of a phase: [position][channel of the block]
    rows = Int()  # address of a list of rows, as many as a phase has positions


class Row(Record):
    """A position of a tap: what it reads, and what it adds to; or where its output belongs."""

    input = Int()
    sums = Int()
