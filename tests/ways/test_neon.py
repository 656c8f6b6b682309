"""The tiles of NEON, compiled for aarch64 on any machine: no spill in a loop over k."""

import pytest
from llvmlite import binding

from conv3dt._compiler import machine
from conv3dt._geometry.tuning import MACHINES
from conv3dt._ways.channels.kernel import text
from conv3dt._ways.channels.tile import ChannelTile
from conv3dt._ways.fold.kernel import fold_text
from conv3dt._ways.shared.lane_tile import LaneTile
from tests.helpers.assembly import check, loops_over_k
from tests.helpers.kernels import lanes_of

NEON = MACHINES["neon"]


@pytest.fixture(autouse=True)
def _aarch64(monkeypatch):
    """Let LLVM compile for aarch64."""
    if not hasattr(binding, "create_pass_builder"):
        pytest.skip("this llvmlite has other passes")
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    try:
        target = binding.Target.from_triple("aarch64-unknown-linux-gnu")
    except RuntimeError:
        pytest.skip("this LLVM knows no aarch64")
    compiler = target.create_target_machine(cpu="neoverse-n1", features="+neon", opt=3)
    monkeypatch.setattr(machine, "_target", lambda: compiler)


@pytest.mark.parametrize("storage", ["float32", "float64", "float16"])
@pytest.mark.parametrize(("vectors", "rows"), list(enumerate(NEON.rows, 1)))
@pytest.mark.parametrize("less", [0, 1])
def test_channel_tiles(vectors, rows, less, storage):
    lanes = lanes_of(storage, NEON)
    tile = ChannelTile(storage, lanes, True, 1, rows - less, 0, 64, vectors, lanes, False, "relu")
    check(loops_over_k(text(tile)), tile.rows * tile.vectors)


@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("vectors", [1, 2])
def test_folding_tiles(vectors, storage):
    columns = NEON.rows[1]
    tile = LaneTile(
        storage, lanes_of(storage, NEON), True, 1, 0, columns, vectors, 1, True, "linear"
    )
    check(loops_over_k(fold_text(tile)), columns * vectors)


def test_a_tile_too_large_does_spill():
    tile = ChannelTile("float32", 4, True, 1, 2 * NEON.rows[1], 0, 64, 2, 4, False, "linear")
    with pytest.raises(AssertionError):
        check(loops_over_k(text(tile)), tile.rows * tile.vectors)
