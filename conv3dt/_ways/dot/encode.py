"""How the dot way's scheme fills its records, and which parts of the driver it needs."""

from collections.abc import Iterator

import numpy as np

from ..._compiler.drivers import part
from ..._geometry.storages import STORAGES, as_they_are
from ..shared.blocked import LINE, in_lines
from ..shared.encode import Kernels, fill_blocked, output_steps, shared_parts
from ..shared.scheme import Encoded
from .cost import most_rows
from .lines_scheme import LinesScheme
from .records import DotParams, Turning
from .scheme import DotScheme
from .turned import CI, CO, step_of

__all__ = ["encoded", "parts"]


def encoded(scheme: DotScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    from .kernel import address

    kernels = {(kind, outer, inner): address(tile) for kind, outer, inner, tile in scheme.tiles()}
    finish = np.array([address(tile) for tile in scheme.finishes], np.int64)
    params = DotParams.zeros()
    kept = fill_blocked(params, scheme, output_steps(scheme), kernels)
    _fill_turning(params.turning, scheme)
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
        "rows": rows,
        "rows_alone": alone,
        "asked": LINE * scheme.asked,
        "block_sums": scheme.block_sums,
        "gathered_at": scheme.gathered_at,
    }


def _fill_turning(record: Turning, scheme: DotScheme) -> None:
    """Fill how filters are turned, if they are."""
    runs, item, line = scheme.runs, scheme.layer.storage.item, scheme.line_bytes
    if runs is None:
        return
    near, r = scheme.near, scheme.layer.request
    kd, kh, kw, co, ci = (item if a == near else n * line for a, n in enumerate(runs.lines))
    record.lying.fill(co=co, ci=ci, kd=kd, kh=kh, kw=kw)
    record.fill(
        turn=_turner(scheme.layer.request.dtype),
        at=scheme.made_at + in_lines(scheme.sums_bytes),
        first=item * runs.first,
        before=runs.before * line,
        rows=r.ci if near == CI else 0,
        rows_co=near == CO,
        row_step=item * step_of((*r.k, r.co, r.ci), scheme.turned, near),
        runs=runs.runs,
        runs_co=runs.runs_co,
        run_step=item * runs.run_step,
        run_lines=runs.run_lines,
        run=runs.run,
        run_co=runs.run_co,
        line=line,
    )


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, compiled where new."""
    yield _driver("ci")
    yield _driver("co")
    yield from map(_turner, STORAGES)
    yield from shared_parts()


def _driver(lying: str) -> int:
    """Return the address of the driver for filters whose input or output channels lie together."""
    return part(__package__, ".driver:convolve" if lying == "ci" else ".lines:run", 2)


def _turner(storage: str) -> int:
    """Return the address of what turns filters of a type."""
    name = as_they_are(storage)
    return part(__package__, ".panels:turn_filters", 4, storage=name)
