"""How long threads take that share a scheme's tasks: predicted, in cycles.

Threads take tasks in their order, each when it has done its last: a list is scheduled. What is
added to it are the start of the threads, and that one of them may be held up, by the system or by
its neighbours, for part of a task.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from heapq import heapify, heapreplace
from math import ceil
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..._geometry.tuning import TUNING

__all__ = [
    "Costs",
    "Sharing",
    "best_of",
    "each_of",
    "fewest",
    "least",
    "makespan",
    "numbers_of_threads",
    "shared",
]

Costs = NDArray[np.float64]  # cycles of tasks, in the order in which they are taken
T = TypeVar("T")

_ROUNDS = 32  # tasks a thread: of more, the last ones hardly matter


class Sharing(NamedTuple):
    """What threads make of tasks."""

    work: float  # cycles of one thread
    threads: int
    cycles: float  # until the last of the threads is done

    @property
    def share(self) -> float:
        """How much of the time of all threads is work."""
        return self.work / max(1.0, self.threads * self.cycles)

    def then(self, other: "Sharing") -> "Sharing":
        """Return both, one after the other."""
        threads = max(self.threads, other.threads)
        return Sharing(self.work + other.work, threads, self.cycles + other.cycles)


def each_of(weights: Iterable[Iterable[float]], total: float) -> Costs:
    """Return the cycles of tasks, of a total, by the weights of their places on axes.

    The axis whose place changes from each task to the next is the last.
    """
    rows = (np.fromiter(row, np.float64) for row in weights)
    costs: Costs = reduce(np.multiply.outer, rows, np.ones(())).ravel()
    costs *= total / max(1e-9, costs.sum())
    return costs


def makespan(costs: Costs, threads: int) -> float:
    """Return the cycles until so many threads have done all tasks, one taken after the other."""
    if threads == 1 or len(costs) > _ROUNDS * threads:
        last = 0.5 * costs.max(initial=0.0) if threads > 1 else 0.0
        return float(costs.sum()) / threads + last
    if len(costs) and costs.min() == costs.max():
        return float(costs[0]) * ceil(len(costs) / threads)
    ends = [0.0] * threads
    heapify(ends)
    for cost in costs.tolist():
        heapreplace(ends, ends[0] + cost)
    return max(ends)


def shared(costs: Costs, threads: int) -> Sharing:
    """Return what is predicted of tasks; threads for which there are none are not started."""
    threads = max(1, min(threads, len(costs)))
    cycles, work = makespan(costs, threads), float(costs.sum())
    if threads > 1:
        cycles += TUNING.start_cycles + TUNING.thread_cycles * threads
        cycles += TUNING.held_up * float(costs.max())
    return Sharing(work, threads, cycles)


def least(work: float, threads: int) -> float:
    """Return what so many threads take at least for this work."""
    started = TUNING.start_cycles + TUNING.thread_cycles * threads if threads > 1 else 0.0
    return work / threads + started


def numbers_of_threads(most: int) -> list[int]:
    """Return how many threads are tried: of many not all, but few would be idle.

    Those up to a number are among those up to a larger one, so that the best of them is never
    predicted to take longer.
    """
    return [n for n in range(1, most + 1) if n <= 32 or n % (1 << (n.bit_length() - 5)) == 0]


def fewest(
    found: Iterable[T],
    bound: Callable[[T], float],
    of: Callable[[T], Sharing],
    margin: float = 1.0,
) -> T:
    """Return what is done first; what cannot be, as its bound says, is not looked at.

    With a margin it must be faster by so much than what has a lower bound.
    """
    first, *others = sorted(found, key=bound)
    best, cycles = first, of(first).cycles
    for one in others:
        if bound(one) >= cycles:
            break
        if margin * of(one).cycles < cycles:
            best, cycles = one, of(one).cycles
    return best


def best_of(found: Iterable[T], of: Callable[[T], Sharing]) -> T:
    """Return the first unless another is clearly faster: cycles are predicted, not measured."""
    first, *others = found
    if not others:
        return first
    best = min(others, key=lambda one: of(one).cycles)
    return first if of(first).cycles <= TUNING.cut_margin * of(best).cycles else best
