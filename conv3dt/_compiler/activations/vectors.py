"""Activations on vectors. NaN stays NaN, -0.0 keeps its sign where the function does.

All but the simplest are made of e = exp(-|x|), which does not overflow. An infinite x gives what
the formula gives in floating point: swish, gelu and mish of -infinity are infinity times zero, NaN.
"""

import struct

from .exponentials import at_most, exp, exp_factors, expm1, magnitude, negative, product, with_sign
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
    "normal_tail",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]

# (a + OFFSET) * exp(a**2/2) * Phi(-a) as a polynomial in (a - OFFSET)/(a + OFFSET), for all a >= 0:
# Chebyshev interpolation, made with 50 digits. The idea is that of M. M. Shepherd and
# J. G. Laframboise, Mathematics of Computation 36 (1981). Relative errors are 5.8e-9 and 5.34e-17.
# A larger offset needs fewer terms, and magnifies the rounding of the quotient.
OFFSET = 2.5
NORMAL_TAIL = (
    0.706656653, -0.433692138, 0.131987575, 0.00923892437, -0.0163936575, -0.00162211637,
    0.00255519509, 0.000747113469, -0.00036302702, -0.000240406993, 2.83996737e-5,
    3.97676218e-5,
)  # fmt: skip
NORMAL_TAIL_DOUBLE = (
    0.706656656902876536, -0.433692141846983555, 0.13198727850249269, 0.00923917461634064624,
    -0.0163900253916280921, -0.00162501000952384761, 0.00253815855644942297,
    0.000759201771725093023, -0.000324223645980397746, -0.000262543574632944651,
    -0.0000182370380363711945, 0.0000564195841380075702, 0.0000294688786634991032,
    -8.59025715961067278e-7, -8.51583503608011227e-6, -4.38104263760218127e-6,
    -5.80851323363305559e-8, 1.27149169537824539e-6, 8.78572522093795037e-7,
    1.83788252827601152e-7, -2.38279201583410967e-7, -2.3932923786757343e-7,
    -2.57471848401604089e-8, 7.16877217538848338e-8, 2.75172193856659448e-8,
    -7.73910630351292782e-9, -4.70730760117570507e-9, -1.71319294661362751e-10,
)  # fmt: skip


def linear(w, x):
    return x


def relu(w, x):
    """X < 0 ? 0 : x."""
    zero = w.constant(0)
    return w.select("<", x, zero, zero, x)


def relu6(w, x):
    """X < 0 ? 0 : x > 6 ? 6 : x."""
    return at_most(w, relu(w, x), 6)


def leaky_relu(w, x):
    """X < 0 ? 0.2*x : x; the slope is tf.nn.leaky_relu's."""
    return w.select("<", x, w.constant(0), w.builder.fmul(x, w.constant(0.2)), x)


def elu(w, x):
    """X < 0 ? expm1(x) : x."""
    zero = w.constant(0)
    return w.select("<", x, zero, expm1(w, at_most(w, x, 0)), x)


def selu(w, x):
    """Return scale * (x < 0 ? alpha*expm1(x) : x)."""
    low = w.builder.fmul(w.constant(SELU_SCALE * SELU_ALPHA), expm1(w, at_most(w, x, 0)))
    return w.select("<", x, w.constant(0), low, w.builder.fmul(w.constant(SELU_SCALE), x))


def sigmoid(w, x):
    """X < 0 ? e/(1 + e) : 1/(1 + e)."""
    one = w.constant(1)
    e = exp(w, negative(w, x))
    top = w.select("<", x, w.constant(0), e, one)
    return w.builder.fdiv(top, w.builder.fadd(one, e))


def tanh(w, x):
    """sign(x) * -m/(2 + m), where m = expm1(-2|x|)."""
    b = w.builder
    m = expm1(w, b.fmul(w.constant(2), negative(w, x)))
    return with_sign(w, b.fdiv(m, b.fadd(w.constant(2), m)), x)


def exponential(w, x):
    return exp(w, x)


def softsign(w, x):
    """x/(1 + |x|)."""
    return w.builder.fdiv(x, w.builder.fadd(w.constant(1), magnitude(w, x)))


def softplus(w, x):
    """max(x, 0) + log1p(e), where log1p(e) = 2*atanh(s), s = e/(2 + e) <= 1/3, by its series."""
    b = w.builder
    e = exp(w, negative(w, x))
    s = b.fdiv(e, b.fadd(w.constant(2), e))
    terms = 18 if w.double else 8
    series = w.polynomial(b.fmul(s, s), [2 / (2 * k + 1) for k in range(terms)])
    return w.multiply_add(s, series, relu(w, x))


def hard_sigmoid(w, x):
    """0.2*x + 0.5 between 0 and 1."""
    return at_most(w, relu(w, w.multiply_add(x, w.constant(0.2), w.constant(0.5))), 1)


def _gated(w, x, tail):
    """X < 0 ? -tail : x - tail, where tail = |x| * gate(-|x|) and gate(-x) = 1 - gate(x)."""
    b = w.builder
    zero = w.constant(0)
    low = w.multiply_add(x, zero, b.fneg(tail))  # NaN for -infinity
    return w.select("<", x, zero, low, b.fsub(x, tail))


def _sigmoid_tail(w, a, x, rest=None):
    """Return a * e/(1 + e), where e = exp(x + rest) <= 1."""
    b = w.builder
    first, last = exp_factors(w, x, rest)
    ratio = b.fdiv(b.fmul(a, first), b.fadd(w.constant(1), b.fmul(first, last)))
    return b.fmul(ratio, last)


def swish(w, x):
    """Return x * sigmoid(x)."""
    a = at_most(w, magnitude(w, x), 760)
    return _gated(w, x, _sigmoid_tail(w, a, w.builder.fneg(a)))


def gelu(w, x):
    """Return x * Phi(x), the distribution function of the normal distribution."""
    b = w.builder
    a = at_most(w, magnitude(w, x), 40)
    ratio, first, last = normal_tail(w, a)
    return _gated(w, x, b.fmul(b.fmul(b.fmul(a, ratio), first), last))


def normal_tail(w, a):
    """Return three factors of Phi(-a), a >= 0: a ratio and, in two parts, exp(-a**2/2)."""
    b = w.builder
    square, rest = product(w, a, a)
    half = w.constant(-0.5)
    first, last = exp_factors(w, b.fmul(half, square), b.fmul(half, rest))
    u = b.fdiv(w.constant(1), b.fadd(a, w.constant(OFFSET)))
    t = w.multiply_add(w.constant(-2 * OFFSET), u, w.constant(1))
    series = w.polynomial(t, NORMAL_TAIL_DOUBLE if w.double else NORMAL_TAIL)
    return b.fmul(u, series), first, last


# 2*sqrt(2/pi) and 0.044715 times it, each as a float64 and what that lacks.
LINEAR = (1.5957691216057308, -9.9693088e-17)
CUBIC = (0.07135481627260025, -6.1751499e-19)


def gelu_tanh(w, x):
    """Return x * sigmoid(2v) = x/2 * (1 + tanh(v)), v = sqrt(2/pi) * (x + 0.044715*x**3).

    v with twice the digits: exp turns its absolute errors into relative ones.
    """
    b = w.builder
    a = at_most(w, magnitude(w, x), 40)
    (one, one_rest), (cube, cube_rest) = _parts(w, LINEAR), _parts(w, CUBIC)
    square, square_rest = product(w, a, a)
    high, low = product(w, square, cube)
    slope = b.fadd(high, one)
    of_high = b.fsub(slope, one)
    lost = b.fadd(b.fsub(high, of_high), b.fsub(one, b.fsub(slope, of_high)))
    low = w.multiply_add(square, cube_rest, w.multiply_add(square_rest, cube, low))
    low = b.fadd(b.fadd(low, one_rest), lost)
    v, rest = product(w, a, slope)
    rest = w.multiply_add(a, low, rest)
    return _gated(w, x, _sigmoid_tail(w, a, b.fneg(v), b.fneg(rest)))


def _parts(w, number):
    """Return the constant and what it lacks in the element's type."""
    high, low = number
    if not w.double:
        single = struct.unpack("f", struct.pack("f", high))[0]
        high, low = single, high - single
    return w.constant(high), w.constant(low)


def mish(w, x):
    """Return x * tanh(softplus(x)), without the logarithm.

    tanh(log(1 + y)) = (y**2 + 2*y)/(y**2 + 2*y + 2), with y = exp(x) = e below 0 and 1/e above.
    """
    b = w.builder
    one, two, zero = w.constant(1), w.constant(2), w.constant(0)
    a = at_most(w, magnitude(w, x), 760)
    first, last = exp_factors(w, b.fneg(a))
    e = b.fmul(first, last)
    above = w.multiply_add(two, e, one)
    high = b.fdiv(b.fmul(x, above), w.multiply_add(b.fmul(two, e), e, above))
    sum_ = b.fadd(e, two)
    tail = b.fdiv(b.fmul(b.fmul(a, first), sum_), w.multiply_add(e, sum_, two))
    low = w.multiply_add(x, zero, b.fneg(b.fmul(tail, last)))  # NaN for -infinity
    return w.select("<", x, zero, low, high)
