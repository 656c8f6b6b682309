"""How what a layer is called with reaches the `call` of its class, which may take more than inputs.

Keras hands arguments on as they are. `training` is special: a layer that is called inside another
one has the outer one's, and a layer whose `call` does not take it may be given it all the same.
"""

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

__all__ = ["NOTHING", "Arguments", "takes_training"]

NOTHING: Any = object()  # for the inputs of a call without any

_training: ContextVar[Any] = ContextVar("training", default=None)


@lru_cache(maxsize=256)
def _signature(function: Callable[..., Any], is_method: bool) -> inspect.Signature:
    """Return what a function takes, for a method without its object."""
    signature = inspect.signature(function)
    return signature.replace(parameters=[*signature.parameters.values()][is_method:])


def takes_training(call: Callable[..., Any]) -> bool:
    """Return whether a class's `call` has a parameter of that name."""
    return "training" in _signature(call, True).parameters


class Arguments:
    """The arguments of one call of a layer, in the places that its `call` has for them."""

    def __init__(self, layer: Any, inputs: Any, more: Any, named: dict[str, Any]) -> None:
        self._call = layer.call
        method = getattr(layer.call, "__func__", None)
        signature = _signature(method or layer.call, method is not None)
        parameters = signature.parameters
        given = more if inputs is NOTHING else (inputs, *more)
        self._training = named.get("training")
        if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            named = {k: v for k, v in named.items() if k in parameters or not _is_idle(k, v)}
        try:
            bound = signature.bind_partial(*given, **named)
            self._training = bound.arguments.get("training", self._training)
            if self._training is None and "training" in parameters:
                self._fill(bound, parameters["training"])
            bound = signature.bind(*bound.args, **bound.kwargs)
        except TypeError as error:
            raise TypeError(f"{layer.name}: call() {error}") from error
        self._args, self._named = bound.args, bound.kwargs

    @staticmethod
    def _fill(bound: inspect.BoundArguments, parameter: inspect.Parameter) -> None:
        """Say whether it is training: as around this call, else as the default has it, else not."""
        outer = _training.get()
        if outer is not None:
            bound.arguments["training"] = outer
        elif parameter.default is parameter.empty:
            bound.arguments["training"] = False

    @property
    def inputs(self) -> Any:
        """The first argument."""
        return self._args[0]

    def call(self, inputs: Any) -> Any:
        """Compute, with the first argument as an array that fits."""
        token = _training.set(_training.get() if self._training is None else self._training)
        try:
            return self._call(inputs, *self._args[1:], **self._named)
        finally:
            _training.reset(token)


def _is_idle(name: str, value: Any) -> bool:
    """Return whether an argument may be given to a layer that has no use for it."""
    return name == "training" or (name == "mask" and value is None)
