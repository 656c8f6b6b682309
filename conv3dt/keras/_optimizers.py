"""What optimizers have in common: a count of steps, and arrays beside variables."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arrays import as_array
from .._call.scalars import shown
from ._registry import Named
from ._variables import Variable

__all__ = ["Optimizer", "as_fraction"]

Array = NDArray[Any]


def as_fraction(optimizer: str, name: str, given: Any, below: float | None = None) -> float:
    """Return a number that is not negative, and smaller than a bound."""
    rule = f"{optimizer}: {name} must be a number from 0" + (f" to below {below}" if below else "")
    if isinstance(given, bool) or not isinstance(given, (int, float, np.number)):
        raise TypeError(f"{rule}; got {shown(given)}.")
    number = float(given)
    if not 0 <= number < (np.inf if below is None else below):
        raise ValueError(f"{rule}; got {shown(given)}.")
    return number


class Optimizer(Named):
    """Base class: an object that changes variables by their gradients."""

    slots: tuple[str, ...] = ()  # what is kept beside each variable

    def __init__(self, learning_rate: Any, name: Any) -> None:
        self.name = name
        self.learning_rate = learning_rate
        self.iterations = 0
        self._variables: list[Variable] = []
        self._kept: list[list[Variable]] = []  # for each of the variables, one for each slot
        self._places: dict[int, int] = {}

    @property
    def learning_rate(self) -> Any:
        """How far a step goes: a number, or a callable of the number of steps made before."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, given: Any) -> None:
        kind = type(self).__name__
        self._learning_rate = (
            given if callable(given) else as_fraction(kind, "learning_rate", given)
        )

    lr = learning_rate

    def _rate(self) -> float:
        """Return the learning rate of the next step."""
        rate = self._learning_rate
        if not callable(rate):
            return float(rate)
        return as_fraction(type(self).__name__, "learning_rate", rate(self.iterations))

    def build(self, var_list: Iterable[Variable]) -> None:
        """Make the arrays that are kept beside variables, all zero.

        Parameters
        ----------
        var_list : iterable of Variable
            The variables; those that are known already are left as they are.
        """
        for variable in var_list:
            if not isinstance(variable, Variable):
                raise TypeError(
                    f"{type(self).__name__}: variables must be those of layers; got"
                    f" {shown(variable)}."
                )
            if id(variable) not in self._places:
                self._places[id(variable)] = len(self._variables)
                self._variables.append(variable)
                zeros = np.zeros(variable.shape, variable.dtype)
                self._kept.append([Variable(zeros, self._named(s, variable)) for s in self.slots])

    def _named(self, slot: str, variable: Variable) -> str:
        return f"{self.name}/{slot}/{variable.name}"

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> int:
        """Make a step: change variables by their gradients, then apply their constraints.

        Parameters
        ----------
        grads_and_vars : iterable of (array_like, Variable)
            `zip(grads, layer.trainable_variables)`; where the gradient is None the variable stays
            as it is.

        Returns
        -------
        int
            How many steps have been made.

        Raises
        ------
        ValueError
            If there is no gradient at all, or one has another shape than its variable. No variable
            has been changed then.
        TypeError
            If a gradient is no array of real numbers, or a variable is none.
        """
        pairs = [(g, v) for g, v in grads_and_vars if g is not None]
        if not pairs:
            raise ValueError(f"{type(self).__name__}: there must be gradients; got none.")
        self.build(variable for _, variable in pairs)
        arrays = [self._as_gradient(g, v) for g, v in pairs]
        rate = self._rate()
        for gradient, (_, variable) in zip(arrays, pairs, strict=True):
            kept = self._kept[self._places[id(variable)]]
            with np.errstate(all="ignore"):
                self._step(gradient, variable, kept, gradient.dtype.type(rate))
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value()))
        self.iterations += 1
        return self.iterations

    def _as_gradient(self, given: Any, variable: Variable) -> Array:
        """Return a gradient in the type of its variable."""
        array = as_array(type(self).__name__, f"the gradient of {variable.name}", given)
        if array.shape != variable.shape:
            raise ValueError(
                f"{type(self).__name__}: the gradient of {variable.name} must have shape"
                f" {variable.shape}; got shape {shown(array.shape)}."
            )
        return array.astype(variable.dtype, copy=False)

    def _step(self, g: Array, variable: Variable, kept: list[Variable], rate: Any) -> None:
        """Change one variable, and what is kept beside it; what a subclass defines."""
        raise NotImplementedError

    # ---- state -----------------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """What is kept: the number of steps, then the arrays beside variables, slot by slot."""
        steps = Variable(np.int64(self.iterations), f"{self.name}/iteration")
        return [steps, *(kept[n] for n in range(len(self.slots)) for kept in self._kept)]

    def save_own_variables(self, store: Any) -> None:
        """Write what is kept into a dict: `numpy.savez(path, **store)` saves it.

        Parameters
        ----------
        store : dict
            Gets an array for each of `variables`, under '0', '1', ...
        """
        for number, variable in enumerate(self.variables):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take what `save_own_variables` has written.

        Parameters
        ----------
        store : mapping
            The dict, or what `numpy.load` returns.

        Raises
        ------
        ValueError
            If there are more or fewer arrays, or shapes are others. `build` the optimizer before.
        """
        mine, names = self.variables, list(store)
        if sorted(names) != sorted(map(str, range(len(mine)))):
            raise ValueError(
                f"{type(self).__name__}: there must be {len(mine)} arrays, one for each of"
                f" `variables` (build(layer.trainable_variables) makes them); got {len(names)}."
            )
        values = [np.asarray(store[str(number)]) for number in range(len(mine))]
        for variable, value in zip(mine, values, strict=True):
            if variable.shape != value.shape:
                raise ValueError(
                    f"{type(self).__name__}: {variable.name} must have shape {variable.shape};"
                    f" got shape {value.shape}."
                )
        self.iterations = int(values[0])
        for variable, value in zip(mine[1:], values[1:], strict=True):
            variable.assign(value)

    def get_config(self) -> dict[str, Any]:
        """Return name and learning rate."""
        return {"name": self.name, "learning_rate": self.learning_rate}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._places = {id(variable): n for n, variable in enumerate(self._variables)}
