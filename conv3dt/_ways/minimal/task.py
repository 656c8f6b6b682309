"""The records of what a thread of the minimal way has in work. Steps are in bytes."""

from ..._compiler.records import Inline, Int, Record, Rows
from .records import Use

__all__ = ["Copying", "Job", "MinimalTask", "Patch", "Stream", "Target"]


class Job(Record):
    """A blend of the depth, for a line of the height and a block of rows."""

    blend = Int()
    uses = Rows(Use)  # of the task's lines
    n_uses = Int()
    height = Int()  # line
    lo = Int()  # tiles along the height, from .. to
    hi = Int()
    made = Int()  # 1: it is multiplied; else nothing is


class Stream(Record):
    """A row of inputs that is combined, a vector after the other: y = x + other, or x - other."""

    x = Int()  # addresses
    other = Int()
    y = Int()
    step = Int()  # from a vector of x and y to the next; 0: this stream goes on for ever
    other_step = Int()  # 0: there is one vector of `other` for all
    vectors = Int()
    following = Int()  # address of the stream that comes next


class Patch(Record):
    """Tiles of a row that are transformed, and restored, together."""

    tiles = Int()
    transform = Int()  # address of the kernel
    x = Int()  # address of d0 of the first tile, in combined inputs,
    far = Int()  # from d0 to d1 along height,
    step = Int()  # along width,
    following = Int()  # and to the next tile
    v = Int()  # address of [product]: where the first tile has its transformed inputs,
    m = Int()  # and its products
    restore = Int()  # a third of the kernel's number; -1: nothing is restored
    begins = Int()  # 1: sums begin with these products, along height and width;
    ends = Int()  # and become outputs
    sums = Int()  # of the first output of the first tile, from the first sum of the tile of depth;
    output = Int()  # itself, from the plane's first
    sums_row = Int()  # from a row of sums to the next, an output, a tile;
    sums_step = Int()
    sums_next = Int()
    output_row = Int()  # and of outputs: what `restore` takes as its steps
    output_step = Int()
    output_next = Int()


class Target(Record):
    """What products are added to: to = coefficient * products + source."""

    coefficient = Int()  # the bits of a float64
    source = Int()  # address: sums, or
    mask = Int()  # 0: the bias, which is the same for all; else -1
    to = Int()  # address
    through = Int()  # 1: through the caches, for it will be copied; 0: as the kernel is made for


class Copying(Record):
    """Rows of outputs, made in scratch one behind the other, of which whole lines are copied."""

    source = Int()  # addresses of what comes next
    to = Int()  # a multiple of 64
    lines = Int()  # of 64 bytes, that are left of the row,
    row = Int()  # and that a row has
    rows = Int()  # that are left, with this one; 0: nothing is
    source_gap = Int()  # bytes from the last line of a row to the next row's first
    to_gap = Int()
    share = Int()  # lines that are copied with a register tile


class MinimalTask(Record):
    """What a thread has in work."""

    scratch = Int()
    stream = Int()  # address of the stream that is being made,
    done = Int()  # and how many of its vectors are
    copying = Inline(Copying)  # which is made beside products, too
    last = Int()  # address of the stream behind all, which is never done
    sign = Int()  # of `other`
    streams = Rows(Stream)
    jobs = Rows(Job)
    n_jobs = Int()
    made = Int()  # address of rows of outputs that are copied; 0: they are made where they belong
    nothing = Int()  # address of a line of zeros, and of one that nobody reads
    inputs = Int()  # address of input (0, 0, 0) of the image, as if all lay there
    step_d = Int()
    step_h = Int()
    n = Int()
    terms = Int()  # address of a table of terms
    targets = Rows(Target)  # two whose sums go on, and one that ends
    patches = Rows(Patch)  # [like the first, the last block of channels]
    n_patches = Int()
    listed = Int()  # the line of the height that they are of; -1: none
