"""The benchmarks of streams, in a size that takes no time."""

import json

import numpy as np
import pytest

from benchmarks import stream_graph, stream_layers, stream_memory, stream_pictures, stream_speed
from benchmarks.common import Layer, arrays
from tests.helpers import oracle
from tests.repository.test_benchmarks import run

SIDES, S2 = (8, 8, 8), (2, 2, 2)


def layer(k):
    return Layer(1, SIDES, 3, 2, (k,) * 3, S2)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_all_ways_write_the_result(k, tmp_path):
    pytest.importorskip("zarr")
    pytest.importorskip("dask.array")
    stored = stream_layers.Stored(tmp_path, layer(k))
    calls = stream_speed.ways(stored, with_torch=False)
    best = stream_speed.bests(stored, calls, rounds=1)
    assert [*best] == ["whole", "io", "streamed", "lazy", "looped", "overlapped"]
    assert max(best.values()) < 100
    expected = oracle.conv3d_transpose(*arrays(layer(k)), stored.shape, S2, "SAME")
    np.testing.assert_allclose(stored.y, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_peers_get_the_same_from_a_block_and_its_rim(k):
    pytest.importorskip("torch")
    x, w = arrays(layer(k))
    block = np.pad(x, [(0, 0), *[(stream_layers.halo(layer(k)),) * 2] * 3, (0, 0)])
    ours, theirs = (
        function(block)
        for function in (
            stream_layers.plain(w, layer(k)),
            stream_layers.torch_function(w, layer(k), SIDES),
        )
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_torch_of_another_interpreter_is_not_taken():
    assert not stream_layers.find_torch("/bin/false")


def test_ratios_are_of_what_streaming_adds():
    found = {"whole": 1.0, "io": 2.0, "streamed": 4.0, "lazy": 6.0, "looped": 8, "overlapped": 10.0}
    row = stream_speed.line("one", found)
    assert row.endswith("| 10.00 | - | 0.75 | 0.50 | 2.50 | nan |")
    assert stream_speed.table({"one": found}).splitlines()[-1] == row


def test_a_row_of_chunks_has_the_bits_of_one_piece():
    pytest.importorskip("zarr")
    found = stream_memory.run({"side": 8, "pieces": [2, 3, 4], "memory": 1e9})
    assert found["chunks"] == 2 * 3 * 4
    assert found["checked"] == 4
    assert found["reads"] >= 1
    assert found["bytes"] == 4 * 32 * 48 * 64


@pytest.mark.parametrize("n", [2, 3])
def test_a_graph_has_few_tasks(n):
    pytest.importorskip("dask.array")
    *ours, _, theirs = stream_graph.measure([n], rounds=1)
    assert [x["chunks"] for x in ours] == [n**3] * 2
    assert max(x["tasks"] for x in ours) <= 2 < theirs["tasks"]
    assert "| `conv3dt.dask`, halo |" in stream_graph.table([*ours, theirs])


def test_memory_and_workers_are_drawn(tmp_path):
    pytest.importorskip("zarr")
    pytest.importorskip("distributed")
    arguments = ["--rounds", 1, "--output", tmp_path, "--folder", tmp_path]
    small = ["--volumes", "2,2,2", "3,2,2:2GB", "--side", 16, "--workers", 1, "--volume", 16]
    lines = run("bench_stream.py", "memory", "workers", *small, *arguments).splitlines()
    assert "| `conv3dt.dask.upsample` |" in lines[-1]
    found = json.loads((tmp_path / "results.json").read_text())
    assert [x["memory"] for x in found["memory"]] == [10**9, 2 * 10**9]
    assert (tmp_path / "stream.png").stat().st_size > 10_000


def test_curves_of_other_limits_are_not_drawn(tmp_path):
    curve = [[0.0, 1e8], [1.0, 5e8]]
    found = {"bytes": 4e9, "memory": 1e9, "wall": 1.0, "curve": curve}
    rates = {"1": 1e7, "2": 2e7}
    results = {"memory": [found, {**found, "memory": 4e9}], "workers": {"stream": rates}}
    stream_pictures.write(results, tmp_path)
    assert (tmp_path / "stream.png").stat().st_size > 10_000
