"""Calls of a known kind: the bits of the first one, whatever the arrays' addresses and layouts."""

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call, as_forward_call
from conv3dt._run import run
from conv3dt._run.filters import Filters
from conv3dt._run.known import Kind
from tests.helpers.layers import LAYERS, expected, integers


def at_odd_address(array):
    """Return a copy that begins one byte behind an aligned address."""
    memory = np.empty(array.nbytes + 1, np.uint8)[1:]
    found = memory.view(array.dtype).reshape(array.shape)
    found[...] = array
    return found


def read_only(array):
    """Return a copy that cannot be written to."""
    found = array.copy()
    found.flags.writeable = False
    return found


LAYOUTS = {  # how the numbers of an array lie; and whether kernels read them there
    "contiguous": (np.copy, True),
    "read-only": (read_only, True),
    "other dimensions first": (lambda a: np.asfortranarray(a), True),
    "backwards": (lambda a: a[:, ::-1, :, ::-1].copy()[:, ::-1, :, ::-1], True),
    "with gaps": (lambda a: np.repeat(a, 2, 3)[:, :, :, ::2], True),
    "foreign bytes": (lambda a: a.astype(a.dtype.newbyteorder()), False),
    "odd address": (at_odd_address, False),
}


def anew(call, packing=None):
    """Return the result of a call of which nothing is known."""
    return run._anew(call, packing, None, Kind())


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("name", ["width", "batch", "few channels", "k less than s"])
def test_layouts_take_turns(name, dtype):
    shape, filters, s = LAYERS[name]
    output = [shape[0], *(n * s for n in shape[1:4]), filters[3]]
    calls = []
    for seed, (of_input, _) in enumerate(LAYOUTS.values()):
        for of_filters, _ in LAYOUTS.values():
            x, w = integers(shape, dtype, seed), integers(filters, dtype, seed + 1)
            bias = integers(filters[3], dtype, seed) if seed % 2 else None
            arrays, options = (of_input(x), of_filters(w)), (output, s, "SAME", "NDHWC", 1)
            calls.append(as_call("test", *arrays, *options, bias=bias, threads=1))
    for call in [*calls, *calls]:
        np.testing.assert_array_equal(run.run(call), anew(call))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_read_where_it_lies_is_known_from_the_second_call_on(layout, monkeypatch):
    conv3dt.clear_cache()
    lies, is_read = LAYOUTS[layout]
    x, w = integers((1, 3, 4, 5, 3)), integers((2, 2, 2, 4, 3))
    call = as_call("test", lies(x), w, [1, 6, 8, 10, 4], 2, "SAME", "NDHWC", 1, threads=1)
    wanted = run.run(call)
    assert (run.known_of(call) is not None) == is_read
    if is_read:
        monkeypatch.setattr(run, "_anew", None)
    np.testing.assert_array_equal(run.run(call), wanted)


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
def test_forward_convolutions_that_leave_inputs_out(data_format, groups):
    """Stride and dilation have a divisor: the first input that is read is not the array's first."""
    shape = (1, 6, 7, 8, 4) if data_format == "NDHWC" else (1, 4, 6, 7, 8)
    for seed in range(4):
        x, w = integers(shape, seed=seed), integers((3, 3, 3, 4 // groups, 8), seed=seed)
        call = as_forward_call("test", x, w, 2, "SAME", data_format, 2, threads=1, groups=groups)
        np.testing.assert_array_equal(run.run(call), anew(call))


def test_filters_that_are_kept():
    x, w = integers((1, 3, 4, 5, 16)), integers((2, 2, 2, 16, 16))
    for seed in range(4):
        held = Filters(integers(w.shape, seed=seed), integers(16, seed=seed))
        call = as_call(
            "test", x, held.filters, [1, 6, 8, 10, 16], 2, "SAME", "NDHWC", 1, bias=held.bias,
            threads=1,
        )  # fmt: skip
        for _ in range(2):
            np.testing.assert_array_equal(held.convolve(call), anew(call))


@pytest.mark.parametrize("algorithm", ["direct", "minimal"])
def test_numbers_that_are_not_finite_once(algorithm):
    """They take another way: what is known holds for the next call all the same."""
    x, w = integers((1, 6, 8, 12, 16)), integers((3, 3, 3, 32, 16))
    infinite, far = w.copy(), x.copy()
    infinite[0, 1, 2, 3, 4], far[0, 3, 4, 5, 6] = np.inf, np.inf
    for value, filters in [(x, w), (x, w), (x, infinite), (x, w), (far, w), (x, w)]:
        call = as_call(
            "test", value, filters, [1, 6, 8, 12, 32], 1, "SAME", "NDHWC", 1, threads=1,
            algorithm=algorithm,
        )  # fmt: skip
        np.testing.assert_array_equal(run.run(call), anew(call))


def test_arguments_that_are_changed_in_place():
    x, w, shape = integers((1, 3, 3, 3, 2)), integers((2, 2, 2, 4, 2)), [1, 6, 6, 6, 4]
    for _ in range(2):
        conv3dt.conv3d_transpose(x, w, shape, 2)
    shape[1] = 5
    assert conv3dt.conv3d_transpose(x, w, shape, 2).shape[1] == 5
    shape[1] = 6.0
    with pytest.raises(TypeError, match="output_shape must be integers"):
        conv3dt.conv3d_transpose(x, w, shape, 2)
    shape[1] = 6
    swapped = x.byteswap()
    swapped.dtype = x.dtype.newbyteorder()
    np.testing.assert_array_equal(
        conv3dt.conv3d_transpose(swapped, w, shape, 2), expected(x, w, shape, 2)
    )


@pytest.mark.parametrize("among", [None, 0, 16])
def test_an_output_between_cache_lines(among):
    x, w = integers((1, 3, 4, 16, 8)), integers((3, 3, 3, 16, 8))
    wanted = expected(x, w, [1, 3, 4, 16, 16], 1).astype(x.dtype)
    for _ in range(3):
        memory = np.zeros(wanted.nbytes + 256, np.uint8)
        start = -memory.ctypes.data % 64 + (among or 0)
        out = memory[start:][: wanted.nbytes].view(wanted.dtype).reshape(wanted.shape)
        given = {} if among is None else {"out": out}
        made = conv3dt.conv3d_transpose(x, w, [1, 3, 4, 16, 16], 1, **given)
        np.testing.assert_array_equal(made, wanted)
        assert among is None or made is out
        assert not memory[:start].any()
        assert not memory[start + wanted.nbytes :].any()
