"""Weights of transposed convolutions out of files and from PyTorch's layers."""

from .layers import LayerWeights, TorchCall, like_torch, load

__all__ = ["LayerWeights", "TorchCall", "like_torch", "load"]
