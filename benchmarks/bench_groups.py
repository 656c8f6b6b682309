"""Channels in groups: depthwise layers of 32 channels at 64^3, and groups of four."""

import conv3dt

from .bench_forward import REPEAT
from .randoms import numbers

GROUPS = {"depthwise": 32, "groups of four": 8}


class Groups:
    """Forward convolutions with padding SAME, and the gradient of their filters."""

    params = ((*GROUPS,), (1, 3, 5), (1, 2), ("NDHWC", "NCDHW"))
    param_names = ("groups", "kernel", "stride", "data_format")
    repeat, warmup_time = REPEAT, 0.1

    def setup(self, groups, kernel, stride, data_format):
        space = (64, 64, 64)
        shape = (1, 32, *space) if data_format == "NCDHW" else (1, *space, 32)
        self.x, count = numbers(shape), GROUPS[groups]
        self.w = numbers((kernel, kernel, kernel, 32 // count, 32))
        self.options = {
            "strides": stride, "padding": "SAME", "data_format": data_format, "groups": count,
        }  # fmt: skip
        self.dy = conv3dt.conv3d(self.x, self.w, **self.options)
        self.time_gradient(groups, kernel, stride, data_format)

    def time_call(self, groups, kernel, stride, data_format):
        conv3dt.conv3d(self.x, self.w, **self.options)

    def time_gradient(self, groups, kernel, stride, data_format):
        conv3dt.conv3d_backprop_filter(self.x, self.w.shape, self.dy, **self.options)
