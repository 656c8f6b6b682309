"""Which outputs are made in scratch, should they lie between cache lines: those past the caches."""

from ..shared.blocked import LINE, in_lines
from ..shared.layer import Layer
from .formulas import Program

__all__ = ["made_bytes"]


def made_bytes(layer: Layer, height: Program, row_tiles: int) -> int:
    """Return the bytes of a plane that so many tiles of the height make; 0: none is made so.

    Its rows have to lie together in memory, or all begin at the same place in a line.
    """
    r, item = layer.request, layer.storage.item
    row = r.o[2] * r.co * item
    alike = all(line.step == 1 or line.step * row % LINE == 0 for line in height.lines)
    return in_lines(2 * row_tiles * row) if alike and not layer.among_others else 0
