"""How gradients go back through a call of a layer. Nothing of it is kept in the layer."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._call.arrays import as_array
from .._call.scalars import shown
from .._compiler.activations.table import ACTIVATIONS
from .._run.slopes import Slopes, backward
from .._runtime import team
from ..functions.gradients import Gradients, conv3d_transpose_backprop
from ..functions.transposed import conv3d_transpose
from . import activations

__all__ = ["Kept", "Pullback"]

Array = NDArray[Any]


class Kept(NamedTuple):
    """A call of a layer, as it was: arrays that are never changed, and how they were used."""

    name: str
    x: Array  # as it was computed with
    x_dtype: Any  # as it was given
    y: Array
    z: Array | None  # in front of an activation that kernels do not know
    kernel: Array
    bias: Array | None
    activation: Callable[..., Any]
    how: tuple[Any, ...]  # strides, padding, data format, dilations
    algorithm: str | None
    computed: tuple[int, ...]  # shape of which y is a part
    part: tuple[slice, ...] | None  # None is all
    weights: tuple[tuple[str | None, Any], ...]  # trainable: what it is, and its type and value
    regularizers: tuple[tuple[Any, int], ...]  # of weights, by their places
    activity: Any  # regularizer
    autocast: bool
    has_other_losses: bool


class Pullback:
    """The second result of `layer.vjp`: from the gradient of the output to those of the rest."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def __call__(
        self, dy: Any, losses: bool = False, *, inputs: bool = True
    ) -> tuple[Array | None, list[Array | None]]:
        """Return the gradient of the input, and those of the trainable weights.

        Parameters
        ----------
        dy : array_like
            The gradient with respect to the output.
        losses : bool, default False
            Whether to add the gradients of the layer's own losses: of the regularizers of weights
            and of the output.
        inputs : bool, default True
            Whether the gradient of the input is wanted; a first layer needs none.

        Returns
        -------
        dx : ndarray or None
            Of the shape and type of the input.
        grads : list of ndarray
            In the order of `trainable_variables`, of their shapes and types; None for a variable
            that the output does not depend on.

        Raises
        ------
        ValueError
            If `dy` has not the shape of the output.
        TypeError
            If `dy` has not its type and may not be cast, or a gradient is not known.
        """
        kept = self._kept
        dy = self._as_gradient(dy)
        if losses:
            dy = self._with_activity(dy)
        wanted = [name for name, _ in kept.weights]
        dz, of_bias = self._through_activation(dy, "bias" in wanted)
        wrt = (["input"] if inputs else []) + (["filters"] if "kernel" in wanted else [])
        found = Gradients(None, None, None)
        if wrt:
            found = conv3d_transpose_backprop(
                self._whole(dz), kept.x, kept.kernel, *kept.how, wrt=wrt, algorithm=kept.algorithm
            )
        grads = self._of_weights({"kernel": found.filters, "bias": of_bias})
        if losses:
            self._add_regularizers(grads)
        dx = found.input
        return None if dx is None else dx.astype(kept.x_dtype, copy=False), grads

    def _as_gradient(self, given: Any) -> Array:
        """Return the gradient of the output, of its shape and type."""
        kept = self._kept
        dy = as_array(kept.name, "dy", given)
        if dy.shape != kept.y.shape:
            raise ValueError(
                f"{kept.name}: dy must have the shape of the output, {kept.y.shape};"
                f" got shape {shown(dy.shape)}."
            )
        listed = isinstance(given, (list, tuple, int, float))
        if dy.dtype != kept.y.dtype and not (kept.autocast or listed):
            raise TypeError(
                f"{kept.name}: dy must have the dtype of the output, {kept.y.dtype};"
                f" got {dy.dtype}."
            )
        return dy.astype(kept.y.dtype, copy=False)

    def _with_activity(self, dy: Array) -> Array:
        """Return the gradient of the output with that of the penalty on it."""
        kept = self._kept
        if kept.has_other_losses:
            raise TypeError(
                f"{kept.name}: losses must be False where add_loss has added some, whose gradients"
                " are not known; got True."
            )
        if kept.activity is None:
            return dy
        batch = kept.y.dtype.type(max(1, len(kept.y)))
        return np.asarray(dy + _gradient(kept.name, kept.activity, kept.y) / batch)

    def _through_activation(self, dy: Array, bias: bool) -> Slopes:
        """Return the gradient in front of the activation, and that of the bias."""
        kept = self._kept
        last, threads = kept.how[2] == "NDHWC", team.default()
        fused = activations.fused(kept.activation)
        if fused is None:
            dz = activations.gradient(kept.activation, dy, kept.z, kept.y)
            return backward(dz, None, "linear", last, threads, bias=bias)
        v = kept.y if ACTIVATIONS[fused].slope.of == "y" else self._before_activation()
        return backward(dy, v, fused, last, threads, bias=bias)

    def _before_activation(self) -> Array:
        """Return what the activation was applied to, computed again."""
        kept = self._kept
        z = conv3d_transpose(
            kept.x, kept.kernel, kept.computed, *kept.how, bias=kept.bias, algorithm=kept.algorithm
        )
        return z if kept.part is None else z[kept.part]

    def _whole(self, dz: Array) -> Array:
        """Return the gradient of all that was computed: what was not kept has none."""
        if self._kept.part is None:
            return dz
        whole = np.zeros(self._kept.computed, dz.dtype)
        whole[self._kept.part] = dz
        return whole

    def _of_weights(self, found: dict[str, Array | None]) -> list[Array | None]:
        """Return the gradients of the trainable weights, in their types."""
        grads: list[Array | None] = []
        for name, value in self._kept.weights:
            array = None if name is None else found[name]
            grads.append(None if array is None else array.astype(value.dtype, copy=False))
        return grads

    def _add_regularizers(self, grads: list[Array | None]) -> None:
        """Add the gradients of the penalties on weights."""
        for regularizer, place in self._kept.regularizers:
            value, before = self._kept.weights[place][1], grads[place]
            more = _gradient(self._kept.name, regularizer, value)
            grads[place] = more if before is None else before + more


def _gradient(name: str, regularizer: Any, x: Array) -> Array:
    """Return the gradient of a penalty."""
    known = getattr(regularizer, "gradient", None)
    if known is None:
        raise TypeError(
            f"{name}: a regularizer must have a method gradient(x) for losses=True;"
            f" got {shown(regularizer)}."
        )
    return np.asarray(known(x), x.dtype)
