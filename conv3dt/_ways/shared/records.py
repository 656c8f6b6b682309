"""The records that drivers read: what a plan, its axes, blocks and tiles are to them.

A plan fills them (`encode.py` of each way); `Task`, `Tile`, `Table` and `Entry` are what a thread
writes for itself. Steps are in bytes. The letters are those of `_geometry.integers`.
"""

from ..._compiler.records import Inline, Int, Record, Rows

__all__ = [
    "EDGE",
    "ROWS_FROM",
    "SEAM",
    "Arrays",
    "Axis",
    "Block",
    "BlockedParams",
    "Entry",
    "Params",
    "Part",
    "Phase",
    "Seam",
    "Table",
    "Tap",
    "Task",
    "Tile",
    "bytes_of_list",
]

ROWS_FROM = 256  # `Entry.rows` is first * ROWS_FROM + end
EDGE = 1 << 20  # or, of joined taps, what these read beyond both ends, and their number
SEAM = 128  # bytes of a seam: two cache lines


class Arrays(Record):
    """What depends on a call's arrays, and is written for each: addresses and steps."""

    taken = Int()  # how many tasks were taken: the counter that threads share
    not_finite = Int()  # set to 1 by packing when a filter is infinite or NaN
    input = Int()
    step_n = Int()  # of the input
    step_d = Int()
    step_h = Int()
    step_w = Int()
    step_c = Int()
    output = Int()
    bias = Int()  # in the compute type, padded to whole vectors
    scratch = Int()  # one region a thread
    lists = Int()  # likewise
    panels = Int()  # packed filters
    filters = Int()  # from here on, what packing filters reads alone
    step_co = Int()
    step_ci = Int()
    step_kd = Int()
    step_kh = Int()
    step_kw = Int()


class Params(Record):
    """What drivers of all ways are told. `_run` knows of these fields only."""

    arrays = Inline(Arrays)
    tasks = Int()  # blocks of the output times groups of channel blocks
    scratch_step = Int()  # from one thread's region to the next
    lists_step = Int()  # likewise
    size = Int()  # bytes of a number in the compute type
    item = Int()  # and in the arrays
    lanes = Int()  # numbers of a vector
    channels = Int()  # input channels, or pairs of them
    halves = Int()  # input channels of the arrays, or taps of the width that are taken for them
    taps_step = Int()  # inputs from such a tap to the next; 0: channels are channels
    taps_every = Int()  # inputs from a position to the next
    taps_first = Int()  # the input of the first tap at position 0
    row_inputs = Int()  # of a row of the arrays
    chunk = Int()  # as many of them lie together in the packed input
    chunk_step = Int()  # from one chunk of the packed input to the next
    co = Int()  # output channels
    out_step = Int()  # from one output channel to the next


class Phase(Record):
    """A phase of an axis: `integers.Phase`, as far as drivers need it."""

    first = Int()  # output of position 0
    length = Int()  # positions
    taps = Int()
    shift = Int()  # input of tap j and position q: q*in_s + shift - j*dilation
    dilation = Int()
    before = Int()  # taps of all phases before this one


class Tap(Record):
    """A tap of an axis, in the order of phases."""

    phase = Int()
    number = Int()  # within its phase
    k = Int()  # within the kernel


class Axis(Record):
    """One of batch, depth, height, width."""

    i = Int()  # inputs
    o = Int()  # outputs
    s = Int()  # outputs from one position to the next
    in_s = Int()  # inputs from one position to the next
    positions = Int()  # q of the longest phase
    block = Int()  # positions of a block
    n_block = Int()
    most = Int()  # positions of a tile
    halo = Int()  # 1: the packed block holds zeros beyond the input
    shift_lo = Int()  # least and greatest of i - q*in_s
    shift_hi = Int()
    packed_step = Int()
    part_step = Int()  # from inputs that are in_s apart to the next such ones; 0: rows are whole
    output_step = Int()
    n_phases = Int()
    n_taps = Int()  # in all phases
    phases = Rows(Phase)
    taps = Rows(Tap)


class Block(Record):
    """A block of output channels."""

    start = Int()  # first channel
    columns = Int()  # of its panels: channels, padded to whole or half vectors
    kind = Int()  # number of its row in the table of micro-kernels


class BlockedParams(Params):
    """What drivers are told whose tiles have outputs, of blocks of positions and of channels."""

    batch = Inline(Axis)
    depth = Inline(Axis)
    height = Inline(Axis)
    width = Inline(Axis)
    blocks = Rows(Block)
    n_blocks = Int()
    group = Int()  # channel blocks of a task
    lists_at = Int()  # bytes from what a thread writes of its task to its lists
    kernels = Int()  # address of the table [kind][outer][inner] of micro-kernels' addresses
    kernels_outer = Int()  # its extents: groups of rows,
    kernels_inner = Int()  # rows, or vectors of positions
    pack = Int()  # address of what packs a block's inputs; 0: they are read where they lie
    pack_panels = Int()  # address of what packs panels in the task; 0: they are packed ahead
    fresh_at = Int()  # where in a thread's region it does
    in_turn = Int()  # phases of the width that take turns tile by tile
    outer_step = Int()  # from one group of rows to the next in the output
    joined = Int()  # 1: taps along the width are one run in memory
    run = Int()  # input channels of an entry of the micro-kernel's table
    row_tiles = Int()  # most tiles of a row
    entries = Int()  # most entries of a table
    tables = Int()  # of a phase: one, and one for each tile at an edge
    list_step = Int()  # from the list of one phase of the width to the next


class Part(Record):
    """What a task computes of an axis."""

    lo = Int()  # positions from .. to
    hi = Int()
    start = Int()  # the inputs that they read, from .. to
    end = Int()


class Task(Record):
    """What a thread has in work."""

    number = Int()
    batch = Inline(Part)
    depth = Inline(Part)
    height = Inline(Part)
    width = Inline(Part)
    first_block = Int()  # blocks of output channels from .. to
    end_block = Int()
    most_tiles = Int()  # of a row of one phase
    inputs = Int()  # address of the block's inputs, packed or where they lie
    output = Int()  # address of the output of a block of channels, or what stands for it
    fresh = Int()  # where it packs panels; 0: it does not
    scratch = Int()  # the thread's region
    lists = Int()  # likewise: one list for each phase of the width


class Seam(Record):
    """Where tiles leave numbers of lines that are not theirs alone, for those that come next."""

    at = Int()  # address: of each channel, the first line of numbers, and the last one so far
    first = Int()  # 1: nothing has been stored before this tile


class Tile(Record):
    """A tile of a row."""

    count = Int()  # rows, or vectors of positions
    at = Int()  # bytes to its inputs, from those of the row
    to = Int()  # bytes to its outputs; of wide tiles, the first output
    end = Int()  # of wide tiles: the first output behind them
    base = Int()  # of wide tiles: bytes that its phase's inputs lie further
    taps_from = Int()
    taps_to = Int()
    edge = Int()  # 0 if all these taps read inside for all rows; else 1 + its first position
    table = Int()  # bytes to its table of taps, from the first of its phase


class Table(Record):
    """What is known of a table of taps; its entries follow."""

    entries = Int()
    d_first = Int()  # the taps that they stand for
    d_end = Int()
    h_first = Int()
    h_end = Int()
    w_first = Int()
    w_end = Int()
    panel = Int()  # address of the phase's panel
    following = Int()  # address of the table of the next phase of the width


class Entry(Record):
    """An entry of the micro-kernel's table: some k of one tap, or of several that are joined."""

    input = Int()  # bytes to the input of the tile's first row
    panel = Int()  # address
    length = Int()  # how many k
    rows = Int()  # rows that read inside: see `missing.rows_of`; 0: all of them


def bytes_of_list(row_tiles: int, tables: int, entries: int) -> int:
    """Return the bytes of the list of a phase of the width."""
    return 8 + Tile.SIZE * row_tiles + (Table.SIZE + Entry.SIZE * entries) * tables
