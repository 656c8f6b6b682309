"""The most memory a process has held after one call, with its arrays and everything imported."""

from .common import LAYERS, make_plain_call


class Memory:
    params = (*LAYERS,)
    param_names = ("layer",)

    def setup(self, layer):
        self.call = make_plain_call(LAYERS[layer])

    def peakmem_call(self, layer):
        self.call()
