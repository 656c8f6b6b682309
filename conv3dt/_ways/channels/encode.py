"""How the channel way's scheme fills its records, and which parts of the driver it needs."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..._compiler import processor
from ..._compiler.drivers import part
from ..._geometry.storages import STORAGES
from ..shared.encode import fill_blocked, filters_driver, output_steps, shared_parts
from ..shared.scheme import Encoded
from ..shared.storing import LINE
from .records import ChannelParams
from .scheme import ChannelScheme

__all__ = ["encoded", "parts"]

# What is made in scratch: the parts that say where, that store a row, and that store a block.
_MADE = {
    "": ("", "", ""),
    "lines": ("", "copy_row", ""),
    "seams": ("", "", ""),
    "rows": ("place_row", "turn_row", ""),
    "slabs": ("place_slab", "", "turn_slab"),
}
_ARGUMENTS = {
    "place_row": 2,
    "place_slab": 2,
    "copy_row": 4,
    "close_plane": 3,
    "turn_row": 4,
    "turn_slab": 3,
}
_TYPED = {"turn_row", "turn_slab"}


def encoded(scheme: ChannelScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    from .kernel import address

    kernels = {(kind, outer, inner): address(tile) for kind, outer, inner, tile in scheme.tiles()}
    storage, steps = scheme.layer.request.dtype, _output_steps(scheme)
    params = ChannelParams.zeros()
    kept = fill_blocked(params, scheme, steps, kernels)
    place, store_row, store_block = (_made(name, storage) for name in _MADE[scheme.made.what])
    shaper, tiles = _amx(scheme)
    params.fill(
        shape_tiles=shaper,
        tiles=tiles.ctypes.data if shaper else 0,
        image_step=output_steps(scheme)[0],
        inner_step=scheme.axes[3].s * steps[3],
        edges=scheme.edged,
        no_zeros=scheme.layer.no_zeros,
        place=place,
        in_order=scheme.in_order,
        row_lists=scheme.row_lists,
        close_plane=_made("close_plane" if scheme.made.what == "seams" else "", storage),
        made_at=scheme.made_at + (LINE if scheme.made.what == "lines" else 0),
        store_row=store_row,
        store_block=store_block,
    )
    convolve, lists = _driver(), scheme.threads * scheme.scratch_step
    filters, code = filters_driver(scheme), (place, store_row, store_block, shaper, tiles)
    return Encoded(params.numbers, filters, convolve, (kept, code), lists, scheme.scratch)


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    yield _driver()
    yield from shared_parts()
    if processor.machine().amx:
        from .amx import shaper

        yield shaper()
    for storage, name in product(STORAGES, _ARGUMENTS):
        yield _made(name, storage)


def _amx(scheme: ChannelScheme) -> tuple[int, NDArray[np.uint8]]:
    """Return the address of what gives tiles of AMX their shape, and the shape; 0 without them."""
    if not scheme.shape.amx:
        return 0, np.empty(0, np.uint8)
    from ..._compiler.amx import configuration
    from .amx import shaper

    return shaper(), configuration(*scheme.amx)


def _driver() -> int:
    return part(__package__, ".driver:convolve", 2)


def _made(name: str, storage: str) -> int:
    """Return the address of a part that deals with what is made in scratch; 0 for none."""
    typed = {"storage": storage} if name in _TYPED else {}
    return part(__package__, f".made:{name}", _ARGUMENTS[name], **typed) if name else 0


def _output_steps(scheme: ChannelScheme) -> tuple[int, ...]:
    """Return the steps of the output, or of what is made of it with channels together."""
    n, d, h, w, c = output_steps(scheme)
    if scheme.made.what in ("", "lines", "seams"):
        return n, d, h, w, c
    w = scheme.columns * scheme.layer.storage.item
    if scheme.made.what == "rows":
        return n, d, h, w, c
    h = scheme.layer.request.o[2] * w
    _, depth, height, _ = scheme.blocking.block
    d = min(height * scheme.axes[2].s, scheme.layer.request.o[1]) * h
    return depth * scheme.axes[1].s * d, d, h, w, c
