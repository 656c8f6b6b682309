"""Driver: the rows of a task, which are the same in all planes, and the tiles of each."""

from typing import Any, NamedTuple

from ..._compiler.words import call, get
from ..shared.tables import packed_distance, taps_between
from .ahead import next_asked
from .planes import opened
from .records import Row

__all__ = ["list_rows", "run_strips"]


class Tile(NamedTuple):
    """What tiles of all rows have in common: a run of positions, a block of channels."""

    kernel: Any
    at: Any  # bytes to the inputs, from those of the row,
    to: Any  # to the outputs,
    sums: Any  # and to the sums that wait
    bias: Any
    panels: Any  # address of the filters of the block,
    line: Any  # and bytes of those of a tap
    taps: Any  # of its phase of the width,
    before: Any  # of all phases before it,
    all_taps: Any  # and of all phases
    asks: Any  # bytes of inputs that it asks for with a tap of depth and height


class Line(NamedTuple):
    """A tile of a row."""

    row: Any
    at: Any  # bytes to its inputs, from the planes,
    to: Any  # to its outputs,
    sums: Any  # and to its sums, from those of a plane
    asks: Any  # bytes that it asks for with a tap of the depth
    before: Any  # filters of a tap of the depth before its phases of height and width,
    taps: Any  # of these phases,
    first: Any  # and before the first tap of the height that reads inside


class Reached(NamedTuple):
    """A plane of outputs: what is read of its `Open`."""

    one: Any
    depth: Any
    first: Any
    taps: Any
    before: Any
    sums: Any
    sums_step: Any
    ends: Any
    to: Any


def list_rows(plan, task):
    """List the rows of a plane of a task; return how many there are."""
    height, count = plan.height, 0
    for y in range(task.height.lo, task.height.hi):
        for rh in range(height.n_phases):
            h = height.phases[rh]
            if y < h.length:
                first, end = taps_between(height, h, y, y + 1)
                row = _row(task, count)
                row.step_h = h.dilation * height.packed_step
                row.at = packed_distance(height, h, y, task.height.start) - first * row.step_h
                row.to = (h.first + y * height.s) * height.output_step
                row.sums = count * plan.sums_row
                row.height = end - first
                row.first = first
                row.taps = h.taps
                row.before = h.before
                count += 1
    return count


def _row(task, number):
    """Return a row of those that a thread has listed."""
    return Row(task.lists + number * Row.SIZE)


def run_strips(plan, task, rows, ask):
    """Run over the tiles of a plane's rows, block by block of channels.

    Return what the next tile is to ask for.
    """
    taps = plan.depth.n_taps * plan.height.n_taps * plan.width.n_taps * plan.channels
    made = plan.blocks[task.first_block].start if plan.store else 0
    for t in range(plan.n_strips):
        strip = plan.strips[t]
        for b in range(task.first_block, task.end_block):
            block = plan.blocks[b]
            channel = block.start // plan.share * plan.channels - task.channel
            tile = Tile(
                get(plan.kernels + 8 * b * plan.kernels_inner, strip.number),
                strip.at + channel * plan.packed_item,
                strip.to + (block.start - made) * plan.item,
                strip.sums + (b - task.first_block) * plan.sums_block,
                plan.arrays.bias + block.start * plan.size,
                plan.arrays.panels + block.start * taps * plan.size,
                block.columns * plan.channels * plan.size,
                strip.taps,
                strip.before,
                plan.width.n_taps,
                plan.ask_step,
            )
            ask = _run_rows(plan, task, tile, rows, ask)
    return ask


def _run_rows(plan, task, tile, rows, ask):
    """Run a tile over all rows; return what the next one is to ask for."""
    if task.open == 1:
        plane = _reached(opened(plan, task, 0))  # once: compilers do not know that calls leave it
        for r in range(rows):
            ask = _run_tile(task, tile, _line_of(tile, _row(task, r)), plane, ask)
    else:
        for r in range(rows):
            line = _line_of(tile, _row(task, r))
            for e in range(task.open):
                ask = _run_tile(task, tile, line, _reached(opened(plan, task, e)), ask)
    return ask


def _reached(x):
    """Return what is read of a plane of outputs."""
    return Reached(x, x.depth, x.first, x.taps, x.before, x.sums, x.sums_step, x.ends, x.to)


def _line_of(tile, row):
    """Return where a tile is in a row."""
    return Line(
        row,
        row.at + tile.at,
        row.to + tile.to,
        row.sums + tile.sums,
        row.height * tile.asks,
        row.before * tile.all_taps + row.taps * tile.before,
        row.taps * tile.taps,
        row.first * tile.taps,
    )


def _run_tile(task, tile, line, plane, ask):
    """Add what inputs give to a tile of a row in a plane; return what is to be asked for next."""
    taps = plane.before + plane.taps * line.before + plane.first * line.taps + line.first
    sums = plane.sums + line.sums
    call(
        tile.kernel, line.at, line.row, tile.panels + taps * tile.line,
        sums if plane.sums_step else tile.bias, plane.to + line.to if plane.ends else sums,
        plane.one, ask,
    )  # fmt: skip
    return next_asked(task, ask + plane.depth * line.asks)
