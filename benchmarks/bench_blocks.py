"""What a result costs in blocks: processor time of the call in one piece over that of all blocks.

    python benchmarks/bench_blocks.py

Blocks read their inputs from the whole array and write into one of their own, as a stream does;
one thread. The whole and its blocks take turns; bests are quoted.
"""

import argparse
import itertools
import sys
import time
from pathlib import Path

import numpy as np

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import conv3dt
from benchmarks.common import Layer, output_shape

K2, K3, K4, S2 = (2, 2, 2), (3, 3, 3), (4, 4, 4), (2, 2, 2)
LAYERS = {  # with the length of a block's sides, in outputs
    "128^3 x 16 to 8, k4 s2": (Layer(1, (128,) * 3, 16, 8, K4, S2), 64),
    "256^3 x 1 to 1, k4 s2": (Layer(1, (256,) * 3, 1, 1, K4, S2), 128),
    "96^3 x 32 to 16, k2 s2": (Layer(1, (96,) * 3, 32, 16, K2, S2), 64),
    "48^3 x 64 to 64, k3 s2": (Layer(1, (48,) * 3, 64, 64, K3, S2), 32),
}


class Blocks:
    """A layer, in one piece and in blocks."""

    def __init__(self, layer, side):
        rng = np.random.default_rng(0)
        self.x = rng.standard_normal((1, *layer.i, layer.ci), dtype=np.float32)
        w = rng.standard_normal((*layer.k, layer.co, layer.ci), dtype=np.float32)
        self.prepared = conv3dt.prepare(w, layer.s, threads=1)
        shape = output_shape(layer)
        self.out = np.empty(shape, np.float32)
        cuts = [[(lo, min(lo + side, o)) for lo in range(0, o, side)] for o in shape[1:4]]
        self.regions = [*itertools.product(*cuts)]

    def whole(self):
        self.prepared(self.x, out=self.out)

    def blocks(self):
        for region in self.regions:
            place = self.prepared.needed(region, self.x)
            self.prepared(self.x[place], region=region, whole=self.x)

    def blocks_copied(self):
        """With pieces that lie in memory of their own."""
        for region in self.regions:
            piece = np.ascontiguousarray(self.x[self.prepared.needed(region, self.x)])
            self.prepared(piece, region=region, whole=self.x)


def seconds(call):
    """Return the processor time of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print("| layer | blocks of | whole, ms | whole / blocks | the same, pieces copied |")
    print("|---|---:|---:|---:|---:|")
    for name, (layer, side) in LAYERS.items():
        made = Blocks(layer, side)
        calls = made.whole, made.blocks, made.blocks_copied
        times = [[seconds(call) for call in calls] for _ in range(rounds + 1)]
        whole, blocks, copied = map(min, zip(*times[1:], strict=True))
        ratios = f"{whole / blocks:.2f} | {whole / copied:.2f}"
        print(f"| {name} | {side}^3 | {whole * 1e3:.1f} | {ratios} |")


if __name__ == "__main__":
    main()
