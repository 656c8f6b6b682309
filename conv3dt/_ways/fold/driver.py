"""The driver that folds: every row of inputs times all taps, added up where the taps carry it.

For few output channels. A register tile of the other ways has outputs; theirs share few inputs
then, and each input is loaded for few products. Here a tile has (tap, channel) by positions of the
*input*: every load serves many products, each input is packed once, and the sums of a block of
outputs stay in L2, with margins for what a row carries beyond the block:

    sums        [plane z modulo window][row y][channel][phase of the width][margin | t | margin]

Output x of phase r is number t = x // s of its row. A row of a plane is finished (activation,
phases interleaved, stored) when the last inputs have reached it, and its sums become the bias, for
the row of another plane that takes its place.

    1  tasks: blocks of outputs (depth, height, width), images, groups of channels
    2    planes of inputs
    3      rows of inputs
    4        pairs of vectors along the width
    5          blocks of columns: (tap, channel)
"""

from ..._compiler.words import call
from ..shared.moving import NUMBERS
from ..shared.pack import clear_row
from .aim import aim
from .pieces import multiply
from .records import FoldParams
from .tasks import next_block, output, task_of

__all__ = ["convolve"]


def convolve(plan, slot, *, compute):
    """Take tasks and compute them, one plane of inputs after the other."""
    plan = FoldParams(plan)
    task = task_of(plan, slot)
    while next_block(plan, task):
        _begin(plan, task, compute=compute)
        done, y_lo, y_hi = task.depth.lo, task.height.lo, task.height.hi
        for d in range(task.depth.start, task.depth.end):
            # Planes before `first` are reached by no inputs from here on, those before `left` by no
            # later ones.
            first = max(done, min(task.depth.hi, output(plan.depth, d, 0)))
            _finish(plan, task, done, first, y_lo, y_hi)
            reached = min(output(plan.depth, d + 1, 0), output(plan.depth, d, plan.depth.k - 1) + 1)
            left = max(first, min(task.depth.hi, reached))
            _add_plane(plan, task, d, first, left)
            done = left
        _finish(plan, task, done, task.depth.hi, y_lo, y_hi)


def _begin(plan, task, *, compute):
    """Set all sums to the bias, and what lies behind the inputs of the last piece to zero."""
    numbers, channel = NUMBERS[compute], plan.unit // plan.group
    task.bias = plan.arrays.bias + task.group * plan.group * plan.size
    bias, count = numbers.at(task.bias, plan.group), channel // plan.size
    for z in range(plan.window):
        for y in range(task.height.hi - task.height.lo):
            row = task.sums + z * plan.sums_plane + y * plan.unit
            for c in range(plan.group):
                sums, value = numbers.at(row + c * channel, count), bias[c]
                for n in range(count):
                    sums[n] = value
    task.number = task.turned = 0
    vectors = min(task.vectors, plan.piece)
    for n in range(plan.buffers):
        clear_row(plan, task.packed + n * plan.buffer_step, vectors * plan.lanes)


def _add_plane(plan, task, d, done, left):
    """Add a plane of inputs, row by row; finish rows of the planes that no later one reaches."""
    y_done = task.height.lo
    task.aimed = 0
    for h in range(task.height.start, task.height.end):
        aim(plan, task, d, h)
        multiply(plan, task, d, h)
        y_left = max(y_done, min(task.height.hi, output(plan.height, h + 1, 0)))
        if y_done < y_left:
            _finish(plan, task, done, left, y_done, y_left)
            y_done = y_left
    _finish(plan, task, done, left, y_done, task.height.hi)


def _finish(plan, task, z_from, z_to, y_from, y_to):
    """Store the outputs of rows of planes; their sums become the bias, for those that follow."""
    first = task.group * plan.group
    some, x_lo = min(plan.group, plan.co - first), task.width.lo
    count, channel = task.width.hi - x_lo, plan.width.s * plan.row
    start, bias = task.sums + plan.left * plan.size, task.bias
    to_x = plan.arrays.output + task.n * plan.image_step + first * plan.out_step
    to_x += x_lo * plan.width.output_step
    for z in range(z_from, z_to):
        for y in range(y_from, y_to):
            at = start + z % plan.window * plan.sums_plane + (y - task.height.lo) * plan.unit
            to = to_x + z * plan.depth.output_step + y * plan.height.output_step
            if plan.make:
                call(plan.make, plan, task, z, y, at, to)
            elif plan.apart:
                for c in range(some):
                    x, y_c = at + c * channel, to + c * plan.out_step
                    call(plan.finish, x, plan.row, 0, y_c, count, bias + c * plan.size)
            else:
                call(plan.finish, at, plan.row, channel, to, count * some, bias)
