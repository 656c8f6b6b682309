"""The micro-kernels' plain twins: the same contracts in NumPy, for NUMBA_DISABLE_JIT=1."""

import numpy as np

from ..._compiler import words
from ..._compiler.activations.formulas import apply
from ..._geometry.tile import Tile, WideTile, compute_type
from . import layout as field

__all__ = ["plain_finish", "plain_fold", "plain_tile", "plain_wide_tile"]


def plain_tile(tile: Tile):
    """Return a Python function that does what the compiled kernel of `tile` does."""
    double = tile.storage == "float64"
    read = words.float64_at if double else words.float32_at
    width = tile.vectors * tile.lanes

    def kernel(a, taps, n_taps, bias, c, c_outer, c_inner, c_channel):
        sums = np.tile(read(bias, width), (tile.rows, 1))
        size = sums.itemsize
        for to_a, at_b, length, rows in _entries(taps, n_taps):
            panel = read(at_b, length * width).reshape(length, width)
            first, end = divmod(rows or tile.inner, field.ROWS_FROM)
            for m in range(tile.rows):
                y, x = divmod(m, tile.inner)
                if not first <= x < end:
                    continue
                offset = y * tile.outer_step + x * tile.inner_step
                sums[m] += _product(read(a + to_a + offset * size, length), panel)
        _store(tile, apply(tile.activation, sums), c, c_outer, c_inner, c_channel)

    return kernel


def plain_wide_tile(tile: WideTile):
    """Return a Python function that does what the compiled wide kernel of `tile` does."""
    double = tile.storage == "float64"
    read = words.float64_at if double else words.float32_at
    size = 8 if double else 4
    width = tile.vectors * tile.lanes

    def kernel(a, tables, table_step, plane, bias, c, c_outer, c_channel, count):
        sums = np.empty((tile.phases, tile.outer, tile.channels, width), f"f{size}")
        sums[:] = read(bias, tile.channels)[:, None]
        for r in range(tile.phases):
            known = tables + r * table_step
            n = words.get(known, 0)
            for to_a, at_b, length, _ in _entries(known + field.KNOWN_BYTES, n):
                panel = read(at_b, length * tile.channels).reshape(length, tile.channels)
                for y in range(tile.outer):
                    for k in range(length):
                        x = read(a + to_a + y * tile.outer_step * size + k * plane, width)
                        with np.errstate(all="ignore"):
                            sums[r, y] += panel[k][:, None] * x
        results = _storage_bits(tile.storage, apply(tile.activation, sums))
        _store_runs(tile, results, c, c_outer, c_channel, count)

    return kernel


def _entries(table, n):
    """Return the rows of a table of taps."""
    return words.int64_at(table, field.ENTRY_FIELDS * n).reshape(n, field.ENTRY_FIELDS)


def plain_fold(tile: WideTile):
    """Return a Python function that does what the compiled `fold` of `tile` does."""
    read = words.float64_at if tile.storage == "float64" else words.float32_at
    width = tile.vectors * tile.lanes

    def fold(a, plane, entry, rows, at, ask, ask_step):
        to_a, at_b, length, _ = words.int64_at(entry, field.ENTRY_FIELDS)
        panel = read(at_b, length * tile.channels).reshape(length, tile.channels)
        sums = np.zeros((tile.channels, width), panel.dtype)
        with np.errstate(all="ignore"):
            for k in range(length):
                sums += panel[k][:, None] * read(a + to_a + k * plane, width)
            for m, row in enumerate(words.int64_at(rows, tile.channels)):
                read(row + at, width)[:] += sums[m]

    return fold


def plain_finish(tile: WideTile):
    """Return a Python function that does what the compiled `finish` of `tile` does."""
    read = words.float64_at if compute_type(tile.storage) == "float64" else words.float32_at

    def finish(x, phase, channel, c, count):
        length = -(-count // tile.streams)
        shape = tile.phases, 1, tile.channels, length
        sums = np.empty(shape, read(x, 1).dtype)
        for r in range(tile.phases):
            for m in range(tile.channels):
                sums[r, 0, m] = read(x + r * phase + m * channel, length)
        results = _storage_bits(tile.storage, apply(tile.activation, sums))
        _store_runs(tile, results, c, 0, 0, count)

    return finish


def _store_runs(tile, results, c, c_outer, c_channel, count):
    """Interleave the streams of (phase, row, channel, position) and write what exists."""
    size = results.itemsize
    write = {2: words.uint16_at, 4: words.float32_at, 8: words.float64_at}[size]
    for y in range(tile.outer):
        if tile.apart:
            for m in range(tile.channels):
                run = results[:, y, m].T.ravel()
                write(c + y * c_outer + m * c_channel, count)[:] = run[:count]
        else:
            run = results[:, y].transpose(2, 0, 1).ravel()
            write(c + y * c_outer, count)[:] = run[:count]


def _product(row, panel):
    """Return row @ panel, silently: lanes without a channel may hold 0 * infinity."""
    with np.errstate(all="ignore"):
        return (row[:, None] * panel).sum(axis=0, dtype=row.dtype)


def _store(tile, rows, c, c_outer, c_inner, c_channel):
    """Write the channels that exist."""
    channels = (tile.vectors - 1) * tile.lanes + tile.last
    values = _storage_bits(tile.storage, rows[:, :channels])
    size = values.itemsize
    write = {2: words.uint16_at, 4: words.float32_at, 8: words.float64_at}[size]
    step = c_channel if tile.spread else size
    for m, row in enumerate(values):
        y, x = divmod(m, tile.inner)
        at = c + y * c_outer + x * c_inner
        for channel, value in enumerate(row):
            write(at + channel * step, 1)[0] = value


def _storage_bits(storage, rows):
    """Return rows in the output's type: numbers, or the bits of 16-bit numbers."""
    if storage == "float16":
        with np.errstate(over="ignore"):
            return rows.astype(np.float16).view(np.uint16)
    if storage == "bfloat16":
        bits = rows.view(np.uint32)
        rounded = bits + 0x7FFF + ((bits >> 16) & 1)
        return (np.where(np.isnan(rows), bits | 0x00400000, rounded) >> 16).astype(np.uint16)
    return rows
