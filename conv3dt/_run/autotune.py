"""Which way to compute a layer is the fastest, by trying; remembered where kernels are kept."""

from time import perf_counter

from .._call.arguments import Call
from .._compiler import store
from .._plan.choice import ways_of
from .._runtime import team
from . import run
from .tables import Packing

__all__ = ["fastest_way"]

_ROUNDS = 5
_SECONDS = 1.0  # after which there are no further rounds


def fastest_way(call: Call, packing: Packing) -> str:
    """Return the fastest way for calls of this shape on this machine."""
    ways = ways_of(call.request)
    key = f"fastest way {call.request} {call.threads or team.default()}"
    known = (store.load(key) or b"").decode()
    if known in ways:
        return known
    found = _tried(call, packing, ways) if len(ways) > 1 else ways[0]
    store.save(key, found.encode())
    return found


def _tried(call: Call, packing: Packing, ways: list[str]) -> str:
    """Return the way with the shortest time of interleaved rounds; the first round compiles."""
    plans = [run.plan_of(call, way) for way in ways]
    packed = [packing(plan, call.filters, call.bias) for plan in plans]
    best = dict.fromkeys(ways, float("inf"))
    started = perf_counter()
    for number in range(_ROUNDS + 1):
        for way, filters in zip(ways, packed, strict=True):
            before = perf_counter()
            run.convolve(filters, call)
            if number:
                best[way] = min(best[way], perf_counter() - before)
        if number and perf_counter() - started > _SECONDS:
            break
    return min(best, key=lambda way: best[way])
