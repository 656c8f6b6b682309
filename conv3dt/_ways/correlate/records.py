"""The records of the driver of the gradient of filters. Steps are in bytes."""

from ..._compiler.records import Inline, Int, Record, Rows
from ..shared.records import Entry

__all__ = [
    "CorrelateParams", "CorrelateTask", "Entry", "Held", "PieceRow", "Place", "Range", "Source",
    "TapRow", "Tile", "View",
]  # fmt: skip


class TapRow(Record):
    """A tap of depth."""

    lo = Int()  # positions from .. to that read inside
    hi = Int()


class PieceRow(Record):
    """Taps of height and width, and a block of columns: `scheme.Piece`."""

    h_lo = Int()  # positions from .. to
    h_hi = Int()
    w_lo = Int()
    w_hi = Int()
    tap_h = Int()  # the first tap of height,
    next_h = Int()  # taps to the next group; 0: it is the last one
    ahead = Int()  # number of big's width that the first tap reads at position 0
    rows = Int()  # of a tap of height
    most = Int()  # rows of a tile
    start = Int()  # bytes to its first column, of the array that has the lanes
    to = Int()  # bytes to its first sum, from those of its tap of depth
    kernels = Int()  # address of the table [rows of a tile] of micro-kernels' addresses
    along = Int()  # which axis a run lies along: 0 batch, 2 height, 3 width
    new = Int()  # 1: its positions are not those of the piece before
    turns = Int()  # 1: nor are its taps of height
    begins = Int()  # 1: it is the first to add to its sums


class Tile(Record):
    """What a micro-kernel is told."""

    entries = Int()  # address of the list of runs
    n = Int()  # of them
    a = Int()  # bytes from an entry's address to the first row
    b = Int()  # and to the first column
    c = Int()  # address of the first sum
    c_row = Int()  # bytes from a row to the next,
    c_outer = Int()  # and from a group to the next
    fresh = Int()  # 1: sums are written, not added to
    a_step = Int()  # numbers from a position to the next
    b_step = Int()
    a_outer = Int()  # numbers from a group of rows to the next
    ask = Int()  # bytes from a position to what is asked for: from its first row,
    ask_a = Int()  # or, where this is 0, from its first column


class View(Record):
    """Where numbers lie, by positions and taps: an address and steps."""

    at = Int()
    n = Int()
    d = Int()
    h = Int()
    w = Int()
    tap_d = Int()
    tap_h = Int()
    tap_w = Int()  # of one number of the width, not of a tap
    plane = Int()  # where planes take turns in memory: bytes from one to the next


class Range(Record):
    """How positions and taps of depth or height read, and how such rows are packed."""

    i = Int()  # of the array
    s = Int()
    d = Int()
    p = Int()
    k = Int()
    shared = Int()  # 1: rows are packed as they come; 0: those of each tap of each position


class Source(Record):
    """What follows from the scheme of an array that is read."""

    channels = Int()
    depth = Inline(Range)
    height = Inline(Range)
    width = Inline(Range)
    packed_at = Int()  # where in a thread's region it is packed
    ring = Int()  # planes of the depth that take turns in memory; 0: they do not
    pack = Int()  # address of what packs it; 0: tiles read it where it lies
    lines = Int()  # cache lines of a position that are asked for ahead


class Place(Record):
    """Where an array of a call lies."""

    at = Int()
    n = Int()
    d = Int()
    h = Int()
    w = Int()
    c = Int()


class CorrelateParams(Record):
    """What the driver is told; what depends on a call's arrays comes first, up to `small_at`."""

    taken = Int()  # how many tasks were taken: the counter that threads share
    first = Int()  # address of the first slab's sums,
    others = Int()  # of those of the others, one behind the other,
    scratch = Int()  # of one region a thread,
    out = Int()  # and of the gradient; 0: it is the first slab's sums
    big_at = Inline(Place)
    small_at = Inline(Place)
    big = Inline(Source)
    small = Inline(Source)
    n = Int()  # positions
    d = Int()
    h = Int()
    w = Int()
    box_n = Int()  # of a box
    box_d = Int()
    box_h = Int()
    box_w = Int()
    boxes_d = Int()  # boxes along depth,
    boxes_h = Int()
    boxes_w = Int()
    boxes = Int()  # and of all
    slabs = Int()
    slab_step = Int()  # bytes of sums
    groups = Int()  # tasks of a slab
    items = Int()  # bunches of pieces, of all taps of depth
    far = Int()  # 1: tiles ask for the rows of the next
    made_at = Int()  # where in a thread's region rows of sums are made; 0: where they belong
    swapped = Int()  # 1: big has the lanes
    size = Int()  # bytes of a number in the compute type
    item = Int()  # and in the arrays
    row_step = Int()  # of sums: from a row to the next,
    height_step = Int()  # from those of a tap of height to the next,
    depth_step = Int()  # and of one of depth
    scratch_step = Int()
    n_depth = Int()
    depth = Rows(TapRow)
    pieces = Rows(PieceRow)
    bunches = Int()  # address of the number of the first piece of each bunch, and of the end
    n_bunches = Int()
    total = Int()  # numbers of the gradient
    part = Int()  # of a task that adds slabs
    rows = Int()  # of a part that becomes columns; 0: it stays as it is
    columns = Int()  # and its columns
    mirrored = Int()  # 1: parts are in reverse


class Held(Record):
    """Which planes of big are packed, for the boxes behind this one in depth."""

    n = Int()  # first position of the box along batch,
    h = Int()
    w = Int()
    lo = Int()  # planes from .. to
    hi = Int()


class CorrelateTask(Record):
    """What a thread has in work."""

    scratch = Int()
    tile = Inline(Tile)
    n0 = Int()  # positions of the box, from .. to
    n1 = Int()
    d0 = Int()
    d1 = Int()
    h0 = Int()
    h1 = Int()
    w0 = Int()
    w1 = Int()
    big = Inline(View)
    small = Inline(View)
    held = Inline(Held)
    next_big = Int()  # bytes from big's numbers to those of the next box
    ahead_big = Int()  # bytes from a run's numbers to those of the next list,
    ahead_small = Int()  # and to those of the next box
    asked_big = Int()  # cache lines of a position that have been asked for: of the next list,
    asked_small = Int()  # and of the next box
