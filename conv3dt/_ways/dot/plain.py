"""The plain twins of the dot way's micro-kernels: the same contracts in NumPy."""

import numpy as np

from ..._compiler.activations.table import apply
from ..._compiler.records import Row as Rows
from ..._compiler.words import uint16_at
from ..._geometry.storages import OPERANDS
from ..shared.plain import added, multiplied, reading, stored, wide, writing
from .records import Row
from .tile import DotTile, FinishTile, LineTile

__all__ = ["finish", "lines", "multiply"]


def multiply(tile: DotTile):
    """Return a Python function that does what the compiled `multiply` of `tile` does."""
    read, inputs = reading(tile.storage), multiplied(tile.storage)

    def compute(rows, source, count, filters, step, to, ask):
        table = Rows(Row, int(rows))
        channels = count * tile.lanes + tile.rest
        for m in range(tile.rows):
            x = _lanes(inputs(table[m].input + source, channels + tile.half), tile.lanes)
            for j in range(tile.columns):
                w = _factors(tile, filters + j * step, channels)
                total = np.zeros(tile.lanes, read(0, 0).dtype)
                with np.errstate(all="ignore"):
                    for two in zip(x, _lanes(w, tile.lanes), strict=True):
                        total = added(total, two)
                    while len(total) > 1:
                        total = total[: len(total) // 2] + total[len(total) // 2 :]
                    read(table[m].sums + to, tile.columns)[j] += total[0]

    return compute


def _lanes(numbers, lanes):
    """Return numbers as vectors, the last of which ends in zeros."""
    padded = np.zeros(-(-len(numbers) // lanes) * lanes, numbers.dtype)
    padded[: len(numbers)] = numbers
    return padded.reshape(-1, lanes)


def _factors(tile, address, channels):
    """Return the filters of an output channel in the compute type, or as pairs."""
    storage = OPERANDS[tile.storage]
    if storage.pairs:
        halves = np.zeros(2 * (channels + tile.half), np.uint16)
        halves[: 2 * channels + tile.half] = uint16_at(address, 2 * channels + tile.half)
        return halves.view(np.uint32)
    return wide(tile.storage, address, channels)


def lines(tile: LineTile):
    """Return a Python function that does what the compiled `lines` of `tile` does."""
    read, columns = reading(tile.storage), (tile.vectors - 1) * tile.lanes + tile.last

    def compute(rows, inputs, count, filters, step, to, ask, source):
        table = Rows(Row, int(rows))
        x = multiplied(tile.storage)(inputs, tile.rows * tile.step).reshape(tile.rows, tile.step)
        total = np.zeros((tile.rows, columns), read(0, 0).dtype)
        with np.errstate(all="ignore"):
            for k in range(count + tile.half):
                half = step // 2 if k < count else 0
                w = _line(tile, filters + k * step, columns, half)
                total = added(total, (x[:, k, None], w))
            for m in range(tile.rows):
                read(table[m].sums + to, columns)[:] += total[m]

    return compute


def _line(tile, address, columns, half):
    """Return a line of filters in the compute type, or pairs of two; 0: half of each is missing."""
    if not OPERANDS[tile.storage].pairs:
        return wide(tile.storage, address, columns)
    low = uint16_at(address, columns).astype(np.uint32)
    high = uint16_at(address + half, columns).astype(np.uint32) if half else 0
    return low | high << np.uint32(16)


def finish(tile: FinishTile):
    """Return a Python function that does what the compiled `finish` of `tile` does."""
    read, write = reading(tile.storage), writing(tile.storage)

    def compute(sums, bias, rows, count, step):
        table = Rows(Row, int(rows))
        for m in range(count):
            at = sums + m * tile.line * read(0, 0).itemsize
            with np.errstate(all="ignore"):
                x = read(at, tile.channels) + read(bias, tile.channels)
            values = stored(tile.storage, apply(tile.activation, x))
            apart = step if tile.spread else values.itemsize
            for c, value in enumerate(values):
                write(table[m].input + c * apart, 1)[0] = value

    return compute
