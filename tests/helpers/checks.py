"""What several files of tests of whole calls share: parameters, a plain case, the exact check."""

import numpy as np
import pytest

import conv3dt
from conv3dt._runtime import team
from tests.helpers import cases, oracle
from tests.helpers.cases import DTYPES, FORMATS

THREADS = sorted({1, min(2, team.available())})

every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_format = pytest.mark.parametrize("data_format", FORMATS)
every_store = pytest.mark.parametrize(  # where each call compiles kernels of its own
    ("dtype", "data_format"),
    [
        ("float32", "NDHWC"),
        ("float32", "NCDHW"),
        ("float64", "NDHWC"),
        ("float16", "NCDHW"),
        ("bfloat16", "NDHWC"),
    ],
)
every_padding = pytest.mark.parametrize("padding", ["SAME", "VALID"])


def whole(n=1, i=(2, 3, 4), ci=3, co=2, k=(3, 3, 3), s=(1, 1, 1), d=(1, 1, 1), length=0, **fields):
    """A plain case; `length` says which of the legal output lengths to take on each axis."""
    padding = fields.get("padding", "SAME")
    axes = [
        cases.Axis(*axis, oracle.legal_lengths(*axis, padding)[length])
        for axis in zip(i, k, s, d, strict=True)
    ]
    plain = {
        "padding": padding,
        "data_format": "NDHWC",
        "dtype": "float32",
        "value_layout": "C",
        "filters_layout": "C",
        "bias": False,
        "activation": None,
        "out": False,
        "threads": None,
        "spelling": "three",
        "seed": 0,
    }
    return cases.Case(tuple(axes), n, ci, co, **plain | fields)


def whole_forward(i=(2, 3, 4), ci=3, co=2, k=(3, 3, 3), s=(1, 1, 1), d=(1, 1, 1), **fields):
    """A plain case of the forward convolution of an input of extents i with ci channels."""
    padding = fields.get("padding", "SAME")
    case = whole(k=k, s=s, d=d, ci=co, co=ci, **fields)
    axes = [
        cases.Axis(oracle.forward_length(*axis, padding), *axis[1:], axis[0])
        for axis in zip(i, k, s, d, strict=True)
    ]
    return case._replace(axes=tuple(axes), forward=True)


def compute(case, value, filters, bias):
    """Make the call that a case is about."""
    function = conv3dt.conv3d if case.forward else conv3dt.conv3d_transpose
    return cases.call(function, case, value, filters, bias)


def check_exactly(case):
    """Small integers: the sums are exact, so a half type may only round them once."""
    arrays = cases.arrays(case, cases.integers)
    exact = cases.exact(case, *arrays)
    actual = compute(case, *arrays)
    assert actual.dtype == np.dtype(case.dtype)
    np.testing.assert_array_equal(actual, exact.astype(np.float64).astype(case.dtype))
