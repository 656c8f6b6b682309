"""How the minimal way's scheme fills the records of its driver."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from ..._compiler.drivers import part
from ..._compiler.records import fields_of, table
from ..._geometry.storages import STORAGES
from ..shared.blocked import in_lines
from ..shared.encode import output_steps
from ..shared.scheme import Encoded
from .axes import fill_axes
from .mixed import mixed
from .records import MinimalParams, Strip
from .scheme import MinimalScheme
from .sizes import CHUNK, MOST_SLOTS
from .tile import MinimalTile

__all__ = ["encoded", "parts"]


# Tables of kernels' addresses.
_TABLES = (
    "weigh",
    "combine",
    "transform",
    "restore",
    "restore_last",
    "define",
    "begin",
    "finish",
    "finish_last",
)


def encoded(scheme: MinimalScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    params = MinimalParams.zeros()
    convolve, pack = _parts(scheme.layer.request.dtype)
    kept = [*_kernels(params, scheme), *fill_axes(params, scheme), convolve, pack]
    _fill(params, scheme)
    _fill_memory(params, scheme)
    lists = scheme.threads * scheme.region
    return Encoded(params.numbers, pack, convolve, tuple(kept), lists, scheme.scratch)


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    for storage in STORAGES:
        yield from _parts(storage)


def _parts(storage: str) -> tuple[int, int]:
    """Return the addresses of what computes and of what packs filters."""
    return (
        part(__package__, ".driver:convolve", 2, storage=storage),
        part(__package__, ".pack:pack_filters", 2, storage=storage),
    )


def _kernels(params: MinimalParams, scheme: MinimalScheme) -> list[Any]:
    """Fill the tables of kernels' addresses; return what has to be kept."""
    from .kernel import address

    addresses = {place: address(tile) for place, tile in _places(scheme)}
    kept: list[Any] = [addresses]
    for field in _TABLES:
        found = {number: x for (name, number), x in addresses.items() if name == field}
        numbers = np.zeros(1 + max(found, default=0), np.int64)
        numbers[list(found)] = list(found.values())
        setattr(params, field, numbers.ctypes.data)
        kept.append(numbers)
    return [*kept, *_strips(params, scheme)]


def _strips(params: MinimalParams, scheme: MinimalScheme) -> list[Any]:
    """Fill the strips of the width; return what has to be kept."""
    from .kernel import address

    most = max(scheme.counts, default=0) + 1
    places = scheme.places(scheme.row_tiles)
    kernels = {joined: np.zeros((3, 3, 64), np.int64) for joined in scheme.forms}
    rows = {joined: np.zeros((3, most), np.int64) for joined in scheme.forms}
    for vectors, _, n, tile in scheme.tiles():
        for beside in range(3 if scheme.beside else 1):
            kernels[tile.joined][beside, vectors, n] = address(tile._replace(beside=beside))
    for joined, vectors in product(scheme.forms, scheme.vectors):
        for positions, n in scheme.rows(vectors, joined).items():
            rows[joined][vectors, positions] = n
    strips = table(Strip, [
        fields_of(Strip, strip) | {"v": v, "m": m}
        | {"multiply": kernels[strip.joined].ctypes.data, "rows": rows[strip.joined].ctypes.data}
        for strip, v, m in zip(scheme.width_tiles.strips, *places, strict=False)
    ])  # fmt: skip
    params.width.fill(strips=strips.ctypes.data, n_strips=len(strips))
    params.fill(rows_step=most)
    return [strips, *kernels.values(), *rows.values()]


def _places(scheme: MinimalScheme) -> Iterator[tuple[tuple[str, int], MinimalTile]]:
    """Yield the table and the number in it of every kernel, and its tile."""
    program = scheme.programs[1]
    groups = [(line, group) for line in program.lines for group in line.groups]
    talls = {program.formula(x, g, u) for x, g in groups for u in range(x.tiles)}
    for terms in range(3):
        yield ("combine", terms), scheme.tile("combine", terms=terms)
    for axis, along in enumerate(scheme.programs):
        for taps in {each.taps for each in mixed(along)}:
            yield ("weigh", 4 * axis + taps), scheme.tile("weigh", rows=axis, terms=taps)
    for h, (n, (formula, every)) in product(talls, enumerate(scheme.transforms)):
        tile = scheme.tile("transform", tall=h, rows=formula, pitch=scheme.pitch, every=every)
        yield ("transform", len(scheme.transforms) * h + n), tile
    for vectors in scheme.vectors:
        yield ("begin", vectors), scheme.tile("begin", vectors=vectors)
        if scheme.taps:
            yield ("define", vectors), scheme.tile("define", vectors=vectors)
    r, lanes = scheme.layer.request, scheme.layer.lanes
    for name, (start, columns) in (("", scheme.blocks[0]), ("_last", scheme.blocks[-1])):
        vectors = columns // lanes
        last = min(columns, r.co - start) - (vectors - 1) * lanes
        last = lanes if scheme.layer.apart else last
        how = {"last": last, "activation": r.activation, "streamed": scheme.streamed}
        yield ("finish" + name, vectors), scheme.tile("finish", vectors=vectors, **how)
        how = how if _ended(scheme) else {}
        for h, (n, (formula, every, missing)) in product(talls, enumerate(scheme.restores)):
            tile = scheme.tile("restore", tall=h, rows=formula, every=every, missing=missing,
                               vectors=vectors, **how)  # fmt: skip
            yield ("restore" + name, 3 * (len(scheme.restores) * h + n) + vectors), tile


def _ended(scheme: MinimalScheme) -> bool:
    """Return whether outputs are stored with the last products of their sums, not row by row."""
    from ..._compiler.activations.table import ACTIVATIONS

    short = ACTIVATIONS[scheme.layer.request.activation].in_registers
    return scheme.begun and short and not scheme.layer.apart


def _fill(params: MinimalParams, scheme: MinimalScheme) -> None:
    """Fill what follows from the layer."""
    r, layer = scheme.layer.request, scheme.layer
    steps = output_steps(scheme)
    params.fill(
        tasks=scheme.tasks,
        scratch_step=scheme.region,
        lists_step=scheme.lists_step,
        size=scheme.size,
        item=scheme.layer.storage.item,
        lanes=layer.lanes,
        channels=r.ci,
        halves=r.ci,
        chunk=r.ci,
        co=r.co,
        out_step=steps[4],
        image_step=steps[0],
        apart=layer.apart,
        packed=not scheme.direct,
        v_pitch=scheme.pitch,
        v_vectors=-(-r.ci // layer.lanes),
        chunk_ci=CHUNK,
        few_ci=scheme.few,
        most_slots=MOST_SLOTS,
        parts=scheme.filter_parts,
        pairs=scheme.pairs,
        n_transforms=len(scheme.transforms),
        n_restores=len(scheme.restores),
        most_jobs=scheme.most_jobs,
        most_streams=scheme.reads_of(scheme.row_tiles) + 1,
        most_patches=scheme.most_patches,
        kinds=len(scheme.vectors),
        beside=scheme.beside,
        begun=scheme.begun,
        lines_of_sums=scheme.lines_of_sums,
        ended=_ended(scheme),
        made=_ended(scheme) and scheme.made_bytes > 0,
        stage=scheme.stage,
        stage_at=scheme.filters_bytes,
        taps_at=scheme.taps_at if scheme.taps else 0,
    )


def _fill_memory(params: MinimalParams, scheme: MinimalScheme) -> None:
    """Fill where in a thread's region numbers lie."""
    u, v, m, y = scheme.parts_of(scheme.row_tiles)
    sums = u + scheme.products_of(scheme.row_tiles)
    block, plane, row, _ = scheme.y_steps(scheme.row_tiles)
    planes = scheme.planes
    params.fill(
        u_at=0,
        u_row=scheme.u_row,
        u_bytes=u,
        left=scheme.left[0],
        v_at=u,
        v_plane=v,
        m_at=u if scheme.over else u + planes * v,
        m_plane=m,
        y_at=sums,
        y_line=y,
        y_block=block,
        y_plane=plane,
        y_row=row,
        y_left=scheme.slack,
        packed_at=sums + y * scheme.lines_of_sums,
        made_at=sums + y * scheme.lines_of_sums + in_lines(scheme.packed_bytes),
        plane_step=scheme.packed_plane,
        row_step=scheme.packed_row,
    )
