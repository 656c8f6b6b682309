"""Which kernel, and the shape of its tile: the way that needs the fewest cycles."""

from .._geometry.tuning import TUNING
from .._ways.fold.plan import Folding
from .._ways.shared.cost import Layer, Tiling, tilings

__all__ = ["block_bytes", "candidates", "choose_tiling"]


def choose_tiling(
    layer: Layer, exact: bool, folding: Folding | None = None, way: str | None = None
) -> Tiling:
    """Return the tiling with the fewest cycles, or that of the named way.

    `folding` is a candidate, if there is one. `exact` tilings read nothing beyond the input, not
    even zeros: rows along the width that can be cut where the taps change.
    """
    first, *others = tilings(layer, folding)
    if exact:
        return first._replace(why="weights that are not finite meet no zeros")
    for tiling in (first, *others):
        if tiling.way == way:
            return tiling._replace(why="it was the fastest when it was tried")
    best = min(others, key=lambda t: t.cycles, default=first)
    if first.cycles <= 1.05 * best.cycles:
        return first._replace(why="the width fills the tile")
    ratio = first.cycles / max(best.cycles, 1.0)
    return best._replace(why=f"{ratio:.1f} times fewer cycles than rows along the width")


def candidates(layer: Layer, folding: Folding | None) -> list[str]:
    """Return the ways that are worth trying: three at most, the one with fewest cycles first."""
    found = sorted(tilings(layer, folding), key=lambda t: t.cycles)
    near = [t.way for t in found if t.cycles <= TUNING.tried_factor * found[0].cycles]
    return near[: TUNING.tried]


def block_bytes(tiling: Tiling, panels: int) -> int:
    """Return how large the packed input of a block may be."""
    if tiling.wide:
        return TUNING.wide_block_bytes
    return TUNING.heavy_block_bytes if panels > TUNING.heavy_panels else TUNING.block_bytes
