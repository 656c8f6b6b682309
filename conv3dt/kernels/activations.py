"""Activations on vectors. NaN stays NaN, -0.0 keeps its sign where the function does.

exp and expm1 are needed for arguments x <= 0 only:  x = n*ln2 + r, |r| <= ln2/2, n an integer,
q = expm1(r) by its Taylor series, exp(x) = 2**n * (1 + q), expm1(x) = 2**n * q + (2**n - 1).
"""

import math

__all__ = ["IN_REGISTERS", "activate"]

# Few enough instructions to be applied to every accumulator in place; the others run in a loop.
IN_REGISTERS = ("linear", "relu", "relu6", "leaky_relu")


def _linear(w, x):
    return x


def _relu(w, x):
    """X < 0 ? 0 : x."""
    zero = w.constant(0)
    return w.select("<", x, zero, zero, x)


def _relu6(w, x):
    """X < 0 ? 0 : x > 6 ? 6 : x."""
    six = w.constant(6)
    return w.select(">", x, six, six, _relu(w, x))


def _leaky_relu(w, x):
    """X < 0 ? 0.2*x : x; the slope is tf.nn.leaky_relu's."""
    return w.select("<", x, w.constant(0), w.builder.fmul(x, w.constant(0.2)), x)


def _elu(w, x):
    """X < 0 ? expm1(x) : x."""
    zero = w.constant(0)
    return w.select("<", x, zero, _expm1(w, w.select("<", x, zero, x, zero)), x)


def _sigmoid(w, x):
    """X < 0 ? e/(1 + e) : 1/(1 + e), where e = exp(-|x|)."""
    one = w.constant(1)
    e = _exp(w, _negative(w, x))
    top = w.select("<", x, w.constant(0), e, one)
    return w.builder.fdiv(top, w.builder.fadd(one, e))


def _tanh(w, x):
    """sign(x) * -m/(2 + m), where m = expm1(-2|x|)."""
    b = w.builder
    m = _expm1(w, b.fmul(w.constant(2), _negative(w, x)))
    size = b.fdiv(m, b.fadd(w.constant(2), m))
    return w.as_floats(b.or_(_unsigned(w, size), _sign(w, x)))


def _sign(w, x):
    """Return the sign bits of x."""
    top = 1 << (8 * w.size - 1)
    return w.builder.and_(w.as_ints(x), w.int_constant(top))


def _unsigned(w, x):
    """Return the bits of |x|."""
    top = 1 << (8 * w.size - 1)
    return w.builder.and_(w.as_ints(x), w.int_constant(top - 1))


def _negative(w, x):
    """-|x|."""
    top = 1 << (8 * w.size - 1)
    return w.as_floats(w.builder.or_(w.as_ints(x), w.int_constant(top)))


def _split(w, x):
    """Return n as bits that are ready for `_power`, and q = expm1(x - n*ln2)."""
    b = w.builder
    # Adding 1.5 * 2**(significand bits) leaves round(x/ln2) in the low bits of the sum.
    magic = w.constant(1.5 * 2.0 ** (52 if w.double else 23))
    shifted = w.multiply_add(x, w.constant(1 / math.log(2)), magic)
    n = b.fsub(shifted, magic)
    # ln2 in two parts, the first with so few bits that n times it is exact.
    high = 0.693147180369123816490 if w.double else 0.693359375
    low = 1.90821492927058770002e-10 if w.double else -2.12194440054690583e-4
    r = w.multiply_add(n, w.constant(-low), w.multiply_add(n, w.constant(-high), x))
    last = 13 if w.double else 7
    series = w.polynomial(r, [1 / math.factorial(k) for k in range(2, last + 1)])
    return w.as_ints(shifted), w.multiply_add(b.fmul(r, r), series, r)


def _power(w, n):
    """2**n for the integer in the low bits of n, if it is a normal number."""
    b = w.builder
    bias, position = (1023, 52) if w.double else (127, 23)
    exponent = b.add(n, w.int_constant(bias))
    return w.as_floats(b.shl(exponent, w.int_constant(position)))


def _exp(w, x):
    """exp(x) for x <= 0, gradually down to zero."""
    b = w.builder
    least = w.constant(-746.0 if w.double else -104.5)
    n, q = _split(w, w.select("<", x, least, least, x))
    # 2**n in two factors: it may be below the smallest normal number.
    magic = w.int_constant(0x4338000000000000 if w.double else 0x4B400000)
    n = b.sub(n, magic)
    half = b.ashr(n, w.int_constant(1))
    first = b.fmul(b.fadd(w.constant(1), q), _power(w, half))
    return b.fmul(first, _power(w, b.sub(n, half)))


def _expm1(w, x):
    """expm1(x) for x <= 0."""
    least = w.constant(-40.0 if w.double else -20.0)  # from here on it is -1
    n, q = _split(w, w.select("<", x, least, least, x))
    power = _power(w, n)
    return w.multiply_add(power, q, w.builder.fsub(power, w.constant(1)))


_FUNCTIONS = {
    "linear": _linear,
    "relu": _relu,
    "relu6": _relu6,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
}


def activate(w, name, x):
    """Return the activation `name` of the vector x."""
    return _FUNCTIONS[name](w, x)
