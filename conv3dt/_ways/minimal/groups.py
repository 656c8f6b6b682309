"""What decides about bits of a layer, whatever part of its outputs is asked for."""

from math import gcd, prod

from ..._call.request import Request
from .formulas import FILTERS, groups_of

__all__ = ["any_two_taps", "blocks_of", "channels_of", "lines_of", "slots_of", "taps_of_output"]


def any_two_taps(r: Request) -> bool:
    """Return whether a phase has a group of two taps."""
    taps = {n for k, t in zip(r.k, _periods(r), strict=True) for n in (k // t, -(-k // t))}
    return any(2 in groups_of(n) for n in taps)


def taps_of_output(r: Request) -> int:
    """Return the taps of an output, at most."""
    return prod(k if r.forward else -(-k // t) for k, t in zip(r.k, _periods(r), strict=True))


def lines_of(r: Request) -> list[tuple[int, ...]]:
    """Return the taps of each group of the lines of the width."""
    k, t = r.k[2], _periods(r)[2]
    lines = [groups_of(-((j - k) // t)) for j in range(min(k, t))]
    return [sum(lines, ())] if r.forward else lines


def slots_of(line: tuple[int, ...]) -> int:
    """Return the slots of a line."""
    return sum(len(FILTERS[taps]) for taps in line)


def channels_of(r: Request) -> int:
    """Return the output channels of the whole."""
    return r.frame[3] if r.frame else r.co


def blocks_of(co: int, lanes: int, most: int) -> tuple[tuple[int, int], ...]:
    """Return (first channel, columns) of the blocks of output channels: so many vectors, or one."""
    vectors, blocks = -(-co // lanes), []
    for v in range(0, vectors, most):
        blocks.append((v * lanes, min(most, vectors - v) * lanes))
    return tuple(blocks)


def _periods(r: Request) -> list[int]:
    """Return the phases of each axis; of a forward convolution, its groups of taps."""
    return [s // gcd(s, d) for s, d in zip(r.s, r.d, strict=True)]
