"""What of an output is made in scratch first: rows that tiles cannot write as they should be."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from ..._geometry.tile import ITEMSIZE
from ..._geometry.tuning import TUNING

if TYPE_CHECKING:
    from ..._plan.plan import Plan

__all__ = ["Turning", "choose_turning", "past_caches"]

_LINE = 64  # bytes of a cache line


class Turning(NamedTuple):
    """Which outputs of a block and a channel block are made in scratch, and their bytes.

    In NCDHW with channels together, to be turned: 'rows', or, where rows are short, 'slabs', all
    outputs of a block that covers height and width. In NDHWC 'lines': rows of which tiles would
    write cache lines in parts, to be copied past the caches. '' if tiles store where results
    belong: of NCDHW number by number, which takes as long as to multiply 64 input channels.
    """

    what: str
    bytes: int


_NOTHING = Turning("", 0)


def choose_turning(plan: Plan) -> Turning:
    """Return what of a plan's output is made in scratch."""
    r, tiling, axes, block = plan.work, plan.tiling, plan.axes, plan.blocking.block
    if tiling.kernel != "channels":
        return _NOTHING
    if r.data_format == "NDHWC":
        return _lines(plan)
    if r.co < plan.lanes or ITEMSIZE[r.dtype] != plan.size:
        return _NOTHING
    line = plan.columns * plan.size
    slab = block[0] * block[1] * axes[1].s * prod(r.o[1:]) * line
    covers = block[2] >= axes[2].positions and block[3] >= axes[3].positions
    short = r.o[2] < 2 * plan.lanes or tiling.most[0] > 1
    if covers and short and slab <= TUNING.slab_bytes:
        return Turning("slabs", slab)
    row = block[3] * axes[3].s * line
    return Turning("rows", row) if _in_rows(plan, row) else _NOTHING


def _lines(plan: Plan) -> Turning:
    """Return whether rows are to be copied past the caches, where they have other channels too."""
    position = plan.work.co * ITEMSIZE[plan.work.dtype]
    row = plan.blocking.block[3] * plan.axes[3].s * position
    in_parts = past_caches(plan) and position % _LINE and len(plan.tiling.blocks) == 1
    return Turning("lines", row) if in_parts and _in_rows(plan, row) else _NOTHING


def _in_rows(plan: Plan, row: int) -> bool:
    """Return whether a block's rows of outputs are complete, one after the other, and not long."""
    alone = plan.tiling.most[0] == plan.tiling.most[2] == 1 and plan.together
    complete = len(plan.axes[3].phases) == plan.axes[3].s
    return alone and complete and row <= TUNING.row_bytes


def past_caches(plan: Plan) -> bool:
    """Return whether results should go past the caches: a large output would be read into them.

    That is slower than into them: few products do not hide it, where the last cache has room.
    """
    size = plan.work.output_bytes
    light = plan.flops < TUNING.stream_flops * size
    return plan.machine.stream_from * (TUNING.light_outputs if light else 1) <= size
