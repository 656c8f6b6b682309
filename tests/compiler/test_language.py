"""What the language of drivers has beside numbers and loops, and how what it lacks is refused."""

import inspect
from typing import Any, NamedTuple

import numpy as np
import pytest

from conv3dt._compiler.records import Inline, Int, Record, Rows
from conv3dt._compiler.words import float32_at, get, put
from tests.helpers.translated import needed, translated

pytestmark = needed


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


def with_a_default(out, n=1):
    put(out, 0, n)


def a_call_that_relies_on_a_default(out):
    with_a_default(out)


def a_quotient(out):
    put(out, 0, get(out, 0) / 2)


def a_float_that_is_divided(out):
    float32_at(out, 1)[0] = float32_at(out, 1)[0] // np.float32(2)


def a_number_in_a_tuple(out):
    put(out, 0, 1 if get(out, 0) in (1, 2) else 0)


def a_loop_with_an_else(out):
    for n in range(3):
        put(out, n, 0)
    else:
        put(out, 0, 1)


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
        (
            a_call_that_relies_on_a_default,
            NotImplementedError,
            r"_default, line \d+: def with",
        ),
        (a_quotient, NotImplementedError, r"get\(out, 0\) / 2: Div is not understood"),
        (a_float_that_is_divided, NotImplementedError, "FloorDiv is not understood"),
        (a_number_in_a_tuple, NotImplementedError, "In is not understood"),
        (a_loop_with_an_else, NotImplementedError, "a loop has no else"),
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
