"""Derivatives of activations on vectors: the formulas of `slopes`, NaN and kinks as there."""

import math

from . import vectors
from .exponentials import at_most, exp, expm1, magnitude
from .formulas import SELU_ALPHA, SELU_SCALE

__all__ = [
    "elu",
    "exponential",
    "gelu",
    "gelu_tanh",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]


def linear(w, y):
    return w.constant(1)


def _between(w, y, most, slope):
    """0 < y < most ? slope : 0."""
    zero = w.constant(0)
    inside = w.select("<", y, w.constant(most), w.constant(slope), zero)
    return w.select(">", y, zero, inside, zero)


def relu(w, y):
    return w.select(">", y, w.constant(0), w.constant(1), w.constant(0))


def relu6(w, y):
    return _between(w, y, 6, 1)


def leaky_relu(w, y):
    return w.select(">", y, w.constant(0), w.constant(1), w.constant(0.2))


def elu(w, y):
    one = w.constant(1)
    return w.select("<", y, w.constant(0), w.builder.fadd(y, one), one)


def selu(w, y):
    low = w.builder.fadd(y, w.constant(SELU_SCALE * SELU_ALPHA))
    return w.select("<", y, w.constant(0), low, w.constant(SELU_SCALE))


def sigmoid(w, y):
    return w.builder.fmul(y, w.builder.fsub(w.constant(1), y))


def hard_sigmoid(w, y):
    return _between(w, y, 1, 0.2)


def tanh(w, y):
    """(1 - y)*(1 + y), which keeps the digits of 1 - y**2."""
    b, one = w.builder, w.constant(1)
    return b.fmul(b.fsub(one, y), b.fadd(one, y))


def softplus(w, y):
    b = w.builder
    return b.fneg(expm1(w, b.fneg(y)))


def softsign(w, y):
    rest = w.builder.fsub(w.constant(1), magnitude(w, y))
    return w.builder.fmul(rest, rest)


def exponential(w, y):
    return y


def _rising(w, x, low):
    """X < 0 ? low : 1 - low."""
    return w.select("<", x, w.constant(0), low, w.builder.fsub(w.constant(1), low))


def gelu(w, x):
    b = w.builder
    a = at_most(w, magnitude(w, x), 40)
    ratio, first, last = vectors.normal_tail(w, a)
    low = b.fsub(ratio, b.fmul(a, w.constant(1 / math.sqrt(2 * math.pi))))
    return _rising(w, x, b.fmul(b.fmul(low, first), last))


def _gate(w, a, exponent, slope):
    """s*(1 - a*(1 - s)*slope), with s = sigmoid(exponent), exponent <= 0."""
    b, one = w.builder, w.constant(1)
    e = exp(w, exponent)
    rest = b.fdiv(one, b.fadd(one, e))  # 1 - s
    steep = b.fsub(one, b.fmul(b.fmul(a, rest), slope))
    return b.fmul(b.fmul(e, rest), steep)


def gelu_tanh(w, x):
    b = w.builder
    a = at_most(w, magnitude(w, x), 40)
    square, (one, _), (cube, _) = b.fmul(a, a), vectors.LINEAR, vectors.CUBIC
    slope = w.multiply_add(square, w.constant(3 * cube), w.constant(one))
    v = b.fmul(a, w.multiply_add(square, w.constant(cube), w.constant(one)))
    return _rising(w, x, _gate(w, a, b.fneg(v), slope))


def swish(w, x):
    a = at_most(w, magnitude(w, x), 760)
    return _rising(w, x, _gate(w, a, w.builder.fneg(a), w.constant(1)))


def mish(w, x):
    """(n - 4*a*e*(1 + e)/d)/d below, (n + 4*a*e**2*(1 + e)/d)/d above; d - n is 2 and 2*e**2."""
    b = w.builder
    one, two, zero = w.constant(1), w.constant(2), w.constant(0)
    a = at_most(w, magnitude(w, x), 760)
    e = exp(w, b.fneg(a))
    n_below, n_above = b.fmul(e, b.fadd(e, two)), w.multiply_add(two, e, one)
    d_below, d_above = b.fadd(n_below, two), w.multiply_add(b.fmul(two, e), e, n_above)
    n, d = w.select("<", x, zero, n_below, n_above), w.select("<", x, zero, d_below, d_above)
    factor = w.select("<", x, zero, w.constant(-4), b.fmul(w.constant(4), e))
    curved = b.fmul(b.fmul(b.fmul(a, e), b.fadd(one, e)), factor)
    return b.fdiv(b.fadd(n, b.fdiv(curved, d)), d)
