"""Steady state: calls of layers of published models, compiled in `setup`."""

import conv3dt

from .common import LAYERS, arrays, output_shape


class _Call:
    """One call, made once in `setup`."""

    def prepare(self, name, dtype="float32", data_format="NDHWC", threads=None):
        layer = LAYERS[name]
        self.x, self.w = arrays(layer, dtype, data_format)
        self.options = {
            "output_shape": output_shape(layer, data_format),
            "strides": layer.s,
            "padding": layer.padding,
            "dilations": layer.d,
            "data_format": data_format,
            "threads": threads,
        }
        self.y = self.call()

    def call(self, out=None):
        return conv3dt.conv3d_transpose(self.x, self.w, out=out, **self.options)


class Layers(_Call):
    """Plain calls, and calls into memory that is there already."""

    params = (*LAYERS,)
    param_names = ("layer",)

    def setup(self, name):
        self.prepare(name)

    def time_call(self, name):
        self.call()

    def time_call_out(self, name):
        self.call(self.y)

    def peakmem_call(self, name):
        self.call()


class Kinds(_Call):
    """Other dtypes, layouts and one thread, on a layer for each kind of kernel."""

    params = (
        ("gan3d_4", "psmnet_5", "gan3d_out"),
        ("float32", "float64", "float16"),
        ("NDHWC", "NCDHW"),
        (1, None),
    )
    param_names = ("layer", "dtype", "data_format", "threads")

    def setup(self, *case):
        self.prepare(*case)

    def time_call_out(self, *case):
        self.call(self.y)
