"""First values of weights, as in `tf.keras.initializers`.

The random ones draw from NumPy's generator: the laws are Keras's, the numbers are not. The same
seed gives the same numbers.
"""

from collections.abc import Mapping
from typing import Any

from ..weights.names import snake_case
from ._initializers import (
    Constant,
    Initializer,
    Ones,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    Zeros,
)
from ._registry import Registry
from ._scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    VarianceScaling,
)

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "deserialize",
    "get",
    "serialize",
]

_CLASSES = (
    *(Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity, LecunNormal),
    *(LecunUniform, Ones, Orthogonal, RandomNormal, RandomUniform, TruncatedNormal),
    *(VarianceScaling, Zeros),
)


def _names() -> dict[str, Any]:
    """Return the classes under all names that Keras knows them by."""
    names: dict[str, Any] = {"uniform": RandomUniform, "normal": RandomNormal}
    names |= {"one": Ones, "zero": Zeros}
    for kind in _CLASSES:
        for name in (kind.__name__, snake_case(kind.__name__)):
            names[name] = names[f"{name}V2"] = names[f"{name}Initializer"] = kind
    return names


_registry = Registry("initializer", "initializer", "keras.initializers", _names())


def get(identifier: Any) -> Any:
    """Return the initializer that a name, a description, a class or a callable stands for.

    Parameters
    ----------
    identifier : str, dict, callable or None
        A name such as 'glorot_uniform', 'he_normal' or 'zeros', or the name of a class; or what
        `serialize` returned.

    Returns
    -------
    callable or None

    Raises
    ------
    ValueError
        If the name is unknown or the argument is none of these.

    Examples
    --------
    >>> from conv3dt.keras import initializers
    >>> initializers.get("ones")((2, 3))
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """
    return _registry.get(identifier)


def serialize(initializer: Any) -> Any:
    """Return a initializer as plain values, which `deserialize` and JSON understand.

    Parameters
    ----------
    initializer : Initializer or callable or None
        What `get` returned.

    Returns
    -------
    dict or str or None
    """
    return _registry.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the initializer of a name or of what `serialize` returned.

    Parameters
    ----------
    config : dict or str
        The name or description.
    custom_objects : dict, optional
        Classes or functions of your own, by name.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    return _registry.deserialize(config, custom_objects)
