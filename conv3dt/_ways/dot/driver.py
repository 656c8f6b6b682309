"""The driver of the dot way.

1  tasks: groups of blocks of output channels; of one block after the other, if filters are turned
2    phases of depth, height, width
3      blocks of output channels: the sums of a phase begin as zeros, and become outputs
4        taps that read inside: the positions at which they do are listed
5          input channels, as many as are summed at once; output channels whose filters, which
           come from memory once, stay in L1, as do the inputs of some tiles
6            tiles of positions
"""

from typing import Any, NamedTuple

from ..._compiler.words import call, get
from ..._geometry.integers import n_tiles, rows_inside
from ..._geometry.tuning import TUNING
from ..shared.moving import clear
from ..shared.tables import Phases, taps_between
from ..shared.tasks import next_block, task_of
from .records import CHANNELS, COLUMNS, DotParams, DotTask, Row

__all__ = [
    "begun_task",
    "convolve",
    "filters_at",
    "list_inputs",
    "list_outputs",
    "place_inputs",
    "reach_of",
    "tap_of",
    "turn_some",
]

# Without, filters come from memory half as fast; 4 and 16 channels ahead are as good, L1 is not.
AHEAD = 8  # output channels whose filters are asked for


class Tiles(NamedTuple):
    """Tiles of positions that follow one another."""

    least: Any  # positions of a tile,
    longer: Any  # and how many tiles, the first ones, have one more
    first: Any  # from .. to
    end: Any
    few: Any  # whether a tap has few of them: they wait for filters


class Place(NamedTuple):
    """Filters of a tap that tiles are multiplied by."""

    j: Any  # the first output channel, of those of the block,
    channels: Any  # and how many there are
    c: Any  # the first input channel
    filters: Any  # address of those of the first output channel,
    ask: Any  # and of those that are asked for


class Taps(NamedTuple):
    """A tap of each axis of space, by its number in its phase."""

    d: Any
    h: Any
    w: Any


class Reach(NamedTuple):
    """The taps of a phase that read inside for some position."""

    first: Any
    height: Any  # how many along the height,
    width: Any  # the width,
    count: Any  # and all together


def convolve(plan, slot):
    """Take tasks and compute them, until there are no more."""
    plan = DotParams(plan)
    task = begun_task(plan, slot)
    while next_block(plan, task):
        place_inputs(plan, task)
        first, end = task.first_block, task.end_block
        at_once = 1 if plan.turning.turn else end - first
        for begin in range(first, end, at_once):
            turn_some(plan, task, begin, begin + at_once)
            for rd in range(plan.depth.n_phases):
                for rh in range(plan.height.n_phases):
                    for rw in range(plan.width.n_phases):
                        d, h = plan.depth.phases[rd], plan.height.phases[rh]
                        phases = Phases(d, h, plan.width.phases[rw])
                        for b in range(begin, begin + at_once):
                            _compute(plan, task, b, phases)


def begun_task(plan, slot):
    """Return where a thread writes what it has in work; inputs are not packed yet."""
    task = DotTask(task_of(plan, slot))
    task.ready = 0
    task.sums = task.scratch + plan.sums_at
    task.rows = task.lists
    filters, arrays, turned = task.filters, plan.arrays, plan.turning.lying
    lie_turned = plan.turning.turn != 0
    filters.at = arrays.filters
    filters.co = turned.co if lie_turned else arrays.step_co
    filters.ci = turned.ci if lie_turned else arrays.step_ci
    filters.kd = turned.kd if lie_turned else arrays.step_kd
    filters.kh = turned.kh if lie_turned else arrays.step_kh
    filters.kw = turned.kw if lie_turned else arrays.step_kw
    return task


def turn_some(plan, task, first, end):
    """Turn the filters of blocks of output channels, if they are not read where they lie."""
    if plan.turning.turn:
        last = plan.blocks[end - 1]
        start, behind = plan.blocks[first].start, min(plan.co, last.start + last.columns)
        call(plan.turning.turn, plan, task, start, behind - start)


def place_inputs(plan, task):
    """Pack the inputs, which all tasks of a thread need, or say where they lie."""
    if plan.pack:
        task.inputs = task.scratch
        if task.ready == 0:
            call(plan.pack, plan, task)
        task.ready = 1
        return
    at = plan.arrays.input + task.depth.start * plan.depth.packed_step
    at += task.height.start * plan.height.packed_step
    task.inputs = at + task.width.start * plan.width.packed_step


def _compute(plan, task, b, phases):
    """Make the outputs of a phase."""
    last = b if plan.turning.turn else plan.n_blocks - 1
    block, after = plan.blocks[b], plan.blocks[min(b + 1, last)]
    d, h, w = phases.d, phases.h, phases.w
    positions = plan.batch.positions * d.length * h.length * w.length
    clear(task.sums, positions * COLUMNS, plan.size)
    reach = reach_of(plan, phases)
    following = _filters(plan, task, block, phases, reach, 0) if reach.count > 0 else 0
    for t in range(reach.count):
        filters = following
        if t + 1 < reach.count:
            following = _filters(plan, task, block, phases, reach, t + 1)
        else:
            following = _filters(plan, task, after, phases, reach, 0)
        rows = list_inputs(plan, task, phases, tap_of(reach, t))
        if rows > 0:
            _multiply(plan, task, block, filters, following, rows)
    list_outputs(plan, task, block, phases)
    finish = get(plan.finish, block.kind)
    bias = plan.arrays.bias + block.start * plan.size
    call(finish, task.sums, bias, task.rows, positions, plan.out_step)


def reach_of(plan, phases):
    """Return the taps of a phase that read inside."""
    d0, d1 = taps_between(plan.depth, phases.d, 0, phases.d.length)
    h0, h1 = taps_between(plan.height, phases.h, 0, phases.h.length)
    w0, w1 = taps_between(plan.width, phases.w, 0, phases.w.length)
    return Reach(Taps(d0, h0, w0), h1 - h0, w1 - w0, (d1 - d0) * (h1 - h0) * (w1 - w0))


def tap_of(reach, number):
    """Return one of them."""
    rest, w = divmod(number, reach.width)
    d, h = divmod(rest, reach.height)
    return Taps(reach.first.d + d, reach.first.h + h, reach.first.w + w)


def filters_at(plan, task, phases, reach, number):
    """Return the address of the filters of one of them, of the first output channel."""
    filters, tap = task.filters, tap_of(reach, number)
    kd = plan.depth.taps[phases.d.before + tap.d].k
    kh = plan.height.taps[phases.h.before + tap.h].k
    kw = plan.width.taps[phases.w.before + tap.w].k
    return filters.at + kd * filters.kd + kh * filters.kh + kw * filters.kw


def _filters(plan, task, block, phases, reach, number):
    """Return the same of a block of output channels."""
    return filters_at(plan, task, phases, reach, number) + block.start * task.filters.co


def _multiply(plan, task, block, filters, following, rows):
    """Add the products of a tap to the sums of the positions that are listed.

    All output channels of a block meet the inputs of some tiles while these are in L1; half of them
    where their filters fall into the same sets.
    """
    step, channels = task.filters.co, min(COLUMNS, plan.co - block.start)
    tiles = n_tiles(rows, plan.rows)
    least, longer = divmod(rows, tiles)
    run = max(1, TUNING.dot_inputs // (plan.rows * plan.chunk * plan.size))
    beside = COLUMNS if step % TUNING.pad_every else COLUMNS // 2
    beside = CHANNELS if tiles <= max(run, TUNING.dot_tiles) else beside
    for first in range(0, channels, beside):
        for c in range(0, plan.channels, plan.chunk):
            for t in range(0, tiles, run):
                some = Tiles(least, longer, t, min(t + run, tiles), tiles <= TUNING.dot_tiles)
                for j in range(first, min(first + beside, channels), CHANNELS):
                    ask = filters + (j + AHEAD) * step
                    if j + AHEAD >= channels:
                        ask = following + (j + AHEAD - channels) * step
                    place = Place(j, min(CHANNELS, channels - j), c, filters + j * step, ask)
                    _multiply_tiles(plan, task, some, place)


def _multiply_tiles(plan, task, tiles, place):
    """Do so in some tiles, for some output channels and the input channels that are summed at once.

    The first tile asks for filters: of many, others would ask again for what is in L2 by then.
    """
    step, c, last = task.filters.co, place.c, place.c + plan.chunk >= plan.channels
    kernels = plan.kernels + 8 * place.channels * plan.kernels_inner
    count, source = plan.vectors, 0
    if plan.chunk < plan.channels:
        count = plan.vectors - c // plan.lanes if last else plan.chunk // plan.lanes
        source = c // plan.chunk * plan.chunk_step
    if not last:
        kernels += plan.others
    at, ask = place.filters + c * plan.filter, place.ask + c * plan.filter
    at_row = task.rows + (tiles.first * tiles.least + min(tiles.first, tiles.longer)) * Row.SIZE
    for t in range(tiles.first, tiles.end):
        size = tiles.least + 1 if t < tiles.longer else tiles.least
        kernel, asked = get(kernels, size), ask if t == 0 or tiles.few else at
        call(kernel, at_row, source, count, at, step, place.j * plan.size, asked)
        at_row += size * Row.SIZE


def list_inputs(plan, task, phases, taps):
    """List where a tap reads at positions at which that is inside; return how many there are."""
    batch, depth, height, width = plan.batch, plan.depth, plan.height, plan.width
    d, h, w = phases.d, phases.h, phases.w
    z0, z1 = rows_inside(0, d.length, taps.d, d.shift, d.dilation, depth.i, depth.in_s)
    y0, y1 = rows_inside(0, h.length, taps.h, h.shift, h.dilation, height.i, height.in_s)
    x0, x1 = rows_inside(0, w.length, taps.w, w.shift, w.dilation, width.i, width.in_s)
    at_row = task.rows
    for n in range(batch.positions):
        for z in range(z0, z1):
            i = z * depth.in_s + d.shift - taps.d * d.dilation - task.depth.start
            plane = task.inputs + n * batch.packed_step + i * depth.packed_step
            for y in range(y0, y1):
                i = y * height.in_s + h.shift - taps.h * h.dilation - task.height.start
                at = plane + i * height.packed_step
                to = task.sums + (((n * d.length + z) * h.length + y) * w.length) * plan.line
                for x in range(x0, x1):
                    row = Row(at_row)
                    i = x * width.in_s + w.shift - taps.w * w.dilation - task.width.start
                    row.input = at + i * width.packed_step
                    row.sums = to + x * plan.line
                    at_row += Row.SIZE
    return (at_row - task.rows) // Row.SIZE


def list_outputs(plan, task, block, phases):
    """List where the outputs of a phase belong."""
    d, h, w = phases.d, phases.h, phases.w
    first = plan.arrays.output + block.start * plan.out_step + d.first * plan.depth.output_step
    first += h.first * plan.height.output_step + w.first * plan.width.output_step
    at_row = task.rows
    for n in range(plan.batch.positions):
        for z in range(d.length):
            plane = first + n * plan.batch.output_step + z * plan.depth.s * plan.depth.output_step
            for y in range(h.length):
                to = plane + y * plan.height.s * plan.height.output_step
                for x in range(w.length):
                    Row(at_row).input = to + x * plan.width.s * plan.width.output_step
                    at_row += Row.SIZE
