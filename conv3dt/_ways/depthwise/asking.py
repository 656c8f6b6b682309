"""Which inputs a tile asks for: those of the next planes, in the order of memory."""

from math import ceil
from typing import NamedTuple

from ..shared.blocking import Blocking
from ..shared.layer import Layer
from ..shared.storing import LINE

__all__ = ["NOTHING", "Asked", "asked_of"]


class Asked(NamedTuple):
    """What is asked for with a tap of depth and height, and how far on it is with the next."""

    offsets: tuple[int, ...]  # bytes to cache lines
    step: int


NOTHING = Asked((), 0)


def asked_of(layer: Layer, blocking: Blocking, rows: int, channels: int, tiles: int) -> Asked:
    """Return what a tile asks for, so that all have asked for what new planes have when these end.

    A task reads so many rows and channels of a plane, in so many tiles of a row. Where it reads
    them with gaps, nothing is asked for.
    """
    depth, height, width = axes = layer.axes[1:]
    taps = [sum(f.taps for f in axis.phases) for axis in axes]
    gaps = any(n < axis.in_s for n, axis in zip(taps, axes, strict=True))
    if gaps or max(height.every, width.every) > 1:
        return NOTHING
    item = layer.storage.item
    rounds = taps[0] * taps[1] * blocking.block[2] * tiles * blocking.group
    positions = depth.in_s * rows * width.i / rounds
    if layer.apart or channels == layer.asked.ci:
        step = ceil(positions * channels * item / LINE) * LINE
        return Asked(tuple(range(0, step, LINE)), step)
    pitch, whole = layer.asked.ci * item, ceil(positions)
    lines = range(0, channels * item, LINE)
    return Asked(tuple(p * pitch + n for p in range(whole) for n in lines), whole * pitch)
