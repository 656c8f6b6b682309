"""How the dot way's scheme fills its records, and which parts of the driver it needs."""

from collections.abc import Iterator

import numpy as np

from ..._compiler.drivers import part
from ..shared.blocked import LINE
from ..shared.encode import Kernels, fill_blocked, output_steps, shared_parts
from ..shared.scheme import Encoded
from .cost import most_rows
from .lines_scheme import LinesScheme
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
    params.fill(
        **_of_lines(scheme) if isinstance(scheme, LinesScheme) else _of_lanes(scheme, kernels),
        line=scheme.columns * scheme.size,
        sums_at=scheme.made_at,
        finish=finish.ctypes.data,
    )
    convolve, lists = _driver(scheme.filters_lie), scheme.threads * scheme.scratch_step
    return Encoded(params.numbers, 0, convolve, (kept, finish, kernels), lists, scheme.scratch)


def _of_lanes(scheme: DotScheme, kernels: Kernels) -> dict[str, int]:
    """Return what is known where input channels are in the lanes."""
    rows = 1 + max((inner for *_, inner in kernels), default=0)
    columns = 1 + max((outer for _, outer, _ in kernels), default=0)
    has_others = any(kind for kind, _, _ in kernels)
    storage = scheme.layer.storage
    return {
        "filter": storage.size if storage.pairs else storage.item,
        "vectors": scheme.vectors,
        "rows": most_rows(scheme.layer.machine),
        "others": 8 * rows * columns if has_others else 0,
    }


def _of_lines(scheme: LinesScheme) -> dict[str, int]:
    """Return what is known where filters lie in lines."""
    alone, rows, *_ = scheme.layer.machine.rows
    return {
        "filter": scheme.layer.storage.item,
        "rows": rows,
        "rows_alone": alone,
        "asked": LINE * scheme.asked,
        "block_sums": scheme.block_sums,
        "gathered_at": scheme.gathered_at,
    }


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, compiled where new."""
    yield _driver("ci")
    yield _driver("co")
    yield from shared_parts()


def _driver(lying: str) -> int:
    """Return the address of the driver for filters whose input or output channels lie together."""
    return part(__package__, ".driver:convolve" if lying == "ci" else ".lines:run", 2)
