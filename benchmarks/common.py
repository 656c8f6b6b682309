"""Layers of published models, and arrays for them. Only ever appended to: names are asv's keys."""

import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np

import conv3dt

from .randoms import numbers

__all__ = [
    "FORWARD",
    "LAYERS",
    "SMALLEST",
    "VARIANTS",
    "Layer",
    "arrays",
    "make_call",
    "make_plain_call",
    "make_variant",
    "output_shape",
    "plan_of",
    "run_python",
]


class Layer(NamedTuple):
    """A layer in NDHWC with padding SAME, unless it is VALID."""

    n: int
    i: tuple[int, int, int]
    ci: int
    co: int
    k: tuple[int, int, int]
    s: tuple[int, int, int]
    padding: str = "SAME"
    d: int = 1
    forward: bool = False  # conv3d, not conv3d_transpose


LAYERS = {
    "nnunet_top": Layer(1, (64, 64, 64), 64, 32, (2, 2, 2), (2, 2, 2)),
    "nnunet_deep": Layer(2, (4, 4, 4), 320, 320, (2, 2, 2), (2, 2, 2)),
    "nnunet_aniso": Layer(1, (20, 80, 64), 64, 32, (1, 2, 2), (1, 2, 2)),
    "vnet_up32": Layer(1, (32, 64, 64), 64, 16, (2, 2, 2), (2, 2, 2)),
    "gan3d_in": Layer(64, (1, 1, 1), 200, 512, (4, 4, 4), (1, 1, 1), "VALID"),
    "gan3d_2": Layer(8, (4, 4, 4), 512, 256, (4, 4, 4), (2, 2, 2)),
    "gan3d_4": Layer(2, (16, 16, 16), 128, 64, (4, 4, 4), (2, 2, 2)),
    "gan3d_out": Layer(4, (32, 32, 32), 64, 1, (4, 4, 4), (2, 2, 2)),
    "psmnet_5": Layer(1, (12, 24, 78), 64, 64, (3, 3, 3), (2, 2, 2)),
    "psmnet_6": Layer(1, (24, 48, 78), 64, 32, (3, 3, 3), (2, 2, 2)),
    "gcnet_out": Layer(1, (48, 64, 128), 32, 1, (3, 3, 3), (2, 2, 2)),
    "pcc_1": Layer(1, (16, 16, 16), 32, 32, (5, 5, 5), (2, 2, 2)),
    "pcc_out": Layer(1, (32, 32, 32), 32, 1, (9, 9, 9), (2, 2, 2)),
    "isonet_up": Layer(1, (24, 24, 24), 128, 64, (3, 3, 3), (2, 2, 2)),
    "k3_stride1": Layer(1, (32, 32, 32), 32, 32, (3, 3, 3), (1, 1, 1)),
    "k3_dilated2": Layer(1, (32, 32, 32), 32, 32, (3, 3, 3), (1, 1, 1), "SAME", 2),
    "cin1": Layer(1, (64, 64, 64), 1, 16, (3, 3, 3), (1, 1, 1)),
    "k3_s2_16_8": Layer(1, (48, 48, 48), 16, 8, (3, 3, 3), (2, 2, 2)),
}

FORWARD = {
    "forward_k3_32": Layer(1, (32, 32, 32), 32, 32, (3, 3, 3), (1, 1, 1), forward=True),
    "forward_k3_64": Layer(1, (32, 32, 32), 64, 64, (3, 3, 3), (1, 1, 1), forward=True),
    "forward_k3_s2_32": Layer(1, (64, 64, 64), 32, 64, (3, 3, 3), (2, 2, 2), forward=True),
    "forward_k3_s2_64": Layer(1, (32, 32, 32), 64, 128, (3, 3, 3), (2, 2, 2), forward=True),
}

SMALLEST = Layer(1, (2, 2, 2), 1, 1, (1, 1, 1), (1, 1, 1))  # what any call costs

VARIANTS = {
    "float32": {},
    "NCDHW": {"data_format": "NCDHW"},
    "float64": {"dtype": "float64"},
    "float16": {"dtype": "float16"},
    "bfloat16": {"dtype": "bfloat16"},
    "bias, relu": {"activation": "relu"},
    "1 thread": {"threads": 1},
    "autotuned": {"autotune": True},
}


def output_lengths(layer):
    """Return i*s, or the shortest for VALID; of a forward layer, with SAME, i/s rounded up."""
    if layer.forward:
        return [-(-i // s) for i, s in zip(layer.i, layer.s, strict=True)]
    if layer.padding == "SAME":
        return [i * s for i, s in zip(layer.i, layer.s, strict=True)]
    keff = [(k - 1) * layer.d + 1 for k in layer.k]
    return [(i - 1) * s + k for i, s, k in zip(layer.i, layer.s, keff, strict=True)]


def output_shape(layer, data_format="NDHWC"):
    return in_order(layer.n, output_lengths(layer), layer.co, data_format)


def input_shape(layer, data_format="NDHWC"):
    return in_order(layer.n, layer.i, layer.ci, data_format)


def in_order(n, lengths, channels, data_format):
    return (n, channels, *lengths) if data_format == "NCDHW" else (n, *lengths, channels)


def filters_shape(layer):
    channels = (layer.ci, layer.co) if layer.forward else (layer.co, layer.ci)
    return (*layer.k, *channels)


def arrays(layer, dtype="float32", data_format="NDHWC"):
    """Return input and filters; every page of them has been written."""
    x, w = numbers(input_shape(layer)), numbers(filters_shape(layer))
    if data_format == "NCDHW":
        x = np.ascontiguousarray(np.moveaxis(x, 4, 1))
    return x.astype(dtype), w.astype(dtype)


def options(layer, data_format="NDHWC"):
    """Return the arguments of a call beside its arrays."""
    shape = {} if layer.forward else {"output_shape": output_shape(layer, data_format)}
    return {
        **shape,
        "strides": layer.s,
        "padding": layer.padding,
        "data_format": data_format,
        "dilations": layer.d,
    }


def plan_of(layer, dtype="float32", data_format="NDHWC", threads=None):
    """Return the plan of a layer: its `flops` and `bytes` are those that everybody is given."""
    shapes = input_shape(layer, data_format), filters_shape(layer)
    explain = conv3dt.explain_conv3d if layer.forward else conv3dt.explain
    return explain(*shapes, **options(layer, data_format), dtype=dtype, threads=threads)


def make_call(layer, dtype="float32", data_format="NDHWC", **more):
    """Return a call into the result of an earlier one, as a function; filters are packed before.

    Those of a forward layer are packed in the call.
    """
    x, w = arrays(layer, dtype, data_format)
    chosen = options(layer, data_format)
    if layer.forward:
        out = conv3dt.conv3d(x, w, **chosen, **more)
        return lambda: conv3dt.conv3d(x, w, **chosen, **more, out=out)
    shape = chosen.pop("output_shape")
    prepared = conv3dt.prepare(w, **chosen, **more)
    out = prepared(x, shape)
    return lambda: prepared(x, shape, out=out)


def make_plain_call(layer, dtype="float32", data_format="NDHWC"):
    """Return a call as a program written for TensorFlow has it: everything is done every time."""
    x, w = arrays(layer, dtype, data_format)
    chosen = options(layer, data_format)
    nn = conv3dt.compat.v1.nn
    call = nn.conv3d if layer.forward else nn.conv3d_transpose
    if layer.forward:  # whose first version has no numbers for strides
        chosen["strides"] = (1, *layer.s, 1) if data_format == "NDHWC" else (1, 1, *layer.s)
    return lambda: call(x, w, **chosen)


def make_variant(layer, name):
    """Return a call in the way that VARIANTS names."""
    if name == "bfloat16":
        import ml_dtypes  # noqa: F401 - registers it with NumPy; not everybody has it
    more = dict(VARIANTS[name])
    if "activation" in more:
        more["bias"] = np.ones(layer.co, np.float32)
    return make_call(layer, **more)


def run_python(program, **environment):
    """Run a program in a new interpreter."""
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **environment}, check=True)
