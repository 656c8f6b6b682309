"""Packing: the only code that knows the memory orders of inputs and filters.

Packed input of a block      [chunk][n][d][h][w][channel of the chunk], for wide tiles
                             [n][d][h][channel][w]; zeros where HALO says so
Packed filters ("panels")    [channel block][phase d][phase h][phase w][tap d][tap h][tap w, last
                             first][ci][co of the block], zeros where co does not exist

Both are in the compute type. With the taps of the width in reverse, the inputs of consecutive taps
and the panel's lines run the same way, so that several taps can be one long run of the kernel.
"""

from ..._compiler.words import get, next_task, put
from . import layout as field
from .moving import clear, copy, is_finite, spread, turn
from .tables import axis_row, block_row, panel_of, phase_row, tap_row

__all__ = ["clear_row", "copy_row", "pack_filters", "pack_input", "pack_phase"]

# So many channels' rows a processor's prefetching follows at once. With 64 channels, packing one
# channel after the other took two thirds of the time; with 16, it took longer.
_STREAMS = 16


def copy_row(p, source, target, positions, step):
    """Copy the channels of `positions` neighbours along the width, chunk by chunk."""
    storage, chunk, size = get(p, field.STORAGE), get(p, field.CHUNK), get(p, field.SIZE)
    item, channel_step = get(p, field.ITEM), get(p, field.CHANNEL_STEP)
    if channel_step == item and step == chunk * item and chunk == get(p, field.CHANNELS):
        copy(storage, source, target, positions * chunk)
        return
    if chunk == 1 and channel_step == item:
        channels, plane = get(p, field.CHANNELS), get(p, field.CHUNK_STEP)
        turn(storage, source, step, target, plane, positions, channels)
        return
    for first in range(0, get(p, field.CHANNELS), chunk):
        x = source + first * channel_step
        y = target + first // chunk * get(p, field.CHUNK_STEP)
        count = min(chunk, get(p, field.CHANNELS) - first)
        if channel_step == item:
            for w in range(positions):
                copy(storage, x + w * step, y + w * chunk * size, count)
        elif step == item and chunk == 1:
            copy(storage, x, y, positions)
        elif step == item:
            turn(storage, x, channel_step, y, chunk * size, count, positions)
        else:
            for c in range(count):
                spread(storage, x + c * channel_step, step, y + c * size, chunk * size, positions)


def clear_row(p, target, positions):
    """Set the channels of `positions` neighbours to zero."""
    for first in range(0, get(p, field.CHANNELS), get(p, field.CHUNK)):
        at = target + first // get(p, field.CHUNK) * get(p, field.CHUNK_STEP)
        clear(at, positions * get(p, field.CHUNK), get(p, field.SIZE))


def _copy_planes(p, height, source, target, h0, h1, positions):
    """Copy rows [h0, h1) that exist of one channel, then of the next: they lie together."""
    storage, step = get(p, field.STORAGE), get(height, field.INPUT_STEP)
    for c in range(get(p, field.CHANNELS)):
        x, y = source + c * get(p, field.CHANNEL_STEP), target + c * get(p, field.CHUNK_STEP)
        for h in range(max(h0, 0), min(h1, get(height, field.LENGTH))):
            to = y + (h - h0) * get(height, field.PACKED_STEP)
            copy(storage, x + h * step, to, positions)


def pack_input(p, target, n0, n1, d0, d1, h0, h1, w0, w1):
    """Pack inputs [n0, n1) x ... x [w0, w1); indices outside the input become zeros."""
    batch, depth = axis_row(p, field.BATCH), axis_row(p, field.DEPTH)
    height, width = axis_row(p, field.HEIGHT), axis_row(p, field.WIDTH_AXIS)
    step, packed = get(width, field.INPUT_STEP), get(width, field.PACKED_STEP)
    apart = get(p, field.CHUNK) == 1 and step == get(p, field.ITEM)
    apart = apart and get(p, field.CHANNELS) > _STREAMS
    left = min(max(w0, 0), w1)
    right = max(left, min(w1, get(width, field.LENGTH)))
    for n in range(n0, n1):
        for d in range(d0, d1):
            for h in range(h0, h1):
                source = (
                    get(p, field.INPUT)
                    + n * get(batch, field.INPUT_STEP)
                    + d * get(depth, field.INPUT_STEP)
                    + h * get(height, field.INPUT_STEP)
                )
                row = (
                    target
                    + (n - n0) * get(batch, field.PACKED_STEP)
                    + (d - d0) * get(depth, field.PACKED_STEP)
                    + (h - h0) * get(height, field.PACKED_STEP)
                )
                if h < 0 or h >= get(height, field.LENGTH):
                    clear_row(p, row, w1 - w0)
                    continue
                clear_row(p, row, left - w0)
                clear_row(p, row + (right - w0) * packed, w1 - right)
                if not apart:
                    x, y = source + left * step, row + (left - w0) * packed
                    copy_row(p, x, y, right - left, step)
            if apart:
                x = get(p, field.INPUT) + n * get(batch, field.INPUT_STEP)
                x += d * get(depth, field.INPUT_STEP) + left * step
                y = target + (n - n0) * get(batch, field.PACKED_STEP)
                y += (d - d0) * get(depth, field.PACKED_STEP) + (left - w0) * packed
                _copy_planes(p, height, x, y, h0, h1, right - left)


def pack_filters(p, slot):
    """Pack one (channel block, tap) after the other until none is left."""
    depth, height = axis_row(p, field.DEPTH), axis_row(p, field.HEIGHT)
    width = axis_row(p, field.WIDTH_AXIS)
    taps_h, taps_w = get(height, field.N_TAPS), get(width, field.N_TAPS)
    taps = taps_h * taps_w * get(depth, field.N_TAPS)
    while True:
        task = next_task(p + 8 * field.TAKEN)
        if task >= taps * get(p, field.N_BLOCKS):
            break
        b, tap = divmod(task, taps)
        td, rest = divmod(tap, taps_h * taps_w)
        th, tw = divmod(rest, taps_w)
        block, d = block_row(p, b), tap_row(p, field.DEPTH, td)
        h, w = tap_row(p, field.HEIGHT, th), tap_row(p, field.WIDTH_AXIS, tw)
        rd, rh, rw = get(d, field.TAP_PHASE), get(h, field.TAP_PHASE), get(w, field.TAP_PHASE)
        _pack_tap(p, height, width, block, d, h, w, panel_of(p, height, width, block, rd, rh, rw))


def pack_phase(p, height, width, block, rd, rh, rw, panel):
    """Pack the taps of one phase of one channel block."""
    fd, fh = phase_row(p, field.DEPTH, rd), phase_row(p, field.HEIGHT, rh)
    fw = phase_row(p, field.WIDTH_AXIS, rw)
    for jd in range(get(fd, field.PHASE_TAPS)):
        d = tap_row(p, field.DEPTH, get(fd, field.BEFORE) + jd)
        for jh in range(get(fh, field.PHASE_TAPS)):
            h = tap_row(p, field.HEIGHT, get(fh, field.BEFORE) + jh)
            for jw in range(get(fw, field.PHASE_TAPS)):
                w = tap_row(p, field.WIDTH_AXIS, get(fw, field.BEFORE) + jw)
                _pack_tap(p, height, width, block, d, h, w, panel)


def _pack_tap(p, height, width, block, d, h, w, panel):
    """Pack one tap of one channel block: transpose (co, ci) to (ci, co)."""
    taps_h = get(phase_row(p, field.HEIGHT, get(h, field.TAP_PHASE)), field.PHASE_TAPS)
    taps_w = get(phase_row(p, field.WIDTH_AXIS, get(w, field.TAP_PHASE)), field.PHASE_TAPS)
    start, columns = get(block, field.START), get(block, field.VECTOR_WIDTH)
    number = (get(d, field.TAP_NUMBER) * taps_h + get(h, field.TAP_NUMBER)) * taps_w
    number += taps_w - 1 - get(w, field.TAP_NUMBER)
    target = panel + number * columns * get(p, field.CHANNELS) * get(p, field.SIZE)
    source = (
        get(p, field.FILTERS)
        + start * get(p, field.CO_STEP)
        + get(d, field.TAP_K) * get(axis_row(p, field.DEPTH), field.FILTER_STEP)
        + get(h, field.TAP_K) * get(height, field.FILTER_STEP)
        + get(w, field.TAP_K) * get(width, field.FILTER_STEP)
    )
    _transpose(p, source, target, min(columns, get(p, field.CO) - start), columns)


def _transpose(p, source, target, channels, width):
    """Write source[co, ci] to target[ci, co], zeros for channels <= co < width.

    In groups of 16 input channels, one cache line of the source, which are checked while in L1. The
    filters of a forward convolution have their output channels next to each other already.
    """
    finite = True
    size, ci_step, co_step = get(p, field.SIZE), get(p, field.CI_STEP), get(p, field.CO_STEP)
    for first in range(0, get(p, field.CHANNELS), 16):
        count = min(16, get(p, field.CHANNELS) - first)
        at = target + first * width * size
        if channels < width:
            clear(at, count * width, size)
        x = source + first * ci_step
        if ci_step == get(p, field.ITEM):
            turn(get(p, field.STORAGE), x, co_step, at, width * size, channels, count)
        elif co_step == get(p, field.ITEM):
            for ci in range(count):
                y = at + ci * width * size
                copy(get(p, field.STORAGE), x + ci * ci_step, y, channels)
        else:
            for co in range(channels):
                y = at + co * size
                spread(get(p, field.STORAGE), x + co * co_step, ci_step, y, width * size, count)
        finite &= is_finite(at, count * width, size)
    if not finite:
        put(p, field.NOT_FINITE, 1)
