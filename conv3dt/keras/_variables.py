"""Weights of layers."""

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

__all__ = ["Variable"]


class Variable(NDArrayOperatorsMixin):
    """An array with a name, which changes by assignment only.

    Layers make them. NumPy's functions and operators take them for arrays.

    Parameters
    ----------
    value : array_like
        The first value.
    name : str
        The name, such as 'conv3d_transpose/kernel:0'.
    dtype : dtype_like, optional
        The type; default that of the value.
    trainable : bool, default True
        What an optimizer is told.
    constraint : callable, optional
        Makes a legal value of any other.

    Attributes
    ----------
    name, trainable, constraint
        As given.
    """

    def __init__(
        self,
        value: Any,
        name: str,
        dtype: Any = None,
        trainable: bool = True,
        constraint: Any = None,
    ) -> None:
        self.name, self.trainable, self.constraint = name, trainable, constraint
        self._value = _frozen(np.array(value, dtype, order="C"))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self._value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the value."""
        return self._value.dtype

    def numpy(self) -> NDArray[Any]:
        """Return a copy of the value."""
        return self._value.copy()

    def value(self) -> NDArray[Any]:
        """Return the value, read-only; it does not change when another is assigned."""
        return self._value

    read_value = value

    def assign(self, value: Any) -> "Variable":
        """Replace the value.

        Parameters
        ----------
        value : array_like, shape `shape`
            Cast to the variable's type.

        Returns
        -------
        Variable
            This one.

        Raises
        ------
        ValueError
            If the shape is another.
        """
        array = np.array(value, self.dtype, order="C")
        if array.shape != self.shape:
            raise ValueError(
                f"Cannot assign value to variable '{self.name}': Shape mismatch."
                f"The variable shape {self.shape}, and the assigned value shape {array.shape}"
                " are incompatible."
            )
        self._value = _frozen(array)
        return self

    def assign_add(self, delta: Any) -> "Variable":
        """Add to the value; see `assign`."""
        return self.assign(self._value + np.asarray(delta))

    def assign_sub(self, delta: Any) -> "Variable":
        """Subtract from the value; see `assign`."""
        return self.assign(self._value - np.asarray(delta))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy or (dtype is not None and np.dtype(dtype) != self.dtype):
            return self._value.astype(dtype or self.dtype)
        return self._value

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        arrays = (x._value if isinstance(x, Variable) else x for x in inputs)
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __getitem__(self, index: Any) -> Any:
        return self._value[index]

    def __len__(self) -> int:
        return len(self._value)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return (
            f"<conv3dt.Variable '{self.name}' shape={self.shape} dtype={self.dtype}, numpy=\n"
            f"{self._value!r}>"
        )


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of one's own, made read-only."""
    array.flags.writeable = False
    return array
