"""Time layers of networks on tensors, PyTorch's functions and ours, and ours on arrays.

    python benchmarks/versus_torch.py [--layers WORD ...] [--layouts first last] [--rounds N]

Of each layer: a call without gradients; and a step: forward, and the gradients of input, weight
and bias. One thread, processor time; calls take turns, the best of the rounds counts. "tensors"
beside "arrays" is what PyTorch's side costs, `conv3dt.torch` beside the functions of NumPy.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import conv3dt
from benchmarks.clock import bests

TURN = 4e-3  # seconds, or two calls

# PyTorch is loaded by functions: asv reads all files of this folder, also where it is missing.


class Layer(NamedTuple):
    """A convolution of a cube, "SAME", transposed if it is `up`."""

    up: bool
    n: int
    side: int
    ci: int
    co: int
    k: int
    s: int
    groups: int = 1

    @property
    def padding(self) -> int:
        return max(0, self.k - self.s + 1) // 2 if self.up else (self.k - 1) // 2

    def __str__(self) -> str:
        kind = "up" if self.up else "conv"
        of = f" in {self.groups} groups" if self.groups > 1 else ""
        batch = f"{self.n} x " if self.n > 1 else ""
        return f"{kind} {self.ci}-{self.co}{of} k{self.k} s{self.s}, {batch}{self.side}^3"


LAYERS = [
    Layer(False, 1, 2, 1, 1, 1, 1),
    Layer(True, 1, 2, 1, 1, 2, 2),
    Layer(False, 1, 64, 1, 8, 3, 1),
    Layer(False, 1, 64, 8, 1, 1, 1),
    Layer(False, 1, 64, 1, 32, 1, 1),
    Layer(False, 1, 64, 1, 32, 3, 1),
    Layer(False, 1, 64, 32, 3, 1, 1),
    Layer(False, 1, 64, 32, 32, 3, 1),
    Layer(False, 1, 64, 32, 64, 3, 2),
    Layer(False, 1, 32, 64, 64, 3, 1),
    Layer(False, 1, 16, 128, 128, 3, 1),
    Layer(False, 1, 4, 320, 320, 3, 1),
    Layer(False, 1, 32, 32, 128, 1, 1),
    Layer(False, 1, 32, 128, 32, 1, 1),
    Layer(False, 1, 32, 32, 32, 5, 1, 32),
    Layer(False, 1, 64, 8, 16, 2, 2),
    Layer(True, 1, 32, 64, 32, 2, 2),
    Layer(True, 1, 64, 16, 8, 2, 2),
    Layer(True, 8, 8, 256, 128, 4, 2),
    Layer(True, 8, 32, 64, 1, 4, 2),
    Layer(True, 1, 32, 32, 16, 3, 2),
]


def tensors_of(layer: Layer, layout: str) -> list[Any]:
    """Return input, weight and bias."""
    import torch

    inner = (layer.k,) * 3
    io = (layer.ci, layer.co // layer.groups) if layer.up else (layer.co, layer.ci // layer.groups)
    made = [torch.randn(layer.n, layer.ci, *(layer.side,) * 3), torch.randn(*io, *inner)]
    if layout == "last":
        made = [t.to(memory_format=torch.channels_last_3d) for t in made]
    return [*made, torch.randn(layer.co)]


def on_tensors(layer: Layer, tensors: list[Any], function: Any) -> list[Callable[[], Any]]:
    """Return the call and the step with a function of PyTorch's signature."""
    import torch

    options = {"stride": layer.s, "padding": layer.padding, "groups": layer.groups}
    if layer.up and layer.k % 2 and layer.s > 1:
        options["output_padding"] = 1
    wanted = [t.detach().requires_grad_() for t in tensors]
    with torch.no_grad():
        dy = torch.ones_like(function(*tensors, **options))

    def call() -> None:
        with torch.no_grad():
            function(*tensors, **options)

    def step() -> None:
        torch.autograd.grad(function(*wanted, **options), wanted, dy)

    return [call, step]


def on_arrays(layer: Layer, tensors: list[Any], layout: str) -> list[Callable[[], Any]]:
    """Return the call and the step with the functions of arrays, filters in their own order."""
    x, w, bias = (t.numpy() for t in tensors)
    x = x.transpose(0, 2, 3, 4, 1) if layout == "last" else x
    w = np.ascontiguousarray(w.transpose(2, 3, 4, 1, 0))
    fixed: dict[str, Any] = {"data_format": "NDHWC" if layout == "last" else "NCDHW"}
    fixed |= {"groups": layer.groups, "bias": bias, "threads": 1}
    side = layer.side * layer.s if layer.up else -(-layer.side // layer.s)
    lengths = (side,) * 3
    shape = (layer.n, *lengths, layer.co) if layout == "last" else (layer.n, layer.co, *lengths)
    dy = np.ones(shape, x.dtype)

    def call() -> Any:
        if layer.up:
            return conv3dt.conv3d_transpose(x, w, shape, layer.s, **fixed)
        return conv3dt.conv3d(x, w, layer.s, "SAME", **fixed)

    def step() -> None:
        call()
        back = conv3dt.conv3d_transpose_backprop if layer.up else conv3dt.conv3d_backprop
        back(dy, x, w, layer.s, "SAME", **fixed)

    return [call, step]


def row(layer: Layer, layout: str, rounds: int) -> str:
    """Return a line of the table."""
    from torch.nn import functional as theirs

    import conv3dt.torch as ours

    name = "conv_transpose3d" if layer.up else "conv3d"
    tensors = tensors_of(layer, layout)
    ways = [on_tensors(layer, tensors, getattr(library, name)) for library in (theirs, ours)]
    pairs = zip(*ways, on_arrays(layer, tensors, layout), strict=True)
    cells = [f"{layer}", layout]
    for calls in pairs:
        best = bests(dict(enumerate(calls)), rounds, TURN, time.process_time)
        torch_ms, tensor_ms, array_ms = (1e3 * seconds for seconds in best.values())
        cells += [f"{ms:.3g}" for ms in (torch_ms, tensor_ms, array_ms)]
        cells += [f"{torch_ms / tensor_ms:.2f}"]
    return " | ".join(["", *cells, ""]).strip()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--layers", nargs="+", default=[""], help="words that their names contain")
    parser.add_argument(
        "--layouts", nargs="+", choices=("first", "last"), default=["first", "last"]
    )
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)
    titles = ["PyTorch", "tensors", "arrays", "ratio"]
    print(" | ".join(["| layer", "channels", *titles, *(f"step: {t}" for t in titles), ""]).strip())
    print("| --- | --- |" + " ---: |" * 8)
    for layer in LAYERS:
        if any(word in str(layer) for word in arguments.layers):
            for layout in arguments.layouts:
                print(row(layer, layout, arguments.rounds), flush=True)


if __name__ == "__main__":
    main()
