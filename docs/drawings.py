"""Make the drawings of engine.md.

    python docs/drawings.py

writes `images/phases.svg`, `images/tile.svg` and `images/minimal.svg` beside this file. What the
first shows comes from `conv3dt/_geometry/integers.py`, shapes of tiles are those of an AVX-512
machine, and the formulas of the last are those of `conv3dt/_ways/minimal/formulas.py`.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from conv3dt._geometry import integers
from conv3dt._ways.minimal import formulas

IMAGES = Path(__file__).resolve().parent / "images"
PHASES = ("tab:blue", "tab:orange")
INK, PALE, ZERO = "0.25", "0.93", "white"
KERNEL, STRIDE, INPUTS = 4, 2, 3
FOUND = integers.phases(KERNEL, STRIDE, 1, INPUTS * STRIDE, 1)
PRODUCTS, SLOTS = formulas.INPUTS[3], formulas.FILTERS[3]
APART, WIDE = 3.2, 2.9  # from a product to the next, and its width


def box(axes: Axes, x: float, y: float, text: str = "", colour: str = PALE, **more: object) -> None:
    """Draw a number in memory: a unit square with its name; `width` makes it longer."""
    settings = {"edgecolor": INK, "facecolor": colour, "linewidth": 0.8, "width": 1} | more
    axes.add_patch(square := Rectangle((x, y), height=1, **settings))
    middle = x + square.get_width() / 2
    axes.text(middle, y + 0.5, text.replace("-", "\N{MINUS SIGN}"), ha="center", va="center",
              fontsize=8)  # fmt: skip


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


def spelled(name: str, terms: Iterable[tuple[int, int]]) -> str:
    """Return terms (number, sign) in letters; those of sign 0 are no part of it."""
    signed = (f"{'-' if sign < 0 else '+'}{name}{number}" for number, sign in terms if sign)
    return "".join(signed).removeprefix("+")


def products() -> list[tuple[str, str]]:
    """Return (combined inputs, transformed filter) of every product of F(2,3)."""
    found = []
    for slot, terms, _, _ in PRODUCTS:
        twice = SLOTS[slot]
        taps = spelled("g", enumerate(twice))
        found.append((spelled("d", terms), taps if 2 in twice else f"({taps})/2"))
    return found


def signs(output: int) -> list[tuple[int, int]]:
    """Return (number, sign) of the products that an output of F(2,3) is the sum of."""
    return [(n, y[output]) for n, (_, _, *y) in enumerate(PRODUCTS) if y[output]]


def signed(axes: Axes, start: tuple[float, float], end: tuple[float, float], sign: int,
           colour: str = INK) -> None:  # fmt: skip
    """Draw where a number is added, or, with dashes, subtracted."""
    (x0, y0), (x1, y1) = start, end
    axes.plot([x0, x1], [y0, y1], color=colour, lw=1.3, ls="--" if sign < 0 else "-", zorder=0)


def draw_axis(axes: Axes) -> None:
    """Draw F(2,3): from four inputs by four products to two outputs."""
    axes.set_title("one axis, F(2,3): 4 products make\n2 outputs, the definition has 6", fontsize=9)
    rows = {"inputs": 11.8, "combined\n(V)": 8.4, "times\nfilter": 6.8, "products\n(M)": 5.2}
    for name, y in (rows | {"outputs": 0.6}).items():
        axes.text(-0.4, y + 0.5, name, ha="right", va="center", fontsize=8)
    for n, texts in enumerate(products()):
        x, middle = n * APART, n * APART + WIDE / 2
        box(axes, middle - 0.5, 11.8, f"d{n}")
        box(axes, x, 8.4, texts[0], "tab:red", width=WIDE, alpha=0.45)
        box(axes, x, 6.8, texts[1], "tab:green", width=WIDE, alpha=0.45)
        box(axes, x, 5.2, f"m{n}", "tab:purple", width=WIDE, alpha=0.45)
        for number, sign in PRODUCTS[n][1]:
            signed(axes, (number * APART + WIDE / 2, 11.8), (middle, 9.4), sign)
    for output, colour in enumerate(PHASES):
        x = (2 * output + 0.5) * APART
        text = f"y{output} = {spelled('m', signs(output))}"
        box(axes, x - 0.7, 0.6, text, colour, width=WIDE + 1.4, alpha=0.55)
        for n, sign in signs(output):
            end = x + WIDE / 2 + 0.5 * (n - 1 - output)
            signed(axes, (n * APART + WIDE / 2, 5.2), (end, 1.6), sign, colour)
    axes.text(2 * APART, -0.8, "dashed: subtracted", ha="center", va="top", fontsize=8)
    axes.set(xlim=(-3.2, 4 * APART), ylim=(-2.2, 13), aspect="equal")
    axes.axis("off")


def draw_slot(axes: Axes, x: float, y: float) -> None:
    """Draw the matrices of a slot: 4 positions, 3 input channels, 5 output channels."""
    parts = (
        (1, 3, 4, "tab:red", "V: positions\nby ci"),
        (7.3, 5, 3, "tab:green", "filters:\nci by co"),
        (15, 5, 4, "tab:purple", "M: positions\nby co"),
    )
    for left, columns, rows, colour, text in parts:
        for n in range(columns * rows):
            at = x + left + n % columns, y + 2.6 - rows / 2 + n // columns
            box(axes, *at, "", colour, alpha=0.45)
        axes.text(x + left + columns / 2, y + 5, text, ha="center", va="bottom", fontsize=8)
    for left, text in ((5.65, "\N{MULTIPLICATION SIGN}"), (13.65, "=")):
        axes.text(x + left, y + 2.6, text, ha="center", va="center", fontsize=10)
    axes.add_patch(Rectangle((x, y), 21, 7.7, fill=False, edgecolor=INK, lw=0.8))


def draw_planes(axes: Axes, y: float, at_work: int) -> None:
    """Draw the products of the depth, planes of slots, and the planes of sums they are added to."""
    apart = 5.6
    for n in range(len(PRODUCTS)):
        colour, line = ("tab:purple", "-") if n == at_work else (ZERO, ":")
        for slot in range(16):
            at = n * apart + slot % 4, y + slot // 4
            box(axes, *at, "", colour, linestyle=line, alpha=0.45)
        axes.text(n * apart, y + 4.3, f"m{n}", fontsize=8)
    for output, colour in enumerate(PHASES):
        x = (2 * output + 0.5) * apart + 1
        for n in range(4):
            box(axes, x + n % 2, y - 6 + n // 2, "", colour, alpha=0.55)
        axes.text(x + 1, y - 6.4, f"sums y{output}", ha="center", va="top", fontsize=8)
        for n, sign in signs(output):
            end = x + 1 + 0.5 * (n - 1 - output), y - 4
            signed(axes, (n * apart + 2, y), end, sign, colour)


def draw_space(axes: Axes) -> None:
    """Draw the three axes: one of the slots at work, and where the products of the depth go."""
    title = "three axes: 4x4x4 products make\n2x2x2 outputs, the definition has 216"
    axes.set_title(title, fontsize=9)
    draw_planes(axes, 10, 1)
    draw_slot(axes, 0, 17)
    axes.add_patch(Rectangle((8.6, 13), 1, 1, fill=False, lw=2))
    axes.annotate("", (9.1, 17), (9.1, 14), arrowprops={"arrowstyle": "->"})
    axes.text(9.7, 15.5, "a slot: one matrix product", va="center", fontsize=8)
    text = (
        "4 products of the depth, of 4x4 slots of height\n"
        "and width; one is added before the next is\n"
        "made: a quarter of V and M exists at once"
    )
    axes.text(10.5, 1.4, text, ha="center", va="top", fontsize=8)
    axes.set(xlim=(-0.2, 21.2), ylim=(-2.4, 24.9), aspect="equal")
    axes.axis("off")


def draw_minimal() -> Figure:
    """Draw minimal filtering: one axis, and all three."""
    figure = Figure(figsize=(8, 4.9))
    edges = {"left": 0.01, "right": 0.99, "bottom": 0, "top": 0.89, "wspace": 0.03}
    left, right = figure.subplots(1, 2, width_ratios=(4, 3), gridspec_kw=edges)
    draw_axis(left)
    draw_space(right)
    return figure


def main(folder: Path) -> None:
    """Write all drawings; fixed names inside the files keep them the same from run to run."""
    import matplotlib

    matplotlib.rcParams["svg.hashsalt"] = "conv3dt"
    drawings = {"phases": draw_phases, "tile": draw_tile, "minimal": draw_minimal}
    for name, draw in drawings.items():
        draw().savefig(folder / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
