"""No object, however odd, gets anything but a ValueError or a TypeError."""

import itertools

import numpy as np
import pytest

from conv3dt._call.arguments import as_call, as_shaped_call
from tests.helpers.plain_call import PLAIN


class Hostile:
    """Everything that can be asked of it fails."""

    def _fail(self, *args, **kwargs):
        raise RuntimeError("no")

    __len__ = __iter__ = __getitem__ = __index__ = __repr__ = __str__ = __eq__ = __bool__ = _fail
    __getattr__ = __float__ = __int__ = __array__ = _fail
    __hash__ = None


class Liar:
    """Claims a length and yields something else for ever."""

    def __len__(self):
        return 3

    def __iter__(self):
        return itertools.repeat("x")


HOSTILE = [
    Hostile(),
    Liar(),
    [Hostile()] * 5,
    (Liar(),) * 3,
    float("nan"),
    float("inf"),
    -(2**63),
    10**5000,
    [10**5000] * 5,
    [-(10**30)] * 3,
    range(-(10**30), 10**30),
    np.array(2.5),
    np.array([]),
    np.array([None] * 5),
    np.array("x"),
    np.zeros((0, 5)),
    np.full(5, np.nan),
    np.ma.masked,
    np.datetime64("NaT"),
    np.zeros(5, "f4,f4"),
    np.bool_(True),
    Ellipsis,
    NotImplemented,
    type,
    type("Text", (str,), {"__eq__": lambda *_: True, "__hash__": lambda _: 0})("x"),
    bytearray(b"SAME"),
    frozenset({1, 2, 3}),
    lambda: None,
]


@pytest.mark.parametrize("function", [as_call, as_shaped_call])
@pytest.mark.parametrize("name", [*PLAIN, "bias", "activation", "out", "threads"])
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_nothing_but_type_and_value_errors(number, name, function):
    try:
        function("f", **PLAIN | {name: HOSTILE[number]})
    except (TypeError, ValueError) as error:
        assert str(error).startswith("f: ")  # noqa: PT017 - some of these are even legal


def test_one_is_not_one():
    """Keys of a cache that are equal but of other types: 1 == 1.0 == True."""
    assert as_call("f", **PLAIN | {"strides": (2, 2, 2)}).request.s == (2, 2, 2)
    for wrong in [(2, 2.0, 2), (2, 2 + 0j, 2), np.float64([2, 2, 2])]:
        with pytest.raises(TypeError):
            as_call("f", **PLAIN | {"strides": wrong})
