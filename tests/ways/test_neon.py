"""The tiles of NEON, compiled for aarch64 on any machine: no spill in a loop over k."""

import pytest
from llvmlite import binding

from conv3dt._compiler import machine, names, processor
from conv3dt._geometry.storages import PAIRS
from conv3dt._geometry.tuning import MACHINES
from conv3dt._ways.channels.kernel import text
from conv3dt._ways.channels.tile import ChannelTile
from conv3dt._ways.fold.kernel import fold_text
from conv3dt._ways.shared.lane_tile import LaneTile
from tests.helpers.assembly import check, loops_over_k
from tests.helpers.kernels import lanes_of

KNOWN = {"neon": "generic"} | {x: x for x in names.legal("aarch64", binding.llvm_version_info[0])}
PROCESSORS = [name for name, x in MACHINES.items() if x.isa == "neon" and name in KNOWN]
MULTIPLIED = [
    (name, storage)
    for name in PROCESSORS
    for storage in ("float32", "float64", "float16", *[PAIRS] * MACHINES[name].pairs)
]


@pytest.fixture
def compiles_for(monkeypatch):
    """Return what lets LLVM compile for a row of the table, which it returns."""
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    try:
        target = binding.Target.from_triple("aarch64-unknown-linux-gnu")
    except RuntimeError:
        pytest.skip("this LLVM knows no aarch64")

    def compiles_for(name):
        row = MACHINES[name]
        features = "+neon,+bf16" if row.pairs else "+neon"
        host = processor.Host(name, name, KNOWN[name], "neon", row.vector_bytes, features)
        compiler = target.create_target_machine(cpu=host.target, features=features, opt=3)
        monkeypatch.setattr(machine, "_target", lambda: compiler)
        monkeypatch.setattr(processor, "host", lambda: host)
        return row

    return compiles_for


@pytest.mark.parametrize(("name", "storage"), MULTIPLIED)
@pytest.mark.parametrize("vectors", [1, 2, 3])
@pytest.mark.parametrize("less", [0, 1])
def test_channel_tiles(name, vectors, less, storage, compiles_for):
    row = compiles_for(name)
    lanes, rows = lanes_of(storage, row), row.rows[vectors - 1] - less
    tile = ChannelTile(storage, lanes, True, 1, rows, 0, 64, vectors, lanes, False, "relu")
    code = text(tile)
    assert ("bfdot" in code) == (storage == PAIRS)
    assert ("fcvtn" in code) == (storage == "float16")
    check(loops_over_k(code), rows * vectors)


@pytest.mark.parametrize(("name", "storage"), [x for x in MULTIPLIED if x[1] != "float16"])
@pytest.mark.parametrize("vectors", [1, 2])
def test_folding_tiles(name, vectors, storage, compiles_for):
    row = compiles_for(name)
    columns, lanes = row.rows[1], lanes_of(storage, row)
    tile = LaneTile(storage, lanes, True, 1, 0, columns, vectors, 1, True, "linear")
    check(loops_over_k(fold_text(tile)), columns * vectors)


def test_a_tile_too_large_does_spill(compiles_for):
    rows = 2 * compiles_for("neon").rows[1]
    tile = ChannelTile("float32", 4, True, 1, rows, 0, 64, 2, 4, False, "linear")
    with pytest.raises(AssertionError):
        check(loops_over_k(text(tile)), rows * 2)
