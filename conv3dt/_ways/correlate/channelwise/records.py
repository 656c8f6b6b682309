"""The records of the driver of the gradient of depthwise filters. Steps are in bytes."""

from ...._compiler.records import Inline, Int, Record, Rows
from ..records import CorrelateParams, CorrelateTask

__all__ = ["Block", "ChannelwiseParams", "ChannelwiseTask", "Heights", "Pair", "Strip", "Tile"]


class Pair(Record):
    """What a row of taps reads, and sums."""

    row = Int()  # address of a row of big,
    sums = Int()  # and of the sums of its first tap


class Tile(Record):
    """What a micro-kernel is told."""

    pairs = Int()  # address of a list of `Pair`s,
    big = Int()  # and bytes from there to the first number of big,
    sums = Int()  # and to the first sum
    sums_step = Int()  # from the sums of a tap of the width to the next
    small = Int()  # address of the first number of small
    height = Int()  # positions, at least 1 of each
    width = Int()
    big_step = Int()  # from a position of the height to the next
    small_step = Int()
    ask_big = Int()  # addresses of vectors that are asked for,
    ask_small = Int()
    ask_step = Int()  # and bytes of one


class Heights(Record):
    """Positions of the height that have the same taps."""

    lo = Int()  # positions from .. to
    hi = Int()
    first = Int()  # tap,
    taps = Int()  # and how many


class Strip(Record):
    """Positions of the width that have the same taps."""

    lo = Int()  # positions from .. to
    hi = Int()
    first = Int()  # bytes to the sums of the first tap
    ahead = Int()  # number of big's width that it reads at position 0
    kind = Int()  # number of its micro-kernel among those of a block


class Block(Record):
    """A vector of channels."""

    start = Int()  # its first sum of a tap
    own = Int()  # last sums that are not those of the vector before
    kernels = Int()  # address of the table [kind of strip] of micro-kernels' addresses


class ChannelwiseParams(CorrelateParams):
    """What the driver is told."""

    heights = Rows(Heights)
    n_heights = Int()
    strips = Rows(Strip)
    n_strips = Int()
    blocks = Rows(Block)
    n_blocks = Int()
    pad_every = Int()  # bytes: rows that are multiples of them are longer
    pad = Int()  # by so many
    all_taps = Int()  # of depth, height and width
    lanes = Int()  # of a block
    share_big = Int()  # sums of a channel of big,
    share_small = Int()  # and of small: one of both is 1
    block_big = Int()  # bytes from a packed block of big to the next,
    block_small = Int()  # and of small
    at_once = Int()  # rows of taps of a tile
    of_depth = Int()  # rows of taps of a tap of the depth
    asked = Int()  # vectors of big that are asked for at a position,
    ask_step = Int()  # and bytes of one; 0: none is
    tap_step = Int()  # from the sums of a row of taps to the next,
    width_step = Int()  # and from a tap of the width to the next
    list_at = Int()  # where in a thread's region the list of `Pair`s is,
    unused_at = Int()  # and sums that nobody reads


class ChannelwiseTask(CorrelateTask):
    """What a thread has in work."""

    told = Inline(Tile)
    ask_big = Int()  # address of the next vector of big that the next box packs,
    ask_small = Int()  # and of small
    first = Int()  # blocks of channels from .. to
    end = Int()
    sums = Int()  # address of the slab's
    plane = Int()  # address of small's position 0 of height and width in a plane
    share = Int()  # sums of a channel of the array that is being packed,
    block_step = Int()  # and bytes from one of its blocks to the next
    listed = Int()  # rows of taps that read it
