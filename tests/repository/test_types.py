"""Programs of users are checked by mypy, strictly: what is right passes, what is wrong is seen."""

import importlib.util
import subprocess
import sys

import pytest

RIGHT = """
from typing import Any

import numpy as np
from numpy.typing import NDArray

import conv3dt
import conv3dt.dask
from conv3dt.keras.layers import Conv3DTranspose
from conv3dt.keras.optimizers import Adam

Array = NDArray[np.float32]


def upsampled(x: Array, w: Array, bias: Array | None = None) -> tuple[NDArray[Any], ...]:
    n, d, h, width, _ = x.shape
    shape = n, 2 * d, 2 * h, 2 * width, w.shape[3]
    y = conv3dt.conv3d_transpose(x, w, shape, 2, bias=bias, activation="relu", threads=1)
    z: NDArray[Any] = conv3dt.nn.conv3d_transpose(x, w, shape, strides=2)
    return y, z, conv3dt.compat.v1.nn.conv3d_transpose(x, w, shape, [1, 2, 2, 2, 1])


class Decoder:
    def __init__(self, weights: str) -> None:
        self.layers = conv3dt.weights.load(weights)
        self.up = conv3dt.prepare(self.layers["up"].kernel, strides=2, bias=self.layers["up"].bias)
        self.last = Conv3DTranspose(1, 2, strides=2, activation="sigmoid")

    def __call__(self, x: Array) -> NDArray[Any]:
        y: NDArray[Any] = self.last(self.up(x))
        return y


def told(x: Array, w: Array) -> tuple[str, float]:
    plan = conv3dt.explain(x, w, (1, 8, 8, 8, 1), 2)
    with conv3dt.threads(1):
        conv3dt.warmup(plan)
    return str(plan), plan.flops / 1e9


def part(x: Array, w: Array) -> NDArray[Any]:
    region = (0, 4), (0, 8), (0, 8)
    needed = conv3dt.needed(region, x, w, (1, 8, 8, 8, 1), 2)
    return conv3dt.conv3d_transpose(
        x[needed], w, (1, 8, 8, 8, 1), 2, region=region, whole=x.shape
    )


def chunks(volume: Array) -> tuple[tuple[int, ...], ...]:
    found: tuple[tuple[int, ...], ...] = conv3dt.dask.upsample(volume, 2).chunks
    return found


def trained(x: Array, wanted: Array) -> NDArray[Any]:
    layer, optimizer = Conv3DTranspose(1, 2, strides=2), Adam(1e-3)
    y, pullback = layer.vjp(x)
    _, gradients = pullback(y - wanted, losses=False)
    optimizer.apply_gradients(zip(gradients, layer.trainable_variables))
    return conv3dt.conv3d_backprop_filter(y, (2, 2, 2, 1, 1), y - wanted, 1, "SAME", groups=1)
"""
WITH_TORCH = """
import torch

import conv3dt.torch


def accelerated(x: torch.Tensor) -> torch.Tensor:
    layer = conv3dt.torch.Conv3d(1, 8, 3, padding="same")
    model = torch.nn.Sequential(layer, torch.nn.ConvTranspose3d(8, 1, 2, 2))
    same: torch.nn.Sequential = conv3dt.torch.accelerate(model, example=x)
    text: str = conv3dt.torch.report(conv3dt.torch.restore(same))
    print(text)
    return conv3dt.torch.conv3d(x, layer.weight, padding="same")
"""
WRONG = """
import conv3dt
import conv3dt.keras

conv3dt.prepare([[[[[1.0]]]]], stirdes=2)
conv3dt.set_recycling("much")
conv3dt.weights.load(3)
conv3dt.keras.layers.Conv3DTranspose(1).load_weights()
"""


def checked(program, folder):
    """Return what mypy says of a program that a user has written elsewhere."""
    (folder / "program.py").write_text(program)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "program.py"]
    result = subprocess.run(
        command,
        capture_output=True,
        check=False,
        cwd=folder,
        text=True,
        timeout=600,
    )
    return result.stdout


@pytest.mark.skipif(not importlib.util.find_spec("mypy"), reason="needs mypy")
def test_a_program_of_a_user_is_checked_strictly(tmp_path):
    assert checked(RIGHT, tmp_path).startswith("Success")


@pytest.mark.skipif(not importlib.util.find_spec("mypy"), reason="needs mypy")
@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="needs PyTorch")
def test_a_program_with_pytorch_is_checked_strictly(tmp_path):
    assert checked(WITH_TORCH, tmp_path).startswith("Success")


@pytest.mark.skipif(not importlib.util.find_spec("mypy"), reason="needs mypy")
def test_mistakes_of_a_user_are_seen(tmp_path):
    errors = [line for line in checked(WRONG, tmp_path).splitlines() if ": error: " in line]
    assert {line.split(":")[1] for line in errors} == {"5", "6", "7", "8"}
