"""Penalties on weights or outputs, as in `tf.keras.regularizers`."""

from collections.abc import Mapping
from typing import Any

from ._registry import Registry
from ._regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


def l1_l2(l1: float | None = 0.01, l2: float | None = 0.01) -> L1L2:
    """Return `L1L2(l1, l2)`, whose factors are 0.01 by default here."""
    return L1L2(l1, l2)


l1, l2, orthogonal_regularizer = L1, L2, OrthogonalRegularizer

_registry = Registry(
    "regularizer",
    "regularizer",
    "keras.regularizers",
    {
        **{"L1": L1, "l1": L1, "L2": L2, "l2": L2, "L1L2": L1L2, "l1_l2": l1_l2},
        **dict.fromkeys(("OrthogonalRegularizer", "orthogonal_regularizer"), OrthogonalRegularizer),
    },
)


def get(identifier: Any) -> Any:
    """Return the regularizer that a name, a description, a class or a callable stands for.

    Parameters
    ----------
    identifier : str, dict, callable or None
        'l1', 'l2', 'l1_l2' (both 0.01), 'orthogonal_regularizer' or the name of a class; or what
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
    >>> from conv3dt.keras import regularizers
    >>> round(float(regularizers.get("l2")([3.0, 4.0])), 6)
    0.25
    """
    return _registry.get(identifier)


def serialize(regularizer: Any) -> Any:
    """Return a regularizer as plain values, which `deserialize` and JSON understand.

    Parameters
    ----------
    regularizer : Regularizer or callable or None
        What `get` returned.

    Returns
    -------
    dict or str or None
    """
    return _registry.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the regularizer of a name or of what `serialize` returned.

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
