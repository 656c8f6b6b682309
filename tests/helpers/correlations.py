"""Gradients of filters by their definition, and layers to try them on."""

from itertools import product
from typing import NamedTuple

import numpy as np

from conv3dt._runtime import team

# Arrays of the same numbers that lie otherwise.
STEPPED = {
    "fortran": np.asfortranarray,
    "reversed": lambda x: x[:, ::-1, :, ::-1].copy()[:, ::-1, :, ::-1],
    "channels apart": lambda x: np.repeat(x, 2, axis=4)[..., ::2],
    "channels turned": lambda x: x[..., ::-1].copy()[..., ::-1],
    "rows apart": lambda x: np.repeat(x, 3, axis=3)[:, :, :, ::3],
    "odd address": lambda x: np.frombuffer(b"." + x.tobytes(), x.dtype, offset=1).reshape(x.shape),
}


class Case(NamedTuple):
    """A gradient: extents of both arrays, and how taps read."""

    n: int
    big: tuple
    small: tuple
    cb: int
    cs: int
    kernel: tuple
    strides: tuple = (1, 1, 1)
    dilations: tuple = (1, 1, 1)
    before: tuple = (0, 0, 0)

    @property
    def how(self):
        return self.kernel, self.strides, self.dilations, self.before

    @property
    def shapes(self):
        return (self.n, *self.big, self.cb), (self.n, *self.small, self.cs)

    def arrays(self, dtype="float32", seed=0):
        """Return small integers, channels last: their sums are exact in every type."""
        rng = np.random.default_rng(seed)
        return [rng.integers(-2, 3, shape).astype(dtype) for shape in self.shapes]


def definition(big, small, kernel, strides, dilations, before):
    """Return the gradient in float64: what each position adds to each tap that reads inside."""
    big, small = big.astype(np.float64), small.astype(np.float64)
    found = np.zeros((*kernel, big.shape[4], small.shape[4]))
    for q in product(*map(range, small.shape[1:4])):
        for tap in product(*map(range, kernel)):
            axes = zip(q, strides, tap, dilations, before, strict=True)
            i = [a * s + t * d - p for a, s, t, d, p in axes]
            if all(0 <= x < most for x, most in zip(i, big.shape[1:4], strict=True)):
                found[tap] += big[(slice(None), *i)].T @ small[(slice(None), *q)]
    return found


def channels_second(x):
    """Return x with its channels behind the batch, in memory, too."""
    return np.ascontiguousarray(np.moveaxis(x, 4, 1))


def assert_threads_change_no_bit(correlate, case, dtype, last):
    """Fail unless a gradient of numbers that round is the same with one thread and with several."""
    rng = np.random.default_rng(0)
    big, small = (rng.standard_normal(x.shape).astype(dtype) for x in case.arrays())
    if not last:
        big, small = channels_second(big), channels_second(small)
    one, *others = (
        correlate(big, small, *case.how, last, threads=n) for n in (1, 2, 2, team.available())
    )
    for other in others:
        np.testing.assert_array_equal(one, other)
