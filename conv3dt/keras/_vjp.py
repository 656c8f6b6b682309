"""Layers whose calls can be gone back through."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..functions.prepared import Prepared
from ._finishing import finished, refuse_lazy
from ._layer import Layer
from ._pullback import Kept, Pullback

__all__ = ["Differentiable", "Ready"]

Array = NDArray[Any]


class Ready(NamedTuple):
    """The layer as it was when its filters were packed."""

    key: tuple[Any, ...]  # everything that the rest was made of; compared by identity
    prepared: Prepared
    activation: Any  # what the kernels do not know, or None
    shapes: dict[tuple[int, ...], tuple[Any, Any]]  # of inputs -> of what is computed, and its part


class Differentiable(Layer):
    """A layer of a kernel and a bias, of whose calls there are gradients."""

    kernel: Any
    bias: Any
    algorithm: str | None

    def vjp(self, inputs: Any) -> tuple[Array, Pullback]:
        """Compute the output of an input, and return how gradients go back through this call.

        The gradients are those at the weights of this call, whatever is assigned to the layer
        later. They are kept in what is returned, with `inputs` and the output, neither of which may
        be written to before: nothing is kept in the layer, which several threads may use.

        Parameters
        ----------
        inputs : array_like, 5-D
            The input.

        Returns
        -------
        y : ndarray
            What `layer(inputs)` returns.
        pullback : callable
            `dx, grads = pullback(dy, losses=False)` takes the gradient with respect to `y` and
            returns those with respect to the input and to the weights, in the order of
            `trainable_variables`; with `losses=True` those of `sum(layer.losses)` are added.

        Raises
        ------
        ValueError, TypeError
            If the input does not fit the layer; if it is an array of dask; if the layer is of a
            subclass that computes something else.

        Examples
        --------
        >>> import numpy as np
        >>> from conv3dt.keras import layers
        >>> up = layers.Conv3DTranspose(1, (1, 1, 2), strides=(1, 1, 2), kernel_initializer="ones")
        >>> y, pullback = up.vjp(np.float32([1, 2]).reshape(1, 1, 1, 2, 1))
        >>> dx, (of_kernel, of_bias) = pullback(y)
        >>> dx.ravel(), of_kernel.ravel(), of_bias
        (array([2., 4.], dtype=float32), array([5., 5.], dtype=float32), array([6.], dtype=float32))
        """
        own = type(self).call.__module__
        if not own.startswith("conv3dt."):
            raise TypeError(
                f"{self.name}: vjp needs the `call` of Conv3DTranspose, whose gradients are known;"
                f" got that of {type(self).__name__}."
            )
        given = self._entering(inputs)
        refuse_lazy(self.name, "vjp", given)
        x = self._cast(given)
        ready, weights, regularized = self._up_to_date(), *self._trained()
        computed, part = self._shapes(ready, x.shape)
        z = ready.prepared(x, computed)
        y = finished(self.name, z, part, ready.activation)
        before = None if ready.activation is None else z if part is None else z[part]
        self._leaving(y, x)
        kernel, bias, strides, padding, _, _, dilations, activation, *_ = ready.key
        bias = None if bias is None else bias.astype(x.dtype, copy=False)
        kernel = kernel.astype(x.dtype, copy=False)
        how = strides, padding.upper(), self._nn_format, dilations
        kept = Kept(
            self.name, x, given.dtype.newbyteorder("="), y, before, kernel, bias, activation,
            how, self.algorithm, computed, part, weights, regularized,
            self.activity_regularizer, self._autocast, bool(self._callable_losses),
        )  # fmt: skip
        return y, Pullback(kept)

    def _up_to_date(self) -> Ready:
        """Return the layer as it is ready to compute; what a subclass defines."""
        raise NotImplementedError

    def _shapes(self, ready: Ready, shape: tuple[int, ...]) -> tuple[Any, Any]:
        """Return what is computed of inputs of a shape, and which part of it is the output."""
        raise NotImplementedError

    @property
    def _nn_format(self) -> str:
        raise NotImplementedError

    def _trained(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return what is trained, by what it is, and which regularizers it has."""
        variables = self.trainable_variables
        names = {id(self.kernel): "kernel", id(self.bias): "bias"}
        places = {id(v): n for n, v in enumerate(variables)}
        own = [(r, places[id(v)]) for r, v in self._regularizers if id(v) in places]
        return tuple((names.get(id(v)), v.value()) for v in variables), tuple(own)
