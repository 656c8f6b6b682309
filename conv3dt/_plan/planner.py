"""From a request to its plan: kernel, tile, blocks, and who packs the filters."""

from dataclasses import replace
from functools import lru_cache
from math import prod

from .._call.request import Request
from .._compiler import processor
from .._geometry.tile import ITEMSIZE, compute_type
from .._geometry.tuning import TUNING
from .._runtime import team
from .._ways.fold.plan import choose_folding
from .._ways.shared.blocking import Blocking, axes_of, choose_blocks, is_small
from .._ways.shared.cost import MOST_VECTORS, Layer
from .plan import Plan
from .tiling import block_bytes, candidates, choose_tiling

__all__ = ["clear", "freshly_packed", "make_plan", "plain_plan", "reading_directly", "ways_of"]


@lru_cache(maxsize=1024)
def make_plan(
    request: Request, threads: int | None = None, exact: bool = False, way: str | None = None
) -> Plan:
    """Return the plan of a request.

    `exact` plans read nothing beyond the input, not even zeros, which infinite weights need. `way`
    is one of `ways_of`, where it is not the one with the fewest predicted cycles.
    """
    machine, r = processor.machine(), _with_neighbours_as_channels(request)
    axes = axes_of(r)
    threads = 1 if is_small(r, axes) else threads or team.available()
    # Chosen as for one thread: the order of summation must not depend on how many there are.
    folding = None if exact else choose_folding(r, machine, 1)
    tiling = choose_tiling(_layer(r), exact, folding, way)
    folding = choose_folding(r, machine, threads) if tiling.folding else None
    if folding:
        tiling = tiling._replace(folding=folding)
        blocking = Blocking((1, *folding.block), 1, folding.groups)
        return Plan(request, r, machine, axes, tiling, blocking, (False,) * 4, exact, threads)
    halos = (False, False, tiling.most[2] > 1, tiling.wide or (tiling.most[3] > 1 and not exact))
    position = r.ci * ITEMSIZE[compute_type(r.dtype)]
    limit = block_bytes(tiling, position * prod(r.k) * r.co)
    n_blocks = len(tiling.blocks)
    blocking = choose_blocks(axes, tiling.most, halos, position, limit, n_blocks, threads)
    return Plan(request, r, machine, axes, tiling, blocking, halos, exact, threads)


def _with_neighbours_as_channels(r: Request) -> Request:
    """Return the request with the outputs that an input makes along the width as channels.

    Where kernel and stride are equal, w and co of the output are one axis in memory, and so are k
    and co of the filters. Beyond a block of channels nothing is gained: the rows of one are written
    before those of the next.
    """
    s = r.s[2]
    alone = r.k[2] == s > 1 == r.d[2] and r.o[2] == s * r.i[2]
    if r.forward or r.data_format == "NCDHW" or not alone or s * r.co > MOST_VECTORS * _lanes(r):
        return r
    return r._replace(co=s * r.co, k=(*r.k[:2], 1), s=(*r.s[:2], 1), o=(*r.o[:2], r.i[2]))


@lru_cache(maxsize=1024)
def freshly_packed(plan: Plan) -> Plan:
    """Return the plan in which tasks pack the filters they use, if no panel has two users.

    For many channels and few positions, filters that are packed ahead make the way to memory twice.
    """
    one_block = not plan.folding and prod(plan.n_blocks) == 1
    heavy = plan.panels > TUNING.serial_panels and plan.phase_bytes <= TUNING.fresh_bytes
    return replace(plan, fresh=True) if one_block and heavy and not plan.exact else plan


@lru_cache(maxsize=1024)
def reading_directly(plan: Plan) -> Plan:
    """Return the plan in which tiles read the input where it is, if they can do without zeros.

    For inputs whose numbers lie as the shape says, in the compute type. Tiles leave out, row by
    row, taps that read beyond the width; rows in height, or of a batch at steps that share cache
    lines, are packed.
    """
    r, most = plan.work, plan.tiling.most
    ready = r.data_format == "NDHWC" and r.dtype == compute_type(r.dtype)
    tiles = plan.tiling.kernel == "channels" and not plan.exact
    lines = most[0] == 1 or prod(r.i) * r.ci * plan.size % TUNING.pad_every
    all_read = all(axis.every == 1 and axis.start == 0 for axis in plan.axes)
    if not (ready and tiles and lines and all_read and (most[2] == 1 or plan.axes[2].inside)):
        return plan
    direct = replace(plan, direct=True, blocking=_by_channels(plan) or plan.blocking)
    loops = max(map(len, direct.edges.values()), default=0)
    return direct if loops <= TUNING.edge_loops else plan


def _by_channels(plan: Plan) -> Blocking | None:
    """Return all positions as one block, where there are few, and many channels to share out.

    What is not packed can be read by all tasks; so each of them needs panels that no other does.
    """
    r, channels = plan.work, len(plan.tiling.blocks)
    few = r.n * prod(r.i) * r.ci * plan.size <= TUNING.block_bytes
    if plan.panels <= TUNING.serial_panels or not few or channels < 4 * plan.threads:
        return None
    whole = tuple(max(1, axis.positions) for axis in plan.axes)
    group = -(-channels // (TUNING.tasks_per_thread * plan.threads))
    return Blocking((whole[0], whole[1], whole[2], whole[3]), group, -(-channels // group))


def plain_plan(request: Request, threads: int | None) -> Plan:
    """Return the plan of a plain call whose input lies as its shape says."""
    return freshly_packed(reading_directly(make_plan(request, threads)))


def ways_of(request: Request) -> list[str]:
    """Return the ways to compute a request that may be the fastest, most promising first."""
    r = _with_neighbours_as_channels(request)
    return candidates(_layer(r), choose_folding(r, processor.machine(), 1))


def _layer(r: Request) -> Layer:
    """Return what the choice of the tiling depends on."""
    return Layer(axes_of(r), r.ci, r.co, r.data_format == "NCDHW", _lanes(r), processor.machine())


def _lanes(r: Request) -> int:
    """Return how many numbers a vector has."""
    return processor.machine().vector_bytes // ITEMSIZE[compute_type(r.dtype)]


def clear() -> None:
    """Forget plans; calls that are under way keep theirs."""
    make_plan.cache_clear()
    freshly_packed.cache_clear()
    reading_directly.cache_clear()
