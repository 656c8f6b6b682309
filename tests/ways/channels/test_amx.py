"""Tiles of AMX: their machine code on every machine, and what they compute where it is emulated."""

import re

import numpy as np
import pytest
from llvmlite import binding

from conv3dt._compiler import amx, build, machine
from conv3dt._compiler.plain import PLAIN
from conv3dt._geometry.storages import PAIRS
from conv3dt._ways.channels.amx import shaper
from conv3dt._ways.channels.kernel import address, text
from conv3dt._ways.channels.tile import ChannelTile
from conv3dt._ways.shared.plain import added_by_tiles, stored
from tests.helpers.amx import numbers, tdpbf16ps, wide
from tests.helpers.assembly import loops_around
from tests.helpers.kernels import aligned, call
from tests.ways.channels import test_kernel

FEATURES = "+avx512f,+avx512bw,+avx512vl,+avx512dq,+amx-tile,+amx-bf16"
compiled = pytest.mark.skipif(PLAIN, reason="nothing is compiled")


def tile_of(outer=1, inner=32, vectors=2, pairs=16, step=64, **fields):
    """Return a tile as a plan would have it, rows of a part as high as there are."""
    alone = outer if inner == 1 else inner
    found = ChannelTile(
        PAIRS, 16, True, outer, inner, (inner + 2) * step if outer > 1 else 0, step, vectors, 16,
        False, "linear", amx=(min(16, alone), pairs),
    )  # fmt: skip
    return found._replace(**fields)


# ---- machine code --------------------------------------------------------------------------------


@pytest.fixture
def sapphire_rapids(monkeypatch):
    """Let LLVM compile for a processor with AMX."""
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    try:
        target = binding.Target.from_triple("x86_64-unknown-linux-gnu")
    except RuntimeError:
        pytest.skip("this LLVM knows no x86-64")
    compiler = target.create_target_machine("sapphirerapids", FEATURES, opt=3)
    monkeypatch.setattr(machine, "_target", lambda: compiler)


@compiled
@pytest.mark.parametrize(
    ("shape", "loads"),
    [((1, 32, 2), 4), ((2, 16, 2), 4), ((1, 17, 2), 4), ((1, 16, 2), 3), ((32, 1, 1), 3)],
    ids=str,
)
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_the_loop_over_k(sapphire_rapids, shape, loads, activation):
    """It loads every tile once, makes all products, and touches no memory beside; nothing calls."""
    outer, inner, vectors = shape
    code = text(tile_of(outer, inner, vectors, activation=activation))
    (loop,) = loops_around(code, re.compile(r"\btdpbf16ps\b"))
    found = [re.match(r"\s*(\w+)", line)[1] for line in loop if "\t" in line]
    products = vectors * (loads - vectors)
    assert found.count("tileloadd") == loads
    assert found.count("tdpbf16ps") == products
    assert not [line for line in loop if "(%rsp" in line or "(%rbp" in line]
    assert not re.search(r"\bcall", code)
    assert not re.search(r"\b(ldtilecfg|tilerelease)\b", code)


@compiled
def test_tiles_are_shaped_and_released_by_a_part_of_the_driver(sapphire_rapids):
    from conv3dt._ways.channels.amx import _write

    code = build.assembly(1, _write)
    assert len(re.findall(r"\bldtilecfg\b", code)) == len(re.findall(r"\btilerelease\b", code)) == 1


# ---- tiles, emulated -----------------------------------------------------------------------------


@pytest.fixture
def room_behind(monkeypatch):
    """Let operands be followed by so much that other rows of a tile can be read."""
    monkeypatch.setattr(test_kernel, "NAN_ROWS", 16 * 80)


def check(tile, taps, length, **how):
    """Compare one tile with its definition, guard cells around."""
    shape = amx.configuration(*tile.amx)
    call(shaper(), (shape.ctypes.data,))
    test_kernel.check(tile, taps, length, **how)
    call(shaper(), (0,))


@wide
@pytest.mark.parametrize("vectors", [1, 2])
@pytest.mark.parametrize("rows", [1, 2, 15, 16, 17, 31, 32])
def test_every_number_of_rows(emulated, room_behind, rows, vectors):
    check(tile_of(1, rows, vectors, step=20), taps=3, length=16)
    check(tile_of(rows, 1, vectors, step=20), taps=1, length=16)
    check(tile_of(1, rows, vectors, step=20, amx=(16, 16)), taps=1, length=16)


@wide
@pytest.mark.parametrize("inner", [2, 3, 8, 15, 16])
def test_groups_of_rows(emulated, room_behind, inner):
    check(tile_of(2, inner), taps=2, length=32)
    check(tile_of(2, inner - 1, amx=(inner, 16)), taps=2, length=16)


@wide
@pytest.mark.parametrize("pairs", [1, 2, 5, 8, 12, 15, 16])
@pytest.mark.parametrize("taps", [0, 1, 3])
def test_pairs_at_once(emulated, room_behind, pairs, taps):
    for times in (1, 2, 5):
        check(tile_of(1, 20, pairs=pairs, step=80), taps, times * pairs)


@wide
@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("last", [1, 7, 8, 15, 16])
def test_every_kind_of_last_vector(emulated, room_behind, spread, last):
    for vectors, activation in ((1, "linear"), (2, "relu")):
        fields = {"last": last, "spread": spread, "activation": activation}
        check(tile_of(1, 18, vectors, **fields), taps=2, length=16)
        check(tile_of(2, 5, vectors, streamed=True, **fields), taps=2, length=16, on_lines=True)


def words(rng, shape):
    """Return words of two random bfloat16, few of them subnormal or zero."""
    x = rng.standard_normal((*shape, 2)) * 2.0 ** rng.integers(-6, 6, (*shape, 2))
    x[rng.random(x.shape) < 0.05] = 2.0**-130
    bits = x.astype(np.float32).view(np.uint32)
    return bits[..., 0] >> 16 | bits[..., 1] & 0xFFFF0000


@pytest.mark.parametrize("pairs", [1, 5, 16])
def test_the_twin_rounds_as_the_instruction(pairs):
    rng = np.random.default_rng(pairs)
    a, b = words(rng, (16, 3 * pairs)), words(rng, (3 * pairs, 16))
    c = rng.standard_normal((16, 16)).astype(np.float32)
    c[0] = 2.0**-130
    wanted, exact, size = c, c.astype(np.float64), np.abs(c).astype(np.float64)
    for first in range(0, 3 * pairs, pairs):
        some = slice(first, first + pairs)
        x, y = (numbers(part.copy().view(np.uint16)) for part in (a[:, some], b[some]))
        x, y = x.reshape(16, pairs, 2), y.reshape(pairs, 16, 2)
        wanted = tdpbf16ps(wanted, x, y)
        exact = exact + np.einsum("mkh,knh->mn", *(part.astype(np.float64) for part in (x, y)))
        size += np.einsum("mkh,knh->mn", *(np.abs(part.astype(np.float64)) for part in (x, y)))
    got = np.array([added_by_tiles(c[m], a[m], b, pairs) for m in range(16)])
    np.testing.assert_array_equal(got, wanted)
    assert (np.abs(got - exact) <= 2.0**-22 * size + 2.0**-120).all()


@wide
@compiled
def test_an_output_does_not_depend_on_its_tile(emulated):
    """To the bit; and it is what the twin makes of its inputs."""
    rng, length = np.random.default_rng(0), 24
    x, panel = words(rng, (60, length)), aligned((length, 32), np.uint32, 0)
    panel[:] = words(rng, (length, 32))
    bias = aligned(32, np.float32, rng.standard_normal(32))
    entry = np.array([0, panel.ctypes.data, length, 0])
    sums = np.array([added_by_tiles(bias, row, panel, 12) for row in x[:32]])
    for rows in (32, 19, 7):
        tile, c = tile_of(1, rows, pairs=12, step=length), np.zeros((rows, 32), np.uint16)
        shape = amx.configuration(*tile.amx)
        call(shaper(), (shape.ctypes.data,))
        at = (c.ctypes.data, 0, c.strides[0], 0, 0)
        call(address(tile), (x.ctypes.data, entry.ctypes.data, 1, bias.ctypes.data, *at, 0))
        np.testing.assert_array_equal(c, stored(PAIRS, sums[:rows]))
