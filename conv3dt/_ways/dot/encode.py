"""How the dot way's scheme fills its records, and which parts of the driver it needs."""

from collections.abc import Iterator

import numpy as np

from ..._compiler.drivers import part
from ..shared.encode import fill_blocked, output_steps, shared_parts
from ..shared.scheme import Encoded
from .cost import most_rows
from .records import DotParams
from .scheme import DotScheme

__all__ = ["encoded", "parts"]


def encoded(scheme: DotScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    from .kernel import address

    kernels = {(kind, outer, inner): address(tile) for kind, outer, inner, tile in scheme.tiles()}
    finish = np.array([address(tile) for tile in scheme.finishes], np.int64)
    params = DotParams.zeros()
    kept = fill_blocked(params, scheme, output_steps(scheme), kernels)
    layer = scheme.layer
    has_others = any(kind for kind, _, _ in kernels)
    params.fill(
        vectors=scheme.vectors,
        rows=most_rows(layer.machine),
        filter=layer.storage.size if layer.storage.pairs else layer.storage.item,
        others=8 * params.kernels_outer * params.kernels_inner if has_others else 0,
        sums_at=scheme.made_at,
        finish=finish.ctypes.data,
    )
    convolve, lists = _driver(), scheme.threads * scheme.scratch_step
    return Encoded(params.numbers, 0, convolve, (kept, finish, kernels), lists, scheme.scratch)


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, compiled where new."""
    yield _driver()
    yield from shared_parts()


def _driver() -> int:
    return part(__package__, ".driver:convolve", 2)
