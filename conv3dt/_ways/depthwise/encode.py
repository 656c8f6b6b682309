"""How the depthwise way's scheme fills the records of its driver."""

from collections.abc import Iterator
from typing import Any

from ..._compiler.drivers import part
from ..._compiler.records import table
from ..._geometry.storages import STORAGES
from ..shared.encode import fill_blocked, filters_driver, output_steps, shared_parts
from ..shared.scheme import Encoded
from .records import DepthwiseParams, Strip
from .scheme import DepthwiseScheme

__all__ = ["encoded", "parts"]

_PARTS = {"copy_rows": 4, "pack_plane": 4, "turn_past": 4, "turn_rows": 4}


def encoded(scheme: DepthwiseScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    from .kernel import address

    tiles = {(block, outer, n): tile for block, outer, n, tile in scheme.tiles()}
    known = {tile: address(tile) for tile in set(tiles.values())}
    kernels = {place: known[tile] for place, tile in tiles.items()}
    params, storage = DepthwiseParams.zeros(), scheme.layer.storage.name
    pack = 0 if scheme.direct else _part("pack_plane", storage)
    kept = fill_blocked(params, scheme, scheme.output_steps, kernels, pack)
    store = _part(scheme.made, storage) if scheme.made else 0
    params.fill(store=store)
    strips = _fill(params, scheme)
    filters, lists = filters_driver(scheme), scheme.threads * scheme.scratch_step
    return Encoded(params.numbers, filters, _driver(), (kept, strips, store), lists, scheme.scratch)


def _fill(params: DepthwiseParams, scheme: DepthwiseScheme) -> Any:
    """Fill what the way's driver has beside others; return the table of tiles along the width."""
    layer, item = scheme.layer, scheme.layer.storage.item
    image, plane, row, *_ = output_steps(scheme)
    step, position = scheme.output_steps[3], scheme.packed_steps[3]
    rows = [
        {
            "number": scheme.run_kinds.index(run.kind),
            "at": run.ahead * position,
            "to": run.output * step,
            "taps": run.taps,
            "before": run.before,
            "sums": sum(r.positions for r in scheme.runs[:n]) * scheme.sums_steps[3],
        }
        for n, run in enumerate(scheme.runs)
    ]
    strips = table(Strip, rows)
    params.fill(
        strips=strips.ctypes.data,
        n_strips=len(strips),
        share=scheme.share,
        inputs=scheme.layer.asked.ci,
        packed_item=scheme.packed_steps[4],
        window=scheme.window,
        planes_at=scheme.planes_at,
        waits=scheme.waits,
        sums_at=scheme.sums_at,
        sums_planes=scheme.sums_planes,
        sums_plane=scheme.sums_steps[0],
        sums_block=scheme.sums_steps[1],
        sums_row=scheme.sums_steps[2],
        sums_step=scheme.sums_steps[3],
        made_plane=scheme.made_plane,
        ask_step=scheme.asked.step,
        ask_pitch=item if layer.apart else layer.asked.ci * item,
        ask_apart=layer.apart,
        opens_at=scheme.opens_at,
        image_step=image,
        plane_step=plane,
        row_step=row,
        position_step=scheme.axes[3].s * step,
        made_at=scheme.made_at,
    )
    return strips


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    yield _driver()
    yield from shared_parts()
    for storage in STORAGES:
        for name in _PARTS:
            yield _part(name, storage)


def _driver() -> int:
    return part(__package__, ".driver:convolve", 2)


def _part(name: str, storage: str) -> int:
    return part(__package__, f".pack:{name}", _PARTS[name], storage=storage)
