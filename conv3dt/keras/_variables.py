"""Weights of layers."""

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from .._call.arrays import as_array, dtype_name

__all__ = ["Variable"]


class Variable(NDArrayOperatorsMixin):
    """An array with a name, which changes by assignment only.

    Layers make them. NumPy's functions and operators take them for arrays, and give arrays: after
    `v *= 2` the name `v` stands for an array, and the variable is as it was, as in TensorFlow.

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
        self._value = _frozen(_numbers(name, value, dtype))

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
        TypeError
            If it is no array of real numbers, or masks some.
        """
        array = _numbers(self.name, value, self.dtype)
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
        return self.assign(self._value + _numbers(self.name, delta))

    def assign_sub(self, delta: Any) -> "Variable":
        """Subtract from the value; see `assign`."""
        return self.assign(self._value - _numbers(self.name, delta))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy or (dtype is not None and np.dtype(dtype) != self.dtype):
            return self._value.astype(dtype or self.dtype)
        return self._value

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        written = [*kwargs.get("out", ()), *(inputs[:1] if method == "at" else ())]
        for variable in written:
            if isinstance(variable, Variable):
                raise TypeError(
                    f"{ufunc.__name__}: a Variable changes by assignment only, such as"
                    f" v.assign(numpy.{ufunc.__name__}(...)); got '{variable.name}' to write to."
                )
        arrays = (x._value if isinstance(x, Variable) else x for x in inputs)
        if isinstance(kwargs.get("where"), Variable):
            kwargs["where"] = kwargs["where"]._value
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        _frozen(self._value)  # NumPy's pickles and deep copies may be written to

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


# `v += 1` is `v = v + 1`; the mixin's would write to what nobody may write to.
for _name in (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"),
    *("lshift", "rshift", "and", "xor", "or"),
):
    setattr(Variable, f"__i{_name}__", getattr(Variable, f"__{_name}__"))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of one's own, made read-only."""
    array.flags.writeable = False
    return array


def _numbers(name: str, given: Any, dtype: Any = None) -> NDArray[Any]:
    """Return a copy of an array of real numbers, as another type if one is given."""
    array = as_array(name, "value", given)
    if array.dtype.kind not in "biuf" and dtype_name(array.dtype) is None:
        raise TypeError(f"{name}: value must be real numbers; got {array.dtype}.")
    return np.array(array, dtype, order="C")
