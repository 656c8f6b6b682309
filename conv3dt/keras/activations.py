"""Activation functions, as in `tf.keras.activations`.

A layer applies those of `conv3dt.conv3d_transpose` while its output is in cache; the others, and
those with other parameters, are applied to its whole output. NaN stays NaN. An infinite argument
gives what the formula gives in floating point.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from numpy.typing import NDArray

from ..functions.array_activations import (
    FUNCTIONS,
    elu,
    exponential,
    gelu,
    hard_sigmoid,
    leaky_relu,
    linear,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    swish,
    tanh,
)
from ..functions.keras3_activations import (
    KERAS3,
    celu,
    glu,
    hard_shrink,
    hard_sigmoid_v3,
    hard_silu,
    hard_swish,
    hard_tanh,
    log_sigmoid,
    soft_shrink,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh_shrink,
    threshold,
)
from ._activation_gradients import gradient_of
from ._activation_layers import LAYERS
from ._registry import described, is_of_keras3, plain, serialized

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "gradient",
    "hard_shrink",
    "hard_sigmoid",
    "hard_sigmoid_v3",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

_FUSED = {function: name for name, function in FUNCTIONS.items()}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **FUNCTIONS,
    **KERAS3,
    **{"silu": swish, "softmax": softmax, "log_softmax": log_softmax, "hard_swish": hard_swish},
}
_ALIASES = "silu", "hard_swish"
_NAMES = {function: name for name, function in _FUNCTIONS.items() if name not in _ALIASES}


def __getattr__(name: str) -> Callable[..., Any]:
    """Return the function of an activation of the kernels' table that has no name above."""
    if name not in FUNCTIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return FUNCTIONS[name]


def fused(activation: Any) -> str | None:
    """Return the name under which kernels know a function, or None."""
    if isinstance(activation, partial) and activation.func is gelu and not activation.args:
        return "gelu_tanh" if activation.keywords == {"approximate": True} else None
    try:
        return _FUSED.get(activation)
    except TypeError:  # not hashable
        return None


def get(identifier: Any) -> Callable[..., Any]:
    """Return the function that a name, a description or a callable stands for.

    Parameters
    ----------
    identifier : str, dict, callable or None
        The name of a function of this module, or of one of Keras's layers: 'ReLU', 'LeakyReLU'
        (slope 0.3), 'PReLU', 'ELU', 'Softmax', 'ThresholdedReLU'. None is 'linear'.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If the argument is none of these.

    Examples
    --------
    >>> from conv3dt.keras import activations
    >>> activations.get("swish")([0.0, 1.0]).round(3)
    array([0.   , 0.731])
    """
    if identifier is None:
        return linear
    if isinstance(identifier, (str, Mapping)):
        return deserialize(identifier)
    if callable(identifier):
        return identifier  # type: ignore[no-any-return]
    raise TypeError(f"Could not interpret activation function identifier: {identifier}")


def gradient(activation: Any, dy: Any, z: Any = None, y: Any = None) -> NDArray[Any]:
    """Return the gradient with respect to the argument of an activation.

    Parameters
    ----------
    activation : str, dict or callable
        What `get` takes. A callable of your own has a method `gradient(dy, z)`.
    dy : array_like
        The gradient with respect to the result.
    z : array_like, optional
        The argument. It is not needed where `y` suffices.
    y : array_like, optional
        The result, which suffices for 'relu', 'relu6', 'leaky_relu', 'elu', 'selu', 'sigmoid',
        'hard_sigmoid', 'tanh', 'softplus', 'softsign' and 'exponential', and is not used for
        others.

    Returns
    -------
    ndarray
        Of the shape of the argument and the dtype of `dy`. At a kink it is the lower slope.

    Raises
    ------
    ValueError
        If what is needed is not given, or of another shape.
    TypeError
        If the gradient of the activation is not known.

    Examples
    --------
    >>> from conv3dt.keras import activations
    >>> activations.gradient("tanh", [1.0, 1.0], y=[0.0, 0.5])
    array([1.  , 0.75])
    """
    function = get(activation)
    return gradient_of(function, fused(function), dy, z, y)


def serialize(activation: Any) -> Any:
    """Return a function as plain values, which `deserialize` and JSON understand.

    Parameters
    ----------
    activation : callable
        What `get` returned.

    Returns
    -------
    str or dict
        The name of a function of this module; of another its own name, which `deserialize` finds
        in `custom_objects`.
    """
    if hasattr(activation, "get_config"):
        return serialized(activation, "keras.layers")
    name = fused(activation) if isinstance(activation, partial) else None
    if name == "gelu_tanh":
        return {"class_name": "gelu", "config": {"approximate": True}}
    return _NAMES.get(activation) or getattr(activation, "__name__", type(activation).__name__)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """Return the function of a name or of what `serialize` returned.

    Parameters
    ----------
    name : str or dict
        The name or description.
    custom_objects : dict, optional
        Functions or classes of your own, by name.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    key, arguments, registered = described(name)
    if key == "Activation":
        inner = arguments.get("activation")
        newer = inner == "hard_sigmoid" and is_of_keras3(arguments)
        return deserialize("hard_sigmoid_v3" if newer else inner, custom_objects)
    own = custom_objects or {}
    found = own.get(key) or own.get(registered) or LAYERS.get(key) or _FUNCTIONS.get(key)
    if found is None:
        raise ValueError(f"Unknown activation function {key!r} cannot be deserialized.")
    if hasattr(found, "from_config"):
        return found.from_config(arguments)  # type: ignore[no-any-return]
    arguments = {word: plain(value) for word, value in arguments.items()}
    if isinstance(found, type):
        return found(**arguments)  # type: ignore[no-any-return]
    return partial(found, **arguments) if arguments else found
