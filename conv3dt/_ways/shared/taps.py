"""Taps of the width that are taken for channels: words of neighbours, where there is one channel.

Number j of position n is input `taps_first + n*taps_every + j*taps_step` of the row, and zero where
there is none. Addresses and steps are in bytes.
"""

import numpy as np

from ..._compiler.words import uint16_at, uint32_at
from ..._geometry.integers import whole_range
from .pairs import join, joined

__all__ = ["copy_positions"]


def copy_positions(plan, row, target, first, positions):
    """Write the words of `positions` neighbours from `first` on, chunk by chunk."""
    end, step = first + positions, plan.chunk * 4
    last = plan.taps_first + (plan.halves - 1) * plan.taps_step
    lo, hi = whole_range(
        first, end, plan.halves, last, plan.taps_step, plan.row_inputs, plan.taps_every
    )
    _fill_ends(plan, row, target, first, lo)
    _fill_ends(plan, row, target + (hi - first) * step, hi, end)
    source = row + (plan.taps_first + lo * plan.taps_every) * plan.arrays.step_w
    _join(plan, source, target + (lo - first) * step, hi - lo)


def _join(plan, source, target, count):
    """Write the words of positions all of whose inputs exist.

    Where numbers are neighbours and words of a position are few, in vectors: 4 times as fast.
    """
    step, half = plan.taps_every * plan.arrays.step_w, plan.taps_step * plan.arrays.step_w
    if plan.chunk > 2 or plan.taps_every > 2 or plan.arrays.step_w != 2:
        for c in range(plan.channels):
            x, y = source + 2 * c * half, target + c // plan.chunk * plan.chunk_step
            join(plan, x, step, half, y + c % plan.chunk * 4, plan.chunk * 4, c, count)
    elif step == 2:
        _join_neighbours(plan, source, half, target, count, 1)
    else:
        _join_neighbours(plan, source, half, target, count, 2)


def _join_neighbours(plan, source, half, target, count, every):
    """Write the words of positions whose inputs lie `every` numbers apart, a constant."""
    if plan.chunk == 2:
        _join_two(plan, source, half, target, count, every)
        return
    for c in range(plan.channels):
        at, words = source + 2 * c * half, uint32_at(target + c * plan.chunk_step, count)
        x, y = uint16_at(at, every * count), uint16_at(at + half, every * count)
        if 2 * c + 1 < plan.halves:
            for n in range(count):
                words[n] = joined(x[every * n], y[every * n])
        else:
            for n in range(count):
                words[n] = np.uint32(x[every * n])


def _join_two(plan, source, half, target, count, every):
    """Write the two words of positions one behind the other."""
    size, words = every * count, uint32_at(target, 2 * count)
    x, y = uint16_at(source, size), uint16_at(source + half, size)
    z, t = uint16_at(source + 2 * half, size), uint16_at(source + 3 * half, size)
    if plan.halves == 4:
        for n in range(count):
            words[2 * n] = joined(x[every * n], y[every * n])
            words[2 * n + 1] = joined(z[every * n], t[every * n])
    else:
        for n in range(count):
            words[2 * n] = joined(x[every * n], y[every * n])
            words[2 * n + 1] = np.uint32(z[every * n])


def _fill_ends(plan, row, target, first, end):
    """Write the words of positions some of whose inputs may not exist."""
    for n in range(first, end):
        at = plan.taps_first + n * plan.taps_every
        to = target + (n - first) * plan.chunk * 4
        for c in range(plan.channels):
            low, high = _number(plan, row, at, 2 * c), _number(plan, row, at, 2 * c + 1)
            place = to + c // plan.chunk * plan.chunk_step + c % plan.chunk * 4
            uint32_at(place, 1)[0] = joined(low, high)


def _number(plan, row, at, j):
    """Return number j of a position whose first one is input `at`; zero where there is none."""
    i = at + j * plan.taps_step
    if j < plan.halves and 0 <= i < plan.row_inputs:
        return np.uint32(uint16_at(row + i * plan.arrays.step_w, 1)[0])
    return np.uint32(0)
