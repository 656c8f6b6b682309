"""Time many neighbouring layers, and find those that are slower than their neighbours explain.

    python benchmarks/sweep.py --output sweep

Channels, widths, kernels and strides vary, one at a time and in pairs. A layer's share is the time
that its arithmetic and its bytes need at this machine's own rates, and one smallest call, divided
by the time it took. A hole is a layer with less than half the share of a neighbour on the grid;
holes are timed again before they are believed. Times are kept in `sweep.json` of the output
folder, and a layer that is there is not timed again, so that a run may be stopped and continued;
`--compile` only fills the cache of compiled kernels. The picture is `sweep.png`.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import NamedTuple

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import clock
from benchmarks.common import SMALLEST, Layer, make_call, plan_of

CHANNELS = (1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 19, 24, 31, 32, 33, 40, 47, 48, 49, 64, 65, 80)
WIDTHS = (1, 2, 3, 4, 5, 7, 8, 11, 13, 15, 16, 17, 21, 25, 27, 28, 29, 31, 32, 33, 37, 40)


class Sweep(NamedTuple):
    """A grid of layers: two letters and their values, everything else as in `base`."""

    x: str
    xs: tuple[int, ...]
    y: str
    ys: tuple[int, ...]
    base: dict[str, int]

    def cells(self):
        """Yield ((column, row), layer)."""
        for row, y in enumerate(self.ys):
            for column, x in enumerate(self.xs):
                yield (column, row), layer_of({**self.base, self.x: x, self.y: y})


def layer_of(values):
    """Return the layer of letters: ci, co, w, k, s; 16x16 positions beside the width."""
    v = {"ci": 32, "co": 32, "w": 24, "k": 3, "s": 2, **values}
    return Layer(1, (16, 16, v["w"]), v["ci"], v["co"], (v["k"],) * 3, (v["s"],) * 3)


ALL, STRIDES, KERNELS = tuple(range(1, 81)), (1, 2, 3, 4), tuple(range(1, 8))
LETTERS = {"ci": "channels in", "co": "channels out", "w": "width", "k": "kernel", "s": "stride"}
SWEEPS = {
    "in": Sweep("ci", ALL, "s", (1, 2), {}),
    "out": Sweep("co", ALL, "s", (1, 2), {}),
    "width": Sweep("w", tuple(range(1, 41)), "s", (1, 2), {}),
    "channels": Sweep("ci", CHANNELS, "co", CHANNELS, {}),
    "kernel": Sweep("k", KERNELS, "s", STRIDES, {}),
    "kernel_few": Sweep("k", KERNELS, "s", STRIDES, {"ci": 16, "co": 2}),
    "width_out": Sweep("w", WIDTHS, "co", (1, 2, 3, 4, 8, 9, 16, 17, 31, 48, 64), {}),
    "width_in": Sweep("w", WIDTHS, "ci", (1, 2, 3, 4, 8, 17, 64), {}),
    "width_kernel": Sweep("w", WIDTHS, "k", KERNELS, {}),
    "width_stride": Sweep("w", WIDTHS, "s", STRIDES, {"k": 4, "co": 8}),
}


class Timing:
    """Times by layer, kept in a file."""

    def __init__(self, path, dtype, data_format, threads):
        self.path, self.format, self.threads = path, (dtype, data_format), threads
        self.seconds = json.loads(path.read_text()) if path.exists() else {}

    def key(self, layer):
        return json.dumps([*self.format, self.threads, *layer])

    def measure(self, layer, rounds):
        call = make_call(layer, *self.format, threads=self.threads)
        seconds = clock.bests({"": call}, rounds)[""]
        key = self.key(layer)
        self.seconds[key] = min(seconds, self.seconds.get(key, float("inf")))

    def share(self, layer, rates):
        """Return the limit divided by the time, or None of a layer that was not timed.

        Not more than 1: what stays in a cache is written faster than the limit says.
        """
        seconds = self.seconds.get(self.key(layer))
        if seconds is None:
            return None
        plan = plan_of(layer, *self.format, self.threads)
        least = self.seconds[self.key(SMALLEST)] + rates.limit(plan.flops, plan.bytes)
        return min(1.0, least / seconds)

    def gflops(self, layer):
        plan = plan_of(layer, *self.format, self.threads)
        return plan.flops / self.seconds[self.key(layer)] / 1e9

    def save(self):
        self.path.write_text(json.dumps(self.seconds, indent=0))


def neighbours(cell):
    column, row = cell
    return (column - 1, row), (column + 1, row), (column, row - 1), (column, row + 1)


def holes(sweep, timing, rates, factor=2.0):
    """Yield (layer, share, the neighbour's layer and share) where the share falls by `factor`."""
    layers = dict(sweep.cells())
    shares = {cell: timing.share(layer, rates) for cell, layer in layers.items()}
    for cell, share in shares.items():
        beside = [(shares[other], layers[other]) for other in neighbours(cell) if shares.get(other)]
        best = max(beside, key=lambda x: x[0], default=(0, None))
        if share and best[0] > factor * share:
            yield layers[cell], share, best[1], best[0]


def confirmed(sweeps, timing, rates, chosen, times=5):
    """Return the holes that stay when they are timed again, later each time."""
    for _ in range(times):
        found = [hole for sweep in sweeps for hole in holes(sweep, timing, rates)]
        measure([x for hole in found for x in (hole[0], hole[2])], timing, chosen)
    return [hole for sweep in sweeps for hole in holes(sweep, timing, rates)]


def measure(todo, timing, chosen):
    """Time layers until all are done or the budget is spent; return how many are left."""
    end = time.perf_counter() + chosen.budget
    for number, layer in enumerate(todo):
        if time.perf_counter() > end:
            return len(todo) - number
        timing.measure(layer, chosen.rounds)
        progress(number + 1, len(todo), layer)
    return 0


def progress(number, total, layer):
    if sys.stderr.isatty():
        print(f"\r{number} of {total}: {layer}\033[K", end="", file=sys.stderr, flush=True)


def compile_all(layers, chosen):
    for number, layer in enumerate(layers):
        make_call(layer, chosen.dtype, chosen.data_format, threads=chosen.threads)()
        progress(number + 1, len(layers), layer)


def report(timing, found):
    print(f"{len(timing.seconds)} times, {len(found)} holes")
    for layer, share, other, better in sorted(found, key=lambda x: x[1] / x[3]):
        time_taken = f"{timing.seconds[timing.key(layer)] * 1e6:.0f} us"
        beside = f"beside {describe(other)}: {better:.2f}"
        print(f"{better / share:.1f}x  {describe(layer)} {time_taken}, share {share:.2f}; {beside}")


def draw(sweeps, timing, rates, path):
    """Draw every sweep in GFLOP/s: as lines, dashed for the limit, or as a map."""
    from matplotlib.figure import Figure  # not above: asv imports this file without it

    rows = -(-len(sweeps) // 2)
    figure = Figure(figsize=(12, 3.2 * rows), layout="constrained")
    for axes, name in zip(figure.subplots(rows, 2, squeeze=False).flat, sweeps, strict=False):
        sweep = SWEEPS[name]
        axes.set(title=name, xlabel=LETTERS[sweep.x], ylabel="GFLOP/s")
        if len(sweep.ys) > len(STRIDES):
            draw_map(axes, sweep, timing)
        else:
            draw_lines(axes, sweep, timing, rates)
    figure.savefig(path, dpi=110)


def draw_lines(axes, sweep, timing, rates):
    layers = dict(sweep.cells())
    for row, y in enumerate(sweep.ys):
        column = [layers[number, row] for number in range(len(sweep.xs))]
        speed = [timing.gflops(layer) for layer in column]
        (line,) = axes.plot(sweep.xs, speed, ".-", ms=4, label=f"{LETTERS[sweep.y]} {y}")
        most = [x / timing.share(layer, rates) for x, layer in zip(speed, column, strict=True)]
        axes.plot(sweep.xs, most, "--", lw=0.8, color=line.get_color())
    axes.set_ylim(0)
    axes.legend(fontsize=7)


def draw_map(axes, sweep, timing):
    layers = dict(sweep.cells())
    cells = [
        [timing.gflops(layers[c, r]) for c in range(len(sweep.xs))] for r in range(len(sweep.ys))
    ]
    image = axes.imshow(cells, origin="lower", aspect="auto", vmin=0)
    axes.set_xticks(range(len(sweep.xs)), sweep.xs, fontsize=7)
    axes.set_yticks(range(len(sweep.ys)), sweep.ys, fontsize=7)
    axes.set_ylabel(LETTERS[sweep.y])
    axes.figure.colorbar(image, ax=axes, label="GFLOP/s")


def describe(layer):
    k, s, w = layer.k[0], layer.s[0], layer.i[2]
    return f"{layer.ci}->{layer.co} width {w} k{k} s{s}"


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--output", type=Path, default=Path("sweep"), help="folder (default %(default)s)")
    add("--sweeps", nargs="+", choices=SWEEPS, default=[*SWEEPS], help="default all")
    add("--dtype", default="float32")
    add("--data-format", choices=("NDHWC", "NCDHW"), default="NDHWC")
    add("--threads", type=int, help="default all")
    add("--rounds", type=int, default=4, help="turns of 2 ms for a layer (default %(default)s)")
    add("--budget", type=float, default=float("inf"), help="seconds after which to stop")
    add("--compile", action="store_true", help="call every layer once and time nothing")
    return parser.parse_args()


def main():
    chosen = options()
    sweeps = [SWEEPS[name] for name in chosen.sweeps]
    layers = [*dict.fromkeys([SMALLEST, *(x for sweep in sweeps for _, x in sweep.cells())])]
    if chosen.compile:
        compile_all(layers, chosen)
        return
    chosen.output.mkdir(exist_ok=True, parents=True)
    timing = Timing(chosen.output / "sweep.json", chosen.dtype, chosen.data_format, chosen.threads)
    left = measure([x for x in layers if timing.key(x) not in timing.seconds], timing, chosen)
    timing.save()
    if left:
        print(f"{left} layers left")
        return
    rates = clock.rates(chosen.threads or 2, chosen.dtype)
    report(timing, confirmed(sweeps, timing, rates, chosen))
    timing.save()
    draw(chosen.sweeps, timing, rates, chosen.output / "sweep.png")


if __name__ == "__main__":
    main()
