"""The drivers: all loops between a plan and the micro-kernel.

Each thread has one worker; workers take tasks from a shared counter until none is left, so that a
thread that is held up does not hold up the others. A task is a block of output positions
(batch, depth, height, width) and a group of blocks of output channels. It owns its outputs and the
order of their summation, whichever thread takes it: results do not depend on the number of threads.

Letters: q positions of a phase (see `_geometry`), r phases, f a phase's row in the tables.
"""

from ..._compiler.words import call_pack, call_tile, call_wide_tile, get, next_task
from ..._geometry.integers import n_tiles, tile_range
from ..shared import layout as field
from ..shared.lists import (
    begin_tables,
    list_taps,
    list_tiles,
    list_wide_tiles,
    table_of_phase,
    tiles_of_phase,
)
from ..shared.moving import copy_past_caches, turn
from ..shared.pack import pack_phase
from ..shared.tables import (
    axis_row,
    block_row,
    output_distance,
    packed_distance,
    phase_row,
    taps_between,
)

__all__ = ["convolve"]

_ROWS, _LINES, _SLABS = 1, 2, 3  # what is made in scratch: see `_turning`


def convolve(p, slot):
    """Take tasks and compute them: pack the block's input, then run over its outputs."""
    batch, depth = axis_row(p, field.BATCH), axis_row(p, field.DEPTH)
    height, width = axis_row(p, field.HEIGHT), axis_row(p, field.WIDTH_AXIS)
    scratch = get(p, field.SCRATCH) + slot * get(p, field.SCRATCH_STEP)
    lists = get(p, field.LISTS) + slot * get(p, field.LISTS_STEP)
    while True:
        task = next_task(p + 8 * field.TAKEN)
        if task >= get(p, field.TASKS):
            break
        # The block: width fastest, then height, depth, batch; the group of channels last.
        task, number = divmod(task, get(width, field.N_BLOCK))
        w_lo, w_hi = _block(width, number)
        task, number = divmod(task, get(height, field.N_BLOCK))
        h_lo, h_hi = _block(height, number)
        task, number = divmod(task, get(depth, field.N_BLOCK))
        d_lo, d_hi = _block(depth, number)
        group, number = divmod(task, get(batch, field.N_BLOCK))
        n_lo, n_hi = _block(batch, number)

        d_from, d_to = _packed_range(depth, d_lo, d_hi)
        h_from, h_to = _packed_range(height, h_lo, h_hi)
        w_from, w_to = _packed_range(width, w_lo, w_hi)
        packed = scratch
        if get(p, field.DIRECT):  # where it is, as if it had been packed there
            packed = get(p, field.INPUT) + n_lo * get(batch, field.PACKED_STEP)
            packed += d_from * get(depth, field.PACKED_STEP)
            packed += h_from * get(height, field.PACKED_STEP)
            packed += w_from * get(width, field.PACKED_STEP)
        else:
            call_pack(
                get(p, field.PACK), p, packed, n_lo, n_hi, d_from, d_to, h_from, h_to, w_from, w_to
            )
        if get(p, field.WIDE):
            list_wide_tiles(p, width, lists, w_lo, w_hi, w_from)
        else:
            list_tiles(p, width, lists, w_lo, w_hi, w_from)

        # Blocks of output channels: their panels of filters stay in L2 for the whole block.
        first = group * get(p, field.GROUP)
        for b in range(first, min(first + get(p, field.GROUP), get(p, field.N_BLOCKS))):
            _run_block(
                p, batch, depth, height, width, block_row(p, b), lists, scratch, packed,
                n_lo, n_hi, d_lo, d_hi, d_from, h_lo, h_hi, h_from, w_lo, w_hi,
            )  # fmt: skip


def _run_block(
    p, batch, depth, height, width, block, lists, scratch, packed,
    n_lo, n_hi, d_lo, d_hi, d_from, h_lo, h_hi, h_from, w_lo, w_hi,
):  # fmt: skip
    """Run over the phases of a block of positions and channels, and over the rows of each."""
    output = get(p, field.OUTPUT) + get(block, field.START) * get(p, field.OUT_CHANNEL_STEP)
    wide = get(p, field.WIDE)
    in_turn = get(width, field.N_PHASES) if get(p, field.PHASES_TOGETHER) or wide else 1
    images = n_tiles(n_hi - n_lo, get(batch, field.MOST))
    fresh = scratch + get(p, field.FRESH_AT) if get(p, field.FRESH) else 0
    turned = get(p, field.TURNED)
    in_rows = turned != 0 and turned != _SLABS
    made = scratch + get(p, field.TURNED_AT)
    target = output
    if turned == _SLABS:
        output = made - n_lo * get(batch, field.OUTPUT_STEP)
        output -= d_lo * get(depth, field.STRIDE) * get(depth, field.OUTPUT_STEP)
    else:
        made -= w_lo * get(width, field.STRIDE) * get(width, field.OUTPUT_STEP)
    # Phases of depth and height; those of the width take turns here or tile by tile.
    for rd in range(get(depth, field.N_PHASES)):
        fd = phase_row(p, field.DEPTH, rd)
        for rh in range(get(height, field.N_PHASES)):
            fh = phase_row(p, field.HEIGHT, rh)
            y_hi = min(h_hi, get(fh, field.PHASE_LENGTH))
            rows = n_tiles(y_hi - h_lo, get(height, field.MOST))
            for rw in range(0, get(width, field.N_PHASES), in_turn):
                begin_tables(p, height, width, block, lists, rd, rh, rw, rw + in_turn, fresh)
                if fresh:
                    _pack_panels(p, height, width, block, lists, rd, rh, rw, rw + in_turn)
                # Rows of tiles: images, depth, height.
                for tn in range(images):
                    n0, n1 = tile_range(n_lo, n_hi, images, tn)
                    at_n = packed + (n0 - n_lo) * get(batch, field.PACKED_STEP)
                    to_n = output + n0 * get(batch, field.OUTPUT_STEP)
                    for z in range(d_lo, min(d_hi, get(fd, field.PHASE_LENGTH))):
                        at_z = at_n + packed_distance(depth, fd, z, d_from)
                        to_z = to_n + output_distance(depth, fd, z)
                        z_first, z_end = taps_between(depth, fd, z, z + 1)
                        for th in range(rows):
                            y0, y1 = tile_range(h_lo, y_hi, rows, th)
                            y_first, y_end = taps_between(height, fh, y0, y1)
                            at = at_z + packed_distance(height, fh, y0, h_from)
                            to = to_z + output_distance(height, fh, y0)
                            if wide:
                                _run_wide_row(
                                    p, depth, height, width, block, lists, rd, rh, y1 - y0, at, to,
                                    z_first, z_end, y_first, y_end,
                                )  # fmt: skip
                            else:
                                _run_row(
                                    p, batch, depth, height, width, block, lists,
                                    rd, rh, rw, rw + in_turn, (n1 - n0) * (y1 - y0), at,
                                    made if in_rows else to,
                                    z_first, z_end, y_first, y_end,
                                )  # fmt: skip
                            if in_rows:
                                _store_row(p, width, block, made, to, w_lo, w_hi)
    if turned == _SLABS:
        _turn_slabs(p, batch, depth, height, width, block, made, target, n_lo, n_hi, d_lo, d_hi)


def _pack_panels(p, height, width, block, lists, rd, rh, rw_from, rw_to):
    """Pack the panels of phases of the width that no other task needs."""
    for rw in range(rw_from, rw_to):
        panel = get(table_of_phase(p, lists, rw), field.KNOWN_PANEL)
        pack_phase(p, height, width, block, rd, rh, rw, panel)


def _run_row(
    p, batch, depth, height, width, block, lists, rd, rh, rw_from, rw_to, outer, at, to,
    z_first, z_end, y_first, y_end,
):  # fmt: skip
    """Run over the tiles of a row: `outer` lines along the width that are computed together."""
    shapes = get(block, field.KIND) * get(p, field.TILE_OUTER) + outer
    kernels = get(p, field.TILES) + 8 * shapes * get(p, field.TILE_INNER)
    bias = get(p, field.BIAS) + get(block, field.START) * get(p, field.SIZE)
    c_outer = get(height, field.STRIDE) * get(height, field.OUTPUT_STEP)
    if get(batch, field.MOST) > 1:
        c_outer = get(batch, field.OUTPUT_STEP)
    c_inner = get(width, field.STRIDE) * get(width, field.OUTPUT_STEP)
    most = 0
    for rw in range(rw_from, rw_to):
        count, first = tiles_of_phase(p, lists, rw)
        most = max(most, count)
    # Phases take turns tile by tile: the tile's inputs and the panels of all phases stay in L1.
    for t in range(most):
        for rw in range(rw_from, rw_to):
            count, first = tiles_of_phase(p, lists, rw)
            if t >= count:
                continue
            tile = first + 8 * field.TILE_FIELDS * t
            table = table_of_phase(p, lists, rw) + get(tile, field.TABLE)
            entries = list_taps(
                p, depth, height, width, block, table, rd, rh, rw,
                z_first, z_end, y_first, y_end, tile,
            )  # fmt: skip
            call_tile(
                get(kernels, get(tile, field.COUNT)), at + get(tile, field.AT),
                table + field.KNOWN_BYTES, entries, bias, to + get(tile, field.TO),
                c_outer, c_inner, get(p, field.OUT_CHANNEL_STEP),
            )  # fmt: skip


def _turn_slabs(
    p, batch, depth, height, width, block, made, target, n_lo, n_hi, d_lo, d_hi
):  # fmt: skip
    """Store all outputs of a block, which were made with their channels together."""
    channels = min(get(block, field.VECTOR_WIDTH), get(p, field.CO) - get(block, field.START))
    z_lo = d_lo * get(depth, field.STRIDE)
    z_hi = min(d_hi * get(depth, field.STRIDE), get(depth, field.OUTPUTS))
    plane = get(height, field.OUTPUTS) * get(width, field.OUTPUTS)
    image, step = get(p, field.CO) * get(p, field.OUT_CHANNEL_STEP), get(width, field.OUTPUT_STEP)
    for n in range(n_lo, n_hi):
        turn(
            get(p, field.STORAGE), made + (n - n_lo) * get(batch, field.OUTPUT_STEP), step,
            target + n * image + z_lo * plane * get(p, field.ITEM), get(p, field.OUT_CHANNEL_STEP),
            (z_hi - z_lo) * plane, channels,
        )  # fmt: skip


def _store_row(p, width, block, made, to, w_lo, w_hi):
    """Store a row of outputs that was made in scratch: copied past the caches, or turned."""
    s, step, item = get(width, field.STRIDE), get(width, field.OUTPUT_STEP), get(p, field.ITEM)
    x_lo, x_hi = w_lo * s, min(w_hi * s, get(width, field.OUTPUTS))
    made += x_lo * step
    if get(p, field.TURNED) == _LINES:
        copy_past_caches(made, to + x_lo * step, (x_hi - x_lo) * step)
        return
    channels = min(get(block, field.VECTOR_WIDTH), get(p, field.CO) - get(block, field.START))
    turn(
        get(p, field.STORAGE), made, step,
        to + x_lo * item, get(p, field.OUT_CHANNEL_STEP), x_hi - x_lo, channels,
    )  # fmt: skip


def _run_wide_row(
    p, depth, height, width, block, lists, rd, rh, outer, at, to, z_first, z_end, y_first, y_end
):
    """Run over the wide tiles of a row: `outer` lines, all phases of the width."""
    shapes = get(block, field.KIND) * get(p, field.TILE_OUTER) + outer
    kernels = get(p, field.TILES) + 8 * shapes * get(p, field.TILE_INNER)
    bias = get(p, field.BIAS) + get(block, field.START) * get(p, field.SIZE)
    c_outer = get(height, field.STRIDE) * get(height, field.OUTPUT_STEP)
    c_inner, c_channel = get(width, field.OUTPUT_STEP), get(p, field.OUT_CHANNEL_STEP)
    # How many numbers an output position has in a row: its channels, unless they lie apart.
    numbers = c_inner // get(p, field.ITEM)
    tables = table_of_phase(p, lists, 0)
    count, first = tiles_of_phase(p, lists, 0)
    for t in range(count):
        for rw in range(get(width, field.N_PHASES)):
            tile = first + rw * get(p, field.LIST_STEP) + 8 * field.TILE_FIELDS * t
            list_taps(
                p, depth, height, width, block, table_of_phase(p, lists, rw), rd, rh, rw,
                z_first, z_end, y_first, y_end, tile,
            )  # fmt: skip
        tile = first + 8 * field.TILE_FIELDS * t
        o = get(tile, field.TO)
        call_wide_tile(
            get(kernels, get(tile, field.COUNT)), at + get(tile, field.AT),
            tables, get(p, field.LIST_STEP), get(p, field.CHUNK_STEP), bias, to + o * c_inner,
            c_outer, c_channel, (get(tile, field.END) - o) * numbers,
        )  # fmt: skip


def _block(axis, number):
    """Return the positions q from .. to of a block."""
    lo = number * get(axis, field.BLOCK)
    return lo, min(lo + get(axis, field.BLOCK), get(axis, field.POSITIONS))


def _packed_range(axis, lo, hi):
    """Return the input indices from .. to that the positions [lo, hi) read."""
    start = lo * get(axis, field.IN_STRIDE) + get(axis, field.SHIFT_LO)
    end = (hi - 1) * get(axis, field.IN_STRIDE) + 1 + get(axis, field.SHIFT_HI)
    if get(axis, field.HALO):
        return start, end
    start = min(max(start, 0), get(axis, field.LENGTH))
    return start, max(start, min(end, get(axis, field.LENGTH)))
