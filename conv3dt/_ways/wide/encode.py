"""How the wide way's scheme fills the records of its driver."""

from collections.abc import Iterator

from ..._compiler.drivers import part
from ..._geometry.storages import STORAGES
from ..shared.encode import fill_blocked, filters_driver, output_steps, shared_parts
from ..shared.scheme import Encoded
from .records import WideParams
from .scheme import WideScheme

__all__ = ["encoded", "parts"]


def encoded(scheme: WideScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    from .kernel import address

    kernels = {(kind, outer, inner): address(tile) for kind, outer, inner, tile in scheme.tiles()}
    params = WideParams.zeros()
    pack = _packer(scheme.layer.request.dtype) if scheme.part_step else None
    kept = fill_blocked(params, scheme, output_steps(scheme), kernels, pack)
    seamed = scheme.seamed
    close = part(__package__, ".made:close_plane", 4) if seamed else 0
    params.fill(
        k_step=scheme.k_step,
        close_seams=close,
        seams_at=scheme.made_at,
        apart=scheme.layer.apart,
        row_numbers=1 if scheme.layer.apart else scheme.layer.request.co,
        on_lines=scheme.on_lines,
        whole=scheme.whole,
        row_lists=scheme.row_lists,
        asked_lines=scheme.asked_lines,
        asked_task=scheme.threads,
    )
    lists = scheme.threads * scheme.scratch_step
    filters = filters_driver(scheme)
    return Encoded(params.numbers, filters, _driver(), (kept, close), lists, scheme.scratch)


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    yield _driver()
    yield part(__package__, ".made:close_plane", 4)
    yield from map(_packer, STORAGES)
    yield from shared_parts()


def _packer(storage: str) -> int:
    """Return the address of what packs rows in parts."""
    return part(__package__, ".pack:pack_parts", 2, storage=storage)


def _driver() -> int:
    return part(__package__, ".driver:convolve", 2)
