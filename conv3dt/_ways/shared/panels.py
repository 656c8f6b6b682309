"""Packing filters into panels, in the compute type.

    [channel block][phase d][phase h][phase w][tap d][tap h][tap w, last first][ci][co of the block]

with zeros where an output channel does not exist. With the taps of the width in reverse, the inputs
of consecutive taps and the panel's lines run the same way, so that several taps can be one long run
of the micro-kernel.
"""

from typing import Any, NamedTuple

from ..._compiler.words import ask, next_task
from ..._geometry.integers import n_tiles
from ..._geometry.storages import OPERANDS
from . import pairs
from .blocking import AT_ONCE
from .moving import clear, copy, is_finite, spread, turn
from .pairs import AT_A_TIME
from .records import BlockedParams
from .tables import Phases, panel_of, taps_between

__all__ = ["ask_filters", "pack_filters", "pack_phase", "turn_numbers"]


class Some(NamedTuple):
    """Input channels of a tap, and what is asked for meanwhile."""

    first: Any  # from .. to
    end: Any
    ahead: Any  # bytes to the filters of the tap that is packed next


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
        here, following = _tap_at(plan, tap), _tap_at(plan, min(tap + 1, taps - 1))
        phases = Phases(depth.phases[here.d.phase], height.phases[here.h.phase], here.w.phase)
        panel = panel_of(plan, plan.blocks[b], phases, here.w.phase)
        ahead = _place(plan, following) - _place(plan, here)
        some = Some(run * AT_ONCE, min((run + 1) * AT_ONCE, plan.channels), ahead)
        _pack_tap(plan, plan.blocks[b], here, panel, some, storage=storage)


def _tap_at(plan, number):
    """Return a tap of depth, one of height and one of width, by their number among all."""
    return _tap_of(plan, Phases(0, 0, 0), plan.height.n_taps, plan.width.n_taps, number)


def _place(plan, taps):
    """Return where the filters of a tap begin, in bytes from those of the first."""
    arrays = plan.arrays
    at = taps.d.k * arrays.step_kd + taps.h.k * arrays.step_kh
    return at + taps.w.k * arrays.step_kw


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
    phases = Phases(phases.d, phases.h, rw)
    if not OPERANDS[storage].pairs and plan.channels == 1:
        _pack_rows_of(plan, block, phases, panel, storage=storage)
        return
    some = 16 if _are_together(plan) else max(1, plan.channels)
    for first in range(0, plan.channels, some):
        end = min(first + some, plan.channels)
        _pack_taps(plan, block, phases, panel, Some(first, end, 0), storage=storage)


def _are_together(plan):
    """Return whether taps lie nearer to each other than channels do."""
    return plan.arrays.step_kw < min(plan.arrays.step_ci, plan.arrays.step_co)


def _pack_rows_of(plan, block, phases, panel, *, storage):
    """Pack the taps of a phase that read inside, of one input channel: a row after the other."""
    fd, fh = phases.d, phases.h
    d_first, d_end = taps_between(plan.depth, fd, 0, fd.length)
    h_first, h_end = taps_between(plan.height, fh, 0, fh.length)
    for jd in range(d_first, d_end):
        d = plan.depth.taps[fd.before + jd]
        for jh in range(h_first, h_end):
            h = plan.height.taps[fh.before + jh]
            _pack_row(plan, block, Phases(d, h, phases.w), panel, storage=storage)


def _pack_taps(plan, block, phases, panel, some, *, storage):
    """Pack input channels of the taps of a phase that read inside for some position.

    Behind the last one the next in memory is asked for, which the next phase begins with where
    kernel and stride are equal; of a single tap the next block.
    """
    fd, fh, fw = phases.d, phases.h, plan.width.phases[phases.w]
    d_first, d_end = taps_between(plan.depth, fd, 0, fd.length)
    h_first, h_end = taps_between(plan.height, fh, 0, fh.length)
    w_first, w_end = taps_between(plan.width, fw, 0, fw.length)
    rows, columns = h_end - h_first, w_end - w_first
    count = (d_end - d_first) * rows * columns
    first = Phases(fd.before + d_first, fh.before + h_first, fw.before + w_first)
    for n in range(count):
        here = _tap_of(plan, first, rows, columns, n)
        ahead = plan.arrays.step_kw
        if plan.depth.n_taps * plan.height.n_taps * plan.width.n_taps == 1:
            ahead = block.columns * plan.arrays.step_co
        if n + 1 < count:
            ahead = _place(plan, _tap_of(plan, first, rows, columns, n + 1)) - _place(plan, here)
        some = Some(some.first, some.end, ahead)
        _pack_tap(plan, block, here, panel, some, storage=storage)


def _tap_of(plan, first, rows, columns, n):
    """Return the n-th tap of a box of them."""
    d, rest = divmod(n, rows * columns)
    h, w = divmod(rest, columns)
    depth, height, width = plan.depth, plan.height, plan.width
    return Phases(depth.taps[first.d + d], height.taps[first.h + h], width.taps[first.w + w])


def _pack_tap(plan, block, taps, panel, some, *, storage):
    """Pack input channels of one tap (of depth, height, width) of one channel block.

    (co, ci) becomes (ci, co).
    """
    taps_h = plan.height.phases[taps.h.phase].taps
    taps_w = plan.width.phases[taps.w.phase].taps
    number = (taps.d.number * taps_h + taps.h.number) * taps_w + taps_w - 1 - taps.w.number
    arrays = plan.arrays
    source = arrays.filters + block.start * arrays.step_co + _place(plan, taps)
    target = panel + number * block.columns * plan.channels * OPERANDS[storage].size
    channels = min(block.columns, plan.co - block.start)
    _turn_filters(plan, source, target, some, channels, block.columns, storage=storage)


def _turn_filters(plan, source, target, some, channels, columns, *, storage):
    """Write source[co, ci] to target[ci, co], zeros for channels <= co < columns.

    In groups of 16 input channels, or pairs of them, which are checked while in L1. The last one
    has some of the group before it again, rather than be turned number by number; a number without
    another half is a group of its own.
    """
    size, ci_step, end = OPERANDS[storage].size, plan.arrays.step_ci, some.end
    if OPERANDS[storage].pairs:
        ci_step *= 2
        end = min(end, plan.halves // 2)
    groups, last = n_tiles(end - some.first, AT_A_TIME), max(some.first, end - AT_A_TIME)
    for n in range(groups + some.end - end):
        ci = min(some.first + n * AT_A_TIME, last) if n < groups else end
        count = min(AT_A_TIME, end - ci) if n < groups else 1
        x, y = source + ci * ci_step, target + ci * columns * size
        ask_filters(plan, x, some.ahead, count, channels, storage=storage)
        if channels < columns:
            clear(y, count * columns, size)
        if OPERANDS[storage].pairs:
            pairs.turn_filters(plan, x, y, ci, count, channels, columns)
        else:
            turn_numbers(plan, x, y, count, channels, columns, storage=storage)
        if not pairs.all_finite(y, count * columns, storage=storage):
            plan.arrays.not_finite = 1


def ask_filters(plan, source, ahead, count, channels, *, storage):
    """Ask for filters that are turned later, `ahead` bytes from others.

    Their rows lie too far apart to be foreseen. Taps that lie together have lines in common.
    """
    if _are_together(plan):
        return
    source += ahead
    ci_step, co_step = plan.arrays.step_ci, plan.arrays.step_co
    if ci_step < co_step:
        row = count * (4 if OPERANDS[storage].pairs else OPERANDS[storage].item)
        for co in range(channels):
            for at in range(0, row, 64):
                ask(source + co * co_step + at)
    else:
        for ci in range(count):
            for at in range(0, channels * OPERANDS[storage].item, 64):
                ask(source + ci * ci_step + at)


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
