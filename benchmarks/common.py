"""Layers of published models, and arrays for them. Only ever appended to: names are asv's keys."""

from typing import NamedTuple

import numpy as np

__all__ = ["LAYERS", "Layer", "arrays", "output_shape"]


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


def output_shape(layer, data_format="NDHWC"):
    """Return the output shape: i*s for SAME, the shortest for VALID."""
    if layer.padding == "SAME":
        o = [i * s for i, s in zip(layer.i, layer.s, strict=True)]
    else:
        keff = [(k - 1) * layer.d + 1 for k in layer.k]
        o = [(i - 1) * s + k for i, s, k in zip(layer.i, layer.s, keff, strict=True)]
    return (layer.n, layer.co, *o) if data_format == "NCDHW" else (layer.n, *o, layer.co)


def arrays(layer, dtype="float32", data_format="NDHWC"):
    """Return input and filters; every page of them has been written."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((layer.n, *layer.i, layer.ci), np.float32)
    w = rng.standard_normal((*layer.k, layer.co, layer.ci), np.float32)
    if data_format == "NCDHW":
        x = np.ascontiguousarray(np.moveaxis(x, 4, 1))
    return x.astype(dtype), w.astype(dtype)
