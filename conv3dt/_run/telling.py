"""One line for each call, to the logger `conv3dt` at DEBUG; CONV3DT_VERBOSE=1 shows them."""

import logging
import os
import sys
from time import perf_counter

from .._plan.plan import Plan

__all__ = ["begin", "tell"]

_LOGGER = logging.getLogger("conv3dt")

if os.environ.get("CONV3DT_VERBOSE", "0") not in ("", "0"):
    _LOGGER.setLevel(logging.DEBUG)
    _LOGGER.addHandler(logging.StreamHandler(sys.stderr))
    _LOGGER.propagate = False


def begin() -> float:
    """Return the time, or 0 if nobody listens."""
    return perf_counter() if _LOGGER.isEnabledFor(logging.DEBUG) else 0.0


def tell(plan: Plan, begun: float) -> None:
    """Say what was computed since `begun`, and how fast."""
    if not begun:
        return
    seconds, r = perf_counter() - begun, plan.request
    multiplied = plan.scheme.layer.instructions
    tiles = sorted({tile.label for *_, tile in plan.scheme.tiles()})
    parts = [
        "conv3dt",
        r.function,
        r.dtype,
        r.data_format,
        f"{r.n}x{_triple(r.i)}x{r.ci}->{_triple(r.o)}x{r.co}",
        f"k{_triple(r.k)} s{_triple(r.s)} d{_triple(r.d)}",
        f"{multiplied.replace(',', '')} {plan.choice.way} {' '.join(tiles)}".rstrip(),
        f"threads {plan.threads}",
        f"{seconds * 1e3:.3f} ms",
        f"{plan.flops / seconds / 1e9:.1f} GFLOP/s",
    ]
    _LOGGER.debug("%s", ",".join(parts))


def _triple(numbers: tuple[int, ...]) -> str:
    return "x".join(map(str, numbers))
