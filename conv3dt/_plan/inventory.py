"""Which shapes of tiles a plan's blocks are cut into: what must be compiled before a launch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from .._geometry import integers
from .._geometry.tile import Tile, WideTile
from .._geometry.tuning import TUNING

if TYPE_CHECKING:
    from .plan import Plan

__all__ = ["edges_in_use", "shapes_in_use", "tiles_in_use"]

Edges: TypeAlias = tuple[tuple[int, int], ...]  # of Tile


def tiles_in_use(plan: Plan) -> Iterator[tuple[int, int, int, Tile | WideTile]]:
    """Yield (number of the kind, outer, inner, tile) for every micro-kernel."""
    if plan.folding:
        yield from plan.folding.tiles()
        return
    for number, kind in enumerate(plan.kinds):
        for outer, inner in shapes_in_use(plan):
            yield number, outer, inner, _tile(plan, kind, outer, inner)


def edges_in_use(plan: Plan) -> dict[int, Edges]:
    """Return, by the number of a tile's rows, for which of them a tap may read inside, if not all.

    With zeros around the input, only the taps that save the most have loops.
    """
    found: dict[int, set[tuple[int, int]]] = {}
    for phase, start, rows in _edge_tiles(plan) if plan.edged else ():
        for j in range(phase.taps):
            first, end = integers.rows_inside(
                *(start, rows, j, phase.shift, phase.dilation),
                *(plan.axes[3].i, plan.axes[3].in_s),
            )
            if first < end and end - first < rows:
                found.setdefault(rows, set()).add((first, end))
    most = None if plan.direct else TUNING.edge_loops
    return {
        rows: tuple(sorted(parts, key=lambda part: part[1] - part[0])[:most])
        for rows, parts in found.items()
    }


def _edge_tiles(plan: Plan) -> Iterator[tuple[integers.Phase, int, int]]:
    """Yield (phase, first position, rows) of all tiles some of whose rows may miss a tap."""
    axis, block = plan.axes[3], plan.blocking.block[3]
    for phase, lo in product(axis.phases, range(0, axis.positions, block)):
        hi = min(lo + block, phase.length)
        reach = phase.taps, phase.shift, phase.dilation, axis.i, axis.in_s
        if (lo, hi) == integers.whole_range(lo, hi, *reach):
            continue
        tiles = integers.n_tiles(hi - lo, plan.tiling.most[3])
        for t in range(tiles):
            start, end = integers.tile_range(lo, hi, tiles, t)
            yield phase, start, end - start


def _tile(plan: Plan, kind: tuple[int, int], outer: int, inner: int) -> Tile | WideTile:
    """Return the micro-kernel for `outer` groups of `inner` rows, or vectors of positions."""
    step_n, _, step_h, step_w, _ = plan.packed_steps
    outer_step = step_n if plan.tiling.most[0] > 1 else step_h * plan.axes[2].in_s
    columns, channels = kind
    if plan.tiling.wide:
        return WideTile(
            storage=plan.work.dtype,
            lanes=plan.lanes,
            fused=plan.machine.fused,
            outer=outer,
            outer_step=outer_step // plan.size if outer > 1 else 0,
            channels=channels,
            vectors=inner,
            phases=len(plan.axes[3].phases),
            apart=plan.work.data_format == "NCDHW",
            activation=plan.work.activation,
            streamed=plan.streamed,
        )
    lanes = min(plan.lanes, columns)  # half a vector, if the block has no more
    return Tile(
        storage=plan.work.dtype,
        lanes=lanes,
        fused=plan.machine.fused,
        outer=outer,
        inner=inner,
        outer_step=outer_step // plan.size if outer > 1 else 0,
        inner_step=step_w * plan.axes[3].in_s // plan.size if inner > 1 else 0,
        vectors=columns // lanes,
        last=channels - columns + lanes,
        spread=plan.work.data_format == "NCDHW" and not plan.turning.what,
        activation=plan.work.activation,
        # Half a line past the caches, and the other half later, took twice as long as through them.
        streamed=plan.streamed and lanes == plan.lanes,
        edges=plan.edges.get(inner, ()),
        ahead=_ahead(plan, inner) if plan.direct and outer == 1 else 0,
    )


def _ahead(plan: Plan, rows: int) -> int:
    """Return how many numbers a tile asks for with each k, to have asked for the next tile's."""
    width = plan.axes[3]
    taps = max((f.taps for f in width.phases), default=0)
    return -(-rows * width.in_s // max(1, taps))


def shapes_in_use(plan: Plan) -> list[tuple[int, int]]:
    """Return the (groups of rows, rows or vectors) of all tiles."""
    outers = {n * h for n, h in product(_rows(plan, 0), _rows(plan, 2))}
    inners = _vectors(plan) if plan.tiling.wide else _rows(plan, 3)
    return list(product(sorted(outers), sorted(inners)))


def _rows(plan: Plan, number: int) -> set[int]:
    """Return the numbers of rows that tiles have along an axis.

    Phases end at most one position apart, so only the last blocks can differ.
    """
    axis = plan.axes[number]
    found = {1} if number == 3 and plan.exact else set()
    for phase, (lo, hi) in product(axis.phases, _ends(plan, number)):
        hi = min(hi, phase.length)
        if number == 3 and plan.exact:
            lo, hi = integers.whole_range(
                lo, hi, phase.taps, phase.shift, phase.dilation, axis.i, axis.in_s
            )
        if hi > lo:
            found |= _sizes(hi - lo, plan.tiling.most[number])
    return found


def _vectors(plan: Plan) -> set[int]:
    """Return the numbers of vectors that wide tiles have."""
    most = plan.tiling.most[3] // plan.lanes
    lengths = {-(-(hi - lo) // plan.lanes) for lo, hi in _ends(plan, 3)}
    return set().union(*(_sizes(length, most) for length in lengths))


def _sizes(length: int, most: int) -> set[int]:
    """Return the sizes of the tiles that `length` is cut into."""
    tiles = integers.n_tiles(length, most)
    return {length // tiles, -(-length // tiles)}


def _ends(plan: Plan, number: int) -> list[tuple[int, int]]:
    """Return the positions from .. to of the first and the last two blocks of an axis."""
    block, blocks = plan.blocking.block[number], plan.n_blocks[number]
    chosen = {0, blocks - 2, blocks - 1} & set(range(blocks))
    length = plan.axes[number].positions
    return [(b * block, min((b + 1) * block, length)) for b in sorted(chosen)]
