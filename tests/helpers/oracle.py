"""What 3-D convolution is, transposed and forward, each written down twice, however slow.

Imports numpy only, and formulas that do. The letters are those of the library: n batch, i input
length, o output length, k kernel, s stride, d dilation, p rows cropped in front; one product goes
from input index `a` through tap `b` to output index `a*s + b*d - p`. Inside, arrays are NDHWC.
"""

import itertools

import numpy as np

from tests.helpers.activation_formulas import FORMULAS, SLOPE

WIDE = {"float64": np.longdouble}  # type of sums that count as exact; float64 for narrower types
PRECISION = {  # bits after the leading one, smallest normal exponent
    "float16": (10, -14),
    "bfloat16": (7, -126),
    "float32": (23, -126),
    "float64": (52, -1022),
}
ACCUMULATOR = {"float16": "float32", "bfloat16": "float32"}


# ---- one axis, by counting -----------------------------------------------------------------------


def windows(length, k, s, d):
    """Count where a dilated kernel fits when it moves over `length` rows in steps of s."""
    last_tap = (k - 1) * d
    return sum(1 for start in range(0, length, s) if start + last_tap < length)


def forward_length(o, k, s, d, padding):
    """Length that the forward convolution makes of o; negative when VALID has no such length."""
    if padding == "SAME":
        return len(range(0, o, s))
    span = (k - 1) * d + 1 if k else 0
    return windows(o, k, s, d) if k and o >= span else (o - span + s) // s


def legal_lengths(i, k, s, d, padding):
    """Every output length that the forward convolution maps to i."""
    candidates = range((i + 1) * s + (k - 1) * d + 2)
    return [o for o in candidates if forward_length(o, k, s, d, padding) == i]


def front_crop(i, k, s, d, o, padding):
    """Rows cut in front: SAME pads the least that lets i windows fit, the smaller half in front."""
    if padding == "VALID":
        return 0
    return next(pad for pad in itertools.count() if windows(o + pad, k, s, d) >= i) // 2


def reach(i, b, s, d, p, o):
    """Slices of input and output rows that tap b connects."""
    targets = np.arange(i) * s + b * d - p
    inside = np.flatnonzero((targets >= 0) & (targets < o))
    if not inside.size:
        return slice(0, 0), slice(0, 0)
    first, last = inside[0], inside[-1]
    return slice(first, last + 1), slice(targets[first], targets[last] + 1, s)


def zeros_inserted(x, axis, k, s, d, p, o):
    """Spread the rows of an axis s apart among zeros: window o of the kernel is output o."""
    x = np.moveaxis(x, axis, 0)
    span = (k - 1) * d + 1
    places = np.arange(x.shape[0]) * s + span - 1 - p
    inside = (places >= 0) & (places < o + span)
    spread = np.zeros((o + span, *x.shape[1:]), x.dtype)
    spread[places[inside]] = x[inside]
    return np.moveaxis(spread, 0, axis)


# ---- arrays --------------------------------------------------------------------------------------


def wide(array):
    """The array in the type in which its sums of products are as good as exact."""
    array = np.asarray(array)
    return array.astype(np.float64).astype(WIDE.get(array.dtype.name, np.float64))


def channels_last(array, data_format):
    return array if data_format == "NDHWC" else np.moveaxis(array, 1, -1)


def channels_as(array, data_format):
    return array if data_format == "NDHWC" else np.moveaxis(array, -1, 1)


def extents(shape, data_format):
    """Depth, height and width of a 5-D shape."""
    return tuple(shape[1:4] if data_format == "NDHWC" else shape[2:5])


def axes_k_s_d_p_o(i, k, s, d, o, padding):
    """What there is to know about each of the three axes, the crop found by counting."""
    each = list(zip(i, k, s, d, o, strict=True))
    crops = [front_crop(*axis, padding) for axis in each]
    return [(kk, ss, dd, p, oo) for (_, kk, ss, dd, oo), p in zip(each, crops, strict=True)]


# ---- the operation -------------------------------------------------------------------------------


def connections(i, axes):
    """Yield each tap, and the rows of inputs and of outputs that it connects, if there are any."""
    each = [
        [(b, *reach(rows, b, s, d, p, o)) for b in range(k)]
        for rows, (k, s, d, p, o) in zip(i, axes, strict=True)
    ]
    for on_axes in itertools.product(*each):
        tap, inputs, outputs = zip(*on_axes, strict=True)
        if all(rows.stop > rows.start for rows in inputs):
            yield tap, (slice(None), *inputs), (slice(None), *outputs)


def scatter(x, w, axes):
    """Add x[a] * w[b] to y[a*s + b*d - p], for all rows at once."""
    y = np.zeros((x.shape[0], *(o for *_, o in axes), w.shape[3]), x.dtype)
    for tap, inputs, outputs in connections(x.shape[1:4], axes):
        y[outputs] += x[inputs] @ w[tap].T
    return y


def correlate(x, w, axes):
    """Zeros between the inputs, zeros around, correlation with the flipped kernel.

    For finite numbers only, because the inserted zeros are multiplied.
    """
    for number, axis in enumerate(axes, start=1):
        x = zeros_inserted(x, number, *axis)
    spans = [(k - 1) * d + 1 for k, _, d, _, _ in axes]
    views = np.lib.stride_tricks.sliding_window_view(x, spans, axis=(1, 2, 3))
    taps = tuple(slice(None, None, d) for _, _, d, _, _ in axes)
    kept = tuple(slice(o) for *_, o in axes)
    views = views[(slice(None), *kept, slice(None), *taps)]
    return np.einsum("ndhwiabc,abcoi->ndhwo", views, w[::-1, ::-1, ::-1], optimize=True)


def conv3d_transpose(
    value,
    filters,
    output_shape,
    strides,
    padding="SAME",
    dilations=(1, 1, 1),
    data_format="NDHWC",
    bias=None,
    method=scatter,
):
    """The whole operation in wide numbers; takes three strides and three dilations."""
    x, w = channels_last(wide(value), data_format), wide(filters)
    o = extents(output_shape, data_format)
    axes = axes_k_s_d_p_o(x.shape[1:4], w.shape[:3], strides, dilations, o, padding)
    with np.errstate(all="ignore"):  # infinities and NaNs are part of some tests
        y = method(x, w, axes)
        y = y if bias is None else y + wide(bias)
    return channels_as(y, data_format)


def gather(y, w, axes, i):
    """Add y[a*s + b*d - p] @ w[b] to x[a], for all rows at once."""
    x = np.zeros((y.shape[0], *i, w.shape[4]), y.dtype)
    for tap, inputs, outputs in connections(i, axes):
        x[inputs] += y[outputs] @ w[tap]
    return x


def slide(y, w, axes, i):
    """Zeros around, every s-th window. For finite numbers only, because zeros are multiplied."""
    pads = [(p, rows * s + k * d) for (k, s, d, p, _), rows in zip(axes, i, strict=True)]
    y = np.pad(y, ((0, 0), *pads, (0, 0)))
    x = np.zeros((y.shape[0], *i, w.shape[4]), y.dtype)
    for tap in np.ndindex(*w.shape[:3]):
        rows = [
            slice(b * d, b * d + rows * s, s)
            for b, rows, (_, s, d, _, _) in zip(tap, i, axes, strict=True)
        ]
        x += y[(slice(None), *rows)] @ w[tap]
    return x


def conv3d(
    image,
    filters,
    result_shape,
    strides,
    padding,
    dilations=(1, 1, 1),
    data_format="NDHWC",
    bias=None,
    method=gather,
):
    """The forward convolution, whose adjoint conv3d_transpose is; makes `result_shape`."""
    y, w = channels_last(wide(image), data_format), wide(filters)
    i = extents(result_shape, data_format)
    axes = axes_k_s_d_p_o(i, w.shape[:3], strides, dilations, y.shape[1:4], padding)
    with np.errstate(all="ignore"):
        x = method(y, w, axes, i)
        x = x if bias is None else x + wide(bias)
    return channels_as(x, data_format)


def collect(y, x, axes, k):
    """Add y[a*s + b*d - p] times x[a] to w[b], for all rows at once."""
    w = np.zeros((*k, y.shape[4], x.shape[4]), y.dtype)
    for tap, small, big in connections(x.shape[1:4], axes):
        w[tap] += np.einsum("ndhwb,ndhws->bs", y[big], x[small])
    return w


def filter_gradient(
    image, filter_sizes, result, strides, padding, dilations=(1, 1, 1), data_format="NDHWC"
):
    """The gradient of the forward convolution's filters, in wide numbers."""
    y, x = (channels_last(wide(array), data_format) for array in (image, result))
    i, k = x.shape[1:4], tuple(filter_sizes[:3])
    axes = axes_k_s_d_p_o(i, k, strides, dilations, y.shape[1:4], padding)
    with np.errstate(all="ignore"):
        return collect(y, x, axes, k)


def magnitude(value, filters, *where, bias=None, operation=conv3d_transpose, **how):
    """Sum of the absolute products and bias of each output: what its errors are measured by."""
    bias = None if bias is None else np.abs(bias)
    return operation(np.abs(value), np.abs(filters), *where, bias=bias, **how)


def activate(x, activation):
    """The activations of the library, on wide numbers; a NaN stays one."""
    with np.errstate(all="ignore"):
        return FORMULAS[activation](x)


# ---- comparing -----------------------------------------------------------------------------------


def spacing(x, dtype):
    """Distance between neighbours of |x| in a type."""
    bits, least = PRECISION[dtype]
    x = np.asarray(x)
    exponent = np.where(x == 0, least, np.maximum(np.frexp(x)[1] - 1, least))
    return np.ldexp(x.dtype.type(1), exponent - bits)


def ulp(x, dtype):
    """Unit in the last place of |x|, eps*|x| for normal numbers; 0 at 0: nothing is rounded."""
    bits, least = PRECISION[dtype]
    x = np.abs(np.asarray(x))
    return np.where(x == 0, 0, np.maximum(x, 2.0**least) * 2.0**-bits)


def errors_in_ulps(actual, expected, magnitude, dtype, activation=None):
    """How many units each output is off; infinite where NaN, infinity or overflow do not match.

    One unit is an ulp of the magnitude in the accumulator's type times the activation's largest
    slope, plus an ulp of the result when an activation made it. Half the spacing of a half type,
    which storing costs, is free.
    """
    given = np.asarray(actual).astype(np.float64).astype(expected.dtype)
    accumulator = ACCUMULATOR.get(dtype, dtype)
    with np.errstate(all="ignore"):
        stored = expected.astype(np.float64).astype(dtype).astype(np.float64)
        unit = SLOPE.get(activation, 1) * ulp(magnitude, accumulator)
        if activation not in (None, "linear"):
            unit = unit + ulp(expected, accumulator)
        free = 0 if accumulator == dtype else spacing(expected, dtype) / 2
        excess = np.maximum(np.abs(given - expected) - free, 0)
        units = np.where(excess == 0, 0, excess / unit)
    same = (given == stored) | (np.isnan(given) & np.isnan(expected))
    return np.where(same, 0, np.where(np.isfinite(units), units, np.inf)).astype(np.float64)


def assert_close(actual, expected, magnitude, dtype, ulps=4, activation=None):
    """Fail unless every output is within `ulps` units of what is expected (see errors_in_ulps)."""
    actual = np.asarray(actual)
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    assert actual.dtype == np.dtype(dtype), f"dtype {actual.dtype}, expected {dtype}"
    errors = errors_in_ulps(actual, expected, magnitude, dtype, activation)
    if errors.size and errors.max() > ulps:
        worst = np.unravel_index(errors.argmax(), errors.shape)
        raise AssertionError(
            f"{errors[worst]:.3g} ulps off at {tuple(map(int, worst))}: got {actual[worst]!s},"
            f" expected {expected[worst]!s}; {np.count_nonzero(errors > ulps)} of {errors.size}"
            f" outputs are more than {ulps} ulps off"
        )
