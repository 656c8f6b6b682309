"""Layers whose gradients are asked for: how they are drawn, and what must come out."""

from typing import NamedTuple

import numpy as np

from tests.helpers import cases, oracle

AXES = ("NDHWC", "NCDHW")


class Layer(NamedTuple):
    """A forward convolution from the big array to the small one; the transposed one goes back."""

    big: np.ndarray
    filters: np.ndarray
    small: np.ndarray
    strides: tuple
    padding: str
    data_format: str
    dilations: tuple

    @property
    def how(self):
        """The arguments behind the arrays, in the library's order."""
        return self.strides, self.padding, self.data_format, self.dilations

    @property
    def oracle_how(self):
        """The same in the oracle's order."""
        return self.strides, self.padding, self.dilations, self.data_format

    def of_bias(self, array):
        """The sums over all but the channels."""
        return oracle.channels_last(oracle.wide(array), self.data_format).sum((0, 1, 2, 3))


def drawn(rng, dtype="float32", data_format=None, numbers=None):
    """A layer whose numbers are small integers, unless `numbers` makes others of a shape."""
    pick = lambda some: some[rng.integers(len(some))]  # noqa: E731
    padding, data_format = pick(["SAME", "VALID"]), data_format or pick(AXES)
    k, s, d = (tuple(pick(x) for _ in range(3)) for x in ([1, 2, 3, 4], [1, 2, 3], [1, 1, 2]))
    o = [int(rng.integers(1, 10)) for _ in range(3)]
    if padding == "VALID":
        o = [max(oo, (kk - 1) * dd + 1) for oo, kk, dd in zip(o, k, d, strict=True)]
    axes = zip(o, k, s, d, strict=True)
    i = [oracle.forward_length(*axis, padding) for axis in axes]
    n, cb, cs = pick([1, 1, 2, 3]), pick(cases.CHANNELS), pick(cases.CHANNELS)
    shapes = (
        cases.tensor_shape(n, o, cb, data_format),
        (*k, cb, cs),
        cases.tensor_shape(n, i, cs, data_format),
    )
    numbers = numbers or (lambda shape: rng.integers(-3, 4, shape))
    arrays = [numbers(shape).astype(dtype) for shape in shapes]
    return Layer(*arrays, s, padding, data_format, d)
