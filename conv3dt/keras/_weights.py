"""The weights of a layer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arrays import as_dtype
from ..weights.layers import read, reasons
from . import constraints, initializers, regularizers
from ._variables import Variable

__all__ = ["Weights"]


class Weights:
    """A list of variables with all the words by which Keras reads and writes it."""

    name: Any
    dtype: Any
    built = False

    def __init__(self, trainable: bool) -> None:
        self.trainable = trainable
        self._variables: list[Variable] = []
        self._regularizers: list[tuple[Any, Variable]] = []

    def add_weight(
        self,
        name: str,
        shape: Any = (),
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
    ) -> Variable:
        """Make a variable that belongs to the layer.

        Parameters
        ----------
        name : str
            What it is called within the layer.
        shape : sequence of int, default ()
            Its shape.
        dtype : dtype_like, optional
            Its type; default the layer's.
        initializer, regularizer, constraint : str, dict or callable, optional
            As in the modules of these names; the default initializer is 'glorot_uniform'.
        trainable : bool, default True
            Whether it is among the trainable weights.

        Returns
        -------
        Variable
        """
        initializer = initializers.get("glorot_uniform" if initializer is None else initializer)
        kind = as_dtype(name, self.dtype or "float32") if dtype is None else dtype
        variable = self._made(name, tuple(shape), kind, initializer, trainable)
        variable.constraint = constraints.get(constraint)
        regularizer = regularizers.get(regularizer)
        self._variables.append(variable)
        if regularizer is not None:
            regularizer(variable)  # what it cannot regularize is an error now
            self._regularizers.append((regularizer, variable))
        return variable

    add_variable = add_weight

    def _made(
        self, name: str, shape: tuple[int, ...], dtype: Any, initializer: Any, trainable: bool
    ) -> Variable:
        """Return a new variable; a family that shares variables by name finds them here."""
        full = f"{self._scope()}/{name}:0"
        return Variable(initializer(shape, dtype=dtype), full, dtype, trainable)

    def _scope(self) -> str:
        """Return what the names of the variables begin with."""
        return str(self.name)

    def _clear_weights(self) -> None:
        """Forget the variables: the layer is built again."""
        self._variables, self._regularizers = [], []

    def _weight_losses(self) -> list[Any]:
        """Return the penalties of the weights as they are now."""
        return [regularizer(variable) for regularizer, variable in self._regularizers]

    @property
    def trainable_weights(self) -> list[Variable]:
        """Variables that are trained: none if the layer is not trainable."""
        return [v for v in self._variables if self.trainable and v.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Variables that are not trained."""
        return [v for v in self._variables if not (self.trainable and v.trainable)]

    @property
    def weights(self) -> list[Variable]:
        """All variables, the trained ones first."""
        return self.trainable_weights + self.non_trainable_weights

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights
    variables = weights

    def get_weights(self) -> list[NDArray[Any]]:
        """Return copies of the values of all variables.

        Returns
        -------
        list of ndarray
            Kernel and bias; empty before the layer is built.
        """
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Assign values to all variables.

        Parameters
        ----------
        weights : list of array_like
            In the order of `get_weights`.

        Raises
        ------
        ValueError
            If there are more or fewer than variables, or a shape is another.
        """
        variables = self.weights
        if len(weights) != len(variables):
            raise ValueError(
                f'You called `set_weights(weights)` on layer "{self.name}" with a weight list of'
                f" length {len(weights)}, but the layer was expecting {len(variables)} weights."
                f" Provided weights: {str(weights)[:50]}..."
            )
        arrays = [np.asarray(weight) for weight in weights]
        for variable, array in zip(variables, arrays, strict=True):
            if array.shape != variable.shape:
                raise ValueError(
                    f"Layer {self.name} weight shape {variable.shape} is not compatible with"
                    f" provided weight shape {array.shape}."
                )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def load_weights(self, path: Any, name: str | None = None) -> None:
        """Build the layer if it is not built, and take its weights from a file.

        Parameters
        ----------
        path : str or path
            A file that `conv3dt.weights.load` reads.
        name : str, optional
            Which of the layers in the file; default the one of this layer's name, or the only one.

        Raises
        ------
        ValueError
            If there is no such layer, conv3dt cannot compute it, or its weights have other shapes.
        OSError
            If the file cannot be read.
        """
        found, unusable = read(path)
        only = len(found) == 1 and not unusable
        name = name or (next(iter(found)) if only else self.name)
        if name not in found:
            left = unusable if found else unusable or found.left_out
            listed = f" Left out: {reasons(left)}." if left else ""
            raise ValueError(
                f"load_weights: name must be one of {', '.join(map(repr, found)) or 'none'};"
                f" got {name!r}.{listed}"
            )
        kernel, bias = found[name]
        if not self.built:
            self._build_for(kernel)
        self.set_weights([kernel] if bias is None else [kernel, bias])

    def _build_for(self, kernel: NDArray[Any]) -> None:
        """Build the layer so that it takes this kernel."""
        raise NotImplementedError

    def count_params(self) -> int:
        """Return how many numbers the weights are.

        Raises
        ------
        ValueError
            If the layer is not built.
        """
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer {self.name}, but the layer isn't built."
                f" You can build it manually via: `{self.name}.build(batch_input_shape)`."
            )
        return sum(int(np.prod(v.shape)) for v in self.weights)

    def apply_constraints(self) -> None:
        """Project every weight that has a constraint, as an optimizer does after a step."""
        for variable in self._variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value()))
