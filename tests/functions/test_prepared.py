"""Filters packed once: the same bits as a plain call, whatever the shapes that follow."""

import threading
from itertools import product

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call
from conv3dt._plan.choice import make_plan, ways_of
from conv3dt._run import autotune, run
from conv3dt._run import filters as filters_module


def normal(shape, dtype="float32", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


OPTIONS = {
    "plain": {},
    "strided": {"strides": 2},
    "valid": {"strides": (1, 2, 3), "padding": "VALID"},
    "dilated": {"strides": 2, "dilations": (1, 3, 2)},
    "first": {"strides": 2, "data_format": "NCDHW"},
    "activated": {"strides": 2, "bias": normal(19, seed=5), "activation": "relu"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_same_bits_as_a_plain_call_for_every_input(options):
    w = normal((3, 2, 3, 19, 7), seed=1)
    prepared = conv3dt.prepare(w, **options)
    channels_first = options.get("data_format") == "NCDHW"
    for i in [(3, 4, 21), (1, 1, 1), (5, 2, 3), (3, 4, 21), (2, 9, 40)]:
        x = normal((2, 7, *i) if channels_first else (2, *i, 7))
        y = prepared(x)
        wanted = conv3dt.conv3d_transpose(x, w, y.shape, **{"strides": 1, **options})
        np.testing.assert_array_equal(y, wanted)
        out = np.full_like(y, np.nan)
        assert prepared(x, y.shape, out=out) is out
        np.testing.assert_array_equal(out, wanted)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_the_natural_shape_is_keras(padding):
    prepared = conv3dt.prepare(normal((1, 3, 5, 2, 3)), 2, padding)
    shapes = {"SAME": (1, 8, 10, 12, 2), "VALID": (1, 8, 11, 15, 2)}
    assert prepared(normal((1, 4, 5, 6, 3))).shape == shapes[padding]


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_the_filters_have_the_dtype(dtype):
    prepared = conv3dt.prepare(normal((2, 2, 2, 3, 4), dtype), 2)
    assert prepared(np.ones((1, 2, 2, 2, 4), dtype)).dtype == dtype
    with pytest.raises(TypeError, match="filters must have the dtype of input"):
        prepared(np.ones((1, 2, 2, 2, 4), np.float32))


def test_lists_are_float32():
    prepared = conv3dt.prepare([[[[[2.0]]]]])
    assert prepared([[[[[3.0]]]]]).dtype == np.float32


def test_later_changes_of_the_filters_have_no_effect():
    w, b = normal((2, 2, 2, 3, 4)), normal(3)
    x = normal((1, 3, 3, 3, 4))
    prepared = conv3dt.prepare(w, 2, bias=b)
    wanted = prepared(x)
    w[:], b[:] = 7, 7
    np.testing.assert_array_equal(prepared(x), wanted)
    np.testing.assert_array_equal(
        prepared(normal((1, 2, 2, 2, 4)))[:, :1], prepared(normal((1, 2, 2, 2, 4)))[:, :1]
    )
    assert not prepared.filters.flags.writeable


def test_infinite_weights_meet_no_zeros_beyond_the_input():
    w = normal((3, 3, 3, 2, 3))
    w[0, 0, 0, 0, 0] = np.inf
    prepared = conv3dt.prepare(w)
    for i in (9, 4, 9):
        x = np.ones((1, 2, 3, i, 3), np.float32)
        np.testing.assert_array_equal(
            prepared(x), conv3dt.conv3d_transpose(x, w, (1, 2, 3, i, 2), 1)
        )


def test_empty_inputs():
    prepared = conv3dt.prepare(normal((2, 2, 2, 3, 4)), 2)
    assert prepared(np.ones((0, 2, 2, 2, 4), np.float32)).shape == (0, 4, 4, 4, 3)


def test_plans_and_layouts_are_bounded(monkeypatch):
    monkeypatch.setattr(filters_module, "MOST_PLANS", 5)
    prepared = conv3dt.prepare(normal((1, 1, 2, 3, 4)), 2)
    for i in range(1, 20):
        prepared(np.ones((1, 1, 1, i, 4), np.float32))
        assert len(prepared._held._packed) <= 5


@pytest.mark.parametrize("algorithm", ["direct", "minimal"])
def test_copies_of_the_filters_are_bounded(monkeypatch, algorithm):
    """Inputs and outputs of many shapes, for which filters are packed in several ways."""
    prepared = conv3dt.prepare(normal((3, 3, 3, 3, 4)), 2, algorithm=algorithm)

    def most_copies():
        prepared._held._packed.clear()
        most = 0
        for i, j, odd in product((1, 2, 40), (1, 3, 90), (0, 1)):
            output = (1, 4 - odd, 2 * i - odd, 2 * j, 3)
            prepared(np.ones((1, 2, i, j, 4), np.float32), output)
            most = max(most, len({id(p.memory) for p in prepared._held._packed.values()}))
        return most

    assert most_copies() > 1
    monkeypatch.setattr(filters_module, "_MOST_LAYOUTS", 1)
    assert most_copies() == 1


def test_calls_from_several_threads_are_right():
    w = normal((3, 3, 3, 17, 9))
    inputs = [normal((1, 3, 4, i, 9), seed=i) for i in range(1, 9)]
    wanted = [conv3dt.conv3d_transpose(x, w, (1, 3, 4, x.shape[3], 17), 1) for x in inputs]
    prepared = conv3dt.prepare(w)
    wrong = []

    def work():
        for x, y in zip(inputs * 3, wanted * 3, strict=True):
            if not np.array_equal(prepared(x), y):
                wrong.append(x.shape)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"filters": normal((2, 2, 2, 3))}, ValueError, "prepare: filters must have 5 dimensions"),
        ({"filters": np.ones((1, 1, 1, 1, 1), int)}, TypeError, "prepare: dtype must be float16"),
        ({"strides": 0}, ValueError, "prepare: strides must be from 1"),
        ({"padding": "same"}, ValueError, "prepare: padding must be 'SAME' or 'VALID'"),
        ({"data_format": "NHWC"}, ValueError, "prepare: data_format must be"),
        ({"dilations": (1, 2)}, ValueError, "prepare: dilations must be 1, 3 or 5 integers"),
        ({"bias": np.ones(3, np.float32)}, ValueError, "prepare: bias must have shape"),
        ({"activation": "cube"}, ValueError, "prepare: activation must be"),
        ({"threads": 0}, ValueError, "prepare: threads must be from 1"),
    ],
)
def test_errors_come_at_once(arguments, error, text):
    given = {"filters": normal((2, 2, 2, 2, 4)), **arguments}
    with pytest.raises(error, match=text):
        conv3dt.prepare(**given)


def test_errors_of_a_call():
    prepared = conv3dt.prepare(normal((2, 2, 2, 3, 4)), 2)
    with pytest.raises(ValueError, match="must have as many channels"):
        prepared(normal((1, 2, 2, 2, 5)))
    with pytest.raises(ValueError, match=r"output_shape\[1\] must be"):
        prepared(normal((1, 2, 2, 2, 4)), (1, 5, 4, 4, 3))


def test_autotune_tries_once_and_remembers(monkeypatch, tmp_path):
    tried = []
    really = autotune._tried
    monkeypatch.setattr(autotune, "_tried", lambda *a: tried.append(a[2]) or really(*a))
    monkeypatch.setattr(autotune.store, "folder", lambda: tmp_path)
    w = normal((3, 3, 3, 2, 6))
    x = normal((1, 4, 6, 20, 6))
    for _ in range(2):  # the second finds on disk what the first has tried
        prepared = conv3dt.prepare(w, 2, autotune=True)
        y = prepared(x)
        np.testing.assert_array_equal(prepared(x), y)
        wanted = conv3dt.conv3d_transpose(x, w, y.shape, 2)
        np.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-4)
    assert len(tried) == 1
    assert 2 <= len(tried[0]) <= 3


def test_every_way_is_right():
    x = np.random.default_rng(0).integers(-2, 3, (2, 3, 4, 5, 6)).astype(np.float32)
    w = np.random.default_rng(1).integers(-2, 3, (3, 3, 3, 2, 6)).astype(np.float32)
    wanted = conv3dt.conv3d_transpose(x, w, (2, 6, 8, 10, 2), 2)
    call = as_call("test", x, w, (2, 6, 8, 10, 2), 2, "SAME", "NDHWC", 1)
    ways = ways_of(call.request)
    assert len(ways) > 1
    for way in ways:
        assert make_plan(call.request, None, False, way).choice.name == way
        np.testing.assert_array_equal(run.run(call, None, way), wanted)
