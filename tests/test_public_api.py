"""What users see: names, signatures, what is loaded when."""

import ast
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import conv3dt
from tests.helpers import import_graph

PACKAGE = Path(conv3dt.__file__).parent
MODULES = import_graph.sources(PACKAGE)
COMPILERS = {"numba", "llvmlite"}

V1 = (
    "(value=None, filter=None, output_shape=None, strides=None, padding='SAME',"
    " data_format='NDHWC', name=None, input=None, filters=None, dilations=None)"
)
V2 = (
    "(input, filters, output_shape, strides, padding='SAME', data_format='NDHWC',"
    " dilations=None, name=None)"
)
PART = ", region=None, whole=None, groups=1)"
OURS = V2[:-1] + ", *, bias=None, activation=None, out=None, threads=None,"
OURS += " algorithm=None" + PART
EXPLAIN = OURS.replace(PART, ", dtype=None" + PART)
FORWARD_V1 = (
    "(input, filter=None, strides=None, padding=None, data_format='NDHWC',"
    " dilations=(1, 1, 1, 1, 1), name=None, filters=None)"  # a list in TensorFlow
)
FORWARD_V2 = "(input, filters, strides, padding, data_format='NDHWC', dilations=None, name=None)"
FORWARD_OURS = OURS.replace(V2[:-1], FORWARD_V2[:-1])
FORWARD_EXPLAIN = FORWARD_OURS.replace(PART, ", dtype=None" + PART)
FILTER_V1 = (
    "(input, filter_sizes, out_backprop, strides, padding, data_format='NDHWC',"
    " dilations=(1, 1, 1, 1, 1), name=None)"  # a list in TensorFlow
)
FILTER_OURS = (
    "(input, filter_sizes, out_backprop, strides, padding, data_format='NDHWC',"
    " dilations=None, name=None, *, groups=1, out=None, threads=None, algorithm=None)"
)
BACKPROP = (
    "(out_backprop, input, filters, strides, padding, data_format='NDHWC', dilations=None,"
    " name=None, *, bias=None, activation=None, output=None, groups=1,"
    " wrt=('input', 'filters', 'bias'), threads=None, algorithm=None)"
)

X = np.array([1, 10, 100], np.float32).reshape(1, 3, 1, 1, 1)
W = np.array([1, 2, 3], np.float32).reshape(3, 1, 1, 1, 1)
SHAPE = [1, 6, 1, 1, 1]
STRIDES = [1, 2, 1, 1, 1]
EXPECTED = [1, 2, 13, 20, 130, 200]


# ---- names and signatures ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (conv3dt.compat.v1.nn.conv3d_transpose, V1),
        (conv3dt.nn.conv3d_transpose, V2),
        (conv3dt.conv3d_transpose, OURS),
        (conv3dt.explain, EXPLAIN),
        (conv3dt.compat.v1.nn.conv3d, FORWARD_V1),
        (conv3dt.nn.conv3d, FORWARD_V2),
        (conv3dt.conv3d, FORWARD_OURS),
        (conv3dt.explain_conv3d, FORWARD_EXPLAIN),
        (conv3dt.compat.v1.nn.conv3d_backprop_filter_v2, FILTER_V1),
        (conv3dt.conv3d_backprop_filter, FILTER_OURS),
        (conv3dt.conv3d_backprop, BACKPROP),
        (conv3dt.conv3d_transpose_backprop, BACKPROP.replace("padding", "padding='SAME'")),
    ],
    ids=lambda x: getattr(x, "__qualname__", ""),
)
def test_signatures(function, expected):
    signature = inspect.signature(function)
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    assert str(inspect.Signature(bare)) == expected


def test_names():
    functions = {"clear_cache", "prepare", "set_recycling", "show_config", "threads", "warmup"}
    functions |= {"conv3d", "conv3d_transpose", "explain", "explain_conv3d"}
    functions |= {"needed", "needed_conv3d", "conv3d_backprop", "conv3d_backprop_filter"}
    functions |= {"conv3d_transpose_backprop", "explain_conv3d_backprop_filter"}
    modules = {"compat", "keras", "nn", "raw_ops", "weights"}
    expected = functions | modules | {"Gradients", "Prepared", "__version__"}
    assert set(conv3dt.__all__) == set(dir(conv3dt)) == expected
    older = {"conv3d_backprop_filter", "conv3d_backprop_filter_v2"}
    assert {*conv3dt.nn.__all__, *older} == {*conv3dt.compat.v1.nn.__all__}
    for name in set(conv3dt.nn.__all__) - {"conv3d", "conv3d_transpose"}:
        same = getattr(conv3dt.keras.activations, name)
        assert same is getattr(conv3dt.nn, name) is getattr(conv3dt.compat.v1.nn, name)
    with pytest.raises(AttributeError, match="module 'conv3dt' has no attribute 'conv4d'"):
        _ = conv3dt.conv4d


def test_version_is_a_literal():
    tree = ast.parse((PACKAGE / "_compiler" / "version.py").read_text())
    found = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "__version__"
    ]
    assert found == [conv3dt.__version__]


@pytest.mark.parametrize("name", MODULES)
def test_every_name_in_all_exists(name):
    if name.startswith("conv3dt.torch"):
        pytest.importorskip("torch")
    module = importlib.import_module(name)
    missing = [name for name in getattr(module, "__all__", []) if not hasattr(module, name)]
    assert not missing


def test_public_docstrings_are_complete():
    functions = [
        conv3dt.conv3d_transpose,
        conv3dt.explain,
        conv3dt.nn.conv3d_transpose,
        conv3dt.compat.v1.nn.conv3d_transpose,
        conv3dt.conv3d,
        conv3dt.explain_conv3d,
        conv3dt.nn.conv3d,
        conv3dt.compat.v1.nn.conv3d,
        conv3dt.conv3d_backprop,
        conv3dt.conv3d_transpose_backprop,
        conv3dt.conv3d_backprop_filter,
        conv3dt.explain_conv3d_backprop_filter,
        conv3dt.compat.v1.nn.conv3d_backprop_filter,
    ]
    for function in functions:
        for section in ("Parameters", "Returns", "Raises", "See Also", "Examples"):
            assert f"\n{section}\n---" in inspect.getdoc(function)
        head = function.__doc__.split("Raises\n")[0]
        for name in inspect.signature(function).parameters:
            assert name in head.split("Parameters\n")[1], name


# ---- the wrappers --------------------------------------------------------------------------------


def test_values():
    for function in (conv3dt.nn.conv3d_transpose, conv3dt.conv3d_transpose):
        np.testing.assert_array_equal(function(X, W, SHAPE, STRIDES).ravel(), EXPECTED)


def test_positional_order():
    v1, v2 = conv3dt.compat.v1.nn.conv3d_transpose, conv3dt.nn.conv3d_transpose
    plain = X, W, [1, 5, 1, 1, 1], None, "VALID", "NDHWC"
    once = [1, 12, 123, 230, 300]
    np.testing.assert_array_equal(v1(*plain, "name").ravel(), once)
    np.testing.assert_array_equal(v1(*plain, None, None, None, 1).ravel(), once)
    np.testing.assert_array_equal(v2(*plain, 1, "name").ravel(), once)


def test_aliases():
    v1 = conv3dt.compat.v1.nn.conv3d_transpose
    where = {"output_shape": SHAPE, "strides": STRIDES}
    for arrays in (
        {"value": X, "filter": W},
        {"input": X, "filters": W},
        {"value": None, "input": X, "filter": W},
        {"value": X, "filters": W, "filter": None},
    ):
        np.testing.assert_array_equal(v1(**arrays, **where).ravel(), EXPECTED)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"value": X, "input": X, "filter": W}, ValueError, "both 'value' and 'input'"),
        ({"value": X, "filters": W, "filter": W}, ValueError, "both 'filter' and 'filters'"),
        (
            {"value": X, "input": X, "filters": W, "filter": W},
            ValueError,
            "both 'filter' and 'filters'",
        ),
        ({"filter": W}, TypeError, "missing required arguments: 'value'"),
        ({"input": X}, TypeError, "missing required arguments: 'filter'"),
        ({}, TypeError, "missing required arguments: 'value', 'filter'"),
    ],
)
def test_wrong_aliases(arguments, error, text):
    with pytest.raises(error, match=rf"^conv3d_transpose: .*{text}\.$"):
        conv3dt.compat.v1.nn.conv3d_transpose(**arguments, output_shape=SHAPE, strides=2)


def test_v1_needs_output_shape():
    with pytest.raises(TypeError, match=r"missing required arguments: 'output_shape'\."):
        conv3dt.compat.v1.nn.conv3d_transpose(X, W)


def test_errors_carry_the_name():
    for function in (
        conv3dt.compat.v1.nn.conv3d_transpose,
        conv3dt.nn.conv3d_transpose,
        conv3dt.conv3d_transpose,
    ):
        with pytest.raises(ValueError, match=r"^conv3d_transpose: output_shape\[1\] must be"):
            function(X, W, [1, 7, 1, 1, 1], STRIDES)
        with pytest.raises(TypeError, match=r"^conv3d_transpose: output_shape must be integers"):
            function(X, W, "1", STRIDES)
    with pytest.raises(ValueError, match=r"^explain: output_shape\[1\] must be 5 or 6"):
        conv3dt.explain(X.shape, W.shape, [1, 7, 1, 1, 1], STRIDES)


def test_out_is_returned(tmp_path):
    for out in (
        np.full(SHAPE, 9, np.float32),
        np.memmap(tmp_path / "out", np.float32, "w+", shape=tuple(SHAPE)),
    ):
        assert conv3dt.conv3d_transpose(X, W, SHAPE, STRIDES, out=out, threads=1) is out
        np.testing.assert_array_equal(out.ravel(), EXPECTED)


def test_explain_takes_arrays_or_shapes():
    plan = conv3dt.explain(X, W, SHAPE, STRIDES, threads=1)
    assert plan.request == conv3dt.explain(X.shape, W.shape, SHAPE, STRIDES).request
    wide = conv3dt.explain(X.shape, W.shape, SHAPE, STRIDES, bias=(1,), dtype="float64")
    assert (wide.request.dtype, wide.request.bias) == ("float64", True)


# ---- what is loaded when -------------------------------------------------------------------------


def loaded_after(code):
    """The modules of interest that are loaded in a fresh process."""
    code += "; import json, sys; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(result.stdout)}


def test_import_loads_neither_numpy_nor_compilers():
    assert not loaded_after("import conv3dt; dir(conv3dt)") & (COMPILERS | {"numpy"})


def test_names_load_no_compilers():
    code = (
        "from conv3dt import *; import conv3dt; conv3dt.compat.v1.nn.conv3d_transpose;"
        " conv3dt.nn.conv3d_transpose; conv3dt.conv3d_transpose; conv3dt.explain;"
        " conv3dt.keras.layers.Conv3DTranspose(1, 1).build((1, 1, 1, 1, 1))"
    )
    assert not loaded_after(code) & COMPILERS
