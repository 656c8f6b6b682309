"""Records: declared once, filled by name, read where they lie."""

import numpy as np
import pytest

from conv3dt._compiler.records import Inline, Int, Record, Rows, table


class Point(Record):
    x = Int()
    y = Int()


class Line(Record):
    weight = Int()
    start = Inline(Point)
    points = Rows(Point)


class Arrow(Line):
    head = Inline(Point)
    size = Int()


def test_fields_lie_one_behind_the_other_in_the_order_of_the_text():
    assert [field.offset for field in (Line.weight, Line.start, Line.points)] == [0, 8, 24]
    assert (Point.SIZE, Line.SIZE, Arrow.SIZE) == (16, 32, 56)
    assert (Arrow.head.offset, Arrow.size.offset) == (32, 48)
    assert Arrow.NAMES == ("weight", "start", "points", "head", "size")
    assert Line.NAMES == ("weight", "start", "points")


def test_what_is_written_is_read():
    points = table(Point, [{"x": 1, "y": 2}, {"y": 4, "x": 3}])
    arrow = Arrow.zeros()
    arrow.fill(weight=7, points=points.ctypes.data, size=True)
    arrow.head.fill(x=5, y=-6)
    arrow.start.x = 9
    assert arrow.numbers.tolist() == [7, 9, 0, points.ctypes.data, 5, -6, 1]
    assert [(arrow.points[n].x, arrow.points[n].y) for n in (0, 1)] == [(1, 2), (3, 4)]
    arrow.points[1].y = 8
    assert points.tolist() == [[1, 2], [3, 8]]
    assert Point(arrow.head).y == Point(arrow.head.address).y == -6


def test_fields_that_are_missing_or_unknown_are_errors():
    with pytest.raises(KeyError, match="y"):
        table(Point, [{"x": 1}])
    with pytest.raises(AttributeError, match="'z'"):
        Point.zeros().fill(z=1)
    with pytest.raises(AttributeError, match="Point has no field 'zeros'"):
        Point.zeros().fill(zeros=1)


@pytest.mark.parametrize("name", ["address", "numbers", "fill", "SIZE"])
def test_a_field_does_not_hide_what_every_record_has(name):
    with pytest.raises((TypeError, RuntimeError)) as error:
        type("Bad", (Record,), {name: Int()})
    cause = error.value.__cause__ or error.value
    assert str(cause) == f"Bad: {name!r} is a name of every record, not of a field"


def test_an_empty_table_has_no_rows():
    assert table(Point, []).shape == (0, 2)
    assert table(Point, []).dtype == np.int64
