"""Packing filters for minimal filtering: transformed, [block][slot d][h][w][ci][co of the block].

In float64, and rounded once. Behind them, for corners, filters as they are: [block][tap][ci][co].
"""

from typing import Any, NamedTuple

import numpy as np

from ..._compiler.words import call, float64_at, get, next_task, put
from ..._geometry.integers import n_tiles
from ..shared.moving import clear, copy, is_finite
from ..shared.panels import turn_numbers
from .records import MinimalParams

__all__ = ["pack_filters"]


class Chunk(NamedTuple):
    """Filters that are in work."""

    block: Any
    first: Any  # input channels from .. to
    end: Any
    stage: Any  # address of [tap][ci][co of the block]
    terms: Any  # address of a table of terms


def pack_filters(plan, slot, *, storage):
    """Transform one chunk of filters after the other until none is left."""
    plan = MinimalParams(plan)
    chunks = n_tiles(plan.channels, plan.chunk_ci)
    stage = plan.arrays.panels + plan.stage_at + slot * plan.stage
    while True:
        number = next_task(plan.arrays)
        if number >= chunks * plan.n_blocks:
            break
        b, c = divmod(number, chunks)
        first = c * plan.chunk_ci
        end = min(plan.channels, first + plan.chunk_ci)
        chunk = Chunk(plan.blocks[b], first, end, stage, stage + plan.stage - 8 * 256)
        _turn(plan, chunk, storage=storage)
        for d in range(plan.depth.n_slots):
            for h in range(plan.height.n_slots):
                for w in range(plan.width.n_slots):
                    _transform(plan, chunk, d, h, w)
        if plan.taps_at:
            _keep(plan, chunk, storage=storage)


def _keep(plan, chunk, *, storage):
    """Write a chunk of the filters as they are."""
    columns = chunk.block.columns
    numbers, taps = (chunk.end - chunk.first) * columns, plan.depth.k * plan.height.k * plan.width.k
    for tap in range(taps):
        to = (chunk.block.start * taps + tap * columns) * plan.channels + chunk.first * columns
        to = plan.arrays.panels + plan.taps_at + to * plan.size
        copy(chunk.stage + tap * numbers * plan.size, to, numbers, storage=storage)


def _turn(plan, chunk, *, storage):
    """Put the filters of a chunk side by side, tap after tap, also those of phases not asked for.

    Whether all are finite decides how sums are made, of a part as of its whole.
    """
    arrays, block = plan.arrays, chunk.block
    count = chunk.end - chunk.first
    channels = min(block.columns, plan.co - block.start)
    at = arrays.filters + block.start * arrays.step_co + chunk.first * arrays.step_ci
    to = chunk.stage
    for d in range(plan.depth.k):
        for h in range(plan.height.k):
            for w in range(plan.width.k):
                x = at + d * arrays.step_kd + h * arrays.step_kh + w * arrays.step_kw
                if channels < block.columns:
                    clear(to, count * block.columns, plan.size)
                turn_numbers(plan, x, to, count, channels, block.columns, storage=storage)
                if not is_finite(to, count * block.columns, storage=storage):
                    plan.arrays.not_finite = 1
                to += count * block.columns * plan.size


def _transform(plan, chunk, d, h, w):
    """Write a chunk of the filters of a slot."""
    numbers = (chunk.end - chunk.first) * chunk.block.columns
    n = 0
    at_d, at_h = plan.depth.filters + 56 * d, plan.height.filters + 56 * h
    at_w = plan.width.filters + 56 * w
    for a in range(get(at_d, 0)):
        for b in range(get(at_h, 0)):
            for c in range(get(at_w, 0)):
                tap = get(at_d, 1 + 2 * a) * plan.height.k + get(at_h, 1 + 2 * b)
                tap = tap * plan.width.k + get(at_w, 1 + 2 * c)
                product = get(at_d, 2 + 2 * a) * get(at_h, 2 + 2 * b) * get(at_w, 2 + 2 * c)
                put(chunk.terms, 2 * n, chunk.stage + tap * numbers * plan.size)
                float64_at(chunk.terms, 256)[2 * n + 1] = np.float64(product) * np.float64(0.125)
                n += 1
    slots = plan.depth.n_slots * plan.height.n_slots * plan.width.n_slots
    number = (d * plan.height.n_slots + h) * plan.width.n_slots + w
    to = chunk.block.start * slots + number * chunk.block.columns
    to = to * plan.channels + chunk.first * chunk.block.columns
    to = plan.arrays.panels + to * plan.size
    call(plan.combine_filters, chunk.terms, n, to, numbers)
