"""What of an output is made in scratch first: rows that tiles cannot write as they should be."""

from math import prod
from typing import NamedTuple

from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, Blocked
from ..shared.storing import past_caches

__all__ = ["Made", "made_in"]


class Made(NamedTuple):
    """Which outputs of a block and a channel block are made in scratch, and their bytes.

    In NCDHW with channels together, to be turned: 'rows', or, where rows are short, 'slabs', all
    outputs of a block that covers height and width. In NDHWC 'lines': rows of which tiles would
    write cache lines in parts, to be copied past the caches. '' if tiles store where results
    belong: of NCDHW number by number, which takes as long as to multiply 64 input channels.
    """

    what: str
    bytes: int


_NOTHING = Made("", 0)


def made_in(scheme: Blocked) -> Made:
    """Return what of a scheme's output is made in scratch."""
    layer, axes, block = scheme.layer, scheme.axes, scheme.blocking.block
    if not layer.apart:
        return _lines(scheme)
    r = layer.request
    if r.co < scheme.lanes or layer.storage.converted:
        return _NOTHING
    line = scheme.columns * scheme.size
    slab = block[0] * block[1] * axes[1].s * prod(r.o[1:]) * line
    covers = block[2] >= axes[2].positions and block[3] >= axes[3].positions
    short = r.o[2] < 2 * scheme.lanes or scheme.shape.most[0] > 1
    if covers and short and slab <= TUNING.slab_bytes:
        return Made("slabs", slab)
    row = block[3] * axes[3].s * line
    return Made("rows", row) if _in_rows(scheme, row) else _NOTHING


def _lines(scheme: Blocked) -> Made:
    """Return whether rows are copied past the caches: where tiles would not write whole lines."""
    position = scheme.layer.request.co * scheme.layer.storage.item
    row = scheme.blocking.block[3] * scheme.axes[3].s * position
    if scheme.layer.among_others:
        return _NOTHING
    in_parts = (position % LINE or scheme.shifted) and len(scheme.shape.blocks) == 1
    past = past_caches(scheme.layer) and in_parts
    return Made("lines", row) if past and _in_rows(scheme, row) else _NOTHING


def _in_rows(scheme: Blocked, row: int) -> bool:
    """Return whether a block's rows of outputs are complete, one after the other, and not long."""
    most, width = scheme.shape.most, scheme.axes[3]
    alone = most[0] == most[2] == 1 and scheme.together
    return alone and width.n_phases == width.s and row <= TUNING.row_bytes
