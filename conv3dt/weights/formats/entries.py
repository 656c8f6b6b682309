"""Arrays of a file that are not read yet, and which of them are transposed convolutions.

A file tells more or less about its layers. Where it tells their classes, transposed convolutions
are taken; else what has the shapes of one: with a bias, its length tells whether a 5-D kernel is
transposed, unless there are as many channels in as out.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._geometry.storages import STORAGES
from .source import DamagedError, needed

__all__ = ["KERAS", "TORCH", "Entry", "Findings", "Layout", "as_stored", "dtype_of"]


class Entry(NamedTuple):
    """An array: its description costs nothing, `read` gets its numbers."""

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], NDArray[Any]]


class Layout(NamedTuple):
    """Which axes of a kernel are the channels that come out, that a forward one's are, and ours."""

    out: int
    forward: int
    axes: tuple[int, ...]


KERAS = Layout(3, 4, (0, 1, 2, 3, 4))
TORCH = Layout(1, 0, (2, 3, 4, 1, 0))


class Findings:
    """What a file has: layers in the order of the model, and why the rest is none.

    Attributes
    ----------
    path : Path
        The file.
    layers : list of (name, kernel, bias)
        What `load` returns.
    left_out : dict of str to str
        A reason by place.
    unusable : dict of str to str
        Those of them that are transposed convolutions nevertheless.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.layers: list[tuple[str, NDArray[Any], NDArray[Any] | None]] = []
        self.left_out: dict[str, str] = {}
        self.unusable: dict[str, str] = {}

    def broken(self, place: str, reason: str) -> OSError:
        """Return the error that says what is missing in a file."""
        return DamagedError(f"weights: {self.path} cannot be read at {place!r}: {reason}.")

    def leave(self, place: str, reason: str, unusable: bool = False) -> None:
        """Note why something is no layer of the result."""
        self.left_out[place] = reason
        if unusable:
            self.unusable[place] = reason

    def take(
        self,
        name: str,
        place: str,
        kernel: Entry,
        bias: Entry | None,
        layout: Layout = KERAS,
        transposed: bool | None = None,
        likely: bool = True,
    ) -> bool:
        """Add a layer, or note why it is none; return whether it is one.

        `transposed` is what its class tells for certain, `likely` counts where the shapes are those
        of both convolutions.
        """
        reason = _another(kernel, bias, layout, transposed, likely)
        if reason:
            self.leave(place, reason)
            return False
        reason = _obstacle(kernel, bias, layout)
        if reason:
            self.leave(place, reason, unusable=True)
            return False
        array = kernel.read().transpose(layout.axes)
        self.layers.append((name, array, None if bias is None else bias.read()))
        return True

    def take_rest(self, entries: Mapping[str, Entry], used: set[str]) -> None:
        """Note all that nobody used."""
        for place, entry in entries.items():
            if place not in used and place not in self.left_out:
                five = "its name is not that of a kernel" if len(entry.shape) == 5 else ""
                self.leave(place, five or f"it is of no layer here; its shape: {entry.shape}")


def _another(
    kernel: Entry, bias: Entry | None, layout: Layout, transposed: bool | None, likely: bool
) -> str | None:
    """Return why this is something else than a transposed 3-D convolution."""
    if len(kernel.shape) != 5:
        return f"its kernel has {len(kernel.shape)} dimensions, that of a 3-D convolution 5"
    if transposed is not None:
        return None if transposed else "it is a layer of another class"
    out, forward = kernel.shape[layout.out], kernel.shape[layout.forward]
    if bias is not None and out != forward and bias.shape == (forward,):
        return "it is a forward convolution: its bias has a number for each of the last channels"
    if not likely and (bias is None or out == forward):
        return "it is stored as a forward convolution"
    return None


def _obstacle(kernel: Entry, bias: Entry | None, layout: Layout) -> str | None:
    """Return why a transposed convolution cannot be computed."""
    out, others = kernel.shape[layout.out], kernel.shape[layout.forward]
    if 0 in kernel.shape:
        return f"a size of its kernel is 0: {kernel.shape}"
    for word, entry in (("kernel", kernel), ("bias", bias)):
        if entry is not None and entry.dtype not in STORAGES:
            return f"its {word} is {entry.dtype}; legal are {', '.join(STORAGES)}"
    if bias is None or bias.shape == (out,):
        return None
    groups = bias.shape[0] // out if len(bias.shape) == 1 else 0
    if layout is TORCH and groups > 1 and bias.shape == (groups * out,) and others % groups == 0:
        return f"it has {groups} groups, which conv3dt does not compute"
    return f"its bias must have shape ({out},) for a kernel of {kernel.shape}; got {bias.shape}"


# ---- dtypes --------------------------------------------------------------------------------------


def dtype_of(dtype: np.dtype[Any]) -> str:
    """Return a name; files keep bfloat16, which NumPy has not, as two bytes without a meaning."""
    if dtype.kind == "V" and dtype.itemsize == 2 and dtype.names is None and not dtype.shape:
        return "bfloat16"
    return str(dtype.newbyteorder("=").name)


def as_stored(array: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Return what was read as an array of this dtype, in native byte order."""
    if dtype != "bfloat16":
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    return array.view(needed("ml_dtypes").bfloat16)
