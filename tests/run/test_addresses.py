"""Outputs that begin anywhere: the same bits, and nothing written beside them."""

from typing import NamedTuple

import numpy as np
import pytest

from conv3dt._call.arguments import as_call
from conv3dt._compiler import processor
from conv3dt._run import run
from tests.helpers.checks import THREADS
from tests.helpers.layers import expected, integers

LINE = 64


class Case(NamedTuple):
    """A layer by shapes, the way that computes it, and what of its outputs is made apart."""

    x: tuple[int, ...]
    w: tuple[int, ...]
    s: int
    way: str
    made: str
    apart: bool = False
    missing: int = 0  # outputs of the natural length along each axis


CASES = {
    "runs of whole vectors": Case((2, 3, 4, 19, 5), (3, 3, 3, 32, 5), 1, "channels", "seams"),
    "of four vectors": Case((1, 3, 5, 9, 5), (2, 2, 2, 32, 5), 2, "channels", "seams"),
    "tiles without taps": Case((1, 3, 4, 9, 5), (1, 1, 1, 16, 5), 1, "channels", "seams"),
    "phases that take turns": Case((2, 3, 5, 17, 5), (3, 3, 3, 32, 5), 2, "channels", "lines"),
    "an odd end": Case((1, 3, 5, 9, 5), (3, 3, 3, 16, 5), 2, "channels", "lines", missing=1),
    "several blocks": Case((1, 5, 8, 9, 5), (3, 3, 3, 80, 5), 2, "channels", "lines"),
    "half a vector last": Case((1, 3, 4, 9, 5), (2, 2, 2, 40, 5), 3, "channels", "lines"),
    "wide, channels apart": Case((2, 3, 5, 33, 5), (3, 3, 3, 5, 5), 1, "wide", "", True),
    "wide, of two phases": Case((2, 3, 5, 33, 5), (3, 3, 3, 5, 5), 2, "wide", "", True),
    "wide, an odd end": Case((1, 3, 5, 33, 5), (2, 2, 2, 7, 5), 2, "wide", "", True, missing=1),
    "wide, of two rows": Case((1, 3, 5, 33, 5), (2, 2, 2, 3, 5), 2, "wide", "", True, missing=1),
    "wide, rows below tiles": Case((2, 3, 9, 19, 5), (2, 2, 2, 4, 5), 2, "wide", "", True),
    "wide, short rows": Case((1, 3, 5, 17, 5), (3, 3, 3, 3, 5), 1, "wide", "", True),
    "wide, channels together": Case((1, 3, 5, 33, 5), (3, 3, 3, 7, 5), 2, "wide", ""),
    "folded, channels together": Case((2, 3, 5, 33, 5), (3, 3, 3, 3, 5), 2, "fold", "rows"),
    "folded, an odd end": Case((1, 3, 5, 17, 5), (4, 4, 4, 2, 5), 2, "fold", "rows", missing=1),
    "folded, channels apart": Case((2, 3, 5, 33, 5), (3, 3, 3, 11, 5), 2, "fold", "rows", True),
    "folded, planes without taps": Case((1, 2, 3, 17, 5), (1, 1, 3, 2, 5), 3, "fold", "rows"),
    "folded, rows below a line": Case((1, 3, 4, 5, 5), (2, 2, 2, 1, 5), 2, "fold", ""),
}
NAMES = {
    "channels": "channels: width",
    "wide": "wide: width, in the lanes",
    "fold": "fold: width of the input, in the lanes",
}


def at(memory, residue, shape, dtype):
    """Return an array in memory that begins `residue` bytes behind a cache line."""
    start = LINE - memory.ctypes.data % LINE + residue
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return memory[start:][:size].view(dtype).reshape(shape), np.s_[start : start + size]


@pytest.mark.usefixtures("streaming")
@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("name", CASES)
def test_outputs_that_begin_anywhere(name, dtype, threads):
    case = CASES[name]
    x, w = integers(case.x, dtype), integers(case.w, dtype, seed=1)
    bias = integers(case.w[3], dtype, seed=2)
    space = [i * case.s - case.missing for i in case.x[1:4]]
    output, data_format = (case.x[0], *space, case.w[3]), "NDHWC"
    if case.apart:
        x = np.ascontiguousarray(np.moveaxis(x, 4, 1))
        output, data_format = (case.x[0], case.w[3], *space), "NCDHW"
    options = output, case.s, "SAME", data_format, 1
    wanted = expected(x, w, output, case.s, data_format=data_format)
    wanted = wanted + bias.reshape((-1, 1, 1, 1) if case.apart else -1)
    memory = np.empty(wanted.nbytes + 4 * LINE, np.uint8)
    for residue in range(0, LINE, x.itemsize if x.itemsize > 2 else 6):
        memory[:] = 7
        out, place = at(memory, residue, output, dtype)
        call = as_call("conv3d_transpose", x, w, *options, bias=bias, out=out, threads=threads)
        run.run(call, way=NAMES[case.way])
        np.testing.assert_array_equal(out, wanted)
        assert (np.delete(memory, place) == 7).all(), f"wrote beyond the output at {residue}"
    # Of two threads each may have some of several blocks.
    if dtype == "float32" and threads == 1 and processor.host().isa == "avx512":
        scheme = run.plan_of(call, NAMES[case.way]).scheme
        whole = {"wide": "seamed", "fold": "made"}.get(case.way)
        made = getattr(scheme, whole) if whole else scheme.made.what
        assert made == (case.made if whole is None else case.way == "wide" or case.made == "rows")
