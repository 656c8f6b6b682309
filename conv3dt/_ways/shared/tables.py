"""Rows of the tables in `layout`, and the distances and taps that follow from them.

A row is the address of its first column; `get(row, column)` reads it. Rows are not array views:
those made the drivers compile three times as long.
"""

from ..._compiler.words import get
from ..._geometry.integers import tap_range
from . import layout as field

__all__ = [
    "axis_row",
    "block_row",
    "lines_before",
    "output_distance",
    "packed_distance",
    "panel_of",
    "phase_row",
    "tap_row",
    "taps_between",
    "taps_in_phase",
]


def axis_row(p, axis):
    """Return the row of an axis; its columns are N_AXES apart."""
    return p + 8 * (field.HEADER_FIELDS + axis)


def phase_row(p, axis, r):
    """Return the row of phase r of an axis."""
    return get(p, field.PHASES) + 8 * field.PHASE_FIELDS * (axis * get(p, field.MOST_PHASES) + r)


def tap_row(p, axis, t):
    """Return the row of tap t of an axis."""
    return get(p, field.TAPS) + 8 * field.TAP_FIELDS * (axis * get(p, field.MOST_TAPS) + t)


def block_row(p, b):
    """Return the row of channel block b."""
    return get(p, field.BLOCKS) + 8 * field.BLOCK_FIELDS * b


def output_distance(axis, phase, q):
    """Return the distance of position q from the start of the output."""
    o = get(phase, field.FIRST) + q * get(axis, field.STRIDE)
    return o * get(axis, field.OUTPUT_STEP)


def packed_distance(axis, phase, q, start):
    """Return the distance of the input of position q, tap 0, from the start of the packed block."""
    i = q * get(axis, field.IN_STRIDE) + get(phase, field.SHIFT)
    return (i - start) * get(axis, field.PACKED_STEP)


def taps_between(axis, phase, q_lo, q_hi):
    """Return the taps from .. to that read inside the input for some position in [q_lo, q_hi)."""
    return tap_range(
        q_lo, q_hi, get(phase, field.PHASE_TAPS), get(phase, field.SHIFT),
        get(phase, field.DILATION), get(axis, field.LENGTH), get(axis, field.IN_STRIDE),
    )  # fmt: skip


def taps_in_phase(p, rd, rh, rw):
    """Return how many taps phase (rd, rh, rw) has."""
    return (
        get(phase_row(p, field.DEPTH, rd), field.PHASE_TAPS)
        * get(phase_row(p, field.HEIGHT, rh), field.PHASE_TAPS)
        * get(phase_row(p, field.WIDTH_AXIS, rw), field.PHASE_TAPS)
    )


def lines_before(p, height, width, rd, rh, rw):
    """Return how many taps are packed before those of phase (rd, rh, rw)."""
    d, h = phase_row(p, field.DEPTH, rd), phase_row(p, field.HEIGHT, rh)
    w = phase_row(p, field.WIDTH_AXIS, rw)
    taps_d, taps_h = get(d, field.PHASE_TAPS), get(h, field.PHASE_TAPS)
    planes = get(d, field.BEFORE) * get(height, field.N_TAPS) + taps_d * get(h, field.BEFORE)
    return planes * get(width, field.N_TAPS) + taps_d * taps_h * get(w, field.BEFORE)


def panel_of(p, height, width, block, rd, rh, rw):
    """Return the address of the panel of phase (rd, rh, rw) and a block of channels."""
    depth = axis_row(p, field.DEPTH)
    taps = get(depth, field.N_TAPS) * get(height, field.N_TAPS) * get(width, field.N_TAPS)
    before = lines_before(p, height, width, rd, rh, rw) * get(block, field.VECTOR_WIDTH)
    columns = get(block, field.START) * taps + before
    return get(p, field.PANELS) + columns * get(p, field.CHANNELS) * get(p, field.SIZE)
