"""The same results by plain Python: for debuggers, coverage and readers of the kernels.

Run with NUMBA_DISABLE_JIT=1; in a plain run one call in a process of its own stands for all.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

import conv3dt
from conv3dt._compiler import processor
from conv3dt._run.correlate import correlate
from conv3dt._run.filter_groups import correlate_groups
from conv3dt._ways.channels import plain
from tests.helpers import correlations, oracle
from tests.helpers.activation_formulas import FORMULAS
from tests.helpers.layers import expected, integers

PLAIN = os.environ.get("NUMBA_DISABLE_JIT") == "1"
only_plain = pytest.mark.skipif(not PLAIN, reason="needs NUMBA_DISABLE_JIT=1")

CASES = [
    # x, filters, output, strides, dilations, padding
    ((1, 2, 3, 5, 3), (3, 2, 3, 4, 3), (1, 4, 6, 10, 4), (2, 2, 2), (1, 1, 1), "SAME"),
    ((2, 2, 2, 4, 1), (1, 3, 2, 17, 1), (2, 2, 4, 11, 17), (1, 1, 3), (2, 1, 1), "VALID"),
    ((1, 1, 1, 16, 65), (1, 1, 3, 2, 65), (1, 1, 1, 31, 2), (1, 1, 2), (1, 1, 3), "SAME"),
    ((1, 1, 2, 33, 9), (3, 2, 3, 1, 9), (1, 2, 4, 65, 1), (2, 2, 2), (1, 1, 1), "SAME"),  # folded
    ((1, 1, 2, 35, 8), (3, 2, 3, 1, 8), (1, 2, 4, 70, 1), (2, 2, 2), (1, 1, 1), "SAME"),  # turned
]


FORWARD = [
    # x, filters, strides, dilations, padding
    ((1, 4, 5, 9, 3), (3, 2, 3, 3, 4), (2, 1, 2), (1, 1, 1), "SAME"),
    ((2, 3, 4, 8, 1), (1, 3, 2, 1, 17), (1, 1, 3), (2, 1, 3), "VALID"),
    ((1, 2, 3, 18, 65), (1, 1, 3, 65, 2), (1, 1, 1), (1, 1, 2), "SAME"),
]


def one(case, dtype, data_format, activation):
    x_shape, w_shape, output, s, d, padding = case
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, x_shape).astype(dtype)
    w = rng.integers(-2, 3, w_shape).astype(dtype)
    if data_format == "NCDHW":
        x, output = np.moveaxis(x, 4, 1), (output[0], output[4], *output[1:4])
    y = conv3dt.conv3d_transpose(x, w, output, s, padding, data_format, d, activation=activation)
    wanted = oracle.activate(
        oracle.conv3d_transpose(x, w, output, s, padding, d, data_format), activation
    )
    tolerance = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(y.astype(float), wanted, rtol=tolerance, atol=tolerance)


@only_plain
@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
def test_every_dtype_and_layout(case, dtype, data_format):
    one(case, dtype, data_format, "linear")


@only_plain
@pytest.mark.parametrize("activation", [name for name in FORMULAS if name])
def test_every_activation(activation):
    one(CASES[0], "float32", "NDHWC", activation)


@only_plain
def test_tiles_ask_for_the_next_tile(monkeypatch):
    """Also at the end of a row, and of a plane: kernels are told where its inputs are."""
    told, make = [], plain.kernel

    def watched(tile):
        compute = make(tile)
        return lambda a, *others: (told.append((a, others[-1])), compute(a, *others))

    monkeypatch.setattr(plain, "kernel", watched)
    x, w = np.ones((1, 4, 6, 66, 3), np.float32), np.ones((2, 2, 2, 3, 5), np.float32)
    conv3dt.conv3d(x, w, 2, "VALID", threads=1)
    assert len(told) == 12
    assert [a for a, _ in told[1:]] == [following for _, following in told[:-1]]


@only_plain
@pytest.mark.parametrize("case", FORWARD, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_forward(case, dtype):
    x_shape, w_shape, s, d, padding = case
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, x_shape).astype(dtype)
    w = rng.integers(-2, 3, w_shape).astype(dtype)
    y = conv3dt.conv3d(x, w, s, padding, dilations=d)
    np.testing.assert_array_equal(y, oracle.conv3d(x, w, y.shape, s, padding, d))


GRADIENTS = {
    "rows of big": correlations.Case(1, (3, 4, 9), (3, 4, 9), 2, 19, (3, 2, 3), before=(1, 1, 1)),
    "rows of small": correlations.Case(1, (4, 4, 9), (2, 2, 5), 19, 2, (2, 3, 2), (2, 2, 2)),
    "images": correlations.Case(9, (2, 2, 2), (1, 1, 1), 5, 17, (2, 2, 2)),
    "two taps": correlations.Case(
        1, (8, 8, 5), (4, 4, 3), 5, 6, (4, 4, 3), (2, 2, 2), before=(1, 1, 1)
    ),
}


@only_plain
@pytest.mark.parametrize("case", GRADIENTS.values(), ids=GRADIENTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("algorithm", ["direct", "minimal"])
def test_gradients_of_filters(case, dtype, last, algorithm):
    big, small = case.arrays(dtype)
    wanted = correlations.definition(big, small, *case.how)
    if not last:
        big, small = map(correlations.channels_second, (big, small))
    found = correlate(big, small, *case.how, last, algorithm=algorithm)
    np.testing.assert_array_equal(found, wanted)


@only_plain
@pytest.mark.parametrize("channels", [(18, 18, 18), (3, 3, 6), (2, 4, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("last", [True, False])
def test_gradients_of_filters_of_groups(channels, dtype, last):
    groups, cb, cs = channels
    case = correlations.Case(1, (2, 4, 9), (2, 4, 9), cb, cs, (1, 3, 3), before=(0, 1, 1))
    big, small = case.arrays(dtype)
    halves = zip(np.split(big, groups, 4), np.split(small, groups, 4), strict=True)
    wanted = [correlations.definition(b, s, *case.how) for b, s in halves]
    if not last:
        big, small = map(correlations.channels_second, (big, small))
    found = correlate_groups(big, small, case.how, last, groups)
    np.testing.assert_array_equal(found, np.concatenate(wanted, 4))


@only_plain
@pytest.mark.parametrize("channels", [(18, 18, 18), (3, 3, 6), (2, 4, 4), (2, 4, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
def test_groups(channels, dtype, data_format):
    groups, ci, co = channels
    axis = 4 if data_format == "NDHWC" else 1
    x = np.moveaxis(integers((1, 3, 4, 6, ci), dtype), 4, axis)
    w = integers((2, 3, 3, ci // groups, co), dtype, 1)
    y = conv3dt.conv3d(x, w, 2, "SAME", data_format, groups=groups)
    shape = conv3dt.conv3d(*(np.split(a, groups, n)[0] for a, n in ((x, axis), (w, 4))),
                           2, "SAME", data_format).shape  # fmt: skip
    parts = zip(np.split(x, groups, axis), np.split(w, groups, 4), strict=True)
    wanted = [oracle.conv3d(a, b, shape, (2,) * 3, "SAME", (1,) * 3, data_format) for a, b in parts]
    np.testing.assert_array_equal(y, np.concatenate(wanted, axis).astype(dtype))


@only_plain
def test_bfloat16():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = np.arange(16).reshape(1, 2, 2, 4, 1).astype(ml_dtypes.bfloat16)
    w = np.ones((1, 1, 2, 1, 1), ml_dtypes.bfloat16)
    y = conv3dt.conv3d_transpose(x, w, (1, 2, 2, 8, 1), (1, 1, 2))
    np.testing.assert_array_equal(y.astype(float).ravel(), np.repeat(np.arange(16.0), 2))


@only_plain
def test_an_odd_number_of_channels_of_bfloat16():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    x, w = integers((1, 1, 2, 3, 35), bfloat16), integers((1, 1, 2, 18, 35), bfloat16, 1)
    y = conv3dt.conv3d_transpose(x, w, (1, 2, 4, 6, 18), 2)
    np.testing.assert_array_equal(y, expected(x, w, y.shape, 2).astype(bfloat16))


@only_plain
def test_bfloat16_in_pairs_of_taps():
    """Where pairs are multiplied; elsewhere the same, widened."""
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    x, w = integers((1, 2, 3, 40, 1), bfloat16), integers((3, 3, 4, 17, 1), bfloat16, 1)
    y = conv3dt.conv3d_transpose(x, w, (1, 2, 3, 40, 17), 1)
    np.testing.assert_array_equal(y, expected(x, w, y.shape, 1).astype(bfloat16))
    plan = conv3dt.explain(x, w, y.shape, 1)
    assert plan.layer.taps == (4 if processor.machine().pairs else 0)


@pytest.mark.skipif(PLAIN, reason="is one")
def test_a_process_without_compilation():
    program = (
        "import numpy as np, conv3dt\n"
        "x, w = np.ones((1, 2, 2, 2, 1), 'f4'), np.ones((2, 2, 2, 1, 1), 'f4')\n"
        "print(conv3dt.conv3d_transpose(x, w, (1, 4, 4, 4, 1), 2).sum())\n"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result.stdout.strip() == "64.0"
