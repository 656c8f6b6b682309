"""The records of the channel way's driver, beside those that ways share."""

from ..._compiler.records import Inline, Int
from ..shared.records import BlockedParams, Seam, Task

__all__ = ["ChannelParams", "ChannelTask"]


class ChannelParams(BlockedParams):
    """What the driver is told."""

    image_step = Int()  # from an image of the output to the next
    inner_step = Int()  # from one position along the width to the next in the output
    edges = Int()  # 1: entries say for which rows of a tile their tap reads inside
    no_zeros = Int()  # 1: no output reads beyond the input, not even zeros
    in_order = Int()  # 1: rows of outputs are made one after the other, as they lie in memory
    row_lists = (
        Int()
    )  # from the lists of a phase of the height, or a block of channels, to the next
    place = Int()  # address of what says where outputs are made; 0: where they belong
    made_at = Int()  # where in a thread's region they are
    store_row = Int()  # address of what stores a row that was made there; 0: there are none
    close_plane = Int()  # address of what stores a plane's first and last line; 0: tiles do
    shape_tiles = Int()  # address of what gives AMX's tiles a shape, or none; 0: none are used
    tiles = Int()  # address of that shape
    store_block = Int()  # the same of a block


class ChannelTask(Task):
    """What a thread has in work."""

    seam = Inline(Seam)
    made = Int()  # where the row of outputs is made whose first is output 0
