"""Whoever is given an array of dask returns one."""

import pickle
import subprocess
import sys

import dask.array as da
import numpy as np
import pytest

import conv3dt
from conv3dt.functions.lazy import is_lazy
from tests.dask.layers import assert_same

V1 = conv3dt.compat.v1
RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 6, 7, 8, 3)).astype(np.float32)
W = RNG.standard_normal((4, 3, 2, 5, 3)).astype(np.float32)
F = RNG.standard_normal((4, 3, 2, 3, 5)).astype(np.float32)
SHAPE = (2, 12, 14, 16, 5)
LAZY = da.from_array(X, chunks=(1, 4, 3, 8, 2))
PREPARED = conv3dt.prepare(W, 2, bias=np.arange(5, dtype=np.float32), activation="relu")

CALLS = {
    "conv3d_transpose": lambda x: conv3dt.conv3d_transpose(x, W, SHAPE, 2, activation="elu"),
    "conv3d": lambda x: conv3dt.conv3d(x, F, 2, "VALID"),
    "nn.conv3d_transpose": lambda x: conv3dt.nn.conv3d_transpose(x, W, SHAPE, 2),
    "nn.conv3d": lambda x: conv3dt.nn.conv3d(x, F, 2, "SAME"),
    "v1.nn.conv3d_transpose": lambda x: V1.nn.conv3d_transpose(x, W, SHAPE, 2),
    "v1.nn.conv3d": lambda x: V1.nn.conv3d(x, F, 2, "SAME"),
    "prepared": PREPARED,
    "prepared with a shape": lambda x: PREPARED(x, (2, 11, 13, 16, 5)),
    "prepared for 'VALID'": conv3dt.prepare(W, 3, "VALID"),
    "several batches": lambda x: conv3dt.conv3d(x[None, :, None], F, 1, "SAME"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_functions(call):
    y = call(LAZY)
    assert isinstance(y, da.Array)
    assert_same(y.compute(), call(X))


@pytest.mark.parametrize("algorithm", ["direct", "minimal"])
def test_sums_are_made_as_they_are_told(algorithm):
    x = RNG.standard_normal((1, 6, 7, 8, 16)).astype(np.float32)
    w, lazy = RNG.standard_normal((3, 3, 3, 16, 16)).astype(np.float32), da.from_array(x, chunks=4)
    layer = conv3dt.keras.layers.Conv3DTranspose(16, 3, weights=[w, w[0, 0, 0, 0]],
                                                 algorithm=algorithm)  # fmt: skip
    eager = []
    for call in (
        lambda x, name: conv3dt.conv3d_transpose(x, w, x.shape, 1, algorithm=name),
        lambda x, name: conv3dt.conv3d(x, w, 1, "SAME", algorithm=name),
        lambda x, name: conv3dt.prepare(w, algorithm=name)(x),
        lambda x, _: layer(x),
    ):
        eager.append(call(x, algorithm))
        assert_same(call(lazy, algorithm).compute(), eager[-1])
    other = conv3dt.conv3d_transpose(x, w, x.shape, 1, algorithm="direct")
    assert np.array_equal(eager[0], other) == (algorithm == "direct")


LAYERS = {
    "kernels do all": {"strides": 2, "padding": "same", "activation": "relu"},
    "a part": {"strides": 3, "padding": "valid", "output_padding": 0},
    "other crop": {"strides": 3, "padding": "same", "output_padding": 1},
    "softmax": {"strides": 2, "activation": "softmax"},
    "a layer of activation": {"activation": conv3dt.keras.activations.get("leaky_relu")},
    "half precision": {"strides": 2, "dtype": "mixed_float16"},
}


@pytest.mark.parametrize("options", LAYERS.values(), ids=LAYERS)
def test_layers(options):
    layer = conv3dt.keras.layers.Conv3DTranspose(5, 3, **options)
    y = layer(LAZY)
    assert isinstance(y, da.Array)
    whole = layer(X)
    assert y.shape == whole.shape
    assert_same(y.compute(), whole)


def test_layers_of_version_1():
    layer = V1.layers.Conv3DTranspose(5, 3, 2)
    y = layer(LAZY)
    assert isinstance(y, da.Array)
    assert_same(y.compute(), layer(X))


def test_activations_that_may_need_all():
    for activation in (lambda y: y - y.mean(), conv3dt.keras.activations.get("PReLU")):
        layer = conv3dt.keras.layers.Conv3DTranspose(5, 3, activation=activation)
        with pytest.raises(TypeError, match="activation of a dask array must be a function of"):
            layer(LAZY)
    layer = conv3dt.keras.layers.Conv3DTranspose(5, 3, activity_regularizer="l2")
    with pytest.raises(TypeError, match="with activity_regularizer the input must not be a dask"):
        layer(LAZY)


def test_what_cannot_be_given():
    out = np.empty(SHAPE, np.float32)
    with pytest.raises(TypeError, match=r"conv3d_transpose: out must be None for a dask array"):
        conv3dt.conv3d_transpose(LAZY, W, SHAPE, 2, out=out)
    with pytest.raises(TypeError, match=r"conv3d: out must be None for a dask array"):
        conv3dt.conv3d(LAZY, F, 1, "SAME", out=out)
    with pytest.raises(TypeError, match=r"Prepared: out must be None for a dask array"):
        PREPARED(LAZY, out=out)
    with pytest.raises(TypeError, match=r"Prepared: region must be None for a dask array.*Slices"):
        PREPARED(LAZY, region=[(0, 1)] * 3, whole=X.shape)
    with pytest.raises(TypeError, match=r"Prepared: autotune must be None for a dask array"):
        conv3dt.prepare(W, 2, autotune=True)(LAZY)


class Derived(da.Array):
    """What packages of lazy arrays make of dask's."""


def test_what_is_lazy():
    derived = Derived(LAZY.dask, LAZY.name, LAZY.chunks, meta=LAZY._meta)
    assert is_lazy(LAZY)
    assert is_lazy(derived)
    assert not any(is_lazy(x) for x in (X, X.view(np.memmap), [1], 1, None, np.float32(1)))
    assert_same(conv3dt.conv3d(derived, F, 2, "SAME").compute(), conv3dt.conv3d(X, F, 2, "SAME"))


def test_dask_is_not_imported_for_others():
    program = """
import sys, numpy as np, conv3dt
conv3dt.nn.conv3d_transpose(np.ones((1, 2, 2, 2, 1)), np.ones((1, 1, 1, 1, 1)), (1, 2, 2, 2, 1), 1)
assert "dask" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_names_of_equal_prepared_filters():
    again = pickle.loads(pickle.dumps(PREPARED))
    assert again(LAZY).name == PREPARED(LAZY).name
    assert conv3dt.prepare(W, 2)(LAZY).name != PREPARED(LAZY).name


def test_through_xarray():
    xarray = pytest.importorskip("xarray")
    volume = xarray.DataArray(LAZY.rechunk({4: 3}), dims=["n", "z", "y", "x", "c"])
    axes = ["z", "y", "x", "c"]
    y = xarray.apply_ufunc(
        PREPARED, volume, input_core_dims=[axes], output_core_dims=[axes],
        exclude_dims={*axes}, dask="allowed",
    )  # fmt: skip
    assert isinstance(y.data, da.Array)
    assert_same(y.compute().data, PREPARED(X))
