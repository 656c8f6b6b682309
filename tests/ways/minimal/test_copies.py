"""Outputs between cache lines, which are made in scratch and copied beside products."""

import numpy as np
import pytest

import conv3dt
from conv3dt._compiler import processor
from conv3dt._geometry.tuning import MACHINES
from conv3dt._ways.minimal import kernel
from conv3dt._ways.minimal.task import Copying, MinimalTask
from conv3dt._ways.minimal.tile import MinimalTile
from tests.helpers import plans
from tests.helpers.checks import THREADS
from tests.helpers.kernels import call, lanes_of

ROWS, COUNT, PITCH, LENGTH = 4, 3, 64, 6
KINDS = [("multiply", 1), ("multiply", 2), ("paired", 1), ("joined", 2), ("woven", 1)]
LINE = 16  # numbers of a cache line


def on_a_line(n, before=0):
    """Return zeros of which the first is so many behind a cache line."""
    room = np.zeros(n + 2 * LINE, np.float32)
    first = -room.ctypes.data // 4 % LINE + before
    return room[first : first + n]


@pytest.mark.parametrize("share", [0, 1, 2, 3, 5])
@pytest.mark.parametrize(("kind", "vectors"), KINDS)
def test_a_share_of_lines_with_each_tile(kind, vectors, share):
    """Rows of three lines, five numbers behind a line, go to where rows lie six lines apart."""
    lanes, joined = lanes_of("float32"), (3,) if kind in ("joined", "woven") else ()
    slots = 4 if joined else 1
    a = np.zeros((ROWS * COUNT, slots, PITCH // 4), np.float32)
    b, c = (np.zeros((n, vectors * lanes), np.float32) for n in (slots * LENGTH, 2 * len(a)))
    source, to = on_a_line(3 * 4 * LINE, 5), on_a_line(3 * 6 * LINE)
    source[:] = np.arange(1, 1 + len(source))
    state = np.zeros((MinimalTask.copying.offset - MinimalTask.stream.offset + Copying.SIZE) // 8)
    state = state.astype(np.int64)
    copying = Copying(state.ctypes.data + 8 * len(state) - Copying.SIZE)
    copying.source, copying.to, copying.share = source.ctypes.data, to.ctypes.data, share
    copying.lines, copying.row, copying.rows = 3, 3, 3
    copying.source_gap, copying.to_gap = 64, 3 * 64
    shape = kind, "float32", lanes, processor.machine().fused, ROWS, vectors
    tile = MinimalTile(*shape, pitch=PITCH, joined=joined, copies=True)
    at = (x.ctypes.data for x in (a, b, c))
    call(kernel.address(tile), (*at, LENGTH, COUNT, b.ctypes.data, state.ctypes.data))
    left, copied = [3, 3, 3], [0, 0, 0]
    for _ in range(COUNT):
        row = next((n for n in range(3) if left[n]), 2)
        lines = min(left[row], share)
        left[row], copied[row] = left[row] - lines, copied[row] + lines
    expected = np.zeros((3, 6, LINE), np.float32)
    for n, lines in enumerate(copied):
        expected[n, :lines] = source.reshape(3, 4, LINE)[n, :lines]
    np.testing.assert_array_equal(to.reshape(3, 6, LINE), expected)
    assert copying.rows == sum(n > 0 for n in left)
    assert copying.lines == next((n for n in left if n), 0)


@pytest.fixture(params=["this", "znver4"])
def streaming(request, monkeypatch):
    """All outputs go past the caches; with AVX-512, also where one product is made a cycle."""
    machine = processor.machine()
    if request.param != "this":
        if processor.host().isa != "avx512":
            pytest.skip("its vectors are not those of this processor")
        machine = MACHINES[request.param]
    machine = machine._replace(stream_from=0)
    monkeypatch.setattr(processor, "machine", lambda: machine)
    plans.forget()
    yield
    plans.forget()


# Kernel, stride, input and output channels, inputs along depth, height and width, padding.
LAYERS = [
    ((3, 1), (32, 32), (5, 9, 11), "SAME"),  # corners
    ((3, 1), (16, 16), (4, 8, 33), "SAME"),
    ((3, 1), (16, 24), (4, 7, 9), "VALID"),  # positions are parts of lines
    ((4, 2), (32, 32), (5, 6, 9), "SAME"),
    ((4, 2), (32, 80), (3, 4, 7), "VALID"),  # blocks of different widths
    ((4, 2), (32, 24), (3, 5, 5), "SAME"),  # rows begin at different places in a line: not copied
    ((4, 2), (32, 24), (3, 5, 4), "SAME"),
    ((3, 1), (16, 1), (4, 3, 4), "SAME"),  # rows have no line
    ((3, 2), (32, 16), (6, 5, 9), "SAME"),
    ((5, 2), (32, 32), (3, 40, 8), "SAME"),  # several blocks of rows
]


def between_lines(shape, dtype, offset):
    """Return an array so many numbers behind a cache line, and all that lies around it."""
    size = int(np.prod(shape))
    room = np.full(size + 256, 7, dtype)
    first = -room.ctypes.data // room.itemsize % (64 // room.itemsize) + 64 + offset
    return room[first : first + size].reshape(shape), (room[:first], room[first + size :])


CASES = [(layer, "float32") for layer in LAYERS]
CASES += [(layer, dtype) for layer in LAYERS[2:4] for dtype in ("float64", "float16")]


@pytest.mark.parametrize(("layer", "dtype"), CASES, ids=str)
def test_outputs_between_lines(streaming, layer, dtype):
    (k, s), (ci, co), space, padding = layer
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, (2, *space, ci)).astype(dtype)
    w = rng.integers(-1, 2, (k, k, k, co, ci)).astype(dtype)
    bias = rng.integers(-2, 3, co).astype(dtype)
    i_shape = [n * s if padding == "SAME" else (n - 1) * s + k for n in space]
    given = x, w, (2, *i_shape, co), s, padding
    how = {"bias": bias, "activation": "relu"}
    expected = conv3dt.conv3d_transpose(*given, **how, algorithm="direct")
    scheme = conv3dt.explain(x, w, *given[2:], algorithm="minimal").scheme
    alike = s == 1 or i_shape[2] * co * x.itemsize * s % 64 == 0
    assert (scheme.made_bytes > 0) == alike
    for offset, threads in ((0, 1), (1, 1), (4, THREADS[-1]), (15, 1)):
        out, around = between_lines(expected.shape, dtype, offset)
        how |= {"out": out, "threads": threads, "algorithm": "minimal"}
        conv3dt.conv3d_transpose(*given, **how)
        np.testing.assert_array_equal(out, expected)
        assert all((x == 7).all() for x in around), "wrote beyond the output"


@pytest.mark.parametrize("k", [3, 4])
def test_no_bit_depends_on_where_outputs_lie(streaming, k):
    """Corners are written after what is copied."""
    rng = np.random.default_rng(0)
    shapes = (1, 5, 9, 11, 32), (k, k, k, 32, 32)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    shape = tuple(n * (k - 2) for n in x.shape[1:4])
    expected, out = (between_lines((1, *shape, 32), "float32", offset)[0] for offset in (0, 4))
    for y in (expected, out):
        how = {"algorithm": "minimal", "out": y, "threads": 1}
        conv3dt.conv3d_transpose(x, w, y.shape, k - 2, **how)
    np.testing.assert_array_equal(out, expected)


def test_numbers_that_are_not_finite_are_found(streaming):
    x, w = np.ones((1, 3, 4, 8, 32), np.float32), np.ones((3, 3, 3, 32, 32), np.float32)
    x[0, 1, 2, 3, 4] = np.inf
    expected = conv3dt.conv3d_transpose(x, w, x.shape, 1, algorithm="direct")
    out, _ = between_lines(x.shape, "float32", 4)
    conv3dt.conv3d_transpose(x, w, x.shape, 1, algorithm="minimal", out=out)
    np.testing.assert_array_equal(out, expected)
