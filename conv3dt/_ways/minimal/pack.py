"""Packing filters for minimal filtering: transformed, [block][slot d][h][w][ci][co of the block].

In float64, and rounded once. Behind them, for corners, filters as they are: [block][tap][ci][co].
"""

from typing import Any, NamedTuple

import numpy as np

from ..._compiler.words import call, float64_at, get, next_task, put
from ..._geometry.integers import n_tiles
from ..._geometry.storages import STORAGES
from ..shared.moving import clear, copy, is_finite
from ..shared.panels import turn_numbers
from .records import MinimalParams

__all__ = ["pack_filters"]


class Chunk(NamedTuple):
    """Filters that are in work."""

    block: Any
    first: Any  # input channels from .. to
    end: Any
    stage: Any  # address of [tap][ci][co of the block], and of sums
    terms: Any  # address of a table of terms


class Rows(NamedTuple):
    """The taps of a slot of an axis, and where they lie."""

    slot: Any  # address of how many, and of (tap, twice its coefficient)
    first: Any  # address of the numbers of tap 0,
    step: Any  # and bytes to those of the next
    terms: Any


def pack_filters(plan, slot, *, storage):
    """Transform one piece of the filters after the other until none is left."""
    plan = MinimalParams(plan)
    chunks = n_tiles(plan.channels, plan.chunk_ci)
    stage = plan.arrays.panels + plan.stage_at + slot * plan.stage
    while True:
        number, part = divmod(next_task(plan.arrays), plan.parts)
        if number >= chunks * plan.n_blocks:
            break
        b, c = divmod(number, chunks)
        first = c * plan.chunk_ci
        end = min(plan.channels, first + plan.chunk_ci)
        chunk = Chunk(plan.blocks[b], first, end, stage, stage + plan.stage - 8 * 256)
        if plan.parts == 1:
            for k in range(plan.depth.k):
                _turn(plan, chunk, k, storage=storage)
                _keep(plan, chunk, k, storage=storage)
            for d in range(plan.depth.n_slots):
                _transform(plan, chunk, d)
        elif part < plan.depth.k:
            _turn(plan, chunk, part, storage=storage)
            _keep(plan, chunk, part, storage=storage)
        else:
            _pack_slot(plan, chunk, part - plan.depth.k, storage=storage)


def _pack_slot(plan, chunk, d, *, storage):
    """Transform a chunk of the filters of a slot of the depth alone; turn those that it needs."""
    taps = plan.depth.filters + 56 * d
    for t in range(get(taps, 0)):
        _turn(plan, chunk, get(taps, 1 + 2 * t), storage=storage)
    _transform(plan, chunk, d)


def _keep(plan, chunk, k, *, storage):
    """Write a chunk of the filters of tap k of the depth as they are, if there are corners."""
    columns, each = chunk.block.columns, plan.height.k * plan.width.k
    numbers, taps = (chunk.end - chunk.first) * columns, plan.depth.k * each
    for tap in range(k * each, (k + 1) * each if plan.taps_at else 0):
        to = (chunk.block.start * taps + tap * columns) * plan.channels + chunk.first * columns
        to = plan.arrays.panels + plan.taps_at + to * plan.size
        at = chunk.stage + tap * numbers * plan.size
        copy(at, to, numbers, storage=STORAGES[storage].compute)


def _turn(plan, chunk, k, *, storage):
    """Put a chunk of the filters of tap k of the depth side by side, tap after tap.

    Also those of phases not asked for: whether all are finite decides how sums are made, of a part
    as of its whole.
    """
    arrays, block, taps = plan.arrays, chunk.block, plan.height.k * plan.width.k
    count = chunk.end - chunk.first
    channels = min(block.columns, plan.co - block.start)
    at = arrays.filters + block.start * arrays.step_co + chunk.first * arrays.step_ci
    at += k * arrays.step_kd
    to = chunk.stage + k * taps * count * block.columns * plan.size
    for h in range(plan.height.k):
        for w in range(plan.width.k):
            x = at + h * arrays.step_kh + w * arrays.step_kw
            if channels < block.columns:
                clear(to, count * block.columns, plan.size)
            turn_numbers(plan, x, to, count, channels, block.columns, storage=storage)
            if not is_finite(to, count * block.columns, storage=storage):
                plan.arrays.not_finite = 1
            to += count * block.columns * plan.size


def _transform(plan, chunk, d):
    """Write a chunk of the filters of a slot of the depth: combined there, along height and width.

    Those of the slots of height and width follow one another.
    """
    numbers = (chunk.end - chunk.first) * chunk.block.columns
    row, size = plan.width.k * numbers, plan.size
    plane = plan.height.k * row
    deep = chunk.stage + plan.depth.k * plane * size
    high = deep + plane * 8
    slots = plan.height.n_slots * plan.width.n_slots
    step = plan.channels * chunk.block.columns * size
    to = chunk.block.start * plan.depth.n_slots * slots * plan.channels
    to = (to + chunk.first * chunk.block.columns) * size + d * slots * step
    to += plan.arrays.panels
    rows = Rows(plan.depth.filters + 56 * d, chunk.stage, plane * size, chunk.terms)
    _weigh(plan.weigh, rows, deep, plane)
    for h in range(plan.height.n_slots):
        rows = Rows(plan.height.filters + 56 * h, deep, row * 8, chunk.terms)
        _weigh(plan.weigh + 32, rows, high, row)
        for w in range(plan.width.n_slots):
            rows = Rows(plan.width.filters + 56 * w, high, numbers * 8, chunk.terms)
            _weigh(plan.weigh + 64, rows, to, numbers)
            to += step


def _weigh(kernels, rows, to, count):
    """Write the sum of the taps of a slot of an axis, times their coefficients."""
    n = get(rows.slot, 0)
    for t in range(n):
        put(rows.terms, 2 * t, rows.first + get(rows.slot, 1 + 2 * t) * rows.step)
        coefficient = np.float64(get(rows.slot, 2 + 2 * t)) * np.float64(0.5)
        float64_at(rows.terms, 8)[2 * t + 1] = coefficient
    call(get(kernels, n), rows.terms, to, count)
