"""A request in words: what a plan prints before the lines of its way."""

from itertools import islice

from .._call.request import Request
from .._geometry.integers import each
from .._ways.minimal import way as minimal
from .._ways.shared.layer import Layer, axes_of
from .._ways.shared.scheme import Candidate
from .._ways.shared.wording import counted

__all__ = ["axis_line", "groups_lines", "head_line", "minimal_line"]

NAMES = "depth", "height", "width"


def head_line(r: Request) -> str:
    """Return function, type, format and extents."""
    space, to = "x".join(map(str, r.i)), "x".join(map(str, r.o))
    return (
        f"{r.function} {r.dtype} {r.data_format}: batch {r.n}, {space} x {r.ci} channels"
        f" -> {to} x {r.co}"
    )


def axis_line(r: Request, a: int) -> str:
    """Return the geometry of one spatial axis."""
    axis = axes_of(r)[a + 1]
    few, many = (r.o[a], r.i[a]) if r.forward else (r.i[a], r.o[a])
    total = max(0, (few - 1) * r.s[a] + (r.k[a] - 1) * r.d[a] + 1 if few and r.k[a] else 0)
    behind = max(0, total - r.p[a] - many)
    taps = ", ".join(str(f.taps) for f in islice(each(axis.phases, axis.s), 8))
    more = ", ..." if axis.n_phases > 8 else ""
    return (
        f"{NAMES[a]:<8} {r.i[a]} -> {r.o[a]}: kernel {r.k[a]},"
        f" stride {r.s[a]}, dilation {r.d[a]}, {'padded' if r.forward else 'cropped'} {r.p[a]}"
        f" in front and {behind} behind;"
        f" {counted(axis.n_phases, 'phase')} of {taps or 'no'}{more} taps"
    )


def groups_lines(r: Request, at_once: int) -> list[str]:
    """Return how groups of channels are computed, if there are several."""
    if r.groups == 1:
        return []
    of = f"groups   {r.groups} of {r.ci // r.groups} -> {r.co // r.groups} channels"
    if at_once == 0:
        return [f"{of}, all at once"]
    zeros = ", zeros between them" if at_once > 1 else ""
    return [f"{of}: {at_once} at once{zeros}, in {counted(r.groups // at_once, 'piece')}"]


def minimal_line(layer: Layer, choice: Candidate, why: str) -> str:
    """Return what minimal filtering would save or does, and why it was or was not taken."""
    times = minimal.saved(layer)
    saved = f"{times:.2f} times fewer products, " if times else ""
    if choice.order == minimal.order:
        return f"minimal  {saved}taken: {why}"
    refusal = minimal.refusal(layer)
    if not refusal:
        ratio = minimal.predicted_cycles(layer) / max(choice.cycles, 1.0)
        refusal = f"it is predicted to take {ratio:.2f} times as long"
    return f"minimal  {saved}not taken: {refusal}"
