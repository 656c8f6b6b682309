"""Shapes with unknown extents, and how lengths of layers follow from each other."""

from collections.abc import Iterable
from operator import index
from typing import Any

__all__ = ["InputSpec", "TensorShape", "as_shape", "output_length"]


class TensorShape(tuple[Any, ...]):
    """A tuple of extents, None where one is unknown, with the words of TensorFlow's."""

    def as_list(self) -> list[Any]:
        """Return the extents as a list."""
        return list(self)

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self)

    ndims = rank


def as_shape(given: Any) -> TensorShape:
    """Return a shape from anything that lists extents."""
    if given is None:
        raise ValueError("Cannot take the length of shape with unknown rank.")
    extents: Iterable[Any] = given if hasattr(given, "__iter__") else (given,)
    return TensorShape(None if extent is None else index(extent) for extent in extents)


class InputSpec:
    """What a layer demands of its input.

    Parameters
    ----------
    ndim, min_ndim : int, optional
        The number of dimensions, or the least.
    axes : dict of int to int, optional
        Extents that axes must have.
    """

    def __init__(
        self,
        ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int] | None = None,
    ) -> None:
        self.ndim, self.min_ndim, self.axes = ndim, min_ndim, axes or {}

    def __repr__(self) -> str:
        said = {"ndim": self.ndim, "min_ndim": self.min_ndim, "axes": self.axes}
        return f"InputSpec({', '.join(f'{key}={value}' for key, value in said.items() if value)})"

    def check(self, shape: tuple[int, ...], name: str) -> None:
        """Raise ValueError for an input that does not fit; `name` is the layer's."""
        rule, found = "", f"found ndim={len(shape)}. Full shape received: {tuple(shape)}"
        if self.ndim is not None and len(shape) != self.ndim:
            rule = f"expected ndim={self.ndim}, {found}"
        elif self.min_ndim is not None and len(shape) < self.min_ndim:
            rule = f"expected min_ndim={self.min_ndim}, {found}"
        for axis, extent in self.axes.items():
            if not rule and shape[axis] != extent:
                rule = (
                    f"expected axis {axis} of input shape to have value {extent}, but received"
                    f" input with shape {tuple(shape)}"
                )
        if rule:
            raise ValueError(f'Input 0 of layer "{name}" is incompatible with the layer: {rule}')


def output_length(
    i: int | None,
    k: int,
    padding: str,
    output_padding: int | None = None,
    s: int = 1,
    d: int = 1,
) -> int | None:
    """Return the length that Keras gives the output of an axis; None if the input's is unknown.

    Keras 2.15, `conv_utils.deconv_output_length`, with the dilation as Keras 3 honours it. 'full'
    is a padding that functions know and layers do not.
    """
    if i is None:
        return None
    span = (k - 1) * d + 1
    if output_padding is None:
        extra = {"valid": max(span - s, 0), "same": 0, "full": -(s + span - 2)}
        return i * s + extra[padding]
    cut = {"valid": 0, "same": span // 2, "full": span - 1}
    return (i - 1) * s + span - 2 * cut[padding] + output_padding
