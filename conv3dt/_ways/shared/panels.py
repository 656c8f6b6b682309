"""Packing filters into panels, in the compute type.

    [channel block][phase d][phase h][phase w][tap d][tap h][tap w, last first][ci][co of the block]

with zeros where an output channel does not exist. With the taps of the width in reverse, the inputs
of consecutive taps and the panel's lines run the same way, so that several taps can be one long run
of the micro-kernel.
"""

from ..._compiler.words import next_task
from ..._geometry.integers import n_tiles
from ..._geometry.storages import OPERANDS
from . import pairs
from .blocking import AT_ONCE
from .moving import clear, copy, is_finite, spread, turn
from .records import BlockedParams
from .tables import Phases, panel_of, taps_between

__all__ = ["pack_filters", "pack_phase", "turn_numbers"]


def pack_filters(plan, slot, *, storage):
    """Pack some input channels of one (channel block, tap) after the other until none are left.

    Of taps that lie together, as PyTorch's do, all while these channels are in L2.
    """
    plan = BlockedParams(plan)
    if not OPERANDS[storage].pairs and plan.channels == 1:
        _pack_rows(plan, storage=storage)
        return
    depth, height, width = plan.depth, plan.height, plan.width
    taps, runs = depth.n_taps * height.n_taps * width.n_taps, n_tiles(plan.channels, AT_ONCE)
    together = _are_together(plan)
    while True:
        number = next_task(plan.arrays)
        if number >= runs * taps * plan.n_blocks:
            break
        b, rest = divmod(number, runs * taps)
        if together:
            run, tap = divmod(rest, taps)
        else:
            tap, run = divmod(rest, runs)
        td, rest = divmod(tap, height.n_taps * width.n_taps)
        th, tw = divmod(rest, width.n_taps)
        d, h, w = depth.taps[td], height.taps[th], width.taps[tw]
        phases = Phases(depth.phases[d.phase], height.phases[h.phase], w.phase)
        panel = panel_of(plan, plan.blocks[b], phases, w.phase)
        first, end = run * AT_ONCE, min((run + 1) * AT_ONCE, plan.channels)
        _pack_tap(plan, plan.blocks[b], Phases(d, h, w), panel, first, end, storage=storage)


def _pack_rows(plan, *, storage):
    """Pack filters of one input channel: all taps of the width of one (block, depth, height)."""
    depth, height, width = plan.depth, plan.height, plan.width
    rows = depth.n_taps * height.n_taps
    while True:
        number = next_task(plan.arrays)
        if number >= rows * plan.n_blocks:
            break
        b, row = divmod(number, rows)
        td, th = divmod(row, height.n_taps)
        d, h = depth.taps[td], height.taps[th]
        for rw in range(width.n_phases):
            phases = Phases(depth.phases[d.phase], height.phases[h.phase], rw)
            panel = panel_of(plan, plan.blocks[b], phases, rw)
            _pack_row(plan, plan.blocks[b], Phases(d, h, rw), panel, storage=storage)


def _pack_row(plan, block, taps, panel, *, storage):
    """Pack the taps of a phase of the width, the last first, of a tap of depth and height.

    Tap by tap as others are packed, 16^3 taps of 768 channels took as long as their products.
    """
    arrays, size, w = plan.arrays, OPERANDS[storage].size, plan.width.phases[taps.w]
    row = taps.d.number * plan.height.phases[taps.h.phase].taps + taps.h.number
    target = panel + row * w.taps * block.columns * size
    source = arrays.filters + block.start * arrays.step_co + taps.d.k * arrays.step_kd
    source += taps.h.k * arrays.step_kh
    channels = min(block.columns, plan.co - block.start)
    if channels < block.columns:
        clear(target, w.taps * block.columns, size)
    for j in range(w.taps):
        at = source + plan.width.taps[w.before + w.taps - 1 - j].k * arrays.step_kw
        to = target + j * block.columns * size
        if arrays.step_co == OPERANDS[storage].item:
            copy(at, to, channels, storage=storage)
        else:
            spread(at, arrays.step_co, to, size, channels, storage=storage)
    if not is_finite(target, w.taps * block.columns, storage=storage):
        arrays.not_finite = 1


def pack_phase(plan, block, phases, rw, panel, *, storage):
    """Pack the taps of one phase of one channel block.

    Of taps that lie together all for 16 channels, then for the next: a sixth of 1 x 4^3 x 320 to
    320, kernel 3.
    """
    some = 16 if _are_together(plan) else max(1, plan.channels)
    for first in range(0, plan.channels, some):
        end = min(first + some, plan.channels)
        _pack_taps(plan, block, Phases(phases.d, phases.h, rw), panel, first, end, storage=storage)


def _are_together(plan):
    """Return whether taps lie nearer to each other than channels do."""
    return plan.arrays.step_kw < min(plan.arrays.step_ci, plan.arrays.step_co)


def _pack_taps(plan, block, phases, panel, first, end, *, storage):
    """Pack input channels from .. to of the taps of a phase that read inside for some position."""
    fd, fh, fw = phases.d, phases.h, plan.width.phases[phases.w]
    d_first, d_end = taps_between(plan.depth, fd, 0, fd.length)
    h_first, h_end = taps_between(plan.height, fh, 0, fh.length)
    w_first, w_end = taps_between(plan.width, fw, 0, fw.length)
    for jd in range(d_first, d_end):
        d = plan.depth.taps[fd.before + jd]
        for jh in range(h_first, h_end):
            h = plan.height.taps[fh.before + jh]
            if not OPERANDS[storage].pairs and plan.channels == 1:
                _pack_row(plan, block, Phases(d, h, phases.w), panel, storage=storage)
                continue
            for jw in range(w_first, w_end):
                w = plan.width.taps[fw.before + jw]
                taps = Phases(d, h, w)
                _pack_tap(plan, block, taps, panel, first, end, storage=storage)


def _pack_tap(plan, block, taps, panel, first, end, *, storage):
    """Pack input channels from .. to of one tap (of depth, height, width) of one channel block.

    (co, ci) becomes (ci, co).
    """
    taps_h = plan.height.phases[taps.h.phase].taps
    taps_w = plan.width.phases[taps.w.phase].taps
    number = (taps.d.number * taps_h + taps.h.number) * taps_w + taps_w - 1 - taps.w.number
    arrays = plan.arrays
    source = arrays.filters + block.start * arrays.step_co + taps.d.k * arrays.step_kd
    source += taps.h.k * arrays.step_kh + taps.w.k * arrays.step_kw
    target = panel + number * block.columns * plan.channels * OPERANDS[storage].size
    channels = min(block.columns, plan.co - block.start)
    columns = block.columns
    _turn_filters(plan, source, target, first, end, channels, columns, storage=storage)


def _turn_filters(plan, source, target, first, end, channels, columns, *, storage):
    """Write source[co, ci] to target[ci, co], zeros for channels <= co < columns.

    In groups of 16 input channels, or pairs of them, which are checked while in L1. The last one
    has some of the group before it again, rather than be turned number by number.
    """
    size, ci_step = OPERANDS[storage].size, plan.arrays.step_ci
    for begin in range(first, end, 16):
        ci = max(first, min(begin, end - 16))
        count, y = min(16, end - ci), target + ci * columns * size
        if channels < columns:
            clear(y, count * columns, size)
        if OPERANDS[storage].pairs:
            pairs.turn_filters(plan, source + 2 * ci * ci_step, y, ci, count, channels, columns)
        else:
            turn_numbers(plan, source + ci * ci_step, y, count, channels, columns, storage=storage)
        if not pairs.all_finite(y, count * columns, storage=storage):
            plan.arrays.not_finite = 1


def turn_numbers(plan, source, target, count, channels, columns, *, storage):
    """Write `count` input channels of filters.

    Those of a forward convolution have their output channels next to each other already.
    """
    item, size = OPERANDS[storage].item, OPERANDS[storage].size
    ci_step, co_step = plan.arrays.step_ci, plan.arrays.step_co
    if ci_step == item:
        turn(source, co_step, target, columns * size, channels, count, storage=storage)
    elif co_step == item:
        for ci in range(count):
            copy(source + ci * ci_step, target + ci * columns * size, channels, storage=storage)
    elif co_step < ci_step:
        for ci in range(count):
            at, to = source + ci * ci_step, target + ci * columns * size
            spread(at, co_step, to, size, channels, storage=storage)
    else:
        for co in range(channels):
            at, to = source + co * co_step, target + co * size
            spread(at, ci_step, to, columns * size, count, storage=storage)
