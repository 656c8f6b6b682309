"""The losses of a layer."""

from copy import deepcopy
from typing import Any
from weakref import ref

from ._assigning import Assigning

__all__ = ["Loss", "Losses"]


class Loss:
    """A loss, and a weak reference to the inputs it was computed from.

    A copy refers to the same inputs; a pickle, in which they are not, to none.
    """

    def __init__(self, value: Any, inputs: Any = None) -> None:
        self.value = value
        self.inputs: Any = _none if inputs is None else ref(inputs)

    def __deepcopy__(self, memo: Any) -> "Loss":
        return Loss(deepcopy(self.value, memo), self.inputs())

    def __reduce__(self) -> tuple[Any, ...]:
        return Loss, (self.value,)


def _none() -> None:
    """Return what a reference to inputs that are gone returns."""


class Losses(Assigning):
    """Losses of weights, of outputs, and those that are added."""

    def __init__(self, trainable: bool) -> None:
        super().__init__(trainable)
        self._of_inputs: list[Loss] = []
        self._callable_losses: list[Any] = []
        self.updates: list[Any] = []

    @property
    def losses(self) -> list[Any]:
        """The activity loss of the last call, and those of the weights as they are now."""
        return [loss.value for loss in self._of_inputs] + self._unconditional()

    def _unconditional(self) -> list[Any]:
        """Return the losses that do not depend on inputs."""
        return self._weight_losses() + [loss() for loss in self._callable_losses]

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add losses.

        Parameters
        ----------
        losses : callable or number, or list of them
            A callable without arguments is called whenever `losses` is read.
        inputs : array, optional
            What the numbers were computed from; they are forgotten at the next call.

        Raises
        ------
        ValueError
            If a number comes without inputs: nothing could compute it again.
        """
        for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
            if callable(loss):
                self._callable_losses.append(loss)
            elif inputs is None:
                raise ValueError(
                    "Expected a symbolic Tensors or a callable for the loss value. Please wrap your"
                    " loss computation in a zero argument `lambda`."
                )
            else:
                self._of_inputs.append(Loss(loss, inputs))

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the losses that depend on these inputs; for None those that depend on none."""
        if inputs is None:
            return self._unconditional()
        return [loss.value for loss in self._of_inputs if loss.inputs() is inputs]

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Add to `updates`, a list that nothing here runs."""
        self.updates.extend(updates if isinstance(updates, (list, tuple)) else [updates])

    def __getstate__(self) -> dict[str, Any]:
        """Return all attributes; a copy adds to lists of its own."""
        state = dict(self.__dict__)
        for name in ("_variables", "_regularizers", "_of_inputs", "_callable_losses", "updates"):
            state[name] = list(state[name])
        return state
