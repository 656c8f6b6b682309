"""Optimizers with the update rules of `tf.keras.optimizers`.

A layer's gradients come from `layer.vjp`; `apply_gradients` makes a step. An optimizer is for one
thread at a time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._optimizers import Optimizer, as_fraction
from ._variables import Variable

__all__ = ["SGD", "Adam", "Optimizer"]

Array = NDArray[Any]


class SGD(Optimizer):
    """Gradient descent, with momentum or without.

    With momentum m = momentum*m - rate*g is added to a variable; with `nesterov` it is that m,
    momentum*m - rate*g once more.

    Parameters
    ----------
    learning_rate : float or callable, default 0.01
        How far a step goes; a callable is given the number of steps made before.
    momentum : float, default 0
        How much of the last step is made again, from 0 to below 1.
    nesterov : bool, default False
        Whether the gradient counts as that behind the step that momentum makes.
    name : str, default 'SGD'
        A name.

    Raises
    ------
    ValueError, TypeError
        If a number is not legal.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt.keras import layers, optimizers
    >>> layer = layers.Conv3DTranspose(1, 1, kernel_initializer="ones")
    >>> y, pullback = layer.vjp(np.ones((1, 1, 1, 1, 1), np.float32))
    >>> dx, grads = pullback(2 * y)
    >>> optimizers.SGD(0.25).apply_gradients(zip(grads, layer.trainable_variables))
    1
    >>> [w.item() for w in layer.get_weights()]
    [0.5, -0.5]
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        name: Any = "SGD",
    ) -> None:
        super().__init__(learning_rate, name)
        self.momentum, self.nesterov = as_fraction("SGD", "momentum", momentum, 1), nesterov
        self.slots = ("m",) if self.momentum else ()

    def _step(self, g: Array, variable: Variable, kept: list[Variable], rate: Any) -> None:
        step = -g * rate
        if kept:
            momentum = g.dtype.type(self.momentum)
            kept[0].assign(step + kept[0].value() * momentum)
            step = step + kept[0].value() * momentum if self.nesterov else kept[0].value()
        variable.assign(variable.value() + step)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


class Adam(Optimizer):
    """Steps of about the same length for all weights. Kingma and Ba, 2014.

    m and v, the running means of g and of g**2, are made up for their start at zero: with
    a = rate * sqrt(1 - beta_2**step)/(1 - beta_1**step) a variable changes by
    -a*m/(sqrt(v) + epsilon).

    Parameters
    ----------
    learning_rate : float or callable, default 0.001
        How far a step goes; a callable is given the number of steps made before.
    beta_1, beta_2 : float, default 0.9 and 0.999
        How slowly the means of g and of g**2 forget, from 0 to below 1.
    epsilon : float, default 1e-7
        Added to the root.
    name : str, default 'Adam'
        A name.

    Raises
    ------
    ValueError, TypeError
        If a number is not legal.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt.keras import layers, optimizers
    >>> layer = layers.Conv3DTranspose(1, 1, kernel_initializer="ones", use_bias=False)
    >>> y, pullback = layer.vjp(np.ones((1, 1, 1, 1, 1), np.float32))
    >>> dx, grads = pullback(2 * y)
    >>> optimizers.Adam(0.25).apply_gradients(zip(grads, layer.trainable_variables))
    1
    >>> [round(w.item(), 5) for w in layer.get_weights()]
    [0.75]
    """

    slots = "m", "v"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: Any = "Adam",
    ) -> None:
        super().__init__(learning_rate, name)
        self.beta_1 = as_fraction("Adam", "beta_1", beta_1, 1)
        self.beta_2 = as_fraction("Adam", "beta_2", beta_2, 1)
        self.epsilon = as_fraction("Adam", "epsilon", epsilon)

    def _step(self, g: Array, variable: Variable, kept: list[Variable], rate: Any) -> None:
        number, one = g.dtype.type, g.dtype.type(1)
        step = number(self.iterations + 1)
        powers = [one - number(beta) ** step for beta in (self.beta_1, self.beta_2)]
        m, v = (slot.value() for slot in kept)
        m = kept[0].assign(m + (g - m) * number(1 - self.beta_1)).value()
        v = kept[1].assign(v + (np.square(g) - v) * number(1 - self.beta_2)).value()
        alpha = rate * np.sqrt(powers[1]) / powers[0]
        variable.assign(variable.value() - m * alpha / (np.sqrt(v) + number(self.epsilon)))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
