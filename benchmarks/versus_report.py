"""The results of `versus_peers.py` in numbers, and as a table."""

import math

OURS = ("conv3dt", "conv3dt prepared")
SHORT = {
    "tensorflow": "TensorFlow",
    "tensorflow without oneDNN": "TF, no oneDNN",
    "torch": "PyTorch",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
}


def best_peer(result):
    """Return (seconds, name) of the fastest other library, or (nan, "-")."""
    peers = [(t, name) for name, t in result["seconds"].items() if name not in OURS]
    return min(peers, default=(math.nan, "-"))


def limit(result):
    """Return the least seconds at the rates measured beside the calls."""
    flops, n_bytes = result["rates"]
    return max(result["flops"] / flops, result["bytes"] / n_bytes)


def ratios(result):
    """Return best peer / plain call, best peer / prepared, limit / prepared."""
    peer, _ = best_peer(result)
    plain, prepared = (result["seconds"].get(name, math.nan) for name in OURS)
    return peer / plain, peer / prepared, limit(result) / prepared


def mean(values):
    """Return the geometric mean of the numbers that are numbers."""
    known = [x for x in values if not math.isnan(x)]
    return math.exp(math.fsum(map(math.log, known)) / len(known)) if known else math.nan


def line(name, result):
    """Return a layer's result as a line of text."""
    seconds = {system: f"{t * 1e3:.2f}" for system, t in result["seconds"].items()}
    plain, prepared, share = ratios(result)
    times = ", ".join(f"{system} {t}" for system, t in seconds.items())
    return f"{name}: {times} ms; {plain:.2f}x, prepared {prepared:.2f}x, {share:.0%} of the limit"


def cell(x, digits=2):
    return "-" if math.isnan(x) else f"{x:.{digits}f}"


def rows(results):
    """Yield the rows of the table."""
    peers = [name for name in SHORT if name in results["run"]["versions"]]
    yield ["layer, ms", "limit", *OURS, *(SHORT[p] for p in peers), "ratio", "prepared", "share"]
    for name, result in results["layers"].items():
        seconds = [result["seconds"].get(system, math.nan) for system in (*OURS, *peers)]
        best = best_peer(result)[0]
        times = [f"**{cell(t * 1e3)}**" if t == best else cell(t * 1e3) for t in seconds]
        yield [name, cell(limit(result) * 1e3), *times, *map(cell, ratios(result))]
    columns = zip(*map(ratios, results["layers"].values()), strict=True)
    blank = [""] * (len(OURS) + len(peers) + 1)
    yield ["geometric mean", *blank, *(cell(mean(column)) for column in columns)]


def table(results):
    """Return the results as a Markdown table."""
    first, *others = rows(results)
    lines = [first, ["---", *["---:"] * (len(first) - 1)], *others]
    return "\n".join("| " + " | ".join(x) + " |" for x in lines)


def text(results):
    """Return the table and what it was measured with."""
    run = results["run"]
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    rates = [result["rates"] for result in results["layers"].values()]
    flops, n_bytes = (max(column) / 1e9 for column in zip(*rates, strict=True))
    return (
        f"{run['dtype']}, {run['data_format']}, {run['threads']} threads, instruction set"
        f" {run['isa']}{', results as NumPy arrays' if run['numpy'] else ''}; best of"
        f" {run['rounds']} rounds. Machine: {flops:.0f} GFLOP/s, {n_bytes:.1f} GB/s."
        f" {versions}.\n\n{table(results)}\n"
    )
