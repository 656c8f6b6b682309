"""Initializers that look at the shape they fill."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._initializers import Seeded, cut_normal

__all__ = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "LecunNormal",
    "LecunUniform",
    "Orthogonal",
    "VarianceScaling",
]

Array = NDArray[Any]

CUT_NORMAL = 0.87962566103423978  # standard deviation of a normal law that is cut off at 2
MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


def _fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Return how many inputs and outputs Keras counts: the last two axes times all before.

    A transposed convolution's kernel ends in (out, in), so that its fan_in counts output channels.
    """
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    receptive = math.prod(shape[:-2])
    return float(shape[-2] * receptive), float(shape[-1] * receptive)


class VarianceScaling(Seeded):
    """Random numbers of variance scale/n, where n is a number of inputs or outputs.

    For a kernel of shape (..., a, b) the number of inputs is a times the product of the leading
    axes, that of outputs b times it.

    Parameters
    ----------
    scale : float, default 1
        Positive.
    mode : {'fan_in', 'fan_out', 'fan_avg'}, default 'fan_in'
        Whether n is the number of inputs, of outputs or their mean.
    distribution : {'truncated_normal', 'untruncated_normal', 'uniform'}
        The law, default 'truncated_normal', which is also called 'normal'.
    seed : int, optional
        Where the numbers begin.
    input_axes, output_axes : sequence of int, optional
        Axes whose extents make the numbers of inputs and of outputs, if both are given.

    Raises
    ------
    ValueError
        If an argument is illegal.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Any = None,
        output_axes: Any = None,
    ) -> None:
        super().__init__(seed)
        self.input_axes, self.output_axes = input_axes, output_axes
        if scale <= 0:
            raise ValueError(f"`scale` must be positive float. Received: scale={scale}.")
        if mode not in MODES:
            raise ValueError(f"Invalid `mode` argument: {mode}. Please use one of the {MODES}.")
        distribution = distribution.lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in DISTRIBUTIONS:
            raise ValueError(
                f"Invalid `distribution` argument: {distribution}."
                f" Allowed distributions: {DISTRIBUTIONS}."
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def _draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        inputs, outputs = self._counted(shape)
        n = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2}[self.mode]
        deviation = math.sqrt(self.scale / max(1.0, n))
        if self.distribution == "uniform":
            limit = math.sqrt(3) * deviation
            return random.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return random.normal(0, deviation, shape)
        return deviation / CUT_NORMAL * cut_normal(random, shape)

    def _counted(self, shape: tuple[int, ...]) -> tuple[float, float]:
        """Return how many inputs and outputs there are."""
        axes = self.input_axes, self.output_axes
        if None in axes:
            return _fans(shape)
        try:
            inputs, outputs = (math.prod(shape[axis] for axis in of) for of in axes)
        except (IndexError, TypeError) as error:
            raise ValueError(
                f"{type(self).__name__}: input_axes and output_axes must be axes of the variable's"
                f" shape, {shape}; got {axes[0]} and {axes[1]}."
            ) from error
        return float(inputs), float(outputs)

    def _axes(self) -> dict[str, Any]:
        """Return the axes for the description, if there are any."""
        axes = {"input_axes": self.input_axes, "output_axes": self.output_axes}
        return {name: list(of) for name, of in axes.items() if of is not None}

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "seed": self._generator or self.seed,
            **self._axes(),
        }


class _Fixed(VarianceScaling):
    """A VarianceScaling of which only the seed is left to choose."""

    _law: tuple[float, str, str]

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(*self._law, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """Return the seed."""
        return {"seed": self._generator or self.seed, **self._axes()}


class GlorotUniform(_Fixed):
    """Uniform, variance 2/(inputs + outputs). Glorot and Bengio, AISTATS 2010."""

    _law = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Fixed):
    """Truncated normal, variance 2/(inputs + outputs). Glorot and Bengio, AISTATS 2010."""

    _law = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Fixed):
    """Uniform, variance 2/inputs. He et al., ICCV 2015."""

    _law = (2.0, "fan_in", "uniform")


class HeNormal(_Fixed):
    """Truncated normal, variance 2/inputs. He et al., ICCV 2015."""

    _law = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Fixed):
    """Uniform, variance 1/inputs. Klambauer et al., NIPS 2017."""

    _law = (1.0, "fan_in", "uniform")


class LecunNormal(_Fixed):
    """Truncated normal, variance 1/inputs. Klambauer et al., NIPS 2017."""

    _law = (1.0, "fan_in", "truncated_normal")


class Orthogonal(Seeded):
    """A random matrix with orthogonal rows or columns, in the shape of the kernel.

    The matrix has the last axis as columns and all others as rows. Saxe et al., ICLR 2014.

    Parameters
    ----------
    gain : float, default 1
        Factor of the matrix.
    seed : int, optional
        Where the numbers begin.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def _draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        if len(shape) < 2:
            raise ValueError(
                "The tensor to initialize must be at least two-dimensional."
                f" Received: shape={shape} of rank {len(shape)}."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(random.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        return np.asarray(self.gain * (q.T if rows < columns else q).reshape(shape))

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {"gain": self.gain, "seed": self._generator or self.seed}


class Identity(Seeded):
    """The unit matrix; a kernel of a convolution is none and raises ValueError.

    Parameters
    ----------
    gain : float, default 1
        Factor of the matrix.
    """

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__(0)
        self.gain = gain

    def _draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        if len(shape) != 2:
            raise ValueError(
                "Identity matrix initializer can only be used for 2D matrices."
                f" Received: shape={shape} of rank {len(shape)}."
            )
        return self.gain * np.eye(*shape)

    def get_config(self) -> dict[str, Any]:
        """Return the gain."""
        return {"gain": self.gain}
