"""How exact minimal filtering is beside the sums of the definition, inside and at borders.

    python benchmarks/accuracy.py [channels ...]

Errors against float64 are in units of 2**-24 (float32) of the greatest sum of absolute products in
the call: root of the mean square, and the greatest of all. Borders are the outputs whose taps reach
beyond the input along one axis or more, corners along all three. Allowed are 1.1 times the direct
way's rms, and 1.5 times its maximum over the call; what exceeds that is marked. Of numbers
of a high range those of one position decide: what they exceed changes with the seed.
"""

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import conv3dt

Array = NDArray[Any]
Errors = dict[str, tuple[float, float]]

LAYERS = [(3, 1, "SAME"), (3, 1, "VALID"), (4, 2, "SAME"), (4, 2, "VALID"), (3, 2, "SAME"),
          (5, 2, "SAME"), (2, 1, "SAME"), (4, 1, "SAME"), (5, 1, "VALID")]  # fmt: skip
EXTENT, BATCH = 8, 4
MOST_RMS, MOST_MAXIMUM = 1.1, 1.5


class Result(NamedTuple):
    """Errors of both ways on one kind of data."""

    layer: tuple[int, int, str]
    channels: int
    data: str
    minimal: Errors
    direct: Errors

    def exceeds(self) -> list[str]:
        """Return where the minimal way is less exact than it may be."""
        worst = max(maximum for _, maximum in self.direct.values())
        found = []
        for where, (rms, maximum) in self.minimal.items():
            if rms > MOST_RMS * self.direct[where][0] or maximum > MOST_MAXIMUM * worst:
                found.append(where)
        return found


def numbers(data: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return numbers of a kind."""
    if data == "uniform":
        return rng.random(shape, np.float32)
    found = rng.standard_normal(shape).astype(np.float32)
    if data == "sparse":
        return np.maximum(found, 0)
    if data == "smooth" and len(shape) == 5 and shape[1] > 5:
        at = np.linspace(0, 3, shape[1], dtype=np.float32)
        waves = np.sin(at)[:, None, None] + np.cos(at)[None, :, None] + at[None, None, :]
        return (waves[None, ..., None] + 0.01 * found).astype(np.float32)
    if data == "high range":
        return found * np.exp(3 * rng.standard_normal((*shape[:4], 1))).astype(np.float32)
    return found


def places(k: int, s: int, padding: str, o: int) -> dict[str, Array]:
    """Return masks of the outputs inside, at borders and in corners."""
    crop = max(0, (EXTENT - 1) * s + k - o) // 2 if padding == "SAME" else 0
    near = [any(not 0 <= (n + crop - t) // s < EXTENT for t in range((n + crop) % s, k, s))
            for n in range(o)]  # fmt: skip
    count = sum(np.ix_(*[np.array(near, int)] * 3))
    return {"inside": count == 0, "border": count > 0, "corner": count == 3}


def errors(found: Array, exact: Array, scale: float, masks: dict[str, Array]) -> Errors:
    """Return rms and maximum of the errors of each place."""
    units = np.abs(found - exact) / scale * 2.0**24
    return {
        name: (float(np.sqrt((units[:, mask] ** 2).mean())), float(units[:, mask].max()))
        for name, mask in masks.items()
        if mask.any()
    }


def measured(layer: tuple[int, int, str], channels: int, data: str, co: int = 32) -> Result:
    """Return the errors of both ways for one layer; two vectors of outputs are summed otherwise."""
    k, s, padding = layer
    rng = np.random.default_rng(0)
    x = numbers(data, rng, (BATCH, *[EXTENT] * 3, channels))
    w = numbers("normal" if data != "uniform" else data, rng, (k, k, k, co, channels))
    o = EXTENT * s if padding == "SAME" else (EXTENT - 1) * s + k
    how = (BATCH, o, o, o, co), s, padding
    call = conv3dt.conv3d_transpose
    exact = call(x.astype(float), w.astype(float), *how, algorithm="direct")
    products = call(abs(x).astype(float), abs(w).astype(float), *how, algorithm="direct")
    scale = float(products.max())
    masks = places(k, s, padding, o)
    found = (
        errors(call(x, w, *how, algorithm=name), exact, scale, masks)
        for name in ("minimal", "direct")
    )
    return Result(layer, channels, data, *found)


def results(channels: list[int]) -> Iterator[Result]:
    """Yield the errors of all layers on all kinds of data."""
    for layer in LAYERS:
        for c in channels:
            for data in ("normal", "uniform", "sparse", "smooth", "high range"):
                yield measured(layer, c, data)


def main(channels: list[int]) -> int:
    """Print the table; return how many rows exceed what is allowed."""
    print("layer          channels data        place: minimal rms (max), direct rms (max)")
    bad = 0
    for r in results(channels):
        places_ = "; ".join(
            f"{where} {rms:.3f} ({most:.1f}), {r.direct[where][0]:.3f} ({r.direct[where][1]:.1f})"
            for where, (rms, most) in r.minimal.items()
        )
        exceeds = r.exceeds()
        bad += bool(exceeds)
        k, s, padding = r.layer
        mark = f"   EXCEEDS: {', '.join(exceeds)}" if exceeds else ""
        print(f"k{k} s{s} {padding:<8}{r.channels:>6} {r.data:<11} {places_}{mark}", flush=True)
    print(f"{bad} rows exceed what is allowed")
    return bad


if __name__ == "__main__":
    main([int(x) for x in sys.argv[1:]] or [32, 128, 512])
