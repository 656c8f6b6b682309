"""What is assigned to the attributes of a layer that are its weights."""

from typing import Any

from .._call.arrays import refuse_masks
from ._variables import Variable
from ._weights import Weights

__all__ = ["Assigning"]


class Assigning(Weights):
    """Weights whose values are set by assigning arrays to the attributes that hold them."""

    _own: tuple[str, ...] = ()  # attributes that are weights once the layer is built

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; an array where a variable is becomes the variable's value."""
        held = self.__dict__.get(name)
        if isinstance(held, Variable) and value is not held:
            value = self._instead(name, held, value)
        elif name in self._own and value is not None and value is not held:
            self._check_own(name, value)
        object.__setattr__(self, name, value)

    def _instead(self, name: str, held: Variable, value: Any) -> Any:
        """Return what an attribute is to be that is a variable, of which the layer has a list."""
        places = [n for n, variable in enumerate(self._variables) if variable is held]
        if not places or (value is None and name not in self._own):
            return value  # the layer is being built again
        if not isinstance(value, Variable):
            return held.assign(value)
        if value.shape != held.shape:
            raise ValueError(
                f"Layer {self.name}: {name} must have shape {held.shape}; got a variable of shape"
                f" {value.shape}."
            )
        self._variables[places[0]] = value
        self._regularizers = [(r, value if v is held else v) for r, v in self._regularizers]
        return value

    def _check_own(self, name: str, value: Any) -> None:
        """Raise ValueError for a weight that is not there yet, and would be made anew."""
        if not any(value is variable for variable in self._variables):
            why = "it has none" if self.built else "call it first, or build(input_shape)"
            raise ValueError(f"Layer {self.name}: {name} cannot be set; {why}.")

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
        TypeError
            If an array masks something.
        """
        for number, weight in enumerate(weights):
            refuse_masks(self.name, f"weights[{number}]", weight)
        super().set_weights(weights)
