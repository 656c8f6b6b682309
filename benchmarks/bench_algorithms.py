"""Convolutions that minimal filtering takes, beside the sums of the definition; forward ones."""

import conv3dt

from .bench_forward import REPEAT
from .common import FORWARD, LAYERS, arrays, options

TAKEN = ("k3_stride1", "gan3d_4", "psmnet_6", "pcc_1")


class Algorithm:
    """Plain calls, which pack or transform filters every time."""

    params = ((*TAKEN, *FORWARD), ("auto", "direct"), ("NDHWC", "NCDHW"))
    param_names = ("layer", "algorithm", "data_format")
    repeat, warmup_time = REPEAT, 0.1

    def setup(self, name, algorithm, data_format):
        layer = (LAYERS | FORWARD)[name]
        self.arrays = arrays(layer, data_format=data_format)
        self.options = options(layer, data_format) | {"algorithm": algorithm}
        self.function = conv3dt.conv3d if layer.forward else conv3dt.conv3d_transpose
        self.time_call(name, algorithm, data_format)

    def time_call(self, name, algorithm, data_format):
        self.function(*self.arrays, **self.options)
