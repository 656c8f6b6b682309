"""Weights out of the files of Keras, PyTorch and NumPy, without the framework that wrote them."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from .._call.scalars import as_integers, shown
from .._geometry.integers import effective
from .readers import READERS

__all__ = ["LayerWeights", "TorchCall", "like_torch", "load"]


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


def load(path: str | PathLike[str]) -> dict[str, LayerWeights]:
    """Return the weights of all transposed 3-D convolutions in a file.

    Parameters
    ----------
    path : str or path
        A file whose name ends in '.keras', '.weights.h5', '.h5' or '.hdf5' (Keras 2 and 3),
        '.safetensors' (PyTorch's `ConvTranspose3d`, axes permuted) or '.npz' (arrays called
        'name/kernel' and 'name/bias', or 'kernel' and 'bias', or `numpy.savez(path,
        *layer.get_weights())`). The extra `weights` brings what the first five need.

    Returns
    -------
    dict of str to LayerWeights
        By the name of the layer, or where the file does not say it, its place in the file. Without
        the classes of layers ('.safetensors', '.npz', some '.h5') a forward convolution is among
        them if it has as many channels in as out, or no bias.

    Raises
    ------
    ValueError
        If the name has another ending.
    ImportError
        If what the format needs is not installed.
    OSError
        If the file cannot be read.

    See Also
    --------
    like_torch : What a PyTorch layer computes, by a call of conv3dt.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib
    >>> import conv3dt
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "decoder.npz"
    >>> np.savez(path, **{"up/kernel": np.ones((2, 2, 2, 4, 8)), "up/bias": np.zeros(4)})
    >>> {name: w.kernel.shape for name, w in conv3dt.weights.load(path).items()}
    {'up': (2, 2, 2, 4, 8)}
    """
    path = Path(path)
    reader = next((r for suffix, r in READERS.items() if path.name.endswith(suffix)), None)
    if reader is None:
        raise ValueError(f"weights: a file must end in {', '.join(READERS)}; got {path.name!r}.")
    layers: dict[str, LayerWeights] = {}
    for name, kernel, bias in reader(path):
        number = sum(key == name or key.startswith(f"{name}#") for key in layers)
        layers[f"{name}#{number}" if number else name] = LayerWeights(kernel, bias)
    return layers


class TorchCall(NamedTuple):
    """A call that computes what a `ConvTranspose3d` does.

    Attributes
    ----------
    arguments : dict
        Of `conv3dt.conv3d_transpose` and `conv3dt.nn.conv3d_transpose`, but for the arrays.
    crop : tuple of slice
        The part of the result that is PyTorch's.
    """

    arguments: dict[str, Any]
    crop: tuple[slice, ...]


def like_torch(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
) -> TorchCall:
    """Return the call that computes what `torch.nn.functional.conv_transpose3d` does.

    PyTorch cuts `padding` rows off both ends of the full result, and puts `output_padding` rows
    at the end, which lie beyond it or are cut less. The call is 'VALID' and makes those rows too;
    what it returns beyond PyTorch's result has to be cropped.

    Parameters
    ----------
    input_shape : sequence of 5 int
        (batch, in_channels, depth, height, width).
    weight_shape : sequence of 5 int
        (in_channels, out_channels, depth, height, width), of PyTorch's weight.
    stride, padding, output_padding, dilation : int or sequence of 3 int
        As PyTorch has them.

    Returns
    -------
    TorchCall
        For `filters = weight.permute(2, 3, 4, 1, 0)` and an input in PyTorch's order.

    Raises
    ------
    ValueError
        If an argument has an illegal value: output_padding must be less than stride or dilation,
        and here less than stride + padding.

    See Also
    --------
    load : PyTorch's weights as filters.

    Examples
    --------
    >>> import numpy as np
    >>> import conv3dt
    >>> x, weight = np.ones((1, 2, 3, 3, 3), "f4"), np.ones((2, 4, 3, 3, 3), "f4")
    >>> call = conv3dt.weights.like_torch(x.shape, weight.shape, 2, padding=1, output_padding=1)
    >>> filters = weight.transpose(2, 3, 4, 1, 0)
    >>> conv3dt.conv3d_transpose(x, filters, **call.arguments)[call.crop].shape
    (1, 4, 6, 6, 6)
    """
    given = zip(
        input_shape[2:], weight_shape[2:], _three("stride", stride), _three("padding", padding),
        _three("output_padding", output_padding), _three("dilation", dilation), strict=True,
    )  # fmt: skip
    axes = [_axis(*axis) for axis in given]
    arguments = {
        "output_shape": (input_shape[0], weight_shape[1], *(length for length, _ in axes)),
        "strides": _three("stride", stride),
        "padding": "VALID",
        "data_format": "NCDHW",
        "dilations": _three("dilation", dilation),
    }
    return TorchCall(arguments, (slice(None), slice(None), *(crop for _, crop in axes)))


def _axis(i: int, k: int, s: int, padding: int, extra: int, d: int) -> tuple[int, slice]:
    """Return the length to compute and the part of it that PyTorch returns."""
    if not 0 <= extra < max(s, d) or extra - padding >= s:
        raise ValueError(
            f"like_torch: output_padding must be from 0 to {min(max(s, d), s + padding) - 1} for"
            f" stride {s}, dilation {d}, padding {padding}; got {extra}."
        )
    full = (i - 1) * s + effective(k, d)
    end = full - padding + extra
    return max(full, end), slice(padding, end)


def _three(name: str, given: Any) -> tuple[int, ...]:
    """Return three integers of one or three."""
    numbers = as_integers("like_torch", name, given)
    if len(numbers) not in (1, 3):
        raise ValueError(f"like_torch: {name} must be 1 or 3 integers; got {shown(given)}.")
    return numbers * 3 if len(numbers) == 1 else numbers
