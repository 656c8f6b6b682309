"""The records of the depthwise way's driver, beside those that ways share."""

from ..._compiler.records import Int, Record, Rows
from ..shared.records import BlockedParams, Task

__all__ = ["DepthwiseParams", "DepthwiseTask", "Row", "Strip"]


class Strip(Record):
    """A tile of a row: where it lies is the same in all rows."""

    number = Int()  # of its micro-kernel, among those of a block of channels
    at = Int()  # bytes to the input of its first position and tap, from those of the row
    to = Int()  # and to its first output
    taps = Int()  # of its phase of the width,
    before = Int()  # and of all phases before it


class Row(Record):
    """A row of positions of a task, of a phase of depth and one of height."""

    planes = Int()  # address of where the planes are that taps of the depth read
    at = Int()  # bytes to the input of position 0, tap 0, of phases of the width without a shift
    to = Int()  # address of output 0
    depth = Int()  # taps that read inside,
    height = Int()
    step_h = Int()  # bytes of inputs from one to the next
    depth_lines = Int()  # filters from a tap of the depth to the next, in taps of the height
    lines = Int()  # filters of phases of depth and height before these, in taps of the width
    cells = Int()  # taps of depth and height of these phases,
    first = Int()  # and the number of the first that reads inside


class DepthwiseParams(BlockedParams):
    """What the driver is told."""

    strips = Rows(Strip)
    n_strips = Int()
    share = Int()  # output channels of a group
    inputs = Int()  # input channels
    packed_item = Int()  # bytes from an input channel to the next where tiles read them
    window = Int()  # planes of packed inputs
    planes_at = Int()  # where in a thread's list the addresses of planes are
    image_step = Int()  # of the output: from an image to the next,
    plane_step = Int()  # from a plane to the next,
    row_step = Int()  # and from a row to the next
    store = Int()  # address of what stores rows that were made in scratch; 0: there are none
    made_at = Int()  # where in a thread's region they are made
    position_step = Int()  # from a position along the width to the next in the output


class DepthwiseTask(Task):
    """What a thread has in work."""

    packed = Int()  # planes of inputs that are packed: up to this one
    channel = Int()  # first input channel,
    channels = Int()  # and how many there are
