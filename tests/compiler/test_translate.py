"""Drivers, translated, do what they do as Python."""

import inspect
import sys
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest

from conv3dt._compiler import words
from conv3dt._compiler.build import callable_at, emitted
from conv3dt._compiler.plain import PLAIN
from conv3dt._compiler.records import Inline, Int, Record, Rows
from conv3dt._compiler.translate import translate
from conv3dt._compiler.words import float32_at, get, put, uint16_at, uint32_at

pytestmark = pytest.mark.skipif(PLAIN, reason="nothing is translated")


def translated(function, n_arguments, **constants):
    """The function for Python to call; the cache must not find what it was before an edit."""
    key = inspect.getsource(sys.modules[__name__]), function.__name__, constants
    write = partial(translate, function, **constants)
    return callable_at(emitted(key, n_arguments, write, lambda: function), n_arguments)


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


class Inner(Record):
    a = Int()
    b = Int()


class Outer(Record):
    count = Int()
    inner = Inline(Inner)
    rows = Rows(Inner)


class Longer(Outer):
    last = Int()


class Pair(NamedTuple):
    x: Any
    y: Any


def records(address, other, factor):
    outer = Longer(address)
    total = outer.count * factor
    for n in range(outer.count):
        row = outer.rows[n]
        total += twice(row) + row.b
        row.a = total
    pair = Pair(outer.inner, total)
    outer.last = pair.y
    if factor > 1:
        pair = Pair(Inner(other), factor)
    pair.x.b = pair.y
    outer.inner.a += 1
    outer.rows[0].b = outer.rows.address - address


def twice(row):
    return 2 * row.a


def test_records_are_read_and_written_as_by_python():
    """The same function on the same numbers, by either; a record within, others by address."""
    found = []
    for run in (translated(records, 3), records):
        for factor in (1, 3):
            numbers = np.arange(20, dtype=np.int64)
            at = numbers.ctypes.data
            outer = Longer(at)
            outer.fill(count=3, rows=at + 8 * 8)
            run(at, at + 8 * 16, factor)
            numbers[3] -= at  # the address
            found.append(numbers)
    np.testing.assert_array_equal(found[:2], found[2:])
    assert found[0][8] != 8


def known(out, *, storage, most):
    if storage == "float32" and most > 1:
        put(out, 0, most * TABLE[storage])
    else:
        put(out, 0, sum(x for x in range(3)))  # is not in the language
    put(out, 1, 5 if not most else 6)
    put(out, 2, min(most, 2))
    callee(out, 3, more=most + 1)


def callee(out, n, *, more):
    put(out, n, more)


TABLE = {"float32": 10}


def test_what_is_known_decides_what_is_translated():
    out = np.zeros(4, np.int64)
    translated(known, 1, storage="float32", most=7)(out.ctypes.data)
    assert out.tolist() == [70, 6, 2, 8]
    with pytest.raises(NotImplementedError, match="GeneratorExp is not understood"):
        translated(known, 1, storage="float64", most=7)
    with pytest.raises(KeyError, match="float16"):
        translated(a_type_that_is_missing, 1, storage="float16")


def a_type_that_is_missing(out, *, storage):
    put(out, 0, TABLE[storage])


def a_comprehension(out):
    put(out, 0, sum([1 for _ in range(3)]))


def two_types(out):
    x = np.uint32(1) + get(out, 0)
    put(out, 0, x)


def no_such_name(out):
    put(out, 0, elsewhere)  # noqa: F821 - that is the point


def no_such_field(out):
    put(out, 0, Inner(out).c)


def a_field_of_a_number(out):
    put(out, 0, out.a)


def a_record_that_is_stored(out):
    Outer(out).inner = 3


def a_loop_over_a_list(out):
    for n in [1, 2]:
        put(out, n, 0)


def a_class_that_is_called(out):
    put(out, 0, dict())


def an_index_into_a_number(out):
    put(out, 0, out[1])


def a_number_inverted(out):
    put(out, 0, ~get(out, 0))


def a_loop_with_an_else(out):
    for n in range(2):
        put(out, n, 0)
    else:
        put(out, 2, 0)


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (a_comprehension, NotImplementedError, r"a_comprehension, line \d+: \[.*ListComp is not"),
        (two_types, TypeError, "two_types: i64 where i32 is needed"),
        (no_such_name, NotImplementedError, r"no_such_name, line \d+: elsewhere: it has no value"),
        (no_such_field, NotImplementedError, r"line \d+: Inner\(out\).c: Inner has no field 'c'"),
        (a_field_of_a_number, NotImplementedError, r"line \d+: out.a: a number has no parts"),
        (a_record_that_is_stored, NotImplementedError, "inner: only numbers are stored"),
        (a_loop_over_a_list, NotImplementedError, r"\[1, 2\]: only numbers of a range"),
        (a_class_that_is_called, NotImplementedError, r"dict\(\): it cannot be called"),
        (a_number_inverted, NotImplementedError, "Invert is not understood"),
        (a_loop_with_an_else, NotImplementedError, r"put\(out, 2, 0\): a loop has no else"),
        (an_index_into_a_number, NotImplementedError, "only views and rows of records"),
    ],
)
def test_what_is_not_in_the_language(function, error, text):
    with pytest.raises(error, match=text):
        translated(function, 1)


def test_the_line_is_that_of_the_file():
    lines, first = inspect.getsourcelines(a_comprehension)
    with pytest.raises(NotImplementedError, match=f"line {first + len(lines) - 1}:"):
        translated(a_comprehension, 1)


def test_words_have_twins_of_the_same_names():
    found = {name for name in words.__all__ if isinstance(getattr(words, name), words.Word)}
    assert found == set(words.__all__) - {"View", "Word", "word"}
