"""How the wide way's scheme fills the records of its driver."""

from collections.abc import Iterator

from ..._compiler.drivers import part
from ..._geometry.storages import STORAGES
from ..shared.encode import fill_blocked, filters_driver, output_steps, shared_parts
from ..shared.layer import operands
from ..shared.scheme import Encoded
from .records import WideParams
from .scheme import WideScheme

__all__ = ["encoded", "parts"]


def encoded(scheme: WideScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    from .kernel import address

    kernels = {(kind, outer, inner): address(tile) for kind, outer, inner, tile in scheme.tiles()}
    params = WideParams.zeros()
    pack = _pack(scheme)
    kept = fill_blocked(params, scheme, output_steps(scheme), kernels, pack)
    seamed = scheme.seamed
    close = part(__package__, ".made:close_plane", 4) if seamed else 0
    params.fill(
        k_step=scheme.k_step,
        in_order=scheme.in_order,
        close_seams=close,
        seams_at=scheme.made_at,
        apart=scheme.layer.apart,
        row_numbers=1 if scheme.layer.apart else scheme.layer.request.co,
        on_lines=scheme.on_lines,
        whole=scheme.whole,
        row_lists=scheme.row_lists,
        asked_lines=scheme.asked_lines,
        asked_task=scheme.threads,
        patch_channels=scheme.layer.asked.ci,
    )
    asked = scheme.layer.asked
    patch = zip(asked.o, asked.s, asked.k, strict=True)
    of = params.patch_depth, params.patch_height, params.patch_width
    for axis, (o, s, k) in zip(of, patch, strict=True):
        axis.fill(o=o, s=s, k=k)
    lists = scheme.threads * scheme.scratch_step
    filters = filters_driver(scheme)
    return Encoded(params.numbers, filters, _driver(), (kept, close), lists, scheme.scratch)


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    yield _driver()
    yield part(__package__, ".made:close_plane", 4)
    yield from (part(__package__, ".pack:pack_parts", 2, storage=x) for x in STORAGES)
    yield from (part(__package__, ".patches:pack_patches", 2, storage=x) for x in operands())
    yield from shared_parts()


def _pack(scheme: WideScheme) -> int | None:
    """Return the address of what packs rows in parts, or patches; None where rows are whole."""
    storage = scheme.layer.request.dtype
    if scheme.layer.patches:
        return part(__package__, ".patches:pack_patches", 2, storage=storage)
    parts = scheme.part_step > 0
    return part(__package__, ".pack:pack_parts", 2, storage=storage) if parts else None


def _driver() -> int:
    return part(__package__, ".driver:convolve", 2)
