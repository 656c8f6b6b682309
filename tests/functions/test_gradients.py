"""The gradients of layers against their definitions."""

import ml_dtypes  # noqa: F401 - registers bfloat16 with NumPy
import numpy as np
import pytest

import conv3dt
from conv3dt._runtime import team
from tests.helpers import gradients, oracle
from tests.helpers.activation_formulas import FORMULAS
from tests.helpers.checks import every_dtype

ACTIVATIONS = [name for name in FORMULAS if name]
SEEDS = range(24)


def check_close(actual, exact, magnitude, dtype):
    oracle.assert_close(actual, exact, magnitude, dtype, ulps=16)


@every_dtype
@pytest.mark.parametrize("seed", SEEDS)
def test_definitions_with_small_integers(seed, dtype):
    """Sums are exact, and rounded once."""
    layer = gradients.drawn(np.random.default_rng(seed), dtype)
    big, w, small, *_ = layer
    of_filters = oracle.filter_gradient(big, w.shape, small, *layer.oracle_how)
    of_big = oracle.conv3d_transpose(small, w, big.shape, *layer.oracle_how)
    of_small = oracle.conv3d(big, w, small.shape, *layer.oracle_how)
    found = conv3dt.conv3d_backprop(small, big, w, *layer.how)
    back = conv3dt.conv3d_transpose_backprop(big, small, w, *layer.how)
    for actual, exact in (
        (found.input, of_big),
        (found.filters, of_filters),
        (found.bias, layer.of_bias(small)),
        (back.input, of_small),
        (back.filters, of_filters),
        (back.bias, layer.of_bias(big)),
        (conv3dt.conv3d_backprop_filter(big, w.shape, small, *layer.how), of_filters),
    ):
        expected = exact.astype(np.float64).astype(dtype)
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_adjoint_to_the_bit(seed):
    """<conv(x), y> = <x, transposed(y)> = <w, gradient of filters>, all sums being exact."""
    x, w, y, *_ = layer = gradients.drawn(np.random.default_rng(seed))
    dx, dw, _ = conv3dt.conv3d_backprop(y, x, w, *layer.how)
    made = conv3dt.conv3d(x, w, *layer.how)
    total = np.vdot(made.astype("f8"), y)
    assert total == np.vdot(x.astype("f8"), dx) == np.vdot(w.astype("f8"), dw)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_finite_differences(activation, transposed):
    """Along a random direction of all arrays at once; with the output, and without."""
    rng = np.random.default_rng(len(activation))
    layer = gradients.drawn(rng, "float64", numbers=rng.standard_normal)
    x, w = (layer.small if transposed else layer.big), layer.filters
    shape = (layer.big if transposed else layer.small).shape
    bias = rng.standard_normal(w.shape[3 if transposed else 4])
    arrays = x / 2, w / np.sqrt(w[..., 0].size), bias

    def made(x, w, b):
        how = {"bias": b, "activation": activation}
        if transposed:
            return conv3dt.conv3d_transpose(x, w, shape, *layer.how, **how)
        return conv3dt.conv3d(x, w, *layer.how, **how)

    y, dy = made(*arrays), rng.standard_normal(shape)
    ways = [rng.standard_normal(array.shape) for array in arrays]
    step = 1e-6
    ends = [made(*(a + s * v for a, v in zip(arrays, ways, strict=True))) for s in (step, -step)]
    expected = np.vdot(dy, (ends[0] - ends[1]) / (2 * step))
    function = conv3dt.conv3d_transpose_backprop if transposed else conv3dt.conv3d_backprop
    for output in (y, None):
        found = function(
            dy, *arrays[:2], *layer.how, bias=bias, activation=activation, output=output
        )
        total = sum(np.vdot(v, g) for v, g in zip(ways, found, strict=True))
        assert abs(total - expected) <= 1e-5 * (1 + np.abs(dy).sum())


@every_dtype
def test_what_is_summed_in_rounding_numbers(dtype):
    rng = np.random.default_rng(3)
    for _ in range(8):
        layer = gradients.drawn(rng, dtype, numbers=rng.standard_normal)
        big, w, small, *_ = layer
        exact = oracle.filter_gradient(big, w.shape, small, *layer.oracle_how)
        bound = oracle.filter_gradient(np.abs(big), w.shape, np.abs(small), *layer.oracle_how)
        found = conv3dt.conv3d_backprop_filter(big, w.shape, small, *layer.how)
        check_close(found, exact, bound, dtype)


def test_only_what_is_asked_for():
    layer = gradients.drawn(np.random.default_rng(0))
    x, w, dy, *_ = layer
    whole = conv3dt.conv3d_backprop(dy, x, w, *layer.how, activation="relu", output=dy)
    for wrt in ("input", ["filters"], ("bias",), {"bias", "input"}):
        found = conv3dt.conv3d_backprop(dy, x, w, *layer.how, activation="relu", output=dy, wrt=wrt)
        for name, all_of_it, some in zip(whole._fields, whole, found, strict=True):
            if name == wrt or (name in wrt and not isinstance(wrt, str)):
                np.testing.assert_array_equal(some, all_of_it)
            else:
                assert some is None


def test_groups_are_layers_of_their_own():
    rng = np.random.default_rng(0)
    x, dy = (rng.integers(-3, 4, (2, 5, 6, 7, c)).astype("f4") for c in (4, 6))
    w = rng.integers(-3, 4, (3, 2, 3, 2, 6)).astype("f4")
    how = (1, "SAME")
    found = conv3dt.conv3d_backprop(dy, x, w, *how, groups=2)
    back = conv3dt.conv3d_transpose_backprop(x, dy, w, *how, groups=2)
    for n in range(2):
        of_x, of_y = slice(2 * n, 2 * n + 2), slice(3 * n, 3 * n + 3)
        x_n, dy_n, w_n = x[..., of_x], dy[..., of_y], w[..., of_y]
        alone = conv3dt.conv3d_backprop(dy_n, x_n, w_n, *how)
        np.testing.assert_array_equal(found.input[..., of_x], alone.input)
        np.testing.assert_array_equal(found.filters[..., of_y], alone.filters)
        np.testing.assert_array_equal(back.filters[..., of_y], alone.filters)
        other = conv3dt.conv3d_transpose_backprop(x_n, dy_n, w_n, *how)
        np.testing.assert_array_equal(back.input[..., of_y], other.input)


def test_several_dimensions_of_batch():
    rng = np.random.default_rng(0)
    shapes = (6, 4, 4, 4, 2), (3, 3, 3, 2, 5), (6, 4, 4, 4, 5)
    x, w, dy = (rng.integers(-3, 4, shape).astype("f4") for shape in shapes)
    flat = conv3dt.conv3d_backprop(dy, x, w, 1, "SAME", activation="relu", output=dy)
    deep = [a.reshape(2, 3, *a.shape[1:]) for a in (dy, x)]
    found = conv3dt.conv3d_backprop(*deep, w, 1, "SAME", activation="relu", output=deep[0])
    assert found.input.shape == deep[1].shape
    for one, other in zip(flat, found, strict=True):
        np.testing.assert_array_equal(one.ravel(), other.ravel())


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_to_sum(n):
    x, dy = np.ones((n, 4, 4, 4, 2), "f4"), np.ones((n, 2, 2, 2, 3 * n), "f4")
    w = np.ones((3, 3, 3, 2, 3 * n), "f4")
    found = conv3dt.conv3d_backprop(dy, x, w, 2, "SAME", activation="gelu")
    assert [g.shape for g in found] == [x.shape, w.shape, (3 * n,)]
    assert n or not found.filters.any()


def test_lists_of_numbers_and_any_layout():
    layer = gradients.drawn(np.random.default_rng(5), data_format="NDHWC")
    x, w, dy, *_ = layer
    expected = conv3dt.conv3d_backprop(dy, x, w, *layer.how, activation="elu", output=dy / 4)
    odd = [a.astype(">f4")[..., ::-1][..., ::-1] for a in (dy, np.asfortranarray(x), w)]
    for arrays in (odd, [a.tolist() for a in (dy, x)] + [w]):
        found = conv3dt.conv3d_backprop(
            *arrays, *layer.how, activation="elu", output=(dy / 4).tolist()
        )
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_not_a_number_reaches_only_the_taps_that_use_it():
    x, dy = np.ones((1, 1, 1, 6, 2), "f4"), np.ones((1, 1, 1, 6, 3), "f4")
    x[0, 0, 0, 0, 1] = np.nan
    found = conv3dt.conv3d_backprop_filter(x, (1, 1, 3, 2, 3), dy, 1, "SAME")[0, 0]
    assert np.isnan(found[:2, 1]).all()
    np.testing.assert_array_equal(found[:, 0], [[5] * 3, [6] * 3, [5] * 3])
    np.testing.assert_array_equal(found[2, 1], [5] * 3)


def test_the_same_bits_for_any_number_of_threads():
    rng = np.random.default_rng(0)
    shapes = (2, 20, 20, 20, 8), (3, 3, 3, 8, 5), (2, 20, 20, 20, 5)
    x, w, dy = (rng.standard_normal(shape).astype("f4") for shape in shapes)
    found = [
        conv3dt.conv3d_backprop(dy, x, w, 1, "SAME", activation="tanh", output=dy / 9, threads=n)
        for n in range(1, team.available() + 1)
    ]
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


def test_out():
    layer = gradients.drawn(np.random.default_rng(1))
    x, w, dy, *_ = layer
    out = np.full(w.shape, 9, "f4")
    assert conv3dt.conv3d_backprop_filter(x, w.shape, dy, *layer.how, out=out) is out
    expected = conv3dt.conv3d_backprop_filter(x, w.shape, dy, *layer.how)
    np.testing.assert_array_equal(out, expected)
