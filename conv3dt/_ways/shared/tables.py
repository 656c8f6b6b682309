"""Distances, taps and panels that follow from a plan's records."""

from typing import Any, NamedTuple

from ..._geometry.integers import tap_range

__all__ = [
    "Phases",
    "Taps",
    "kernels_for",
    "output_distance",
    "packed_distance",
    "panel_of",
    "tap_distance",
    "taps_between",
    "taps_in_phase",
]


class Phases(NamedTuple):
    """A phase of depth, one of height, and the first of those of the width that take turns."""

    d: Any
    h: Any
    w: Any  # its number


class Taps(NamedTuple):
    """The taps of depth and height, from .. to, that a row of tiles uses."""

    d_first: Any
    d_end: Any
    h_first: Any
    h_end: Any


def output_distance(axis, phase, q):
    """Return the distance of position q from the start of the output."""
    return (phase.first + q * axis.s) * axis.output_step


def packed_distance(axis, phase, q, start):
    """Return the distance of the input of position q, tap 0, from the start of the packed block."""
    return (q * axis.in_s + phase.shift - start) * axis.packed_step


def tap_distance(axis, phase, j):
    """Return the distance of the input of tap j: from that of tap 0, or from the row's first part.

    A row in parts has the inputs of position 0, and in_s further on, in one part, as shift_lo says.
    """
    if axis.part_step == 0:
        return -j * phase.dilation * axis.packed_step
    n = phase.shift - axis.shift_lo - j * phase.dilation
    return n % axis.in_s * axis.part_step + n // axis.in_s * axis.packed_step


def taps_between(axis, phase, q_lo, q_hi):
    """Return the taps from .. to that read inside the input for some position in [q_lo, q_hi)."""
    return tap_range(q_lo, q_hi, phase.taps, phase.shift, phase.dilation, axis.i, axis.in_s)


def kernels_for(plan, block, lines):
    """Return the address of the table of micro-kernels for so many lines of a row."""
    rows = block.kind * plan.kernels_outer + lines
    return plan.kernels + 8 * rows * plan.kernels_inner


def taps_in_phase(plan, phases, rw):
    """Return how many taps a phase has."""
    return phases.d.taps * phases.h.taps * plan.width.phases[rw].taps


def panel_of(plan, block, phases, rw):
    """Return the address of the panel of a phase and a block of channels."""
    d, h, w = phases.d, phases.h, plan.width.phases[rw]
    planes = d.before * plan.height.n_taps + d.taps * h.before
    lines = planes * plan.width.n_taps + d.taps * h.taps * w.before
    taps = plan.depth.n_taps * plan.height.n_taps * plan.width.n_taps
    columns = block.start * taps + lines * block.columns
    return plan.arrays.panels + columns * plan.channels * plan.size
