"""The same results whatever surrounds the process, and nothing of it is changed."""

import os
import platform
import shutil
import sys
from pathlib import Path

import pytest

import conv3dt
from conv3dt._compiler.plain import PLAIN
from tests.helpers.processes import BEGIN, finish, path, run, start

SURROUNDINGS = {
    "a generic processor": {"NUMBA_CPU_NAME": "generic"},
    "AVX2": {"NUMBA_CPU_NAME": "haswell"},
    "AVX2, its features said": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma"},
    "bounds checks": {"NUMBA_BOUNDSCHECK": "1"},
    "another order of hashes": {"PYTHONHASHSEED": "12345"},
    "another locale": {"LC_ALL": "C", "LANG": "C"},
    "one thread": {"NUMBA_NUM_THREADS": "1"},
}
CHECKED = """
check()
try:
    conv3dt.conv3d_transpose(LAYER[0], LAYER[1], (1, 9, 16, 48, 16), 2)
except ValueError as error:
    assert "must be" in str(error), error
else:
    sys.exit("a wrong length was accepted")
"""
x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="other machines have other names")
OPTIONS = [["-O"], ["-OO"], ["-W", "error"], ["-I"], ["-X", "dev"], ["-B"]]


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_environments(name):
    assert finish(start("check()", **SURROUNDINGS[name])) == ("", "")


@x86
@pytest.mark.parametrize("name", ["haswell", "skylake-avx512", "sapphirerapids", "bdver4"])
def test_a_processor_that_is_named(name):
    """Two have instructions that others lack, and that would end the process."""
    program = """
    for dtype in "float32", "float64", "float16":
        x, w = (a.astype(dtype) for a in LAYER[:2])
        np.testing.assert_array_equal(conv3dt.conv3d_transpose(x, w, *LAYER[2:]), WANTED)
    """
    assert finish(start(program, NUMBA_CPU_NAME=name)) == ("", "")


@x86
def test_a_processor_that_is_named_has_its_vectors():
    program = "print(conv3dt.explain(LAYER[0], LAYER[1], *LAYER[2:]).layer.machine.isa)"
    assert run(program, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES=None) == "sse\n"
    own = run(program, NUMBA_CPU_NAME=None, NUMBA_CPU_FEATURES=None)
    named = run(program, NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES=None)
    assert named == ("avx2\n" if own == "avx512\n" else own)


@x86
def test_show_config_warns_of_vectors_shorter_than_the_processors():
    shown = run("conv3dt.show_config()", NUMBA_CPU_NAME="x86-64-v2")
    widest = "from conv3dt._compiler import processor; print(processor.host().widest)"
    widest = run(widest, NUMBA_CPU_NAME="native")
    assert (f"WARNING: this processor has {widest.strip()}," in shown) == (widest != "16\n")
    assert "WARNING" not in run("conv3dt.show_config()", NUMBA_CPU_NAME="native")


def test_plain_python():
    program = "x, w = LAYER[0][:, :2, :2, :4], LAYER[1]\n" + (
        "y = conv3dt.conv3d_transpose(x, w, (1, 4, 4, 8, 16), 2)\n"
        "np.testing.assert_array_equal(y, by_definition(x, w, (1, 4, 4, 8, 16), 2))\n"
        "from conv3dt._compiler import store; assert not store.COUNTS"
    )
    assert finish(start(program, NUMBA_DISABLE_JIT="1")) == ("", "")


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_options_of_python(options):
    program = f"import sys; sys.path[:0] = {path().split(os.pathsep)[:2]!r}\n"
    program += BEGIN + CHECKED
    assert finish(start(program, begin="", options=options)) == ("", "")


def test_a_path_with_spaces_and_other_letters(tmp_path):
    folder = tmp_path / "mit Leerzeichen und Ümläuten 卷积"
    shutil.copytree(Path(conv3dt.__file__).parent, folder / "conv3dt")
    program = f"check(); assert {str(folder)!r} in conv3dt.__file__"
    found = os.pathsep.join([str(folder), path()])
    kernels = str(folder / "kernels of conv3dt")
    assert finish(start(program, PYTHONPATH=found, CONV3DT_CACHE_DIR=kernels)) == ("", "")


def test_from_a_zip(tmp_path):
    package = Path(conv3dt.__file__).parent
    archive = shutil.make_archive(str(tmp_path / "conv3dt"), "zip", package.parent, package.name)
    program = f"check(); assert conv3dt.__file__.startswith({archive!r})"
    found = os.pathsep.join([archive, path()])
    kernels = str(tmp_path / "kernels")
    assert finish(start(program, PYTHONPATH=found, CONV3DT_CACHE_DIR=kernels)) == ("", "")


FLOATING = """
import ctypes, ctypes.util
libm = ctypes.CDLL(ctypes.util.find_library("m"))
"""
needs_libm = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's libm")


@needs_libm
def test_floating_point_flags_are_left_alone():
    """Infinities and products that overflow raise flags in the processor; none is left."""
    program = """
ALL = 0x3d
x, w, shape, s = layer()
check(threads=1)
libm.feclearexcept(ALL)
conv3dt.conv3d_transpose(x * np.float32(3e38), w * np.float32(3e38), shape, s, threads=1)
x[0, 0, 0, 0, 0], before = 0, libm.fetestexcept(ALL)
libm.feclearexcept(ALL)
huge, tiny = np.full_like(x, 3e38), np.full_like(w, 1e-45)
for a, b in ((huge, w * huge[0, 0, 0, 0, 0]), (huge * np.float32(1e-38), tiny)):
    libm.feclearexcept(ALL)
    conv3dt.conv3d_transpose(a, b, shape, s, threads=1)
    assert libm.fetestexcept(ALL) == 0, libm.fetestexcept(ALL)
libm.feraiseexcept(4)
conv3dt.conv3d_transpose(x, w, shape, s, threads=1)
assert libm.fetestexcept(ALL) == 4
with np.errstate(all="raise"):
    conv3dt.conv3d_transpose(huge, w * 0 + np.inf, shape, s)
    assert np.geterr()["over"] == "raise"
"""
    run(FLOATING + "np.seterr(all='ignore')\n" + program)


@needs_libm
@pytest.mark.skipif(PLAIN, reason="NumPy follows the processor's setting")
def test_subnormal_numbers_count_and_the_setting_is_left_alone():
    """A library compiled for speed may have told this thread to take them for zero."""
    program = """
import platform
if platform.machine() != "x86_64":
    sys.exit()
class State(ctypes.Structure):
    _fields_ = [("control", ctypes.c_uint32 * 7), ("mxcsr", ctypes.c_uint32)]
def mxcsr(value=None):
    state = State()
    libm.fegetenv(ctypes.byref(state))
    if value is not None:
        state.mxcsr = value
        libm.fesetenv(ctypes.byref(state))
    return state.mxcsr
FLUSH = 0x8040
check()
x, w, shape, s = layer()
x[...], w[...] = 1e-40, 1
normal = conv3dt.conv3d_transpose(x, w, shape, s)
assert (normal > 0).all()
before = mxcsr()
for threads in range(1, conv3dt._runtime.team.available() + 1):
    mxcsr(before | FLUSH)
    flushed = conv3dt.conv3d_transpose(x, w, shape, s, threads=threads)
    after = mxcsr()
    mxcsr(before)
    assert after == before | FLUSH, hex(after)
    np.testing.assert_array_equal(normal.view("u4"), flushed.view("u4"))
"""
    run(FLOATING + "from conv3dt._runtime import team\nconv3dt._runtime.team = team\n" + program)
