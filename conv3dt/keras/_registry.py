"""How initializers, regularizers and constraints are named, written down and found again."""

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["Named", "Registry", "described", "is_of_keras3", "plain", "serialized"]


class Named:
    """What is described by a class name and a dict of plain values."""

    def get_config(self) -> dict[str, Any]:
        """Return the parameters as plain values.

        Returns
        -------
        dict
            What the constructor takes.
        """
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Return an object with these parameters.

        Parameters
        ----------
        config : dict
            What `get_config` returned.
        """
        config = {key: plain(value) for key, value in config.items()}
        config.pop("dtype", None)  # of initializers from TensorFlow 1
        return cls(**config)


def plain(value: Any) -> Any:
    """Return a value as it was before Keras wrote it down: arrays and tuples have descriptions."""
    if not isinstance(value, Mapping):
        return value
    kind = value.get("class_name", value.get("type"))
    if kind == "__tuple__":
        return tuple(map(plain, value["items"]))
    if kind in ("__numpy__", "__tensor__", "ndarray"):
        inner = value.get("config", value)
        array = np.array(inner["value"], inner.get("dtype"))
        return array if array.ndim else array.item()
    return value


def described(config: Any) -> tuple[Any, Mapping[str, Any], Any]:
    """Return the name, the arguments and the registered name of a name or a description.

    A function's description has its name where others have their arguments.
    """
    if not isinstance(config, Mapping):
        return config, {}, None
    name, arguments = config.get("class_name"), config.get("config")
    if name == "function" or isinstance(arguments, str):
        name, arguments = arguments, {}
    return name, arguments or {}, config.get("registered_name")


def is_of_keras3(config: Mapping[str, Any]) -> bool:
    """Return whether Keras 3 has described a layer so: its types are a DTypePolicy."""
    dtype = config.get("dtype")
    return isinstance(dtype, Mapping) and dtype.get("class_name") == "DTypePolicy"


def serialized(thing: Any, module: str) -> dict[str, Any]:
    """Return the description of an object that has `get_config`, in the form of Keras."""
    kind = type(thing)
    own = kind.__module__.startswith("conv3dt.")
    return {
        "module": module if own else kind.__module__,
        "class_name": kind.__name__,
        "config": thing.get_config(),
        "registered_name": None if own else kind.__name__,
    }


class Registry:
    """The classes of one module of `conv3dt.keras`, by all of their names.

    `what` and `received` are what errors call them.
    """

    def __init__(self, what: str, received: str, module: str, names: dict[str, Any]) -> None:
        self._what, self._received, self._module = what, received, module
        self._names = names

    def get(self, identifier: Any) -> Any:
        """Return the object that anything a user may pass stands for; None is none."""
        if identifier is None:
            return None
        if isinstance(identifier, (str, Mapping)):
            return self.deserialize(identifier)
        if isinstance(identifier, type):
            return identifier()
        if callable(identifier):
            return identifier
        raise ValueError(f"Could not interpret {self._received} identifier: {identifier}")

    def serialize(self, thing: Any) -> Any:
        """Return plain values that `deserialize` understands."""
        if thing is None or isinstance(thing, str):
            return thing
        if hasattr(thing, "get_config"):
            return serialized(thing, self._module)
        return getattr(thing, "__name__", type(thing).__name__)

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the object that a name or a description stands for."""
        name, arguments, registered = described(config)
        own = custom_objects or {}
        found = own.get(name) or own.get(registered) or self._names.get(name)
        if found is None:
            raise ValueError(
                f"Unknown {self._what}: {name!r}. Please ensure you are using a name of"
                f" `conv3dt.{self._module}`, or pass the object itself."
            )
        if hasattr(found, "from_config"):
            return found.from_config(arguments)
        made = isinstance(found, type) or name in self._names
        return found(**arguments) if made else found
