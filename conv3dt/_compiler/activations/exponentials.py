"""exp and its relatives on vectors.

x = n*ln2 + r, |r| <= ln2/2, n an integer, q = expm1(r) by its Taylor series; then
exp(x) = 2**n * (1 + q) and expm1(x) = 2**n * q + (2**n - 1).
"""

import math

__all__ = [
    "at_most",
    "exp",
    "exp_factors",
    "expm1",
    "magnitude",
    "negative",
    "product",
    "with_sign",
]


def with_sign(w, size, x):
    """|size| with the sign of x."""
    top = 1 << (8 * w.size - 1)
    sign = w.builder.and_(w.as_ints(x), w.int_constant(top))
    return w.as_floats(w.builder.or_(w.as_ints(magnitude(w, size)), sign))


def magnitude(w, x):
    """|x|."""
    top = 1 << (8 * w.size - 1)
    return w.as_floats(w.builder.and_(w.as_ints(x), w.int_constant(top - 1)))


def negative(w, x):
    """-|x|."""
    top = 1 << (8 * w.size - 1)
    return w.as_floats(w.builder.or_(w.as_ints(x), w.int_constant(top)))


def at_most(w, x, most):
    """X > most ? most : x."""
    most = w.constant(most)
    return w.select(">", x, most, most, x)


def product(w, x, y):
    """Return x*y, and by how much that was rounded (exactly, or Dekker's way without an FMA)."""
    b = w.builder
    high = b.fmul(x, y)
    if w.fused:
        return high, w.multiply_add(x, y, b.fneg(high))
    (x1, x2), (y1, y2) = _halves(w, x), _halves(w, y)
    low = b.fsub(b.fmul(x1, y1), high)
    low = b.fadd(b.fadd(low, b.fmul(x1, y2)), b.fmul(x2, y1))
    return high, b.fadd(low, b.fmul(x2, y2))


def _halves(w, x):
    """Split x into two numbers of half as many bits."""
    mask = -1 << 27 if w.double else -1 << 12
    high = w.as_floats(w.builder.and_(w.as_ints(x), w.int_constant(mask & (1 << 8 * w.size) - 1)))
    return high, w.builder.fsub(x, high)


def _split(w, x, rest=None):
    """Return n as bits that are ready for `_power`, and q = expm1(x + rest - n*ln2)."""
    b = w.builder
    # Adding 1.5 * 2**(significand bits) leaves round(x/ln2) in the low bits of the sum.
    magic = w.constant(1.5 * 2.0 ** (52 if w.double else 23))
    shifted = w.multiply_add(x, w.constant(1 / math.log(2)), magic)
    n = b.fsub(shifted, magic)
    # ln2 in two parts, the first with so few bits that n times it is exact.
    high = 0.693147180369123816490 if w.double else 0.693359375
    low = 1.90821492927058770002e-10 if w.double else -2.12194440054690583e-4
    r = w.multiply_add(n, w.constant(-low), w.multiply_add(n, w.constant(-high), x))
    if rest is not None:
        r = b.fadd(r, rest)
    last = 13 if w.double else 7
    series = w.polynomial(r, [1 / math.factorial(k) for k in range(2, last + 1)])
    return w.as_ints(shifted), w.multiply_add(b.fmul(r, r), series, r)


def _power(w, n):
    """2**n for the integer in the low bits of n, if it is a normal number."""
    b = w.builder
    bias, position = (1023, 52) if w.double else (127, 23)
    exponent = b.add(n, w.int_constant(bias))
    return w.as_floats(b.shl(exponent, w.int_constant(position)))


def exp_factors(w, x, rest=None):
    """Return two factors of exp(x + rest), which is zero or infinite where it has to be.

    Their product may be subnormal or overflow: what else it is multiplied with should be multiplied
    with the first, so that it is rounded once. `rest` is what x was rounded by.
    """
    b = w.builder
    # Far enough out that the product with a number like x is still zero, and infinite above.
    least, most = (-760.0, 710.0) if w.double else (-120.0, 89.0)
    x = w.select("<", x, w.constant(least), w.constant(least), at_most(w, x, most))
    n, q = _split(w, x, rest)
    n = b.sub(n, w.int_constant(0x4338000000000000 if w.double else 0x4B400000))
    half = b.ashr(n, w.int_constant(1))
    first = b.fmul(b.fadd(w.constant(1), q), _power(w, half))
    return first, _power(w, b.sub(n, half))


def exp(w, x):
    """exp(x), gradually down to zero."""
    return w.builder.fmul(*exp_factors(w, x))


def expm1(w, x):
    """expm1(x) for x <= 0."""
    least = w.constant(-40.0 if w.double else -20.0)  # from here on it is -1
    n, q = _split(w, w.select("<", x, least, least, x))
    power = _power(w, n)
    return w.multiply_add(power, q, w.builder.fsub(power, w.constant(1)))
