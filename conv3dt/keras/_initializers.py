"""Initializers that do not look at the shape they fill."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arrays import as_dtype, refuse_masks
from .._call.scalars import shown
from . import backend
from ._registry import Named

__all__ = [
    "Constant",
    "Initializer",
    "Ones",
    "RandomNormal",
    "RandomUniform",
    "Seeded",
    "TruncatedNormal",
    "Zeros",
    "cut_normal",
]

Array = NDArray[Any]


class Initializer(Named):
    """Base class: an object that is called with a shape and a dtype and returns an array."""

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        """Return the first values of a variable.

        Parameters
        ----------
        shape : sequence of int
            Shape of the variable.
        dtype : dtype_like, optional
            Its type; default `backend.floatx()`.

        Returns
        -------
        ndarray, shape `shape`
        """
        raise NotImplementedError


def _type(dtype: Any) -> np.dtype[Any]:
    return np.dtype(as_dtype("dtype", backend.floatx()) if dtype is None else dtype)


class Constant(Initializer):
    """All the same.

    Parameters
    ----------
    value : float, default 0
        The number; or an array that has the shape of the variable.
    """

    def __init__(self, value: Any = 0) -> None:
        refuse_masks("Constant", "value", value)
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        """Return an array of the value."""
        return np.full(tuple(shape), self.value, _type(dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the value."""
        listed = isinstance(self.value, (np.ndarray, np.generic))
        return {"value": self.value.tolist() if listed else self.value}


class Zeros(Initializer):
    """All 0."""

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        """Return zeros."""
        return np.zeros(tuple(shape), _type(dtype))


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        """Return ones."""
        return np.ones(tuple(shape), _type(dtype))


class Seeded(Initializer):
    """Draws numbers; without a seed it draws one for itself."""

    _generator: Any = None  # how Keras 3 describes a seed that goes on from call to call

    def __init__(self, seed: Any = None) -> None:
        self.seed = seed
        if seed is not None and not hasattr(seed, "__index__"):
            self._generator, self.seed = _described_seed(type(self).__name__, seed)
        self._entropy = np.random.SeedSequence(self.seed).entropy
        self._calls = 0

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        """Return random numbers, the same at every call unless the seed is a generator."""
        kind = _type(dtype)
        if kind.name not in backend.FLOATS:
            raise ValueError(f"Expected floating point type, got {kind}.")
        self._calls += 1
        if self.seed is None and self._calls == 2 and not self._generator:
            warnings.warn(
                f"The initializer {type(self).__name__} is unseeded and being called multiple"
                " times, which will return identical values each time. Please provide a seed, or"
                " use an object only once.",
                UserWarning,
                stacklevel=2,
            )
        begin: Any = [self._entropy, self._calls] if self._generator else self._entropy
        random = np.random.default_rng(begin)
        return np.asarray(self._draw(random, tuple(shape))).astype(kind)

    def _draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {"seed": self._generator or self.seed}


def _described_seed(initializer: str, given: Any) -> tuple[dict[str, Any], int | None]:
    """Return the description of a SeedGenerator of Keras 3, and the seed in it."""
    if hasattr(given, "get_config"):
        given = {"module": "keras.random", "class_name": "SeedGenerator"} | {
            "config": given.get_config(), "registered_name": None
        }  # fmt: skip
    config = given.get("config") if isinstance(given, Mapping) else None
    seed: Any = config.get("seed") if isinstance(config, Mapping) else given
    if seed is not None and not hasattr(seed, "__index__"):
        raise TypeError(
            f"{initializer}: seed must be an integer, None or the description of a SeedGenerator;"
            f" got {shown(given)}."
        )
    return dict(given), seed


def cut_normal(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return normal numbers, drawn again where they lie beyond 2."""
    x = random.standard_normal(shape)
    while (beyond := np.abs(x) > 2).any():
        x[beyond] = random.standard_normal(int(beyond.sum()))
    return x


class RandomUniform(Seeded):
    """Uniform between two numbers.

    Parameters
    ----------
    minval, maxval : float, default -0.05 and 0.05
        The range.
    seed : int, optional
        Where the numbers begin.

    Examples
    --------
    >>> from conv3dt.keras import initializers
    >>> draw = initializers.RandomUniform(-1, 1, seed=3)
    >>> bool((draw((2, 2)) == draw((2, 2))).all())
    True
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def _draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return random.uniform(self.minval, self.maxval, shape)

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {"minval": self.minval, "maxval": self.maxval, "seed": self._generator or self.seed}


class RandomNormal(Seeded):
    """Normal.

    Parameters
    ----------
    mean, stddev : float, default 0 and 0.05
        Mean and standard deviation.
    seed : int, optional
        Where the numbers begin.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def _draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return random.normal(self.mean, self.stddev, shape)

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {"mean": self.mean, "stddev": self.stddev, "seed": self._generator or self.seed}


class TruncatedNormal(RandomNormal):
    """Normal, drawn again beyond two standard deviations.

    Parameters
    ----------
    mean, stddev : float, default 0 and 0.05
        Mean and standard deviation of the distribution before it is cut.
    seed : int, optional
        Where the numbers begin.
    """

    def _draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return self.mean + self.stddev * cut_normal(random, shape)
