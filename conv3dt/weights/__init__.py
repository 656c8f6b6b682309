"""Weights of transposed convolutions out of files and from PyTorch's layers."""

from .layers import Layers, LayerWeights, load
from .padding import TorchCall, like_torch

__all__ = ["LayerWeights", "Layers", "TorchCall", "like_torch", "load"]
