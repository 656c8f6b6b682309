"""`conv3dt demo` and `conv3dt info`."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

import conv3dt
from conv3dt.cli import demo, info, trilinear
from conv3dt.cli.main import main
from tests.helpers.commands import names


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["conv3dt"] == conv3dt.__version__
    assert lines["numpy"] == np.__version__
    assert {"numba", "llvmlite", "processor", "vectors", "threads", "cache"} <= set(lines)
    assert "float32" in lines["vectors"]


def test_info_without_extras(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(info, "EXTRAS", ("no-such-package",))
    assert main(["info"]) == 0
    assert "no-such-package missing (pip install 'conv3dt[cli]')" in capsys.readouterr().out


def test_demo(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "SECONDS", 0.0)
    for _ in range(2):  # it replaces its own picture
        assert main(["demo", "--size", "12"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    for words in ("12 x 12 x 12", "24 x 24 x 24", "GFLOP/s", "plain NumPy", "peak"):
        assert words in captured.out
    assert imread("conv3dt-demo.png").shape[1] == 1600
    assert names() == ["conv3dt-demo.png"]


def test_no_more_than_the_peak_is_shown_and_a_busy_machine_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "SECONDS", 0.0)
    monkeypatch.setattr("conv3dt._runtime.peak.rounds", lambda: lambda: 1.0)
    assert main(["demo", "--size", "12"]) == 0
    out = capsys.readouterr().out
    assert "100.0% of" in out
    assert "the machine is busy" in out


def test_demo_replaces_no_other_picture(folder: Path) -> None:
    Path("mine.png").write_text("mine")
    assert main(["demo", "--size", "8", "--output", "mine.png"]) == 2
    assert Path("mine.png").read_text() == "mine"


def test_plain_numpy_is_the_same() -> None:
    volume = np.random.default_rng(0).normal(size=(5, 5, 5))
    expected = trilinear.transposed(volume, (2, 2, 2))
    np.testing.assert_allclose(demo.plain_numpy(volume), expected, atol=1e-14)
