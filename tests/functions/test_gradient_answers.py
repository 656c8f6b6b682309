"""Gradients that TensorFlow gave (data/make_gradient_answers.py asked) against the library."""

import json
from pathlib import Path

import ml_dtypes  # noqa: F401 - registers bfloat16 with NumPy
import numpy as np
import pytest

import conv3dt
from conv3dt import raw_ops
from tests.helpers import cases, oracle

with np.load(Path(__file__).parents[1] / "data" / "gradient_answers.npz") as file:
    STORED = dict(file)
DESCRIPTION = json.loads(str(STORED["description"]))
ANSWERED = DESCRIPTION["cases"]
KEYS = ("function", "name", "dtype", "data_format")

every_answer = pytest.mark.parametrize(
    "number",
    range(len(ANSWERED)),
    ids=lambda x: "-".join(ANSWERED[x][key] for key in KEYS),
)


def question(number):
    """The case, and its arrays in its type and format: big, filters, small."""
    case = ANSWERED[number]
    big, w, small = (STORED[f"{x} {case['inputs']}"] for x in ("big", "filters", "small"))
    big, small = (oracle.channels_as(x, case["data_format"]) for x in (big, small))
    return case, [x.astype(case["dtype"]) for x in (big, w, small)]


def check(actual, number):
    case = ANSWERED[number]
    assert actual.dtype == np.dtype(case["dtype"])
    np.testing.assert_array_equal(actual.astype(np.float64), STORED[f"answer {number}"])


@every_answer
def test_library_agrees(number):
    case, (big, w, small) = question(number)
    how = {"padding": case["padding"], "data_format": case["data_format"]}
    s, d = case["strides"], case["dilations"]
    last = case["data_format"] == "NDHWC"
    how["strides"] = [1, *s, 1] if last else [1, 1, *s]
    how["dilations"] = [1, *d, 1] if last else [1, 1, *d]
    if case["function"] == "Conv3DBackpropFilterV2":
        check(
            raw_ops.Conv3DBackpropFilterV2(
                input=big, filter_sizes=w.shape, out_backprop=small, **how
            ),
            number,
        )
    else:
        check(
            raw_ops.Conv3DBackpropInputV2(
                input_sizes=big.shape, filter=w, out_backprop=small, **how
            ),
            number,
        )


@every_answer
def test_oracle_agrees(number):
    case, (big, w, small) = question(number)
    how = case["strides"], case["padding"], case["dilations"], case["data_format"]
    if case["function"] == "Conv3DBackpropFilterV2":
        exact = oracle.filter_gradient(big, w.shape, small, *how)
    else:
        exact = oracle.conv3d_transpose(small, w, big.shape, *how)
    check(exact.astype(np.float64).astype(case["dtype"]), number)


def test_every_type_and_both_data_formats_were_answered():
    for function in ("Conv3DBackpropFilterV2", "Conv3DBackpropInputV2"):
        answered = [case for case in ANSWERED if case["function"] == function]
        assert {case["dtype"] for case in answered} == set(cases.DTYPES)
        assert {case["data_format"] for case in answered} == set(cases.FORMATS)
        assert len(answered) > 60


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DESCRIPTION["activations"])
def test_activations(name, dtype):
    gradient, operand = DESCRIPTION["activations"][name]
    given = {gradient: STORED[f"{name} dy"], operand: STORED[f"{name} v"]}
    given = {key: x.astype(dtype) for key, x in given.items()}
    with np.errstate(all="raise"):
        actual = getattr(raw_ops, name)(**given, **DESCRIPTION["more"].get(name, {}))
    assert actual.dtype == np.dtype(dtype)
    eps = np.finfo(dtype).eps
    scale = np.abs(given[gradient]).max()
    np.testing.assert_allclose(
        actual, STORED[f"{name} {dtype}"], rtol=8 * eps, atol=2 * eps * scale
    )


@pytest.mark.parametrize("order", ["NHWC", "NCHW"])
def test_bias(order):
    x = STORED["BiasAddGrad x"]
    found = raw_ops.BiasAddGrad(out_backprop=x, data_format=order)
    np.testing.assert_array_equal(found, STORED[f"BiasAddGrad {order}"])
    flat = raw_ops.BiasAddGrad(out_backprop=x.reshape(6, -1), data_format=order)
    np.testing.assert_array_equal(flat, x.reshape(6, -1).sum(0))


def test_a_slope_of_ones_own_and_errors():
    x, dy = np.float32([-2, 0, 3]), np.float32([1, 2, 3])
    found = raw_ops.LeakyReluGrad(gradients=dy, features=x, alpha=0.5)
    np.testing.assert_array_equal(found, [0.5, 1, 3])
    with pytest.raises(ValueError, match=r"^ReluGrad: features must have the shape of gradients"):
        raw_ops.ReluGrad(gradients=dy, features=x[:2])
    with pytest.raises(TypeError, match=r"^TanhGrad: y must have the dtype of dy, float32"):
        raw_ops.TanhGrad(dy=dy, y=x.astype("f8"))
    with pytest.raises(ValueError, match=r"^BiasAddGrad: data_format must be 'NHWC' or 'NCHW'"):
        raw_ops.BiasAddGrad(out_backprop=x[None], data_format="NDHWC")
    with pytest.raises(ValueError, match=r"^BiasAddGrad: out_backprop must have 2 dimensions"):
        raw_ops.BiasAddGrad(out_backprop=x)


def test_forward_and_older_names():
    x, w = np.ones((1, 3, 3, 3, 2), "f4"), np.ones((2, 2, 2, 2, 4), "f4")
    y = raw_ops.Conv3D(input=x, filter=w, strides=[1] * 5, padding="VALID")
    np.testing.assert_array_equal(y, conv3dt.conv3d(x, w, 1, "VALID"))
    older = conv3dt.compat.v1.nn
    assert older.conv3d_backprop_filter is older.conv3d_backprop_filter_v2
    found = older.conv3d_backprop_filter(x, w.shape, y, [1] * 5, "VALID", "NDHWC", [1] * 5, "name")
    np.testing.assert_array_equal(found, conv3dt.conv3d_backprop_filter(x, w.shape, y, 1, "VALID"))
