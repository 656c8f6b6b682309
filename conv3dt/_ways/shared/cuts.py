"""Which sizes of tiles a scheme's blocks are cut into: what must be compiled before a launch."""

from collections.abc import Callable
from itertools import product

from ..._geometry import integers
from ..._geometry.integers import Phase
from .blocked import Blocked

__all__ = ["ends", "rows_of_tiles", "sizes"]

Part = Callable[[Phase, int, int], tuple[int, int]]


def rows_of_tiles(scheme: Blocked, number: int, part: Part | None = None) -> set[int]:
    """Return the numbers of rows that tiles have along an axis.

    Phases end at most one position apart, so only the last blocks can differ. `part` gives what is
    cut of the positions from .. to of a phase.
    """
    found: set[int] = set()
    for phase, (lo, hi) in product(scheme.axes[number].phases, ends(scheme, number)):
        hi = min(hi, phase.length)
        if part is not None:
            lo, hi = part(phase, lo, hi)
        if hi > lo:
            found |= sizes(hi - lo, scheme.shape.most[number])
    return found


def sizes(length: int, most: int) -> set[int]:
    """Return the sizes of the tiles that `length` is cut into."""
    tiles = integers.n_tiles(length, most)
    return {length // tiles, -(-length // tiles)}


def ends(scheme: Blocked, number: int) -> list[tuple[int, int]]:
    """Return the positions from .. to of the first and the last two blocks of an axis."""
    block, blocks = scheme.blocking.block[number], scheme.n_blocks[number]
    chosen = {0, blocks - 2, blocks - 1} & set(range(blocks))
    length = scheme.axes[number].positions
    return [(b * block, min((b + 1) * block, length)) for b in sorted(chosen)]
