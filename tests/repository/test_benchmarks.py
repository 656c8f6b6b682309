"""The benchmarks' own arithmetic, and that all of them run."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import conv3dt
from benchmarks import clock, common, many_threads, peers, sweep, variants, versus_peers, worker
from docs import drawings
from tests.helpers import oracle

ROOT = Path(__file__).resolve().parents[2]
SMALL = "nnunet_deep"  # the layer with the least work
CHOSEN = type("Chosen", (), {"turn": 0.001, "dtype": "float32", "data_format": "NDHWC"})


def run(script, *arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / script), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


DISCOVERY = """
import importlib, importlib.util, pkgutil, sys
spec = importlib.util.spec_from_file_location("benchmarks", sys.argv[1] + "/__init__.py")
sys.modules["benchmarks"] = package = importlib.util.module_from_spec(spec)
for info in pkgutil.iter_modules(package.__path__, "benchmarks."):
    importlib.import_module(info.name)
print(sys.modules["conv3dt"].__file__)
"""


def test_asv_which_finds_nothing_beside_the_benchmarks_imports_all_of_them(tmp_path):
    (tmp_path / "conv3dt").symlink_to(Path(conv3dt.__file__).parent)
    result = subprocess.run(
        [sys.executable, "-c", DISCOVERY, ROOT / "benchmarks"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()).parents[1] == tmp_path


@pytest.mark.parametrize("name", common.FORWARD)
def test_what_peers_pad_gives_the_output_length(name):
    job = versus_peers.job_of(name, CHOSEN)
    for a, before in enumerate(job["before"]):
        padded = job["i"][a] + before + job["after"][a]
        assert (padded - job["k"][a]) // job["s"][a] + 1 == job["o"][a]
        assert 0 <= job["after"][a] - before <= 1


@pytest.mark.parametrize("name", common.LAYERS)
def test_what_peers_crop_gives_the_output_length(name):
    job = versus_peers.job_of(name, CHOSEN)
    for a, more in enumerate(peers.surplus(job)):
        full = (job["i"][a] - 1) * job["s"][a] + (job["k"][a] - 1) * job["d"] + 1
        assert full - job["before"][a] - job["after"][a] + more == job["o"][a]
        assert 0 <= more < job["s"][a]
        assert min(job["before"][a], job["after"][a]) >= 0


def test_peers_and_conv3dt_get_the_same_numbers():
    layer = common.LAYERS[SMALL]
    for ours, theirs in zip(common.arrays(layer), peers.arrays(layer._asdict()), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_our_ways_to_call_agree_with_the_definition():
    job = versus_peers.job_of(SMALL, CHOSEN) | {"n": 1, "ci": 3, "co": 2, "threads": 1}
    shape = (1, *job["o"], 2)
    expected = oracle.conv3d_transpose(*peers.arrays(job), shape, job["s"], job["padding"])
    for system in versus_peers.OURS:
        for data_format in ("NDHWC", "NCDHW"):
            ways, sample = worker.set_up(system, job | {"data_format": data_format})
            assert len(ways) == 1
            assert versus_peers.agree(sample, expected.reshape(-1)[:: worker.SAMPLED], "float32")


def test_forward_layers_agree_with_the_definition():
    job = versus_peers.job_of("forward_k3_s2_64", CHOSEN)
    job |= {"i": (6, 6, 6), "o": (3, 3, 3), "ci": 3, "co": 2, "threads": 1}
    expected = oracle.conv3d(*peers.arrays(job), (1, 3, 3, 3, 2), job["s"], job["padding"])
    for system in versus_peers.OURS:
        _, sample = worker.set_up(system, job)
        assert versus_peers.agree(sample, expected.reshape(-1)[:: worker.SAMPLED], "float32")


def test_another_result_is_noticed():
    sample = np.linspace(-1, 1, 9)
    assert versus_peers.agree(sample, sample * (1 + 1e-6), "float32")
    assert not versus_peers.agree(sample, np.roll(sample, 1), "float32")
    assert not versus_peers.agree(sample, sample[:-1], "float32")
    assert not versus_peers.agree(sample * np.nan, sample, "float32")


def test_a_library_that_is_missing_is_not_found():
    assert versus_peers.find_python("torch without anything", ["/bin/false"]) is None
    assert versus_peers.find_python("conv3dt", ["/bin/false", sys.executable]) == sys.executable


def test_versus_peers_writes_its_files(tmp_path):
    for name in (SMALL, "k3_stride1"):  # the second run adds to the first
        run(
            "versus_peers.py", "--layers", name, "--rounds", 1, "--turn", 0.01, "--output", tmp_path
        )
    found = json.loads((tmp_path / "results.json").read_text())
    assert [*found["layers"]] == [SMALL, "k3_stride1"]
    assert {*versus_peers.OURS} <= {*found["layers"][SMALL]["seconds"]}
    assert f"| {SMALL} |" in (tmp_path / "versus_peers.md").read_text()
    for picture in ("ratios.png", "roofline.png"):
        assert (tmp_path / picture).stat().st_size > 10_000


def test_the_clock_calls_everything_before_it_counts():
    count = dict.fromkeys("ab", 0)

    def call(name):
        count[name] += 1

    best = clock.bests({name: lambda name=name: call(name) for name in count}, rounds=2, turn=0)
    assert best.keys() == count.keys()
    assert min(count.values()) >= 1 + 2 * 2
    assert all(0 <= seconds < 1 for seconds in best.values())


def test_the_limit_is_the_slower_of_arithmetic_and_memory():
    rates = clock.Rates(flops=100.0, bytes=10.0)
    assert rates.limit(200, 10) == 2
    assert rates.limit(200, 50) == 5
    assert rates.better(clock.Rates(50.0, 20.0)) == (100, 20)


class Fake(sweep.Timing):
    """Layers that take twice their limit, but for some."""

    def __init__(self, slow):
        self.format, self.threads, self.slow = ("float32", "NDHWC"), 1, slow

    def share(self, layer, rates):
        return self.slow.get(layer, 0.5)


def test_a_slow_layer_is_a_hole_and_a_somewhat_slower_one_is_not():
    small = sweep.Sweep("ci", (1, 2, 3), "s", (1, 2), {})
    layers = dict(small.cells())
    timing = Fake({layers[1, 0]: 0.24, layers[2, 1]: 0.26})
    assert [hole[0] for hole in sweep.holes(small, timing, None)] == [layers[1, 0]]


def test_sweep_is_continued(tmp_path):
    first = run("sweep.py", "--sweeps", "kernel_few", "--budget", 0, "--output", tmp_path)
    assert first.endswith("layers left\n")
    timed = [sweep.SMALLEST, *(x for _, x in sweep.SWEEPS["kernel_few"].cells())]
    timing = sweep.Timing(tmp_path / "sweep.json", "float32", "NDHWC", None)
    timing.seconds = {timing.key(layer): 1.0 for layer in timed}
    timing.save()
    last = run("sweep.py", "--sweeps", "kernel_few", "--output", tmp_path)
    assert last.startswith(f"{len(timed)} times, 0 holes")
    assert (tmp_path / "sweep.png").stat().st_size > 10_000


def test_many_threads_are_simulated(tmp_path):
    """Every task is measured alone, so that more threads than there are can be had."""
    options = "--layers", SMALL, "--rounds", 1, "--output", tmp_path
    first, *lines = run("many_threads.py", *options).splitlines()
    assert first.startswith("two threads start, and end, in ")
    assert (tmp_path / "many_threads.md").read_text().splitlines() == lines
    assert {line.count("|") for line in lines} == {len(many_threads.THREADS) + 4}
    assert lines[-1].startswith(f"| {SMALL} |")
    assert (tmp_path / "many_threads.png").stat().st_size > 10_000


def test_simulated_threads_are_begun_once_for_packing_and_once_for_tasks():
    plan = many_threads.planned(common.LAYERS["k3_stride1"], 16)
    tasks = np.full(plan.tasks, 2.0)
    found = many_threads.Measured(plan, tasks, 0.0).seconds(start=0.5)
    packing = many_threads.begun(plan.scheme.packing.threads, 0.5)
    rounds = -(-plan.tasks // plan.threads)
    assert found == pytest.approx(2 * rounds + many_threads.begun(plan.threads, 0.5) + packing)
    assert many_threads.begun(1, 0.5) == 0


def test_variants_prints_tables():
    lines = run("variants.py", "--layers", SMALL, "--sides", 8, "--rounds", 1).splitlines()
    columns = {line.count("|") for line in lines[:4]}
    assert columns == {len(common.VARIANTS) + 2}
    first = [line.split(" |")[0] for line in lines]
    assert {f"| {name}" for name in (SMALL, *variants.ODD, *variants.GROWING)} <= {*first}


SUITES = ["algorithms", "forward", "gradients", "groups", "import", "memory", "overhead"]
WITH_TORCH = pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="needs PyTorch")


@pytest.mark.parametrize("module", [*SUITES, pytest.param("torch", marks=WITH_TORCH)])
def test_asv_suites_run(module):
    found = importlib.import_module(f"benchmarks.bench_{module}")
    suites = [x for x in vars(found).values() if getattr(x, "__module__", "") == found.__name__]
    assert suites
    for suite in suites:
        lists = getattr(suite, "params", ())
        lists = lists if not lists or isinstance(lists[0], tuple) else (lists,)
        case = [SMALL if SMALL in values else values[0] for values in lists]
        made = suite()
        made.setup(*case)
        calls = [x for x in dir(suite) if x.startswith(("time_", "peakmem_"))]
        assert calls
        for name in calls:
            getattr(made, name)(*case)


def test_drawings_show_the_taps_that_reach_an_output(tmp_path):
    drawings.main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"minimal.svg", "phases.svg", "tile.svg"}
    crop, outputs = 1, drawings.INPUTS * drawings.STRIDE
    for number, phase in enumerate(drawings.FOUND):
        for q in range(phase.length):
            o = phase.first + q * drawings.STRIDE
            assert o % drawings.STRIDE == number
            assert o < outputs
            for j, i in drawings.reads(phase, q):
                assert o + crop == i * drawings.STRIDE + phase.k0 + j * phase.k_step


def test_drawings_show_products_that_make_the_outputs():
    d, g = (3, 5, -7, 11), (2, 13, -4)
    numbers = {f"d{n}": x for n, x in enumerate(d)} | {f"g{n}": x for n, x in enumerate(g)}
    products = [eval(f"({x}) * {y}", {}, numbers) for x, y in drawings.products()]
    assert len(products) == 4
    for output in range(2):
        total = sum(sign * products[n] for n, sign in drawings.signs(output))
        assert total == sum(d[output + k] * g[k] for k in range(3))
        letters = drawings.spelled("m", drawings.signs(output))
        assert eval(letters, {}, {f"m{n}": x for n, x in enumerate(products)}) == total
