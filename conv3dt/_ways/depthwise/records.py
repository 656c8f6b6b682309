"""The records of the depthwise way's driver, beside those that ways share."""

from ..._compiler.records import Int, Record, Rows
from ..shared.records import BlockedParams, Task

__all__ = ["DepthwiseParams", "DepthwiseTask", "Open", "Row", "Strip"]


class Strip(Record):
    """A tile of a row: where it lies is the same in all rows."""

    number = Int()  # of its micro-kernel, among those of a block of channels
    at = Int()  # bytes to the input of its first position and tap, from those of the row,
    to = Int()  # to its first output,
    sums = Int()  # and to the first of its sums that wait
    taps = Int()  # of its phase of the width,
    before = Int()  # and of all phases before it


class Row(Record):
    """A row of positions of a task, of a phase of the height."""

    at = Int()  # bytes to the input of position 0, tap 0, of phases of the width without a shift
    to = Int()  # to output 0, from that of the plane,
    sums = Int()  # and to the first of its sums that wait
    height = Int()  # taps that read inside,
    first = Int()  # the first of them,
    step_h = Int()  # and bytes of inputs from one to the next
    taps = Int()  # of its phase of the height,
    before = Int()  # and of all phases before it


class Open(Record):
    """A plane of outputs that planes of inputs reach, and what is to be added to it."""

    planes = Int()  # address of where the planes are that taps of the depth read
    depth = Int()  # taps,
    first = Int()  # the first of them
    taps = Int()  # of its phase of the depth,
    before = Int()  # and of all phases before it, times those of height and width
    sums = Int()  # address of sums that wait
    sums_step = Int()  # from a position's to the next; 0: they begin as the bias
    ends = Int()  # whether all is added then, and the outputs are stored
    step = Int()  # from a position to the next in what is stored
    to = Int()  # address of the outputs: of the plane,
    plane = Int()  # which lies here, if they are made in scratch


class DepthwiseParams(BlockedParams):
    """What the driver is told."""

    strips = Rows(Strip)
    n_strips = Int()
    share = Int()  # output channels of a group
    inputs = Int()  # input channels
    packed_item = Int()  # bytes from an input channel to the next where tiles read them
    window = Int()  # planes of packed inputs
    planes_at = Int()  # where in a thread's list the addresses of planes are,
    opens_at = Int()  # and the planes of outputs that these reach
    image_step = Int()  # of the output: from an image to the next,
    plane_step = Int()  # from a plane to the next,
    row_step = Int()  # and from a row to the next
    store = Int()  # address of what stores rows that were made in scratch; 0: there are none
    made_at = Int()  # where in a thread's region they are made,
    made_plane = Int()  # and bytes of a plane of them
    position_step = Int()  # from a position along the width to the next in the output
    ask_step = Int()  # bytes of inputs that are asked for with a tap of depth and height,
    ask_pitch = Int()  # from a position to the next,
    ask_apart = Int()  # and whether channels lie apart
    waits = Int()  # whether sums wait in scratch from one plane of inputs to the next,
    sums_at = Int()  # where in a thread's region,
    sums_planes = Int()  # how many planes of them,
    sums_plane = Int()  # bytes of a plane,
    sums_block = Int()  # of a block of channels,
    sums_row = Int()  # of a row,
    sums_step = Int()  # and of a position


class DepthwiseTask(Task):
    """What a thread has in work."""

    packed = Int()  # planes of inputs that are packed: up to this one
    channel = Int()  # first input channel,
    channels = Int()  # and how many there are
    open = Int()  # planes of outputs that are listed
    made = Int()  # address of the outputs that are made in scratch
    ask_end = Int()  # where a run of inputs ends that is asked for,
    ask_bytes = Int()  # its bytes,
    ask_next = Int()  # bytes from it to the next,
    ask_runs = Int()  # and how many there are, with this one
