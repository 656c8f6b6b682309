"""What `out` must be."""

import numpy as np
import pytest

from tests.helpers import plain_call

SHAPE = (1, 4, 4, 4, 2)
SMALL = {
    "value": np.zeros((1, 2, 2, 2, 3), np.float32),
    "filters": np.zeros((2, 2, 2, 2, 3), np.float32),
    "output_shape": SHAPE,
    "strides": 2,
}


def call_with(**changes):
    return plain_call.call_with(**SMALL | changes)


def rejects(error, text, **changes):
    plain_call.rejects(error, text, **SMALL | changes)


def test_out_is_passed_on(tmp_path):
    out = np.zeros(SHAPE, np.float32)
    assert call_with(out=out).out is out
    mapped = np.memmap(tmp_path / "out", np.float32, "w+", shape=SHAPE)
    assert np.shares_memory(call_with(out=mapped).out, mapped)


def test_out_of_any_order_of_input():
    swapped = SMALL["value"].astype(np.dtype(np.float32).newbyteorder("S"))
    assert call_with(value=swapped, out=np.zeros(SHAPE, np.float32)).out.dtype.isnative


def read_only():
    out = np.zeros(SHAPE, np.float32)
    out.flags.writeable = False
    return out


def unaligned():
    return np.zeros(4 * 128 + 1, np.uint8)[1:].view(np.float32).reshape(SHAPE)


@pytest.mark.parametrize(
    ("out", "error", "text"),
    [
        (np.zeros(SHAPE), TypeError, "have the dtype of input, float32, in native byte order; got"),
        (
            np.zeros(SHAPE, np.dtype("f4").newbyteorder("S")),
            TypeError,
            "have the dtype of input, float32, in native",
        ),
        (np.zeros(SHAPE, int), TypeError, "have the dtype of input, float32, in native byte order"),
        (np.zeros(SHAPE).tolist(), TypeError, "be a NumPy array; got [[[[["),
        (SHAPE, TypeError, "be a NumPy array; got (1, 4, 4, 4, 2)."),
        (np.zeros((1, 4, 4, 4, 1), np.float32), ValueError, "have shape (1, 4, 4, 4, 2); got (1,"),
        (np.zeros(128, np.float32), ValueError, "have shape (1, 4, 4, 4, 2); got (128,)."),
        (np.zeros(SHAPE, np.float32, order="F"), ValueError, "be C-contiguous; got"),
        (np.zeros((2, *SHAPE), np.float32)[0, :, ::-1], ValueError, "be C-contiguous; got"),
        (read_only(), ValueError, "be writeable; got"),
        (unaligned(), ValueError, "be aligned; got"),
    ],
)
def test_wrong_out(out, error, text):
    rejects(error, f"out must {text}", out=out)


def test_out_overlaps():
    memory = np.zeros(1000, np.float32)
    out = memory[100:228].reshape(SHAPE)
    x = memory[80:104].reshape(1, 2, 2, 2, 3)
    rejects(ValueError, "out must not share memory with input", value=x, out=out)
    w = memory[227:275].reshape(2, 2, 2, 2, 3)
    rejects(ValueError, "out must not share memory with filters", filters=w, out=out)
    rejects(ValueError, "out must not share memory with bias", bias=memory[150:152], out=out)
    x = memory[76:100].reshape(1, 2, 2, 2, 3)
    w = memory[228:276].reshape(2, 2, 2, 2, 3)
    assert call_with(value=x, filters=w, bias=memory[0:2], out=out).out is out


def test_out_between_the_rows_of_input():
    memory = np.zeros((3, 128), np.float32)
    x = np.lib.stride_tricks.as_strided(memory, (1, 2, 2, 2, 3), (0, 1024, 24, 12, 4))
    assert call_with(value=x, out=memory[1].reshape(SHAPE)).out is not None
    rejects(ValueError, "share memory with input", value=x, out=memory[2].reshape(SHAPE))
