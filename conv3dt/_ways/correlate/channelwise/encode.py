"""How the scheme of depthwise filters fills the records of its driver, and its parts."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...._compiler.drivers import part
from ...._compiler.records import table
from ...._geometry.storages import STORAGES
from ...._geometry.tuning import TUNING
from ..filling import Encoded, common, fill, taps_of
from .records import Block, ChannelwiseParams, Heights, Strip
from .scheme import ChannelwiseScheme

__all__ = ["encoded", "parts"]


def encoded(scheme: ChannelwiseScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    params, layer = ChannelwiseParams.zeros(), scheme.layer
    driver, finish, *packing = _parts(layer.dtype)
    tables, kept = _tables(scheme)
    vector = scheme.lanes * scheme.size
    fill(params, scheme, packing)
    for source in (params.big, params.small):
        source.fill(channels=scheme.lanes)
    params.fill(
        part=scheme.channels if scheme.shares[1] > 1 else params.part,
        columns=scheme.shares[1],
        rows=layer.cs if scheme.shares[1] > 1 else 0,
        pad_every=TUNING.pad_every,
        pad=scheme.pad,
        all_taps=scheme.all_rows * layer.kernel[2],
        lanes=scheme.lanes,
        share_big=scheme.shares[0],
        share_small=scheme.shares[1],
        block_big=scheme.packed_bytes[0] if layer.packed[0] else vector,
        block_small=scheme.packed_bytes[1] if layer.packed[0] else vector,
        at_once=scheme.rows,
        of_depth=layer.kernel[1],
        asked=next(scheme.tiles()).asked,
        ask_step=scheme.ask_step,
        tap_step=layer.kernel[2] * scheme.channels * scheme.size,
        width_step=scheme.channels * scheme.size,
        list_at=scheme.list_at,
        unused_at=scheme.unused_at,
    )
    for name, rows in tables.items():
        params.fill(**{name: rows.ctypes.data})
        if name != "depth":
            params.fill(**{f"n_{name}": len(rows)})
    kept = *kept, *tables.values(), finish, *packing
    return Encoded(params.numbers, driver, finish, (*kept, driver))


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    for storage in STORAGES:
        yield from _parts(storage)


def _parts(storage: str) -> tuple[int, ...]:
    """Return the addresses of what sums, finishes, and packs big and small."""
    finish, *_ = common(storage)
    packing = (f".pack:pack_{name}" for name in ("big", "small"))
    return (
        part(__package__, ".driver:correlate", 2),
        finish,
        *(part(__package__, place, 2, storage=storage) for place in packing),
    )


def _tables(scheme: ChannelwiseScheme) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Return the tables of taps, heights, strips and blocks, and what else has to be kept."""
    from .kernel import address

    known = {tile: address(tile) for tile in set(scheme.tiles())}
    kernels = [
        np.array([known[scheme.tile(block, kind)] for kind in scheme.kinds], np.int64)
        for block in scheme.blocks
    ]
    width, sums = scheme.layer.axes[2], scheme.channels * scheme.size
    heights = [dict(zip(("first", "taps", "lo", "hi"), x, strict=True)) for x in scheme.heights]
    strips = [
        {
            "lo": x.lo,
            "hi": x.hi,
            "first": x.first * sums,
            "ahead": x.first * width.d - width.p,
            "kind": scheme.kinds.index(scheme.kind(x)),
        }
        for x in scheme.strips
    ]
    blocks = [
        {"start": block.start, "own": block.own, "kernels": x.ctypes.data}
        for block, x in zip(scheme.blocks, kernels, strict=True)
    ]
    tables = {
        "depth": taps_of(scheme.layer.axes[0]),
        "heights": table(Heights, heights),
        "strips": table(Strip, strips),
        "blocks": table(Block, blocks),
    }
    return tables, (kernels, *known.values())
