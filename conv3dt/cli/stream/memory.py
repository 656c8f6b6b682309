"""How an output is cut so that a stream of it stays within its memory."""

import math
from dataclasses import dataclass, replace
from math import prod

from ..._run.blocks.work import Work
from .bricks import Grid, Index
from .cache import WORTH
from .reach import Axis, tables
from .sizes import printed
from .source import Source

__all__ = ["BASE", "Plan", "Wanted", "plan"]

BASE = 200 * 10**6  # bytes of Python, libraries and compiled kernels
BRICK = 2**24  # bytes of a brick's results from which on a larger one is not faster
SPARE = 16  # of so many pieces that are kept one more, so that none goes too early
LAYERS = 1.25  # of pieces that are done, whose rims are kept
FEW = 2**20  # bytes of bricks that are too small to be shared
SHARE = 0.5  # of the memory that bricks may have, so that enough is left for what is kept


@dataclass(frozen=True)
class Wanted:
    """What a stream is asked for."""

    unit: Index  # of writing
    cube: Index  # units that belong together, because a unit of a coarser level is made of them
    memory: int  # bytes
    threads: int
    strict: bool  # whether more memory is an error
    copies: int = 1  # of a unit, beside it, that are made while it is written


@dataclass(frozen=True)
class Plan:
    """How a stream goes."""

    grid: Grid
    at_once: int  # bricks that are computed at the same time
    threads: int  # of each
    cache: int  # bytes of inputs that are kept
    memory: int  # bytes that the process takes at most
    reads: float  # how often each piece of the input is read


def plan(work: Work, source: Source, wanted: Wanted, fixed: int = 0) -> Plan:
    """Return the best cut for so much memory; `fixed` are bytes beside bricks and inputs.

    ValueError if no cut is small enough and more memory is an error.
    """
    ones = (1,) * len(wanted.unit)
    grid = Grid(work.output_shape, wanted.unit, ones, (ones,), source.order)
    fixed += BASE
    at_once = _at_once(work, source, grid, wanted, fixed)
    while grown := _grown(work, grid, wanted, SHARE * (wanted.memory - fixed) / at_once, source):
        grid = grown
    at_once = min(at_once, prod(grid.bricks))
    bricks = at_once * _brick_bytes(work, source, grid, wanted)
    grid, kept, reads = _blocks(
        work, source, grid, wanted.cube, wanted.memory - fixed - bricks, at_once
    )
    least = at_once * _piece_bytes(source)
    cache = max(least, min(2 * kept, wanted.memory - fixed - bricks))  # more than is expected
    threads = max(1, wanted.threads // at_once)
    return Plan(grid, at_once, threads, cache, fixed + bricks + min(kept, cache), reads)


def _at_once(work: Work, source: Source, grid: Grid, wanted: Wanted, fixed: int) -> int:
    """Return how many of the smallest bricks may be computed at the same time."""
    one = _brick_bytes(work, source, grid, wanted) + _piece_bytes(source)
    fitting = (wanted.memory - fixed) // one
    if fitting < 1 and wanted.strict:
        need, got = printed(fixed + one), printed(wanted.memory)
        raise ValueError(
            f"--memory must be at least {need} for these chunks, got {got};"
            " smaller --chunks need less"
        )
    return max(1, min(wanted.threads, fitting, prod(grid.units)))


def _brick_bytes(work: Work, source: Source, grid: Grid, wanted: Wanted) -> int:
    """Return the bytes of computing a brick and writing it: the most that any takes."""
    middle = tuple(n // 2 for n in grid.bricks)
    most = 0
    for brick in {middle, (0,) * len(middle)}:
        region = grid.region(grid.units_of(brick))
        need = work.needed(region)
        piece = prod(max(0, n.stop - n.start) for n in need) * source.dtype.itemsize
        result = prod(r.stop - r.start for r in region) * work.dtype.itemsize
        most = max(most, piece + result + work.scratch(region, 1))
    copies = wanted.copies + (prod(grid.brick) > 1)  # a part of a brick is copied first
    return most + copies * prod(grid.unit) * work.dtype.itemsize


def _is_direct(source: Source) -> bool:
    """Return whether nothing is kept, because reading costs no more than copying."""
    return source.stored is None and not source.forward_only


def _piece_bytes(source: Source) -> int:
    """Return the bytes of a piece of the input; none where it is read straight into bricks."""
    if _is_direct(source):
        return 0
    return prod(map(min, source.chunks, source.shape)) * source.dtype.itemsize


def _grown(work: Work, grid: Grid, wanted: Wanted, most: float, source: Source) -> Grid | None:
    """Return the grid with bricks of twice the size; None if they would be too large."""
    size = prod(grid.brick) * prod(grid.unit) * work.dtype.itemsize
    few = prod(grid.bricks) < 4 * wanted.threads  # or some threads would have nothing to do
    if size * 2 > BRICK or (few and size > FEW):
        return None
    legal = [
        axis
        for axis, (size, cube, n) in enumerate(
            zip(grid.brick, wanted.cube, grid.units, strict=True)
        )
        if size < n and (prod(wanted.cube) == 1 or 2 * size <= cube)
    ]
    # along the first of equal axes: so units are one run of memory, which is written as it is
    legal.sort(key=lambda axis: grid.brick[axis] * grid.unit[axis])
    for axis in legal:
        brick = tuple(size * (1 + (a == axis)) for a, size in enumerate(grid.brick))
        found = replace(grid, brick=brick)
        enough = work.strides[axis] != (1, 1) or prod(grid.brick) * prod(grid.unit) < 2**20
        if enough and _brick_bytes(work, source, found, wanted) <= most:
            return found
    return None


def _blocks(
    work: Work, source: Source, grid: Grid, cube: Index, left: int, at_once: int
) -> tuple[Grid, int, float]:
    """Return the grid with order and blocks, the bytes of inputs to keep, and readings of each.

    A block reaches through the whole along the first axis that has neighbours; along the others it
    is cut until what is kept fits.
    """
    axes, size = tables(work, grid, source.chunks), _piece_bytes(source)
    groups = [_group(*pair) for pair in zip(axes, grid.bricks, strict=True)]
    order = sorted(source.order, key=lambda a: (groups[a], source.order.index(a)))
    inner = tuple(max(1, c // b) for c, b in zip(cube, grid.brick, strict=True))
    block = [n if g else i for n, i, g in zip(grid.bricks, inner, groups, strict=True)]
    cuts = dict.fromkeys([a for a in order if groups[a] == 1][1:], 1)
    while True:
        kept = _kept(axes, block, inner, order, at_once) * size
        more = [a for a in cuts if block[a] > inner[a]]
        if kept <= left or not more:
            break
        tried = {a: _cut(grid.bricks[a], cuts[a] + 1, inner[a]) for a in more}
        axis = min(more, key=lambda a: axes[a].reads(tried[a]) / axes[a].reads(block[a]))
        cuts[axis] += 1
        block[axis] = tried[axis]
    reads = prod(axis.reads(n) for axis, n in zip(axes, block, strict=True))
    nest = (tuple(block), *_halves(inner))
    return replace(grid, order=tuple(order), nest=nest), kept, reads


def _cut(bricks: int, count: int, inner: int) -> int:
    """Return the bricks of each of so many blocks: whole cubes."""
    size = -(-bricks // count)
    return max(inner, -(-size // inner) * inner)


def _halves(inner: Index) -> list[Index]:
    """Return the boxes that a cube is walked in: halves, and halves of these."""
    found = []
    while prod(inner) > 1:
        found.append(inner)
        inner = tuple(-(-n // 2) for n in inner)
    return found


def _group(axis: Axis, bricks: int) -> int:
    """Return 0 if bricks along an axis share no piece of the input, 2 if there is only one."""
    if bricks == 1 or not ((axis.last > axis.first) & (axis.high.max() > 0)).any():
        return 0
    return 2 if len(axis.first) == 1 else 1


def _kept(
    axes: tuple[Axis, ...], block: list[int], inner: Index, order: list[int], at_once: int
) -> int:
    """Return how many pieces are kept at once while a block is walked in order.

    Along each axis a layer of pieces is held for the bricks behind: across the whole block along
    the axes that run faster, and across a cube along those that run slower.
    """
    sizes = [*zip(axes, block, inner, strict=True)]
    shared = [
        -(-axis.overlap() // axis.size) if _group(axis, size) == 1 else 0 for axis, size, _ in sizes
    ]
    whole = [axis.touched(size) for axis, size, _ in sizes]
    core = [axis.advance(n) for axis, _, n in sizes]
    found = at_once * prod(axis.advance(1) for axis in axes)
    for n, a in enumerate(order):
        behind = prod(whole[b] for b in order[n + 1 :])
        found += shared[a] * prod(core[b] for b in order[:n]) * behind
    return found + math.ceil(found / SPARE + _rims(axes, shared, whole, order))


def _rims(axes: tuple[Axis, ...], shared: list[int], whole: list[int], order: list[int]) -> float:
    """Return what the rims of a layer of pieces that are done take, in pieces."""
    near = [a for a in order if shared[a]]
    if not near:
        return 0.0
    share = sum(axes[a].overlap() / axes[a].size for a in near) / 2
    return LAYERS * (share if share <= WORTH else 1.0) * prod(whole[a] for a in near[1:])
