"""What a layer is to compute, written down with the oracle."""

import numpy as np

from tests.helpers import oracle


def defined(layer, x):
    """What a layer is to compute, by the definition: all products, cropped as Keras crops them."""
    i = oracle.extents(x.shape, layer._nn_format)
    o = oracle.extents(layer.compute_output_shape(x.shape), layer._nn_format)
    axes = []
    for i_, k, s, d, o_ in zip(
        i, layer.kernel_size, layer.strides, layer.dilation_rate, o, strict=True
    ):
        surplus = (i_ - 1) * s + (k - 1) * d + 1 - o_
        p = max(0, surplus) // 2 if layer.padding == "same" else 0
        axes.append((k, s, d, p, o_))
    x = oracle.channels_last(x.astype(np.float64), layer._nn_format)
    y = oracle.scatter(x, np.asarray(layer.kernel).astype(np.float64), axes)
    y = y if layer.bias is None else y + np.asarray(layer.bias).astype(np.float64)
    return oracle.channels_as(y, layer._nn_format)


def integers(layer, x):
    """Build, with small integers as weights, so that sums are exact."""
    layer.build(x.shape)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.integers(-3, 4, w.shape) for w in layer.weights])
    return layer
