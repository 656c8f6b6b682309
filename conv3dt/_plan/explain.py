"""A plan in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._geometry.tile import Tile, WideTile
from .._ways.shared.blocking import axes_of, is_small

if TYPE_CHECKING:
    from .plan import Plan

__all__ = ["describe"]


def describe(plan: Plan) -> str:
    """Return the plan in a few readable lines."""
    r = plan.request
    space = "x".join(map(str, r.i))
    to = "x".join(map(str, r.o))
    lines = [
        f"{r.function} {r.dtype} {r.data_format}: batch {r.n}, {space} x {r.ci} channels"
        f" -> {to} x {r.co}",
        *(_axis_line(plan, a) for a in range(3)),
        f"kernel   {_tiles(plan)}",
        f"rows     along {plan.tiling.along}: {plan.tiling.why}",
        f"after    {'bias, ' if r.bias else ''}{r.activation}, before the tile is stored"
        f"{' past the caches' if plan.streamed or plan.turning.what == 'lines' else ''}",
        f"blocks   {_block_line(plan)}",
        f"work     {_quantity(plan.flops, 1000)}FLOP, {_quantity(plan.bytes, 1024)}B of arrays,"
        f" {plan.flops / max(1, plan.bytes):.1f} FLOP per byte",
        f"memory   {_filters(plan)}{', input read where it lies' if plan.direct else ''},"
        f" scratch {_quantity(plan.scratch, 1024)}B",
        f"threads  {plan.threads}, {_count(plan.tasks, 'task')}{_serial(plan)}",
    ]
    return "\n".join(lines)


def _axis_line(plan: Plan, a: int) -> str:
    """Return the geometry of one spatial axis."""
    r, phases = plan.request, axes_of(plan.request)[a + 1].phases
    few, many = (r.o[a], r.i[a]) if r.forward else (r.i[a], r.o[a])
    total = max(0, (few - 1) * r.s[a] + (r.k[a] - 1) * r.d[a] + 1 if few and r.k[a] else 0)
    behind = max(0, total - r.p[a] - many)
    taps = ", ".join(str(f.taps) for f in phases[:8]) + (", ..." if len(phases) > 8 else "")
    return (
        f"{('depth', 'height', 'width')[a]:<8} {r.i[a]} -> {r.o[a]}: kernel {r.k[a]},"
        f" stride {r.s[a]}, dilation {r.d[a]}, {'padded' if r.forward else 'cropped'} {r.p[a]}"
        f" in front and {behind} behind;"
        f" {_count(len(phases), 'phase')} of {taps or 'no'} taps"
    )


def _tiles(plan: Plan) -> str:
    """Return what is in the lanes, and the shapes of the register tiles."""
    tiles = [tile for _, _, _, tile in plan.tiles()]
    if not tiles:
        return "nothing to compute"
    what = "channels" if plan.tiling.kernel == "channels" else "positions"
    lanes = f"{what} in lanes ({plan.machine.isa}, {plan.lanes} per vector)"
    if plan.folding:
        shapes = [f"{t.channels}x{t.vectors}" for t in tiles if isinstance(t, WideTile)]
        return f"{lanes}, folded: tiles of {_list(shapes)} (taps x vectors of inputs)"
    if plan.tiling.wide:
        shapes = [f"{t.outer}x{t.channels}x{t.vectors}" for t in tiles if isinstance(t, WideTile)]
        return f"{lanes}: tiles of {_list(shapes)} (rows x channels x vectors){_neighbours(plan)}"
    shapes = [f"{t.rows}x{t.vectors}" for t in tiles if isinstance(t, Tile)]
    used = plan.work.co / plan.width
    return (
        f"{lanes}: tiles of {_list(shapes)} (positions x vectors), {used:.0%} of the lanes in use"
        f"{_neighbours(plan)}"
    )


def _neighbours(plan: Plan) -> str:
    """Return how many outputs along the width are taken as channels of one."""
    count = plan.work.co // max(1, plan.request.co)
    return f"; {count} outputs of an input together" if count > 1 else ""


def _list(shapes: list[str]) -> str:
    return ", ".join(dict.fromkeys(reversed(shapes)))


def _block_line(plan: Plan) -> str:
    """Return how the output is cut."""
    n, d, h, w = plan.blocking.block
    if plan.folding:
        of = _count(plan.folding.group, "channel")
        return f"{n} x {d}x{h}x{w} outputs, {of} a task; sums of {plan.folding.window} planes"
    return (
        f"{n} x {d}x{h}x{w} positions, {_count(plan.blocking.group, 'channel block')} a task;"
        f" phases of the width {'tile by tile' if plan.together else 'one after the other'}"
    )


def _filters(plan: Plan) -> str:
    if plan.fresh:
        return f"filters packed by the task that uses them, {_quantity(plan.phase_bytes, 1024)}B"
    return f"packed filters {_quantity(plan.panels, 1024)}B"


def _serial(plan: Plan) -> str:
    return " (one thread: too little work to share)" if is_small(plan.work, plan.axes) else ""


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _quantity(n: float, base: int) -> str:
    """Return n with a prefix: k, M, G, T (thousands) or Ki, Mi, Gi, Ti."""
    prefixes = ("", "k", "M", "G", "T") if base == 1000 else ("", "Ki", "Mi", "Gi", "Ti")
    power = 0
    while n >= base and power < 4:
        n, power = n / base, power + 1
    return f"{n:.3g} {prefixes[power]}" if power else f"{n} "
