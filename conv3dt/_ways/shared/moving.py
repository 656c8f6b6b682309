"""Moving numbers: copy, widen, turn, clear, check; addresses and steps are in bytes."""

import numpy as np

from ..._compiler.words import (
    copy_line,
    float32_at,
    float32_from_bits,
    float64_at,
    uint16_at,
    uint32_at,
)
from ..._geometry.tile import STORAGES
from .transpose import (
    LANES32,
    LANES64,
    transpose32,
    transpose64,
    transpose_bfloat16,
    transpose_float16,
)

__all__ = ["clear", "copy", "copy_past_caches", "is_finite", "spread", "turn"]

_FLOAT32, _FLOAT64, _FLOAT16 = (STORAGES.index(s) for s in ("float32", "float64", "float16"))


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


def copy(storage, source, target, count):
    """Copy `count` numbers that lie next to each other, widened to the compute type."""
    if storage == _FLOAT32:
        x, y = float32_at(source, count), float32_at(target, count)
        for c in range(count):
            y[c] = x[c]
    elif storage == _FLOAT64:
        x64, y64 = float64_at(source, count), float64_at(target, count)
        for c in range(count):
            y64[c] = x64[c]
    elif storage == _FLOAT16:
        x16, y32 = uint16_at(source, count), float32_at(target, count)
        for c in range(count):
            y32[c] = _widen_float16(x16[c])
    else:
        bits, wide = uint16_at(source, count), float32_at(target, count)
        for c in range(count):
            wide[c] = _widen_bfloat16(bits[c])


def copy_past_caches(source, target, size):
    """Copy `size` bytes, an even number: whole cache lines of the target past the caches."""
    head = min(-target % 64, size)
    lines = (size - head) // 64
    _copy_halves(source, target, head)
    for n in range(lines):
        copy_line(source + head + 64 * n, target + head + 64 * n)
    done = head + 64 * lines
    _copy_halves(source + done, target + done, size - done)


def _copy_halves(source, target, size):
    """Copy `size` bytes by two."""
    x, y = uint16_at(source, size // 2), uint16_at(target, size // 2)
    for n in range(size // 2):
        y[n] = x[n]


def spread(storage, source, source_step, target, target_step, count):
    """Copy `count` numbers that lie `source_step` bytes apart to where they lie `target_step`."""
    for c in range(count):
        x, y = source + c * source_step, target + c * target_step
        if storage == _FLOAT32:
            float32_at(y, 1)[0] = float32_at(x, 1)[0]
        elif storage == _FLOAT64:
            float64_at(y, 1)[0] = float64_at(x, 1)[0]
        elif storage == _FLOAT16:
            float32_at(y, 1)[0] = _widen_float16(uint16_at(x, 1)[0])
        else:
            float32_at(y, 1)[0] = _widen_bfloat16(uint16_at(x, 1)[0])


def turn(storage, source, source_step, target, target_step, rows, columns):
    """target[c, r] = source[r, c], widened; the numbers of a row lie next to each other.

    In squares of a vector, the last of which overlaps the one before; few numbers one by one.
    """
    item = 8 if storage == _FLOAT64 else 4 if storage == _FLOAT32 else 2
    size = 8 if storage == _FLOAT64 else 4
    lanes = LANES64 if storage == _FLOAT64 else LANES32
    whole_rows, whole_columns = _in_squares(rows, lanes), _in_squares(columns, lanes)
    for next_r in range(0, whole_rows, lanes):
        r = min(next_r, whole_rows - lanes)
        for next_c in range(0, whole_columns, lanes):
            c = min(next_c, whole_columns - lanes)
            x, y = source + r * source_step + c * item, target + c * target_step + r * size
            _turn_square(storage, x, source_step, y, target_step)
    for r in range(0 if whole_columns < columns else whole_rows, rows):
        c = whole_columns if r < whole_rows else 0
        x, y = source + r * source_step + c * item, target + c * target_step + r * size
        spread(storage, x, item, y, target_step, columns - c)


def _in_squares(count, lanes):
    """Return how many of `count` rows are turned in squares.

    12 rows behind 144 one by one took a quarter of the time; 1 behind 32, a tenth of a square's.
    """
    rest = count % lanes
    return count if count >= lanes and 4 * rest >= lanes else count - rest


def _turn_square(storage, source, source_step, target, target_step):
    """Turn a square of whole vectors."""
    if storage == _FLOAT32:
        transpose32(source, source_step, target, target_step)
    elif storage == _FLOAT64:
        transpose64(source, source_step, target, target_step)
    elif storage == _FLOAT16:
        transpose_float16(source, source_step, target, target_step)
    else:
        transpose_bfloat16(source, source_step, target, target_step)


def clear(target, count, size):
    """Set `count` numbers of `size` bytes to zero."""
    words = uint32_at(target, count * size // 4)
    for n in range(count * size // 4):
        words[n] = 0


def is_finite(address, count, size):
    """Return whether no number has the exponent of infinity and NaN."""
    if size == 4:  # two loops, because one of either step would not use vectors
        mask, worst, words = np.uint32(0x7F800000), np.uint32(0), uint32_at(address, count)
        for n in range(count):
            worst = max(worst, words[n] & mask)
        return worst != mask
    mask, worst, words = np.uint32(0x7FF00000), np.uint32(0), uint32_at(address, 2 * count)
    for n in range(1, 2 * count, 2):  # the upper word has the exponent
        worst = max(worst, words[n] & mask)
    return worst != mask
