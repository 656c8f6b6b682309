"""The records of the dot way's driver, beside those that ways share."""

from ..._compiler.records import Int, Record
from ..shared.records import BlockedParams, Task

__all__ = ["CHANNELS", "COLUMNS", "DotParams", "DotTask", "Row"]

COLUMNS = 16  # output channels of a block,
CHANNELS = 4  # and of a tile


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
    finish = Int()  # address of the table of micro-kernels that finish outputs, by a block's kind


class DotTask(Task):
    """What a thread has in work."""

    ready = Int()  # 1: its inputs are packed
    sums = Int()  # address of the sums of a phase: [position][channel of the block]
    rows = Int()  # address of a list of rows, as many as a phase has positions


class Row(Record):
    """A position of a tap: what it reads, and what it adds to; or where its output belongs."""

    input = Int()
    sums = Int()
