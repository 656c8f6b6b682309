"""What of an NCDHW output is made with its channels together, and then turned."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from ._tile import ITEMSIZE
from ._tuning import TUNING

if TYPE_CHECKING:
    from ._plan import Plan

__all__ = ["Turning", "choose_turning"]


class Turning(NamedTuple):
    """Which outputs of a block and a channel block are turned together, and their bytes.

    'rows', or, where rows are short, 'slabs': all outputs of a block that covers height and width.
    '' if numbers are stored one by one, which takes as long as to multiply 64 input channels.
    """

    what: str
    bytes: int


def choose_turning(plan: Plan) -> Turning:
    """Return what is turned of a plan's output."""
    r, tiling, axes, block = plan.request, plan.tiling, plan.axes, plan.blocking.block
    apart = r.data_format == "NCDHW" and r.co >= plan.lanes and ITEMSIZE[r.dtype] == plan.size
    if tiling.kernel != "channels" or not apart:
        return Turning("", 0)
    line = plan.columns * plan.size
    slab = block[0] * block[1] * axes[1].s * prod(r.o[1:]) * line
    covers = block[2] >= axes[2].positions and block[3] >= axes[3].positions
    short = r.o[2] < 2 * plan.lanes or tiling.most[0] > 1
    if covers and short and slab <= TUNING.slab_bytes:
        return Turning("slabs", slab)
    row = block[3] * axes[3].s * line
    alone = tiling.most[0] == tiling.most[2] == 1 and plan.together
    complete = len(axes[3].phases) == axes[3].s
    return (
        Turning("rows", row) if alone and complete and row <= TUNING.row_bytes else Turning("", 0)
    )
