"""Drivers, translated, do what they do as Python."""

from itertools import product

import numpy as np
import pytest

from conv3dt._compiler import words
from conv3dt._compiler.words import float32_at, float64_at, get, put, uint16_at, uint32_at
from tests.helpers.translated import needed, translated

pytestmark = needed


SOME = (-7, -2, -1, 1, 2, 5)


def arithmetic(out, a, b):
    put(out, 0, a + b * 3 - 2)
    put(out, 1, a // b)
    put(out, 2, a % b)
    q, r = divmod(a, b)
    put(out, 3, q * b + r)
    put(out, 4, -a)
    put(out, 5, min(a, b, 0) + max(a, b))
    put(out, 6, (a & 6 | b) ^ 1)
    put(out, 7, (a << 3) + (a >> 1))


def conditions(out, a, b):
    put(out, 0, 1 if a < b else 0)
    put(out, 1, 1 if -3 < a <= b else 0)
    put(out, 2, 1 if a == b or a > 0 else 0)
    put(out, 3, 1 if a and not b else 0)
    put(out, 4, 1 if a != b and (a >= 2 or b < 0) and a else 0)
    if a > 1:
        if b > 1:
            put(out, 5, 1)
        else:
            put(out, 5, 2)
    elif a == -1:
        put(out, 5, 3)
    else:
        put(out, 5, 4)
    # The right side of `or` must not be evaluated: it would write.
    put(out, 6, 0)
    if a == a or counted(out):
        put(out, 7, 7)


def counted(out):
    put(out, 6, 99)
    return 1


def loops(out, a, b):
    total = 0
    for n in range(a):
        if n == 2:
            continue
        for m in range(n, 9, 3):
            if m > b + 3:
                break
            total += n * m
    put(out, 0, total)
    total = 0
    for n in range(b, a - 4, -1):
        total = total * 3 + n
    put(out, 1, total)
    n, m = a, b
    while True:
        n, m = m, n - 1
        if n < -9 or n > 9:
            break
        if n < 0:
            n -= 1
    put(out, 2, n)
    put(out, 3, m)
    put(out, 4, first_multiple(a, b))
    low, high = ordered(a, b)
    put(out, 5, low * 100 + high)
    x = y = a
    x += b
    put(out, 6, x * 10 + y)
    put(out, 7, 0)
    for n in range(0, 5, b * b):
        put(out, 7, get(out, 7) + n)


def first_multiple(a, b):
    for n in range(1, 20):
        for m in range(1, 5):
            if n * m > a and n % b == 0:
                return n * m
    return -1


def ordered(a, b):
    if a < b:
        return a, b
    return b, a


@pytest.mark.parametrize("function", [arithmetic, conditions, loops], ids=lambda f: f.__name__)
def test_integers(function, monkeypatch):
    """The same function, as Python: with words that are Python."""
    out = np.zeros(8, np.int64)
    run = translated(function, 3)
    plain = {
        "get": lambda at, n: int(wanted[n]),
        "put": lambda at, n, value: wanted.__setitem__(n, value),
    }
    wanted = np.zeros(8, np.int64)
    for a, b in product(SOME, SOME):
        run(out.ctypes.data, a, b)
        with monkeypatch.context() as changed:
            for name, word in plain.items():
                changed.setitem(globals(), name, word)
            function(0, a, b)
        np.testing.assert_array_equal(out, wanted, err_msg=f"{a} {b}")


def numbers(out, bits, count):
    x, y = uint16_at(bits, count), float32_at(out, count)
    worst = np.uint32(0)
    for n in range(count):
        wide = np.uint32(x[n])
        worst = max(worst, wide & np.uint32(0xFF00))
        y[n] = np.float32(wide) * np.float32(0.5)
        if x[n] & np.uint16(1):
            y[n] = -y[n]
    uint32_at(out + 4 * count, 1)[0] = worst


def test_other_types():
    bits = np.array([0, 1, 2, 3, 0xFFFF, 0x8000], np.uint16)
    out = np.zeros(len(bits) + 1, np.float32)
    run = translated(numbers, 3)
    run(out.ctypes.data, bits.ctypes.data, len(bits))
    np.testing.assert_array_equal(out[:-1], [0, -0.5, 1, -1.5, -32767.5, 16384])
    assert out[-1:].view(np.uint32) == 0xFF00


def floats(out, numbers, count):
    x, wide, narrow = float32_at(numbers, count), float64_at(out, count), float32_at(out, 2 * count)
    for n in range(count):
        wide[n] = np.float64(x[n]) * np.float64(1.0 + 2.0**-40)
        narrow[n] = np.float32(wide[n] + 2.0**-30)


def test_floats_become_wider_and_narrower():
    x = np.array([1, -3, 1e-30, np.inf], np.float32)
    out = np.zeros(len(x), np.float64)
    translated(floats, 3)(out.ctypes.data, x.ctypes.data, len(x))
    wide = x.astype(np.float64) * (1 + 2.0**-40)
    np.testing.assert_array_equal(out.view(np.float32)[:4], (wide + 2.0**-30).astype(np.float32))


def test_words_have_twins_of_the_same_names():
    found = {name for name in words.__all__ if isinstance(getattr(words, name), words.Word)}
    assert found == set(words.__all__) - {"View", "Word", "word"}
