"""Driver: the sums of all slabs are added, pair by pair, and stored as the gradient."""

from ..._compiler.words import next_task
from ..._geometry.storages import STORAGES
from ..shared.moving import NUMBERS
from .driver import sums_of
from .records import CorrelateParams
from .rounding import ROUNDED

__all__ = ["finish", "store", "turn"]


def finish(plan, slot, *, storage):
    """Take parts of the gradient, and finish them, until there are no more."""
    plan = CorrelateParams(plan)
    while True:
        first = next_task(plan) * plan.part
        if first >= plan.total:
            break
        count = min(plan.part, plan.total - first)
        _add_slabs(plan, first, count, storage=storage)
        at = plan.first + first * plan.size
        if plan.out:
            if plan.rows > 0:
                place = plan.total - plan.part - first if plan.mirrored > 0 else first
                turn(plan, at, plan.out + place * plan.item, plan.rows, storage=storage)
            else:
                store(at, plan.out + first * plan.item, count, storage=storage)


def _add_slabs(plan, first, count, *, storage):
    """Add the sums of slabs: those of each second one to the one before, then of each fourth..."""
    distance = 1
    while distance < plan.slabs:
        for slab in range(0, plan.slabs, 2 * distance):
            to = sums_of(plan, slab) + first * plan.size
            at = sums_of(plan, slab + distance) + first * plan.size
            x, y = NUMBERS[storage].wide_at(at, count), NUMBERS[storage].wide_at(to, count)
            for n in range(count):
                y[n] += x[n]
        distance *= 2


def store(at, to, count, *, storage):
    """Store neighbours, rounded."""
    x, y = NUMBERS[storage].wide_at(at, count), NUMBERS[storage].at(to, count)
    for n in range(count):
        y[n] = ROUNDED[storage](x[n])


def turn(plan, at, to, rows, *, storage):
    """Store rows of one tap, or of those of a width; they become columns."""
    size, item = STORAGES[storage].size, STORAGES[storage].item
    for row in range(rows):
        x = NUMBERS[storage].wide_at(at + row * plan.columns * size, plan.columns)
        y = NUMBERS[storage].at(to + row * item, plan.columns * plan.rows)
        for n in range(plan.columns):
            y[n * plan.rows] = ROUNDED[storage](x[n])
