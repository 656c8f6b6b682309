"""The results of `bench_stream.py` as a picture."""

__all__ = ["write"]

INK = {"stream": "tab:blue", "lazy": "tab:green"}
LABELS = {"stream": "conv3dt upsample --scheduler", "lazy": "conv3dt.dask.upsample"}
SHADES = ("tab:cyan", "tab:blue", "navy", "tab:purple")


def write(results, folder):
    """Write the picture: memory over time, and throughput against workers."""
    from matplotlib.figure import Figure  # not above: asv imports this file without it

    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    draw_memory(left, results["memory"])
    draw_workers(right, results["workers"])
    figure.savefig(folder / "stream.png", dpi=130)


def draw_memory(axes, found):
    """Draw the curves of the smallest limit, which is a line."""
    limit = min(x["memory"] for x in found)
    drawn = [x for x in found if x["memory"] == limit]
    for x, colour in zip(drawn, SHADES, strict=False):
        seconds, n_bytes = zip(*x["curve"], strict=True)
        label = f"{x['bytes'] / 1e9:.0f} GB of output"
        axes.plot(seconds, [n / 1e9 for n in n_bytes], color=colour, label=label, zorder=-x["wall"])
    axes.axhline(limit / 1e9, color="tab:red", ls="--", label="--memory")
    axes.set(xlabel="seconds", ylabel="resident memory, GB", xlim=(0, None))
    axes.set_ylim(0, 1.15 * limit / 1e9)
    axes.legend(fontsize=8, loc="lower right")


def draw_workers(axes, found):
    """Draw rates beside those that are as many times larger as there are workers."""
    for number, (way, rates) in enumerate(found.items()):
        counts = [*map(int, rates)]
        millions = [rate / 1e6 for rate in rates.values()]
        axes.plot(counts, millions, "o-", color=INK[way], label=LABELS[way])
        ideal = [millions[0] * n / counts[0] for n in counts]
        axes.plot(counts, ideal, ":", color=INK[way], label="" if number else "ideal")
    axes.set(xlabel="workers of one thread", ylabel="million voxels a second")
    axes.set_xticks(counts)
    axes.set_ylim(0, None)
    axes.legend(fontsize=8, loc="lower right")
