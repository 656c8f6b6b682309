"""The gradients of activations.

As in TensorFlow they are products with a slope, so that 0 times infinity is NaN; of a kink's two
slopes it is the lower one, and NaN counts as below it.
"""

from typing import Any

from numpy.typing import NDArray

from ..functions.activation_gradients import leaky_gradient, through, through_argument

__all__ = [
    "EluGrad",
    "LeakyReluGrad",
    "Relu6Grad",
    "ReluGrad",
    "SeluGrad",
    "SigmoidGrad",
    "SoftplusGrad",
    "SoftsignGrad",
    "TanhGrad",
]

Array = NDArray[Any]


def ReluGrad(*, gradients: Any, features: Any, name: Any = None) -> Array:
    """Return gradients * (features > 0 ? 1 : 0).

    Parameters
    ----------
    gradients : array_like
        The gradient with respect to the activation's result.
    features : array_like, of the same shape and dtype
        The activation's argument, or its result.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray
        The gradient with respect to the activation's argument.

    Raises
    ------
    ValueError, TypeError
        If the shapes or dtypes differ, or the dtype is not supported.

    Examples
    --------
    >>> ReluGrad(gradients=[1.0, 2.0], features=[-1.0, 3.0]).round(3)
    array([0., 2.], dtype=float32)
    """
    return through("ReluGrad", "relu", gradients=gradients, features=features)


def Relu6Grad(*, gradients: Any, features: Any, name: Any = None) -> Array:
    """Return gradients * (0 < features < 6 ? 1 : 0).

    Parameters
    ----------
    gradients : array_like
        The gradient with respect to the activation's result.
    features : array_like, of the same shape and dtype
        The activation's argument, or its result.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray
        The gradient with respect to the activation's argument.

    Raises
    ------
    ValueError, TypeError
        If the shapes or dtypes differ, or the dtype is not supported.

    Examples
    --------
    >>> Relu6Grad(gradients=[1.0, 2.0], features=[3.0, 7.0]).round(3)
    array([1., 0.], dtype=float32)
    """
    return through("Relu6Grad", "relu6", gradients=gradients, features=features)


def LeakyReluGrad(*, gradients: Any, features: Any, alpha: float = 0.2, name: Any = None) -> Array:
    """Return gradients * (features > 0 ? 1 : alpha).

    Parameters
    ----------
    gradients : array_like
        The gradient with respect to the activation's result.
    features : array_like, of the same shape and dtype
        The activation's argument.
    alpha : float, default 0.2
        The slope of the activation below zero.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray
        The gradient with respect to the activation's argument.

    Raises
    ------
    ValueError, TypeError
        If the shapes or dtypes differ, or the dtype is not supported.

    Examples
    --------
    >>> LeakyReluGrad(gradients=[1.0, 2.0], features=[-1.0, 3.0]).round(3)
    array([0.2, 2. ], dtype=float32)
    """
    return leaky_gradient("LeakyReluGrad", alpha, gradients=gradients, features=features)


def EluGrad(*, gradients: Any, outputs: Any, name: Any = None) -> Array:
    """Return gradients * (outputs < 0 ? outputs + 1 : 1).

    Parameters
    ----------
    gradients : array_like
        The gradient with respect to the activation's result.
    outputs : array_like, of the same shape and dtype
        The activation's result.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray
        The gradient with respect to the activation's argument.

    Raises
    ------
    ValueError, TypeError
        If the shapes or dtypes differ, or the dtype is not supported.

    Examples
    --------
    >>> EluGrad(gradients=[1.0, 2.0], outputs=[-0.5, 3.0]).round(3)
    array([0.5, 2. ], dtype=float32)
    """
    return through("EluGrad", "elu", gradients=gradients, outputs=outputs)


def SeluGrad(*, gradients: Any, outputs: Any, name: Any = None) -> Array:
    """Return gradients * (outputs < 0 ? outputs + 1.7581 : 1.0507).

    Parameters
    ----------
    gradients : array_like
        The gradient with respect to the activation's result.
    outputs : array_like, of the same shape and dtype
        The activation's result.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray
        The gradient with respect to the activation's argument.

    Raises
    ------
    ValueError, TypeError
        If the shapes or dtypes differ, or the dtype is not supported.

    Examples
    --------
    >>> SeluGrad(gradients=[1.0, 2.0], outputs=[-0.7581, 3.0]).round(3)
    array([1.   , 2.101], dtype=float32)
    """
    return through("SeluGrad", "selu", gradients=gradients, outputs=outputs)


def SoftplusGrad(*, gradients: Any, features: Any, name: Any = None) -> Array:
    """Return gradients * (sigmoid(features)).

    Parameters
    ----------
    gradients : array_like
        The gradient with respect to the activation's result.
    features : array_like, of the same shape and dtype
        The activation's argument.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray
        The gradient with respect to the activation's argument.

    Raises
    ------
    ValueError, TypeError
        If the shapes or dtypes differ, or the dtype is not supported.

    Examples
    --------
    >>> SoftplusGrad(gradients=[1.0, 2.0], features=[0.0, 0.0]).round(3)
    array([0.5, 1. ], dtype=float32)
    """
    return through_argument("SoftplusGrad", "softplus", gradients=gradients, features=features)


def SoftsignGrad(*, gradients: Any, features: Any, name: Any = None) -> Array:
    """Return gradients * (1/(1 + abs(features))**2).

    Parameters
    ----------
    gradients : array_like
        The gradient with respect to the activation's result.
    features : array_like, of the same shape and dtype
        The activation's argument.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray
        The gradient with respect to the activation's argument.

    Raises
    ------
    ValueError, TypeError
        If the shapes or dtypes differ, or the dtype is not supported.

    Examples
    --------
    >>> SoftsignGrad(gradients=[1.0, 2.0], features=[0.0, -1.0]).round(3)
    array([1. , 0.5], dtype=float32)
    """
    return through_argument("SoftsignGrad", "softsign", gradients=gradients, features=features)


def SigmoidGrad(*, y: Any, dy: Any, name: Any = None) -> Array:
    """Return dy * (y*(1 - y)).

    Parameters
    ----------
    y : array_like
        The activation's result.
    dy : array_like, of the same shape and dtype
        The gradient with respect to it.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray
        The gradient with respect to the activation's argument.

    Raises
    ------
    ValueError, TypeError
        If the shapes or dtypes differ, or the dtype is not supported.

    Examples
    --------
    >>> SigmoidGrad(y=[0.5, 1.0], dy=[1.0, 2.0]).round(3)
    array([0.25, 0.  ], dtype=float32)
    """
    return through("SigmoidGrad", "sigmoid", dy=dy, y=y)


def TanhGrad(*, y: Any, dy: Any, name: Any = None) -> Array:
    """Return dy * (1 - y**2).

    Parameters
    ----------
    y : array_like
        The activation's result.
    dy : array_like, of the same shape and dtype
        The gradient with respect to it.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray
        The gradient with respect to the activation's argument.

    Raises
    ------
    ValueError, TypeError
        If the shapes or dtypes differ, or the dtype is not supported.

    Examples
    --------
    >>> TanhGrad(y=[0.5, 1.0], dy=[1.0, 2.0]).round(3)
    array([0.75, 0.  ], dtype=float32)
    """
    return through("TanhGrad", "tanh", dy=dy, y=y)
