"""Random and hostile calls: `python tests/run/fuzz.py --calls 10000 [--seed N]`.

Half are right calls, whose arrays lie at forbidden pages and whose results are compared with the
definition, among them gradients. Half have one argument replaced by something wicked: a ValueError,
TypeError or MemoryError is an answer, so is a right result; anything else, a crash above all, is a
failure.
"""

import argparse
import sys
import threading
import warnings
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[2]))

import conv3dt
from tests.helpers import oracle
from tests.helpers.guarded import guarded

ALLOWED = ValueError, TypeError, MemoryError


class Raises:
    """An array that is none."""

    ndim, shape, dtype = 5, (1, 2, 2, 2, 1), np.dtype("f4")

    def __array__(self, *_, **__):
        raise ValueError("no array")


class Liar(Raises):
    """One that is another when it is asked."""

    def __array__(self, *_, **__):
        return np.zeros((3, 0, 1), "c16")


class Index:
    def __index__(self):
        raise ValueError("no index")


WICKED = [
    None, (), [], "", "SAME", b"\xff", -1, 0, 2**31, 2**63, 2**200, -(2**64), 1.5, float("nan"),
    float("inf"), 1j, True, object(), Raises(), Liar(), Index(), [1, 2], [1, 2, 3, 4, 5, 6],
    [1, 0, 2, 2, 1], [1, -2, 2, 2, 1], [[1, 2, 2]], [2**40] * 3, [2**62] * 5, [1.0, 2.0, 2.0],
    [float("nan")] * 3, {1: 2}, {1, 2, 3}, np.zeros(0), np.zeros((1,) * 5), np.zeros((1,) * 32),
    np.zeros((1, 2, 2, 2, 1), "f2"), np.zeros((1, 2, 2, 2, 1), "i4"), np.zeros((0,) * 5, "f4"),
    np.array([None] * 5, object), np.zeros((1, 2, 2, 2, 1), "M8[s]"), np.float32(2), np.int8(-128),
    np.broadcast_to(np.float32(1), (1, 2**20, 2**20, 2**20, 1)), range(5), lambda: None, ...,
    np.ma.masked_array(np.ones((1, 2, 2, 2, 1), "f4"), True), memoryview(b"12345"),
]  # fmt: skip


def right_call(rng):
    """Return the arguments of a call on small integers, whose sums are exact."""
    dtype = rng.choice(["f4", "f4", "f8", "f2"])
    n, ci, co = (int(rng.integers(1, m)) for m in (3, 20, 36))
    i, k, s = ([int(v) for v in rng.integers(1, m, 3)] for m in (7, 4, 4))
    d = [int(rng.integers(1, 3)) for _ in range(3)]
    padding = str(rng.choice(["SAME", "VALID"]))
    o = [
        int(rng.choice(list(oracle.legal_lengths(*a, padding))))
        for a in zip(i, k, s, d, strict=True)
    ]
    x = rng.integers(-2, 3, (n, *i, ci)).astype(dtype)
    w = rng.integers(-2, 3, (*k, co, ci)).astype(dtype)
    shape, data_format = [n, *o, co], "NDHWC"
    if rng.random() < 0.4:
        x, data_format = np.ascontiguousarray(np.moveaxis(x, 4, 1)), "NCDHW"
        shape = [n, co, *o]
    return [x, w, shape, s, padding, data_format, d]


def check_right(rng):
    """Make a right call on guarded arrays and compare every number."""
    x, w, shape, s, padding, data_format, d = right_call(rng)
    wanted = oracle.conv3d_transpose(x, w, shape, s, padding, d, data_format)
    ends = rng.random(3) < 0.5
    x, w = guarded(x, ends[0]), guarded(w, ends[1])
    out = guarded(np.full(shape, 7, x.dtype), ends[2])
    y = conv3dt.conv3d_transpose(x, w, shape, s, padding, data_format, d, out=out)
    assert y is out
    np.testing.assert_array_equal(y, wanted.astype(x.dtype))


def check_hostile(rng):
    """Replace arguments by wicked ones."""
    arguments = right_call(rng)
    options = {}
    for _ in range(int(rng.integers(1, 3))):
        place = int(rng.integers(0, len(arguments) + 4))
        wicked = WICKED[int(rng.integers(0, len(WICKED)))]
        if place < len(arguments):
            arguments[place] = wicked
        else:
            options[("bias", "activation", "out", "threads")[place - len(arguments)]] = wicked
    if rng.random() < 0.1 and isinstance(arguments[0], np.ndarray):
        options["out"] = arguments[0]  # overlaps the input
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            conv3dt.conv3d_transpose(*arguments, **options)
    except ALLOWED:
        pass


def check_gradients(rng):
    """Gradients on guarded arrays; a rectifier's is exact."""
    x, w, shape, s, padding, data_format, d = right_call(rng)
    dy = rng.integers(-2, 3, shape).astype(x.dtype)
    y = rng.integers(-1, 2, shape).astype(x.dtype)
    x, w, dy, y = (guarded(a, rng.random() < 0.5) for a in (x, w, dy, y))
    found = conv3dt.conv3d_transpose_backprop(
        dy, x, w, s, padding, data_format, d, activation="relu", output=y
    )
    dz = np.where(y > 0, dy, 0)
    wanted = (
        oracle.conv3d(dz, w, x.shape, s, padding, d, data_format),
        oracle.filter_gradient(dz, w.shape, x, s, padding, d, data_format),
        oracle.channels_last(oracle.wide(dz), data_format).sum((0, 1, 2, 3)),
    )
    for actual, exact in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(actual, exact.astype(x.dtype))
    out = guarded(np.full(w.shape, 7, w.dtype), rng.random() < 0.5)
    conv3dt.conv3d_backprop_filter(dz, w.shape, x, s, padding, data_format, d, out=out)
    np.testing.assert_array_equal(out, found.filters)


def check_hostile_gradients(rng):
    """Replace arguments of a gradient by wicked ones."""
    x, w, shape, *how = right_call(rng)
    arguments = [np.zeros(shape, x.dtype), x, w, *how]
    names, options = ("bias", "activation", "output", "groups", "wrt", "threads"), {}
    for _ in range(int(rng.integers(1, 3))):
        place = int(rng.integers(0, len(arguments) + len(names)))
        wicked = WICKED[int(rng.integers(0, len(WICKED)))]
        if place < len(arguments):
            arguments[place] = wicked
        else:
            options[names[place - len(arguments)]] = wicked
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            conv3dt.conv3d_transpose_backprop(*arguments, **options)
            arguments[2] = np.shape(w)
            conv3dt.conv3d_backprop_filter(arguments[0], arguments[2], arguments[1], *how)
    except ALLOWED:
        pass


def check_changing(rng):
    """The arrays change while they are used: any numbers may come, but a result does."""
    x, w, shape, s, padding, data_format, d = right_call(rng)
    going = True

    def change():
        while going:
            x[...] = rng.integers(-9, 9)
            w[..., 0] = np.nan

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for _ in range(3):
            y = conv3dt.conv3d_transpose(x, w, shape, s, padding, data_format, d)
            assert y.shape == tuple(shape)
    finally:
        going = False
        changing.join()


KINDS = (
    check_right, check_hostile, check_gradients, check_hostile_gradients, check_right,
    check_hostile, check_changing,
)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for seed in range(options.seed, options.seed + options.calls):
        rng = np.random.default_rng(seed)
        kind = KINDS[seed % len(KINDS)]
        try:
            kind(rng)
        except BaseException:
            sys.stderr.write(f"{kind.__name__} failed: --seed {seed} --calls 1\n")
            raise
    sys.stdout.write(f"{options.calls} calls, all right\n")


if __name__ == "__main__":
    main()
