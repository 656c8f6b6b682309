"""What a process loads and compiles before its first result: that is what takes its time."""

import pytest

from conv3dt._compiler.plain import PLAIN
from tests.helpers.processes import run


def test_importing_loads_nothing_else():
    program = "import sys; before = {*sys.modules}; import conv3dt; print({*sys.modules} - before)"
    own = {"conv3dt", "conv3dt._compiler", "conv3dt._compiler.version"}
    own.add("conv3dt._activation_functions")  # stands for a module that is not loaded yet
    assert eval(run(program, begin="")) == own


def test_no_public_name_loads_a_compiler():
    program = """
import sys, conv3dt
for name in conv3dt.__all__:
    getattr(conv3dt, name)
from conv3dt.keras.layers import Conv3DTranspose
from conv3dt.compat.v1 import layers
Conv3DTranspose(3, 3)
print(sorted({"numba", "llvmlite"} & {*sys.modules}))
"""
    assert run(program, begin="") == "[]\n"


@pytest.mark.usefixtures("direct")
@pytest.mark.skipif(PLAIN, reason="nothing is compiled")
def test_only_what_a_call_needs_is_compiled(cold):
    """Two drivers, the door, the parallel loop, and tiles that read the input where it lies."""
    program = """
from conv3dt._compiler import store
def compiled():
    return store.COUNTS["misses"]
plan = conv3dt.explain(LAYER[0], LAYER[1], *LAYER[2:])
assert compiled() == 0
check()
first = compiled()
assert first <= 4 + len({tile for *_, tile in plan.scheme.tiles()}), first
check()
assert compiled() == first
conv3dt.warmup()
assert compiled() > first  # the drivers of other kinds of layers
"""
    run(program)
