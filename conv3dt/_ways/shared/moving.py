"""Moving numbers: copy, widen, turn, clear, check; addresses and steps are in bytes.

`storage` is the name of the numbers' type, known when a part is compiled: a row of NUMBERS.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..._compiler import processor
from ..._compiler.words import (
    copy_line,
    float32_at,
    float32_from_bits,
    float64_at,
    get,
    uint16_at,
    uint32_at,
)
from ..._geometry.storages import BITS, STORAGES
from . import transpose

__all__ = [
    "LANES",
    "NUMBERS",
    "clear",
    "copy",
    "copy_past_caches",
    "copy_words",
    "in_squares",
    "is_finite",
    "spread",
    "turn",
    "turn_past_caches",
]


class Numbers(NamedTuple):
    """How drivers read the numbers of a storage type."""

    item: int  # bytes of one,
    size: int  # and of one in the compute type
    at: Any  # the word for a view of such numbers
    wide_at: Any  # and of numbers in the compute type
    widened: Callable[..., Any]  # from one to the other
    square: Any  # the word that turns a square
    few: Any  # the word that turns few rows
    parted: Any  # the word that parts even from odd numbers,
    halved: Any  # that which leaves the odd ones out,
    quartered: Any  # and that which parts every fourth


def _same(x):
    return x


def _widen_float16(bits):
    """Return the float32 of a float16's bits."""
    size = np.uint32(bits) & np.uint32(0x7FFF)
    # Below 2**-14 a float16 is a multiple of 2**-24; else the exponent's bias moves by 112.
    value = np.float32(size) * np.float32(2.0**-24)
    if size >= np.uint32(0x0400):
        shifted = (size << np.uint32(13)) + np.uint32(112 << 23)
        if size >= np.uint32(0x7C00):
            shifted += np.uint32(112 << 23)
        value = float32_from_bits(shifted)
    return -value if bits & np.uint16(0x8000) else value


def _widen_bfloat16(bits):
    """Return the float32 of a bfloat16's bits."""
    return float32_from_bits(np.uint32(bits) << np.uint32(16))


NUMBERS = {
    name: Numbers(*read, *(words[name] for words in transpose.WORDS))
    for name, read in {
        "float32": (4, 4, float32_at, float32_at, _same),
        "float64": (8, 8, float64_at, float64_at, _same),
        "float16": (2, 4, uint16_at, float32_at, _widen_float16),
        "bfloat16": (2, 4, uint16_at, float32_at, _widen_bfloat16),
        BITS: (2, 2, uint16_at, uint16_at, _same),
    }.items()
}
# Numbers of a row of a square: as many as a vector has in the compute type.
LANES = {
    name: processor.machine().vector_bytes // max(4, row.size) for name, row in NUMBERS.items()
}


def copy(source, target, count, *, storage):
    """Copy `count` numbers that lie next to each other, widened to the compute type."""
    numbers = NUMBERS[storage]
    x, y = numbers.at(source, count), numbers.wide_at(target, count)
    for c in range(count):
        y[c] = numbers.widened(x[c])


def copy_past_caches(source, target, size):
    """Copy `size` bytes, an even number: whole cache lines of the target past the caches."""
    head = min(-target % 64, size)
    lines = (size - head) // 64
    copy_words(source, target, head)
    for n in range(lines):
        copy_line(source + head + 64 * n, target + head + 64 * n)
    done = head + 64 * lines
    copy_words(source + done, target + done, size - done)


def copy_words(source, target, size):
    """Copy `size` bytes by four, or by two."""
    if (source | target | size) % 4 == 0:
        words, to = uint32_at(source, size // 4), uint32_at(target, size // 4)
        for n in range(size // 4):
            to[n] = words[n]
        return
    x, y = uint16_at(source, size // 2), uint16_at(target, size // 2)
    for n in range(size // 2):
        y[n] = x[n]


def spread(source, source_step, target, target_step, count, *, storage):
    """Copy `count` numbers that lie `source_step` bytes apart to where they lie `target_step`."""
    numbers = NUMBERS[storage]
    for c in range(count):
        x, y = source + c * source_step, target + c * target_step
        numbers.wide_at(y, 1)[0] = numbers.widened(numbers.at(x, 1)[0])


def turn(source, source_step, target, target_step, rows, columns, *, storage):
    """target[c, r] = source[r, c], widened; the numbers of a row lie next to each other.

    In squares of a vector, the last of which overlaps the one before; few rows a vector of each at
    a time, if they are all that a column has; else few numbers one by one, a vector of a column
    after the other: lines at powers of two throw each other out of L1.
    """
    item, size, lanes = NUMBERS[storage].item, NUMBERS[storage].size, LANES[storage]
    if 2 <= rows <= transpose.WOVEN and target_step == rows * size and columns >= lanes > rows:
        for begin in range(0, columns, lanes):
            c = min(begin, columns - lanes)
            x, y = source + c * item, target + c * target_step
            NUMBERS[storage].few(x, source_step, y, rows)
        return
    whole_rows, whole_columns = in_squares(rows, lanes), in_squares(columns, lanes)
    for next_r in range(0, whole_rows, lanes):
        r = min(next_r, whole_rows - lanes)
        for next_c in range(0, whole_columns, lanes):
            c = min(next_c, whole_columns - lanes)
            x, y = source + r * source_step + c * item, target + c * target_step + r * size
            NUMBERS[storage].square(x, source_step, y, target_step)
    for r in range(0, rows, lanes):
        for c in range(whole_columns, columns):
            x, y = source + r * source_step + c * item, target + c * target_step + r * size
            spread(x, source_step, y, size, min(lanes, rows - r), storage=storage)
    for r in range(whole_rows, rows):
        x, y = source + r * source_step, target + r * size
        spread(x, item, y, target_step, whole_columns, storage=storage)


def turn_past_caches(source, source_step, target, target_step, rows, columns, *, storage):
    """Do the same, past the caches: the target's lines are whole, and so are squares.

    A few columns after the other, so that each of them is written as one run.
    """
    size, lanes = STORAGES[storage].size, LANES[storage]
    for c in range(0, columns, lanes):
        for r in range(0, rows, lanes):
            x, y = source + r * source_step + c * size, target + c * target_step + r * size
            transpose.PAST[storage](x, source_step, y, target_step)


def in_squares(count, lanes):
    """Return how many of `count` rows are turned in squares.

    12 rows behind 144 one by one took a quarter of the time; 1 behind 32, a tenth of a square's.
    """
    rest = count % lanes
    return count if count >= lanes and 4 * rest >= lanes else count - rest


def clear(target, count, size):
    """Set `count` numbers of `size` bytes to zero."""
    words = uint32_at(target, count * size // 4)
    for n in range(count * size // 4):
        words[n] = 0


def is_finite(address, count, *, storage):
    """Return whether no number in the compute type has the exponent of infinity and NaN."""
    return _FINITE[STORAGES[storage].compute](address, count)


def _is_finite32(address, count):
    mask, worst, words = np.uint32(0x7F800000), np.uint32(0), uint32_at(address, count)
    for n in range(count):
        worst = max(worst, words[n] & mask)
    return worst != mask


def _is_finite64(address, count):
    mask, worst = 0x7FF0000000000000, 0
    for n in range(count):
        worst = max(worst, get(address, n) & mask)
    return worst != mask


# Two loops: one of either step would not use vectors.
_FINITE = {"float32": _is_finite32, "float64": _is_finite64}
