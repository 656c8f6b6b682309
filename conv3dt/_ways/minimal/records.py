"""The records of the minimal way's driver. Steps are in bytes."""

from ..._compiler.records import Inline, Int, Record, Rows
from ..shared.records import Block, Params

__all__ = [
    "End",
    "Job",
    "MinimalAxis",
    "MinimalLine",
    "MinimalParams",
    "MinimalTask",
    "Part",
    "Product",
    "Run",
    "Use",
]


class Product(Record):
    """A product of a tile along depth or height: `formulas.Entry`."""

    slot = Int()
    n = Int()  # inputs that are combined,
    i0 = Int()  # and their signs
    c0 = Int()
    i1 = Int()
    c1 = Int()
    y0 = Int()  # sign in the tile's first output; 0: no part of it
    y1 = Int()


class Use(Record):
    """Products of a block of rows that have the same filters: `heights.Use`."""

    slot = Int()
    first = Int()  # from .. to
    end = Int()


class Part(Record):
    """A product that is part of a row of outputs: `heights.Part`."""

    product = Int()
    sign = Int()


class Run(Record):
    """Tiles along the width that are multiplied together: `widths.Run`."""

    formula = Int()  # of `formulas.FORMULAS`
    slot = Int()  # the first of its group
    tiles = Int()
    upright = Int()  # 1: register tiles lie along the height
    output = Int()  # position in a row of products of the first tile's first output
    outputs = Int()  # and from there to the next tile's
    column = Int()  # d0 of the first tile
    v = Int()  # where in a row of V its inputs are


class Job(Record):
    """What `multiply` is told."""

    v = Int()  # address of the inputs of the first tile's first product
    panel = Int()  # address of the filters of the first slot,
    panel_step = Int()  # and bytes to those of the next
    length = Int()  # input channels
    added = Int()  # 0: what comes of them is stored; else it is added
    ask = Int()  # what is going to be read next
    rows = Int()  # of tiles
    row_step = Int()  # from their inputs to those of the next, but where they are upright
    m_row = Int()  # and from their outputs
    count = Int()  # register tiles of a row
    less = Int()  # and those that are one tile shorter
    m_tile = Int()  # from what comes of a tile to that of the next
    m = Int()  # address of the first tile's first output


class End(Record):
    """A position that misses taps, and the two at most that it has: of `formulas.Program.ends`."""

    t = Int()
    n = Int()
    i0 = Int()  # input,
    k0 = Int()  # and tap of the kernel
    i1 = Int()
    k1 = Int()


class MinimalLine(Record):
    """A line of an axis: `formulas.Line`."""

    first = Int()
    step = Int()  # outputs from a position to the next
    length = Int()
    odd = Int()
    every = Int()  # inputs from a position to the next
    tiles = Int()
    groups = Int()  # of taps
    products = Rows(Product)  # tile after tile; of the height block after block, slot after slot
    starts = Int()  # address of the number of the first of each tile, or block, and of the end
    uses = Rows(Use)  # block after block, slot after slot
    use_starts = Int()  # address of the number of the first of each block, and of the end
    runs = Rows(Run)
    n_runs = Int()
    parts = Rows(Part)  # block after block, row of outputs after row
    part_starts = Int()  # address of the number of the first of each row, and of the end
    m = Int()  # where in a row of products are those of the first group of taps,
    m_group = Int()  # and how many positions each group has
    ends = Rows(End)
    n_ends = Int()


class MinimalAxis(Record):
    """Depth, height or width."""

    i = Int()
    o = Int()
    k = Int()
    block = Int()  # tiles of a block
    n_block = Int()
    n_slots = Int()  # of all lines
    output_step = Int()
    lines = Rows(MinimalLine)
    n_lines = Int()
    windows = Int()  # address of [block][from, to] of the inputs that are read
    filters = Int()  # address of [slot][1 + 3*2]: n, then taps and twice their coefficients


class MinimalParams(Params):
    """What the driver is told."""

    depth = Inline(MinimalAxis)
    height = Inline(MinimalAxis)
    width = Inline(MinimalAxis)
    image_step = Int()  # of the output
    blocks = Rows(Block)  # of output channels
    n_blocks = Int()
    pairs = Int()  # lines of depth and of height whose pairs are tasks of their own; 1: none are
    packed = Int()  # 1: a block's inputs are packed
    packed_at = Int()  # where in a thread's region they are,
    plane_step = Int()  # from a plane to the next
    row_step = Int()  # and from a row to the next
    apart = Int()  # 1: neighbouring channels of the output lie apart
    v_at = Int()  # where in a thread's region is V, [product of the height][run of the width][tile]
    v_line = Int()  # from a row to the next
    m_at = Int()  # where are products, [block of channels][depth][height][width],
    m_block = Int()
    m_depth = Int()
    m_line = Int()
    y_at = Int()  # where is the row of sums in work
    y_left = Int()  # positions before the first output
    at_a_time = Int()  # input channels whose filters stay in L1
    at_once = Int()  # blocks of channels whose products there is room for
    transform = Int()  # addresses of kernels, [rows that are combined][formula]
    multiply = Int()  # [vectors][formula][upright][tiles at once][half of the products; or all]
    most = Int()  # [vectors][formula]: tiles at once
    total = Int()  # [vectors]
    finish = Int()
    finish_last = Int()  # for the last block
    weigh = Int()  # [axis][taps that are combined]
    taps_at = Int()  # in the panels are the filters as they are, for corners; 0: there are none
    define = Int()  # [vectors]
    chunk_ci = Int()  # input channels whose filters are combined at a time
    parts = Int()  # of a chunk, for several threads: taps of the depth, and its slots; or 1
    stage = Int()  # bytes of a thread's filters that are being combined
    stage_at = Int()  # behind the panels


class MinimalTask(Record):
    """What a thread has in work."""

    scratch = Int()
    inputs = Int()  # address of input (0, 0, 0) of the image, as if all lay there
    step_d = Int()
    step_h = Int()
    n = Int()
    terms = Int()  # address of a table of terms,
    corner_terms = Int()  # and of one for corners
    job = Inline(Job)
