"""Compare depthwise layers with PyTorch's: forward, and the gradients of input and weight together.

    python benchmarks/versus_depthwise.py [--contiguous] [--rounds N] [--only WORDS]

Of layers as MedNeXt has them, kernels 3, 5 and 7, strides 1 and 2, transposed, and of even and odd
lengths. Calls take turns; bests, in processor time with one thread. The limits are the time of the
products in registers, and that of reading what is read and writing what is written once.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# PyTorch is loaded by functions: asv reads all files of this folder, also where it is missing.


class Layer(NamedTuple):
    """A depthwise layer; the longer of input and output has this length."""

    channels: int
    length: int
    k: int
    s: int
    transposed: bool

    def __str__(self) -> str:
        kind = "transposed" if self.transposed else "forward"
        return f"{self.length}^3 x {self.channels}, kernel {self.k}, stride {self.s}, {kind}"

    @property
    def short(self) -> int:
        """The length of the other."""
        return -(-self.length // self.s)

    @property
    def flops(self) -> int:
        """Two for each product, those beside the input counted, too."""
        return 2 * self.channels * self.short**3 * self.k**3

    @property
    def bytes(self) -> int:
        """Input and output."""
        return 4 * self.channels * (self.length**3 + self.short**3)


def layers() -> Iterator[Layer]:
    """Yield the layers."""
    for (c, n), k, s in product(((32, 64), (32, 63), (64, 32)), (3, 5, 7), (1, 2)):
        yield Layer(c, n, k, s, False)
        if s > 1:
            yield Layer(c, n, k, s, True)


def calls(layer: Layer, contiguous: bool) -> list[Callable[[], Any]]:
    """Return forward and backward, each of conv3dt and of PyTorch."""
    import torch
    from torch.nn import functional

    import conv3dt.torch  # registers the operators

    assert conv3dt.torch
    c, n, k, s, transposed = layer
    lies = torch.contiguous_format if contiguous else torch.channels_last_3d
    length = layer.short if transposed else n
    x = torch.randn(1, c, *[length] * 3).to(memory_format=lies)
    w = torch.randn(c, 1, k, k, k).to(memory_format=lies)
    stride, crop, ones, groups = [s] * 3, [k // 2] * 3, [1] * 3, c
    more = [n - ((layer.short - 1) * s - 2 * (k // 2) + k)] * 3
    ours, three = torch.ops.conv3dt, [k] * 3
    if transposed:
        both: list[Callable[[], Any]] = [
            lambda: ours.conv_transpose3d(x, w, None, stride, crop, more, ones, groups),
            lambda: functional.conv_transpose3d(x, w, None, stride, crop, more, groups),
        ]
    else:
        both = [
            lambda: ours.conv3d(x, w, None, stride, crop, ones, groups),
            lambda: functional.conv3d(x, w, None, stride, crop, ones, groups),
        ]
    dy = torch.randn_like(both[1]())

    def back() -> None:
        if transposed:
            ours.conv3d(dy, w, None, stride, crop, ones, groups)
            ours.conv3d_weight(dy, x, three, stride, crop, ones, groups)
        else:
            ours.conv_transpose3d(dy, w, None, stride, crop, more, ones, groups)
            ours.conv3d_weight(x, dy, three, stride, crop, ones, groups)

    return [*both, back, lambda: torch.ops.aten.convolution_backward(
        dy, x, w, None, stride, crop, ones, transposed, more if transposed else [0] * 3, groups,
        [True, True, False],
    )]  # fmt: skip


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contiguous", action="store_true", help="not channels last")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="layers whose line has these words")
    options = parser.parse_args()
    import torch

    from benchmarks.clock import bests, rates

    torch.set_num_threads(1)
    found = rates(1)
    print("| layer | products, memory | forward | PyTorch | backward | PyTorch |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for layer in layers():
        if options.only in str(layer):
            with torch.no_grad():
                functions = dict(enumerate(calls(layer, options.contiguous)))
                best = bests(functions, options.rounds, 0, time.process_time).values()
            ours, theirs, back, their_back = (1e3 * seconds for seconds in best)
            limits = 1e3 * layer.flops / found.flops, 1e3 * layer.bytes / found.bytes
            print(
                f"| {layer} | {limits[0]:.1f}, {limits[1]:.1f} | {ours:.1f} | {theirs / ours:.1f} x"
                f" | {back:.1f} | {their_back / back:.1f} x |", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
