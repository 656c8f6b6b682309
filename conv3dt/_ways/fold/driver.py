"""The driver that folds: every row of inputs times all taps, added up where the taps carry it.

For few output channels. A register tile of the other ways has outputs; theirs share few inputs
then, and each input is loaded for few products. Here a tile has (tap, channel) by positions of the
*input*: every load serves many products, each input is packed once, and the sums of a block of
outputs stay in L2, with margins for what a row carries beyond the block:

    sums        [plane z modulo window][row y][channel][phase of the width][margin | t | margin]

Output x of phase r is number t = x // s of its row. A plane is begun with the bias when the first
input plane reaches it, and finished (activation, phases interleaved, stored) when the last has.

    1  tasks: blocks of outputs (depth, height, width), images, groups of channels
    2    planes of inputs
    3      rows of inputs
    4        blocks of columns: (tap, channel)
    5          pairs of vectors along the width
"""

from ..._compiler.words import call, get, put
from ..._geometry.integers import n_tiles
from ..shared.moving import NUMBERS
from ..shared.pack import clear_row
from ..shared.records import Entry
from .records import FoldParams
from .tasks import next_block, output, task_of

__all__ = ["convolve"]


def convolve(plan, slot, *, compute):
    """Take tasks and compute them, one plane of inputs after the other."""
    plan = FoldParams(plan)
    task = task_of(plan, slot)
    while next_block(plan, task):
        depth, z_hi = plan.depth, task.depth.hi
        for r in range(plan.together):
            clear_row(plan, task.packed + r * plan.together_step, task.vectors * plan.lanes)
        begun = done = task.depth.lo
        for d in range(task.depth.start, task.depth.end):
            # Planes of outputs before `left` are reached by no later plane of inputs.
            left = max(done, min(z_hi, output(depth, d + 1, 0)))
            reached = max(left, min(z_hi, output(depth, d, depth.k - 1) + 1))
            _begin(plan, task, begun, reached, compute=compute)
            begun = max(begun, reached)
            for h in range(task.height.start, task.height.end):
                row = (h - task.height.start) % plan.together
                if row == 0:
                    call(plan.pack, plan, task, d, h)
                _aim(plan, task, d, h)
                _multiply(plan, task, row, d, h)
            _finish(plan, task, done, left)
            done = left
        for z in range(done, z_hi):  # one by one: there may be more than the window holds
            _begin(plan, task, max(begun, z), z + 1, compute=compute)
            _finish(plan, task, z, z + 1)


def _begin(plan, task, z_from, z_to, *, compute):
    """Set the sums of planes to the bias."""
    numbers, channel = NUMBERS[compute], plan.unit // plan.group
    bias = numbers.at(plan.arrays.bias + task.group * plan.group * plan.size, plan.group)
    for z in range(z_from, z_to):
        plane = task.sums + z % plan.window * plan.sums_plane
        for y in range(task.height.hi - task.height.lo):
            for c in range(plan.group):
                sums = numbers.at(plane + y * plan.unit + c * channel, channel // plan.size)
                value = bias[c]
                for n in range(channel // plan.size):
                    sums[n] = value


def _aim(plan, task, d, h):
    """Write where each column carries the row (d, h): to the trash beyond the block."""
    depth, height, width = plan.depth, plan.height, plan.width
    n = 0
    for kd in range(depth.k):
        z = output(depth, d, kd)
        plane = task.sums + z % plan.window * plan.sums_plane
        for kh in range(height.k):
            y = output(height, h, kh)
            inside = task.depth.lo <= z < task.depth.hi and task.height.lo <= y < task.height.hi
            to = plane + (y - task.height.lo) * plan.unit if inside else task.trash
            put(task.units, n, to)
            n += 1
    start = plan.left + task.width.start - task.width.lo // width.s
    rows = task.rows
    for kw in range(width.k):
        t, r = divmod(output(width, 0, kw), width.s)
        for c in range(plan.group):
            to = (c * width.s + r) * plan.row + (start + t) * plan.size
            for m in range(depth.k * height.k):
                put(rows, m, get(task.units, m) + to)
            rows += 8 * depth.k * height.k


def _multiply(plan, task, row, d, h):
    """Multiply a packed row of inputs by all columns of a group that do not go to the trash.

    The row of inputs that follows is asked for meanwhile, a cache line with each k of the first
    micro-kernels: all lines of a call at once had to wait for each other.
    """
    packed, entry = task.packed + row * plan.together_step, Entry(task.entry)
    entry.input = 0
    entry.length = plan.channels
    entry.rows = 0
    following, end, between, turn_step = _following(plan, task, d, h)
    for b in range(plan.n_blocks):
        block = plan.blocks[b]
        rows = task.rows + 8 * block.start
        if _in_vain(rows, block.columns, task.trash):
            continue
        columns = task.group * plan.columns + block.start
        entry.panel = plan.arrays.panels + columns * plan.channels * plan.size
        kernels = plan.kernels + 8 * block.kind * plan.kernels_inner
        for v in range(0, task.vectors, 2):
            at = v * plan.lanes * plan.size
            kernel = get(kernels, min(2, task.vectors - v))
            # The packed row is there already: it is asked for when there is nothing else.
            ask, step = (following, between) if following < end else (packed, 0)
            call(kernel, packed + at, plan.chunk_step, entry, rows, at, ask, step)
            following += turn_step


def _following(plan, task, d, h):
    """Return from .. to of the row of inputs to ask for, the step of its lines and that of a turn.

    A turn of asking is as many lines as there are channels: neighbours, or one of each channel.
    """
    arrays = plan.arrays
    row = arrays.input + task.n * arrays.step_n + d * arrays.step_d + (h + 1) * arrays.step_h
    row += task.width.start * arrays.step_w
    ahead = plan.together == 1 and h + 1 < task.height.end
    positions = task.width.end - task.width.start if ahead else 0
    between, turn_step = 64, 64 * plan.channels
    if arrays.step_c != plan.item:
        between = arrays.step_c
        turn_step = 64
    return row, row + n_tiles(positions * plan.item, 64) * turn_step, between, turn_step


def _in_vain(rows, columns, trash):
    """Return whether all these columns go to the trash, which lies behind all sums."""
    m = 0
    while m < columns and get(rows, m) >= trash:
        m += 1
    return m == columns


def _finish(plan, task, z_from, z_to):
    """Store the outputs of planes."""
    first = task.group * plan.group
    some, x_lo = min(plan.group, plan.co - first), task.width.lo
    count, channel = task.width.hi - x_lo, plan.width.s * plan.row
    start = task.sums + plan.left * plan.size
    to_x = plan.arrays.output + task.n * plan.image_step + first * plan.out_step
    to_x += x_lo * plan.width.output_step
    for z in range(z_from, z_to):
        for y in range(task.height.lo, task.height.hi):
            at = start + z % plan.window * plan.sums_plane + (y - task.height.lo) * plan.unit
            to = to_x + z * plan.depth.output_step + y * plan.height.output_step
            if plan.apart:
                for c in range(some):
                    x, y_c = at + c * channel, to + c * plan.out_step
                    call(plan.finish, x, plan.row, 0, y_c, count)
            else:
                call(plan.finish, at, plan.row, channel, to, count * some)
