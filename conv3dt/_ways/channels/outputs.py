"""What of an output is made in scratch first: rows that tiles cannot write as they should be."""

from math import prod
from typing import NamedTuple

from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, Blocked
from ..shared.records import SEAM
from ..shared.storing import past_caches

__all__ = ["Made", "made_in"]


class Made(NamedTuple):
    """Which outputs of a block and a channel block are made in scratch, and their bytes.

    In NCDHW with channels together, to be turned: 'rows', or, where rows are short, 'slabs', all
    outputs of a block that covers height and width. In NDHWC, where tiles would write cache lines
    in parts, 'seams', if they can join lines themselves, or 'lines': rows, to be copied past the
    caches. '' if tiles store where results belong: of NCDHW number by number, which takes as long
    as to multiply 64 input channels.
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
    row = scheme.layer.request.o[2] * position
    in_parts = row >= LINE and (position % LINE > 0 or scheme.shifted)
    if scheme.layer.among_others or not (past_caches(scheme.layer) and in_parts):
        return _NOTHING
    whole = scheme.n_blocks[3] == scheme.blocking.groups == 1
    lists = len(scheme.shape.blocks) * scheme.axes[2].n_phases <= TUNING.row_lists
    if not (whole and lists and _panels(scheme) <= TUNING.panels_bytes and _in_rows(scheme, row)):
        return _NOTHING
    return Made("seams", SEAM) if _in_vectors(scheme) else Made("lines", row + LINE)


def _panels(scheme: Blocked) -> int:
    """Return the bytes of the panels that a row's tiles use, of all blocks of channels."""
    most = prod(max((f.taps for f in a.phases), default=0) for a in scheme.axes[:3])
    taps = most * sum(f.taps for f in scheme.axes[3].phases)
    return taps * scheme.layer.request.ci * scheme.width * scheme.size


def _in_vectors(scheme: Blocked) -> bool:
    """Return whether each tile is one run of whole vectors, from which lines can be joined."""
    layer, one = scheme.layer, len(scheme.shape.blocks) == scheme.axes[3].s == 1
    line = LINE // layer.storage.item
    whole = scheme.columns == layer.request.co and scheme.columns % line == 0
    can = layer.machine.isa == "avx512" and not scheme.shape.amx
    return can and one and whole


def _in_rows(scheme: Blocked, row: int) -> bool:
    """Return whether a block's rows of outputs are complete, one after the other, and not long."""
    most, width = scheme.shape.most, scheme.axes[3]
    alone = most[0] == most[2] == 1 and scheme.together
    return alone and width.n_phases == width.s and row <= TUNING.row_bytes
