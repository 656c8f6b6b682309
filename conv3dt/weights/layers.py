"""Weights out of the files of Keras, PyTorch and NumPy, without the framework that wrote them."""

import warnings
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from . import formats as formats  # they register themselves
from .formats.entries import Findings
from .formats.registry import format_of

__all__ = ["LayerWeights", "Layers", "load", "read", "reasons"]

SHOWN = 8  # places in a message


class LayerWeights(NamedTuple):
    """The weights of one transposed convolution.

    Attributes
    ----------
    kernel : ndarray, shape (depth, height, width, out_channels, in_channels)
        In conv3dt's order, whatever the file's.
    bias : ndarray, shape (out_channels,), or None
        None if the layer has no bias.
    """

    kernel: NDArray[Any]
    bias: NDArray[Any] | None


class Layers(dict[str, LayerWeights]):
    """The weights of layers by name, in the order of the model as far as the file tells it.

    Attributes
    ----------
    left_out : dict of str to str
        What else the file has, by its place there, and why it is not among the layers: another
        class, an optimizer's memory, groups, a dtype that conv3dt does not compute with.
    """

    left_out: dict[str, str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left_out = {}


def load(path: str | PathLike[str]) -> Layers:
    """Return the weights of all transposed 3-D convolutions in a file.

    Nothing in a file is executed, and none can claim much more memory than it has bytes.

    Parameters
    ----------
    path : str or path
        A file whose name ends, in any case of letters, in '.keras', '.weights.h5', '.h5', '.hdf5'
        or '.weights.json' (Keras 2 and 3; the last names shards), '.safetensors' or
        '.safetensors.index.json' (PyTorch's `ConvTranspose3d`, axes permuted; weight and spectral
        normalization are applied) or '.npz' (arrays called 'name/kernel' and 'name/bias', with or
        without ':0', or 'kernel' and 'bias', or `numpy.savez(path, *layer.get_weights())`). The
        extra `weights` brings what all but the last need, and ml_dtypes for bfloat16.

    Returns
    -------
    Layers
        A dict of str to LayerWeights, by the name of the layer, or where the file does not say it,
        its place in the file; the second of the same name has '#1' behind it. Without the classes
        of layers ('.safetensors', '.npz', some '.h5') a forward convolution is among them if it
        has as many channels in as out, or no bias. `left_out` says what is not, and why.

    Raises
    ------
    ValueError
        If the name has another ending.
    ImportError
        If what the format needs is not installed.
    OSError
        If the file cannot be read: missing, damaged, or not what its name says.

    Warns
    -----
    UserWarning
        If a transposed convolution is left out, because conv3dt cannot compute it, or everything;
        if the file is one of several shards.

    See Also
    --------
    like_torch : What a PyTorch layer computes, by a call of conv3dt.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib
    >>> import conv3dt
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "decoder.npz"
    >>> np.savez(path, **{"up/kernel": np.ones((2, 2, 2, 4, 8)), "up/bias": np.zeros(4), "step": 3})
    >>> layers = conv3dt.weights.load(path)
    >>> {name: w.kernel.shape for name, w in layers.items()}
    {'up': (2, 2, 2, 4, 8)}
    >>> layers.left_out
    {'step': 'it is of no layer here; its shape: ()'}
    """
    layers, unusable = read(path)
    if unusable or not layers:
        told = reasons(unusable or layers.left_out)
        none = "" if layers else f"no transposed 3-D convolution found in {path}. "
        warnings.warn(f"weights: {none}Left out: {told}.", UserWarning, stacklevel=2)
    return layers


def reasons(left_out: Mapping[str, str]) -> str:
    """Return the first places that were left out with their reasons, and how many are not shown."""
    shown = [f"{place!r}, {reason}" for place, reason in islice(left_out.items(), SHOWN)]
    more = len(left_out) - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more else [])]) or "nothing"


def read(path: str | PathLike[str]) -> tuple[Layers, dict[str, str]]:
    """Return what `load` does, and the transposed convolutions that conv3dt cannot compute."""
    path = Path(path)
    findings = Findings(path)
    format_of(path).read(path, findings)
    layers, used = Layers(), Counter[str]()
    for name, kernel, bias in findings.layers:
        title = name
        while title in layers:  # a layer may be called 'up#1'
            used[name] += 1
            title = f"{name}#{used[name]}"
        layers[title] = LayerWeights(kernel, bias)
    layers.left_out = findings.left_out
    return layers, findings.unusable
