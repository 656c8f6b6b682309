"""Modules of `conv3dt.torch`: forward without gradients, and a step; left out without PyTorch."""

from .bench_forward import REPEAT

LAYERS = {
    "smallest": ("Conv3d", (1, 1, 1), 2),
    "kernel 3": ("Conv3d", (32, 32, 3, 1, 1), 32),
    "kernel 1": ("Conv3d", (32, 3, 1), 32),
    "up": ("ConvTranspose3d", (64, 32, 2, 2), 32),
}


class Module:
    """One call on contiguous tensors."""

    params = (*LAYERS,)
    param_names = ("layer",)
    repeat, warmup_time = REPEAT, 0.1

    def setup(self, layer):
        try:
            import torch

            import conv3dt.torch
        except ImportError as error:
            raise NotImplementedError from error  # asv's word for a case to be left out
        kind, arguments, length = LAYERS[layer]
        self.module = getattr(conv3dt.torch, kind)(*arguments)
        self.x = torch.randn(1, arguments[0], length, length, length)
        self.no_grad = torch.no_grad
        self.time_forward(layer)
        self.time_step(layer)

    def time_forward(self, layer):
        with self.no_grad():
            self.module(self.x)

    def time_step(self, layer):
        self.module.zero_grad()
        self.module(self.x).square().mean().backward()
