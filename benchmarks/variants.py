"""What a layout, a dtype, an activation, a thread or a larger volume costs, as Markdown tables.

    python benchmarks/variants.py

The calls of a layer take turns in one process, into memory that is there already; bests are quoted.
"""

import argparse
import math
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import clock
from benchmarks.common import (
    LAYERS,
    SMALLEST,
    VARIANTS,
    Layer,
    make_call,
    make_plain_call,
    make_variant,
    output_shape,
    plan_of,
)

K3, S2 = (3, 3, 3), (2, 2, 2)
ODD = {
    "17 to 19 channels, 21x22x23 / 16 to 16, 24x24x24": (
        Layer(1, (21, 22, 23), 17, 19, K3, S2),
        Layer(1, (24, 24, 24), 16, 16, K3, S2),
    ),
    "31 to 33 channels, 21x22x23 / 32 to 32, 24x24x24": (
        Layer(1, (21, 22, 23), 31, 33, K3, S2),
        Layer(1, (24, 24, 24), 32, 32, K3, S2),
    ),
    "odd output lengths (VALID) / even (SAME)": (
        Layer(1, (23, 23, 23), 32, 32, K3, S2, "VALID"),
        Layer(1, (24, 24, 24), 32, 32, K3, S2),
    ),
    "stride 3 of 7x11x13 / stride 2 of 8x12x12": (
        Layer(1, (7, 11, 13), 32, 32, (5, 5, 5), (3, 3, 3)),
        Layer(1, (8, 12, 12), 32, 32, (5, 5, 5), S2),
    ),
}
VOLUMES = (16, 32, 48, 64, 96, 128, 160, 192, 224, 256, 288, 320)
GROWING = {
    "k3 s2 32 to 16": Layer(1, (1, 1, 1), 32, 16, (3, 3, 3), (2, 2, 2)),
    "k2 s2 16 to 8": Layer(1, (1, 1, 1), 16, 8, (2, 2, 2), (2, 2, 2)),
    "k3 s1 8 to 8": Layer(1, (1, 1, 1), 8, 8, (3, 3, 3), (1, 1, 1)),
    "k4 s2 16 to 1": Layer(1, (1, 1, 1), 16, 1, (4, 4, 4), (2, 2, 2)),
}


def compare(layer, rounds):
    """Return seconds by variant; without bfloat16 where ml_dtypes is missing."""
    calls = {}
    for name in VARIANTS:
        with suppress(ImportError):
            calls[name] = make_variant(layer, name)
    return clock.bests(calls, rounds)


def per_voxel(layer, side, rounds):
    """Return nanoseconds an output voxel of a cube needs."""
    grown = layer._replace(i=tuple(side // s for s in layer.s))
    best = clock.bests({"": make_call(grown)}, rounds)[""]
    return best / math.prod(output_shape(grown)[1:4]) * 1e9


def row(*cells):
    """Print a row of a Markdown table."""
    print("|", " | ".join(str(x) for x in cells), "|", flush=True)


def head(*names):
    row(*names)
    row("---", *["---:"] * (len(names) - 1))


def layers_table(names, rounds):
    """Print milliseconds of float32, and how many times as long the others take."""
    ratios = []
    for name in names:
        seconds = compare(LAYERS[name], rounds)
        plain = seconds.pop("float32")
        if not ratios:
            head("layer", "float32, ms", *seconds)
        ratios.append([x / plain for x in seconds.values()])
        row(name, f"{plain * 1e3:.2f}", *(f"{x:.2f}" for x in ratios[-1]))
    row("geometric mean", "", *(f"{x:.2f}" for x in np.exp(np.log(ratios).mean(axis=0))))


def odd_table(rounds):
    """Print time per FLOP of odd layers, as multiples of that of their round neighbours."""
    head("odd layer / round neighbour", "time per FLOP")
    for name, pair in ODD.items():
        best = clock.bests({x: make_call(layer) for x, layer in enumerate(pair)}, rounds)
        odd, plain = (best[x] / plan_of(layer).flops for x, layer in enumerate(pair))
        row(name, f"{odd / plain:.2f}")


def volumes_table(sides, rounds):
    """Print nanoseconds an output voxel."""
    head("layer, ns a voxel of the output", *sides)
    for name, layer in GROWING.items():
        row(name, *(f"{per_voxel(layer, side, rounds):.2f}" for side in sides))


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--layers", nargs="*", choices=LAYERS, default=[*LAYERS], help="default all")
    add("--sides", nargs="*", type=int, default=[*VOLUMES], help="of cubes (default %(default)s)")
    add("--rounds", type=int, default=10, help="turns of each call (default %(default)s)")
    return parser.parse_args()


def main():
    chosen = options()
    if chosen.layers:
        layers_table(chosen.layers, chosen.rounds)
        print()
        odd_table(chosen.rounds)
    if chosen.sides:
        print()
        volumes_table(chosen.sides, chosen.rounds)
    calls = {"plain": make_plain_call(SMALLEST), "prepared": make_call(SMALLEST)}
    best = {name: f"{1e6 * t:.0f} us" for name, t in clock.bests(calls, chosen.rounds).items()}
    print(
        f"\nThe smallest call (8 positions, one tap, one channel) takes {best['plain']},"
        f" prepared and with `out` {best['prepared']}."
    )


if __name__ == "__main__":
    main()
