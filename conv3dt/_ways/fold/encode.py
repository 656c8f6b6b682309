"""How the folding way's scheme fills the records of its driver."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..._compiler.drivers import part
from ..._compiler.records import table
from ..._geometry.storages import Storage
from ..shared.encode import halves_of, kernel_table, output_steps
from ..shared.layer import operands
from ..shared.records import Block
from ..shared.scheme import Encoded
from .records import FoldAxis, FoldParams
from .scheme import FoldScheme

__all__ = ["encoded", "parts"]


def encoded(scheme: FoldScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    from .kernel import finish_address, fold_address

    folding = scheme.folding
    kernels = {(kind, 0, vectors): fold_address(tile) for kind, _, vectors, tile in scheme.tiles()}
    tile = folding.finish_tile._replace(streamed=False) if scheme.made else folding.finish_tile
    finish, turning = finish_address(tile), _turning(scheme)
    make = _make() if scheme.made else 0
    convolve, columns, pack = _parts(scheme.layer.storage)
    params = FoldParams.zeros()
    addresses, blocks = kernel_table(kernels), _block_table(scheme)
    _fill(params, scheme)
    params.fill(
        finish=finish,
        make=make,
        made_at=folding.region,
        row_bytes=scheme.row_bytes,
        pack=pack,
        kernels=addresses.ctypes.data,
        kernels_inner=addresses.shape[2],
        turning=turning.ctypes.data,
        blocks=blocks.ctypes.data,
    )
    kept = addresses, blocks, kernels, finish, pack, turning, make
    lists = scheme.threads * scheme.scratch_step
    return Encoded(params.numbers, columns, convolve, kept, lists, scheme.scratch)


def _turning(scheme: FoldScheme) -> NDArray[np.int64]:
    """Return the addresses of the kernels that turn beside products, by vectors."""
    from .kernel import fold_address

    addresses, step = np.zeros(3, np.int64), scheme.folding.turned
    for kind, _, vectors, tile in scheme.tiles():
        if kind == 0 and step:
            addresses[vectors] = fold_address(tile, step)
    return addresses


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    yield _make()
    for storage in operands().values():
        yield from _parts(storage)


def _make() -> int:
    return part(__package__, ".made:make_row", 6)


def _parts(storage: Storage) -> tuple[int, int, int]:
    """Return the addresses of what computes, what packs filters, and what packs inputs."""
    return (
        part(__package__, ".driver:convolve", 2, compute=storage.compute),
        part(__package__, ".pack:pack_columns", 2, storage=storage.name),
        part(__package__, ".pack:pack_rows", 6, storage=storage.name),
    )


def _fill(params: FoldParams, scheme: FoldScheme) -> None:
    """Fill what follows from how the work is cut."""
    r, storage, folding = scheme.layer.request, scheme.layer.storage, scheme.folding
    steps = output_steps(scheme)
    params.fill(
        step=folding.turned,
        tasks=scheme.tasks,
        scratch_step=scheme.scratch_step,
        lists_step=scheme.lists_step,
        size=folding.size,
        item=storage.item,
        lanes=folding.lanes,
        channels=r.ci,
        **halves_of(scheme.layer),
        chunk=1,
        chunk_step=folding.plane,
        co=r.co,
        out_step=steps[4],
        images=r.n,
        image_step=steps[0],
        group=folding.group,
        columns=folding.columns,
        n_blocks=len(folding.column_blocks),
        apart=scheme.layer.apart,
        piece=folding.piece,
        together=folding.rows_together,
        buffers=folding.buffers,
        buffer_step=folding.packed_bytes,
        packed_at=folding.before,
        sums_at=folding.before + folding.buffers * folding.packed_bytes,
        window=folding.window,
        sums_plane=folding.sums_plane,
        unit=folding.unit,
        row=folding.row * folding.size,
        left=folding.left,
        rows_at=folding.region - folding.rows_bytes,
    )
    for a, axis in enumerate((params.depth, params.height, params.width)):
        _fill_axis(axis, scheme, a, steps[1 + a])


def _fill_axis(axis: FoldAxis, scheme: FoldScheme, a: int, step: int) -> None:
    """Fill the record of depth, height or width."""
    r, folding = scheme.layer.request, scheme.folding
    axis.fill(
        i=r.i[a],
        o=r.o[a],
        k=r.k[a],
        s=r.s[a],
        d=r.d[a],
        p=r.p[a],
        block=folding.block[a],
        n_block=folding.n_blocks[a],
        output_step=step,
    )


def _block_table(scheme: FoldScheme) -> NDArray[np.int64]:
    """Return the blocks of columns."""
    folding = scheme.folding
    rows = [
        {"start": first, "columns": columns, "kind": folding.kinds.index(columns)}
        for first, columns in folding.column_blocks
    ]
    return table(Block, rows)
