"""Whole calls as values: how one is drawn, the arrays that belong to it, and what must come out.

`pick` stands for the source of chance: it takes a sequence and returns one of its elements, the
first being the simplest. Hypothesis and a seeded generator both fit.
"""

import math
import os
from typing import NamedTuple

import ml_dtypes  # noqa: F401 - registers bfloat16 with NumPy
import numpy as np

from tests.helpers import oracle

DTYPES = ("float32", "float64", "float16", "bfloat16")
FORMATS = ("NDHWC", "NCDHW")
LAYOUTS = ("C", "F", "permuted", "reversed", "sliced", "read-only", "big-endian", "unaligned")
ACTIVATIONS = (
    None,
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "sigmoid",
    "tanh",
    "gelu",
    "swish",
)
CHANNELS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 35)
EXTENTS = (*range(1, 10), *range(2, 10), 0)  # empty is worth a try, not a third of them
WIDTHS = (*EXTENTS, 13, 14, 15, 27, 28, 29)  # a tile has up to 28 rows
MOST_WORK = 1_000_000  # multiplications in one call, to keep the slow reference fast


class Axis(NamedTuple):
    i: int
    k: int
    s: int
    d: int
    o: int


class Case(NamedTuple):
    axes: tuple[Axis, Axis, Axis]
    n: int
    ci: int
    co: int
    padding: str
    data_format: str
    dtype: str
    value_layout: str
    filters_layout: str
    bias: bool
    activation: str | None
    out: bool
    threads: int | None
    spelling: str
    seed: int
    forward: bool = False  # the forward convolution: from the extents o, and co, to i and ci
    algorithm: str | None = os.environ.get("CONV3DT_ALGORITHM")


def per_axis(case, letter):
    """One letter of all three axes: strides are per_axis(case, "s")."""
    return tuple(getattr(axis, letter) for axis in case.axes)


def tensor_shape(n, extents, channels, data_format):
    return (n, *extents, channels) if data_format == "NDHWC" else (n, channels, *extents)


# ---- drawing -------------------------------------------------------------------------------------


def draw_axis(pick, padding, work, extents=EXTENTS):
    """One axis whose taps and input positions keep `work` within reason."""
    s, d = pick(range(1, 5)), pick((1, 1, 2, 3))
    k = pick([x for x in range(1, 6) if work * x <= MOST_WORK] or [1])
    i = pick([x for x in extents if work * k * x <= MOST_WORK] or [1])
    return Axis(i, k, s, d, pick(oracle.legal_lengths(i, k, s, d, padding)))


def draw_case(pick, threads=(None, 1)):
    """One legal call with every option drawn."""
    n, ci, co, padding = pick((1, 2, 3)), pick(CHANNELS), pick(CHANNELS), pick(("SAME", "VALID"))
    axes, work = [], n * ci * co
    for extents in (EXTENTS, EXTENTS, WIDTHS):
        axes.append(draw_axis(pick, padding, work, extents))
        work *= max(1, axes[-1].i * axes[-1].k)
    return Case(
        axes=tuple(axes),
        n=n,
        ci=ci,
        co=co,
        padding=padding,
        data_format=pick(FORMATS),
        dtype=pick(DTYPES),
        value_layout=pick(LAYOUTS),
        filters_layout=pick(LAYOUTS),
        bias=pick((False, True)),
        activation=pick((None, None, *ACTIVATIONS)),
        out=pick((False, True)),
        threads=pick(threads),
        spelling=pick(("three", "five", "int")),
        seed=pick(range(2**16)),
    )


def redraw(case, pick, threads=(None, 1)):
    """Another call with the same height, width and channels, which compiled kernels depend on."""
    _, height, width = case.axes
    work = case.n * case.ci * case.co * height.i * height.k * width.i * width.k
    other = draw_case(pick, threads)
    return case._replace(
        axes=(draw_axis(pick, case.padding, work), height, width),
        value_layout=other.value_layout,
        filters_layout=other.filters_layout,
        bias=other.bias,
        out=other.out,
        threads=other.threads,
        spelling=other.spelling,
        seed=other.seed,
    )


# ---- arrays --------------------------------------------------------------------------------------


def relayout(array, layout):
    """The same numbers laid out differently in memory; whatever lies between them is NaN."""
    backwards, every_other = (slice(None, None, -1),), (slice(1, None, 2),)
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "permuted":
        place = min(1, array.ndim - 1)  # the channels lie as in the other data format
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, place)), place, -1)
    if layout == "reversed":
        return array[backwards * array.ndim].copy()[backwards * array.ndim]
    if layout == "sliced":
        larger = np.full([2 * x + 1 for x in array.shape], np.nan, array.dtype)
        view = larger[every_other * array.ndim]
    elif layout == "unaligned":
        view = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    elif layout == "big-endian" and array.dtype.name != "bfloat16":
        view = np.empty(array.shape, array.dtype.newbyteorder(">"))
    else:
        view = np.empty_like(array)
    view[...] = array
    view.flags.writeable = layout != "read-only"
    return view


def integers(rng, shape, dtype):
    """Integers so small that their sums are exact in float32; smaller for the types of few bits."""
    most = 1 if dtype in ("float16", "bfloat16") else 3
    return rng.integers(-most, most + 1, shape).astype(dtype)


def normals(rng, shape, dtype):
    return rng.standard_normal(shape).astype(dtype)


def arrays(case, numbers=normals):
    """Value, filters and bias (or None) of a case; the same ones every time."""
    rng = np.random.default_rng(case.seed)
    value = numbers(rng, shapes(case)[0], case.dtype)
    filters = numbers(rng, (*per_axis(case, "k"), case.co, case.ci), case.dtype)
    made = case.ci if case.forward else case.co
    bias = numbers(rng, (made,), case.dtype) if case.bias else None
    return relayout(value, case.value_layout), relayout(filters, case.filters_layout), bias


# ---- calling and expecting -----------------------------------------------------------------------


def spelled(numbers, spelling, data_format):
    """Strides or dilations in one of the documented spellings."""
    if spelling == "five":
        return list(tensor_shape(1, numbers, 1, data_format))
    return numbers[0] if spelling == "int" and len(set(numbers)) == 1 else numbers


def shapes(case):
    """The shapes of value and result."""
    of_i = tensor_shape(case.n, per_axis(case, "i"), case.ci, case.data_format)
    of_o = tensor_shape(case.n, per_axis(case, "o"), case.co, case.data_format)
    return (of_o, of_i) if case.forward else (of_i, of_o)


def output_shape(case):
    return shapes(case)[1]


def guarded(shape, dtype, margin=37):
    """A NaN-filled C-contiguous array and the buffer around it, whose margins nobody may write."""
    size = math.prod(shape)
    buffer = np.full(size + 2 * margin, np.nan, dtype)
    return buffer[margin : margin + size].reshape(shape), buffer


def call(function, case, value, filters, bias):
    """Make the call; `out`, if any, must come back and its margins must stay as they were."""
    out, buffer = guarded(output_shape(case), case.dtype) if case.out else (None, None)
    result = function(
        value,
        filters,
        *([] if case.forward else [output_shape(case)]),
        spelled(per_axis(case, "s"), case.spelling, case.data_format),
        case.padding,
        case.data_format,
        spelled(per_axis(case, "d"), case.spelling, case.data_format),
        bias=bias,
        activation=case.activation,
        out=out,
        threads=case.threads,
        algorithm=case.algorithm,
    )
    if case.out:
        assert result is out, "the result is not `out`"
        margins = np.r_[buffer[:37], buffer[buffer.size - 37 :]].astype(np.float64)
        assert np.isnan(margins).all(), "wrote outside `out`"
    assert result.flags.c_contiguous, "the result is not C-contiguous"
    return result


def definition(case):
    """The operation of the oracle, and how it is called after the arrays."""
    operation = oracle.conv3d if case.forward else oracle.conv3d_transpose
    where = (output_shape(case), per_axis(case, "s"), case.padding, per_axis(case, "d"))
    return operation, (*where, case.data_format)


def exact(case, value, filters, bias):
    """The result as good as exact."""
    operation, how = definition(case)
    return oracle.activate(operation(value, filters, *how, bias), case.activation)


def expected(case, value, filters, bias):
    """The result as good as exact, and the magnitudes that rounding errors are measured by."""
    operation, how = definition(case)
    magnitude = oracle.magnitude(value, filters, *how, bias=bias, operation=operation)
    if case.algorithm == "minimal" and case.dtype in ("float32", "float64"):
        magnitude = greatest(case, magnitude)
    return exact(case, value, filters, bias), magnitude


def greatest(case, magnitude):
    """The greatest magnitude of an image and channel, wherever any product reaches an output.

    Minimal filtering makes an output of products that it shares with its neighbours, and rounds
    them: where neighbours are large, so is its error (20 units of its own magnitude have been
    seen). Of these magnitudes it makes no more than the definition's sums.
    """
    space = (1, 2, 3) if case.data_format == "NDHWC" else (2, 3, 4)
    return np.where(magnitude > 0, magnitude.max(axis=space, keepdims=True, initial=0), 0)
