"""Processor time from zarr to zarr, on one core: what streaming adds to computing and copying."""

import os
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from .stream_layers import LAYERS, Stored, find_torch, plain, torch_function

__all__ = ["measure", "table"]

TITLES = {
    "whole": "one piece",
    "io": "copying",
    "streamed": "streamed",
    "lazy": "`conv3dt.dask`",
    "looped": "loop",
    "overlapped": "`map_overlap`",
    "torch": "`map_overlap`, PyTorch",
}
SILENT = ("whole", "io")  # write no result to look at


def measure(names, rounds, folder, python, layers=LAYERS):
    """Return the best nanoseconds for a number of the output, by layer and way."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with_torch = find_torch(python)
    found = {}
    for name in names:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            stored = Stored(Path(own), layers[name])
            seconds = bests(stored, ways(stored, with_torch), rounds)
        numbers = np.prod(stored.shape)
        found[name] = {way: 1e9 * best / numbers for way, best in seconds.items()}
        print(line(name, found[name]), flush=True)
    return found


def ways(stored, with_torch):
    """Return the calls by name."""
    layer, w = stored.layer, stored.w
    calls = {name: getattr(stored, name) for name in ("whole", "io", "streamed", "lazy", "looped")}
    calls["overlapped"] = partial(stored.overlapped, plain(w, layer))
    if with_torch:
        calls["torch"] = partial(stored.overlapped, torch_function(w, layer, stored.sides))
    return calls


def bests(stored, calls, rounds):
    """Return the least processor time of each call; they take turns. The first is not counted."""
    best = dict.fromkeys(calls, float("inf"))
    for turn in range(rounds + 1):
        for name, call in calls.items():
            stored.remove()
            start = time.process_time()
            call()
            seconds = time.process_time() - start
            if turn:
                best[name] = min(best[name], seconds)
            elif name not in SILENT:
                check(stored, name)
    return best


def check(stored, name):
    """Raise unless a way has written the result: to the bit, where it is ours in blocks."""
    import zarr

    y = zarr.open_array(str(stored.out), mode="r")[...]
    if name in ("streamed", "lazy", "looped"):
        np.testing.assert_array_equal(y.view(np.int32), stored.y.view(np.int32))
    else:
        np.testing.assert_allclose(y, stored.y, rtol=1e-4, atol=1e-3)


def line(name, found):
    """Return the row of a layer: times, then what they are to be compared by."""
    cells = [f"{found[way]:.2f}" if way in found else "-" for way in TITLES]
    both = found["whole"] + found["io"]
    ratios = [
        both / found["streamed"],
        both / found["lazy"],
        found["overlapped"] / found["streamed"],
    ]
    ratios.append(found.get("torch", float("nan")) / found["streamed"])
    return "| " + " | ".join([name, *cells, *(f"{x:.2f}" for x in ratios)]) + " |"


def table(results):
    """Return all layers."""
    titles = ["layer, ns a number", *TITLES.values(), "both / streamed", "both / lazy"]
    titles += ["map_overlap / streamed", "PyTorch / streamed"]
    rule = "|---|" + (len(titles) - 1) * "---:|"
    return "\n".join(
        ["| " + " | ".join(titles) + " |", rule, *(line(*item) for item in results.items())]
    )
