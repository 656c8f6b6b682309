"""Calls out of Numba's parallel loops: each takes one thread; what Numba keeps is found again."""

import importlib
import pickle
import re
from contextlib import suppress

import pytest

from conv3dt._compiler.plain import PLAIN
from conv3dt._runtime import team
from tests.helpers.processes import finish, run, start

pytestmark = pytest.mark.skipif(PLAIN, reason="nothing is compiled")
several = pytest.mark.skipif(team.available() < 2, reason="there is one thread")


def installed():
    """Return the threading layers that Numba can load here."""
    for layer, module in (("omp", "omppool"), ("tbb", "tbbpool"), ("workqueue", "workqueue")):
        with suppress(ImportError):
            importlib.import_module(f"numba.np.ufunc.{module}")
            yield layer


layers = pytest.mark.parametrize("layer", [*installed()])

LOOP = """
import os, sys, threading
import numba, numpy as np
from numba import njit, prange
import conv3dt
from conv3dt._run import run

seen, original = [], run.run
def watched(call):
    seen.append((threading.get_ident(), call.threads))
    return original(call)
run.run = watched

rng = np.random.default_rng(0)
X = rng.integers(-2, 3, (8, 1, 4, 8, 24, 16)).astype("f4")
W = rng.integers(-2, 3, (3, 3, 3, 16, 16)).astype("f4")
SHAPE = (1, 8, 16, 48, 16)
WANTED = np.stack([conv3dt.conv3d_transpose(x, W, SHAPE, 2) for x in X])
seen.clear()

@njit
def inner(x, w, shape, out):
    conv3dt.conv3d_transpose(x, w, shape, 2, out=out)

@njit(parallel=True, nogil=True)
def loop(X, W, shape, out):
    for i in prange(len(X)):
        inner(X[i], W, shape, out[i])

out = np.zeros_like(WANTED)
"""


@several
@layers
def test_calls_in_a_loop_take_one_thread(layer):
    """With TBB all but those of the thread that began it, which shares their work with the rest."""
    program = """
loop(X, W, SHAPE, out)
assert (out == WANTED).all()
assert len(seen) == len(X), seen
if numba.threading_layer() == "tbb":
    seen[:] = [(thread, n) for thread, n in seen if thread != threading.get_ident()]
else:
    assert len({thread for thread, _ in seen}) > 1, seen
assert {n for _, n in seen} <= {1}, seen
seen.clear()
inner(X[0], W, SHAPE, out[1])
assert (out[1] == WANTED[0]).all()
assert seen == [(threading.get_ident(), conv3dt._runtime.team.available())], seen
"""
    run(program, begin=LOOP, NUMBA_THREADING_LAYER=layer)


@several
def test_threads_that_are_named_are_taken():
    program = """
@njit(parallel=True)
def loop(X, W, shape):
    for i in prange(len(X)):
        conv3dt.conv3d_transpose(X[i], W, shape, 2, threads=2)
loop(X, W, SHAPE)
assert {n for _, n in seen} == {2}, seen
"""
    run(program, begin=LOOP)


@several
@layers
def test_an_error_in_a_loop_is_told(layer):
    """Numba raises none of its threads', and none of the caller's but as a SystemError."""
    program = """
try:
    loop(X, W, (1, 8, 16, 49, 16), out)
except SystemError as error:
    print(error.__cause__)
print("goes on")
"""
    out, err = finish(start(program, begin=LOOP, NUMBA_THREADING_LAYER=layer))
    wrong = r"conv3d_transpose: output_shape\[3\] must be 47 or 48 .* got 49\."
    assert re.search(wrong, out + err)
    assert out.endswith("goes on\n")
    assert "Exception ignored" in err or layer == "tbb"  # where one thread may do all


def test_an_error_outside_is_raised_not_told():
    program = """
loop(X, W, SHAPE, out)
try:
    inner(X[0], W, (1, 8, 16, 49, 16), out[0])
except ValueError as error:
    print(error)
"""
    out, err = finish(start(program, begin=LOOP))
    assert "got 49." in out
    assert "Exception ignored" not in err


CACHED = """
import numpy as np
from numba import njit, prange
import conv3dt

@njit(parallel=True, nogil=True, cache=True)
def loop(X, w, shape, out):
    for i in prange(len(X)):
        out[i] = conv3dt.conv3d_transpose(X[i], w, shape, 2, padding="SAME", activation="relu")

@njit(cache=True)
def error(x, w):
    return conv3dt.conv3d(x, w, 1, "same")
"""


def test_what_numba_keeps_is_found_again(tmp_path, monkeypatch):
    (tmp_path / "kept.py").write_text(CACHED)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    program = """
import sys
sys.path.insert(0, sys.argv[1])
import kept, numpy as np
X, w = np.ones((3, 1, 2, 2, 2, 1), "f4"), np.ones((2, 2, 2, 1, 1), "f4")
out = np.zeros((3, 1, 4, 4, 4, 1), "f4")
kept.loop(X, w, (1, 4, 4, 4, 1), out)
assert (out == 1).all()
try:
    kept.error(X[0], w)
except ValueError as error:
    assert "padding must be 'SAME' or 'VALID'; got 'same'" in str(error)
print(sum(f.stats.cache_hits[s] for f in (kept.loop, kept.error) for s in f.stats.cache_hits))
"""
    assert [run(program, tmp_path, begin="") for _ in range(2)] == ["0\n", "2\n"]


def test_names_in_files_that_numba_keeps():
    """Such a file outlives an update of the package, and looks for these."""
    for home, name in (
        ("_runtime.loops", "alone"),
        ("_runtime.loops", "is_foreign"),
        ("functions.transposed", "conv3d_transpose"),
        ("functions.forward", "conv3d"),
    ):
        found = getattr(importlib.import_module(f"conv3dt.{home}"), name)
        assert pickle.dumps(found, 0) == f"cconv3dt.{home}\n{name}\np0\n.".encode()
