"""Driver: slabs are added, the sums of slots become those of taps, and are stored.

All of that in float64, and rounded once: in float32 the last sums of slots rounded as much as all
sums of positions before them.
"""

import numpy as np

from ...._compiler.words import float64_at, next_task
from ...._geometry.storages import STORAGES
from ...shared.moving import NUMBERS, is_finite
from ..driver import sums_of
from ..made import store, turn
from .records import MinimalParams

__all__ = ["finish"]

_COMPUTE = {"float32": np.float32, "float64": np.float64}


def finish(plan, slot, *, storage):
    """Take parts of all slots' sums, and finish them, until there are no more."""
    plan = MinimalParams(plan)
    made = plan.scratch + slot * plan.scratch_step + plan.big_rows_at
    while True:
        first = next_task(plan) * plan.part
        if first >= plan.block:
            break
        count = min(plan.part, plan.block - first)
        _add_slabs(plan, made, first, count, storage=storage)
        _undo_height(plan, made, count)
        _undo_depth(plan, made, count)
        _store_taps(plan, made, first, count, storage=storage)


def _add_slabs(plan, made, first, count, *, storage):
    """Add the sums of slabs, of each slot."""
    for n in range(plan.along_d.slots * plan.along_h.slots):
        y = float64_at(made + n * count * 8, count)
        for slab in range(plan.slabs):
            at = sums_of(plan, slab) + (n * plan.block + first) * plan.size
            x = NUMBERS[storage].wide_at(at, count)
            if slab == 0:
                for m in range(count):
                    y[m] = np.float64(x[m])
            else:
                for m in range(count):
                    y[m] += np.float64(x[m])


def _undo_height(plan, made, count):
    """Make the sums of taps of the height, of each slot of depth."""
    height = plan.along_h
    for d in range(plan.along_d.slots):
        for h in range(height.n_couples):
            couple = height.couples[h]
            if couple.taps > 1:
                _undo(made + (d * height.slots + couple.slot) * count * 8, count * 8, count)


def _undo_depth(plan, made, count):
    """Make the sums of taps of depth, of each tap of height."""
    depth, height = plan.along_d, plan.along_h
    for d in range(depth.n_couples):
        couple = depth.couples[d]
        for h in range(height.n_couples if couple.taps > 1 else 0):
            other = height.couples[h]
            for slot in range(other.slot, other.slot + other.taps):
                at = made + (couple.slot * height.slots + slot) * count * 8
                _undo(at, height.slots * count * 8, count)


def _undo(at, step, count):
    """Make the sums of two taps of those of four slots, in place of the first two."""
    m0, m1 = float64_at(at, count), float64_at(at + step, count)
    m2, m3 = float64_at(at + 2 * step, count), float64_at(at + 3 * step, count)
    for n in range(count):
        x, y = m1[n], m2[n]
        m0[n] += x + y
        m1[n] = x - y + m3[n]


def _store_taps(plan, made, first, count, *, storage):
    """Store the sums of all taps."""
    depth, height = plan.along_d, plan.along_h
    for d in range(depth.n_couples):
        x = depth.couples[d]
        for i in range(x.taps):
            kd = x.second if i > 0 else x.first
            for h in range(height.n_couples):
                y = height.couples[h]
                for j in range(y.taps):
                    kh = y.second if j > 0 else y.first
                    at = made + ((x.slot + i) * height.slots + y.slot + j) * count * 8
                    to = plan.out + (kd * plan.n_height + kh) * plan.block * plan.item
                    _store(plan, at, to, first, count, storage=storage)


def _store(plan, at, to, first, count, *, storage):
    """Round sums, in place, and store them; note if one is not finite."""
    rounded = _COMPUTE[STORAGES[storage].compute]
    x, y = float64_at(at, count), NUMBERS[storage].wide_at(at, count)
    for n in range(count):
        y[n] = rounded(x[n])
    if not is_finite(at, count, storage=storage):
        plan.not_finite = 1
    if plan.rows > 0:
        turn(plan, at, to + first // plan.columns * plan.item, 1, storage=storage)
    else:
        store(at, to + first * plan.item, count, storage=storage)
