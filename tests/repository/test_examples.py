"""The examples run, and compute what they say."""

import importlib.util
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).parents[2] / "examples"


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_unet_decoder(capsys):
    y = loaded("unet_decoder").main(["--size", "16", "--channels", "2", "--rounds", "1"])
    assert y.shape == (1, 16, 16, 16, 2)
    assert np.isfinite(y).all()
    assert y.min() == 0 < y.max()
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("largest difference between the formats: ")
    assert float(last.split(": ")[1].split()[0]) < 1e-5
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"unet_decoder.py"}
