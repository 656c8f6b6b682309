"""How schemes of blocks fill the records that their drivers read."""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._compiler.drivers import part
from ..._compiler.records import table
from ..._geometry.formats import FORMATS
from .blocked import Blocked
from .layer import Layer, operands
from .records import Axis, Block, BlockedParams, Phase, Tap

__all__ = [
    "Kernels",
    "fill_blocked",
    "filters_driver",
    "halves_of",
    "kernel_table",
    "output_steps",
    "shared_parts",
]

# The parts that ways share, and how many arguments they take.
_PARTS = {".pack:pack_input": 2, ".panels:pack_filters": 2, ".fresh:pack_panels": 6}

Kernels = dict[tuple[int, int, int], int]  # addresses by kind, outer, inner


def output_steps(scheme: Any) -> tuple[int, ...]:
    """Return the steps of the output along batch, depth, height, width and channels."""
    r, item = scheme.layer.request, scheme.layer.storage.item
    steps = tuple(prod(r.array_shape[a + 1 :]) * item for a in range(5))
    return FORMATS[r.data_format].sorted(steps)


def fill_blocked(
    params: BlockedParams,
    scheme: Blocked,
    steps: tuple[int, ...],
    kernels: Kernels,
    pack: int | None = None,
) -> tuple[Any, ...]:
    """Fill what all schemes of blocks have; `steps` are those of the output.

    `pack` is the address of what packs inputs, if it is not what ways share.

    Return what has to be kept as long as the record is used: tables, and addresses of code.
    """
    if pack is None:
        pack = 0 if scheme.direct else _part(".pack:pack_input", scheme)
    panels = _part(".fresh:pack_panels", scheme) if scheme.fresh and scheme.phase_bytes else 0
    blocks, addresses = _block_table(scheme), kernel_table(kernels)
    _, outer, inner = addresses.shape
    _fill_memory(params, scheme, steps)
    _fill_lists(params, scheme)
    params.fill(
        pack=pack,
        pack_panels=panels,
        fresh_at=scheme.fresh_at,
        kernels=addresses.ctypes.data,
        kernels_outer=outer,
        kernels_inner=inner,
        blocks=blocks.ctypes.data,
        n_blocks=len(blocks),
        group=scheme.blocking.group,
    )
    axes = zip((params.batch, params.depth, params.height, params.width), range(4), strict=True)
    kept = [x for axis, number in axes for x in _fill_axis(axis, scheme, number, steps[number])]
    return (*kept, blocks, addresses, kernels, pack, panels)


def _fill_memory(params: BlockedParams, scheme: Blocked, steps: tuple[int, ...]) -> None:
    """Fill how numbers lie, packed and in the output."""
    r = scheme.layer.request
    params.fill(
        tasks=scheme.tasks,
        scratch_step=scheme.scratch_step,
        size=scheme.size,
        item=scheme.layer.storage.item,
        lanes=scheme.lanes,
        channels=r.ci,
        **halves_of(scheme.layer),
        chunk=scheme.chunk,
        chunk_step=scheme.packed_steps[4],
        co=r.co,
        out_step=steps[4],
        outer_step=steps[0] if scheme.shape.most[0] > 1 else scheme.axes[2].s * steps[2],
    )


def halves_of(layer: Layer) -> dict[str, int]:
    """Return what drivers are told of the numbers of a word."""
    if not layer.taps:
        return {"halves": layer.halves}
    width, step = layer.axes[3], layer.asked.d[2]
    return {
        "halves": layer.halves,
        "taps_step": step,
        "taps_every": width.every,
        "taps_first": width.start - (layer.taps - 1) * step,
        "row_inputs": layer.asked.i[2],
    }


def _fill_lists(params: BlockedParams, scheme: Blocked) -> None:
    """Fill how long a thread's lists are, and what they list."""
    params.fill(
        lists_step=scheme.lists_step,
        lists_at=scheme.task_record.SIZE,
        list_step=scheme.list_bytes,
        row_tiles=scheme.row_tiles,
        tables=scheme.tables,
        entries=scheme.entries,
        run=scheme.run,
        joined=scheme.joined,
        in_turn=scheme.in_turn,
    )


def filters_driver(scheme: Blocked) -> int:
    """Return the address of the driver that packs filters; 0 if tasks do."""
    return 0 if scheme.fresh else _part(".panels:pack_filters", scheme)


def shared_parts() -> Iterator[int]:
    """Yield the addresses of the parts that ways share, for all types, compiled where new."""
    for storage in operands():
        for place, n_arguments in _PARTS.items():
            yield part(__package__, place, n_arguments, storage=storage)


def _part(place: str, scheme: Blocked) -> int:
    return part(__package__, place, _PARTS[place], storage=scheme.layer.request.dtype)


def _fill_axis(
    record: Axis, scheme: Blocked, number: int, step: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Fill the record of an axis; return the tables of its phases and taps."""
    axis = scheme.axes[number]
    phases, taps = _phase_table(scheme, number), _tap_table(scheme, number)
    lo, hi = axis.shifts
    record.fill(
        i=axis.i,
        o=axis.outputs,
        s=axis.s,
        in_s=axis.in_s,
        positions=axis.positions,
        block=scheme.blocking.block[number],
        n_block=scheme.n_blocks[number],
        most=scheme.shape.most[number],
        halo=scheme.halos[number],
        shift_lo=lo,
        shift_hi=hi,
        packed_step=scheme.packed_steps[number],
        part_step=scheme.part_step if number == 3 else 0,
        output_step=step,
        n_phases=axis.n_phases,
        n_taps=sum(f.taps for f in axis.phases),
        phases=phases.ctypes.data,
        taps=taps.ctypes.data,
    )
    return phases, taps


def _phase_table(scheme: Blocked, number: int) -> NDArray[np.int64]:
    """Return all phases of an axis, of which there may be a million."""
    axis = scheme.axes[number]
    first = np.arange(axis.n_phases)
    rows = np.zeros((len(first), len(Phase.NAMES)), np.int64)
    of = dict(zip(Phase.NAMES, rows.T, strict=True))
    of["first"][:], of["length"][:] = first, -((first - axis.outputs) // axis.s)
    of["dilation"][:] = axis.dilation
    for f in axis.phases:
        of["taps"][f.first], of["shift"][f.first] = f.taps, f.shift
    of["before"][1:] = np.cumsum(of["taps"])[:-1]
    return rows


def _tap_table(scheme: Blocked, number: int) -> NDArray[np.int64]:
    """Return the taps of an axis in the order of phases, each of which has the number `first`."""
    rows = [
        {"phase": f.first, "number": j, "k": f.k0 + j * f.k_step}
        for f in scheme.axes[number].phases
        for j in range(f.taps)
    ]
    return table(Tap, rows)


def _block_table(scheme: Blocked) -> NDArray[np.int64]:
    """Return the blocks of output channels."""
    rows = [
        {
            "start": start,
            "columns": columns,
            "kind": scheme.kinds.index(scheme.kind((start, columns))),
        }
        for start, columns in scheme.shape.blocks
    ]
    return table(Block, rows)


def kernel_table(kernels: Kernels) -> NDArray[np.int64]:
    """Return the addresses as a table [kind][outer][inner], 0 where there is no micro-kernel."""
    extents = np.max([*kernels, (0, 0, 0)], axis=0) + 1
    addresses = np.zeros(extents, np.int64)
    for place, address in kernels.items():
        addresses[place] = address
    return addresses
