"""The clock: calls that take turns, and what the machine could do in the same minute."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from conv3dt._compiler import processor
from conv3dt._runtime import peak

__all__ = ["Rates", "bests", "rates", "timed"]

_FILLED = 1 << 27  # bytes a thread writes: more than the caches hold
_TURN = 2e-3  # seconds a call runs before the next has its turn: shorter ones find cold caches


class Rates(NamedTuple):
    """What nothing can exceed."""

    flops: float  # of multiply-adds in registers, a second
    bytes: float  # written to fresh lines of memory that exists, a second

    def limit(self, flops, n_bytes):
        """Return the least seconds for this work."""
        return max(flops / self.flops, n_bytes / self.bytes)

    def better(self, other):
        """Return the larger of both rates."""
        return Rates(*map(max, self, other))


def rates(threads, dtype="float32", seconds=0.1):
    """Measure both rates. A vector has half as many numbers of float64, twice as many of pairs."""
    in_pairs = dtype == "bfloat16" and processor.machine().pairs  # other half types are widened
    share = 0.5 if dtype == "float64" else 2 if in_pairs else 1
    return Rates(share * peak.measure(threads, seconds), _fill_rate(threads, seconds))


def _fill_rate(threads, seconds):
    memory = [np.ones(_FILLED // 4, np.float32) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        fill = timed(lambda: list(pool.map(lambda x: x.fill(2), memory)), seconds)
    return threads * _FILLED / fill


def timed(call, seconds, now=time.perf_counter):
    """Return the best seconds of one call in at least two and about `seconds`."""
    best, end = float("inf"), now() + seconds
    for number in range(1_000_000):
        start = now()
        call()
        stop = now()
        best = min(best, stop - start)
        if number and stop > end:
            return best
    return best


def bests(calls, rounds=10, turn=_TURN, now=time.perf_counter):
    """Return the best seconds of each of the calls, a dict; they take turns, warmed before."""
    best = {}
    for name, call in calls.items():
        call()
        best[name] = float("inf")
    for _ in range(rounds):
        for name, call in calls.items():
            best[name] = min(best[name], timed(call, turn, now))
    return best
