"""The driver that folds: every row of inputs times all taps, added up where the taps carry it.

For few output channels. A register tile of the other drivers has outputs; theirs share few inputs
then, and each input is loaded for few products. Here a tile has (tap, channel) by positions of the
*input*: every load serves many products, each input is packed once, and the sums of a block of
outputs stay in L2, with margins for what a row carries beyond the block:

    sums        [plane z modulo WINDOW][row y][channel][phase of the width][margin | t | margin]

Output x of phase r is number t = x // s of its row. A plane is begun with the bias when the first
input plane reaches it, and finished (activation, phases interleaved, stored) when the last has.
"""

from ..._compiler.words import (
    call_finish,
    call_fold,
    float32_at,
    float64_at,
    get,
    int64_at,
    next_task,
    put,
)
from ..._geometry.integers import n_tiles, reaching
from ..shared import layout as field
from ..shared.moving import clear, copy, is_finite, spread
from ..shared.pack import clear_row, copy_row
from ..shared.tables import axis_row, block_row

__all__ = ["convolve_folding", "pack_columns"]


def pack_columns(p, slot):
    """Pack filters as [group][block of columns][ci][column].

    Columns are ordered by kw, co, kd, kh: those of a tile then add to different rows of sums. Sums
    that were stored a moment ago cannot be loaded again, shifted, before they are in the cache.
    """
    size, channels = get(p, field.SIZE), get(p, field.CHANNELS)
    taps = get(axis_row(p, field.DEPTH), field.KERNEL)
    taps *= get(axis_row(p, field.HEIGHT), field.KERNEL)
    while True:
        task = next_task(p + 8 * field.TAKEN)
        group, b = divmod(task, get(p, field.N_BLOCKS))
        if group * get(p, field.GROUP) >= get(p, field.CO):
            break
        block = block_row(p, b)
        first, columns = get(block, field.START), get(block, field.VECTOR_WIDTH)
        target = get(p, field.PANELS)
        target += (group * get(p, field.COLUMNS) + first) * channels * size
        if (group + 1) * get(p, field.GROUP) > get(p, field.CO):
            clear(target, channels * columns, size)
        for m in range(columns):
            rest, tap = divmod(first + m, taps)
            kw, co = divmod(rest, get(p, field.GROUP))
            co += group * get(p, field.GROUP)
            at, step = target + m * size, columns * size
            if co < get(p, field.CO):
                source = _filter(p, tap, kw) + co * get(p, field.CO_STEP)
                ci_step = get(p, field.CI_STEP)
                spread(get(p, field.STORAGE), source, ci_step, at, step, channels)
        if not is_finite(target, channels * columns, size):
            put(p, field.NOT_FINITE, 1)


def _filter(p, tap, kw):
    """Return the address of the first weight of tap (kd, kh), kw."""
    depth, height = axis_row(p, field.DEPTH), axis_row(p, field.HEIGHT)
    kd, kh = divmod(tap, get(height, field.KERNEL))
    to_d, to_h = kd * get(depth, field.FILTER_STEP), kh * get(height, field.FILTER_STEP)
    to_w = kw * get(axis_row(p, field.WIDTH_AXIS), field.FILTER_STEP)
    return get(p, field.FILTERS) + to_d + to_h + to_w


def convolve_folding(p, slot):
    """Take tasks and compute them, one plane of inputs after the other."""
    batch, depth = axis_row(p, field.BATCH), axis_row(p, field.DEPTH)
    height, width = axis_row(p, field.HEIGHT), axis_row(p, field.WIDTH_AXIS)
    packed = get(p, field.SCRATCH) + slot * get(p, field.SCRATCH_STEP)
    sums, rows = packed + get(p, field.SUMS_AT), packed + get(p, field.ROWS_AT)
    # Behind the addresses of all columns: those of all (kd, kh), and the micro-kernel's entry.
    entry = rows + 8 * get(p, field.COLUMNS)
    entry += 8 * get(depth, field.KERNEL) * get(height, field.KERNEL)
    step = get(width, field.INPUT_STEP)
    while True:
        task = next_task(p + 8 * field.TAKEN)
        if task >= get(p, field.TASKS):
            break
        task, number = divmod(task, get(width, field.N_BLOCK))
        x_lo, x_hi = _block(width, number)
        task, number = divmod(task, get(height, field.N_BLOCK))
        y_lo, y_hi = _block(height, number)
        task, number = divmod(task, get(depth, field.N_BLOCK))
        z_lo, z_hi = _block(depth, number)
        group, n = divmod(task, get(batch, field.LENGTH))

        w_lo, w_hi = _reaching(width, x_lo, x_hi)
        h_lo, h_hi = _reaching(height, y_lo, y_hi)
        d_lo, d_hi = _reaching(depth, z_lo, z_hi)
        positions = w_hi - w_lo
        vectors = (positions + get(p, field.LANES) - 1) // get(p, field.LANES)
        together, apart = get(p, field.TOGETHER), get(p, field.TOGETHER_STEP)
        for r in range(together):
            clear_row(p, packed + r * apart, vectors * get(p, field.LANES))
        begun = done = z_lo
        for d in range(d_lo, d_hi):
            # Planes of outputs before `left` are reached by no later plane of inputs.
            left = max(done, min(z_hi, _output(depth, d + 1, 0)))
            reached = max(left, min(z_hi, _output(depth, d, get(depth, field.KERNEL) - 1) + 1))
            _begin(p, sums, group, begun, reached, y_hi - y_lo)
            begun = max(begun, reached)
            source = get(p, field.INPUT) + n * get(batch, field.INPUT_STEP)
            source += d * get(depth, field.INPUT_STEP) + w_lo * step
            for h in range(h_lo, h_hi):
                row, r = source + h * get(height, field.INPUT_STEP), (h - h_lo) % together
                if r == 0:
                    _pack(p, height, row, packed, min(together, h_hi - h), positions, step)
                _aim(p, depth, height, width, sums, rows, d, h, w_lo, z_lo, z_hi, y_lo, y_hi, x_lo)
                ahead = positions if together == 1 and h + 1 < h_hi else 0
                _multiply(
                    p, group, packed + r * apart, sums, rows, entry, vectors,
                    row + get(height, field.INPUT_STEP), ahead,
                )  # fmt: skip
            _finish(
                p, batch, depth, height, width, sums, group, n, done, left, y_lo, y_hi, x_lo, x_hi
            )
            done = left
        for z in range(done, z_hi):  # one by one: there may be more than the window holds
            _begin(p, sums, group, max(begun, z), z + 1, y_hi - y_lo)
            _finish(
                p, batch, depth, height, width, sums, group, n, z, z + 1, y_lo, y_hi, x_lo, x_hi
            )


def _pack(p, height, source, target, rows, positions, step):
    """Pack rows of inputs: where channels lie apart, all rows of a channel before the next."""
    row_step, apart = get(height, field.INPUT_STEP), get(p, field.TOGETHER_STEP)
    storage, plane = get(p, field.STORAGE), get(p, field.CHUNK_STEP)
    if rows == 1 or step != get(p, field.ITEM):
        for r in range(rows):
            copy_row(p, source + r * row_step, target + r * apart, positions, step)
        return
    for c in range(get(p, field.CHANNELS)):
        x, y = source + c * get(p, field.CHANNEL_STEP), target + c * plane
        for r in range(rows):
            copy(storage, x + r * row_step, y + r * apart, positions)


def _block(axis, number):
    """Return the outputs from .. to of a block."""
    lo = number * get(axis, field.BLOCK)
    return lo, min(lo + get(axis, field.BLOCK), get(axis, field.OUTPUTS))


def _output(axis, i, k):
    """Return where tap k carries input i."""
    return i * get(axis, field.STRIDE) + k * get(axis, field.TAP_DISTANCE) - get(axis, field.CROP)


def _reaching(axis, lo, hi):
    """Return the inputs from .. to between the first and the last that reach [lo, hi)."""
    return reaching(
        lo, hi, get(axis, field.LENGTH), get(axis, field.KERNEL), get(axis, field.STRIDE),
        get(axis, field.TAP_DISTANCE), get(axis, field.CROP),
    )  # fmt: skip


def _begin(p, sums, group, z_from, z_to, rows):
    """Set the sums of planes to the bias."""
    size, unit = get(p, field.SIZE), get(p, field.UNIT)
    channels = get(p, field.GROUP)
    bias = get(p, field.BIAS) + group * channels * size
    plane, channel = get(p, field.BLOCK_ROWS) * unit, unit // channels
    for z in range(z_from, z_to):
        for y in range(rows):
            at = sums + z % get(p, field.WINDOW) * plane + y * unit
            for c in range(channels):
                _fill(at + c * channel, bias + c * size, channel // size, size)


def _fill(target, source, count, size):
    """Set `count` numbers to the one at `source`."""
    if size == 4:
        x, value = float32_at(target, count), float32_at(source, 1)[0]
        for n in range(count):
            x[n] = value
    else:
        x64, value64 = float64_at(target, count), float64_at(source, 1)[0]
        for n in range(count):
            x64[n] = value64


def _aim(p, depth, height, width, sums, rows, d, h, w_lo, z_lo, z_hi, y_lo, y_hi, x_lo):
    """Write where each column carries the row (d, h): to the trash beyond the block."""
    unit, taps = get(p, field.UNIT), get(depth, field.KERNEL) * get(height, field.KERNEL)
    plane = get(p, field.BLOCK_ROWS) * unit
    trash = sums + get(p, field.WINDOW) * plane
    units = int64_at(rows + 8 * get(p, field.COLUMNS), taps)
    n = 0
    for kd in range(get(depth, field.KERNEL)):
        z = _output(depth, d, kd)
        for kh in range(get(height, field.KERNEL)):
            y = _output(height, h, kh)
            units[n] = trash
            if z_lo <= z and z < z_hi and y_lo <= y and y < y_hi:
                units[n] = sums + z % get(p, field.WINDOW) * plane + (y - y_lo) * unit
            n += 1
    s, row = get(width, field.STRIDE), get(p, field.ROW)
    start = get(p, field.LEFT) + w_lo - x_lo // s
    for kw in range(get(width, field.KERNEL)):
        t, r = divmod(_output(width, 0, kw), s)
        for c in range(get(p, field.GROUP)):
            to = (c * s + r) * row + (start + t) * get(p, field.SIZE)
            columns = int64_at(rows, taps)
            for n in range(taps):
                columns[n] = units[n] + to
            rows += 8 * taps


def _multiply(p, group, packed, sums, rows, entry, vectors, following, positions):
    """Multiply a packed row of inputs by all columns of a group that do not go to the trash.

    The row of inputs that follows is asked for meanwhile, a cache line with each k of the first
    micro-kernels: all lines of a call at once had to wait for each other.
    """
    size, lanes, n_blocks = get(p, field.SIZE), get(p, field.LANES), get(p, field.N_BLOCKS)
    channels, plane = get(p, field.CHANNELS), get(p, field.CHUNK_STEP)
    trash = sums + get(p, field.WINDOW) * get(p, field.BLOCK_ROWS) * get(p, field.UNIT)
    put(entry, field.ENTRY_INPUT, 0)
    put(entry, field.ENTRY_LENGTH, channels)
    put(entry, field.ENTRY_ROWS, 0)
    # A turn of asking is as many lines as there are channels: neighbours, or one of each channel.
    between, turn_step = 64, 64 * channels
    if get(p, field.CHANNEL_STEP) != get(p, field.ITEM):
        between, turn_step = get(p, field.CHANNEL_STEP), 64
    end = following + n_tiles(positions * get(p, field.ITEM), 64) * turn_step
    for b in range(n_blocks):
        block = block_row(p, b)
        first = get(block, field.START)
        if _in_vain(rows + 8 * first, get(block, field.VECTOR_WIDTH), trash):
            continue
        panel = get(p, field.PANELS) + (group * get(p, field.COLUMNS) + first) * channels * size
        put(entry, field.ENTRY_PANEL, panel)
        kernels = get(p, field.TILES) + 8 * get(block, field.KIND) * get(p, field.TILE_INNER)
        for v in range(0, vectors, 2):
            at = v * lanes * size
            kernel = get(kernels, min(2, vectors - v))
            if following < end:
                call_fold(
                    kernel, packed + at, plane, entry, rows + 8 * first, at, following, between
                )
                following += turn_step
            else:  # the packed row is there already
                call_fold(kernel, packed + at, plane, entry, rows + 8 * first, at, packed, 0)


def _in_vain(rows, columns, trash):
    """Return whether all these columns go to the trash, which lies behind all sums."""
    m = 0
    while m < columns and get(rows, m) >= trash:
        m += 1
    return m == columns


def _finish(p, batch, depth, height, width, sums, group, n, z_from, z_to, y_lo, y_hi, x_lo, x_hi):
    """Store the outputs of planes."""
    unit, row = get(p, field.UNIT), get(p, field.ROW)
    channels, step = get(p, field.GROUP), get(p, field.OUT_CHANNEL_STEP)
    plane = get(p, field.BLOCK_ROWS) * unit
    start = sums + get(p, field.LEFT) * get(p, field.SIZE)
    first = group * channels
    some = min(channels, get(p, field.CO) - first)
    output = get(p, field.OUTPUT) + n * get(batch, field.OUTPUT_STEP) + first * step
    output += x_lo * get(width, field.OUTPUT_STEP)
    channel = get(width, field.STRIDE) * row
    for z in range(z_from, z_to):
        for y in range(y_lo, y_hi):
            at = start + z % get(p, field.WINDOW) * plane + (y - y_lo) * unit
            to = output + z * get(depth, field.OUTPUT_STEP) + y * get(height, field.OUTPUT_STEP)
            if get(p, field.APART):
                for c in range(some):
                    call_finish(
                        get(p, field.FINISH), at + c * channel, row, 0, to + c * step, x_hi - x_lo
                    )
            else:
                call_finish(get(p, field.FINISH), at, row, channel, to, (x_hi - x_lo) * some)
