"""What of an output is made in scratch first: rows that tiles cannot write as they should be."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, Blocked, Shape
from ..shared.blocking import Blocking
from ..shared.layer import Layer
from ..shared.records import SEAM
from ..shared.storing import past_caches

__all__ = ["Made", "in_slabs", "made_in"]


class Made(NamedTuple):
    """Which outputs of a block and a channel block are made in scratch, and their bytes.

    In NCDHW with channels together, to be turned: 'rows', or, where rows are short, 'slabs', all
    outputs of a block that covers the width. In NDHWC, where tiles would write cache lines
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
    if not _is_turned(layer):
        return _NOTHING
    line = scheme.columns * scheme.size
    slab = line * _slab_of(layer, block)
    whole = block[3] >= axes[3].positions
    short = _has_short_rows(layer) or scheme.shape.most[0] > 1
    if whole and short and slab <= TUNING.slab_bytes:
        return Made("slabs", slab)
    row = block[3] * axes[3].s * line
    return Made("rows", row) if _in_rows(scheme, row) else _NOTHING


def _is_turned(layer: Layer) -> bool:
    """Return whether outputs are turned at all, not stored number by number."""
    return layer.apart and layer.request.co >= layer.lanes and not layer.storage.converted


def _has_short_rows(layer: Layer) -> bool:
    """Return whether outputs are turned in slabs: rows alone are parts of a channel's lines."""
    return layer.request.o[2] < 2 * layer.lanes


def _slab_of(layer: Layer, block: Sequence[int]) -> int:
    """Return the outputs of a channel in a block that covers the width."""
    n, d, h = block[:3]
    r, axes = layer.request, layer.axes
    return n * d * axes[1].s * min(h * axes[2].s, r.o[1]) * r.o[2]


def in_slabs(layer: Layer, shape: Shape, cut: Blocking) -> Blocking:
    """Return a cut with blocks so small that their outputs can be turned as slabs."""
    if not (_is_turned(layer) and _has_short_rows(layer)):
        return cut
    line = max(columns for _, columns in shape.blocks) * layer.storage.size
    block = list(cut.block)
    while line * _slab_of(layer, block) > TUNING.slab_bytes:
        axis = max(range(3), key=lambda a: block[a] // shape.most[a])
        if block[axis] < 2 * shape.most[axis]:
            return cut
        block[axis] = -(-block[axis] // 2)
    n, d, h, w = block
    return cut._replace(block=(n, d, h, w))


def in_blocks(scheme: Blocked) -> bool:
    """Return whether all blocks of channels of a row are made before the next row."""
    several = len(scheme.shape.blocks) > 1 and not scheme.layer.apart
    return several and _is_ordered(scheme, row=0)


def _lines(scheme: Blocked) -> Made:
    """Return whether rows are copied past the caches: where tiles would not write whole lines."""
    position = scheme.layer.request.co * scheme.layer.storage.item
    row = scheme.layer.request.o[2] * position
    in_parts = row >= LINE and (position % LINE > 0 or scheme.shifted)
    if scheme.layer.among_others or not (past_caches(scheme.layer) and in_parts):
        return _NOTHING
    if not _is_ordered(scheme, row):
        return _NOTHING
    return Made("seams", SEAM) if _in_vectors(scheme) else Made("lines", row + LINE)


def _is_ordered(scheme: Blocked, row: int) -> bool:
    """Return whether a task can make whole rows of outputs, one after the other."""
    whole = scheme.n_blocks[3] == scheme.blocking.groups == 1
    lists = len(scheme.shape.blocks) * scheme.axes[2].n_phases <= TUNING.row_lists
    near = _panels(scheme) <= TUNING.panels_bytes
    return whole and lists and near and _in_rows(scheme, row)


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
