"""Tables and pictures of results that were made up."""

import math

import pytest

from benchmarks import versus_pictures, versus_report

NAMES = ("conv3dt", "conv3dt prepared", "torch", "tensorflow", "tensorflow to NumPy")
RUN = {"versions": dict.fromkeys(NAMES, "2"), "threads": 2, "rounds": 9}
RUN |= {"dtype": "float32", "data_format": "NDHWC", "processor": "zen (avx2)"}


def result(*milliseconds):
    seconds = {name: x / 1e3 for name, x in zip(NAMES, milliseconds, strict=False)}
    return {"seconds": seconds, "errors": {}, "rates": [1e9, 1e8], "flops": 1e6, "bytes": 2e5}


@pytest.fixture
def results():
    second = result(5, 4, 20, 10, 15)
    del second["seconds"]["torch"]
    return {"run": RUN, "layers": {"one": result(4, 2, 10, 8, 12), "two": second}}


def test_ratios_are_of_the_best_peer_and_of_the_limit(results):
    one = results["layers"]["one"]
    assert versus_report.best_peer(one) == (0.008, "tensorflow")
    assert versus_report.best_peer(one, to_numpy=True) == (0.010, "torch")
    assert versus_report.limit(one) == 0.002  # writing takes longer than the arithmetic's 0.001
    assert versus_report.ratios(one) == (2.0, 4.0, 2.5, 5.0, 1.0)


def test_the_geometric_mean_leaves_out_what_is_not_known():
    assert versus_report.mean([2.0, 8.0, math.nan]) == pytest.approx(4)
    assert math.isnan(versus_report.mean([math.nan]))


def test_the_table_marks_the_fastest_and_leaves_gaps(results):
    head, rule, one, two = versus_report.table(versus_report.times(results)).splitlines()
    peers = "TensorFlow | TF to NumPy | PyTorch"
    assert head == f"| layer, ms | limit | conv3dt | conv3dt prepared | {peers} |"
    assert rule == "| --- |" + 6 * " ---: |"
    assert one == "| one | 2.00 | 4.00 | 2.00 | **8.00** | 12.00 | 10.00 |"
    assert two == "| two | 2.00 | 5.00 | 4.00 | **10.00** | 15.00 | - |"


def test_ratios_end_with_their_geometric_mean(results):
    _, _, one, two, mean = versus_report.table(versus_report.comparisons(results)).splitlines()
    assert one == "| one | 2.00 | 4.00 | 2.50 | 5.00 | 1.00 |"
    assert two == "| two | 2.00 | 2.50 | 3.00 | 3.75 | 0.50 |"
    assert mean == "| geometric mean | 2.00 | 3.16 | 2.74 | 4.33 | 0.71 |"


def test_the_text_says_what_was_run(results):
    text = versus_report.text(results)
    for words in ("best of 9 rounds", "2 threads, code for zen", "torch 2", "1 GFLOP/s, 0.1 GB/s"):
        assert words in text


def test_without_any_peer_there_is_a_table():
    lonely = {"run": RUN, "layers": {"one": result(4, 2)}}
    assert versus_report.ratios(lonely["layers"]["one"]).share == 1
    assert "| one |" in versus_report.text(lonely)
    assert "conv3dt" in versus_report.line("one", lonely["layers"]["one"])


@pytest.mark.parametrize("peers", [True, False])
def test_pictures_are_drawn(results, tmp_path, peers):
    if not peers:
        results["layers"] = {"one": result(4, 2)}
    versus_pictures.write(results, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ratios.png", "roofline.png"]
