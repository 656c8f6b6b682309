"""The records of the folding way's driver. Steps are in bytes."""

from ..._compiler.records import Inline, Int, Record, Rows
from ..shared.records import Block, Entry, Params, Part

__all__ = ["FoldAxis", "FoldCall", "FoldParams", "FoldTask"]


class FoldAxis(Record):
    """Depth, height or width; the letters are those of `_geometry.integers`."""

    i = Int()
    o = Int()
    k = Int()
    s = Int()
    d = Int()
    p = Int()
    block = Int()  # outputs of a block
    n_block = Int()
    output_step = Int()


class FoldParams(Params):
    """What the driver is told. A column is a tap and an output channel of a group."""

    images = Int()
    image_step = Int()  # of the output
    depth = Inline(FoldAxis)
    height = Inline(FoldAxis)
    width = Inline(FoldAxis)
    group = Int()  # output channels of a group
    columns = Int()  # of a group
    blocks = Rows(Block)  # of columns: register tiles
    n_blocks = Int()
    kernels = Int()  # address of the table [kind][vectors] of micro-kernels' addresses
    kernels_inner = Int()  # its second extent
    turning = Int()  # address of those of kind 0 that turn a piece beside their products,
    step = Int()  # whose positions lie this far apart; 0: there are none
    finish = Int()  # address of the micro-kernel that finishes outputs
    make = Int()  # address of what makes rows of outputs in scratch; 0: that stores them
    made_at = Int()  # where in a thread's region: lines that wait, then a row
    row_bytes = Int()  # of a row of outputs
    pack = Int()  # address of what packs rows of inputs
    apart = Int()  # 1: neighbouring channels of the output lie apart
    piece = Int()  # vectors of a row of inputs that are packed at a time, at most
    together = Int()  # rows of inputs that are packed at a time; 1 where a row has several pieces
    buffers = Int()  # as many have room,
    buffer_step = Int()  # this far apart,
    packed_at = Int()  # from here in a thread's region
    sums_at = Int()  # where in a thread's region are the planes of sums,
    window = Int()  # how many of them,
    sums_plane = Int()  # how far apart,
    unit = Int()  # bytes of the sums of one row of outputs: of each channel and phase of the width
    row = Int()  # as many bytes,
    left = Int()  # of which so many numbers lie before the block's first output
    rows_at = Int()  # where in a thread's region are the addresses that the micro-kernel adds to


class FoldCall(Record):
    """A block of columns that a row of inputs is multiplied by."""

    entry = Inline(Entry)  # the micro-kernel's
    rows = Int()  # address of the addresses that it adds to
    kind = Int()  # of the block
    kernels = Int()  # address of the addresses of the micro-kernels for 0, 1 and 2 vectors


class FoldAsk(Record):
    """Cache lines to ask for, from .. to."""

    line = Int()
    end = Int()
    step = Int()  # from one to the next,
    turn_step = Int()  # and from one turn of asking to the next


class FoldTask(Record):
    """What a thread has in work; of an axis, outputs from .. to, and the inputs that reach them."""

    n = Int()
    group = Int()
    depth = Inline(Part)
    height = Inline(Part)
    width = Inline(Part)
    positions = Int()  # of a row of inputs, in
    vectors = Int()  # so many vectors
    packed = Int()  # address of packed rows of inputs
    bias = Int()  # address of that of the group
    sums = Int()  # address of the planes of sums
    made = Int()  # address of lines that wait, and a row of outputs
    trash = Int()  # address behind them, where what is carried beyond the block is added
    rows = Int()  # addresses of all columns; then those of all (kd, kh), in units of sums,
    units = Int()
    aimed = Int()  # 1: they are those of all rows of a plane whose taps all stay in the block,
    at = Int()  # this far from them
    calls = Rows(FoldCall)  # of the micro-kernels, for a row of inputs and two vectors,
    n_calls = Int()  # as many
    turned = Int()  # 1: the first of them turns the next piece:
    x = Int()  # address of its first position,
    y = Int()  # and of where it is packed
    number = Int()  # of the packed piece, 0 or 1 in turn
    ask = Inline(FoldAsk)
