"""Activations written down again, in the type of their argument: float64 or longdouble."""

import numpy as np

SLOPE = {"sigmoid": 0.25, "gelu": 1.13, "gelu_tanh": 1.13, "swish": 1.1, "mish": 1.09}  # else 1


def sigmoid(x):
    """In this form a small result is not the difference of large numbers, and NaN stays NaN."""
    top = np.where(x < 0, np.exp(np.minimum(x, 0)), np.where(np.isnan(x), x, 1))
    return top / (1 + np.exp(-np.abs(x)))


def normal(x):
    """Probability that a standard normal number is below x.

    Density times a continued fraction in the tail (Laplace), a series of positive terms elsewhere.
    """
    a = np.maximum(np.abs(x), 2.5)
    fraction = a
    for k in range(90, 0, -1):
        fraction = a + k / fraction
    root = np.sqrt(2 * x.dtype.type("3.14159265358979323846264338327950288"))
    tail = np.exp(-a * a / 2) / (fraction * root)
    inner = np.clip(x, -2.5, 2.5)
    term = total = inner
    for k in range(1, 45):
        term = term * inner**2 / (2 * k + 1)
        total = total + term
    body = 0.5 + total * np.exp(-(inner**2) / 2) / root
    return np.where(x < -2.5, tail, np.where(x > 2.5, 1 - tail, body))


def gelu_tanh(x):
    number = x.dtype.type
    cubic = x + number("0.044715") * x * x * x
    return x * sigmoid(np.sqrt(8 / number("3.14159265358979323846264338327950288")) * cubic)


def selu(x):
    scale = x.dtype.type("1.0507009873554804934193349852946")
    alpha = x.dtype.type("1.6732632423543772848170429916717")
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def mish(x):
    """tanh(log(1 + y)) is (y*y + 2*y)/(y*y + 2*y + 2); y and 1/y are both at most 1 somewhere."""
    y = np.exp(-np.abs(x))
    below = (y * y + 2 * y) / (y * y + 2 * y + 2)
    return x * np.where(x < 0, below, (1 + 2 * y) / (1 + 2 * y + 2 * y * y))


FORMULAS = {
    None: lambda x: x,
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.minimum(np.maximum(x, 0), 6),
    "leaky_relu": lambda x: np.where(x > 0, x, x / 5),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "selu": selu,
    "gelu": lambda x: x * normal(x),
    "gelu_tanh": gelu_tanh,
    "swish": lambda x: x * sigmoid(x),
    "mish": mish,
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
    "hard_sigmoid": lambda x: np.minimum(np.maximum(x / 5 + 0.5, 0), 1),
}
