"""The records of the folding way's driver. Steps are in bytes."""

from ..._compiler.records import Inline, Int, Record, Rows
from ..shared.records import Block, Params, Part

__all__ = ["FoldAxis", "FoldParams", "FoldTask"]


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
    finish = Int()  # address of the micro-kernel that finishes outputs
    pack = Int()  # address of what packs rows of inputs
    apart = Int()  # 1: neighbouring channels of the output lie apart
    together = Int()  # rows of inputs that are packed at a time,
    together_step = Int()  # this far apart
    sums_at = Int()  # where in a thread's region are the planes of sums,
    window = Int()  # how many of them,
    sums_plane = Int()  # how far apart,
    unit = Int()  # bytes of the sums of one row of outputs: of each channel and phase of the width
    row = Int()  # as many bytes,
    left = Int()  # of which so many numbers lie before the block's first output
    rows_at = Int()  # where in a thread's region are the addresses that the micro-kernel adds to


class FoldTask(Record):
    """What a thread has in work; of an axis, outputs from .. to, and the inputs that reach them."""

    n = Int()
    group = Int()
    depth = Inline(Part)
    height = Inline(Part)
    width = Inline(Part)
    vectors = Int()  # of a row of inputs
    packed = Int()  # address of packed rows of inputs
    sums = Int()  # address of the planes of sums
    trash = Int()  # address behind them, where what is carried beyond the block is added
    rows = Int()  # addresses of all columns; then those of all (kd, kh), in units of sums,
    units = Int()
    entry = Int()  # and the micro-kernel's entry
