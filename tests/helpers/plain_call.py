"""A call in which every argument is plain, to be made with some of them changed."""

import re

import numpy as np
import pytest

from conv3dt._call.arguments import as_call
from conv3dt._call.scalars import shown

VALUE = np.zeros((2, 3, 4, 5, 6), np.float32)
FILTERS = np.zeros((3, 3, 3, 7, 6), np.float32)
SHAPE = [2, 6, 8, 10, 7]
PLAIN = {
    "value": VALUE,
    "filters": FILTERS,
    "output_shape": SHAPE,
    "strides": [1, 2, 2, 2, 1],
    "padding": "SAME",
    "data_format": "NDHWC",
    "dilations": None,
}
CHANNELS_FIRST = {
    "value": np.zeros((2, 6, 3, 4, 5), np.float32),
    "output_shape": [2, 7, 6, 8, 10],
    "strides": 2,
    "data_format": "NCDHW",
}


def named(argument):
    """Return what a test of this argument is called: the same in every process, so no address."""
    return re.sub("x[0-9a-f]{6,}", "", shown(argument))


def call_with(**changes):
    return as_call("conv3d_transpose", **{**PLAIN, **changes})


def request_with(**changes):
    return call_with(**changes).request


def rejects(error, *parts, **changes):
    """The call fails with this error, and its message has all the parts."""
    with pytest.raises(error) as caught:
        call_with(**changes)
    assert type(caught.value) is error
    message = str(caught.value)
    assert message.startswith("conv3d_transpose: ")
    for part in parts:
        assert part in message
