"""Gradients: of the input, of the filters, and of both with the bias, as training has them."""

import numpy as np

import conv3dt

from .bench_forward import REPEAT
from .common import FORWARD, LAYERS, arrays, options, output_shape
from .randoms import numbers

WRT = {"input": ["input"], "filters": ["filters"], "all": ["input", "filters", "bias"]}


class Gradient:
    """One call; filters are packed in it, results are new arrays."""

    params = ((*LAYERS, *FORWARD), (*WRT,), ("float32", "bfloat16"))
    param_names = ("layer", "wrt", "dtype")
    repeat, warmup_time = REPEAT, 0.1

    def setup(self, name, wrt, dtype):
        if dtype == "bfloat16":
            try:
                import ml_dtypes  # noqa: F401 - registers it with NumPy; not everybody has it
            except ImportError as error:
                raise NotImplementedError from error  # asv's word for a case to be left out
        layer = (LAYERS | FORWARD)[name]
        x, w = arrays(layer, dtype)
        self.arrays = numbers(output_shape(layer)).astype(dtype), x, w
        self.options = options(layer) | {"wrt": WRT[wrt], "bias": np.ones(layer.co, dtype)}
        self.options.pop("output_shape", None)
        self.function = (
            conv3dt.conv3d_backprop if layer.forward else conv3dt.conv3d_transpose_backprop
        )
        self.time_call(name, wrt, dtype)

    def time_call(self, name, wrt, dtype):
        self.function(*self.arrays, **self.options)
