"""Packing filters for minimal filtering: transformed, [block][slot d][h][w][ci][co of the block].

In float64, and rounded once. Behind them, for corners, filters as they are: [block][tap][ci][co].
"""

from typing import Any, NamedTuple

from ..._compiler.words import call, get, next_task
from ..._geometry.integers import n_tiles
from ..._geometry.storages import STORAGES
from ..shared.moving import clear, copy, is_finite
from ..shared.panels import ask_filters, turn_numbers
from .records import MinimalParams

__all__ = ["pack_filters"]


class Chunk(NamedTuple):
    """Filters that are in work."""

    block: Any
    first: Any  # input channels from .. to
    end: Any
    stage: Any  # address of [tap][ci][co of the block], and of sums


class Panels(NamedTuple):
    """Where combined filters are written."""

    address: Any  # those of the first slot of height and width
    panel: Any  # bytes to those of the next


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
        chunk = Chunk(plan.blocks[b], first, end, stage)
        if plan.parts == 1:
            for k in range(plan.depth.k):
                _turn(plan, chunk, k, storage=storage)
                _keep(plan, chunk, k, storage=storage)
            for n in range(plan.depth.n_mixed):
                _transform(plan, chunk, plan.depth.mixed[n])
        elif part < plan.depth.k:
            _turn(plan, chunk, part, storage=storage)
            _keep(plan, chunk, part, storage=storage)
        else:
            _pack_mixed(plan, chunk, plan.depth.mixed[part - plan.depth.k], storage=storage)


def _pack_mixed(plan, chunk, deep, *, storage):
    """Transform a chunk of the filters of some taps of the depth alone, and turn these."""
    for t in range(deep.taps):
        _turn(plan, chunk, deep.k + t * deep.step, storage=storage)
    _transform(plan, chunk, deep)


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
            ask_filters(plan, x, arrays.step_kw, count, channels, storage=storage)
            turn_numbers(plan, x, to, count, channels, block.columns, storage=storage)
            if not is_finite(to, count * block.columns, storage=storage):
                plan.arrays.not_finite = 1
            to += count * block.columns * plan.size


def _transform(plan, chunk, deep):
    """Write a chunk of the filters that taps of the depth are combined to, a few ci at a time.

    What is in work stays in L1 so. Those of the slots of height and width follow one another.
    """
    columns, each, size = chunk.block.columns, plan.height.k * plan.width.k, plan.size
    tap = (chunk.end - chunk.first) * columns * size
    slots, panel = plan.height.n_slots * plan.width.n_slots, plan.channels * columns * size
    y = chunk.stage + plan.depth.k * each * plan.chunk_ci * columns * size
    to = plan.arrays.panels + deep.slot * slots * panel
    to += chunk.block.start * plan.depth.n_slots * slots * plan.channels * size
    for ci in range(chunk.first, chunk.end, plan.few_ci):
        count = min(plan.few_ci, chunk.end - ci) * columns
        high = y + plan.most_slots * each * count * 8
        x = chunk.stage + deep.k * each * tap + (ci - chunk.first) * columns * size
        call(
            get(plan.weigh, deep.taps), x, deep.step * each * tap, tap,
            y, each * count * 8, count * 8, each, count,
        )  # fmt: skip
        at = to + ci * columns * size
        for d in range(deep.slots):
            plane = y + d * each * count * 8
            _transform_plane(plan, count, plane, high, Panels(at + d * slots * panel, panel))


def _transform_plane(plan, count, x, high, to):
    """Write the filters of `count` numbers and a slot of the depth; `high` is for sums."""
    number = count * 8
    row, width = plan.width.k * number, plan.width
    for n in range(plan.height.n_mixed):
        mixed = plan.height.mixed[n]
        call(
            get(plan.weigh, 4 + mixed.taps), x + mixed.k * row, mixed.step * row, 0,
            high + mixed.slot * row, row, 0, 1, row // 8,
        )  # fmt: skip
    for n in range(width.n_mixed):
        mixed = width.mixed[n]
        call(
            get(plan.weigh, 8 + mixed.taps), high + mixed.k * number, mixed.step * number, row,
            to.address + mixed.slot * to.panel, to.panel, width.n_slots * to.panel,
            plan.height.n_slots, count,
        )  # fmt: skip
