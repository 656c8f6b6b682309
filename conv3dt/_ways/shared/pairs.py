"""Pairs of input channels: two numbers of 16 bits become a word, the first in its lower half.

Addresses and steps are in bytes; `half` is the step from a number to the other one of its pair.
Where channels are odd, the last number's other half is zero, in inputs and in filters: its
neighbour, which may be infinite, is not multiplied by zero.
"""

import numpy as np

from ..._compiler import processor
from ..._compiler.words import uint16_at, uint32_at
from ..._geometry.storages import OPERANDS
from .moving import in_squares, is_finite, turn
from .transpose import transpose_pairs, transpose_words

__all__ = [
    "AT_A_TIME",
    "all_finite",
    "copy_positions",
    "copy_rows",
    "fill_words",
    "join",
    "join_apart",
    "join_rows",
    "joined",
    "turn_filters",
]

AT_A_TIME = 16  # input channels, or pairs of them, of filters that are turned together
_LANES = processor.machine().vector_bytes // 4


def joined(low, high):
    """Return the word of two numbers."""
    return np.uint32(low) | np.uint32(high) << np.uint32(16)


def join_rows(plan, source, half, target, number, count):
    """Write the words `number` of `count` positions whose numbers are neighbours."""
    x, y, words = (
        uint16_at(source, count),
        uint16_at(source + half, count),
        uint32_at(target, count),
    )
    if 2 * number + 1 < plan.halves:
        for n in range(count):
            words[n] = joined(x[n], y[n])
    else:
        for n in range(count):
            words[n] = np.uint32(x[n])


def join(plan, source, step, half, target, target_step, number, count):
    """Write the words `number` of `count` positions that lie apart."""
    if 2 * number + 1 < plan.halves:
        _join(source, step, half, target, target_step, count)
    else:
        _widen(source, step, target, target_step, count)


def join_apart(source, step, half, target, count):
    """Write words of pairs of numbers that lie `step` apart: every second in vectors."""
    if step != 4:
        _join(source, step, half, target, 4, count)
        return
    x, y = uint16_at(source, 2 * count - 1), uint16_at(source + half, 2 * count - 1)
    words = uint32_at(target, count)
    for n in range(count):
        words[n] = joined(x[2 * n], y[2 * n])


def _join(source, step, half, target, target_step, count):
    """Write words `target_step` apart of pairs of numbers that lie `step` apart."""
    for n in range(count):
        at = source + n * step
        word = joined(uint16_at(at, 1)[0], uint16_at(at + half, 1)[0])
        uint32_at(target + n * target_step, 1)[0] = word


def _widen(source, step, target, target_step, count):
    """Write words of numbers whose other half does not exist."""
    for n in range(count):
        number = uint16_at(source + n * step, 1)[0]
        uint32_at(target + n * target_step, 1)[0] = np.uint32(number)


def fill_words(plan, source, half, target, target_step):
    """Write all words of one position, or of one tap and output channel."""
    whole = plan.halves // 2
    _join(source, 2 * half, half, target, target_step, whole)
    if whole < plan.channels:
        _widen(source + 2 * whole * half, half, target + whole * target_step, target_step, 1)


def copy_positions(plan, source, target, positions):
    """Copy the channels of `positions` neighbours along the width, chunk by chunk."""
    step, half, chunk = plan.arrays.step_w, plan.arrays.step_c, plan.chunk
    if half == 2 and chunk == plan.channels:
        for w in range(positions):
            fill_words(plan, source + w * step, half, target + w * chunk * 4, 4)
        return
    whole = plan.halves // 2
    for first in range(0, whole, chunk):
        x, y = source + 2 * first * half, target + first // chunk * plan.chunk_step
        count = min(chunk, whole - first)
        if step == 2 and chunk > 1:
            _turn_pairs(x, half, y, chunk * 4, count, positions)
        elif step == 2:
            join_rows(plan, x, half, y, first, positions)
        else:
            for c in range(count):
                _join(x + 2 * c * half, step, half, y + 4 * c, chunk * 4, positions)
    if whole < plan.channels:
        y = target + whole // chunk * plan.chunk_step + whole % chunk * 4
        _widen(source + 2 * whole * half, step, y, chunk * 4, positions)


def copy_rows(plan, source, target, number, count):
    """Copy the words `number` of positions that are neighbours in memory."""
    half = plan.arrays.step_c
    join_rows(plan, source + 2 * number * half, half, target, number, count)


def _turn_pairs(source, half, target, target_step, pairs, positions):
    """target[position, pair] = the word of source[2*pair, position] and source[2*pair + 1, ...]."""
    rows, columns = in_squares(pairs, _LANES), in_squares(positions, _LANES)
    for next_r in range(0, rows, _LANES):
        r = min(next_r, rows - _LANES)
        for next_c in range(0, columns, _LANES):
            c = min(next_c, columns - _LANES)
            x, y = source + 2 * r * half + 2 * c, target + c * target_step + 4 * r
            transpose_pairs(x, half, y, target_step)
    for r in range(0 if columns < positions else rows, pairs):
        c = columns if r < rows else 0
        x, y = source + 2 * r * half + 2 * c, target + c * target_step + 4 * r
        _join(x, 2, half, y, target_step, positions - c)


def turn_filters(plan, source, target, first, count, channels, columns):
    """Write words `first` to `first + count` of `channels` output channels: [word][column]."""
    half, co_step = plan.arrays.step_ci, plan.arrays.step_co
    if half == 2 and 2 * plan.channels == plan.halves:
        turn(source, co_step, target, columns * 4, channels, count, storage="float32")
        return
    whole = max(0, min(count, plan.halves // 2 - first))
    turned = 0
    if half == 2 and whole == AT_A_TIME:
        turned = in_squares(channels, _LANES)
        _turn_words(source, co_step, target, columns * 4, turned)
    for n in range(count if co_step == 2 else 0):
        x, y = source + 2 * n * half, target + n * columns * 4
        join_rows(plan, x, half, y, first + n, channels)
    for co in range(0 if co_step == 2 else channels):
        x, y = source + co * co_step, target + 4 * co
        if co >= turned:
            _join(x, 2 * half, half, y, columns * 4, whole)
        _widen(x + 2 * whole * half, half, y + whole * columns * 4, columns * 4, count - whole)


def _turn_words(source, source_step, target, target_step, rows):
    """target[word, row] = source[row, word], AT_A_TIME words of each row; rows are whole squares.

    Rows of an odd number of channels begin between words. One by one, words took three times as
    long: 1408 to 1061 us of a plain call at 6x3x8 x 431 to 448, kernel 2 (one thread of a Zen 5).
    """
    for next_r in range(0, rows, _LANES):
        r = min(next_r, rows - _LANES)
        for c in range(0, AT_A_TIME, _LANES):
            x, y = source + r * source_step + 4 * c, target + c * target_step + 4 * r
            transpose_words(x, source_step, y, target_step)


def all_finite(address, count, *, storage):
    """Return whether no number, or none of pairs, has the exponent of infinity and NaN."""
    pairs = OPERANDS[storage].pairs
    return _are_finite(address, count) if pairs else is_finite(address, count, storage=storage)


def _are_finite(address, count):
    lower, upper, words = np.uint32(0x7F80), np.uint32(0x7F800000), uint32_at(address, count)
    worst_low, worst_up = np.uint32(0), np.uint32(0)
    for n in range(count):
        worst_low = max(worst_low, words[n] & lower)
        worst_up = max(worst_up, words[n] & upper)
    return worst_low != lower and worst_up != upper
