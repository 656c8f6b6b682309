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

    With `to_numpy` results have to be NumPy arrays; of gradients nobody's copies are timed.
    """
    known = {"tensorflow", "tensorflow to NumPy"} & result["seconds"].keys()
    if to_numpy and known == {"tensorflow"}:
        return math.nan, "-"
    unwanted = (*OURS, *(["tensorflow"] if to_numpy else []))
    peers = [(t, name) for name, t in result["seconds"].items() if name not in unwanted]
    return min(peers, default=(math.nan, "-"))


def ours(result):
    """Return the seconds of conv3dt, of the faster call where there are two."""
    return min((t for name, t in result["seconds"].items() if name in OURS), default=math.nan)


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
    share: float  # limit / the faster of both


def ratios(result):
    """Return the ratios of a layer, nan where something was not timed."""
    peer, numpy = best_peer(result)[0], best_peer(result, to_numpy=True)[0]
    plain, prepared = (result["seconds"].get(name, math.nan) for name in OURS)
    compared = peer / plain, peer / prepared, numpy / plain, numpy / prepared
    return Ratios(*compared, limit(result) / ours(result))


def mean(values):
    """Return the geometric mean of the numbers that are numbers."""
    known = [x for x in values if not math.isnan(x)]
    return math.exp(math.fsum(map(math.log, known)) / len(known)) if known else math.nan


def line(name, result):
    """Return a layer's result as a line of text."""
    seconds = {system: f"{t * 1e3:.2f}" for system, t in result["seconds"].items()}
    found = ratios(result)
    times = ", ".join(f"{system} {t}" for system, t in seconds.items())
    prepared = "" if math.isnan(found.prepared) else f", prepared {found.prepared:.2f}x"
    return f"{name}: {times} ms; {found.plain:.2f}x{prepared}"


def cell(x, digits=2):
    return "-" if math.isnan(x) else f"{x:.{digits}f}"


def times(results):
    """Yield the rows of the table of milliseconds; the fastest other library is in bold."""
    known = [name for name in (*OURS, *SHORT) if name in results["run"]["versions"]]
    yield ["layer, ms", "limit", *(SHORT.get(name, name) for name in known)]
    for name, result in results["layers"].items():
        seconds = [result["seconds"].get(system, math.nan) for system in known]
        best = best_peer(result)[0]
        shown = [f"**{cell(t * 1e3)}**" if t == best else cell(t * 1e3) for t in seconds]
        yield [name, cell(limit(result) * 1e3), *shown]


def comparisons(results):
    """Yield the rows of the table of ratios; a column without numbers is left out."""
    found = {name: ratios(result) for name, result in results["layers"].items()}
    columns = enumerate(zip(*found.values(), strict=True))
    known = [number for number, x in columns if not all(map(math.isnan, x))]
    yield ["layer", *(COLUMNS[number] for number in known)]
    for name, row in found.items():
        yield [name, *(cell(row[number]) for number in known)]
    for part, rows in by_part(found).items():
        title = f"geometric mean{part and f', {part}'}"
        yield [title, *(cell(mean(row[number] for row in rows)) for number in known)]


def by_part(found):
    """Return what is known of each part of training; of whole layers there is the part ''."""
    parts = {}
    for name, row in found.items():
        parts.setdefault(name.partition(", ")[2], []).append(row)
    return parts


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
