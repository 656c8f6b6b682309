"""Groups of channels: against the definition of each group, and with its bits whatever else."""

import itertools
import random

import numpy as np
import pytest

import conv3dt
from tests.helpers import cases, oracle, regions

# Groups, input and output channels: depthwise, with a multiplier, a few channels, whole vectors.
CHANNELS = [
    (16, 16, 16), (3, 3, 3), (37, 37, 37), (5, 5, 15), (20, 20, 40), (2, 4, 6), (4, 8, 8),
    (6, 12, 6), (8, 24, 8), (2, 32, 64), (3, 51, 48), (9, 18, 27), (5, 20, 5),
]  # fmt: skip


def axis_of(data_format):
    return 4 if data_format == "NDHWC" else 1


def arrays(rng, channels, k, data_format, dtype, forward, space=(4, 5, 9)):
    """Input and filters of small integers."""
    groups, ci, co = channels
    value = cases.integers(rng, cases.tensor_shape(2, space, ci, data_format), dtype)
    of_group = (ci // groups, co) if forward else (co // groups, ci)
    return value, cases.integers(rng, (k, k, k, *of_group), dtype)


def natural(value, co, k, s, d, data_format, padding="SAME"):
    extents = oracle.extents(value.shape, data_format)
    o = [
        max(i * s, (i - 1) * s + (k - 1) * d + 1) if padding == "VALID" else i * s for i in extents
    ]
    return cases.tensor_shape(value.shape[0], o, co, data_format)


def definition(forward, value, filters, groups, shape, s, padding, d, data_format, bias=None):
    """The definition of each group alone, side by side."""
    axis = axis_of(data_format)
    operation = oracle.conv3d if forward else oracle.conv3d_transpose
    shape = list(shape)
    shape[axis] //= groups
    biases = [None] * groups if bias is None else np.split(bias, groups)
    found = [
        operation(x, w, shape, (s,) * 3, padding, (d,) * 3, data_format, b)
        for x, w, b in zip(
            np.split(value, groups, axis), np.split(filters, groups, 4), biases, strict=True
        )
    ]
    return np.concatenate(found, axis)


def equal(actual, expected):
    np.testing.assert_array_equal(actual.astype(np.float64), expected.astype(np.float64))


@pytest.mark.parametrize("channels", CHANNELS, ids=str)
@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
@pytest.mark.parametrize(("k", "s", "d"), [(3, 1, 1), (3, 2, 1), (2, 3, 1), (3, 2, 2), (1, 1, 1)])
def test_each_group_is_a_convolution(channels, data_format, k, s, d):
    rng = np.random.default_rng(0)
    groups, _, co = channels
    for forward, padding in itertools.product((True, False), ("SAME", "VALID")):
        space = (6, 7, 11) if forward else (4, 5, 9)
        value, filters = arrays(rng, channels, k, data_format, "float32", forward, space)
        bias = cases.integers(rng, co, "float32")
        how = (s, padding, data_format, d)
        if forward:
            y = conv3dt.conv3d(value, filters, *how, bias=bias, groups=groups)
            assert conv3dt.explain_conv3d(value, filters, *how, groups=groups).flops > 0
        else:
            shape = natural(value, co, k, s, d, data_format, padding)
            y = conv3dt.conv3d_transpose(value, filters, shape, *how, bias=bias, groups=groups)
            again = conv3dt.prepare(filters, *how, bias=bias, groups=groups)
            for _ in range(2):
                np.testing.assert_array_equal(again(value, shape), y)
        equal(
            y,
            definition(forward, value, filters, groups, y.shape, s, padding, d, data_format, bias),
        )


@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("channels", [(16, 16, 16), (24, 24, 48), (4, 16, 8), (2, 34, 32)], ids=str)
@pytest.mark.parametrize("layout", ["C", "permuted", "sliced", "unaligned", "big-endian"])
def test_types_and_layouts(dtype, channels, layout):
    rng = np.random.default_rng(1)
    for data_format in ("NDHWC", "NCDHW"):
        value, filters = arrays(rng, channels, 3, data_format, dtype, True)
        expected = definition(
            True, value, filters, channels[0], natural(value, channels[2], 3, 1, 1, data_format),
            1, "SAME", 1, data_format,
        )  # fmt: skip
        given = cases.relayout(value, layout), cases.relayout(filters, layout)
        y = conv3dt.conv3d(
            *given, 1, "SAME", data_format, groups=channels[0], activation="relu", threads=1
        )
        assert y.dtype == np.dtype(dtype)
        equal(y, np.maximum(expected, 0).astype(dtype))


@pytest.mark.parametrize("width", [1, 2, 11, 12, 13, 24, 25, 63])
@pytest.mark.parametrize(
    ("k", "s"), [(3, 1), (5, 1), (7, 1), (3, 2), (5, 2), (7, 2), (16, 1), (17, 1)]
)
def test_depthwise_widths(width, k, s):
    rng = np.random.default_rng(2)
    for forward, channels in itertools.product((True, False), ((17, 17, 17), (3, 3, 6))):
        groups, ci, co = channels
        value = cases.integers(rng, (1, 3, 4, width, ci), "float32")
        of_group = (1, co) if forward else (co // groups, ci)
        filters = cases.integers(rng, (2, 3, k, *of_group), "float32")
        o = [-(-i // s) if forward else i * s for i in value.shape[1:4]]
        out = cases.guarded((1, *o, co), "float32")[0]
        if forward:
            y = conv3dt.conv3d(value, filters, s, "SAME", out=out, groups=groups)
        else:
            y = conv3dt.conv3d_transpose(value, filters, out.shape, s, out=out, groups=groups)
        assert y is out
        equal(y, definition(forward, value, filters, groups, y.shape, s, "SAME", 1, "NDHWC"))


def drawn(seed):
    """A call of either kind with normal numbers: function, value, filters, rest, options."""
    rng, pick = np.random.default_rng(seed), random.Random(seed).choice
    channels, forward = pick([*CHANNELS, (32, 32, 32)]), pick((True, False))
    k, s, d, data_format = pick((1, 2, 3, 5)), pick((1, 2)), pick((1, 1, 2)), pick(cases.FORMATS)
    space = (pick((1, 3, 8, 13)), pick((1, 3, 8, 13)), pick((5, 16, 31)))
    shapes = arrays(rng, channels, k, data_format, "float32", forward, space)
    value, filters = (rng.standard_normal(x.shape).astype(x.dtype) for x in shapes)
    rest = (s, "SAME", data_format, d)
    if forward:
        return conv3dt.conv3d, conv3dt.needed_conv3d, value, filters, rest, channels
    shape = natural(value, channels[2], k, s, d, data_format)
    return conv3dt.conv3d_transpose, conv3dt.needed, value, filters, (shape, *rest), channels


@pytest.mark.parametrize("hostile", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_threads_and_parts_have_the_same_bits(seed, hostile):
    function, needed, value, filters, rest, channels = drawn(seed)
    data_format, groups = rest[-2], channels[0]
    if hostile:
        value.reshape(-1)[seed * 7 % value.size] = np.nan
        value.reshape(-1)[seed * 5 % value.size] = np.inf
    whole = regions.bits(function(value, filters, *rest, groups=groups, threads=1))
    again = function(value, filters, *rest, groups=groups)
    np.testing.assert_array_equal(regions.bits(again), whole)
    pick = random.Random(seed).choice
    space = [range(n) for n in oracle.extents(again.shape, data_format)]
    for part in itertools.islice(regions.regions(pick, list(map(len, space))), 6):
        place = needed(part, value.shape, filters, *rest, groups=groups)
        found = function(
            value[place], filters, *rest, groups=groups, region=part, whole=value.shape
        )
        index = cases.tensor_shape(
            slice(None), [slice(*ends) for ends in part], slice(None), data_format
        )
        np.testing.assert_array_equal(regions.bits(found), whole[index])


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
@pytest.mark.parametrize("channels", [(16, 16, 16), (8, 16, 16), (4, 8, 8), (2, 32, 32)], ids=str)
def test_numbers_that_are_not_finite_stay_in_their_group(channels, data_format, number):
    rng = np.random.default_rng(3)
    groups, ci, co = channels
    for forward, where in itertools.product((True, False), ("input", "filters")):
        value, filters = arrays(rng, channels, 3, data_format, "float32", forward)
        filters[filters == 0] = 1
        value[value == 0] = 1
        group = groups // 2
        if where == "input":
            np.moveaxis(value, axis_of(data_format), 0)[group * (ci // groups), 0, 1, 2, 3] = number
        else:
            filters[1, 1, 1, 0, group * (filters.shape[4] // groups)] = number
        shape = natural(value, co, 3, 1, 1, data_format)
        function = conv3dt.conv3d if forward else conv3dt.conv3d_transpose
        rest = (1, "SAME", data_format) if forward else (shape, 1, "SAME", data_format)
        y = function(value, filters, *rest, groups=groups)
        equal(y, definition(forward, value, filters, groups, shape, 1, "SAME", 1, data_format))
        others = np.split(y, groups, axis_of(data_format))
        del others[group]
        assert np.isfinite(others).all()


def test_the_adjoint_has_the_same_products():
    rng = np.random.default_rng(4)
    for groups, ci, co in CHANNELS:
        x, filters = arrays(rng, (groups, ci, co), 3, "NDHWC", "float64", True)
        y = conv3dt.conv3d(x, filters, 2, "SAME", groups=groups)
        z = cases.integers(rng, y.shape, "float64")
        back = conv3dt.conv3d_transpose(z, filters, x.shape, 2, groups=groups)
        assert (y * z).sum() == (x * back).sum()


def test_tensorflow_counts_groups_by_divisibility():
    rng = np.random.default_rng(5)
    for channels in CHANNELS:
        groups = channels[0]
        value, filters = arrays(rng, channels, 2, "NCDHW", "float32", True)
        expected = conv3dt.conv3d(value, filters, 1, "SAME", "NCDHW", groups=groups)
        for function in (conv3dt.nn.conv3d, conv3dt.compat.v1.nn.conv3d):
            found = function(value, filters, [1] * 5, "SAME", "NCDHW")
            np.testing.assert_array_equal(found, expected)
        value, filters = arrays(rng, channels, 2, "NDHWC", "float32", False)
        shape = natural(value, channels[2], 2, 2, 1, "NDHWC")
        expected = conv3dt.conv3d_transpose(value, filters, shape, 2, groups=groups)
        for function in (conv3dt.nn.conv3d_transpose, conv3dt.compat.v1.nn.conv3d_transpose):
            found = function(value, filters, shape, [1, 2, 2, 2, 1])
            np.testing.assert_array_equal(found, expected)


X, W = np.zeros((1, 2, 2, 2, 8), np.float32), np.zeros((1, 1, 1, 2, 8), np.float32)
WRONG = [
    (ValueError, "groups must be 1 or more; got 0", {"groups": 0}),
    (TypeError, "groups must be an integer; got 2.0", {"groups": 2.0}),
    (ValueError, "groups times the fourth dimension of filters, 2: 2*2 = 4; got 8", {"groups": 2}),
    (ValueError, "as the fourth dimension of filters, 2; got 8", {"groups": 1}),
    (ValueError, "2, or a multiple of that, a group each; got 9",
     {"input": X.repeat(2, 4)[..., :9], "groups": None}),
    (ValueError, "the output channels, must be divisible by groups, 4; got 6",
     {"filters": W[..., :6], "groups": 4}),
    (ValueError, "region must have all channels, (0, 8)",
     {"groups": 4, "whole": X, "region": ((0, 1), (0, 2), (0, 2), (0, 2), (0, 4))}),
]  # fmt: skip


@pytest.mark.parametrize(("error", "text", "changes"), WRONG)
def test_errors_forward(error, text, changes):
    plain = {"input": X, "filters": W, "strides": 1, "padding": "SAME"}
    with pytest.raises(error) as caught:
        conv3dt.conv3d(**{**plain, **changes})
    assert text in str(caught.value)


WRONG_TRANSPOSED = [
    ("as the last dimension of filters, 8; got 4", {"input": X[..., :4], "groups": 4}),
    ("the input channels, must be divisible by groups, 3; got 8", {"groups": 3}),
    ("output_shape[4] must be 4, groups, 2, times the fourth dimension of filters; got 8",
     {"groups": 2}),
    ("output_shape[4] must be 2, the output channels of filters (their fourth dimension); got 8",
     {}),
    ("bias must have shape (8,), the output channels of filters in all groups",
     {"groups": 4, "bias": [1.0, 2.0]}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "changes"), WRONG_TRANSPOSED)
def test_errors_transposed(text, changes):
    plain = {"input": X, "filters": W, "output_shape": X.shape, "strides": 1}
    with pytest.raises(ValueError, match="conv3d_transpose: ") as caught:
        conv3dt.conv3d_transpose(**{**plain, **changes})
    assert text in str(caught.value)
    with pytest.raises(ValueError, match="explain: "):
        conv3dt.explain(**{**plain, **changes})


def test_plans_say_how_groups_are_computed():
    plan = conv3dt.explain_conv3d((1, 8, 8, 8, 32), (3, 3, 3, 1, 32), 1, "SAME", groups=32)
    assert "groups   32 of 1 -> 1 channels, all at once" in str(plan)
    assert "depthwise" in str(plan)
    assert "minimal  not taken: each output has the inputs of its group alone" in str(plan)
    plan = conv3dt.explain_conv3d((1, 8, 8, 8, 64), (3, 3, 3, 32, 64), 1, "SAME", groups=2)
    assert "groups   2 of 32 -> 32 channels: 1 at once, in 2 pieces" in str(plan)
    assert plan.flops == 2 * 32 * 64 * 22**3
    plan = conv3dt.explain((1, 8, 8, 8, 64), (3, 3, 3, 8, 64), (1, 8, 8, 8, 64), 1, groups=8)
    assert "at once, zeros between them, in" in str(plan)
    assert conv3dt.warmup(plan) > 0


def test_prepared_filters_say_their_groups():
    p = conv3dt.prepare(W, groups=4)
    assert "groups=4" in repr(p)
    assert p == conv3dt.prepare(W, groups=4)
    assert p != conv3dt.prepare(W[..., :4], groups=2)
    assert p(X).shape == X.shape
    assert conv3dt.prepare(W, groups=4, autotune=True)(X).shape == X.shape
    assert p.needed(((0, 1), (0, 1), (0, 1)), X)[1] == slice(0, 1)


def test_arrays_of_dask_have_one_group():
    da = pytest.importorskip("dask.array")
    x = da.asarray(X)
    for function in (
        lambda: conv3dt.conv3d(x, W, 1, "SAME", groups=4),
        lambda: conv3dt.conv3d_transpose(x, W, X.shape, 1, groups=4),
        lambda: conv3dt.prepare(W, groups=4)(x),
    ):
        with pytest.raises(TypeError, match="groups must be None for a dask array"):
            function()
