"""The records of the minimal way's plans, as its driver reads them. Steps are in bytes."""

from ..._compiler.records import Inline, Int, Record, Rows
from ..shared.records import Block, Params

__all__ = [
    "MOST_PRODUCTS",
    "Blend",
    "End",
    "MinimalAxis",
    "MinimalLine",
    "MinimalParams",
    "Mixed",
    "Operation",
    "Product",
    "Strip",
    "Use",
]

MOST_PRODUCTS = 16  # of a tile, along height and width


class Product(Record):
    """A product of a tile along depth or height: `formulas.Entry`."""

    slot = Int()
    rank = Int()  # among the products of its slot in the line
    y0 = Int()  # sign in the tile's first output; 0: no part of it
    y1 = Int()
    d0 = Int()  # of the group, as the line counts inputs
    tall = Int()  # the formula of the group that begins here: `formulas.tall`; 0: none does
    many = Int()  # and how many products it has
    begins = Int()  # a bit for each output whose sums begin with it,
    ends = Int()  # and end: of one at most


class Use(Record):
    """A product of a tile of a line of depth: `blends.Use`."""

    line = Int()
    u = Int()  # tile
    product = Int()  # -1: the tile has none
    first = Int()  # 1: of the tile's, before it sums begin;
    last = Int()  # 1: after it they are outputs


class Blend(Record):
    """Inputs that are combined along the depth: `blends.Blend`."""

    n = Int()  # how many,
    i0 = Int()  # and their signs
    c0 = Int()
    i1 = Int()
    c1 = Int()
    uses = Rows(Use)
    n_uses = Int()


class Strip(Record):
    """Positions along the width that one call multiplies: `widths.Strip`."""

    slot = Int()  # first slot
    slots = Int()
    positions = Int()  # of a row of tiles
    inputs = Int()  # numbers of a position,
    outputs = Int()  # and of its products
    v = Int()  # where in the transformed inputs of a slot of the height they lie,
    m = Int()  # and in its products
    multiply = Int()  # [nothing beside, difference, sum][vectors][rows of a register tile]
    rows = Int()  # [vectors][positions of a block]: rows of its tiles


class Operation(Record):
    """Tiles along the width that are transformed, and restored, together."""

    transform = Int()  # the number of the kernel for a formula of the height
    n = Int()  # inputs it has
    places = Int()  # address of [input][strip, the first tile's position, number]
    restore = Int()  # as `transform`; -1: nothing is restored
    n_results = Int()
    results = Int()  # address of the places of its products
    tiles = Int()
    column = Int()  # d0 of the first tile
    columns = Int()  # from a tile to the next
    output = Int()  # position of the first tile's first output
    outputs = Int()  # from a tile to the next
    missing = Int()  # 1: the tile has no first output; 2: no second
    begins = Int()  # 1: sums begin with it,
    ends = Int()  # and end


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
    residues = Int()  # how many of these inputs are read
    residue = Int()  # address of them; inputs are counted without the others: `formulas.Line.count`
    reads = Int()  # address of [block][from, to] of those that its tiles read, also outside
    tiles = Int()
    slot = Int()  # first slot
    slots = Int()
    products = Rows(Product)  # tile by tile
    starts = Int()  # address of the number of the first product of each tile, and of the end
    ranks = Int()  # address of [tile][slot]: how many products the slot has before it
    operations = Rows(Operation)
    n_operations = Int()
    ends = Rows(End)
    n_ends = Int()


class Mixed(Record):
    """Taps of an axis that are combined: `mixed.Mixed`."""

    taps = Int()
    k = Int()  # the first
    step = Int()  # from a tap to the next
    slot = Int()  # the first
    slots = Int()


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
    blends = Rows(Blend)  # of the depth
    blend_starts = Int()  # address of the number of each block's first blend, and of the end
    windows = Int()  # address of [block][from, to] of the inputs that are read
    strips = Rows(Strip)  # of the width
    n_strips = Int()
    mixed = Rows(Mixed)
    n_mixed = Int()


class MinimalParams(Params):
    """What the driver is told."""

    depth = Inline(MinimalAxis)
    height = Inline(MinimalAxis)
    width = Inline(MinimalAxis)
    image_step = Int()  # of the output
    blocks = Rows(Block)  # of output channels
    n_blocks = Int()
    most_jobs = Int()  # of a task,
    most_streams = Int()  # of a job, and one behind all,
    most_patches = Int()  # and of it for a block of channels
    kinds = Int()  # 2: the last block of channels is narrower than others; or 1
    pairs = Int()  # lines of depth and of height whose pairs are tasks of their own; 1: none are
    packed = Int()  # 1: a block's inputs are packed
    packed_at = Int()  # where in a thread's region they are,
    plane_step = Int()  # from a plane to the next
    row_step = Int()  # and from a row to the next
    apart = Int()  # 1: neighbouring channels of the output lie apart
    u_at = Int()  # where in a thread's region are the rows of inputs combined along the depth,
    u_row = Int()  # from one to the next,
    u_bytes = Int()  # of all,
    left = Int()  # and how many columns lie before the first input
    v_at = Int()  # where are the transformed inputs,
    v_plane = Int()  # from a slot of the height to the next,
    v_pitch = Int()  # and from a position to the next
    v_vectors = Int()  # of a position's channels
    m_at = Int()  # where are the products
    m_plane = Int()
    y_at = Int()  # where are the sums, [line of depth][block of channels][depth][height][width]
    y_line = Int()
    lines_of_sums = Int()  # whose sums lie apart: all, or one
    y_block = Int()
    y_plane = Int()
    y_row = Int()
    y_left = Int()  # positions before the first output
    begun = Int()  # 1: sums begin with products, not before them,
    ended = Int()  # and become outputs with the last ones, not after them
    made = Int()  # 1: which are made in scratch, and copied, if they lie between cache lines:
    made_at = Int()  # where in a thread's region
    combine = Int()  # address of the table [terms] of kernels' addresses
    transform = Int()  # [formula of the height][number of an operation]
    n_transforms = Int()  # numbers there are
    beside = Int()  # 1: streams are made beside products
    rows_step = Int()  # from the rows for a number of vectors to those for one more
    restore = Int()  # [formula of the height][number of an operation][vectors]
    n_restores = Int()
    restore_last = Int()  # for the last block
    begin = Int()  # [vectors]
    finish = Int()
    finish_last = Int()  # for the last block
    weigh = Int()  # [axis][taps that are combined]
    taps_at = Int()  # in the panels are the filters as they are, for corners; 0: there are none
    define = Int()  # [vectors]
    chunk_ci = Int()  # input channels whose filters are turned at a time
    few_ci = Int()  # and how many of these are combined at a time
    most_slots = Int()  # of taps that are combined
    parts = Int()  # of a chunk, for several threads: taps of the depth, and what it mixes; or 1
    stage = Int()  # bytes of a thread's filters that are being combined
    stage_at = Int()  # behind the panels
