"""The results of `versus_peers.py` as two pictures."""

from itertools import product

from .versus_report import OURS, SHORT, best_peer, mean, ours, ratios

COLOURS = {
    "tensorflow": "tab:orange",
    "tensorflow to NumPy": "tab:pink",
    "tensorflow without oneDNN": "tab:olive",
    "torch": "tab:red",
    "onnxruntime": "tab:purple",
    "openvino": "tab:green",
}
INK = "tab:blue"


def write(results, folder):
    """Write both pictures."""
    from matplotlib.figure import Figure  # not above: asv imports this file without it

    height = max(6, 2 + len(results["layers"]) / 4.5)
    for name, draw, high in (("ratios", draw_ratios, height), ("roofline", draw_roofline, 6)):
        figure = Figure(figsize=(8, high), layout="constrained")
        draw(figure.subplots(), results)
        figure.savefig(folder / f"{name}.png", dpi=130)


def draw_ratios(axes, results):
    """Draw times as multiples of a plain call of conv3dt, a bar for the best of the others."""
    names = [*results["layers"]]
    seconds = [results["layers"][name]["seconds"] for name in names]
    both = [ratios(results["layers"][name]) for name in names]
    label = f"best of the others (geometric mean {mean(x.plain for x in both):.2f})"
    axes.barh(range(len(names)), [x.plain for x in both], color=INK, alpha=0.35, label=label)
    for peer, title in SHORT.items():
        dots = [(s[peer] / s[OURS[0]], y) for y, s in enumerate(seconds) if peer in s]
        if dots:
            axes.plot(*zip(*dots, strict=True), "o", ms=5, color=COLOURS[peer], label=title)
    dots = [(s[OURS[1]] / s[OURS[0]], y) for y, s in enumerate(seconds) if OURS[1] in s]
    if dots:
        axes.plot(*zip(*dots, strict=True), "D", ms=5, color=INK, label="conv3dt, prepared")
    axes.axvline(1, color=INK, label="conv3dt, plain call")
    axes.set_xscale("log")
    ticks = [0.5, 1, 2, 3, 5, 10, 20, 50]
    axes.set_xticks(ticks, map(str, ticks))
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("time / time of a plain call of conv3dt (right of 1: slower)")
    axes.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4)


def draw_roofline(axes, results):
    """Draw every layer under the roof that arithmetic and memory make."""
    from matplotlib.ticker import LogLocator

    layers = results["layers"]
    flops, n_bytes = (max(x["rates"][i] for x in layers.values()) for i in range(2))
    work = [x["flops"] / x["bytes"] for x in layers.values()]
    ridge = flops / n_bytes
    span = min(ridge, *work) / 1.5, ridge, max(ridge, *work) * 1.5
    roof = [min(flops, n_bytes * x) / 1e9 for x in span]
    axes.plot(
        span, roof, color="black", label=f"{flops / 1e9:.0f} GFLOP/s, {n_bytes / 1e9:.1f} GB/s"
    )
    ordered = sorted(layers.items(), key=lambda item: item[1]["flops"] / item[1]["bytes"])
    points = {}
    for number, (name, x) in enumerate(ordered):
        at = x["flops"] / x["bytes"]
        reached = x["flops"] / ours(x) / 1e9
        peer = x["flops"] / best_peer(x)[0] / 1e9
        first = {} if number else {"label": "conv3dt"}
        points[name] = at, reached
        axes.plot([at, at], [peer, reached], color="0.8", lw=1, zorder=1)
        axes.plot(at, reached, "o", color=INK, **first)
        first = {} if number else {"label": "best of the others"}
        axes.plot(at, peer, "o", mfc="white", color="0.4", **first)
    axes.set(xscale="log", yscale="log", xlabel="FLOP per byte", ylabel="GFLOP/s")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    axes.legend(fontsize=8, loc="lower right")
    taken = []
    for name, point in points.items():
        write_beside(axes, name, point, taken)


def write_beside(axes, name, point, taken):
    """Write a name as near to its point as no other name is."""
    for up, side in product((3, -9, 12, -18, 21, -27), ("left", "right")):
        beside = 4 if side == "left" else -4, up
        text = axes.annotate(name, point, beside, "data", "offset points", ha=side, fontsize=7)
        box = text.get_window_extent()
        if not any(box.overlaps(other) for other in taken):
            break
        text.remove()
    taken.append(box)
