"""Time layers with minimal filtering and without, and say where it is slower.

    python benchmarks/with_and_without.py [seconds]

Layers are those of `sweep.py` and of `common.py`, and random ones, as many as the seconds suffice
for; those that are computed as the definition says are left out, for nothing changes. Both take
turns, plain calls and prepared ones, of one thread's processor time; the best of each is compared.
What is slower is timed again before it is believed.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import conv3dt
from benchmarks.common import FORWARD, LAYERS, Layer, arrays, options, plan_of
from benchmarks.sweep import SWEEPS

WAYS = "auto", "direct"
ALLOWED = 1.03  # times as long


def random_layers(seed: int) -> Iterator[Layer]:
    """Yield layers of 2 MFLOP to 2 GFLOP."""
    pick = random.Random(seed).choice
    while True:
        k, s = pick(
            [(3, 1), (3, 1), (4, 2), (3, 2), (5, 2), (2, 1), (5, 1), (4, 1), (6, 3), (7, 1)]
        )
        i = tuple(pick((2, 3, 4, 6, 8, 11, 16, 20, 24, 32)) for _ in range(3))
        ci, co = (pick((16, 20, 24, 32, 40, 48, 64, 96, 128, 256)) for _ in range(2))
        layer = Layer(pick((1, 1, 2, 4)), i, ci, co, (k,) * 3, (s,) * 3)
        if 2e6 < plan_of(layer).flops < 2e9:
            yield layer


def calls(layer: Layer) -> dict[tuple[str, str], Callable[[], Any]]:
    """Return plain and prepared calls of both ways."""
    x, w = arrays(layer, "float32", "NDHWC")
    how = options(layer, "NDHWC") | {"threads": 1}
    found: dict[tuple[str, str], Callable[[], Any]] = {}
    for name in WAYS:
        more = how | {"algorithm": name}
        if layer.forward:
            found["plain", name] = lambda more=more: conv3dt.conv3d(x, w, **more)
            continue
        found["plain", name] = lambda more=more: conv3dt.conv3d_transpose(x, w, **more)
        prepared = conv3dt.prepare(w, **{k: v for k, v in more.items() if k != "output_shape"})
        found["prepared", name] = lambda up=prepared: up(x, how["output_shape"])
    return found


def ratios(layer: Layer, rounds: int) -> dict[str, float]:
    """Return how many times as fast layers are with it, by kind of call."""
    made = calls(layer)
    best = dict.fromkeys(made, float("inf"))
    for _ in range(rounds):
        for key, call in made.items():
            start = time.process_time()
            call()
            best[key] = min(best[key], time.process_time() - start)
    kinds = dict.fromkeys(kind for kind, _ in made)
    return {kind: best[kind, "direct"] / best[kind, "auto"] for kind in kinds}


def main(seconds: float) -> int:
    """Print every layer that is slower; return how many there are."""
    known = [x for sweep in SWEEPS.values() for _, x in sweep.cells()]
    layers = chain(LAYERS.values(), FORWARD.values(), dict.fromkeys(known), random_layers(0))
    end, gains, slower = time.monotonic() + seconds, [], 0
    for layer in layers:
        if time.monotonic() > end:
            break
        if plan_of(layer).choice.way != "minimal":
            continue
        found = ratios(layer, 7)
        for _ in range(3):
            if min(found.values()) * ALLOWED < 1:
                again = ratios(layer, 15)
                found = {kind: max(x, again[kind]) for kind, x in found.items()}
        gains.append(found["plain"])
        if min(found.values()) * ALLOWED < 1:
            slower += 1
            print(layer, {kind: round(x, 3) for kind, x in found.items()}, flush=True)
    gains.sort()
    least, median, most = gains[0], gains[len(gains) // 2], gains[-1]
    print(
        f"{len(gains)} layers: plain calls {least:.2f} to {most:.2f} times as fast, {median:.2f} in"
    )
    print(f"the middle; {slower} layers more than 3 % slower")
    return slower


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 600)
