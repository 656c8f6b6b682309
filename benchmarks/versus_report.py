"""The results of `versus_peers.py` in numbers, and as tables."""

import math
from typing import NamedTuple

OURS = ("conv3dt", "conv3dt prepared")
COLUMNS = ("plain", "prepared", "plain, NumPy", "prepared, NumPy", "share")
SHORT = {
    "tensorflow": "TensorFlow",
    "tensorflow to NumPy": "TF to NumPy",
    "tensorflow without oneDNN": "TF, no oneDNN",
    "torch": "PyTorch",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
}


def best_peer(result, to_numpy=False):
    """Return (seconds, name) of the fastest other library, or (nan, "-").

    With `to_numpy` results have to be NumPy arrays.
    """
    unwanted = (*OURS, *(["tensorflow"] if to_numpy else []))
    peers = [(t, name) for name, t in result["seconds"].items() if name not in unwanted]
    return min(peers, default=(math.nan, "-"))


def limit(result):
    """Return the least seconds at the rates measured beside the calls."""
    flops, n_bytes = result["rates"]
    return max(result["flops"] / flops, result["bytes"] / n_bytes)


class Ratios(NamedTuple):
    """How conv3dt compares on a layer: more is better."""

    plain: float  # best other library / plain call
    prepared: float  # best other library / prepared call
    plain_numpy: float  # the same, where TensorFlow has to hand back NumPy arrays
    prepared_numpy: float
    share: float  # limit / prepared call


def ratios(result):
    """Return the ratios of a layer, nan where something was not timed."""
    peer, numpy = best_peer(result)[0], best_peer(result, to_numpy=True)[0]
    plain, prepared = (result["seconds"].get(name, math.nan) for name in OURS)
    compared = peer / plain, peer / prepared, numpy / plain, numpy / prepared
    return Ratios(*compared, limit(result) / prepared)


def mean(values):
    """Return the geometric mean of the numbers that are numbers."""
    known = [x for x in values if not math.isnan(x)]
    return math.exp(math.fsum(map(math.log, known)) / len(known)) if known else math.nan


def line(name, result):
    """Return a layer's result as a line of text."""
    seconds = {system: f"{t * 1e3:.2f}" for system, t in result["seconds"].items()}
    found = ratios(result)
    times = ", ".join(f"{system} {t}" for system, t in seconds.items())
    return f"{name}: {times} ms; {found.plain:.2f}x, prepared {found.prepared:.2f}x"


def cell(x, digits=2):
    return "-" if math.isnan(x) else f"{x:.{digits}f}"


def times(results):
    """Yield the rows of the table of milliseconds; the fastest other library is in bold."""
    peers = [name for name in SHORT if name in results["run"]["versions"]]
    yield ["layer, ms", "limit", *OURS, *(SHORT[name] for name in peers)]
    for name, result in results["layers"].items():
        seconds = [result["seconds"].get(system, math.nan) for system in (*OURS, *peers)]
        best = best_peer(result)[0]
        shown = [f"**{cell(t * 1e3)}**" if t == best else cell(t * 1e3) for t in seconds]
        yield [name, cell(limit(result) * 1e3), *shown]


def comparisons(results):
    """Yield the rows of the table of ratios."""
    yield ["layer", *COLUMNS]
    found = {name: ratios(result) for name, result in results["layers"].items()}
    for name, row in found.items():
        yield [name, *map(cell, row)]
    yield ["geometric mean", *(cell(mean(column)) for column in zip(*found.values(), strict=True))]


def table(rows):
    """Return rows as a Markdown table."""
    first, *others = rows
    lines = [first, ["---", *["---:"] * (len(first) - 1)], *others]
    return "\n".join("| " + " | ".join(x) + " |" for x in lines)


def text(results):
    """Return the table and what it was measured with."""
    run = results["run"]
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    rates = [result["rates"] for result in results["layers"].values()]
    flops, n_bytes = (max(column) / 1e9 for column in zip(*rates, strict=True))
    tables = f"{table(times(results))}\n\n{table(comparisons(results))}\n"
    return (
        f"{run['dtype']}, {run['data_format']}, {run['threads']} threads, code for"
        f" {run['processor']}; best of {run['rounds']} rounds. The machine: {flops:.0f} GFLOP/s,"
        f" {n_bytes:.1f} GB/s. {versions}.\n\n{tables}"
    )
