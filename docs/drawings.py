"""Make the drawings of engine.md.

    python docs/drawings.py

writes `images/phases.svg` and `images/tile.svg` beside this file. What the first shows comes from
`conv3dt/_geometry/integers.py`; shapes of tiles are those of an AVX-512 machine.
"""

import sys
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from conv3dt._geometry import integers

IMAGES = Path(__file__).resolve().parent / "images"
PHASES = ("tab:blue", "tab:orange")
INK, PALE, ZERO = "0.25", "0.93", "white"
KERNEL, STRIDE, INPUTS = 4, 2, 3
FOUND = integers.phases(KERNEL, STRIDE, 1, INPUTS * STRIDE, 1)


def box(axes: Axes, x: float, y: float, text: str = "", colour: str = PALE, **more: object) -> None:
    """Draw a number in memory: a unit square with its name."""
    settings = {"edgecolor": INK, "facecolor": colour, "linewidth": 0.8} | more
    axes.add_patch(Rectangle((x, y), 1, 1, **settings))
    axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=8)


def bare(figure: Figure, *where: int, x: float, y: float) -> Axes:
    """Return axes without frame, on which a unit is square."""
    axes = figure.add_subplot(*where)
    axes.set(xlim=(-2.2, x), ylim=(-0.6, y), aspect="equal")
    axes.axis("off")
    return axes


def link(axes: Axes, start: float, end: float, tap: int, colour: str) -> None:
    """Draw a tap, from the input above to the output below."""
    axes.plot([start, end], [4, 1], color=colour, lw=1.1, zorder=0)
    near = 0.2 + 0.15 * tap  # so that labels of crossing lines lie apart
    at = end + near * (start - end), 1 + near * 3
    axes.text(*at, f"k{tap}", fontsize=6.5, ha="center", va="center", color=colour,
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})  # fmt: skip


def draw_whole(axes: Axes) -> None:
    """Draw all outputs, and every tap that reaches them."""
    axes.set_title("outputs of two phases share no tap", fontsize=9)
    axes.text(-0.3, 4.5, "input", ha="right", va="center", fontsize=8)
    axes.text(-0.3, 0.5, "output", ha="right", va="center", fontsize=8)
    for i in range(INPUTS):
        box(axes, i * STRIDE + 0.5, 4, f"x{i}")
    for colour, phase in zip(PHASES, FOUND, strict=True):
        for q in range(phase.length):
            o = phase.first + q * STRIDE
            box(axes, o, 0, f"y{o}", colour, alpha=0.55)
            for j, i in reads(phase, q):
                if 0 <= i < INPUTS:
                    tap = phase.k0 + j * phase.k_step
                    link(axes, i * STRIDE + 1, o + 0.5, tap, colour)


def draw_phase(axes: Axes, phase: integers.Phase, number: int) -> None:
    """Draw one phase: neighbours read neighbours, and zeros stand for what lies outside."""
    taps = [phase.k0 + j * phase.k_step for j in range(phase.taps)]
    names = " and ".join(f"k{tap}" for tap in taps)
    axes.set_title(f"phase {number}: a convolution of stride 1, taps {names}", fontsize=9)
    inputs = [i for q in range(phase.length) for _, i in reads(phase, q)]
    for i in range(min(inputs), max(inputs) + 1):
        inside = 0 <= i < INPUTS
        name, colour, line = (f"x{i}", PALE, "-") if inside else ("0", ZERO, ":")
        box(axes, i * STRIDE + 0.5, 4, name, colour, linestyle=line)
    for q in range(phase.length):
        at = q * STRIDE + 0.5
        box(axes, at, 0, f"y{phase.first + q * STRIDE}", PHASES[number], alpha=0.55)
        for j, i in reads(phase, q):
            link(axes, i * STRIDE + 1, at + 0.5, taps[j], PHASES[number])


def reads(phase: integers.Phase, q: int) -> list[tuple[int, int]]:
    """Return (number of the tap, input) of one output of a phase."""
    return [(j, q + phase.shift - j * phase.dilation) for j in range(phase.taps)]


def draw_phases() -> Figure:
    """Draw how one axis with kernel 4 and stride 2 falls into two convolutions of stride 1."""
    figure = Figure(figsize=(10, 2.7), layout="constrained")
    draw_whole(bare(figure, 1, 3, 1, x=6.5, y=5.4))
    for number, phase in enumerate(FOUND):
        draw_phase(bare(figure, 1, 3, 2 + number, x=8, y=5.4), phase, number)
    return figure


def grid(axes: Axes, x: float, y: float, columns: int, rows: int, colour: str, marked: str) -> None:
    """Draw numbers of a matrix; `marked` is the column (c3) or row (r3) at work."""
    for row in range(rows):
        for column in range(columns):
            at_work = marked in (f"c{column}", f"r{row}")
            box(axes, x + column, y + rows - 1 - row, "", colour if at_work else PALE)


def draw_kernel(axes: Axes, title: str, words: dict[str, str], vectors: int, rows: int) -> None:
    """Draw the outer product of one k: a row of vectors above, a column of numbers on the left."""
    lanes, depth = 4, 5  # drawn of 16 lanes and of all channels and taps
    axes.set_title(title, fontsize=9)
    width = vectors * lanes
    grid(axes, depth + 1, rows + 1, width, depth, "tab:green", "r2")
    grid(axes, 0, 0, depth, rows, "tab:red", "c2")
    for column in range(width):
        for row in range(rows):
            box(axes, depth + 1 + column, row, "", "tab:purple", alpha=0.35)
    for vector in range(vectors):
        at = depth + 1 + vector * lanes
        axes.add_patch(Rectangle((at, 0), lanes, rows, fill=False, lw=2))
        axes.add_patch(Rectangle((at, rows + 1 + depth - 3), lanes, 1, fill=False, lw=2))
    label = {"fontsize": 8, "ha": "center"}
    middle = depth + 1 + width / 2
    axes.text(middle, rows + depth + 1.4, words["above"], **label)
    axes.text(middle, -0.6, words["below"], va="top", **label)
    axes.text(-0.6, rows / 2, words["left"], va="center", fontsize=8, ha="right")
    arrow = {"arrowstyle": "->"}
    axes.annotate("k", (depth, rows + 0.5), (0, rows + 0.3), fontsize=8, arrowprops=arrow)
    axes.set(xlim=(-8, depth + width + 2), ylim=(-3, rows + depth + 3))


def draw_tile() -> Figure:
    """Draw the tiles of both kernels."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    channels = {
        "above": "panel: two vectors of 16 output channels",
        "left": "packed input:\none number\nfor every\nposition q",
        "below": "sums in registers, 11 x 2 vectors:\n"
        "a row for every position, stored s positions apart",
    }
    draw_kernel(bare(figure, 1, 2, 1, x=1, y=1), "channel kernel", channels, 2, 11)
    wide = {
        "above": "packed input: two vectors of 16 positions",
        "left": "panel:\none weight for\nevery channel\nand phase of\nthe width",
        "below": "sums in registers, a row for every channel and phase:\n"
        "shuffles interleave the phases, to be stored in one run",
    }
    draw_kernel(bare(figure, 1, 2, 2, x=1, y=1), "wide kernel", wide, 2, 6)
    return figure


def main(folder: Path) -> None:
    """Write both drawings; fixed names inside the files keep them the same from run to run."""
    import matplotlib

    matplotlib.rcParams["svg.hashsalt"] = "conv3dt"
    for name, draw in (("phases", draw_phases), ("tile", draw_tile)):
        draw().savefig(folder / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
