"""How initializers, regularizers and constraints are named, written down and found again."""

from collections.abc import Mapping
from typing import Any

__all__ = ["Named", "Registry", "serialized"]


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
        config = dict(config)
        config.pop("dtype", None)  # of initializers from TensorFlow 1
        return cls(**config)


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
        name, arguments = config, dict[str, Any]()
        if isinstance(config, Mapping):
            name, arguments = config.get("class_name"), config.get("config") or {}
        found = (custom_objects or {}).get(name) or self._names.get(name)
        if found is None:
            raise ValueError(
                f"Unknown {self._what}: {name!r}. Please ensure you are using a name of"
                f" `conv3dt.{self._module}`, or pass the object itself."
            )
        if hasattr(found, "from_config"):
            return found.from_config(arguments)
        made = isinstance(found, type) or name in self._names
        return found(**arguments) if made else found
